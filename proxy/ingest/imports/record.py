"""Makes the spool's record of an imported call."""

import re
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import msgspec

from proxy.core.record import Attempt, Ingested, Record
from proxy.core.trace import span_id_of
from proxy.core.usage import Usage
from proxy.ingest.api_format import ApiFormat, find_format
from proxy.ingest.fit import fit
from proxy.ingest.imports.call import ImportedCall, call_id
from proxy.ingest.imports.row import RowProblem
from proxy.providers.index import Catalog
from proxy.providers.reading import read_record

__all__ = ["record_of", "trace_id_of"]

_MAX_PROPERTIES: Final = 64
_MAX_VALUE: Final = 1024
"""Characters of a property's name and of its value, as in a header."""
_MAX_NAME: Final = 1024
_TRACE: Final = re.compile(r"[0-9a-f]{32}")
_NO_TRACE: Final = "0" * 32


def record_of(
    call: ImportedCall, catalog: Catalog, *, org: str, worker: str, max_body: int
) -> tuple[Record, list[RowProblem]]:
    """The record of a call, and what of it was left out. Bodies are cut to `max_body` bytes."""
    problems: list[RowProblem] = []
    properties, names = _properties(call, problems)
    found = _format(call, catalog)
    id = call_id(call.source, call.id)
    trace_id = trace_id_of(call.trace_id)
    record = Record(
        id=id,
        org=org,
        key="",
        started_us=call.started_us,
        first_token_us=call.first_token_us,
        ended_us=call.latency_us,
        provider=found.provider,
        dialect=found.dialect,
        operation=found.operation,
        scheme=found.scheme,
        host=found.host,
        method="" if call.step else "POST",
        path=found.path,
        model=call.model,
        model_override=call.model_override,
        status=call.status,
        error=call.error,
        error_message=call.error_message,
        cut=call.cut,
        streamed=call.streamed,
        user_id=_short(call.user_id),
        session_id=_short(call.session_id),
        session_path=_short(call.session_path),
        session_name=_short(call.session_name),
        request_name=_short(call.request_name),
        properties=properties,
        property_names=names,
        prompt_id=_short(call.prompt_id),
        prompt_version=_short(call.prompt_version),
        request_type=_type(call.request),
        request_body=call.request,
        request_size=len(call.request),
        request_omitted=not call.request,
        response_type=_type(call.response),
        response_body=call.response,
        response_size=len(call.response),
        response_omitted=not call.response,
        facts={"import.id": call.id, **({"cache.status": "hit"} if call.cached else {})},
        worker=worker,
        client_ip=call.client_ip,
        ingested=Ingested(
            source=f"import:{call.source}",
            step=bool(call.step),
            cost_usd=call.cost_usd,
            trace_id=trace_id,
            span_id=span_id_of(id) if trace_id else "",
            parent_span_id=span_id_of(call_id(call.source, call.parent_id)) if trace_id and call.parent_id else "",
        ),
    )
    if not call.step:
        record.attempts = [
            Attempt(found.provider, found.host, call.model, 0, call.latency_us, call.status, call.error, 0)
        ]
        if call.usage is not None and _is_silent(read_record(record).usage):
            record.usage = call.usage
    return fit(record, max_body), problems


def trace_id_of(text: str) -> str:
    """The trace id (32 hex digits) of a trace's id in the source; empty for an empty one."""
    if not text:
        return ""
    bare = text.strip().lower().replace("-", "")
    return bare if _TRACE.fullmatch(bare) and bare != _NO_TRACE else uuid5(NAMESPACE_URL, text).hex


def _format(call: ImportedCall, catalog: Catalog) -> ApiFormat:
    if call.step:
        return ApiFormat(dialect="", operation=call.operation or call.step)
    found = find_format(
        catalog,
        url=call.url,
        provider=call.provider,
        model=call.model,
        request=call.request,
        response=call.response,
    )
    known = not call.provider or found.provider not in ("", catalog.custom.name)
    provider = found.provider if known else find_format(catalog, provider=call.provider).provider
    return msgspec.structs.replace(
        found,
        provider=provider,
        dialect=call.dialect or found.dialect,
        operation=call.operation or found.operation,
    )


def _properties(call: ImportedCall, problems: list[RowProblem]) -> tuple[dict[str, str], dict[str, str]]:
    """Values by name in lower case, and the spelling where it differs."""
    if len(call.properties) > _MAX_PROPERTIES:
        reason = f"{len(call.properties)} of them; the first {_MAX_PROPERTIES} are kept"
        problems.append(RowProblem("properties", reason))
    properties: dict[str, str] = {}
    names: dict[str, str] = {}
    for spelled, value in list(call.properties.items())[:_MAX_PROPERTIES]:
        if len(value) > _MAX_VALUE:
            reason = f"has {len(value)} characters; the first {_MAX_VALUE} are kept"
            problems.append(RowProblem(f"properties.{spelled}", reason))
        name = spelled.lower()[:_MAX_NAME]
        properties[name] = value[:_MAX_VALUE]
        if name != spelled:
            names[name] = spelled[:_MAX_NAME]
    return properties, names


def _short(text: str) -> str:
    return text[:_MAX_VALUE]


def _type(body: bytes) -> str:
    if not body:
        return ""
    start = body[:16].lstrip()
    if start[:1] in (b"{", b"["):
        return "application/json"
    return "text/event-stream" if start.startswith((b"data:", b"event:")) else "text/plain"


def _is_silent(usage: Usage | None) -> bool:
    """Whether the response says nothing of what was used."""
    return usage is None or (usage.total_input is None and usage.total_output is None and usage.total_tokens is None)
