"""Prompt templates: JSON with placeholders in its strings, compiled once and filled in many times.

    {{name}}                    a variable
    {{hc:name:type}}            the same, its type checked: string, number or boolean
    {{hcp:prompt:index[:env]}}  the text of message `index` of another prompt, with the same variables

Keys are not touched. What is put in is never looked at again. In `tools` and `response_format` a string that is one
placeholder and nothing else takes the typed value; elsewhere numbers and booleans become their JSON text.

Templates multiply what they are given, so what is made is counted while it is made: 1 MiB of characters, or four times
the texts and values that it is made of where that is more.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, cast

import msgspec

from proxy.core.errors import BadRequest
from proxy.core.rendering import MOST_PLACES, Path, Rendering, shown_path, too_large

__all__ = ["Partials", "Template", "Variable", "fill", "merge", "parse"]

Kind = Literal["string", "number", "boolean"]
Partials = Callable[[str, int, str], "Template | None"]

_MARK: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.-]{0,63}"
_PLAIN: Final = re.compile(rf"\s*({_NAME})\s*")
_TYPED: Final = re.compile(rf"\s*hc:({_NAME}):(string|number|boolean)\s*")
_PARTIAL: Final = re.compile(r"\s*hcp:([A-Za-z0-9][A-Za-z0-9._-]{0,127}):(\d{1,4})(?::([a-z0-9][a-z0-9._-]{0,63}))?\s*")
_ACCEPTED: Final = "{{name}}, {{hc:name:string|number|boolean}} or {{hcp:prompt:index[:environment]}}"
_DEEPEST: Final = 8
_MOST_PARTIALS: Final = 1000
"""In one rendering: each could hold many others, and so on to the depth."""
_TYPED_PLACES: Final = ("tools", "response_format")


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared variable. Without a type it has that of its uses, else string; without a default it must be given."""

    name: str
    type: Kind | msgspec.UnsetType = msgspec.UNSET
    default: Any = msgspec.UNSET


class _Use(msgspec.Struct, frozen=True):
    name: str
    kind: Kind | Literal[""]
    """Empty: any."""


class _Include(msgspec.Struct, frozen=True):
    prompt: str
    index: int
    environment: str


_Part = str | _Use | _Include


class _Spot(msgspec.Struct, frozen=True):
    """A string with placeholders: where it stands and what it is made of."""

    path: Path
    parts: tuple[_Part, ...]
    typed: bool


