"""`/api/status`: what a page has to know of the installation: the gateway, the log, and how long calls are kept."""

import time
from typing import Any

import msgspec
from litestar import Request, get

import proxy
from proxy.control.auth import needs
from proxy.control.plane import ControlPlane

__all__ = ["STATUS_ROUTES"]


class GatewayStatus(msgspec.Struct):
    """`problem` says why it does not answer the control plane; empty: it does."""

    url: str
    keys_required: bool
    """Whether callers need a key (`auth.mode = required`)."""
    policy: str
    """`limits.policy`: limits of every organisation's calls."""
    cache_entry_bytes: int
    problem: str = ""


class LogStatus(msgspec.Struct):
    """`behind_s`: for how long calls have been waiting that are not in the log yet."""

    ready: bool
    problem: str
    lag_bytes: int
    behind_s: float
    ttl_days: int
    """Calls are deleted after so many days; 0: never."""
    body_ttl_days: int


class InstallationStatus(msgspec.Struct):
    version: str
    gateway: GatewayStatus
    log: LogStatus
    providers: list[str]
    """Those of the catalog, by name: what a credential can be stored for."""
    prices_folder: bool
    """Whether the installation has price files of its own."""


@get("/api/status", sync_to_thread=True, opt=needs("viewer"), summary="State of the installation",
     operation_id="getStatus")  # fmt: skip
def status(request: Request[Any, Any, Any]) -> InstallationStatus:
    """Asks the gateway at `gateway.url`, at most every five seconds."""
    plane: ControlPlane = request.app.state.plane
    settings = plane.settings
    gateway = GatewayStatus(
        plane.gateway_url,
        settings.get_str("auth.mode") == "required",
        settings.get_str("limits.policy"),
        settings.get_int("cache.max_entry"),
        plane.gateway_probe.problem(),
    )
    log = LogStatus(
        plane.log.ready,
        "" if plane.log.ready else plane.log.problem,
        0,
        0.0,
        settings.get_int("log.ttl_days"),
        settings.get_int("log.body_ttl_days"),
    )
    figures = plane.log.figures()
    log.lag_bytes = figures.lag_bytes
    log.behind_s = round(time.time() - figures.behind_since, 1) if figures.behind_since else 0.0
    log.problem = log.problem or figures.last_error
    return InstallationStatus(
        proxy.__version__, gateway, log, sorted(plane.providers), bool(settings.get_str("prices.folder"))
    )


STATUS_ROUTES: list[Any] = [status]
