"""Reads the bodies of a record with the dialect of its provider.

The shipper reads every record so; the gateway only those whose bodies it must forget.
"""

import msgspec

from proxy.core.record import Ingested, Record
from proxy.core.usage import Usage
from proxy.providers.decompress import decompress_ends
from proxy.providers.deferred import DEFERRED_OPERATIONS, ResultPart, is_result_path, read_deferred, sum_usage
from proxy.providers.dialects import CapturedExchange, peek, read_exchange

__all__ = ["RecordReading", "read_record"]

_STEP_TEXT_BYTES = 16 << 10
_MAX_BODY = 8 << 20
"""The default of `log.max_body`."""


class RecordReading(msgspec.Struct, kw_only=True, gc=False):
    """All that was found; bodies as they are stored (decompressed where that is possible)."""

    cut: bool = False
    """A body is too large when it is decompressed, and a part of it is left out."""

    usage: Usage | None = None
    model_asked: str = ""
    model_answered: str = ""
    response_id: str = ""
    finish_reason: str = ""
    text: str = ""
    tool_calls: str = "[]"
    """JSON list."""
    tool_names: list[str] = []
    """The tools called, each once."""
    error_kind: str = ""
    error_message: str = ""
    prompt_text: str = ""
    system_text: str = ""
    billed: Usage | None = None
    """`usage` with all else that the price depends on."""
    user: str = ""
    request: bytes = b""
    response: bytes = b""
    settles: str = ""
    """The background response or batch whose usage this is; empty for all other calls."""
    parts: tuple[ResultPart, ...] = ()
    """The answers of a batch: each has its own price."""
    problem: str = ""
    """Why the bodies could not be read; empty where they could."""


def read_record(record: Record, max_body: int = _MAX_BODY) -> RecordReading:
    """Reads both bodies in the record's dialect. What cannot be decompressed stays as it came; of a body that has more
    than `max_body` bytes then, the middle is left out."""
    result = _read(record, max_body)
    if record.ingested is not None:
        _put_ingested(result, record.ingested)
    return result


def _put_ingested(result: RecordReading, ingested: Ingested) -> None:
    """Puts in what is known from elsewhere than the bodies."""
    result.response_id = ingested.response_id or result.response_id
    result.model_answered = ingested.model_answered or result.model_answered
    result.finish_reason = ingested.finish_reason or result.finish_reason
    if ingested.step:  # its bodies have no dialect: what went in and what came out are its texts
        result.prompt_text = result.request[:_STEP_TEXT_BYTES].decode("utf-8", "replace")
        result.text = result.response.decode("utf-8", "replace")
    if ingested.cost_usd is not None:
        result.billed = msgspec.structs.replace(result.billed or Usage(), reported_cost=ingested.cost_usd)


def _read(record: Record, max_body: int) -> RecordReading:
    request, response, cut = record.request_body, record.response_body, False
    if record.request_encoding:
        request, cut = decompress_ends(request, record.request_encoding, max_body)
    if record.response_encoding:
        response, response_cut = decompress_ends(response, record.response_encoding, max_body)
        cut = cut or response_cut
    result = RecordReading(usage=record.usage, billed=record.usage, request=request, response=response, cut=cut)
    if not record.dialect:
        return result
    exchange = CapturedExchange(
        operation=record.operation,
        path=record.path,
        status=record.status,
        request_body=request,
        response_type=record.response_type,
        response_body=response,
        response_headers=record.response_headers,
        streamed=record.streamed or None,
    )
    reading = read_exchange(record.dialect, exchange)
    # The gateway read before a body was cut or left out, so what it found is the better knowledge.
    result.usage = record.usage or reading.usage
    result.billed = record.usage or reading.billed
    if not record.user_id and b'"user"' in request:
        result.user = peek(request)[2] if reading.user is None else reading.user
    result.model_asked = reading.model_asked
    result.model_answered = reading.model_answered
    result.response_id = reading.response_id
    result.finish_reason = reading.finish_reason
    result.text = reading.text
    result.error_kind = reading.error_kind
    result.error_message = reading.error_message
    result.prompt_text = reading.prompt_text
    result.system_text = reading.system_text
    if reading.tool_calls:
        result.tool_calls = msgspec.json.encode(reading.tool_calls).decode()
        result.tool_names = list(dict.fromkeys(call["name"] for call in reading.tool_calls if call["name"]))
    if record.settles:
        result.settles = record.settles
    elif reading.background_id and result.usage is not None:
        result.settles = reading.background_id
    elif record.operation in DEFERRED_OPERATIONS and record.method == "GET" and record.status == 200:
        _settle(result, record, exchange)
    return result


def _settle(result: RecordReading, record: Record, exchange: CapturedExchange) -> None:
    """Puts in the usage of the background response or batch whose result the answer shows."""
    if record.usage is not None:
        return  # read by the gateway, which left the bodies out
    if record.truncated or result.cut:
        if is_result_path(record.path.partition("?")[0]):
            result.billed = Usage(unpriced=("results in a response that is cut (log.max_body)",))
        return
    deferred = read_deferred(record.dialect, exchange)
    if deferred is None:
        return
    result.settles = deferred.id
    result.billed = sum_usage([part.usage for part in deferred.parts])
    if record.operation == "stored":
        result.usage = result.billed  # of a batch, the results have each their own: they are in the lines of the cost
    models = {part.model for part in deferred.parts}
    if len(models) == 1:
        result.model_answered = models.pop()
    if len(deferred.parts) > 1:
        result.parts = deferred.parts
