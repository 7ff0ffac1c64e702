"""What the cost of a call is computed from: made of a record that is shipped, and of a row that is priced again.

Of most calls the columns of usage and `usage_raw` hold all of it. The column `priced_usage` holds the rest: tools and
conditions that stand outside the usage object, and the answers of a batch.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from proxy.core.cost import Cost
from proxy.core.usage import Usage
from proxy.logstore import RequestRow
from proxy.prices import PriceBook
from proxy.prices.total import add_costs
from proxy.providers.deferred import ResultPart

__all__ = ["PRICED_COLUMNS", "PricedCall", "call_of_columns", "is_of_before", "pack_usage", "price_call"]

PRICED_COLUMNS: Final = (
    *("org", "provider", "host", "model", "model_asked", "model_override", "streamed", "priced_usage", "usage_raw"),
    *("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("usage_source", "cost_lines"),
)
"""The columns that `call_of_columns` and `is_of_before` read, beside `start_us`."""


class PricedCall(msgspec.Struct, frozen=True, gc=False):
    """All that `price_call` needs."""

    org: str
    provider: str
    models: tuple[str, ...]
    """The first whose cost is known counts."""
    usage: Usage | None
    at_us: int
    url: str
    """Scheme and host, or empty."""
    streamed: bool
    parts: tuple[ResultPart, ...] = ()
    """The answers of a batch: each has its own price, and `usage` and `models` do not count."""


class _Packed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The column `priced_usage`: what a `Usage` has beside the columns, or the whole of it."""

    quantities: dict[str, int | float] = {}
    conditions: dict[str, str] = {}
    unpriced: tuple[str, ...] = ()
    reported_cost: float | None = None
    consumed: bool = True
    usage: Usage | None = None
    """Set where the columns do not hold its figures; then it is complete."""
    parts: tuple[ResultPart, ...] = ()


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Packed).decode
_decode_raw: Final = msgspec.json.Decoder(dict[str, Any]).decode


def price_call(book: PriceBook, call: PricedCall) -> Cost:
    """Return what the call cost."""
    if call.parts:
        return add_costs(
            [
                book.price(call.provider, part.model, part.usage, call.at_us, url=call.url, org=call.org)
                for part in call.parts
            ]
        )
    return book.price(
        call.provider, call.models, call.usage, call.at_us, url=call.url, streamed=call.streamed, org=call.org
    )


def pack_usage(usage: Usage | None, parts: tuple[ResultPart, ...], row: RequestRow, raw: dict[str, Any] | None) -> str:
    """Return the column `priced_usage` of a row whose other columns are set. `raw` is what `usage_raw` holds. Empty
    where there is no usage; `{}` where the columns hold all of it."""
    if parts:
        return _encode(_Packed(parts=parts)).decode()
    if usage is None:
        return ""
    if (
        usage.raw is not raw
        or row.input_tokens != usage.total_input
        or row.output_tokens != usage.total_output
        or row.cached_input_tokens != usage.cached_input_tokens
        or row.cache_write_tokens != usage.cache_write_tokens
        or row.reasoning_tokens != usage.reasoning_tokens
    ):
        return _text(_Packed(usage=usage))
    if usage.quantities or usage.conditions or usage.unpriced or usage.reported_cost is not None or not usage.consumed:
        return _text(_Packed(usage.quantities, usage.conditions, usage.unpriced, usage.reported_cost, usage.consumed))
    return "{}"


def call_of_columns(columns: Mapping[str, Any]) -> PricedCall | None:
    """Return the call of a row; None where no usage was priced. Raises `msgspec.MsgspecError` for a damaged column."""
    text = columns["priced_usage"]
    if not text:
        return None
    packed = _decode(text)
    usage = packed.usage
    if usage is None and not packed.parts:
        usage = Usage(
            norm_input_total=columns["input_tokens"],
            norm_output_total=columns["output_tokens"],
            cached_input_tokens=columns["cached_input_tokens"],
            cache_write_tokens=columns["cache_write_tokens"],
            reasoning_tokens=columns["reasoning_tokens"],
            reported_cost=packed.reported_cost,
            raw=_decode_raw(columns["usage_raw"]) if columns["usage_raw"] else None,
            consumed=packed.consumed,
            quantities=packed.quantities,
            conditions=packed.conditions,
            unpriced=packed.unpriced,
        )
    override = columns["model_override"]
    return PricedCall(
        columns["org"],
        columns["provider"],
        (override,) if override else (columns["model"], columns["model_asked"]),
        usage,
        columns["start_us"],
        f"https://{columns['host']}" if columns["host"] else "",
        columns["streamed"],
        packed.parts,
    )


def is_of_before(columns: Mapping[str, Any]) -> bool:
    """Whether an earlier version priced this row and did not keep all that its price depends on."""
    priced = columns["usage_raw"] or columns["cost_lines"] or columns["usage_source"] != "none"
    return bool(priced) and not columns["priced_usage"]


def _text(packed: _Packed) -> str:
    try:
        return _encode(packed).decode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON may hold and UTF-8 not
        return msgspec.json.encode(_replaced(msgspec.to_builtins(packed))).decode()


def _replaced(value: Any) -> Any:
    """`value` with the lone surrogates in its texts replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_replaced(key): _replaced(inner) for key, inner in value.items()}
    return list(map(_replaced, value)) if isinstance(value, list | tuple) else value
