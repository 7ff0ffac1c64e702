"""The addresses of the dashboard's pages, as its router has them, with the ids of what is really there."""

import re
from typing import Any

import httpx

from simulator.demo.saved import BOARD
from simulator.demo.watched import ALERT
from tests.stack import ROOT, Stack

__all__ = ["PATHS", "Addresses"]

PATHS = re.findall(r'^\s*page\(\s*"([^"]+)"', (ROOT / "dashboard/src/router.tsx").read_text("utf-8"), re.MULTILINE)
"""The routes of the router, `$name` for their parameters."""


class Addresses:
    """Fills the parameters of routes. A route that needs something is a row of `_MORE` or a parameter of `_filled`."""

    def __init__(self, stack: Stack) -> None:
        self._client = httpx.Client(
            base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30
        )

    def of(self, path: str) -> str:
        """An address of this route that shows something. Raises `KeyError` where this file has to be told one."""
        if path.endswith("/one") and path not in _MORE:
            raise KeyError(f"{path}: tests/browser/routes.py does not know what it may be asked for")
        filled = re.sub(r"\$(\w+)", lambda found: self._filled(path, found[1]), path)
        more = _MORE.get(path, "")
        if "{session}" in more:
            more = more.format(session=self._newest("property.feature:agents")["session_id"])
        return filled + more

    def _filled(self, path: str, name: str) -> str:
        kind = path.split("/")[1]
        if (kind, name) == ("requests", "id"):
            return str(self._newest("status:200 property.feature:agents")["id"])
        if (kind, name) == ("settings", "tab"):
            return "keys"
        if (kind, name) == ("prompts", "id"):
            return "support-reply"
        if (kind, name) == ("settings", "tab"):
            return "keys"  # test_people.py has all of them
        if (kind, name) == ("alerts", "id"):
            return self._alert()
        if (kind, name) == ("boards", "id"):
            return self._board()
        raise KeyError(f"{path}: tests/browser/routes.py does not know what ${name} may be")

    def _newest(self, filter: str) -> dict[str, Any]:
        asked = {"filter": filter, "since": "30d", "columns": ["id", "session_id"], "limit": 1}
        found: dict[str, Any] = self._client.post("/api/requests/query", json=asked).json()["data"][0]
        return found

    def _alert(self) -> str:
        rules = self._client.get("/api/alerts", params={"limit": 500}).json()["data"]
        return str(next(rule["id"] for rule in rules if rule["rule"]["name"] == ALERT))

    def _board(self) -> str:
        boards = self._client.get("/api/documents", params={"kind": "board"}).json()["data"]
        return str(next(board["id"] for board in boards if board["name"] == BOARD))


_MORE = {
    "/sessions/one": "?id={session}",
    "/users/one": "?id=maya.okafor",
    "/properties/one": "?name=feature",
}
"""What stands behind the path."""
