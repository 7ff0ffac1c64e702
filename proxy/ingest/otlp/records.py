"""Makes records of spans: model calls, and the steps of agents. All other spans are left out.

A span becomes a record if it calls a model (`gen_ai.operation.name`, `openinference.span.kind`, …), is a step of an
agent (`tool`, `agent`, `chain`, `retrieval`, …) or asks a vector store. HTTP, database and other spans do not.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from _speedups import Head
from proxy.core.record import Ingested, Record
from proxy.core.usage import Usage
from proxy.ingest.api_format import ApiFormat, find_format, provider_name
from proxy.ingest.fit import fit
from proxy.ingest.otlp import attributes as table
from proxy.ingest.otlp.messages import Conversation, decode_text, read_conversation
from proxy.ingest.otlp.span import Fault, Span
from proxy.ingest.reporter import Reporter
from proxy.providers.index import Catalog

__all__ = ["COVERED_SPANS", "SpanRecords"]

COVERED_SPANS: Final = "otel.covered_spans"
"""Fact of a model call: spans below it that are left out, one of which may be the parent of the proxied call."""

_EARLIEST_US: Final = 1_262_304_000_000_000  # 2010
_AHEAD_US: Final = 600_000_000
_MAX_PROPERTIES: Final = 64
_MAX_TEXT: Final = 1024
_MAX_COVERED: Final = 16
_REQUEST: Final = "gen_ai.request."
_NOT_PARAMETERS: Final = frozenset({"model", "stream"})
_USAGE: Final = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


class SpanRecords:
    """Makes the records of the spans of one export."""

    def __init__(
        self, spans: Sequence[Span], tags: Head, reporter: Reporter, catalog: Catalog, *, now_us: int, max_body: int
    ) -> None:
        """`tags` are the headers of the export: they hold for each span that says nothing else."""
        self._tags = tags
        self._reporter = reporter
        self._catalog = catalog
        self._now_us = now_us
        self._max_body = max_body
        self._spans = {(span.trace_id, span.span_id): span for span in spans}
        self._operations = {key: _operation(span) for key, span in self._spans.items()}
        self._covered: dict[tuple[str, str], list[str]] = {}
        self._trace_sessions: dict[str, str] = {}
        for key, span in self._spans.items():
            if not self._operations[key]:
                self._covered.setdefault((span.trace_id, span.parent_id), []).append(span.span_id)
            session = table.text(span.attributes, "session_id") or table.text(span.resource, "session_id")
            if session:
                self._trace_sessions.setdefault(span.trace_id, session)

    def make(self) -> tuple[list[Record], list[Fault]]:
        """The records, and the spans that are refused."""
        records: list[Record] = []
        faults: list[Fault] = []
        for key, span in self._spans.items():
            operation = self._operations[key]
            if not operation:
                continue
            if not _EARLIEST_US <= span.start_us <= self._now_us + _AHEAD_US:
                faults.append(Fault(f"{span.place}.startTimeUnixNano", "accepted: a time from 2010 to now"))
                continue
            records.append(fit(self._record(span, operation), self._max_body))
        return records, faults

    def _record(self, span: Span, operation: str) -> Record:
        found, tags = span.attributes, self._tags
        step = operation not in _CALLS
        ancestors = self._ancestors(span)
        request, response, format = self._step(span, operation) if step else self._call(span, operation)
        properties, names = self._properties(span)
        error, error_message = _error(span)
        name = (table.text(found, "name") if step else "") or span.name[:_MAX_TEXT]
        first_token_us = _first_token_us(span)
        parent = next((one for one in ancestors if self._operations[one.trace_id, one.span_id]), None)
        record = Record(
            id=_id(span),
            org=self._reporter.org,
            key=self._reporter.key,
            started_us=span.start_us,
            first_token_us=first_token_us,
            ended_us=max(0, span.end_us - span.start_us),
            provider=format.provider,
            dialect=format.dialect,
            operation=operation if step else format.operation,
            model="" if step else table.text(found, "model_asked"),
            status=_status(span),
            error=error,
            error_message=error_message,
            streamed=first_token_us >= 0 or table.find(found, "streamed") is True,
            model_override=tags.model_override,
            user_id=table.text(found, "user", 256) or table.text(span.resource, "user", 256) or tags.user_id,
            session_id=self._session(span, ancestors),
            session_path=self._path(span, name, ancestors),
            session_name=table.text(found, "session_name") or tags.session_name,
            request_name=name,
            properties=properties,
            property_names=names,
            prompt_id=table.text(found, "prompt_id") or tags.prompt_id,
            prompt_version=table.text(found, "prompt_version"),
            request_type="application/json",
            request_body=request,
            request_size=len(request),
            request_omitted=tags.omit_request == 1,
            response_type="application/json" if response else "",
            response_body=response,
            response_size=len(response),
            response_omitted=tags.omit_response == 1,
            facts=self._facts(span),
            worker=self._reporter.worker,
            client_ip=self._reporter.client_ip,
            user_agent=self._reporter.user_agent,
            ingested=Ingested(
                "otlp",
                step=step,
                cost_usd=table.number(found, "cost"),
                response_id="" if step else table.text(found, "response_id", 256),
                model_answered="" if step else table.text(found, "model_answered"),
                finish_reason="" if step else table.text(found, "finish_reason"),
                trace_id=span.trace_id,
                span_id=span.span_id,
                parent_span_id=parent.span_id if parent is not None else span.parent_id,
            ),
        )
        if not step and b'"usage' not in response:
            record.usage = _usage(found)
        return record

    # --- bodies -----------------------------------------------------------------------------------------------------

    def _step(self, span: Span, operation: str) -> tuple[bytes, bytes, ApiFormat]:
        asked, answered = table.find(span.attributes, "input"), table.find(span.attributes, "output")
        if asked is None and answered is None:
            talk = read_conversation(span)
            asked, answered = talk.asked or None, talk.answered or None
        return _bytes(asked), _bytes(answered), ApiFormat(dialect="", operation=operation)

    def _call(self, span: Span, operation: str) -> tuple[bytes, bytes, ApiFormat]:
        """The bodies of a model call: the provider's own where the span has them, else made of its messages."""
        found = span.attributes
        name = table.text(found, "provider", 64)
        provider = provider_name(self._catalog, name) if name else ""
        model = table.text(found, "model_asked") or table.text(found, "model_answered")
        request, response = found.get("input.value"), found.get("output.value")
        if isinstance(request, str) and isinstance(response, str) and response[:1] == "{" == request[:1]:
            format = find_format(
                self._catalog, provider=provider, model=model, request=_bytes(request), response=_bytes(response)
            )
            if b'"' + _MARKS[format.operation] + b'"' in _bytes(response):
                return _bytes(request), _bytes(response), format
        if not provider:
            provider = find_format(self._catalog, model=model).provider
        format = ApiFormat(provider, "openai", operation)
        talk = read_conversation(span)
        return _json(_request(span, talk, operation)), _json(_response(span, talk, operation)), format

    # --- place ------------------------------------------------------------------------------------------------------

    def _ancestors(self, span: Span) -> list[Span]:
        """The spans above it that are in this export, the nearest first."""
        found: list[Span] = []
        seen = {span.span_id}
        above = self._spans.get((span.trace_id, span.parent_id))
        while above is not None and above.span_id not in seen and len(found) < 64:
            found.append(above)
            seen.add(above.span_id)
            above = self._spans.get((above.trace_id, above.parent_id))
        return found

    def _session(self, span: Span, ancestors: list[Span]) -> str:
        """Its own session, else that of a span above it, of its trace, or of the export; else the trace is one."""
        for one in (span, *ancestors):
            session = table.text(one.attributes, "session_id") or table.text(one.resource, "session_id")
            if session:
                return session
        return self._trace_sessions.get(span.trace_id) or self._tags.session_id or span.trace_id

    def _path(self, span: Span, name: str, ancestors: list[Span]) -> str:
        given = table.text(span.attributes, "session_path")
        if given:
            return given
        kept = [one for one in ancestors if self._operations[one.trace_id, one.span_id]]
        names = [table.text(one.attributes, "name") or one.name for one in reversed(kept)]
        entity = span.attributes.get("traceloop.entity.path")
        if not names and isinstance(entity, str):
            names = [part for part in entity.split(".") if part]
        path = "/".join(part.replace("/", "-") for part in (*names, name))
        return f"{self._tags.session_path.rstrip('/')}/{path}"[:_MAX_TEXT]

    def _properties(self, span: Span) -> tuple[dict[str, str], dict[str, str]]:
        given: dict[str, Any] = {}
        metadata = decode_text(span.attributes.get("metadata"))
        if isinstance(metadata, dict):
            given |= metadata
        taken = {*table.FIELDS["session_id"], *table.FIELDS["user"]}
        for name, value in span.attributes.items():
            for prefix in table.PROPERTY_PREFIXES:
                if name.startswith(prefix) and name not in taken:
                    given[name[len(prefix) :]] = value
        properties, names = dict(self._tags.properties), dict(self._tags.property_names)
        for name, value in given.items():
            if value is None or not name or len(properties) >= _MAX_PROPERTIES:
                continue
            low = name.lower()[:256]
            properties[low] = (value if isinstance(value, str) else _json(value).decode())[:_MAX_TEXT]
            if low != name:
                names[low] = name[:256]
        return properties, names

    def _facts(self, span: Span) -> dict[str, Any]:
        facts: dict[str, Any] = {"otel.span": span.name[:_MAX_TEXT]}
        service = span.resource.get("service.name")
        if isinstance(service, str) and service:
            facts["otel.service"] = service[:256]
        if span.scope:
            facts["otel.scope"] = span.scope[:256]
        covered = self._covered.get((span.trace_id, span.span_id))
        if covered and self._operations[span.trace_id, span.span_id] in _CALLS:
            facts[COVERED_SPANS] = covered[:_MAX_COVERED]
        return facts


