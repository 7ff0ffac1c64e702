"""What a guard is: it looks at the text of a call and gives a verdict."""

from typing import Literal, Protocol

import msgspec

from proxy.core.settings import Settings
from proxy.gateway.directory import Directory
from proxy.gateway.guards.endpoint import Endpoint
from proxy.gateway.request import Request
from proxy.providers.index import Catalog

__all__ = ["CheckedCall", "Guard", "Verdict"]


class CheckedCall(msgspec.Struct, frozen=True):
    """A call as guards see it: the request, and the texts of users and tools in every body that may leave."""

    request: Request
    texts: list[str]


class Verdict(msgspec.Struct, frozen=True):
    """What one guard found."""

    guard: str
    outcome: Literal["passed", "flagged", "no_text", "error"]
    """`no_text`: there was nothing to check. `error`: the check itself failed."""
    labels: tuple[str, ...] = ()
    """What it was flagged for."""
    source: str = ""
    """Who checked it: a host, or `rules` for those that are built in."""
    error: str = ""
    lasting: bool = False
    """The same call would fail again."""
    took_s: float = 0.0


class Guard(Protocol):
    """One kind of check. It never raises but for its own cancellation."""

    name: str
    """As the header's row says."""
    header: str
    code: str
    """Of the error for a flagged call."""
    complaint: str
    """Its message, before the labels."""

    def __init__(self, settings: Settings, catalog: Catalog, endpoint: Endpoint, directory: Directory) -> None: ...

    async def check(self, call: CheckedCall) -> Verdict:
        """Return the verdict over all texts of the call."""
