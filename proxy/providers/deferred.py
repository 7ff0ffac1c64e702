"""Usage of deferred work: of a background response or a batch, whose result a later GET shows.

The call that started it has no usage yet, and whoever looks at the result looks at the same usage again. So a reading
names what it settles, and the log bills each of them once.
"""

from typing import Any, Final

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects import CapturedExchange, read_exchange
from proxy.providers.dialects.bodies import parse_documents
from proxy.providers.dialects.fields import get_object, get_objects, get_str

__all__ = ["DEFERRED_OPERATIONS", "DeferredResult", "ResultPart", "is_result_path", "read_deferred", "sum_usage"]

DEFERRED_OPERATIONS: Final = frozenset({"stored", "files", "batches"})
"""Operations whose GET may show a result for the first time."""
_OBJECT_OPERATIONS: Final = {
    "chat.completion": "chat",
    "text_completion": "completions",
    "response": "responses",
    "list": "embeddings",
}
"""`object` of an answer in OpenAI's batch output to its operation."""
_RUNNING: Final = frozenset({"queued", "in_progress"})
_SUMMED: Final = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "norm_input_total",
    "norm_output_total",
    "reported_cost",
)


class ResultPart(msgspec.Struct, frozen=True):
    """One answer of a batch, with all that its price depends on."""

    model: str
    usage: Usage


class DeferredResult(msgspec.Struct, frozen=True):
    """A result that is complete."""

    id: str
    """Of the response, or of the batch or its output file."""
    parts: tuple[ResultPart, ...]
    """At least one."""


def read_deferred(dialect: str, exchange: CapturedExchange) -> DeferredResult | None:
    """The result that the answer of a GET shows; None where it shows none, or one that is not complete."""
    if exchange.operation == "stored":
        return _read_background(dialect, exchange) if b'"background"' in exchange.response_body else None
    found = parse_documents(exchange.response_body, exchange.response_type)
    documents = [document for _, document in found.rows if isinstance(document, dict)]
    path = exchange.path.partition("?")[0].rstrip("/")
    id = path.split("/")[-2] if is_result_path(path) else ""
    if dialect == "gemini" and len(documents) == 1:
        id = get_str(documents[0], "name") if documents[0].get("done") is True else ""
        documents = get_objects(get_object(documents[0], "response", "inlinedResponses"), "inlinedResponses")
    if not id:
        return None
    parts = [part for document in documents if (part := _read_part(dialect, document)) is not None]
    return DeferredResult(id, tuple(parts)) if parts else None


def is_result_path(path: str) -> bool:
    """Whether a path (without its query) is that of a batch's results or of a file's content."""
    return path.endswith(("/content", "/results"))


def _read_background(dialect: str, exchange: CapturedExchange) -> DeferredResult | None:
    reading = read_exchange(dialect, msgspec.structs.replace(exchange, operation="responses"))
    usage = reading.billed
    if not reading.background_id or reading.usage is None or usage is None or reading.finish_reason in _RUNNING:
        return None
    return DeferredResult(reading.background_id, (ResultPart(reading.model_answered, usage),))


def _read_part(dialect: str, line: dict[str, Any]) -> ResultPart | None:
    """One line of the results; None where it has no usage, as that of a failed call."""
    if dialect == "anthropic":
        answer, operation = get_object(line, "result", "message"), "messages"
    elif dialect == "gemini":
        answer, operation = get_object(line, "response"), "generate_content"
    else:
        answer = get_object(line, "response", "body")
        operation = _OBJECT_OPERATIONS.get(get_str(answer, "object"), "chat")
    if not answer:
        return None
    body = msgspec.json.encode(answer)
    reading = read_exchange(dialect, CapturedExchange(operation=operation, path="/", response_body=body))
    usage = reading.billed
    if usage is None:
        return None
    conditions = {name: value for name, value in usage.conditions.items() if name != "service_tier"}
    return ResultPart(
        reading.model_answered,
        msgspec.structs.replace(usage, conditions={**conditions, "processing": "batch"}),
    )


def sum_usage(usages: list[Usage]) -> Usage:
    """The figures of several answers added up. A figure that none of them has is None."""
    first = usages[0]
    if len(usages) == 1:
        return first
    sums: dict[str, Any] = {}
    for name in _SUMMED:
        found = [value for usage in usages if (value := getattr(usage, name)) is not None]
        sums[name] = sum(found) if found else None
    raw: dict[str, Any] = {}
    for usage in usages:
        _add(raw, usage.raw or {})
    for name in ("input_includes_cached", "output_includes_reasoning"):
        flags = {getattr(usage, name) for usage in usages}
        sums[name] = flags.pop() if len(flags) == 1 else None
    return Usage(**sums, raw=raw, at=f"results[].{first.at}", conditions=first.conditions)


def _add(total: dict[str, Any], raw: dict[str, Any]) -> None:
    """Add the numbers of `raw` to those of `total`; of anything else the first value stays."""
    for key, value in raw.items():
        known = total.get(key)
        if isinstance(value, dict):
            inner = total.setdefault(key, {})
            if isinstance(inner, dict):
                _add(inner, value)
        elif isinstance(value, int | float) and isinstance(known, int | float) and not isinstance(value, bool):
            total[key] = known + value
        elif known is None:
            total[key] = value
