"""`/mcp`: the tools for agents over streamable HTTP, with an API key of the scope read.

A tool's questions go to this very application with the caller's own Authorization, so they pass the same guard. The
library is loaded with the first request.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final

import httpx
from litestar import asgi
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send

from perihelion.client import AsyncClient
from proxy.control.auth import needs

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

__all__ = ["MCP_ROUTES", "McpEndpoint"]


class McpEndpoint:
    """The session manager of the library, started with the first request, stopped with the application."""

    def __init__(self) -> None:
        self._manager: StreamableHTTPSessionManager | None = None
        self._lock = asyncio.Lock()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._lock:
            if self._manager is None:
                self._manager = await self._start(scope["litestar_app"])
        await self._manager.asgi_app(scope, receive, send)  # type: ignore[arg-type]

    async def close(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _start(self, app: Any) -> "StreamableHTTPSessionManager":
        try:
            from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

            from proxy.mcp.server import make_server
        except ImportError as error:
            detail = f"This installation has no MCP server ({error}): install perihelion[mcp]."
            raise HTTPException(status_code=501, detail=detail) from error

        def client_of(context: Any) -> AsyncClient:
            key = context.headers.get("authorization", "").partition(" ")[2]
            return AsyncClient("http://control", key, transport=httpx.ASGITransport(app))

        server = make_server(client_of)
        # Stateless: what is needed of a caller comes with each request, so that any control plane can answer it.
        manager = StreamableHTTPSessionManager(server._lowlevel_server, json_response=True, stateless=True)
        started = asyncio.Event()
        self._task = asyncio.create_task(self._run(manager, started))
        await started.wait()
        return manager

    async def _run(self, manager: "StreamableHTTPSessionManager", started: asyncio.Event) -> None:
        async with manager.run():
            started.set()
            await self._stop.wait()


@asgi("/mcp", opt=needs("viewer"), is_mount=False)
async def mcp(scope: Scope, receive: Receive, send: Send) -> None:
    """The Model Context Protocol over streamable HTTP."""
    endpoint: McpEndpoint = scope["litestar_app"].state.mcp
    await endpoint.handle(scope, receive, send)


MCP_ROUTES: Final[list[Any]] = [mcp]
