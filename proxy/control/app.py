"""The ASGI application of the control plane."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Litestar, Router
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig

import proxy
from proxy.control.api.account import ACCOUNT_ROUTES
from proxy.control.api.alerts import ALERT_ROUTES
from proxy.control.api.annotations import ANNOTATION_ROUTES
from proxy.control.api.bodies import BODY_ROUTES
from proxy.control.api.budgets import BUDGET_ROUTES
from proxy.control.api.calls import list_calls, show_call
from proxy.control.api.channels import CHANNEL_ROUTES
from proxy.control.api.code import CODE_ROUTES
from proxy.control.api.costs import COST_ROUTES
from proxy.control.api.dashboard import DASHBOARD_ROUTES
from proxy.control.api.deliveries import DELIVERY_ROUTES
from proxy.control.api.documents import DOCUMENT_ROUTES
from proxy.control.api.export import EXPORT_ROUTES
from proxy.control.api.exports import EXPORTS_ROUTES
from proxy.control.api.groups import GROUP_ROUTES
from proxy.control.api.health import healthz, metrics, readyz
from proxy.control.api.helicone import HELICONE_ROUTES
from proxy.control.api.imports import IMPORT_ROUTES
from proxy.control.api.keys import KEY_ROUTES
from proxy.control.api.links import LINK_ROUTES
from proxy.control.api.log_calls import LOG_ROUTES
from proxy.control.api.mcp import MCP_ROUTES, McpEndpoint
from proxy.control.api.metrics import METRICS_ROUTES
from proxy.control.api.oidc import OIDC_ROUTES
from proxy.control.api.openapi import SchemaJson, SchemaPage
from proxy.control.api.page import login_page
from proxy.control.api.people import PEOPLE_ROUTES
from proxy.control.api.playground import PLAYGROUND_ROUTES
from proxy.control.api.price_table import PRICE_TABLE_ROUTES
from proxy.control.api.prices import PRICE_ROUTES
from proxy.control.api.problems import HANDLERS
from proxy.control.api.prompts import PROMPT_ROUTES
from proxy.control.api.reprice import REPRICE_ROUTES
from proxy.control.api.requests import REQUEST_ROUTES
from proxy.control.api.rollup import ROLLUP_ROUTES
from proxy.control.api.session_outline import OUTLINE_ROUTES
from proxy.control.api.session_tools import SESSION_TOOL_ROUTES
from proxy.control.api.sessions import SESSION_ROUTES
from proxy.control.api.silences import SILENCE_ROUTES
from proxy.control.api.snapshot import snapshot
from proxy.control.api.sql import SQL_ROUTES
from proxy.control.api.status import STATUS_ROUTES
from proxy.control.api.suggest import SUGGEST_ROUTES
from proxy.control.api.tail import TAIL_ROUTES
from proxy.control.api.traces import TRACE_ROUTES
from proxy.control.api.webhooks import WEBHOOK_ROUTES
from proxy.control.auth import NOBODY, guard, needs
from proxy.control.client_address import parse_networks
from proxy.control.intake import Intake
from proxy.control.plane import ControlPlane
from proxy.control.server import refusals_reported
from proxy.core import log
from proxy.core.process import die_with_parent, take_parent
from proxy.core.settings import Settings, load

__all__ = ["ROUTES", "create", "create_worker"]

ROUTES: Final[list[Any]] = [
    *(healthz, readyz, metrics, login_page, list_calls, show_call, snapshot),
    *REQUEST_ROUTES,
    *TAIL_ROUTES,
    *EXPORT_ROUTES,
    *EXPORTS_ROUTES,
    *BODY_ROUTES,
    *CODE_ROUTES,
    *OIDC_ROUTES,
    *PEOPLE_ROUTES,
    *ACCOUNT_ROUTES,
    *LINK_ROUTES,
    *STATUS_ROUTES,
    *KEY_ROUTES,
    *PROMPT_ROUTES,
    *PLAYGROUND_ROUTES,
    *PRICE_ROUTES,
    *PRICE_TABLE_ROUTES,
    *DOCUMENT_ROUTES,
    *ALERT_ROUTES,
    *SILENCE_ROUTES,
    *BUDGET_ROUTES,
    *CHANNEL_ROUTES,
    *DELIVERY_ROUTES,
    *WEBHOOK_ROUTES,
    *COST_ROUTES,
    *REPRICE_ROUTES,
    *ANNOTATION_ROUTES,
    *GROUP_ROUTES,
    *SESSION_ROUTES,
    *OUTLINE_ROUTES,
    *SESSION_TOOL_ROUTES,
    *SUGGEST_ROUTES,
    *HELICONE_ROUTES,
    *IMPORT_ROUTES,
    *LOG_ROUTES,
    *METRICS_ROUTES,
    *ROLLUP_ROUTES,
    *SQL_ROUTES,
    *TRACE_ROUTES,
    *MCP_ROUTES,
    *DASHBOARD_ROUTES,
]


def create(settings: Settings) -> Litestar:
    """The application; it opens the store and ships from its start to its shutdown."""
    plane = ControlPlane(settings)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.plane = plane
        app.state.mcp = McpEndpoint()
        plane.start()
        try:
            with plane.stopping.listening():
                yield
        finally:
            await app.state.mcp.close()
            await asyncio.to_thread(plane.close)

    # One router for all: registered one by one, handlers that share a path would be wrapped for their thread twice.
    return Litestar(
        [Router("/", route_handlers=ROUTES)],
        lifespan=[lifespan],
        guards=[guard],
        middleware=[DefineMiddleware(Intake, trusted=parse_networks(settings.get_str("control.trusted_proxies")))],
        request_max_body_size=4 << 20,
        exception_handlers=HANDLERS,
        openapi_config=OpenAPIConfig(
            title="Perihelion control plane",
            version=proxy.__version__,
            path="/api/schema",
            openapi_router=Router("/api/schema", route_handlers=[], opt=needs(NOBODY)),
            render_plugins=[SchemaPage(path="/"), SchemaJson(path="/openapi.json")],
        ),
        logging_config=None,
    )


def create_worker() -> Litestar:
    """For the server's worker process: settings come in its environment, and it goes when its parent does."""
    die_with_parent(signal.SIGKILL, parent=take_parent())
    settings = load()
    log.configure(settings, "control")
    with refusals_reported():
        return create(settings)
