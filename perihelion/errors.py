"""The error of an API that refused a request, or could not be reached."""

from typing import Any

__all__ = ["ApiError"]


class ApiError(Exception):
    """What the control plane says was wrong. `status` is 0 where it was not reached."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.title = str(problem.get("title", "") or f"the control plane answered {status}")
        self.detail = str(problem.get("detail", ""))
        self.parameter = str(problem.get("parameter", ""))
        """Which parameter, or the path to the value."""
        self.accepted = str(problem.get("accepted", ""))
        super().__init__(": ".join(part for part in (self.title, self.detail) if part))
