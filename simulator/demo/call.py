"""One call of the demo, before it is sent or written as history."""

import base64
import random
from typing import Any, Final

import msgspec

from simulator.demo.models import Model
from simulator.demo.people import Person
from simulator.script import Script

__all__ = ["FAULTS", "DemoCall", "Fault", "body_bytes", "tags_of"]

Json = dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """A way in which a call fails, or nearly does."""

    status: int = 200
    """The provider's; 0: no answer comes."""
    text: str = ""
    retried: int = 0
    """So many attempts fail, and the next succeeds."""
    falls_back: bool = False
    cut: str = ""
    """Who ends the stream early: `client` or `upstream`."""
    event: bool = False
    """An error as an event of the stream."""


_CONTEXT: Final = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 131412 tokens. "
    "Please reduce the length of the messages."
)
_SCHEMA: Final = "Invalid schema for response_format 'invoice': In context=('properties', 'due'), 'type' is required."
_TOKENS: Final = (
    "Rate limit reached for this model on tokens per min (TPM): Limit 450000, Used 448112, Requested 5230. "
    "Please try again in 445ms."
)
_SERVER: Final = "The server had an error while processing your request. Sorry about that!"

FAULTS: Final = {
    "context": Fault(400, _CONTEXT),
    "schema": Fault(400, _SCHEMA),
    "key": Fault(401, "Incorrect API key provided: sk-proj-********************4f2A."),
    "model": Fault(404, "The model `gpt-4-32k` has been deprecated."),
    "tokens": Fault(429, _TOKENS),
    "retried": Fault(429, _TOKENS, retried=2),
    "server": Fault(500, _SERVER),
    "recovered": Fault(500, _SERVER, retried=1),
    "overloaded": Fault(529, "Overloaded"),
    "fallback": Fault(529, "Overloaded", falls_back=True),
    "reset": Fault(0),
    "broken": Fault(cut="upstream"),
    "left": Fault(cut="client"),
    "event": Fault(event=True),
}
"""By name. `limited`, the proxy's own refusal, is none of these: nothing is sent."""


class DemoCall(msgspec.Struct, kw_only=True):
    """What is asked, by whom, and what comes back."""

    model: Model
    body: Json
    tags: dict[str, str]
    """Helicone's headers."""
    version: str = ""
    """The version of the managed prompt; empty: the one in production."""
    say: str = ""
    think: str = ""
    tool: str = ""
    tool_input: Json = {}
    tool_id: str = ""
    output_tokens: int = -1
    cached_tokens: int = 0
    fault: str = ""
    policy: str = ""
    """A limit that the call is sent with."""
    limited: bool = False
    """The limit is used up."""
    cacheable: bool = False
    hit: bool = False
    """The answer comes from the cache."""
    pause_s: float = 0.0
    """Between the end of the call before it in its session and this one; negative: while that one still runs."""

    @property
    def fallback(self) -> str:
        """The model that is asked where this one fails."""
        return "claude-haiku-4-5" if self.model.provider == "anthropic" else "gpt-4o-mini"

    def script(self) -> Script:
        """How the simulated provider answers where nothing fails."""
        arguments = msgspec.json.encode(self.tool_input).decode() if self.tool else ""
        asked = _tokens_of(self.body)
        given = len(self.say) + len(self.think) + len(arguments)
        return Script(
            say=_packed(self.say),
            think=_packed(self.think),
            tool=self.tool,
            tool_input=_packed(arguments),
            tool_id=self.tool_id,
            input_tokens=asked,
            output_tokens=self.output_tokens if self.output_tokens >= 0 else max(1, given // 4),
            cached_tokens=self.cached_tokens
            if self.model.dialect == "anthropic"
            else min(self.cached_tokens, asked // 2),
            chunk_bytes=14,
        )


def body_bytes(call: DemoCall) -> bytes:
    return msgspec.json.encode(call.body)


def tags_of(person: Person, feature: str, chance: random.Random, **more: str) -> dict[str, str]:
    """The headers that every call of the demo's product has."""
    return {
        "Helicone-User-Id": person.name,
        "Helicone-Property-Feature": feature,
        "Helicone-Property-Plan": person.plan,
        "Helicone-Property-Region": person.region,
        "Helicone-Property-Environment": "staging" if chance.random() < 0.08 else "production",
        "Helicone-Property-Release": chance.choices(("2026.11.2", "2026.11.1", "2026.10.4"), (70, 25, 5))[0],
        **{f"Helicone-{name.replace('_', '-')}": value for name, value in more.items()},
    }


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _tokens_of(value: object) -> int:
    """Tokens of a body's texts; a picture or a sound counts as many as providers charge for a small one."""
    if isinstance(value, str):
        return 765 if value.startswith("data:") or (len(value) > 4000 and " " not in value) else len(value) // 4 + 1
    if isinstance(value, dict):
        return sum(3 + _tokens_of(one) for one in value.values())
    if isinstance(value, list):
        return sum(map(_tokens_of, value))
    return 1
