"""What a worker needs to send calls to providers."""

import msgspec

from proxy.gateway.breaker import Breakers
from proxy.gateway.hedge import Hedge
from proxy.gateway.meter import Meter
from proxy.gateway.targets import Targets
from proxy.gateway.watchdog import Watchdog
from proxy.upstream.base import Upstream

__all__ = ["Dispatcher"]


class Dispatcher(msgspec.Struct, frozen=True):
    """The parts that `phases.send` uses."""

    upstream: Upstream
    targets: Targets
    breakers: Breakers
    hedge: Hedge
    watchdog: Watchdog
    meter: Meter
