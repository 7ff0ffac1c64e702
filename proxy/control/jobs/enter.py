"""The rows of a record: what the gateway saw, what its bodies say, and what that cost."""

import base64
import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import msgspec

from proxy.core.record import Attempt, Record, decode
from proxy.core.usage import Usage
from proxy.logstore import BodyRow, RequestRow
from proxy.logstore.rows import Seen
from proxy.prices import PriceBook
from proxy.providers.reading import Reading, read_record
from proxy.spool.reader import Slice

__all__ = ["Enterer", "Entry"]

_PREVIEW: Final = 200
_RUN: Final = 50
"""Records that are entered together."""
_MOST: Final = 1 << 62
_NO_NAMESPACE: Final = UUID("8f0cbe5e-5f3c-4a55-9b43-0d5f6a1c7e10")
_HIT: Final = ("HIT", "hit")

_seen = attrgetter(*Seen.__struct_fields__)
_json = msgspec.json.Encoder().encode
_loose = msgspec.msgpack.Decoder().decode


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What one record becomes in the store."""

    request: RequestRow
    body: BodyRow | None


class Enterer:
    """Makes rows of records. A record that cannot be read becomes a row that says so; nothing raises."""

    def __init__(self, prices: PriceBook, read: Callable[[Record], Reading] = read_record) -> None:
        self._prices = prices
        self._read = read

    def enter(self, piece: Slice) -> list[Entry]:
        """One entry a payload, in order; the same again for the same slice."""
        found: list[Entry] = []
        for start in range(0, len(piece.payloads), _RUN):
            payloads = piece.payloads[start : start + _RUN]
            try:
                found += self._entries([decode(payload) for payload in payloads])
            except Exception:  # noqa: BLE001 - some payload of these; so each for itself
                found += [self._enter_one(piece, number) for number in range(start, start + len(payloads))]
        return found

    def entry(self, record: Record) -> Entry:
        """The rows of a record that could be decoded."""
        return self._entries([record])[0]

    def _enter_one(self, piece: Slice, number: int) -> Entry:
        payload = piece.payloads[number]
        try:
            return self.entry(decode(payload))
        except Exception as error:  # noqa: BLE001
            return _unreadable(payload, f"{piece.segment}:{piece.start}:{number}", error)

    def _entries(self, records: list[Record]) -> list[Entry]:
        """Each step is taken for all records before the next: its code then stays in the processor's cache, and that
        is a quarter of the time."""
        readings = [self._reading(record) for record in records]
        rows = [_row(record, reading) for record, reading in zip(records, readings, strict=True)]
        for row, record, reading in zip(rows, records, readings, strict=True):
            self._put_usage_and_cost(row, record, reading)
        bodies = [_body(record, reading) for record, reading in zip(records, readings, strict=True)]
        return list(map(Entry, rows, bodies))

    def _reading(self, record: Record) -> Reading:
        try:
            return self._read(record)
        except Exception as error:  # noqa: BLE001
            return Reading(
                usage=record.usage,
                request=record.request_body,
                response=record.response_body,
                problem=f"{type(error).__name__}: {error}"[:500],
            )

    def _put_usage_and_cost(self, row: RequestRow, record: Record, reading: Reading) -> None:
        usage = reading.usage
        if usage is not None:
            if usage.raw is not None:
                row.usage_raw = _raw(usage.raw)
            if _is_silent(usage):
                usage = None
            else:
                _put_usage(row, usage, record.drained)
        self._put_cost(row, record, reading, usage)

    def bare(self, entry: Entry, error: Exception) -> RequestRow:
        """What is left of a row that the store refused: its key, its times and why."""
        row = entry.request
        return RequestRow(
            id=row.id,
            org=row.org,
            start=row.start,
            status=row.status,
            reading_error=f"store refused the row: {error!a}"[:500],
        )

    def _put_cost(self, row: RequestRow, record: Record, reading: Reading, usage: Usage | None) -> None:
        if usage is not None and usage.reported_cost is not None and 0 <= usage.reported_cost < 1e9:
            row.reported_cost_nanousd = round(usage.reported_cost * 1e9)
        if record.sent_us < 0 and not record.attempts and not row.cached:
            # Answered by ourselves: nobody was asked, so nobody can charge for it.
            row.cost_nanousd, row.cost_known, row.price_version = 0, True, self._prices.version
            return
        if record.streamed and usage is not None and usage.output_tokens is None and usage.norm_output_total is None:
            usage = None  # it broke off before its output was counted: input alone is not what it cost
        origin = f"{record.scheme or 'https'}://{record.host}" if record.host else ""
        asked = (record.model_override,) if record.model_override else (reading.model_answered, row.model_asked)
        for model in dict.fromkeys(asked):
            price = self._prices.price(
                record.provider, model, usage, record.started_us, url=origin, service_tier=reading.service_tier
            )
            row.cost_nanousd, row.cost_known, row.price_version = price.cost_nanousd, price.known, price.version
            if row.cost_nanousd is not None and not 0 <= row.cost_nanousd < _MOST:
                row.cost_nanousd, row.cost_known = None, False  # no bill: a count that cannot be
            if price.known:
                break
        if row.cached:
            row.saved_nanousd, row.cost_nanousd, row.cost_known = row.cost_nanousd, 0, True
            took_ms = record.facts.get("cache.latency_ms")
            if isinstance(took_ms, int) and row.latency_ms is not None:
                row.saved_ms = took_ms - row.latency_ms


def _row(record: Record, reading: Reading) -> RequestRow:
    asked = _text(reading.model_asked) or record.model
    return RequestRow(
        *_seen(record),
        start=record.started_us,
        model_asked=asked,
        model=record.model_override or _text(reading.model_answered) or asked,
        status=min(max(record.status, 0), 999),
        error=record.error or _text(reading.error_kind),
        error_message=_text(record.error_message or reading.error_message),
        finish_reason=_text(reading.finish_reason),
        latency_ms=_ms(record.ended_us),
        ttft_ms=_ms(record.first_token_us),
        first_byte_ms=_ms(record.first_byte_us),
        sent_ms=_ms(record.sent_us),
        user_id=record.user_id or _text(reading.user),
        cached=record.facts.get("cache.status") in _HIT if record.facts else False,
        request_preview="" if record.request_omitted else _text(reading.prompt_preview[:_PREVIEW]),
        response_preview="" if record.response_omitted else _text(reading.text[:_PREVIEW]),
        attempts=_attempts(record.attempts) if record.attempts else "[]",
        attempt_count=min(len(record.attempts), 65535),
        facts=_json(record.facts).decode() if record.facts else "{}",
        reading_error=_text(reading.problem),
    )


def _put_usage(row: RequestRow, usage: Usage, drained: bool) -> None:
    row.usage_source = "drained" if drained else "provider"
    row.usage_at = usage.at
    row.provider_input_tokens = _count(usage.input_tokens)
    row.provider_output_tokens = _count(usage.output_tokens)
    row.input_tokens = _count(usage.input_tokens if usage.norm_input_total is None else usage.norm_input_total)
    row.output_tokens = _count(usage.output_tokens if usage.norm_output_total is None else usage.norm_output_total)
    row.cached_input_tokens = _count(usage.cached_input_tokens)
    row.cache_write_tokens = _count(usage.cache_write_tokens)
    row.reasoning_tokens = _count(usage.reasoning_tokens)
    row.total_tokens = _count(usage.total_tokens)
    row.input_includes_cached = usage.input_includes_cached
    row.output_includes_reasoning = usage.output_includes_reasoning


def _is_silent(usage: Usage) -> bool:
    """Whether it holds no figure at all: then nothing was reported, whatever object there was."""
    return (
        usage.input_tokens is None
        and usage.output_tokens is None
        and usage.total_tokens is None
        and usage.norm_input_total is None
        and usage.norm_output_total is None
        and usage.cached_input_tokens is None
        and usage.reported_cost is None
    )


def _body(record: Record, reading: Reading) -> BodyRow | None:
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
        response=response,
        response_base64=response_base64,
        response_type=record.response_type,
        response_text="" if record.response_omitted else _text(reading.text),
        tool_calls="[]" if record.response_omitted else _text(reading.tool_calls),
    )


def _unreadable(payload: memoryview, place: str, error: Exception) -> Entry:
    """A payload that is no record of ours: whatever of its first fields makes sense, and the payload for a look."""
    fields: list[Any] = []
    try:
        loose = _loose(payload)
        fields = loose if isinstance(loose, list) else []
    except msgspec.MsgspecError:
        fields = []
    id, org, _, started = (*fields[:4], None, None, None, None)[:4]
    made = UUID(int=(hash128(place) & ~(0xF << 76) | (0x8 << 76)) & ~(0x3 << 62) | (0x2 << 62))
    row = RequestRow(
        id=id if isinstance(id, str) and id else str(made),
        org=org if isinstance(org, str) and org else "default",
        start=started if isinstance(started, int) and 0 < started < _MOST // 1000 else _segment_time(place),
        outcome="unreadable",
        reading_error=f"{place}: {type(error).__name__}: {error}"[:500],
    )
    body = BodyRow(
        id=row.id,
        org=row.org,
        start=row.start,
        request=base64.b64encode(payload).decode(),
        request_base64=True,
        request_type="application/msgpack",
    )
    return Entry(row, body)


def hash128(text: str) -> int:
    """128 bits that are the same for the same text."""
    import hashlib

    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def _segment_time(place: str) -> int:
    try:
        return int(place[:12], 16) * 1000
    except ValueError:
        return 0


def _stored(body: bytes) -> tuple[str, bool]:
    try:
        return str(body, "utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _attempts(attempts: list[Attempt]) -> str:
    return _json([msgspec.structs.asdict(attempt) for attempt in attempts]).decode()


def _text(text: str) -> str:
    """`text` as the store can take it: a lone surrogate, which JSON may smuggle in, has no UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _raw(usage: dict[str, Any]) -> str:
    """As JSON; a lone surrogate somewhere inside is written as the escape that it came as."""
    try:
        return _json(usage).decode()
    except UnicodeEncodeError:
        return json.dumps(usage)


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value < _MOST else None


def _ms(offset_us: int) -> float | None:
    return offset_us / 1000 if offset_us >= 0 else None
