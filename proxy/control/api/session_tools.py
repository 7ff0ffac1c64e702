"""`/api/sessions/tool-results`: which call of a session carried the result of a tool that a call asked for."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from proxy.control.api.one_call import call_named
from proxy.control.api.sessions import Id, reader_of
from proxy.control.auth import needs
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.logstore.call_reader import read_body

__all__ = ["SESSION_TOOL_ROUTES"]

_CALLS_AFTER: Final = 200
"""Calls of the session after the one with the tools that are looked at."""
_MAX_BYTES: Final = 1 << 20


class ToolResult(msgspec.Struct):
    """One tool that the call asked for."""

    tool: str
    tool_call_id: str
    """As the provider named it; empty where it did not."""
    carried_by: str | None
    """The call whose request has the result; null where none of the next 200 calls of the session does."""
    run: str | None
    """The logged step that was the tool's run."""


class ToolResults(msgspec.Struct):
    data: list[ToolResult]


class _Asked(msgspec.Struct):
    name: str = ""
    id: str = ""


_ASKED: Final = msgspec.json.Decoder(list[_Asked])


@get("/api/sessions/tool-results", opt=needs("viewer"), summary="Where the results of a call's tools went",
     operation_id="listToolResults")  # fmt: skip
async def list_tool_results(
    request: Request[Any, Any, Any],
    id: Id = "",
    call: Annotated[str, QueryParameter(description="Id of the call whose response asked for tools.")] = "",
) -> ToolResults:
    """Each tool that the call asked for, in its order, with the call that carried its result."""

    def read() -> ToolResults:
        plane: ControlPlane = request.app.state.plane
        reader, row = reader_of(request, id), call_named(request, call)
        asked = _asked(read_body(plane.log.store, row, "tool_calls", 0, _MAX_BYTES), row["tool_names"])
        after = reader.after(row, _CALLS_AFTER)
        carriers: dict[str, str] = {}
        for found in reader.carrying([each.id for each in asked if each.id], after):
            for text in found["found"]:
                carriers.setdefault(text, found["id"])
        runs = {name: each["id"] for each in reversed(after) if each["step"] for name in each["tool_names"]}
        return ToolResults(
            [ToolResult(each.name, each.id, carriers.get(each.id), runs.get(each.name)) for each in asked]
        )

    return await run_query(request, read)


def _asked(body: bytes, names: list[str]) -> list[_Asked]:
    """The tool calls of a response; where its body is not kept, what is known of it."""
    try:
        found = _ASKED.decode(body)
    except msgspec.MsgspecError:
        found = []
    return found or [_Asked(name=name) for name in names]


SESSION_TOOL_ROUTES: list[Any] = [list_tool_results]
