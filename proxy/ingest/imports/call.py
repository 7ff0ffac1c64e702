"""A call and a score as another product exported them, on the terms of this log."""

from typing import Final
from uuid import UUID, uuid5

import msgspec

from proxy.core.clock import parse_uuid
from proxy.core.usage import Usage

__all__ = ["ImportedCall", "ImportedScore", "call_id"]

_NAMESPACE: Final = UUID("6f2f7a2e-54c5-5f0d-9f0e-2f1c6d0a7b11")
"""Of the ids made here (RFC 9562, version 5). Changing it would import every call a second time."""


class ImportedScore(msgspec.Struct, frozen=True, kw_only=True):
    """A score or a rating. It names its call, else its trace, else its session."""

    source: str
    call: str = ""
    """The call's id in the source."""
    trace: str = ""
    session: str = ""
    name: str
    value: float | bool | str
    comment: str = ""
    at_us: int | None = None
    rating: bool = False
    """Whether it is the feedback of a person: `value` is then true or false."""


class ImportedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call. Offsets (`*_us` except `started_us`) count from `started_us`; -1 is "not known"."""

    source: str
    """Name of the format it was read from."""
    id: str
    """Id in the source."""
    started_us: int
    latency_us: int = -1
    first_token_us: int = -1

    step: str = ""
    """What it is where it is no call of a model: `tool`, `span`, `agent`, …"""
    provider: str = ""
    """As the source calls it."""
    url: str = ""
    """Where the call went, whole or only the origin."""
    dialect: str = ""
    """Dialect of the bodies where it is not the provider's own, because the source rewrote them."""
    operation: str = ""
    model: str = ""
    model_override: str = ""

    status: int = 200
    error: str = ""
    error_message: str = ""
    cut: str = ""
    streamed: bool = False
    cached: bool = False

    user_id: str = ""
    session_id: str = ""
    session_path: str = ""
    session_name: str = ""
    request_name: str = ""
    properties: dict[str, str] = {}
    """By name as the source spells it."""
    prompt_id: str = ""
    prompt_version: str = ""
    trace_id: str = ""
    parent_id: str = ""
    """Id in the source of the call or step that this one is part of."""
    client_ip: str = ""

    request: bytes = b""
    response: bytes = b""
    usage: Usage | None = None
    """The source's own counts; what the response itself says goes before them."""
    cost_usd: float | None = None
    """The source's own figure."""
    scores: tuple[ImportedScore, ...] = ()


def call_id(source: str, id: str) -> str:
    """The id that a call of this source has in the log: its own where that is a UUID, else one that is made of it."""
    return parse_uuid(id) or str(uuid5(_NAMESPACE, f"{source}:{id}"))
