"""Makes a span of the rows of a call: the caller's `traceparent` names its trace and its parent."""

from collections.abc import Callable
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final

import msgspec

from proxy.control.jobs.row_builder import LogRows
from proxy.control.otel.messages import read_messages
from proxy.control.otel.names import OPERATIONS, Names
from proxy.logstore import RequestRow

__all__ = ["AttributeValue", "CallSpan", "SpanEventOut", "SpanMaker", "is_exported", "server_of"]

AttributeValue = str | bool | int | float | list[str]

_TEXTS: Final = ("response_id", "session_id", "prompt_id", "user_id", "key", "request_name", "session_name",
                 "session_path", "prompt_version", "cut")  # fmt: skip
_COUNTS: Final = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
_MAX_TEXT: Final = 4096


class SpanEventOut(msgspec.Struct, frozen=True, gc=False):
    """An event of a span that is exported."""

    name: str
    at_ns: int
    attributes: list[tuple[str, AttributeValue]]


class CallSpan(msgspec.Struct, frozen=True, gc=False):
    """A span that is exported. Times are nanoseconds since the epoch, ids lower-case hex digits."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    failed: bool
    message: str
    attributes: list[tuple[str, AttributeValue]]
    events: list[SpanEventOut] = []


def is_exported(row: RequestRow) -> bool:
    """Whether a call becomes a span: not one that came as a span itself, or a collector that sends us what we send it
    would go round in a circle; and not an imported one."""
    return not row.source.startswith(("otlp", "import:"))


class SpanMaker:
    """Makes spans with the names of one version of the conventions."""

    def __init__(self, names: Names, *, bodies: bool = False) -> None:
        self._names = names.of
        self._bodies = bodies
        self._property = names.of["property"]
        self._providers = names.providers
        self._texts = _chosen(names, _TEXTS)
        self._counts = _chosen(names, _COUNTS)

    def make(self, rows: LogRows) -> CallSpan:
        """The span of a call."""
        row, names = rows.request, self._names
        operation = OPERATIONS.get(row.operation, row.operation)
        model = row.model_asked or row.model
        failed = row.outcome != "success" or row.status >= 400
        host, port = server_of(row.host)
        attributes: list[tuple[str, AttributeValue]] = [
            (names["operation"], operation),
            (names["provider"], self._providers.get(row.provider, row.provider) or "unknown"),
            (names["id"], row.id),
            (names["org"], row.org),
            (names["status"], row.status),
            (names["cached"], row.cached),
        ]
        add = attributes.append
        if model:
            add((names["model_asked"], model))
        if row.model and not failed:
            add((names["model"], row.model))
        if host:
            add((names["address"], host))
            add((names["port"], port))
        if row.finish_reason:
            add((names["finish_reason"], [row.finish_reason]))
        for name, read in self._texts:
            if text := read(row):
                add((name, text))
        for name, read in self._counts:
            count = read(row)
            if count is not None:
                add((name, count))
        if row.streamed and names["streamed"]:
            add((names["streamed"], True))
        if row.ttft_ms is not None:
            add((names["first_token_s"], row.ttft_ms / 1e3))
        if row.cost_nanousd is not None and row.cost_known:
            add((names["cost"], row.cost_nanousd / 1e9))
        if row.attempt_count > 1:
            add((names["attempt_count"], row.attempt_count))
        if failed:
            add((names["error"], row.error or str(row.status)))
        for name, value in row.properties.items():
            add((self._property + name, value))
        start_ns = row.start * 1000
        end_ns = start_ns + int((row.latency_ms or 0.0) * 1e6)
        events = self._add_bodies(rows, attributes, start_ns, end_ns) if self._bodies else []
        trace_id, span_id = _ids(row)
        return CallSpan(
            trace_id,
            span_id,
            row.parent_span_id if len(row.parent_span_id) == 16 and _HEX.issuperset(row.parent_span_id) else "",
            f"{operation} {model}" if model else operation,
            start_ns,
            end_ns,
            failed,
            row.error_message[:_MAX_TEXT] if failed else "",
            attributes,
            events,
        )

    def _add_bodies(
        self, rows: LogRows, attributes: list[tuple[str, AttributeValue]], start_ns: int, end_ns: int
    ) -> list[SpanEventOut]:
        """Adds the conversation: as attributes, or (1.36) as events, which are returned."""
        if rows.body is None:
            return []
        talk, names = read_messages(rows.body, rows.request.finish_reason), self._names
        if names["input_messages"]:
            for what, value in (
                ("system_instructions", talk.system),
                ("input_messages", talk.asked),
                ("output_messages", talk.answered),
            ):
                if value:
                    attributes.append((names[what], _json(value).decode()))
            return []
        provider = attributes[1]
        events = [
            SpanEventOut(f"gen_ai.{role}.message", start_ns, [provider, (names["content"], _json(content).decode())])
            for role, content in talk.as_events()
        ]
        if talk.answered:
            choice = _json(talk.as_choice()).decode()
            events.append(SpanEventOut("gen_ai.choice", end_ns, [provider, (names["content"], choice)]))
        return events


def server_of(host: str) -> tuple[str, int]:
    """Name and port of what a call was sent to."""
    name, colon, port = host.rpartition(":")
    return (name, int(port)) if colon and port.isascii() and port.isdigit() and len(port) < 6 else (host, 443)


def _ids(row: RequestRow) -> tuple[str, str]:
    """Trace and span: those of the caller's trace, else made of the id of the call, and always the same for it."""
    if len(row.trace_id) == 32 and len(row.span_id) == 16 and _HEX.issuperset(row.trace_id + row.span_id):
        return row.trace_id, row.span_id
    digits = row.id.replace("-", "").lower()
    if len(digits) != 32 or not _HEX.issuperset(digits) or not digits[16:].strip("0"):
        digits = blake2b(row.id.encode(), digest_size=16).hexdigest()
    return digits, digits[16:]


def _chosen(names: Names, things: tuple[str, ...]) -> list[tuple[str, Callable[[RequestRow], Any]]]:
    return [(names.of[thing], attrgetter(thing)) for thing in things if names.of[thing]]


_HEX: Final = frozenset("0123456789abcdef")
_json = msgspec.json.Encoder().encode
