"""Helicone's API under `/v1`, as views of the same queries: for scripts that were written for it.

`fields` is the one table of names; `filters` and `record` translate questions and answers; one module a resource.
"""

from typing import Any, Final

from litestar import Router

from proxy.control.api.helicone.envelope import ENVELOPE_HANDLERS
from proxy.control.api.helicone.metrics import METRICS_ROUTES
from proxy.control.api.helicone.properties import PROPERTY_ROUTES
from proxy.control.api.helicone.requests import REQUEST_ROUTES
from proxy.control.api.helicone.sessions import SESSION_ROUTES
from proxy.control.api.helicone.users import USER_ROUTES

__all__ = ["HELICONE_ROUTES"]

HELICONE_ROUTES: Final[list[Any]] = [
    Router(
        "/v1",
        route_handlers=[*REQUEST_ROUTES, *SESSION_ROUTES, *USER_ROUTES, *PROPERTY_ROUTES, *METRICS_ROUTES],
        exception_handlers=ENVELOPE_HANDLERS,
        tags=["Helicone"],
    )
]
