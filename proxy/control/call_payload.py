"""What a webhook sends of a call: the public event in an envelope of Standard Webhooks, or Helicone's own fields."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from proxy.logstore import event_of_columns
from proxy.metadata.call_webhooks import PayloadForm

__all__ = ["CALL_EVENT", "call_payload", "sample_call"]

CALL_EVENT: Final = "call.finished"
_HELICONE_MAX_BODY: Final = 10 << 10
_TOO_LARGE: Final = "Body too large for webhook, please fetch the full request and response"

_encode = msgspec.json.Encoder().encode


def call_payload(form: PayloadForm, row: Mapping[str, Any], dashboard_url: str) -> bytes:
    """The JSON of a call, whose row has its bodies under `bodies` where they are wanted."""
    if form == "helicone":
        return _encode(_helicone(row, dashboard_url))
    return _encode({"type": CALL_EVENT, "timestamp": row["start"], "data": event_of_columns(row)})


def _helicone(row: Mapping[str, Any], dashboard_url: str) -> dict[str, Any]:
    """The fields of Helicone's webhooks, in a form that JavaScript writes in the same way: receivers of Helicone sign
    what they have parsed."""
    payload: dict[str, Any] = {"request_id": row["id"]}
    if row["user_id"]:
        payload["user_id"] = row["user_id"]
    if (bodies := row.get("bodies")) is not None:
        payload["request_body"] = _short(bodies["request"])
        payload["response_body"] = _short(bodies["response"])
    payload["request_response_url"] = f"{dashboard_url}/api/requests/{row['id']}"
    payload["model"] = row["model"]
    payload["provider"] = row["provider"]
    input_tokens, output_tokens = row["input_tokens"], row["output_tokens"]
    total = row["total_tokens"]
    if total is None and input_tokens is not None and output_tokens is not None:
        total = input_tokens + output_tokens
    cost = row["cost_nanousd"]
    payload["metadata"] = {
        "cost": _number(cost / 1e9) if cost is not None else None,
        "promptTokens": input_tokens,
        "completionTokens": output_tokens,
        "totalTokens": total,
        "latencyMs": _number(row["latency_ms"]) if row["latency_ms"] is not None else None,
    }
    return payload


def _short(body: str) -> str:
    return body if len(body) <= _HELICONE_MAX_BODY else _TOO_LARGE


def _number(value: float) -> msgspec.Raw | int:
    """A number as JavaScript writes it: no `.0`, and no exponent from 1e-6 on."""
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    text = repr(value)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        power = int(exponent)
        if power >= -6:
            text = f"{value:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - power}f}"
        else:
            text = f"{mantissa}e{power}"
    return msgspec.Raw(text.encode())


def sample_call(form: PayloadForm, at: Any, id: str) -> bytes:
    """What a test sends: the fields that every call has."""
    if form == "helicone":
        return _encode({"request_id": id, "model": "example", "provider": "example", "test": True})
    return _encode({"type": "test", "timestamp": at, "data": {"id": id, "model": "example", "provider": "example"}})
