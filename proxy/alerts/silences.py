"""Silences: for a time, alerts whose labels match are not sent."""

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec
import re2

from proxy.query.errors import FilterError

__all__ = ["Matcher", "check_matchers", "matches"]

_MAX_MATCHERS: Final = 20
_LABEL: Final = re.compile(r"[\w.@/ -]{1,200}")


class Matcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition for one label. Labels are those of the group, and `rule`, `rule_name`, `severity`, `metric`."""

    label: str
    value: str
    op: Literal["=", "!=", "=~", "!~"] = "="
    """`=~` is a regular expression (RE2) for the whole value."""


def check_matchers(matchers: list[Matcher]) -> None:
    """Raises `FilterError` with the path to the fault."""
    if not 1 <= len(matchers) <= _MAX_MATCHERS:
        raise FilterError("matchers", f"{len(matchers)} matchers", f"1 to {_MAX_MATCHERS}")
    for at, one in enumerate(matchers):
        if not _LABEL.fullmatch(one.label):
            raise FilterError(
                f"matchers[{at}].label", one.label[:60], "a label: rule, rule_name, severity, metric, user"
            )
        if len(one.value) > 1000:
            raise FilterError(f"matchers[{at}].value", f"{len(one.value)} characters", "at most 1000")
        if one.op in ("=~", "!~"):
            try:
                re2.compile(one.value)
            except re2.error:
                raise FilterError(f"matchers[{at}].value", one.value[:60], "a regular expression (RE2)") from None


def matches(matchers: list[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether all of them hold. A label that is missing is empty."""
    return all(_holds(one, labels.get(one.label, "")) for one in matchers)


def _holds(matcher: Matcher, value: str) -> bool:
    if matcher.op in ("=", "!="):
        return (value == matcher.value) == (matcher.op == "=")
    return (re2.fullmatch(matcher.value, value) is not None) == (matcher.op == "=~")
