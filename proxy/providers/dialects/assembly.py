"""Assembles an answer from its deltas: text, reasoning, tool calls."""

from typing import Any

import msgspec

from proxy.providers.dialects.base import ExchangeReading
from proxy.providers.dialects.decode import clean, json_text

__all__ = ["AnswerBuilder", "ToolCalls"]


class ToolCalls:
    """Tool calls, assembled by their index (or another key), in the order they began."""

    def __init__(self) -> None:
        self._calls: dict[object, dict[str, Any]] = {}
        self._current: dict[object, object] = {}
        """Index to the key of the call that its next chunk belongs to, where the two differ."""

    def add(self, key: object, id: object = "", name: object = "", arguments: object = "") -> None:
        """Add one chunk: an id and a name replace earlier ones, arguments are appended."""
        slot = self._current.get(key, key)
        known = self._calls.get(slot)
        if known is not None and id and name and known["id"] and id != known["id"]:
            # Some send several calls under one index: another id with a name begins another call.
            slot = self._current[key] = (key, id)
        key = slot
        call = self._calls.setdefault(key, {"id": "", "name": "", "arguments": ""})
        if isinstance(id, str) and id:
            call["id"] = id
        if isinstance(name, str) and name:
            call["name"] = name
        call["arguments"] += json_text(arguments)

    def replace(self, key: object, id: object, name: object, arguments: object) -> None:
        """Replace what was collected by the complete call."""
        self._calls.pop(key, None)
        self.add(key, id, name, arguments)

    def done(self) -> list[dict[str, Any]]:
        for call in self._calls.values():
            call["arguments"] = clean(call["arguments"])
        return list(self._calls.values())

    def __len__(self) -> int:
        return len(self._calls)


class AnswerBuilder(msgspec.Struct):
    """Collects one answer from the chunks of a stream, in their order."""

    text: list[str] = []
    reasoning: list[str] = []
    calls: ToolCalls = msgspec.field(default_factory=ToolCalls)

    def fill(self, reading: ExchangeReading) -> None:
        """Puts them together into `reading`."""
        reading.text, reading.reasoning_text = clean("".join(self.text)), clean("".join(self.reasoning))
        reading.tool_calls = self.calls.done()
