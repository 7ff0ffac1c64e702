"""The tools for agents. Each asks the API with the rights of the caller's key; none changes anything."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

import proxy
from perihelion.client import ApiError, AsyncClient

__all__ = ["INSTRUCTIONS", "make_server"]

INSTRUCTIONS: Final = """\
Perihelion keeps a log of calls to language models: requests, responses, cost, latency, errors, sessions, scores.
Begin with `describe` for the columns, measures and the filter grammar. Filters are one line of text, such as
`status>=400 user:ada property.feature:search cost>0.01 "refund policy"`. Times are ages (`24h`, `7d`) or ISO 8601.
Costs are US dollars where a field says `cost`, nano-dollars where it says `nanousd`; durations are milliseconds.
"""
_MAX_ROWS: Final = 100
_MAX_BODY: Final = 20_000
_LIST_COLUMNS: Final = (
    "id", "start", "provider", "model", "status", "error", "error_message", "latency_ms", "ttft_ms", "input_tokens",
    "output_tokens", "cost", "user_id", "session_id", "request_name", "properties", "request_preview",
    "response_preview",
)  # fmt: skip
_GROUPS = Literal["sessions", "users", "models", "providers", "prompt-versions", "properties", "errors", "tools"]
_READ_ONLY: Final = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True)

FilterText = Annotated[str, Field(description="Filter in text form; empty: all calls")]
Since = Annotated[str, Field(description="An age such as 24h or 7d, or an ISO 8601 time")]
Until = Annotated[str, Field(description="As since; empty: now")]
Limit = Annotated[int, Field(ge=1, le=_MAX_ROWS, description="Most rows")]


def make_server(client_of: Callable[[Context[Any, Any]], AsyncClient]) -> MCPServer[Any]:
    """A server with all tools. `client_of` gives the client of one call, which is closed after it."""
    server: MCPServer[Any] = MCPServer("perihelion", version=proxy.__version__, instructions=INSTRUCTIONS)

    async def ask(context: Context[Any, Any], question: Callable[[AsyncClient], Any]) -> Any:
        try:
            async with client_of(context) as client:
                return await question(client)
        except ApiError as error:
            raise ToolError(str(error)) from error

    @server.tool(annotations=_READ_ONLY)
    async def describe(context: Context[Any, Any]) -> dict[str, Any]:
        """What can be asked: the filter grammar, the columns of a call, the measures and dimensions of metrics, and the
        views of SQL."""

        async def question(client: AsyncClient) -> dict[str, Any]:
            return {
                "filters": INSTRUCTIONS,
                "metrics": await client.call("GET", "/api/metrics/schema"),
                "sql": await client.call("GET", "/api/sql/schema"),
            }

        found: dict[str, Any] = await ask(context, question)
        return found

    @server.tool(annotations=_READ_ONLY)
    async def search_requests(
        context: Context[Any, Any],
        filter: FilterText = "",
        since: Since = "24h",
        until: Until = "",
        sort: Annotated[str, Field(description="A column; with - before it the highest first")] = "-start",
        limit: Limit = 20,
    ) -> dict[str, Any]:
        """Calls that match, with what matters of each; and how many there are in all."""
        asked = {
            "filter": filter or None,
            "since": since,
            "until": until,
            "sort": [{"column": sort.lstrip("-+"), "direction": "desc" if sort.startswith("-") else "asc"}],
            "columns": list(_LIST_COLUMNS),
            "limit": limit,
            "total": True,
        }
        page = await ask(context, lambda client: client.call("POST", "/api/requests/query", body=asked))
        return {"total": page["total"], "requests": page["data"]}

    @server.tool(annotations=_READ_ONLY)
    async def get_request(
        context: Context[Any, Any],
        id: Annotated[str, Field(description="The id of a call: its Helicone-Id")],
        bodies: Annotated[bool, Field(description="With the start of the request's and response's bodies")] = True,
    ) -> dict[str, Any]:
        """Everything of one call: attempts, cost lines, cache and limit decisions, errors, and its bodies."""

        async def question(client: AsyncClient) -> dict[str, Any]:
            call = await client.request(id)
            call.pop("bodies", None)
            if bodies:
                for part in ("request", "response_text", "tool_calls"):
                    call[part] = await _beginning(client, id, part)
            return call

        found: dict[str, Any] = await ask(context, question)
        return found

    @server.tool(annotations=_READ_ONLY)
    async def get_session(
        context: Context[Any, Any],
        id: Annotated[str, Field(description="Session id")],
        path: Annotated[str, Field(description="A branch, such as /plan; empty: the whole session")] = "",
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """A session: its figures, the tree of its branches with calls, cost and time of each, and its first calls."""

        async def question(client: AsyncClient) -> dict[str, Any]:
            calls: list[Any] = []
            async for call in client.session_calls(id, path):
                calls.append(call)
                if len(calls) == limit:
                    break
            return {"session": await client.session(id), "tree": await client.session_tree(id, path), "calls": calls}

        found: dict[str, Any] = await ask(context, question)
        return found

    @server.tool(annotations=_READ_ONLY)
    async def list_groups(
        context: Context[Any, Any],
        kind: Annotated[_GROUPS, Field(description="What calls are grouped by")],
        filter: FilterText = "",
        since: Since = "7d",
        until: Until = "",
        limit: Limit = 20,
    ) -> dict[str, Any]:
        """Users, sessions, models, errors and the like, with calls, cost, errors and first and last time of each."""
        asked = {"filter": filter or None, "since": since, "until": until, "limit": limit}
        page = await ask(context, lambda client: client.call("POST", f"/api/{kind}/query", body=asked))
        return {kind: page["data"]}

    @server.tool(annotations=_READ_ONLY)
    async def query_metrics(
        context: Context[Any, Any],
        measures: Annotated[list[str], Field(description="Such as calls, cost, error_rate, p95_latency; see describe")],
        dimensions: Annotated[list[str], Field(description="Such as model, user, property.feature")] = [],  # noqa: B006
        filter: FilterText = "",
        since: Since = "7d",
        until: Until = "",
        bucket: Annotated[str, Field(description="auto, 1h, 1d, …; empty: totals only")] = "",
        compare: Annotated[str, Field(description="previous, or how much earlier: 7d; empty: no comparison")] = "",
        limit: Limit = 20,
    ) -> dict[str, Any]:
        """Figures of calls by group and time bucket, with a comparison where asked for."""
        asked = {
            "dimensions": dimensions,
            "filter": filter or None,
            "since": since,
            "until": until,
            "bucket": bucket or None,
            "compare": compare or None,
            "limit": limit,
        }
        answer: dict[str, Any] = await ask(context, lambda client: client.metrics(measures, **asked))
        return answer

    @server.tool(annotations=_READ_ONLY)
    async def run_sql(
        context: Context[Any, Any],
        sql: Annotated[str, Field(description="One SELECT over the views that describe lists (ClickHouse dialect)")],
    ) -> dict[str, Any]:
        """Rows of a read-only query over this organisation's log."""
        answer: dict[str, Any] = await ask(context, lambda client: client.sql(sql))
        return answer

    return server


async def _beginning(client: AsyncClient, id: str, part: str) -> Any:
    """The start of a body: decoded where it is short JSON, else text that says where it was cut; None without one."""
    content = b""
    try:
        async for piece in client.body(id, part):
            content += piece
            if len(content) > _MAX_BODY:
                return content[:_MAX_BODY].decode("utf-8", "replace") + f" … (cut after {_MAX_BODY} bytes)"
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
