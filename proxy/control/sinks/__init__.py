"""Where finished calls go: into the log, and from there on to the sinks in `SINKS`, in their order.

The shipper reads a batch of the spool once, delivers it to the log, and hands the same rows to a feed for each other
sink (`feed`). One more sink: a module with a class that satisfies `base.Sink`, one line in `SINKS`, its settings.
"""

from collections.abc import Callable
from typing import Final

from proxy.control.sinks.base import Sink
from proxy.control.sinks.jsonl import make_jsonl_sink
from proxy.control.sinks.otlp import make_otlp_sink
from proxy.core.settings import Settings

__all__ = ["SINKS", "make_sinks"]

SINKS: Final[tuple[Callable[[Settings], Sink | None], ...]] = (make_jsonl_sink, make_otlp_sink)
"""What makes each sink after the log; it returns None where the settings do not ask for the sink."""


def make_sinks(settings: Settings) -> list[Sink]:
    """The sinks after the log that the settings ask for."""
    made = (make(settings) for make in SINKS)
    return [sink for sink in made if sink is not None]
