"""Texts that callers write: headers, limits, templates, filters."""

import json
from contextlib import suppress
from typing import Any, Final

from _speedups import headers as compiled
from _speedups._pure import headers as plain
from proxy.core import template
from proxy.core.errors import BadDirective, ProxyError
from proxy.policies.rules import parse_rules
from proxy.query.errors import FilterError
from proxy.query.text_form import parse_text, to_text

__all__ = ["SEEDS", "filters", "headers", "policies", "templates"]

ATTRIBUTES: Final = sorted(plain.Head.__annotations__)
MAX_TEXT: Final = 1 << 20
SEEDS: Final = {
    "headers": [
        b"host: x\nHelicone-Auth: Bearer sk-1\nHelicone-User-Id: ada\nHelicone-Property-App: Demo",
        b"Helicone-Cache-Enabled: True\nHelicone-Retry-Num: 3\nCache-Control: max-age=3\nHelicone-Target-Url: http://x",
        b"content-length: 12\ncontent-length: 13\nHelicone-Session-Path: /a/b\ntraceparent: 00-1-2-3",
    ],
    "policies": [b"10;w=1000;u=cents;s=user", b"100;w=60, 5;w=1;u=request;s=tenant", b"1.5;w=3600;u=cents"],
    "templates": [
        json.dumps(
            {
                "body": {
                    "messages": [{"role": "user", "content": "{{a}} and {{ hc:b:number }}"}],
                    "temperature": "{{t}}",
                },
                "values": {"a": "x", "b": 2, "t": 0.5},
            }
        ).encode(),
        b'{"body": {"a": ["{{x}}{{x}}", {"b": "{{y:boolean}}"}]}, "values": {"x": "{{y}}", "y": true}}',
    ],
    "filters": [
        b'status:400 model:"gpt-4o" -user:ada cost>0.5',
        b"(provider:openai OR provider:groq) latency>=1s property.app:demo",
        b'text:"two words" NOT error:timeout start>2026-01-01',
    ],
}


def headers(data: bytes) -> None:
    """The parser and its plain twin read the same, and raise nothing."""
    pairs = []
    for line in data.decode("latin-1").split("\n"):
        name, _, value = line.partition(":")
        pairs.append((name, value.lstrip(" ")))
    found, spec = ({name: getattr(module.parse(pairs), name) for name in ATTRIBUTES} for module in (compiled, plain))
    assert found == spec


def policies(data: bytes) -> None:
    """A limit is read or refused; what was read reads the same again."""
    try:
        rules = parse_rules(data.decode("utf-8", "replace"))
    except BadDirective:
        return
    assert parse_rules(",".join(rule.text for rule in rules)) == rules


def templates(data: bytes) -> None:
    """A template is filled in or refused, never beyond its bound."""
    try:
        given: Any = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(given, dict) or not isinstance(given.get("body"), dict):
        return
    values = given["values"] if isinstance(given.get("values"), dict) else {}
    with suppress(ProxyError):
        template.fill(given["body"], values)
    with suppress(ProxyError):
        template.parse(given["body"]).render(values)


def filters(data: bytes) -> None:
    """A filter is read or refused; printed, read and printed again it is the same."""
    try:
        node = parse_text(data.decode("utf-8", "replace"))
    except FilterError:
        return
    printed = to_text(node)
    with suppress(FilterError):  # an empty group prints as a comparison: there may be more than one filter has
        assert to_text(parse_text(printed)) == printed
