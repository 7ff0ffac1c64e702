"""Builds the rows of a record: what the gateway saw, what its bodies say, and what the call cost."""

import base64
import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import msgspec

from proxy.control.jobs.log_rows import LogRows, plain_bytes, unreadable_rows
from proxy.control.priced_call import PricedCall, pack_usage, price_call
from proxy.core import log
from proxy.core.masking import mask, mask_bytes
from proxy.core.record import RESPONSE_ERROR, Attempt, Ingested, Record, decode
from proxy.core.trace import parse_traceparent, span_id_of
from proxy.core.usage import Usage
from proxy.logstore import BodyRow, RequestRow
from proxy.logstore.rows import CommonColumns
from proxy.prices import PriceBook
from proxy.providers.reading import RecordReading, read_record
from proxy.spool.reader import Batch

__all__ = ["LogRows", "RowBuilder", "bare_row"]

_PREVIEW_CHARS: Final = 200
_CHUNK_RECORDS: Final = 50
_MAX_TOOLS: Final = 64
_MAX_TOOL_NAME: Final = 256
_MAX_VALUE: Final = 1 << 62
_ANY_SIZE: Final = 1 << 62
_MASKED_BYTES: Final = 1 << 20
"""Bytes of the body of an error that are searched for credentials, which providers quote there."""

_common_columns = attrgetter(*CommonColumns.__struct_fields__)
_json = msgspec.json.Encoder().encode


class RowBuilder:
    """Builds rows of records. A record that cannot be read becomes a row that says so; nothing here raises.

    The first error of each kind is logged with its stack; `errors` counts all of them.
    """

    def __init__(
        self,
        prices: PriceBook,
        read: Callable[[Record], RecordReading] = read_record,
        refresh: Callable[[], object] = int,
        text_chars: int = 0,
        max_plain: int = _ANY_SIZE,
    ) -> None:
        """`refresh` is called before each batch; it may change `prices`. `text_chars` is how much text of a call is
        searchable, half of it of the prompt; 0: none. `max_plain` is how many bytes of bodies the rows of one batch
        have, decompressed."""
        self.errors = 0
        self._refresh = refresh
        self._prompt_chars = text_chars // 2
        self._prices = prices
        self._max_plain = max_plain
        self._read = read

    def build(self, batch: Batch) -> list[LogRows]:
        """The rows of each payload, in order; the same rows for the same batch.

        Of a batch whose rows have more than `max_plain` bytes of bodies only the first rows, at least one."""
        self._refresh()
        rows: list[LogRows] = []
        room = self._max_plain
        for start in range(0, len(batch.payloads), _CHUNK_RECORDS):
            payloads = batch.payloads[start : start + _CHUNK_RECORDS]
            try:
                made = self._build_rows([decode(payload) for payload in payloads], room)
            except Exception:  # noqa: BLE001 - one of these payloads fails, so build each by itself
                made = self._build_each(batch, range(start, start + len(payloads)), room)
            rows += made
            room -= sum(map(plain_bytes, made))
            if room <= 0 or len(made) < len(payloads):
                break
        return rows

    def build_one(self, record: Record) -> LogRows:
        """The rows of a record that could be decoded."""
        return self._build_rows([record])[0]

    def build_without_bodies(self, batch: Batch, problem: str) -> LogRows:
        """The rows of the first payload, whose bodies are not read; `problem` says why."""
        record = decode(batch.payloads[0])
        record.request_body = record.response_body = record.sent_body = b""
        record.truncated = True
        rows = self.build_one(record)
        rows.request.reading_error = problem
        return rows

    def build_unread(self, batch: Batch, problem: str) -> LogRows:
        """A row of the first payload's first fields; nothing else of it is read."""
        return unreadable_rows(batch.payloads[0], f"{batch.segment}:{batch.start}:0", problem, keep=False)

    def _build_each(self, batch: Batch, numbers: range, room: int) -> list[LogRows]:
        rows: list[LogRows] = []
        for number in numbers:
            rows.append(self._build_alone(batch, number))
            room -= plain_bytes(rows[-1])
            if room <= 0:
                break
        return rows

    def _build_alone(self, batch: Batch, number: int) -> LogRows:
        payload = batch.payloads[number]
        try:
            return self.build_one(decode(payload))
        except Exception as error:  # noqa: BLE001
            self._note(error)
            place = f"{batch.segment}:{batch.start}:{number}"
            return unreadable_rows(payload, place, f"{type(error).__name__}: {error}")

    def _build_rows(self, records: list[Record], room: int = _ANY_SIZE) -> list[LogRows]:
        """Does each step for all records before the next one: its code then stays in the processor's cache. Stops
        behind the record that fills the room."""
        readings: list[RecordReading] = []
        for record in records:
            readings.append(reading := self._reading(record))
            room -= len(reading.request) + len(reading.response) + len(reading.text) + len(record.sent_body)
            if room <= 0:
                records = records[: len(readings)]
                break
        rows = [_row(record, reading) for record, reading in zip(records, readings, strict=True)]
        for row, record, reading in zip(rows, records, readings, strict=True):
            self._put_usage_and_cost(row, record, reading)
        bodies = [_body(record, reading, self._prompt_chars) for record, reading in zip(records, readings, strict=True)]
        return list(map(LogRows, rows, bodies))

    def _reading(self, record: Record) -> RecordReading:
        try:
            reading = self._read(record)
            if reading.error_kind or record.status >= 400:
                _mask_error(reading)
            return reading
        except Exception as error:  # noqa: BLE001
            self._note(error)
            return RecordReading(
                usage=record.usage,
                billed=record.usage,
                request=record.request_body,
                response=record.response_body,
                problem=mask(f"{type(error).__name__}: {error}"[:500]),
            )

    def _note(self, error: Exception) -> None:
        self.errors += 1
        log.swallowed("reading", error)

    def _put_usage_and_cost(self, row: RequestRow, record: Record, reading: RecordReading) -> None:
        usage = reading.usage
        if usage is not None:
            if usage.raw is not None:
                row.usage_raw = _raw(usage.raw)
            if not _is_silent(usage):
                _put_usage(row, usage, record.drained)
                if not usage.consumed:
                    row.usage_source = "counted"
        self._put_cost(row, record, reading)

    def _put_cost(self, row: RequestRow, record: Record, reading: RecordReading) -> None:
        usage, ingested = reading.billed, record.ingested
        if usage is not None and usage.reported_cost is not None and 0 <= usage.reported_cost < 1e9:
            row.reported_cost_nanousd = round(usage.reported_cost * 1e9)
        if ingested is not None:
            unbilled = ingested.step and ingested.cost_usd is None
        else:
            unbilled = record.sent_us < 0 and not record.attempts and not row.cached
        if unbilled:  # no provider was called, so none charges for it
            row.cost_nanousd, row.cost_known, row.price_version = 0, True, self._prices.version
            return
        origin = f"{record.scheme or 'https'}://{record.host}" if record.host else ""
        override = record.model_override
        call = PricedCall(
            record.org,
            record.provider,
            (override,) if override else (reading.model_answered, row.model_asked),
            usage,
            record.started_us,
            origin,
            record.streamed,
            reading.parts,
        )
        cost = price_call(self._prices, call)
        row.priced_usage = pack_usage(usage, reading.parts, row, reading.usage.raw if reading.usage else None)
        row.cost_nanousd, row.cost_known, row.price_version = cost.nanousd, cost.known, cost.version
        if cost.lines:
            row.cost_lines = _json(cost.lines).decode()
        if cost.missing:
            row.cost_missing = [_text(name) for name in cost.missing]
        if row.cached:
            row.saved_nanousd, row.cost_nanousd, row.cost_known = row.cost_nanousd, 0, True
            took_ms = record.facts.get("cache.latency_ms")
            if isinstance(took_ms, int) and row.latency_ms is not None:
                row.saved_ms = took_ms - row.latency_ms


