"""Splits bodies into documents: JSON, server-sent events, JSON lines and arrays, complete or cut anywhere."""

import json
from typing import Any

import msgspec

from proxy.providers.dialects.json_repair import repair_json

__all__ = ["Documents", "decode_json", "parse_documents"]

_WHITE = b" \t\r\n"
Document = tuple[str, Any]


class Documents(msgspec.Struct):
    """The documents of a body in their order, each with the name of its event (empty where there is none)."""

    rows: list[Document] = []
    stream: bool = False
    text: str = ""
    """The body itself, where it is no document."""

    @property
    def first(self) -> Any:
        return self.rows[0][1] if self.rows else None


def decode_json(data: bytes) -> Any:
    """The JSON value in `data`; raises ValueError."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        # Tolerates what some providers send: lone surrogates, NaN, bytes that are no UTF-8.
        return json.loads(data.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested too deep") from None


def parse_documents(body: bytes, content_type: str = "") -> Documents:
    """`body` as documents, by its own shape. Anything else is one text. Never raises."""
    if content_type.startswith(("audio/", "image/", "video/")):
        return Documents()
    bare = body.lstrip(_WHITE + b"\xef\xbb\xbf")
    if not bare:
        return Documents(stream=content_type.startswith("text/event-stream"))
    if bare[:1] in (b"{", b"["):
        return _json(bare, content_type)
    if b"data:" in bare or b"event:" in bare:
        rows = _events(body)
        if rows or content_type.startswith("text/event-stream") or bare[:1] == b":":
            return Documents(rows, True)
    if content_type.startswith("text/event-stream") and bare[:1] == b":":
        return Documents(stream=True)
    try:
        return Documents([("", decode_json(bare))])
    except ValueError:
        return Documents(text=bare[:4000].decode("utf-8", "replace"))


def _json(bare: bytes, content_type: str) -> Documents:
    lines_type = "ndjson" in content_type or "jsonl" in content_type
    value: Any
    try:
        value = decode_json(bare)
    except ValueError:
        rows = _lines(bare)
        if rows and (len(rows) > 1 or lines_type):
            return Documents(rows, True)
        value = repair_json(bare)
        if value is None:
            return Documents(rows, lines_type, bare[:4000].decode("utf-8", "replace"))
    if isinstance(value, list):
        # Gemini streams without `alt=sse` are one JSON array, an element at a time.
        return Documents([("", row) for row in value], True)
    return Documents([("", value)], lines_type)


def _lines(body: bytes) -> list[Document]:
    rows: list[Document] = []
    for line in body.split(b"\n"):
        if line.strip(_WHITE):
            try:
                rows.append(("", decode_json(line)))
            except ValueError:
                # Only the last line of a cut body may be broken; earlier ones mean that this is no JSON lines body.
                if not rows:
                    return []
    return rows


def _events(body: bytes) -> list[Document]:
    """The events whose data is JSON, by the rules of the HTML standard, and the last one even if it was cut."""
    rows: list[Document] = []
    name = ""
    data: list[bytes] = []
    lines = (body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + b"\n\n").split(b"\n")
    for line in lines:
        if not line:
            if data:
                joined = b"\n".join(data)
                if joined.strip(_WHITE) != b"[DONE]":
                    try:
                        rows.append((name, decode_json(joined)))
                    except ValueError:
                        if name == "error":
                            rows.append((name, {"error": {"message": joined.decode("utf-8", "replace")}}))
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace").strip()
    return rows