_CALLS: Final = frozenset(table.MODEL_CALLS.values())
_MARKS: Final = {
    "chat": b"choices",
    "completions": b"choices",
    "messages": b"content",
    "responses": b"output",
    "generate_content": b"candidates",
    "embeddings": b"data",
}
"""Member that a whole response body of an operation has."""


def _operation(span: Span) -> str:
    """The operation of the row; empty for a span that becomes none."""
    found = span.attributes
    kind = table.text(found, "kind").lower()
    operation = table.MODEL_CALLS.get(kind) or table.STEPS.get(kind)
    if operation:
        return operation
    store = found.get("db.system.name", found.get("db.system"))
    if isinstance(store, str) and store.lower() in table.VECTOR_STORES:
        return "vector_db"
    # Of another kind, or of none: a model and tokens make it a call.
    called = table.text(found, "model_asked") or table.text(found, "model_answered")
    counted = any(table.number(found, field) is not None for field in ("input_tokens", "output_tokens"))
    return "chat" if called and (counted or kind) else ""


def _id(span: Span) -> str:
    """An id that is the same for the same span, so that one sent twice is one row. It begins with the time, as a
    version 7 UUID does."""
    ms, us = divmod(span.start_us, 1000)
    chance = int.from_bytes(blake2b(f"{span.trace_id}{span.span_id}".encode(), digest_size=8).digest(), "big") >> 2
    return (
        f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7{us << 2:03x}-{0x8000 | chance >> 48:04x}-{chance & 0xFFFF_FFFF_FFFF:012x}"
    )


