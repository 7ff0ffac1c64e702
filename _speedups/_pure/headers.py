"""One pass over a request's headers."""

from typing import Any
from urllib.parse import unquote_to_bytes

from .._names import CREDENTIALS, DIRECTIVES, DROPPED, JOINED, LABELS, PREFIX, PROPERTY, SLOTS, SWITCHES

__all__ = ["Head", "forward_without", "parse"]

# What becomes of a name: (kind, slot or directive's short name, forwarded, percent-decoded).
_SKIP, _SLOT, _JOIN, _SWITCH, _DIRECTIVE, _LENGTH, _OTHER = range(7)
_Row = tuple[int, str, bool, bool]

_TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PLAIN: _Row = (_SKIP, "", True, False)
_OURS: _Row = (_OTHER, "", False, False)
_PROPERTY: _Row = (_OTHER, "", False, True)
_KEY_SLOTS = [SLOTS[name] for name in CREDENTIALS if name != "authorization"]


def _table() -> dict[str, _Row]:
    rows: dict[str, _Row] = dict.fromkeys(DROPPED, (_SKIP, "", False, False))
    for name, slot in SLOTS.items():
        kind = _JOIN if name in JOINED else _LENGTH if name == "content-length" else _SLOT
        forwarded = name not in DROPPED and not name.startswith(PREFIX)
        rows[name] = (kind, slot, forwarded, name in LABELS)
    rows |= {name: (_SWITCH, slot, False, False) for name, slot in SWITCHES.items()}
    rows |= {name: (_DIRECTIVE, name[len(PREFIX) :], False, False) for name in DIRECTIVES}
    return rows


_KNOWN = _table()
_WORDS = {"true": 1, "1": 1, "false": 0, "0": 0}


class Head:
    """What a request's headers say. Text slots are "" where absent; switches and `content_length` are -1 where
    absent and -2 where malformed. `malformed` has the names and values that cannot be read: of switches, of a
    property without a name, and of any header of ours that is not UTF-8.
    `directives` has known names less their prefix, `unknown` full names, both in lower case; `property_names` only
    the spellings that differ."""

    host: str = ""
    content_type: str = ""
    content_encoding: str = ""
    accept_encoding: str = ""
    transfer_encoding: str = ""
    user_agent: str = ""
    upgrade: str = ""
    auth: str = ""
    authorization: str = ""
    credential: str = ""
    x_goog_api_key: str = ""
    anthropic_version: str = ""
    user_id: str = ""
    session_id: str = ""
    session_path: str = ""
    session_name: str = ""
    request_name: str = ""
    request_id: str = ""
    prompt_id: str = ""
    target_url: str = ""
    openai_api_base: str = ""
    model_override: str = ""
    rate_policy: str = ""
    cache_control: str = ""
    traceparent: str = ""
    content_length: int = -1
    cache_enabled: int = -1
    cache_read: int = -1
    cache_save: int = -1
    retry_enabled: int = -1
    omit_request: int = -1
    omit_response: int = -1
    stream_usage: int = -1
    forward: bytes = b""
    fault: str = ""
    directives: dict[str, str]
    unknown: dict[str, str]
    properties: dict[str, str]
    property_names: dict[str, str]
    malformed: list[tuple[str, str]]

    def __init__(self) -> None:
        self.directives = {}
        self.unknown = {}
        self.properties = {}
        self.property_names = {}
        self.malformed = []


