"""The one-line text form of a filter: `status>=400 user:ada property.feature:search cost>0.01 "refund policy"`.

    filter     = any ("OR" any)*            conditions beside each other must all hold; AND may stand between them
    condition  = ["NOT" | "-"] ( "(" filter ")" | comparison | word | "phrase" )
    comparison = column operator value

| operator | meaning | value |
|---|---|---|
| `:` `=` | equals | a word, `"quoted text"`, `(a, b)` any of these, `1..5` from 1 to 5 |
| `:` `=` | begins with, is set | `a*` or `"a b"*`, `*` |
| `!=` | differs | the same |
| `>` `>=` `<` `<=` | compares | a number (`2s`, `10k`, `$0.01`), a time (`7d`, `2026-01-31`) |
| `~` `!~` | contains, does not contain | a word or quoted text |
| `=~` | matches | a regular expression (RE2), quoted where it holds spaces or brackets |

Of `status`, `4xx` is a value. `since:7d` and `until:1h` compare `start`. A word by itself, and a phrase, search the
text of prompt and response.
"""

import re
from typing import Any, Final

from proxy.query.check import check_leaf
from proxy.query.columns import Column, find_column
from proxy.query.errors import FilterError
from proxy.query.tree import EVERYTHING, MAX_DEPTH, MAX_LEAVES, And, Leaf, Node, Not, Op, Or

__all__ = ["parse_text", "to_text"]

_MAX_LENGTH: Final = 10_000
_COMPARISON: Final = re.compile(
    r"([A-Za-z][\w.@/-]*?|(?:property|score)\.\"(?:[^\"\\]|\\.)*\")(!=|!~|=~|>=|<=|[:=<>~])"
)
_WORD: Final = re.compile(r"[^\s()\"]+")
_VALUE: Final = re.compile(r"[^\s()\",]+")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SPACE: Final = re.compile(r"\s*")
_NUMBER: Final = re.compile(r"\$?([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(ms|s|m|h|k|M)?\Z", re.IGNORECASE)
_DURATIONS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_MULTIPLES: Final = {"k": 1_000, "M": 1_000_000}
_ORDER_OPS: Final[dict[str, Op]] = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_CLASS: Final = re.compile(r"([1-5])xx\Z", re.IGNORECASE)


class _Quoted(str):
    """A value that was written in quotes: none of its characters has a meaning."""


def parse_text(text: str, parameter: str = "filter") -> Node:
    """The tree of a text form; empty text is everything. Raises `FilterError` with the place of the fault."""
    if len(text) > _MAX_LENGTH:
        raise FilterError(parameter, f"{len(text)} characters", f"at most {_MAX_LENGTH}")
    return _Parser(text, parameter).parse()


