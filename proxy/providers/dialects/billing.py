"""What a price depends on and a response shows outside its usage object: the tier it was served in, searches and other
built-in tools, seconds of audio, pages.

Quantities have the usage keys of `genai-prices`. What is billed and has no such key goes to `unpriced`.
"""

from typing import Any, Final

from proxy.core.usage import STANDARD_TIERS
from proxy.providers.dialects.base import ExchangeReading
from proxy.providers.dialects.decode import DecodedExchange
from proxy.providers.dialects.fields import get_float, get_int, get_list, get_object, get_objects, get_str

__all__ = ["add_quantity", "count_built_in_call", "read_audio_and_pages", "read_grounding", "read_tier"]

_BUILT_IN: Final[dict[str, str]] = {
    "web_search_call": "web_searches",
    "web_search_preview_call": "web_searches",
    "x_search_call": "social_searches",
    "file_search_call": "storage_searches",
    "code_interpreter_call": "code_executions",
    "image_generation_call": "",
    "computer_call": "free",
    "local_shell_call": "free",
    "shell_call": "free",
    "apply_patch_call": "free",
    "mcp_call": "free",
    "mcp_list_tools": "free",
    "function_call": "free",
    "custom_tool_call": "free",
    "tool_search_call": "free",
}
"""Type of an output item of Responses to the usage key that each adds 1 to; empty: billed, without such a key."""


def add_quantity(reading: ExchangeReading, key: str, number: int | float) -> None:
    """Add `number` to the quantity `key` of the reading."""
    reading.quantities = {**reading.quantities, key: reading.quantities.get(key, 0) + number}


def read_tier(decoded: DecodedExchange, *holders: str) -> None:
    """Set the service tier that the response names, at its top level or inside one of `holders`; else the tier that the
    request asks for. Bedrock writes it as `{"type": …}`."""
    served = ""
    for _, document in decoded.answer.rows:
        for holder in (document, *(get_object(document, name) for name in holders)):
            tier = _tier(holder)
            served = tier or served
    tier = served or _tier(decoded.request)
    if tier and tier.lower() not in STANDARD_TIERS:
        decoded.reading.conditions = {**decoded.reading.conditions, "service_tier": tier}


def _tier(holder: Any) -> str:
    return get_str(holder, "service_tier", "serviceTier") or get_str(get_object(holder, "serviceTier"), "type")


def count_built_in_call(reading: ExchangeReading, item: dict[str, Any]) -> None:
    """Count one output item of Responses, if it calls a tool that the provider runs. Opening a page of a search's
    results is part of that search."""
    kind = get_str(item, "type")
    if not kind.endswith("_call") and kind not in _BUILT_IN:
        return
    unit = _BUILT_IN.get(kind, "")
    if unit == "web_searches":
        if get_str(get_object(item, "action"), "type") not in ("open_page", "find_in_page", "find"):
            add_quantity(reading, unit, 1)
    elif not unit:
        reading.unpriced = (*reading.unpriced, kind)
    elif unit != "free":
        add_quantity(reading, unit, 1)


def read_grounding(decoded: DecodedExchange) -> None:
    """Count the searches of Gemini's grounding: from Gemini 3 on each query, before that one per grounded answer."""
    queries: set[str] = set()
    maps = False
    for _, document in decoded.answer.rows:
        for candidate in get_objects(get_object(document, "response") or document, "candidates"):
            grounding = get_object(candidate, "groundingMetadata")
            queries.update(query for query in get_list(grounding, "webSearchQueries") if isinstance(query, str))
            maps = maps or any("maps" in chunk for chunk in get_objects(grounding, "groundingChunks"))
    if queries:
        reading = decoded.reading
        model = reading.model_answered or reading.model_asked
        by_answer = any(mark in model for mark in ("gemini-1", "gemini-2"))
        add_quantity(reading, "web_searches", 1 if by_answer else len(queries))
    if maps:
        decoded.reading.unpriced = (*decoded.reading.unpriced, "grounding with Google Maps")


def read_audio_and_pages(decoded: DecodedExchange) -> None:
    """Add seconds of transcribed audio, characters of speech and pages of documents, if no usage object counts them."""
    reading, document = decoded.reading, get_object(decoded.answer.first)
    if decoded.reading.usage is not None or decoded.exchange.status >= 400:
        return
    operation = decoded.exchange.operation
    if operation == "ocr":
        pages = get_int(get_object(document, "usage_info"), "pages_processed")
        if pages:
            add_quantity(reading, "input_document_pages", pages)
            if document.get("document_annotation"):
                add_quantity(reading, "input_annotated_document_pages", pages)
    elif operation == "audio":
        seconds = get_float(document.get("duration"))
        if seconds:
            add_quantity(reading, "audio_seconds", seconds)
        elif decoded.exchange.path.partition("?")[0].endswith("/speech"):
            characters = len(get_str(decoded.request, "input"))
            if characters:
                add_quantity(reading, "input_characters", characters)