def _status(span: Span) -> int:
    code = table.number(span.attributes, "status")
    if code is not None and 100 <= code <= 599:
        return int(code)
    return 500 if span.failed else 200


def _error(span: Span) -> tuple[str, str]:
    """Kind and message; empty for a span that did not fail."""
    if not span.failed:
        return "", ""
    found: Mapping[str, Any] = span.attributes
    for event in span.events:
        if event.name == "exception":
            found = {**event.attributes, **found}
    return table.text(found, "error", 256) or "error", (span.message or table.text(found, "error_message"))[:2000]


def _first_token_us(span: Span) -> int:
    seconds = table.number(span.attributes, "first_token_s")
    milliseconds = table.number(span.attributes, "first_token_ms")
    us = round(seconds * 1e6) if seconds is not None else round(milliseconds * 1e3) if milliseconds is not None else -1
    if us < 0:
        first = next((event for event in span.events if "first token" in event.name.lower()), None)
        chunk = next((event for event in span.events if event.name.endswith("content.completion.chunk")), first)
        us = chunk.at_us - span.start_us if chunk is not None else -1
    return us if 0 <= us <= max(0, span.end_us - span.start_us) else -1


def _usage(found: Mapping[str, Any]) -> Usage | None:
    counts = {field: table.number(found, field) for field in _USAGE}
    given = {field: int(value) for field, value in counts.items() if value is not None and value < 1 << 53}
    if not given:
        return None
    asked, answered = given.get("input_tokens"), given.get("output_tokens")
    cached = given.get("cached_tokens", 0) + given.get("cache_write_tokens", 0)
    # The conventions count cache reads and writes as input; some instrumentations pass on figures that do not.
    includes = asked is None or cached <= asked
    tier = table.text(found, "service_tier", 64)
    return Usage(
        input_tokens=asked,
        output_tokens=answered,
        cached_input_tokens=given.get("cached_tokens"),
        cache_write_tokens=given.get("cache_write_tokens"),
        reasoning_tokens=given.get("reasoning_tokens"),
        total_tokens=given.get("total_tokens"),
        input_includes_cached=includes if cached else None,
        output_includes_reasoning=True if given.get("reasoning_tokens") else None,
        norm_input_total=asked if includes or asked is None else asked + cached,
        norm_output_total=answered,
        raw=dict(given),
        at="span",
        conditions={"service_tier": tier} if tier and tier not in ("auto", "default") else {},
    )