class _Parser:
    def __init__(self, text: str, parameter: str) -> None:
        self._text = text
        self._at = 0
        self._parameter = parameter
        self._leaves = 0

    def parse(self) -> Node:
        node = self._any(0)
        self._skip_space()
        if self._at < len(self._text):
            raise self._fault(self._text[self._at], "an opening bracket before the closing one")
        return node

    def _any(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._fault("deeper nesting", f"at most {MAX_DEPTH} levels")
        nodes = [self._all(depth)]
        while self._take_word("OR"):
            nodes.append(self._all(depth))
        if len(nodes) == 1:
            return nodes[0]
        if EVERYTHING in nodes:
            raise self._fault("OR", "a condition on both sides of OR")
        return Or(tuple(nodes))

    def _all(self, depth: int) -> Node:
        nodes: list[Node] = []
        while True:
            self._skip_space()
            if self._at >= len(self._text) or self._text[self._at] == ")" or self._looks_at("OR"):
                return nodes[0] if len(nodes) == 1 else And(tuple(nodes))
            if self._take_word("AND"):
                continue
            nodes.append(self._condition(depth))

    def _condition(self, depth: int) -> Node:
        self._skip_space()
        if depth > MAX_DEPTH:
            raise self._fault("deeper nesting", f"at most {MAX_DEPTH} levels")
        if self._take_word("NOT") or self._take("-"):
            self._skip_space()
            if self._at >= len(self._text) or self._text[self._at] == ")":
                raise self._fault("NOT", "a condition after NOT or -")
            return Not(self._condition(depth + 1))
        if self._take("("):
            node = self._any(depth + 1)
            self._skip_space()
            if not self._take(")"):
                raise self._fault(self._text[self._at : self._at + 10] or "the end", "a closing bracket")
            return node
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise self._fault("one more comparison", f"at most {MAX_LEAVES} in one filter")
        found = _COMPARISON.match(self._text, self._at)
        if found:
            return self._comparison(found)
        quoted = _QUOTED.match(self._text, self._at)
        if quoted:
            self._at = quoted.end()
            return self._checked(Leaf("text", "eq", _unescape(quoted[1])), quoted.start())
        word = _WORD.match(self._text, self._at)
        if word is None:
            raise self._fault(self._text[self._at :][:20], 'a condition; a quotation ends with "')
        self._at = word.end()
        return self._checked(Leaf("text", "contains", word[0]), word.start())

    def _comparison(self, found: re.Match[str]) -> Node:
        name, sign = found[1], found[2]
        prefix, quote, rest = name.partition('."')
        if quote:
            name = f"{prefix}.{_unescape(rest[:-1])}"
        self._at = found.end()
        if name in ("since", "until"):
            if sign not in (":", "="):
                raise self._fault(sign, f"{name}:<time>")
            return self._checked(
                Leaf("start", "gte" if name == "since" else "lt", str(self._value(name))), found.start()
            )
        try:
            column = find_column(self._where(found.start()), name)
        except FilterError as error:
            raise FilterError(
                error.parameter, name, error.accepted + "; or quote it to search for it as text"
            ) from None
        start = self._at
        if sign == "=~":
            return self._checked(Leaf(name, "matches", str(self._value(name, pattern=True))), start)
        if sign in ("~", "!~"):
            leaf = self._checked(Leaf(name, "contains", str(self._value(name))), start)
            return Not(leaf) if sign == "!~" else leaf
        if sign in _ORDER_OPS:
            return self._checked(
                Leaf(name, _ORDER_OPS[sign], self._operand(column, self._value(name), start, True)), start
            )
        node = self._equality(column, name, start)
        if sign != "!=":
            return node
        return Leaf(node.column, "ne", node.value) if isinstance(node, Leaf) and node.op == "eq" else Not(node)

    def _equality(self, column: Column, name: str, start: int) -> Node:
        if self._take("("):
            values = tuple(self._operand(column, each, start, False) for each in self._list(name))
            return self._checked(Leaf(name, "in", values), start)
        value = self._value(name)
        if isinstance(value, _Quoted) and column.kind == "text" and self._take("*"):
            return self._checked(Leaf(name, "starts_with", str(value)), start)
        if column.kind == "search":
            return self._checked(Leaf(name, "eq" if isinstance(value, _Quoted) else "contains", str(value)), start)
        if not isinstance(value, _Quoted):
            if value == "*":
                return self._checked(Leaf(name, "exists"), start)
            low, dots, high = value.partition("..")
            if dots and low and high and column.kind in ("number", "time", "text"):
                order = column.kind != "time"
                pair = tuple(self._operand(column, each, start, order) for each in (low, high))
                if column.kind != "text" or all(isinstance(each, int | float) for each in pair):
                    return self._checked(Leaf(name, "between", pair), start)
            status = _CLASS.match(value) if name == "status" else None
            if status:
                low_code = int(status[1]) * 100
                return self._checked(Leaf(name, "between", (low_code, low_code + 99)), start)
            if value.endswith("*") and column.kind == "text" and "*" not in value[:-1]:
                return self._checked(Leaf(name, "starts_with", value[:-1]), start)
        return self._checked(Leaf(name, "eq", self._operand(column, value, start, False)), start)

    def _list(self, name: str) -> list[str]:
        values: list[str] = []
        while True:
            self._skip_space()
            if self._take(")"):
                return values
            if values and not self._take(","):
                raise self._fault(self._text[self._at :][:10] or "the end", "a comma or a closing bracket")
            self._skip_space()
            values.append(self._value(name))

    def _value(self, name: str, *, pattern: bool = False) -> str:
        quoted = _QUOTED.match(self._text, self._at)
        if quoted:
            self._at = quoted.end()
            return _Quoted(_unescape(quoted[1]))
        found = (re.compile(r"[^\s\"]+") if pattern else _VALUE).match(self._text, self._at)
        if found is None:
            raise self._fault(
                self._text[self._at :][:10] or "the end", f"a value of {name}; text with spaces in quotes"
            )
        self._at = found.end()
        return found[0]

    def _operand(self, column: Column, value: str, start: int, order: bool) -> Any:
        if column.kind == "number" or (column.kind == "text" and order and not isinstance(value, _Quoted)):
            found = _NUMBER.match(value)
            if found is None:
                if column.kind == "text" and order:
                    return str(value)
                raise FilterError(self._where(start), value, "a number like 5, 0.01, 2s or 10k")
            number: float = float(found[1])
            suffix = found[2] or ""
            if suffix.lower() in _DURATIONS and column.unit == "ms":
                number *= _DURATIONS[suffix.lower()]
            elif suffix in _MULTIPLES:
                number *= _MULTIPLES[suffix]
            elif suffix:
                raise FilterError(self._where(start), value, "a number like 5, 0.01 or 10k")
            return int(number) if number.is_integer() and abs(number) < 1e15 else number
        if column.kind == "bool":
            if value.lower() not in ("true", "false"):
                raise FilterError(self._where(start), value, "true or false")
            return value.lower() == "true"
        return str(value)

    def _checked(self, leaf: Leaf, start: int) -> Leaf:
        where = self._where(start)
        try:
            return check_leaf(leaf, where)
        except FilterError as error:  # `.value` is a place in JSON
            raise FilterError(where, error.found, error.accepted) from None

    def _where(self, at: int) -> str:
        return f"{self._parameter} at character {at + 1}"

    def _fault(self, found: str, accepted: str) -> FilterError:
        return FilterError(self._where(min(self._at, len(self._text))), found, accepted)

    def _skip_space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False

    def _looks_at(self, word: str) -> bool:
        end = self._at + len(word)
        return self._text.startswith(word, self._at) and (end == len(self._text) or self._text[end] in ' \t\r\n()"')

    def _take_word(self, word: str) -> bool:
        self._skip_space()
        if self._looks_at(word):
            self._at += len(word)
            return True
        return False


def to_text(node: Node) -> str:
    """Text that `parse_text` makes an equal filter of."""
    return _print(node, 0)


def _print(node: Node, level: int) -> str:
    """Level 0 is the whole, 1 stands in an `Or`, 2 in an `And` or `Not`."""
    match node:
        case And(nodes):
            if not nodes:
                return "" if level == 0 else "start>=1970-01-01"
            text = " ".join(_print(each, 2) for each in nodes)
            return f"({text})" if level == 2 else text
        case Or(nodes):
            if not nodes:
                return "start<1970-01-01"
            text = " OR ".join(_print(each, 1) for each in nodes)
            return f"({text})" if level else text
        case Not(inner):
            return f"NOT {_print(inner, 2)}"
        case Leaf():
            return _print_leaf(node)


_PLAIN: Final = re.compile(r"[\w@+/][\w@+./:-]*\Z")
_PLAIN_WORD: Final = re.compile(r"\w+\Z")
_SIGN_OF_OP: Final = {"eq": ":", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "contains": "~"}


def _print_leaf(leaf: Leaf) -> str:
    kind = find_column("column", leaf.column).kind
    name = _print_name(leaf.column)
    match leaf.op:
        case "exists":
            return f"{name}:*"
        case "in":
            return f"{name}:({', '.join(_print_value(each) for each in leaf.value)})"
        case "between" if kind == "time":
            return f"({name}>={_print_value(leaf.value[0])} {name}<={_print_value(leaf.value[1])})"
        case "between":
            return f"{name}:{_print_value(leaf.value[0])}..{_print_value(leaf.value[1])}"
        case "starts_with":
            return f"{name}:{_print_value(leaf.value)}*"
        case "matches":
            return f"{name}=~{_quote(leaf.value)}"
        case "eq" if kind == "search":
            return _quote(leaf.value)
        case "contains" if kind == "search":
            is_word = _PLAIN_WORD.match(leaf.value) and leaf.value not in ("AND", "OR", "NOT")
            return leaf.value if is_word else f"{name}~{_quote(leaf.value)}"
        case _:
            return f"{name}{_SIGN_OF_OP[leaf.op]}{_print_value(leaf.value)}"


def _print_name(name: str) -> str:
    prefix, dot, rest = name.partition(".")
    return name if not dot or re.match(r"[\w.@/-]+\Z", rest) else f"{prefix}.{_quote(rest)}"


def _print_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return value if _PLAIN.match(value) and ".." not in value and not _CLASS.match(value) else _quote(value)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
