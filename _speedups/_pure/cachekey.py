"""A key of a request that does not change with the order of JSON keys, white space or spelling of a value."""

import json
from hashlib import sha256
from typing import Any, Final, NamedTuple, NoReturn

import xxhash

__all__ = ["DEPTH_MAX", "IGNORED_MAX", "Key", "cache_key", "canonical_json"]

DEPTH_MAX: Final = 128
"""Arrays and objects nested deeper than this make a body that is taken as bytes."""
IGNORED_MAX: Final = 64
_EXPONENT_DIGITS_MAX: Final = 15
_Path = tuple[bytes, ...]


class Key(NamedTuple):
    """Two digests of the same bytes: `xx` (xxh3-128, 16 bytes) to find an entry, `digest` (SHA-256, 32 bytes) to
    make sure of it, for xxh3 resists no attacker."""

    xx: bytes
    digest: bytes


def cache_key(
    namespace: bytes | str,
    method: str,
    url: str,
    body: bytes,
    headers: list[tuple[str, str]],
    seed: str = "",
    ignored: tuple[str, ...] = (),
) -> Key:
    """The key of a request: of all arguments, each with its length before it, so that no two lists run together.

    The body counts as its canonical JSON, or as bytes where it is not JSON. Header names count without case and
    order. `ignored` are dotted paths left out of the body; they count themselves, in any order.
    """
    canonical = canonical_json(body, ignored)
    parts: list[bytes] = [
        b"key-2",
        namespace if isinstance(namespace, bytes) else _encode(namespace),
        _encode(method),
        _encode(url),
        _encode(seed),
        b"bytes" if canonical is None else b"json",
        body if canonical is None else canonical,
        b"%d" % len(ignored),
        *sorted(map(_encode, ignored)),
    ]
    for name, value in sorted([(name.lower(), value) for name, value in headers], key=_name):
        parts += _encode(name), _encode(value)
    return digest(parts)


def digest(parts: list[bytes]) -> Key:
    """The key of a list of byte strings."""
    frame = b"".join([chunk for part in parts for chunk in (len(part).to_bytes(8, "little"), part)])
    return Key(xxhash.xxh3_128_digest(frame), sha256(frame).digest())


def canonical_json(body: bytes, ignored: tuple[str, ...] = ()) -> bytes | None:
    """JSON of the same meaning in one spelling, less the `ignored` paths; None where `body` is not JSON in UTF-8, is
    nested deeper than DEPTH_MAX or holds an exponent of more than 15 digits.

    Keys are sorted; of a repeated key the last counts; strings are written as UTF-8 with only `"` and the backslash
    escaped; numbers as digits and exponent without zeros at the ends (`1`, `1.0` and `1e0` are one; no number is
    rounded). A path names keys, outermost first, joined by dots, and passes through arrays. Raises ValueError for
    more than 64 paths.
    """
    paths = split_paths(ignored)
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=tuple,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
        return _write(value, 0, paths)
    except (ValueError, RecursionError):
        return None


def split_paths(ignored: tuple[str, ...]) -> list[_Path]:
    """Each path as the canonical texts of its keys."""
    if len(ignored) > IGNORED_MAX:
        raise ValueError(f"{len(ignored)} ignored paths; expected at most {IGNORED_MAX}")
    return [tuple(_text(key) for key in path.split(".")) for path in ignored]


def _name(header: tuple[str, str]) -> bytes:
    return _encode(header[0])


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _text(value: str) -> bytes:
    return b'"%b"' % _encode(value.replace("\\", "\\\\").replace('"', '\\"'))


def _number(text: str) -> bytes:
    """A JSON number as digits and exponent; bytes, which no other JSON value becomes."""
    mantissa, _, power = text.replace("E", "e").partition("e")
    integer, _, fraction = mantissa.lstrip("-").partition(".")
    if len(power.lstrip("+-").lstrip("0")) > _EXPONENT_DIGITS_MAX:
        raise ValueError(text)
    digits = (integer + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return b"0"
    exponent = int(power or "0") - len(fraction) + len(digits) - len(significant)
    sign = "-" if mantissa[0] == "-" else ""
    return f"{sign}{significant}{f'e{exponent}' if exponent else ''}".encode()


def _write(value: Any, depth: int, paths: list[_Path]) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _text(value)
    if value is None or value is True or value is False:
        return b"null" if value is None else b"true" if value else b"false"
    if depth == DEPTH_MAX:
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return b"[%b]" % b",".join([_write(item, depth + 1, paths) for item in value])
    members: dict[bytes, bytes] = {}
    for key, item in value:  # an object, as the tuple of its pairs
        name = _text(key)
        inner = [path[1:] for path in paths if path[0] == name]
        text = _write(item, depth + 1, [path for path in inner if path])
        if all(inner):
            members[name] = text
    return b"{%b}" % b",".join([b"%b:%b" % member for member in sorted(members.items())])
