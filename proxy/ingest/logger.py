"""Reads what Helicone's loggers send: one call that was made elsewhere, or one step of an agent.

    {"providerRequest": {"url", "json": {…}, "meta": {"Helicone-…": "…"}},
     "providerResponse": {"status", "json": {…} or "textBody": "…", "headers", "cost"?},
     "timing": {"startTime": {"seconds", "milliseconds"}, "endTime", "timeToFirstToken"?}, "provider"?}

`json._type` is `tool`, `vector_db` or `data` for a step that called no model. User, session and properties are
`Helicone-*` headers, of the HTTP request or in `meta`, which counts first.
"""

import math
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from proxy.core.clock import parse_uuid, uuid7
from proxy.core.errors import BadRequest
from proxy.core.record import Ingested, Record
from proxy.ingest.api_format import ApiFormat, find_format
from proxy.ingest.fit import fit
from proxy.ingest.reporter import Reporter
from proxy.ingest.tags import read_tags
from proxy.providers.index import Catalog

__all__ = ["LOG_PATHS", "MAX_LOG_BYTES", "read_log"]

LOG_PATHS: Final[dict[str, str]] = {
    "/v1/log": "",
    "/custom/v1/log": "",
    "/oai/v1/log": "openai",
    "/anthropic/v1/log": "anthropic",
    "/googleapis/v1/log": "gemini",
    "/v1/trace/custom/v1/log": "",
    "/v1/trace/custom/log": "",
}
"""Paths that loggers send to, each with the provider that it stands for; empty: the body says which."""

MAX_LOG_BYTES: Final = 10 << 20
"""The largest body that is read; Helicone's own bound."""

_STEPS: Final = frozenset({"tool", "vector_db", "data"})
_CANCELLED: Final = -3
"""Helicone's status of a call that its caller cancelled."""
_CLIENT_CLOSED_REQUEST: Final = 499
_EARLIEST_US: Final = 1_262_304_000_000_000  # 2010
_AHEAD_US: Final = 600_000_000
"""How far in the future a call may be: clocks differ."""
_MAX_SECONDS: Final = 4_102_444_800


class _Time(msgspec.Struct):
    seconds: int | float
    milliseconds: int | float = 0


class _Timing(msgspec.Struct, rename="camel"):
    start_time: _Time | str | int | float | None = None
    end_time: _Time | str | int | float | None = None
    time_to_first_token: int | float | None = None


class _Request(msgspec.Struct):
    json: msgspec.Raw
    url: str | None = None
    meta: dict[str, Any] | None = None


class _Response(msgspec.Struct, rename={"text_body": "textBody"}):
    status: int | float = 200
    json: msgspec.Raw = msgspec.Raw()
    text_body: str | None = None
    headers: dict[str, Any] | None = None
    cost: int | float | None = None


class _Log(msgspec.Struct, rename="camel"):
    provider_request: _Request
    provider_response: _Response
    timing: _Timing | None = None
    provider: str | None = None


class _Marks(msgspec.Struct, rename={"kind": "_type", "tool_name": "toolName", "database": "databaseName"}):
    """What a request body says of itself."""

    kind: Any = None
    model: Any = None
    stream: Any = None
    name: Any = None
    tool_name: Any = None
    database: Any = None


_decode: Final = msgspec.json.Decoder(_Log).decode
_decode_marks: Final = msgspec.json.Decoder(_Marks).decode


def read_log(
    raw: bytes,
    headers: list[tuple[str, str]],
    reporter: Reporter,
    catalog: Catalog,
    *,
    provider: str,
    now_us: int,
    max_body: int,
) -> Record:
    """The record of one logged call. `headers` are those of the HTTP request; `provider` is what the path stands for.

    Raises `BadRequest` naming the member that is wrong, and `BadDirective` for a header."""
    try:
        logged = _decode(raw)
    except RecursionError:
        raise BadRequest("The JSON is nested too deep.") from None
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is no JSON: {error}.") from None
    request = _object(logged.provider_request.json, "providerRequest.json")
    marks = _read_marks(request)
    fields = read_tags(headers, logged.provider_request.meta, "providerRequest.meta")
    started_us, ended_us, first_token_us = _times(logged.timing, now_us)
    response, response_type = _response(logged.provider_response)
    step = marks.kind if isinstance(marks.kind, str) and marks.kind in _STEPS else ""
    model = marks.model if isinstance(marks.model, str) else ""
    if step:
        format = ApiFormat(dialect="", operation=step)
    else:
        format = find_format(
            catalog,
            url=logged.provider_request.url or "",
            provider=provider or (logged.provider or "").replace("CUSTOM", ""),
            model=model,
            request=request,
            response=response,
        )
    status, cut = _status(logged.provider_response.status)
    record = Record(
        id=parse_uuid(fields.request_id) or uuid7(started_us),
        org=reporter.org,
        key=reporter.key,
        started_us=started_us,
        first_token_us=first_token_us,
        ended_us=ended_us - started_us,
        provider=format.provider,
        dialect=format.dialect,
        operation=format.operation,
        scheme=format.scheme,
        host=format.host,
        method="" if step else "POST",
        path=format.path,
        status=status,
        cut=cut,
        streamed=marks.stream is True or (first_token_us >= 0 and not step),
        model_override=fields.model_override,
        user_id=fields.user_id,
        session_id=fields.session_id,
        session_path=fields.session_path,
        session_name=fields.session_name,
        request_name=fields.request_name or (_step_name(marks) if step else ""),
        properties=fields.properties,
        property_names=fields.property_names,
        prompt_id=fields.prompt_id,
        prompt_version=fields.directives.get("prompt-version", ""),
        unknown_directives=fields.unknown,
        request_type="application/json",
        request_body=request,
        request_size=len(request),
        request_omitted=fields.omit_request == 1,
        response_type=response_type,
        response_body=response,
        response_size=len(response),
        response_omitted=fields.omit_response == 1,
        worker=reporter.worker,
        client_ip=reporter.client_ip,
        user_agent=reporter.user_agent,
        traceparent=fields.traceparent,
        ingested=Ingested("logger", step=bool(step), cost_usd=_cost(logged.provider_response.cost)),
    )
    return fit(record, max_body)


