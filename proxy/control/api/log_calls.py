"""`/v1/log` and the other paths of Helicone's loggers: calls that did not pass through the gateway."""

import asyncio
from typing import Annotated, Any, Final

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body

from proxy.control.auth import LOGS, caller_of, needs
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.ingest.logger import LOG_PATHS, MAX_LOG_BYTES, read_log
from proxy.ingest.reporter import Reporter

__all__ = ["LOG_ROUTES", "reporter_of"]


def _operation_id(_: HTTPRouteHandler, __: str, path: list[Any]) -> str:
    """Each path is an operation of its own: `logCallOaiV1`, …"""
    return "logCall" + "".join(str(part).title() for part in path[:-1])


@post(
    list(LOG_PATHS),
    status_code=200,
    media_type="text/plain",
    opt=needs(LOGS),
    request_max_body_size=MAX_LOG_BYTES,
    summary="Log a call that was made without the proxy, as Helicone's loggers do",
    operation_id=_operation_id,
)
async def log_call(
    request: Request[Any, Any, Any],
    body: Annotated[bytes, Body(description="What a logger sends: see docs/loggers.md.")],
) -> Response[str]:
    """`ok` once the record is in the spool; the header `Helicone-Id` has its id."""
    # In a thread by hand: a handler of several paths would be wrapped for its thread once for each.
    return Response("ok", headers={"Helicone-Id": await asyncio.to_thread(_log, request, body)})


def _log(request: Request[Any, Any, Any], body: bytes) -> str:
    plane: ControlPlane = request.app.state.plane
    record = read_log(
        body,
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]],
        reporter_of(request, plane),
        plane.catalog,
        provider=LOG_PATHS[request.url.path],
        now_us=now_us(),
        max_body=plane.settings.get_int("log.max_body"),
    )
    plane.spool.write([record])
    return record.id


def reporter_of(request: Request[Any, Any, Any], plane: ControlPlane) -> Reporter:
    """Who reports."""
    caller = caller_of(request)
    return Reporter(
        org=caller.org,
        key=caller.key,
        client_ip=request.client.host if request.client is not None else "",
        user_agent=request.headers.get("user-agent", ""),
        worker=plane.spool.worker,
    )


LOG_ROUTES: Final[list[Any]] = [log_call]
