"""Validates `Helicone-*` headers: one row per header, checked only if present."""

from collections.abc import Callable

from _speedups import Head
from proxy.core.clock import parse_uuid
from proxy.core.errors import BadDirective, FeatureUnavailable

__all__ = ["check"]

_MAX_USER = 256
_MAX_TEXT = 1024
_MAX_PROPERTIES = 64
_FLAG = "true or false"
_OTHERS = {
    "helicone-property-": "a property's name behind it",
    "helicone-ratelimit-policy": "a policy as in 100;w=3600;u=user, or no such header",
}

Accepts = Callable[[str], bool]


def _whole(low: int, high: int) -> Accepts:
    return lambda text: text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high


def _real(low: float, high: float) -> Accepts:
    def accepts(text: str) -> bool:
        try:
            return "_" not in text and low <= float(text) <= high
        except ValueError:
            return False

    return accepts


def _flag(text: str) -> bool:
    return text.lower() in ("true", "false")


def _text(text: str) -> bool:
    return len(text) <= _MAX_TEXT


_ACCEPTED: dict[str, tuple[Accepts, str]] = {
    "cache-bucket-max-size": (_whole(1, 100_000), "a whole number, 1 to 100000"),
    "cache-seed": (_text, f"text of at most {_MAX_TEXT} characters"),
    "cache-mode": (lambda text: text in ("exact", "semantic"), "exact or semantic"),
    "cache-similarity": (_real(0, 1), "a number, 0 to 1"),
    "cache-pace": (lambda text: text in ("recorded", "at-once"), "recorded or at-once"),
    "retry-num": (_whole(0, 10), "a whole number, 0 to 10"),
    "retry-factor": (_real(1, 10), "a number, 1 to 10"),
    "retry-min-timeout": (_whole(0, 3_600_000), "milliseconds, 0 to 3600000"),
    "retry-max-timeout": (_whole(0, 3_600_000), "milliseconds, 0 to 3600000"),
    "hedge-enabled": (_flag, _FLAG),
    "webhook-enabled": (_flag, _FLAG),
    "moderations-enabled": (_flag, _FLAG),
    "llm-security-enabled": (_flag, _FLAG),
}

_NOT_THERE: tuple[tuple[str, Callable[[Head], bool]], ...] = (
    ("Helicone-Cache-Mode", lambda head: head.directives.get("cache-mode") == "semantic"),
    ("Helicone-Webhook-Enabled", lambda head: _on(head, "webhook-enabled")),
    ("Helicone-Moderations-Enabled", lambda head: _on(head, "moderations-enabled")),
    ("Helicone-LLM-Security-Enabled", lambda head: _on(head, "llm-security-enabled")),
)
"""Accepted, but not built yet: refused by name, because a limit that silently does nothing costs someone money."""


_TEXTS = (
    "Helicone-Session-Id",
    "Helicone-Session-Path",
    "Helicone-Session-Name",
    "Helicone-Request-Name",
    "Helicone-Prompt-Id",
    "Helicone-Model-Override",
)


def check(head: Head) -> None:
    """Raises `BadDirective` naming the header, what was found and what is accepted, and `FeatureUnavailable` for a
    header whose feature is not built."""
    if head.malformed:
        name, found = head.malformed[0]
        raise BadDirective(name, found, _OTHERS.get(name, _FLAG))
    if head.request_id and parse_uuid(head.request_id) is None:
        raise BadDirective("Helicone-Request-Id", head.request_id, "a UUID of any version")
    if len(head.user_id) > _MAX_USER:
        raise BadDirective("Helicone-User-Id", head.user_id, f"text of at most {_MAX_USER} characters")
    texts = (
        head.session_id,
        head.session_path,
        head.session_name,
        head.request_name,
        head.prompt_id,
        head.model_override,
    )
    if len("".join(texts)) > _MAX_TEXT:
        for name, value in zip(_TEXTS, texts, strict=True):
            if len(value) > _MAX_TEXT:
                raise BadDirective(name, value, f"text of at most {_MAX_TEXT} characters")
    if head.properties:
        _check_properties(head)
    if head.directives:
        for name, value in head.directives.items():
            row = _ACCEPTED.get(name)
            if row is not None and not row[0](value.strip()):
                raise BadDirective("Helicone-" + name.title(), value, row[1])
        for header, asked in _NOT_THERE:
            if asked(head):
                raise FeatureUnavailable(
                    f"{header} is accepted by this proxy's contract, but not built yet.", param=header
                )


def _check_properties(head: Head) -> None:
    if len(head.properties) > _MAX_PROPERTIES:
        raise BadDirective(
            "Helicone-Property-*", f"{len(head.properties)} names", f"at most {_MAX_PROPERTIES} properties a call"
        )
    for name, value in head.properties.items():
        if len(value) > _MAX_TEXT:
            raise BadDirective(f"Helicone-Property-{name}", value, f"text of at most {_MAX_TEXT} characters")


def _on(head: Head, name: str) -> bool:
    return head.directives.get(name, "").lower() == "true"