def _request(span: Span, talk: Conversation, operation: str) -> dict[str, Any]:
    found = span.attributes
    body: dict[str, Any] = {"model": table.text(found, "model_asked") or table.text(found, "model_answered")}
    parameters = decode_text(found.get("llm.invocation_parameters"))
    if isinstance(parameters, dict):
        body |= parameters
    for name, value in found.items():
        if name.startswith(_REQUEST) and name[len(_REQUEST) :] not in _NOT_PARAMETERS and value is not None:
            body[name[len(_REQUEST) :]] = value
    tools = decode_text(found.get("gen_ai.tool.definitions"))
    if tools:
        body["tools"] = tools
    if operation == "embeddings":
        body["input"] = _embedded(found) or [message.get("content", "") for message in talk.asked]
    elif talk.asked:
        body["messages"] = [
            {name: value for name, value in message.items() if name != "finish_reason"} for message in talk.asked
        ]
    return body


def _embedded(found: Mapping[str, Any]) -> list[Any]:
    start, end = "embedding.embeddings.", ".embedding.text"
    return [value for name, value in found.items() if name.startswith(start) and name.endswith(end)]


def _response(span: Span, talk: Conversation, operation: str) -> dict[str, Any]:
    found = span.attributes
    body: dict[str, Any] = {
        "id": table.text(found, "response_id", 256),
        "object": "list" if operation == "embeddings" else "chat.completion",
        "model": table.text(found, "model_answered") or table.text(found, "model_asked"),
    }
    if operation != "embeddings" and talk.answered:
        reason = table.text(found, "finish_reason")
        body["choices"] = [
            {"index": index, "finish_reason": message.pop("finish_reason", reason), "message": message}
            for index, message in enumerate(talk.answered)
        ]
    return {name: value for name, value in body.items() if value}


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value.encode("utf-8", "replace") if isinstance(value, str) else _json(value)


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
