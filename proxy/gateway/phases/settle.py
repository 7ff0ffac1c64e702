"""The end of every call, whatever its fate: policies settle, the connection is given back, one frame is written."""

import sys
import traceback

from proxy.core.clock import monotonic
from proxy.core.identity import is_key
from proxy.core.record import Record, encode
from proxy.core.usage import Usage
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.providers.address import mask_query

__all__ = ["settle"]

_KEPT_HEADERS = frozenset(
    {
        "apim-request-id",
        "cf-ray",
        "openai-processing-ms",
        "request-id",
        "retry-after",
        "x-amzn-bedrock-cache-read-input-token-count",
        "x-amzn-bedrock-cache-write-input-token-count",
        "x-amzn-bedrock-input-token-count",
        "x-amzn-bedrock-output-token-count",
        "x-amzn-errortype",
        "x-amzn-requestid",
        "x-request-id",
    }
)


async def settle(ex: Exchange, gw: Gateway) -> None:
    """Returns once the record is written, or counted as dropped. Never raises: a call must not fail because its log
    did."""
    ex.settled = True
    try:
        if ex.hold is not None:
            gw.limits.settle(ex)
        if ex.answer is not None:
            ex.answer.close()
        if ex.flight is not None and not ex.flight.status:
            ex.flight.give_up(ex.failure)
        record = _record(ex, gw)
        gw.metrics.ended(record)
        await gw.ledger.enter(encode(record))
    except Exception as error:
        gw.metrics.unlogged += 1
        traceback.print_exception(error, file=sys.stderr)


def _record(ex: Exchange, gw: Gateway) -> Record:
    started = ex.started
    record = Record(
        id=ex.id,
        org="default",
        key="",
        started_us=ex.started_us,
        ended_us=round((monotonic() - started) * 1e6),
        method=ex.wire.method,
        path=_keyless(ex.wire.path),
        status=ex.status,
        outcome=ex.outcome,
        error=ex.error,
        error_message=ex.error_message,
        cut=ex.cut or ("client" if ex.client_left else ""),
        drained=ex.drained,
        usage_injected=ex.usage_injected,
        attempts=ex.attempts,
        worker=gw.worker,
        client_ip=ex.wire.client,
    )
    if hasattr(ex, "key"):
        record.org, record.key = ex.key.org, ex.key.key_id
    if hasattr(ex, "route"):
        route = ex.route
        record.provider, record.dialect, record.operation = route.provider.name, route.dialect, route.operation
        record.scheme, record.host, record.path = route.scheme, route.host, _masked(route.path)
        record.model = route.model_in_path
    if hasattr(ex, "ask"):
        _tell_ask(record, ex)
    if ex.facts:
        record.facts = ex.facts
    if ex.answer is not None and ex.found is not None:
        _tell_answer(record, ex)
    if record.request_omitted or record.response_omitted:
        _omit(record)
    return record


def _keyless(path: str) -> str:
    """The caller's path without a key of ours in its first segment: a secret is never logged."""
    return path if not is_key(path[1:15]) else "/***/" + path[1:].partition("/")[2]


def _masked(target: str) -> str:
    path, mark, query = target.partition("?")
    return f"{path}?{mask_query(query)}" if mark else path


def _tell_ask(record: Record, ex: Exchange) -> None:
    head = ex.ask.head
    record.model_override = head.model_override
    record.user_id = head.user_id
    record.session_id = head.session_id
    record.session_path = head.session_path
    record.session_name = head.session_name
    record.request_name = head.request_name
    record.prompt_id = ex.prompt_id or head.prompt_id
    record.prompt_version = ex.prompt_version
    record.user_agent = head.user_agent
    if head.properties:
        record.properties, record.property_names = head.properties, head.property_names
    if head.unknown:
        record.unknown_directives = head.unknown
    record.request_type = head.content_type
    record.request_encoding = head.content_encoding
    record.request_omitted = head.omit_request == 1
    record.response_omitted = head.omit_response == 1
    body = getattr(ex, "body", b"")
    record.request_body, record.request_size = body, len(body)


def _tell_answer(record: Record, ex: Exchange) -> None:
    answer, found, started = ex.answer, ex.found, ex.started
    assert answer is not None and found is not None
    if answer.sent_at:
        record.sent_us = round((answer.sent_at - started) * 1e6)
    record.first_byte_us = round((answer.first_byte_at - started) * 1e6)
    if found.first_token_at:
        record.first_token_us = round((found.first_token_at - started) * 1e6)
    record.streamed = found.streams
    record.response_type, record.response_encoding = found.media_type, found.encoding
    record.response_body, record.response_size = found.body(), found.size
    record.truncated = found.truncated
    record.response_headers = {name: value for name, value in answer.headers if name in _KEPT_HEADERS}


def _omit(record: Record) -> None:
    """Bodies that must not be stored anywhere are read here, for usage and model, and then forgotten."""
    from proxy.providers.reading import read_record  # decompression and all: rarely needed, so not at the start

    reading = read_record(record)
    record.usage = reading.usage or Usage()
    record.model = record.model or reading.model_asked
    record.user_id = record.user_id or reading.user
    if record.request_omitted:
        record.request_body = b""
    if record.response_omitted:
        record.response_body = b""
