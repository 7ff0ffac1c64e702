"""Texts as a terminal may show them: control characters are escaped, so that none moves the cursor, changes a title,
hides a part or begins a line that looks like one of ours.
"""

from typing import Final

__all__ = ["in_json", "lines", "one_line"]

_BIDI: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What changes the order in which the characters around it are shown."""
_BREAKS: Final = (0x2028, 0x2029)
_C0, _C1 = range(0x20), range(0x7F, 0xA0)
_SURROGATES: Final = range(0xD800, 0xE000)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


_LINES: Final = {code: _escape(code) for code in (*_C0, *_C1, *_BIDI, *_BREAKS, *_SURROGATES) if code not in (9, 10)}
_ONE_LINE: Final = _LINES | {9: "\\t", 10: "\\n", 13: "\\r"}
_JSON: Final = {code: f"\\u{code:04x}" for code in (*_C1, *_BIDI, *_BREAKS, *_SURROGATES)}


def one_line(text: str) -> str:
    """`text` on one line, control characters as `\\x1b`."""
    return text if text.isprintable() else text.translate(_ONE_LINE)


def lines(text: str) -> str:
    """The same of a text of several lines: line breaks and tabs stay."""
    return text if text.isprintable() else text.translate(_LINES)


def in_json(text: str) -> str:
    """JSON with the control characters escaped that JSON itself allows. It means the same."""
    return text if text.isascii() and "\x7f" not in text else text.translate(_JSON)
