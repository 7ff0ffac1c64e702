"""What the `x-sim-*` headers of one call ask for."""

import base64
from collections.abc import Mapping

import msgspec

__all__ = ["BadScript", "Script", "parse"]

_STATUSES = (400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 529)
_ENCODINGS = ("gzip", "br", "deflate", "zstd")


class BadScript(Exception):
    """An `x-sim-*` header that cannot be followed; says which, what was found and what is accepted."""


class Script(msgspec.Struct, kw_only=True):
    """Header `x-sim-delay-ms` is field `delay_ms`, and so on. -1 and "" are "not asked for"."""

    delay_ms: float = 0
    """Before the first byte."""
    chunk_ms: float = 0
    """Between the chunks of a stream."""
    chunks: int = 8
    chunk_bytes: int = 6
    answer_bytes: int = 48
    input_tokens: int = -1
    output_tokens: int = -1
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    status: int = 200
    retry_after: str = ""
    retry_after_ms: str = ""
    fail_times: int = -1
    """With `fail_key`: so many calls of that key get `status`, `reset` or `stall`, those after it succeed."""
    fail_key: str = ""
    reset: str = ""
    """`before`, `head`, or a number of chunks: then the socket is reset."""
    stall: str = ""
    """`before`, or a number of chunks: then nothing more comes."""
    encoding: str = ""
    """A content encoding; with `!` behind it also for a caller that does not accept it."""
    split: str = ""
    """Body in pieces of so many bytes, each a chunk and a write of its own; `r<seed>`: of 1 to 97 bytes."""
    framing: str = ""
    """`chunked`, `length` or `close`."""
    say: str = ""
    """The text of the answer, as base64 of UTF-8."""
    think: str = ""
    """The reasoning before it, likewise (Anthropic's form)."""
    tool: str = ""
    """Answer with a call of this tool."""
    tool_input: str = ""
    """Its arguments: base64 of a JSON object."""
    tool_id: str = ""
    """The id of that call."""
    error_text: str = ""
    """The message of the error that `status` asks for."""
    error_event: int = -1
    """An error event inside the stream after so many chunks."""
    keepalive: str = ""
    """`close` closes after the answer."""
    replay: str = ""
    """Id of a recorded exchange to answer with."""
    replay_encode: str = ""
    """`1` compresses a replayed body as it was recorded."""
    cut: int = -1
    """Close after so many bytes of the body."""

    @property
    def words(self) -> str:
        """`say` decoded; empty where it is not asked for."""
        return base64.b64decode(self.say).decode()

    @property
    def arguments(self) -> str:
        """The tool's arguments as JSON."""
        return base64.b64decode(self.tool_input).decode() or '{"city": "Lisbon"}'

    @property
    def plain(self) -> bool:
        """Nothing but the shape's own sizes was asked for: the answer can leave in one write."""
        return not (self.delay_ms or self.chunk_ms or self.reset or self.stall or self.split or self.cut >= 0)


_FIELDS = {"x-sim-" + field.name.replace("_", "-"): field for field in msgspec.structs.fields(Script)}


def parse(headers: Mapping[str, str], defaults: Script) -> Script:
    """The script in `headers` (lower-case names) over `defaults`. Raises `BadScript`."""
    asked: dict[str, object] = {}
    for name, value in headers.items():
        if not name.startswith("x-sim-"):
            continue
        field = _FIELDS.get(name)
        if field is None:
            raise BadScript(f"Header {name}: no such script; known are {', '.join(sorted(_FIELDS))}.")
        try:
            asked[field.name] = field.type(value)
        except ValueError:
            raise BadScript(f"Header {name}: found {value!r}; accepted: a number.") from None
    if not asked:
        return defaults
    script = msgspec.structs.replace(defaults, **asked)
    _check(script)
    return script


def _check(script: Script) -> None:
    if script.status != 200 and script.status not in _STATUSES:
        raise BadScript(f"Header x-sim-status: found {script.status}; accepted: one of {_STATUSES}.")
    if script.encoding and script.encoding.rstrip("!") not in _ENCODINGS:
        raise BadScript(f"Header x-sim-encoding: found {script.encoding!r}; accepted: one of {_ENCODINGS}.")
    if script.framing not in ("", "chunked", "length", "close"):
        raise BadScript(f"Header x-sim-framing: found {script.framing!r}; accepted: chunked, length, close.")
    for name, value, words in (("reset", script.reset, ("before", "head")), ("stall", script.stall, ("before",))):
        if value and value not in words and not value.isdigit():
            raise BadScript(f"Header x-sim-{name}: found {value!r}; accepted: {', '.join(words)} or a number.")
    for name, value in (("say", script.say), ("think", script.think), ("tool-input", script.tool_input)):
        try:
            base64.b64decode(value, validate=True).decode()
        except ValueError:
            raise BadScript(f"Header x-sim-{name}: found {value[:40]!r}; accepted: base64 of UTF-8.") from None
    if script.split and not script.split.lstrip("r").isdigit():
        raise BadScript(f"Header x-sim-split: found {script.split!r}; accepted: a number of bytes, or r<seed>.")
