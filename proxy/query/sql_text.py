"""Reads the text of a caller's SQL: one SELECT, its words, its parameters. Everything in doubt is refused.

The engine parses it again, and what it finds is checked again (`logstore/sql_check.py`): this is for clear messages,
and for what must be known of the text.
"""

import re
from typing import Final

import msgspec

from proxy.query.errors import SqlError

__all__ = ["MAX_SQL_CHARS", "Statement", "read_statement"]

MAX_SQL_CHARS: Final = 65_536
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)
      |(?P<string>'(?:[^'\\]|\\.|'')*')
      |(?P<name>[^\W\d]\w*|`[^`\\\r\n]+`|"[^"\\\r\n]+")
      |(?P<number>\d[\w.]*)
      |(?P<parameter>\{\s*(?P<parameter_name>[A-Za-z_]\w*)\s*:(?P<parameter_type>[^{}'"`;]+)\})
      |(?P<sign>[-+*/%=<>!|&^~?:.,(){}\[\]@;])""",
    re.X | re.S,
)
_WHAT: Final = {
    "'": "text that ends with '",
    '"': 'a name that ends with " and has no line break or backslash',
    "`": "a name that ends with ` and has no line break or backslash",
    "/": "a comment that ends with */",
    "#": "a comment that begins with --",
    "$": "text in '…'",
}


class Statement(msgspec.Struct, frozen=True):
    """A statement that begins with SELECT or WITH."""

    text: str
    """Without the `;` at its end."""
    words: frozenset[str]
    """Names and keywords in it as they are spelled, without quotes."""
    parameters: dict[str, str]
    """Types by name."""
    all_columns: bool
    """Whether there is a `*` in it."""


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """In upper case, where it is a word without quotes."""
        return self.text.upper() if self.kind == "name" and self.text[0] not in '"`' else ""


def read_statement(sql: str) -> Statement:
    """Raises `SqlError` for anything but one SELECT without clauses that are the server's business."""
    if len(sql) > MAX_SQL_CHARS:
        raise SqlError(f"the statement has {len(sql):,} characters; at most {MAX_SQL_CHARS:,} are accepted")
    parameters: dict[str, str] = {}
    tokens: list[_Token] = []
    at = 0
    while at < len(sql):
        found = _TOKEN.match(sql, at)
        if found is None:
            line = sql.count("\n", 0, at) + 1
            expected = _WHAT.get(sql[at], "SQL; write other characters in text: '…'")
            raise SqlError(f"line {line}: found {sql[at : at + 20]!r}; expected {expected}")
        kind = str(found.lastgroup if found.lastgroup in ("space", "string", "name", "number", "sign") else "parameter")
        if kind == "parameter":
            _add_parameter(parameters, found["parameter_name"], found["parameter_type"].strip())
        if kind != "space":
            tokens.append(_Token(kind, found[0], at))
        at = found.end()
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    _check(tokens)
    last = tokens[-1]
    return Statement(
        text=sql[: last.at + len(last.text)],
        words=frozenset(token.text.strip('"`') for token in tokens if token.kind == "name"),
        parameters=parameters,
        all_columns=any(token.text == "*" for token in tokens),
    )


def _add_parameter(parameters: dict[str, str], name: str, type: str) -> None:
    if "identifier" in type.lower():
        raise SqlError(f"parameter {name} is {type}; a parameter is a value: String, UInt64, Array(String), …")
    if parameters.setdefault(name, type) != type:
        raise SqlError(f"parameter {name} is {parameters[name]} in one place and {type} in another")


def _check(tokens: list[_Token]) -> None:
    if not tokens:
        raise SqlError("there is no statement; write a SELECT")
    if any(token.text == ";" for token in tokens):
        raise SqlError("there is more than one statement; write one SELECT")
    if tokens[0].word not in ("SELECT", "WITH"):
        raise SqlError(f"the statement begins with {tokens[0].text[:40]}; only SELECT is accepted, and WITH … SELECT")
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else None
        if token.word == "OUTFILE":
            raise SqlError("INTO OUTFILE is not accepted; ask for a format to get a file")
        if token.word == "SETTINGS" and following is not None and following.kind == "name":
            raise SqlError("SETTINGS is not accepted; limits of a query are members of the request")
    if len(tokens) > 2 and tokens[-2].word == "FORMAT" and tokens[-1].kind == "name":
        raise SqlError("FORMAT is not accepted; ask for a format in the request: json, csv, jsonl or parquet")