class Template:
    """A compiled body."""

    def __init__(self, body: dict[str, Any], spots: list[_Spot], variables: dict[str, Variable]) -> None:
        self._body = body
        self._spots = spots
        self._by_path = {spot.path: spot for spot in spots}
        self._variables = variables

    @property
    def names(self) -> dict[str, Variable]:
        """Every variable it needs, as declared or as used."""
        found = dict(self._variables)
        for use in self._uses():
            found.setdefault(use.name, Variable(use.name, use.kind or "string"))
        return found

    @property
    def partials(self) -> list[tuple[str, int, str]]:
        """(prompt, index, environment) of each text that it takes from elsewhere."""
        return [
            (part.prompt, part.index, part.environment)
            for spot in self._spots
            for part in spot.parts
            if isinstance(part, _Include)
        ]

    def check_partials(self, partials: Partials) -> None:
        """Raises `BadRequest` (`invalid_template`), with the path of the text in this body, where one of its partials
        leads back to itself. One that is not there may come later."""
        counted = _counted(partials)
        for spot in self._spots:
            _follow(spot, spot, counted, ())

    def render(self, values: Mapping[str, Any], partials: Partials | None = None) -> dict[str, Any]:
        """A new body. Raises `BadRequest`: `missing_variable`, `wrong_variable_type`, `invalid_template` for a partial
        that is not there or leads back to itself, `filled_too_large` where values or partials multiply."""
        made = Rendering(values)
        counted = _counted(partials) if partials is not None else None
        made.allow(sum(map(_literal_chars, self._spots)))
        body = dict(self._body)
        copied: set[Path] = set()
        for spot in self._spots:
            holder: Any = body
            for depth in range(1, len(spot.path)):
                step = spot.path[depth - 1]
                if spot.path[:depth] not in copied:
                    copied.add(spot.path[:depth])
                    holder[step] = holder[step].copy()
                holder = holder[step]
            holder[spot.path[-1]] = self._value(spot, made, counted, ())
        return body

    def text_of(self, index: int, made: Rendering, partials: Partials | None, above: tuple[str, ...]) -> str:
        """The text of one message, filled in: what a partial stands for."""
        messages = self._body.get("messages")
        if not isinstance(messages, list) or index >= len(messages):
            raise _bad(f"$.messages[{index}]", f"no message {index}", "the number of a message of that prompt")
        content = messages[index].get("content") if isinstance(messages[index], dict) else None
        place: Path = ("messages", index, "content")
        spot = self._by_path.get(place)
        if spot is not None:
            made.allow_once((id(self), index), _literal_chars(spot))
            return str(self._value(spot, made, partials, above))
        if not isinstance(content, str):
            raise _bad(shown_path(place), type(content).__name__, "a message whose content is text")
        made.allow_once((id(self), index), len(content))
        return made.take(content, place)

    def _value(self, spot: _Spot, made: Rendering, partials: Partials | None, above: tuple[str, ...]) -> Any:
        if spot.typed and len(spot.parts) == 1 and isinstance(spot.parts[0], _Use):
            value = self._given(spot, spot.parts[0], made.values)
            made.put(spot.parts[0].name, value, spot.path)
            return value
        out: list[str] = []
        for part in spot.parts:
            if isinstance(part, str):
                out.append(made.take(part, spot.path))
            elif isinstance(part, _Use):
                out.append(made.put(part.name, self._given(spot, part, made.values), spot.path))
            else:
                out.append(_included(spot, part, made, partials, above))
        return "".join(out)

    def _given(self, spot: _Spot, use: _Use, values: Mapping[str, Any]) -> Any:
        declared = self._variables.get(use.name)
        if use.name in values:
            value = values[use.name]
        elif declared is not None and declared.default is not msgspec.UNSET:
            value = declared.default
        else:
            raise BadRequest(
                f"Variable {use.name!r} is missing; it is used at {shown_path(spot.path)}.",
                code="missing_variable", param=use.name,
            )  # fmt: skip
        for kind in (use.kind, declared.type if declared is not None else ""):
            if kind and not _fits(value, kind) and not (kind == "string" and not use.kind and spot.typed):
                raise BadRequest(
                    f"Variable {use.name!r} is {_named(value)}; it is used as a {kind} at {shown_path(spot.path)}.",
                    code="wrong_variable_type", param=use.name,
                )  # fmt: skip
        return value

    def _uses(self) -> Iterator[_Use]:
        for spot in self._spots:
            yield from (part for part in spot.parts if isinstance(part, _Use))


def parse(body: dict[str, Any], variables: Sequence[Variable] = ()) -> Template:
    """Compiles a body. Raises `BadRequest` (`invalid_template`) with the path to the fault in `param`."""
    declared: dict[str, Variable] = {}
    for at, variable in enumerate(variables):
        path = f"variables[{at}]"
        if not re.fullmatch(_NAME, variable.name):
            raise _bad(f"{path}.name", variable.name, "letters, digits, '_', '.' and '-', at most 64")
        if variable.name in declared:
            raise _bad(f"{path}.name", variable.name, "each name once")
        declared[variable.name] = variable
    spots: list[_Spot] = []
    kinds = {name: variable.type for name, variable in declared.items() if variable.type is not msgspec.UNSET}
    places = 0
    for place, text in _strings(body, (), 0):
        if "{{" not in text and "}}" not in text:
            continue
        places += text.count("{{")
        if places > MOST_PLACES:
            raise _bad(shown_path(place), f"more than {MOST_PLACES} placeholders", f"at most {MOST_PLACES}")
        parts = tuple(_parts(text, place))
        for part in parts:
            if isinstance(part, _Use) and part.kind and kinds.setdefault(part.name, part.kind) != part.kind:
                raise _bad(
                    shown_path(place), f"{part.name} as {part.kind}", f"one type; elsewhere it is {kinds[part.name]}"
                )
        spots.append(_Spot(place, parts, place[0] in _TYPED_PLACES))
    for at, (name, variable) in enumerate(declared.items()):
        kind = kinds.get(name, "string")
        if variable.default is not msgspec.UNSET and not _fits(variable.default, kind):
            raise _bad(f"variables[{at}].default", _named(variable.default), f"a {kind}")
        declared[name] = Variable(name, kind, variable.default)
    return Template(body, spots, declared)


