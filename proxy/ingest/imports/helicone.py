"""Rows of Helicone: of its API and of `@helicone/export` (JSON, JSONL, CSV), and of its ClickHouse table
`request_response_rmt`.

https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse
"""

from collections.abc import Iterator
from typing import Final

from proxy.core.usage import Usage
from proxy.ingest.imports.call import ImportedCall, ImportedScore
from proxy.ingest.imports.counts import counted_usage
from proxy.ingest.imports.row import Row, as_body, as_text

__all__ = ["read"]

_SOURCE: Final = "helicone"
_NO_CACHE: Final = "00000000-0000-0000-0000-000000000000"
_PLACEHOLDER: Final = "helicone_message"
"""Key of the object that stands where a body was not exported."""
_FEEDBACK: Final = "helicone-score-feedback"
_STATUSES: Final = {-1: (504, "timeout", ""), -2: (0, "pending", ""), -3: (499, "", "client"), -4: (403, "threat", "")}
"""What Helicone writes instead of a status, to status, error and who cut the call."""
_DIRECTIVES: Final = {
    "helicone-session-id": "session_id",
    "helicone-session-path": "session_path",
    "helicone-session-name": "session_name",
    "helicone-request-name": "request_name",
    "helicone-prompt-id": "prompt_id",
}
"""Properties that Helicone makes of headers, to fields here."""


def read(row: Row) -> Iterator[ImportedCall]:
    """The call of a row. Raises `BadRow`."""
    id = row.require("request_id", "response_id")
    started_us = row.require_moment("request_created_at", "created_at")
    raw = not row.has("response_status") and row.has("organization_id")
    named: dict[str, str] = {}
    properties = _properties(row, named)
    status, error, cut = _status(row)
    request, response = _body(row, "request_body"), _body(row, "response_body")
    reference = row.text("cache_reference_id")
    cached = reference not in ("", _NO_CACHE)
    yield ImportedCall(
        source=_SOURCE,
        id=id,
        started_us=started_us,
        latency_us=_latency_us(row, started_us),
        first_token_us=_ms(row.number("time_to_first_token")),
        provider=row.text("provider"),
        url=row.text("target_url", "request_path"),
        model=row.text("response_model", "request_model", "model"),
        model_override=row.text("model_override"),
        status=status,
        error=error,
        cut=cut,
        streamed=_is_stream(row),
        cached=cached,
        user_id=row.text("request_user_id", "user_id"),
        properties=properties,
        prompt_version=row.text("prompt_version"),
        prompt_id=row.text("prompt_id") or named.pop("prompt_id", ""),
        client_ip=row.text("request_ip"),
        request=request,
        response=response,
        usage=_usage(row),
        cost_usd=_cost(row, raw),
        scores=tuple(_scores(row, id)),
        **named,
    )


def _properties(row: Row, named: dict[str, str]) -> dict[str, str]:
    """The properties; those that are fields of their own go into `named`."""
    properties: dict[str, str] = {}
    for name, value in row.part("request_properties", "properties").values.items():
        field = _DIRECTIVES.get(name.lower())
        if field is not None:
            named[field] = as_text(value)
        else:
            properties[name] = as_text(value)
    for name in ("country_code", "environment", "request_referrer"):
        text = row.text(name)
        if text:
            properties.setdefault(name, text)
    return properties


def _status(row: Row) -> tuple[int, str, str]:
    """Status, error, and who cut the call."""
    number = row.number("response_status", "status")
    code = 0 if number is None else int(number)
    return _STATUSES.get(code, (max(0, code), "", ""))


def _body(row: Row, name: str) -> bytes:
    value = row.value(name)
    if isinstance(value, dict):
        if _PLACEHOLDER in value:
            return b""
        value = {key: each for key, each in value.items() if key != "streamed_data"}
    return as_body(value)


def _is_stream(row: Row) -> bool:
    request = row.value("request_body")
    return isinstance(request, dict) and request.get("stream") is True


def _latency_us(row: Row, started_us: int) -> int:
    latency = _ms(row.number("delay_ms", "latency"))
    ended_us = row.moment("response_created_at") if latency < 0 else None
    return latency if ended_us is None else max(-1, ended_us - started_us)


def _ms(number: float | None) -> int:
    """Milliseconds as microseconds; 0 and below is what Helicone writes where it does not know."""
    return round(number * 1000) if number is not None and number > 0 else -1


def _usage(row: Row) -> Usage | None:
    """The counts. For Anthropic, Helicone writes the prompt without what was read from or written to the cache."""
    return counted_usage(
        prompt=row.count("prompt_tokens"),
        completion=row.count("completion_tokens"),
        total=row.count("total_tokens"),
        cached=row.count("prompt_cache_read_tokens") or None,
        written=row.count("prompt_cache_write_tokens") or None,
        reasoning=row.count("reasoning_tokens") or None,
        prompt_audio=row.count("prompt_audio_tokens") or None,
        completion_audio=row.count("completion_audio_tokens") or None,
        apart=row.text("provider").upper() == "ANTHROPIC",
    )


def _cost(row: Row, raw: bool) -> float | None:
    """US dollars; the table holds them as billionths."""
    cost = row.number("costUSD", "cost_usd", "cost")
    return cost / 1e9 if cost is not None and raw else cost


def _scores(row: Row, id: str) -> Iterator[ImportedScore]:
    rating = row.flag("feedback_rating")
    for name, given in row.part("scores").values.items():
        value = given.get("value") if isinstance(given, dict) else given
        boolean = isinstance(given, dict) and given.get("valueType") == "boolean"
        if name == _FEEDBACK:
            rating = bool(value) if rating is None else rating
        elif isinstance(value, (int, float)):
            yield ImportedScore(source=_SOURCE, call=id, name=name, value=bool(value) if boolean else value)
        elif isinstance(value, str) and value:
            yield ImportedScore(source=_SOURCE, call=id, name=name, value=value)
    if rating is not None:
        at_us = row.moment("feedback_created_at")
        yield ImportedScore(source=_SOURCE, call=id, name="rating", value=rating, at_us=at_us, rating=True)