def _mask_error(reading: RecordReading) -> None:
    reading.error_message = mask(reading.error_message[:_MASKED_BYTES])
    reading.response = mask_bytes(reading.response, _MASKED_BYTES)
    if reading.text:
        reading.text = mask(reading.text[:_MASKED_BYTES]) + reading.text[_MASKED_BYTES:]


def bare_row(rows: LogRows, error: Exception) -> RequestRow:
    """A row with only the key, the times and the reason, for a record whose own row the store refused."""
    row = rows.request
    return RequestRow(
        id=row.id,
        org=row.org,
        start=row.start,
        status=row.status,
        reading_error=f"store refused the row: {error!a}"[:500],
        ingested_at=row.ingested_at,
    )


def _row(record: Record, reading: RecordReading) -> RequestRow:
    model_asked = _text(reading.model_asked) or record.model
    row = RequestRow(
        *_common_columns(record),
        start=record.started_us,
        model_asked=model_asked,
        model=record.model_override or _text(reading.model_answered) or model_asked,
        status=min(max(record.status, 0), 999),
        error=record.error or (reading.error_kind and _text(reading.error_kind)),
        error_message=_text(record.error_message or reading.error_message),
        finish_reason=_text(reading.finish_reason),
        latency_ms=_ms(record.ended_us),
        ttft_ms=_ms(record.first_token_us),
        first_byte_ms=_ms(record.first_byte_us),
        sent_ms=_ms(record.sent_us),
        user_id=record.user_id or _text(reading.user),
        cached=record.facts.get("cache.status") == "hit" if record.facts else False,
        request_preview="" if record.request_omitted else _text(reading.prompt_text[:_PREVIEW_CHARS]),
        response_preview="" if record.response_omitted else _text(reading.text[:_PREVIEW_CHARS]),
        attempts=_attempts(record.attempts, model_asked) if record.attempts else "[]",
        attempt_count=min(len(record.attempts), 65535),
        facts=_facts(record),
        reading_error=reading.problem and _text(reading.problem),
        settled_id=reading.settles and _text(reading.settles),
        response_id=reading.response_id,
    )
    if reading.tool_names and not record.response_omitted:
        row.tool_names = [_text(name[:_MAX_TOOL_NAME]) for name in reading.tool_names[:_MAX_TOOLS]]
    elif record.ingested is not None and record.ingested.step and record.operation == "tool" and record.request_name:
        row.tool_names = [record.request_name]
    if record.traceparent:
        _put_trace(row, record)
    if record.ingested is not None:
        _put_ingested(row, record.ingested)
    if reading.error_kind and row.outcome == "success" and row.status < 400:
        row.outcome = RESPONSE_ERROR
    if reading.cut:
        row.truncated = True
    return row


