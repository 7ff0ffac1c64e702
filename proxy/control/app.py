"""The ASGI application of the control plane."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

import proxy
from proxy.control.api.calls import list_calls, show_call
from proxy.control.api.health import healthz, metrics, readyz
from proxy.control.api.problems import HANDLERS
from proxy.control.plane import Plane
from proxy.core.process import die_with_parent
from proxy.core.settings import Settings, load

__all__ = ["ROUTES", "create", "create_worker"]

ROUTES: Final[list[Any]] = [healthz, readyz, metrics, list_calls, show_call]


def create(settings: Settings) -> Litestar:
    """The application; it opens the store and ships from its start to its shutdown."""
    plane = Plane(settings)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.plane = plane
        plane.start()
        try:
            yield
        finally:
            await asyncio.to_thread(plane.close)

    return Litestar(
        ROUTES,
        lifespan=[lifespan],
        exception_handlers=HANDLERS,
        openapi_config=OpenAPIConfig(
            title="Perihelion control plane",
            version=proxy.__version__,
            path="/api/schema",
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        ),
        logging_config=None,
    )


def create_worker() -> Litestar:
    """For the server's worker process: settings come in its environment, and it goes when its parent does."""
    die_with_parent(signal.SIGKILL)
    return create(load())