def parse(items: list[tuple[str, str]]) -> Head:
    """The head of a request, from its (name, value) pairs in the order they were sent. Never raises on their content.

    `forward` holds the lines that go on to the provider, `name: value` and CRLF, latin-1. `fault` names the first
    header that may not be passed on: an illegal name, or a value that holds CR, LF or NUL or (where it would be
    forwarded) does not fit latin-1; it is left out of everything. Of a repeated header the first line that is not
    empty counts; lists are joined by a comma; lengths and switches that contradict themselves are malformed.

    Values are latin-1 text, a character a byte, and go on as they are. Those of `helicone-` headers are read as UTF-8
    (text beyond latin-1 was decoded before), and labels and properties less their percent-encoding.
    """
    head = Head()
    found: dict[str, Any] = head.__dict__
    lines: list[tuple[str, str]] = []
    values = "\x01".join([value for _, value in items])
    dirty = not values.isascii() or "\r" in values or "\n" in values or "\0" in values
    for name, value in items:
        lower = name
        row = _KNOWN.get(name)
        if row is None:
            if not name or name.strip(_TOKEN):
                found.setdefault("fault", name or "(empty)")
                continue
            lower = name.lower()
            row = _KNOWN.get(lower)
            if row is None:
                row = _row_of(lower)
        kind, slot, forwarded, decoded = row
        if dirty and _unfit(value, forwarded):
            found.setdefault("fault", name)
            continue
        if forwarded:
            lines.append((name, value))
        elif (dirty or decoded) and lower.startswith(PREFIX):
            text = read_text(value, decoded)
            if text is None:
                head.malformed.append((lower, value))
                continue
            value = text
        if kind == _SKIP:
            continue
        if kind == _SLOT:
            if not found.get(slot):
                found[slot] = value
        elif kind == _JOIN:
            if slot == "rate_policy" and not value:
                head.malformed.append((lower, value))  # a limit that is empty by mistake must not be none
            before = found.get(slot)
            found[slot] = f"{before},{value}" if before else value
        elif kind == _SWITCH:
            _switch(head, slot, lower, value)
        elif kind == _DIRECTIVE:
            head.directives.setdefault(slot, value)
        elif kind == _LENGTH:
            length = int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else -2
            found[slot] = length if found.get(slot, length) == length else -2
        else:
            _other(head, name, lower, value)
    head.credential = head.authorization
    for slot in _KEY_SLOTS:
        key = found.get(slot, "") if slot == "x_goog_api_key" else found.pop(slot, "")
        head.credential = head.credential or key
    plain = found.pop("plain_cache_control", "")
    head.cache_control = head.cache_control or plain
    head.forward = _write(lines, found.pop("connection", ""))
    return head


def forward_without(items: list[tuple[str, str]], names: frozenset[str]) -> bytes:
    """The lines of `parse(items).forward` less those whose name (lower case) is in `names`."""
    lines: list[tuple[str, str]] = []
    connection = ""
    for name, value in items:
        if not name or name.strip(_TOKEN):
            continue
        lower = name.lower()
        if lower == "connection":
            if not _unfit(value, False):
                connection = f"{connection},{value}" if connection else value
        elif lower not in DROPPED and lower not in names and not lower.startswith(PREFIX) and not _unfit(value, True):
            lines.append((name, value))
    return _write(lines, connection)


def read_text(value: str, decoded: bool) -> str | None:
    """The text of a header of ours: its bytes as UTF-8, less percent-encoding where that is `decoded`. None where they
    are not UTF-8. Percent-encoding that is not UTF-8, or stands for control characters, is left as it is."""
    if not value.isascii() and max(value) <= "\xff":
        try:
            value = value.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return None
    if not decoded or "%" not in value:
        return value
    try:
        text = unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        return value
    return text if text.isprintable() else value


def _row_of(lower: str) -> _Row:
    """The row of a name that is not in the table."""
    if not lower.startswith(PREFIX):
        return _PLAIN
    return _PROPERTY if lower.startswith(PROPERTY) else _OURS


def _unfit(value: str, forwarded: bool) -> bool:
    if "\r" in value or "\n" in value or "\0" in value:
        return True
    return forwarded and not value.isascii() and max(value) > "\xff"


def _switch(head: Head, slot: str, lower: str, value: str) -> None:
    text = value.strip(" \t")
    state = _WORDS.get(text.lower() if text.isascii() else text, -2)
    before = getattr(head, slot)
    if state == -2 or before not in (-1, state):
        state = -2
        head.malformed.append((lower, value))
    setattr(head, slot, state)


def _other(head: Head, name: str, lower: str, value: str) -> None:
    if not lower.startswith(PROPERTY):
        head.unknown.setdefault(lower, value)
    elif len(lower) == len(PROPERTY):
        head.malformed.append((lower, value))
    else:
        key, spelling = lower[len(PROPERTY) :], name[len(PROPERTY) :]
        if key not in head.properties:
            head.properties[key] = value
            if spelling != key:
                head.property_names[key] = spelling


def _write(lines: list[tuple[str, str]], connection: str) -> bytes:
    if connection and connection != "keep-alive":
        listed = {word.strip(" \t").lower() for word in connection.split(",")}
        lines = [line for line in lines if line[0].lower() not in listed]
    return "".join([f"{name}: {value}\r\n" for name, value in lines]).encode("latin-1")