def fill(body: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A caller's own body with its variables filled in. Text that is no placeholder of ours stays: a caller may say
    anything. Raises `BadRequest` for a variable that is missing or of the wrong type."""
    spots: list[_Spot] = []
    places = 0
    for path, text in _strings(body, (), 0):
        if "{{" in text:
            places += text.count("{{")
            if places > MOST_PLACES:
                raise too_large(path, f"more than {MOST_PLACES} placeholders")
            spots.append(_Spot(path, tuple(_parts(text, path, strict=False)), path[0] in _TYPED_PLACES))
    return Template(body, spots, {}).render(values) if spots else body


def merge(prompt: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    """What goes out where a call names a prompt: the call's members over the prompt's, the prompt's messages first."""
    merged = {**prompt, **{name: value for name, value in call.items() if name != "messages"}}
    if not call.get("model") and "model" in prompt:
        merged["model"] = prompt["model"]
    own, theirs = prompt.get("messages"), call.get("messages")
    if isinstance(own, list) or isinstance(theirs, list):
        merged["messages"] = [*(own if isinstance(own, list) else []), *(theirs if isinstance(theirs, list) else [])]
    return merged


def _counted(partials: Partials) -> Partials:
    """The same, for so many of them; each is looked up once."""
    left = _MOST_PARTIALS
    found: dict[tuple[str, str], Template | None] = {}

    def counted(prompt: str, index: int, environment: str) -> "Template | None":
        nonlocal left
        left -= 1
        if left < 0:
            raise _bad(
                "$", f"more than {_MOST_PARTIALS} partials", f"at most {_MOST_PARTIALS}, those within others too"
            )
        key = (prompt, environment)
        if key not in found:
            found[key] = partials(prompt, index, environment)
        return found[key]

    return counted


def _follow(first: _Spot, spot: _Spot, partials: Partials, above: tuple[str, ...]) -> None:
    for part in spot.parts:
        if isinstance(part, _Include):
            name = _passed(first, part, above)
            template = partials(part.prompt, part.index, part.environment)
            place = ("messages", part.index, "content")
            for inner in template._spots if template is not None else ():
                if inner.path == place:
                    _follow(first, inner, partials, (*above, name))


def _passed(spot: _Spot, part: _Include, above: tuple[str, ...]) -> str:
    """The partial's name, where it does not lead back."""
    name = f"{part.prompt}:{part.index}" + (f":{part.environment}" if part.environment else "")
    if name in above or len(above) >= _DEEPEST:
        way = " -> ".join((*above, name))
        raise _bad(shown_path(spot.path), way, f"partials without a cycle, at most {_DEEPEST} deep")
    return name


def _included(spot: _Spot, part: _Include, made: Rendering, partials: Partials | None, above: tuple[str, ...]) -> str:
    name = _passed(spot, part, above)
    template = partials(part.prompt, part.index, part.environment) if partials is not None else None
    if template is None:
        raise _bad(shown_path(spot.path), name, "a prompt of this organisation, and an environment that it has")
    return template.text_of(part.index, made, partials, (*above, name))


def _strings(value: Any, path: Path, depth: int) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if path:
            yield path, value
    elif depth > 64:
        raise _bad(shown_path(path)[:80] + "…", "deeper than 64", "at most 64 levels")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, (*path, key), depth + 1)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _strings(inner, (*path, at), depth + 1)


def _parts(text: str, path: Path, strict: bool = True) -> Iterator[_Part]:
    at = 0
    for mark in _MARK.finditer(text):
        part = _part(mark[1])
        if part is None:
            if strict:
                raise _bad(f"{shown_path(path)}", f"{mark[0][:60]} at character {mark.start() + 1}", _ACCEPTED)
            continue
        before = text[at : mark.start()]
        if strict and ("{{" in before or "}}" in before):
            break
        if before:
            yield before
        yield part
        at = mark.end()
    rest = text[at:]
    if strict and ("{{" in rest or "}}" in rest):
        place = min(found for found in (rest.find("{{"), rest.find("}}")) if found >= 0)
        raise _bad(shown_path(path), f"{rest[place : place + 40]} at character {at + place + 1}", _ACCEPTED)
    if rest:
        yield rest


def _part(inside: str) -> _Part | None:
    plain = _PLAIN.fullmatch(inside)
    if plain is not None:
        return _Use(plain[1], "")
    typed = _TYPED.fullmatch(inside)
    if typed is not None:
        return _Use(typed[1], cast(Kind, typed[2]))
    partial = _PARTIAL.fullmatch(inside)
    return _Include(partial[1], int(partial[2]), partial[3] or "") if partial is not None else None


def _literal_chars(spot: _Spot) -> int:
    return sum(len(part) for part in spot.parts if isinstance(part, str))


def _fits(value: Any, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _named(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def _bad(path: str, found: str, accepted: str) -> BadRequest:
    return BadRequest(f"{path}: found {found}; accepted: {accepted}.", code="invalid_template", param=path)
