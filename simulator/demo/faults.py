"""Which of the demo's calls fail, and how."""

import random
from collections.abc import Sequence
from typing import Final

from simulator.demo.call import DemoCall

__all__ = ["add_faults"]

_ANY: Final = (("retried", 6), ("recovered", 3), ("tokens", 3), ("server", 2), ("reset", 1.5), ("key", 0.5))
_CHAT: Final = (("context", 2), ("model", 0.4))
_STREAM: Final = (("broken", 2), ("left", 3), ("event", 1.5))


def add_faults(session: Sequence[DemoCall], chance: random.Random, share: float) -> list[DemoCall]:
    """The session with faults in this share of its calls. A caller whose call fails for good may give up."""
    played = []
    for call in session:
        if chance.random() >= share or call.hit or call.limited:
            played.append(call)
            continue
        call.fault = _choose(call, chance)
        played.append(call)
        if call.fault not in ("retried", "recovered", "fallback", "left") and chance.random() < 0.4:
            break
    return played


def _choose(call: DemoCall, chance: random.Random) -> str:
    kinds = [*_ANY]
    if call.model.operation in ("chat", "messages"):
        kinds += _CHAT
    if call.body.get("stream"):
        kinds += _STREAM
    if "response_format" in call.body:
        kinds.append(("schema", 4))
    if call.model.provider == "anthropic":
        kinds = [one for one in kinds if one[0] not in ("model", "context")] + [("overloaded", 4), ("fallback", 3)]
    names, weights = zip(*kinds, strict=True)
    return str(chance.choices(names, weights)[0])