def _facts(record: Record) -> str:
    """JSON of the facts; that stream usage was requested is one, since it is seen in no body."""
    if record.usage_injected:
        return _json({**record.facts, "stream.usage_added": True}).decode()
    return _json(record.facts).decode() if record.facts else "{}"


def _put_trace(row: RequestRow, record: Record) -> None:
    trace = parse_traceparent(record.traceparent)
    if trace is not None:
        row.trace_id, row.parent_span_id = trace
        row.span_id = span_id_of(record.id)


def _put_ingested(row: RequestRow, ingested: Ingested) -> None:
    row.source = ingested.source
    if ingested.trace_id:
        row.trace_id, row.span_id, row.parent_span_id = ingested.trace_id, ingested.span_id, ingested.parent_span_id


def _put_usage(row: RequestRow, usage: Usage, drained: bool) -> None:
    row.usage_source = "drained" if drained else "provider"
    row.usage_at = usage.at
    row.provider_input_tokens = _count(usage.input_tokens)
    row.provider_output_tokens = _count(usage.output_tokens)
    row.input_tokens = _count(usage.total_input)
    row.output_tokens = _count(usage.total_output)
    row.cached_input_tokens = _count(usage.cached_input_tokens)
    row.cache_write_tokens = _count(usage.cache_write_tokens)
    row.reasoning_tokens = _count(usage.reasoning_tokens)
    row.total_tokens = _count(usage.total_tokens)
    row.input_includes_cached = usage.input_includes_cached
    row.output_includes_reasoning = usage.output_includes_reasoning


def _is_silent(usage: Usage) -> bool:
    """Whether it holds no figure: then nothing was reported, whatever object there was."""
    return (
        usage.input_tokens is None
        and usage.output_tokens is None
        and usage.total_tokens is None
        and usage.norm_input_total is None
        and usage.norm_output_total is None
        and usage.cached_input_tokens is None
        and usage.reported_cost is None
    )


def _body(record: Record, reading: RecordReading, prompt_chars: int) -> BodyRow | None:
    if record.request_omitted and record.response_omitted:
        return None
    request, request_base64 = ("", False) if record.request_omitted else _stored(reading.request)
    response, response_base64 = ("", False) if record.response_omitted else _stored(reading.response)
    return BodyRow(
        id=record.id,
        org=record.org,
        start=record.started_us,
        request=request,
        request_base64=request_base64,
        request_type=record.request_type,
        request_text="" if record.request_omitted or not prompt_chars else _request_text(reading, prompt_chars),
        response=response,
        response_base64=response_base64,
        response_type=record.response_type,
        response_text="" if record.response_omitted else _text(reading.text),
        tool_calls="[]" if record.response_omitted else _text(reading.tool_calls),
        sent="" if record.request_omitted or not record.sent_body else str(record.sent_body, "utf-8", "replace"),
        chunk_times=_json(record.chunk_times).decode() if record.chunk_times else "",
    )


def _request_text(reading: RecordReading, chars: int) -> str:
    """The last user message, then the system prompt, as far as `chars` reach."""
    text = reading.prompt_text
    if reading.system_text and len(text) < chars:
        text = f"{text}\n{reading.system_text}" if text else reading.system_text
    return _text(text[:chars])


def _stored(body: bytes) -> tuple[str, bool]:
    try:
        return str(body, "utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _attempts(attempts: list[Attempt], model_asked: str) -> str:
    """JSON of the attempts. The gateway names the model where an attempt changes it; else it is the body's."""
    rows = [msgspec.structs.asdict(attempt) for attempt in attempts]
    for row in rows:
        row["model"] = row["model"] or model_asked
    return _json(rows).decode()


def _text(text: str) -> str:
    """`text` with lone surrogates replaced: JSON may hold them, but they have no UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _raw(usage: dict[str, Any]) -> str:
    """JSON of the usage object; a lone surrogate in it is written as an escape, as it came."""
    try:
        return _json(usage).decode()
    except UnicodeEncodeError:
        return json.dumps(usage)


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value < _MAX_VALUE else None


def _ms(offset_us: int) -> float | None:
    return offset_us / 1000 if offset_us >= 0 else None