def _invalid(text: str) -> BadRequest:
    """`Expected `str`, got `int` - at `$.providerRequest.url`` as an error that names the member."""
    found, _, place = text.partition(" - at `$")
    path = place.rstrip("`").removeprefix(".")
    return BadRequest(f"{path or 'The body'}: {found[:1].lower()}{found[1:]}.", param=path or None)


def _object(raw: msgspec.Raw, path: str) -> bytes:
    body = bytes(raw).strip()
    if body[:1] != b"{":
        raise BadRequest(f"{path}: found {_shown(body)}; accepted: an object.", param=path)
    return body


def _read_marks(request: bytes) -> _Marks:
    try:
        return _decode_marks(request)
    except msgspec.MsgspecError:  # what msgspec skipped before is no JSON after all
        raise BadRequest("providerRequest.json: it is no JSON.", param="providerRequest.json") from None


def _response(response: _Response) -> tuple[bytes, str]:
    """The response body and its type. Streams are logged as text: events, or one JSON a line."""
    if response.text_body:
        text = response.text_body.encode("utf-8", "surrogatepass")
        kind = "text/event-stream" if text.lstrip()[:5] in (b"data:", b"event") else "text/plain"
        return text, "application/json" if text[:1] == b"{" else kind
    body = bytes(response.json).strip()
    if body in (b"", b"null"):
        return b"", ""
    return _object(response.json, "providerResponse.json"), "application/json"


def _times(timing: _Timing | None, now_us: int) -> tuple[int, int, int]:
    """Start and end in microseconds since the epoch, and the first token's offset (-1: none)."""
    if timing is None or timing.start_time is None:
        return now_us, now_us, -1
    start = _moment(timing.start_time, "timing.startTime", now_us)
    end = start if timing.end_time is None else _moment(timing.end_time, "timing.endTime", now_us)
    if end < start:
        raise BadRequest("timing.endTime: it is before timing.startTime.", param="timing.endTime")
    first = timing.time_to_first_token
    if first is None:
        return start, end, -1
    if not 0 <= first <= 86_400_000:
        path = "timing.timeToFirstToken"
        raise BadRequest(f"{path}: found {first}; accepted: milliseconds, 0 or more.", param=path)
    return start, end, round(first * 1000)


def _moment(value: _Time | str | int | float, path: str, now_us: int) -> int:
    if isinstance(value, _Time):
        us = _micros(value.seconds * 1e3 + value.milliseconds)
    elif isinstance(value, str) and not value.isdigit():
        try:
            at = datetime.fromisoformat(value)
            us = round((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1e6)
        except (ValueError, OverflowError):
            us = -1
    else:
        number = float(value) if len(str(value)) < 40 else -1.0
        us = _micros(number * 1e3 if number < _MAX_SECONDS else number)
    if not _EARLIEST_US <= us <= now_us + _AHEAD_US:
        raise BadRequest(
            f"{path}: found {_shown(msgspec.json.encode(value))}; accepted: {{seconds, milliseconds}} since the epoch "
            "or an ISO time, from 2010 to now.",
            param=path,
        )
    return us


def _micros(milliseconds: float) -> int:
    return round(milliseconds * 1000) if math.isfinite(milliseconds) and abs(milliseconds) < 1e15 else -1


def _status(status: int | float) -> tuple[int, str]:
    """HTTP status, and who ended the response early."""
    if status == _CANCELLED:
        return _CLIENT_CLOSED_REQUEST, "client"
    if 100 <= status <= 599 and float(status).is_integer():
        return int(status), ""
    path = "providerResponse.status"
    raise BadRequest(f"{path}: found {status}; accepted: an HTTP status, or -3 for a cancelled call.", param=path)


def _cost(cost: int | float | None) -> float | None:
    if cost is None:
        return None
    if not (math.isfinite(cost) and 0 <= cost < 1e9):
        path = "providerResponse.cost"
        raise BadRequest(f"{path}: found {cost}; accepted: US dollars, 0 or more.", param=path)
    return float(cost)


def _step_name(marks: _Marks) -> str:
    names = (marks.tool_name, marks.name, marks.database)
    return next((name[:1024] for name in names if isinstance(name, str) and name != "unknown"), "")


def _shown(value: bytes) -> str:
    text = value[:60].decode("utf-8", "replace")
    return f"`{text}{'…' if len(value) > 60 else ''}`" if text else "nothing"
