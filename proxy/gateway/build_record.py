"""Builds the record of a finished call."""

from _speedups import parse
from proxy.core.identity import Identity, is_key
from proxy.core.record import Record
from proxy.core.usage import Usage
from proxy.gateway.exchange import Exchange
from proxy.gateway.tap import Tap
from proxy.providers.address import Route, mask_query
from proxy.upstream.base import Answer

__all__ = ["build_record"]

_NOBODY = Identity()
_NO_HEAD = parse([])
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


def build_record(ex: Exchange, worker: str) -> Record:
    """What is known of the call, in one construction: a field set afterwards costs as much as ten given at once."""
    started, wire, answer, found = ex.started, ex.wire, ex.answer, ex.tap
    # A call may be refused before any of these is there.
    key: Identity = getattr(ex, "identity", _NOBODY)
    head = ex.head.fields if hasattr(ex, "head") else _NO_HEAD
    body: bytes = getattr(ex, "body", b"")
    route: Route | None = getattr(ex, "route", None)
    record = Record(
        id=ex.id,
        org=key.org,
        key=key.key_id,
        started_us=ex.started_us,
        ended_us=int((ex.ended - started) * 1e6),
        method=wire.method,
        path=_masked(route.path) if route is not None else _keyless(wire.path),
        model=route.model_in_path if route is not None else "",
        status=ex.status,
        outcome=ex.outcome,
        error=ex.error,
        error_message=ex.error_message,
        cut=ex.cut or ("client" if ex.client_left else ""),
        drained=ex.drained,
        usage_injected=ex.usage_injected,
        attempts=ex.attempts,
        facts=ex.facts,
        worker=worker,
        client_ip=wire.client,
        model_override=head.model_override,
        user_id=head.user_id,
        session_id=head.session_id,
        session_path=head.session_path,
        session_name=head.session_name,
        request_name=head.request_name,
        prompt_id=ex.prompt_id or head.prompt_id,
        prompt_version=ex.prompt_version,
        user_agent=head.user_agent,
        traceparent=head.traceparent,
        request_type=head.content_type,
        request_encoding=head.content_encoding,
        request_omitted=head.omit_request == 1,
        response_omitted=head.omit_response == 1,
        request_body=body,
        request_size=len(body),
    )
    if route is not None:
        record.provider, record.dialect, record.operation = route.provider.name, route.dialect, route.operation
        record.scheme, record.host = route.origin.scheme, route.origin.host
    if head.properties:
        record.properties, record.property_names = head.properties, head.property_names
    if head.unknown:
        record.unknown_directives = head.unknown
    if answer is not None and found is not None:
        _tell_answer(record, answer, found, started)
    if record.request_omitted or record.response_omitted:
        _omit(record)
    return record


def _keyless(path: str) -> str:
    """The caller's path without a key of ours in its first segment: a secret is never logged."""
    return path if not is_key(path[1:15]) else "/***/" + path[1:].partition("/")[2]


def _masked(target: str) -> str:
    path, mark, query = target.partition("?")
    return f"{path}?{mask_query(query)}" if mark else path


def _tell_answer(record: Record, answer: Answer, found: Tap, started: float) -> None:
    if answer.sent_at:
        record.sent_us = int((answer.sent_at - started) * 1e6)
    record.first_byte_us = int((answer.first_byte_at - started) * 1e6)
    if found.first_token_at:
        record.first_token_us = int((found.first_token_at - started) * 1e6)
    record.streamed = found.streams
    record.response_type, record.response_encoding = found.media_type, found.encoding
    record.response_body, record.response_size = found.body(), found.size
    record.truncated = found.truncated
    record.response_headers = {pair[0]: pair[1] for pair in answer.headers if pair[0] in _KEPT_HEADERS}


def _omit(record: Record) -> None:
    """Bodies that must not be stored anywhere are read here, for usage and model, and then forgotten."""
    from proxy.providers.reading import read_record  # decompression and all: rarely needed, so not at the start

    reading = read_record(record)
    record.usage = reading.billed or Usage()
    record.model = record.model or reading.model_asked
    record.user_id = record.user_id or reading.user
    if record.request_omitted:
        record.request_body = b""
    if record.response_omitted:
        record.response_body = b""
