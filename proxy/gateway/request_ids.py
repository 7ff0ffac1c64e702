"""The ids that callers gave their calls: each may be used once in an organisation."""

from collections import OrderedDict
from typing import Final

from proxy.core.clock import parse_uuid
from proxy.core.errors import Conflict

__all__ = ["RequestIds"]

_MAX_IDS: Final = 65_536


class RequestIds:
    """The last ids that one worker has seen."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def claim(self, header: str, own: str, org: str) -> str:
        """Return the id of the call: the caller's where `header` is one, else `own`. Raises `Conflict` for one that an
        earlier call of the organisation used."""
        id = parse_uuid(header) if header else None
        if id is None:
            return own
        if (org, id) in self._seen:
            raise Conflict(f"Helicone-Request-Id {id} was used by an earlier call.", param="Helicone-Request-Id")
        self._seen[org, id] = None
        if len(self._seen) > _MAX_IDS:
            self._seen.popitem(last=False)
        return id
