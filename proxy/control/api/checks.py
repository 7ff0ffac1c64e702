"""Validates names, scopes, limits and templates; an error names the path, the value and what is accepted."""

import re
from typing import Any, Final

import msgspec

from proxy.core.calendar import is_zone
from proxy.core.errors import BadDirective, BadRequest
from proxy.core.identity import DEFAULT_ORG
from proxy.core.template import Variable, parse
from proxy.metadata.errors import InvalidValue
from proxy.metadata.keys import SCOPES
from proxy.metadata.organisations import ROLES
from proxy.policies.rules import parse_rules

__all__ = [
    "check_email",
    "check_label",
    "check_name",
    "check_password",
    "check_policy",
    "check_prompt_id",
    "check_provider",
    "check_role",
    "check_scopes",
    "check_template",
    "check_zone",
]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
_MIN_PASSWORD: Final = 10
_MAX_BODY_BYTES: Final = 1 << 20


def check_name(path: str, name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise InvalidValue(path, name[:60], "a name of 1 to 120 printable characters")
    return name


def check_email(path: str, email: str) -> str:
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise InvalidValue(path, email[:60], "an e-mail address")
    return email


def check_password(path: str, password: str) -> str:
    if not _MIN_PASSWORD <= len(password) <= 1024:
        raise InvalidValue(path, "***", f"a password of {_MIN_PASSWORD} to 1024 characters")
    return password


def check_role(path: str, role: str) -> str:
    if role not in ROLES:
        raise InvalidValue(path, role[:60], "one of " + ", ".join(ROLES))
    return role


def check_scopes(path: str, scopes: list[str], org: str) -> list[str]:
    for at, scope in enumerate(scopes):
        if scope not in SCOPES:
            raise InvalidValue(f"{path}[{at}]", scope[:60], "one of " + ", ".join(SCOPES))
        if scope == "snapshot" and org != DEFAULT_ORG:
            raise InvalidValue(
                f"{path}[{at}]", scope, f"snapshot in the organisation {DEFAULT_ORG} only: it holds all of them"
            )
    if not scopes:
        raise InvalidValue(path, "[]", "at least one of " + ", ".join(SCOPES))
    return sorted(set(scopes), key=SCOPES.index)


def check_zone(path: str, zone: str) -> str:
    if zone and not is_zone(zone):
        raise InvalidValue(path, zone[:60], "the name of a zone such as Europe/Berlin, UTC, or nothing")
    return zone


def check_policy(path: str, policy: str) -> str:
    """Rate limits in the header's own grammar."""
    if policy:
        try:
            parse_rules(policy, path)
        except BadDirective as error:
            raise InvalidValue(path, policy[:120], error.message) from None
    return policy


def check_provider(path: str, provider: str, known: object) -> str:
    if provider not in known:  # type: ignore[operator]
        raise InvalidValue(path, provider[:60], "a provider of the catalog")
    return provider


def check_prompt_id(path: str, id: str) -> str:
    if not _ID.fullmatch(id):
        raise InvalidValue(path, id[:60], "letters, digits, '.', '_' and '-', at most 128, a letter or digit first")
    return id


def check_label(path: str, label: str) -> str:
    if not _LABEL.fullmatch(label):
        raise InvalidValue(path, label[:60], "an environment: lower-case letters, digits, '.', '_' and '-', at most 64")
    return label


def check_template(body: dict[str, Any], variables: list[dict[str, Any]]) -> None:
    """A version's body and variables. Raises `InvalidValue` with the path to the fault."""
    if len(msgspec.json.encode(body)) > _MAX_BODY_BYTES:
        raise InvalidValue("body", "more than 1 MiB", "at most 1 MiB of JSON")
    try:
        declared = msgspec.convert(variables, list[Variable])
    except msgspec.ValidationError as error:
        raise InvalidValue(
            "variables", str(error), "objects of name, type (string, number, boolean) and default"
        ) from None
    try:
        parse(body, declared)
    except BadRequest as error:
        raise InvalidValue(error.param or "body", error.message, "a template that parses") from None
