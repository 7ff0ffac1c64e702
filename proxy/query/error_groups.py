"""What failed calls are grouped by: whose failure it is, and the shape of the message."""

from typing import Final

__all__ = ["ERROR_ORIGIN", "ERROR_SHAPE", "MAX_MESSAGE"]

_PLACEHOLDERS: Final = (
    (r"""["][^"]*["]|`[^`]*`|(^|[\s(:=\[])'[^']*'""", r"\1<text>"),
    (r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>]+", "<url>"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9:]+)?", "<time>"),
    (r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "<id>"),
    (r"\b[0-9]+([.,:][0-9]+)*(ms|s|m|h|k|K|M)?\b", "<n>"),
    (
        r"\b[A-Za-z0-9_-]*([A-Za-z_][A-Za-z0-9_-]*[0-9]|[0-9][A-Za-z0-9_-]*[A-Za-z_])[A-Za-z0-9_-]*",
        "<id>",
    ),
    (r"\s+", " "),
)
"""What differs between messages of one error, and what stands in its place; applied in this order."""
MAX_MESSAGE: Final = 1000


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _shape() -> str:
    sql = f"substringUTF8(error_message, 1, {MAX_MESSAGE})"
    for pattern, placeholder in _PLACEHOLDERS:
        sql = f"replaceRegexpAll({sql}, {_literal(pattern)}, {_literal(placeholder)})"
    return f"trimBoth({sql})"


ERROR_SHAPE: Final = _shape()
"""Expression over `requests`."""

ERROR_ORIGIN: Final = (
    "multiIf(error = '' AND status < 400 AND outcome = 'success', '',"
    " error = 'client_left', 'client',"
    " outcome IN ('success', 'response_error') OR startsWith(error, 'upstream_') OR error = 'answer_too_large',"
    " 'provider',"
    " error = 'rate_limited', 'limit', 'gateway')"
)
"""Expression over `requests`."""
