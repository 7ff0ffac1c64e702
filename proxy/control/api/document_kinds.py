"""What a saved document may hold, by kind. What is stored is what these structs give, with every field."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from proxy.metadata.documents import Kind
from proxy.metadata.errors import InvalidValue
from proxy.query import parse_filter

__all__ = ["BoardContent", "QueryContent", "Tile", "ViewContent", "checked_content"]

_MAX_BYTES: Final[dict[Kind, int]] = {"view": 16 << 10, "query": 256 << 10, "board": 128 << 10}

_Filter = Annotated[str, Meta(max_length=8000)]
_Word = Annotated[str, Meta(max_length=200)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class ViewContent(msgspec.Struct, forbid_unknown_fields=True):
    """A view of the explorer."""

    q: _Filter = ""
    """Filter, as text."""
    since: _Word = ""
    until: _Word = ""
    zone: Literal["", "local", "utc"] = ""
    sort: _Word = ""
    """A column, `-` before it for the highest first."""
    columns: Annotated[list[_Name], Meta(max_length=100)] = []
    """Empty: the usual ones."""


class ResultChart(msgspec.Struct, forbid_unknown_fields=True):
    """How a result is drawn; columns by name."""

    type: Literal["line", "bar", "area"] = "line"
    x: _Word = ""
    y: Annotated[list[_Name], Meta(max_length=20)] = []
    series: _Word = ""


class QueryContent(msgspec.Struct, forbid_unknown_fields=True):
    """A SQL query."""

    sql: Annotated[str, Meta(max_length=65_536)]
    chart: ResultChart | None = None


class Tile(msgspec.Struct, forbid_unknown_fields=True):
    """One tile of a board: a question to the metrics API, how it is drawn, and its place on a grid of 12 columns."""

    id: _Name
    type: Literal["line", "area", "bar", "number", "list", "table", "heatmap"]
    measures: Annotated[list[_Name], Meta(min_length=1, max_length=6)]
    title: _Word = ""
    dimensions: Annotated[list[_Name], Meta(max_length=4)] = []
    q: _Filter = ""
    """Filter, besides that of the board."""
    since: _Word = ""
    """Empty: the range of the board."""
    until: _Word = ""
    bucket: _Word = ""
    top: Annotated[int, Meta(ge=0, le=100)] = 0
    """0: the usual number of groups."""
    x: Annotated[int, Meta(ge=0, le=11)] = 0
    y: Annotated[int, Meta(ge=0, le=999)] = 0
    w: Annotated[int, Meta(ge=1, le=12)] = 4
    h: Annotated[int, Meta(ge=1, le=20)] = 4


class BoardContent(msgspec.Struct, forbid_unknown_fields=True):
    """A page of charts."""

    tiles: Annotated[list[Tile], Meta(max_length=40)] = []
    note: Annotated[str, Meta(max_length=2000)] = ""
    q: _Filter = ""
    """The filter that it opens with."""
    since: _Word = ""
    """The range that it opens with."""
    until: _Word = ""


_KINDS: Final[dict[Kind, type[ViewContent] | type[QueryContent] | type[BoardContent]]] = {
    "view": ViewContent, "query": QueryContent, "board": BoardContent,
}  # fmt: skip


def checked_content(kind: Kind, content: dict[str, Any]) -> str:
    """The content as JSON, with every field of its kind. Raises `InvalidValue` or `FilterError` with the path."""
    if len(msgspec.json.encode(content)) > _MAX_BYTES[kind]:
        size = f"{_MAX_BYTES[kind] >> 10} KiB"
        raise InvalidValue("content", f"more than {size}", f"at most {size} of JSON for a {kind}")
    try:
        found = msgspec.convert(content, _KINDS[kind])
    except msgspec.ValidationError as error:
        what, _, place = str(error).rpartition(" - at `$")
        path = "content" + place.removesuffix("`") if what else "content"
        raise InvalidValue(path, what or str(error), f"the content of a {kind}, see docs/documents.md") from None
    if isinstance(found, ViewContent | BoardContent):
        parse_filter(found.q, "content.q")
    if isinstance(found, BoardContent):
        for at, tile in enumerate(found.tiles):
            parse_filter(tile.q, f"content.tiles[{at}].q")
        if len({tile.id for tile in found.tiles}) < len(found.tiles):
            raise InvalidValue("content.tiles", "two tiles with one id", "an id for each tile")
    return msgspec.json.encode(found).decode()
