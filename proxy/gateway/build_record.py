"""Builds the record of a finished call."""

import msgspec

from proxy.core import log
from proxy.core.masked_record import mask_labels
from proxy.core.masking import has_mark, mask, mask_bytes, mask_named, mask_path
from proxy.core.record import RESPONSE_ERROR, Record
from proxy.core.usage import Usage
from proxy.gateway.exchange import Exchange
from proxy.gateway.tap import Tap
from proxy.providers.decompress import decompress
from proxy.providers.dialects import read_request_params
from proxy.upstream.base import Answer

__all__ = ["build_record", "build_refusal"]

_LOGGED_HEADERS = frozenset(
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
_MAX_TAIL = 256 << 10
"""Bytes at the end of a request body that are logged where its middle is left out; at most half of `log.max_body`."""
_ERROR = b'"error"'
_NO_ERROR = (b'"error":null', b'"error": null')
_ERROR_TAIL = 1024
"""Bytes at the end of a stream that are searched for an error: it is the last event, or the one before the last."""
_FAILED_TAIL = 8192
"""The same of Responses, whose last event repeats the whole response."""
_ERROR_HEAD = 64
"""Bytes at the start of a plain answer that are searched for an error."""
_MAX_KEPT = 2048
_MAX_KEPT_CHARS = 1024
_MAX_REFUSED_CHARS = 200
"""Characters of the path and of the error that the record of a refused stranger has."""


class _Paths(dict[str, str]):
    """Upstream paths as the log has them: without credentials. Only paths without a query are kept, since a query may
    hold a credential and mostly differs."""

    def __missing__(self, path: str) -> str:
        shown = mask_path(path)
        if "?" not in path and len(path) < _MAX_KEPT_CHARS and shown == path:
            if len(self) >= _MAX_KEPT:
                self.clear()
            self[path] = shown
        return shown


class _Labels(dict[str, bool]):
    """Whether the labels of a call may hold a credential; labels without one are kept, since most repeat."""

    def __missing__(self, labels: str) -> bool:
        if has_mark(labels):
            return True
        if len(labels) < _MAX_KEPT_CHARS:
            if len(self) >= _MAX_KEPT:
                self.clear()
            self[labels] = False
        return False


_paths = _Paths()
_labels = _Labels()


def build_record(ex: Exchange, worker: str, max_body: int) -> Record:
    """Return what is known of the call; of a body above `max_body` bytes the middle is left out.

    The record is made in one construction: a field set afterwards costs as much as ten given at once.
    """
    started, wire, outcome, identity, body = ex.started, ex.wire, ex.outcome, ex.identity, ex.body
    fields, answer, tap = ex.head.fields, ex.held.answer, outcome.tap
    route, request = outcome.route or ex.route, ex.request
    sent_body = outcome.changed_body
    if fields.directives and fields.directives.get("webhook-enabled", "").strip().lower() == "true":
        outcome.facts["webhook.requested"] = True
    if not sent_body and request is not None and request.is_rendered:
        sent_body = request.sent_body
    record = Record(
        id=ex.id,
        org=identity.org,
        key=identity.key_id,
        started_us=ex.started_us,
        ended_us=int((outcome.ended - started) * 1e6),
        method=wire.method,
        path=_paths[route.path if route is not None else wire.path],
        model=route.model_in_path if route is not None else "",
        status=outcome.status,
        outcome=outcome.failed_phase or "success",
        error=outcome.error,
        error_message=outcome.error_message,
        cut=outcome.cut or ("client" if outcome.client_left else ""),
        drained=outcome.drained,
        usage_injected=request is not None and request.usage_injected,
        attempts=outcome.attempts,
        facts=outcome.facts,
        worker=worker,
        client_ip=wire.client,
        model_override=fields.model_override,
        user_id=fields.user_id,
        session_id=fields.session_id,
        session_path=fields.session_path,
        session_name=fields.session_name,
        request_name=fields.request_name,
        prompt_id=outcome.prompt_id or fields.prompt_id,
        prompt_version=outcome.prompt_version,
        user_agent=fields.user_agent,
        traceparent=fields.traceparent,
        request_type=fields.content_type,
        request_encoding=fields.content_encoding,
        request_omitted=fields.omit_request == 1,
        response_omitted=fields.omit_response == 1,
        request_body=body,
        request_size=len(body),
        sent_body=sent_body,
    )
    if route is not None:
        record.provider, record.dialect, record.operation = route.provider.name, route.dialect, route.operation
        record.scheme, record.host = route.origin.scheme, route.origin.host
    if fields.properties:
        record.properties, record.property_names = fields.properties, fields.property_names
    if fields.unknown:
        record.unknown_directives = mask_named(fields.unknown, strictly=True)
    if answer is not None and tap is not None:
        _add_answer(record, answer, tap, started)
    if record.request_omitted or record.response_omitted:
        _omit(record)
    if record.request_size > max_body:
        _cut_request(record, max_body)
    if sent_body and record.sent_body and len(sent_body) > max_body:
        record.sent_body, record.truncated = _without_middle(sent_body, max_body), True
    # One text of all that the caller says of the call, so that the check of most calls is one lookup.
    if _labels[
        f"{record.model}\n{record.model_override}\n{record.user_id}\n{record.session_id}\n{record.session_path}\n"
        f"{record.session_name}\n{record.request_name}\n{record.prompt_id}\n{record.prompt_version}\n"
        f"{record.user_agent}\n{record.traceparent}\n{record.request_type}\n{record.request_encoding}\n"
        f"{record.properties}"
    ]:
        mask_labels(record)
    return record


def build_refusal(ex: Exchange, worker: str) -> Record:
    """Return the record of a call that was refused before it was known whose it is: without anything that its caller
    could choose freely but the beginning of its path, and what the error quotes."""
    wire, outcome = ex.wire, ex.outcome
    return Record(
        id=ex.id,
        org=ex.identity.org,
        key="",
        started_us=ex.started_us,
        ended_us=int((outcome.ended - ex.started) * 1e6),
        method=wire.method,
        path=_paths[wire.path[:_MAX_REFUSED_CHARS]],
        status=outcome.status,
        outcome=outcome.failed_phase,
        error=outcome.error,
        error_message=outcome.error_message[:_MAX_REFUSED_CHARS],
        cut=outcome.cut,
        worker=worker,
        client_ip=wire.client,
    )


def _add_answer(record: Record, answer: Answer, tap: Tap, started: float) -> None:
    if answer.sent_at:
        record.sent_us = int((answer.sent_at - started) * 1e6)
    record.first_byte_us = int((answer.first_byte_at - started) * 1e6)
    if tap.first_token_at:
        record.first_token_us = int((tap.first_token_at - started) * 1e6)
    record.streamed = tap.streams
    record.response_type, record.response_encoding = tap.media_type, tap.encoding
    record.response_body, record.response_size = tap.body(), tap.size
    record.truncated = tap.truncated
    if answer.status >= 400 and not tap.encoding:
        record.response_body = mask_bytes(record.response_body)
    if tap.times is not None:
        record.chunk_times = tap.times
    if answer.status < 400:
        if tap.streams:
            edge = record.response_body[-_FAILED_TAIL if record.operation == "responses" else -_ERROR_TAIL :]
        else:
            edge = record.response_body[:_ERROR_HEAD]
        if _ERROR in edge or (tap.streams and b":exception-type" in edge):
            _look_for_error(record, edge)
    record.response_headers = {pair[0]: pair[1] for pair in answer.headers if pair[0] in _LOGGED_HEADERS}


def _look_for_error(record: Record, edge: bytes) -> None:
    """Set the outcome where the answer is, or holds, an error; `edge` is the part of it that mentions one."""
    if edge.count(_ERROR) == sum(map(edge.count, _NO_ERROR)) and b":exception-type" not in edge:
        return
    from proxy.providers.reading import read_record  # decompression and all: rarely needed, so not at the start

    try:
        reading = read_record(record)
    except Exception as error:  # noqa: BLE001 - the shipper reads it again and says why it could not
        log.swallowed("record", error)
        return
    if reading.error_kind and record.outcome == "success":
        record.outcome = RESPONSE_ERROR


def _omit(record: Record) -> None:
    """Read bodies that must not be stored anywhere, for usage, model and error, and then drop them."""
    from proxy.providers.reading import read_record

    reading = read_record(record)
    if reading.error_kind and record.status < 400 and record.outcome in ("success", RESPONSE_ERROR):
        record.outcome, record.error, record.error_message = (
            RESPONSE_ERROR,
            reading.error_kind,
            mask(reading.error_message),
        )
    record.usage, record.settles = reading.billed or Usage(), reading.settles
    if reading.parts:  # each has a price of its own, which their sum has not
        record.usage = msgspec.structs.replace(record.usage, unpriced=("batch results that are not stored",))
    record.model = record.model or reading.model_asked or reading.model_answered
    record.user_id = record.user_id or reading.user
    if record.request_omitted:
        record.request_body = record.sent_body = b""
    if record.response_omitted:
        record.response_body, record.chunk_times = b"", []


def _cut_request(record: Record, max_body: int) -> None:
    """Leave out the middle of the request body; what the shipper can then no longer read is read before."""
    body = record.request_body
    if not body:
        return
    params = read_request_params(decompress(body, record.request_encoding) if record.request_encoding else body)
    record.model = record.model or params.model
    record.user_id = record.user_id or params.user
    record.request_body = _without_middle(body, max_body)
    record.truncated = True


def _without_middle(body: bytes, max_body: int) -> bytes:
    tail = min(_MAX_TAIL, max_body // 2)
    return body[: max_body - tail] + body[len(body) - tail :]
