"""Fills in managed prompts: selects the version, compiles it once, merges it with the caller's body.

Two forms: the headers `Helicone-Prompt-Id` with `Helicone-Prompt-Variables`, and Helicone's newer members of the body
(`prompt_id`, `version_id`, `environment`, `inputs`), which are taken out before it leaves.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from _speedups import Head
from proxy.core.errors import BadDirective, BadRequest, NotFound
from proxy.core.snapshot import PromptRow
from proxy.core.template import Template, Variable, fill, merge, parse
from proxy.gateway.directory import DirectorySnapshot
from proxy.gateway.exchange import Exchange

__all__ = ["Prompts"]

_PRODUCTION: Final = "production"
_MAX_COMPILED: Final = 4096
_IN_BODY: Final = b'"prompt_id"'


class _Version(msgspec.Struct):
    body: dict[str, Any]
    variables: list[Variable] = []


class _Inputs(msgspec.Struct):
    """Helicone's members of a body."""

    prompt_id: Any = msgspec.UNSET
    version_id: Any = msgspec.UNSET
    environment: Any = msgspec.UNSET
    inputs: Any = msgspec.UNSET


_OURS: Final = ("prompt_id", "version_id", "environment", "inputs")
_inputs = msgspec.json.Decoder(_Inputs).decode
_version = msgspec.json.Decoder(_Version).decode


class Prompts:
    """Compiled versions of one worker; a version never changes, so neither does what it compiles to."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str, int], Template] = {}

    def may_apply(self, fields: Head, body: bytes) -> bool:
        """Return whether the call may name a managed prompt: a check that costs nearly nothing."""
        return bool(fields.prompt_id) or "prompt-variables" in fields.directives or _IN_BODY in body

    def render(self, ex: Exchange, snapshot: DirectorySnapshot) -> bytes:
        """Return the body to send, and set prompt and version in the exchange.

        Raises `BadDirective`, `BadRequest`, or `NotFound` for an unknown prompt for which variables were sent, and for
        an unknown version or environment of a prompt.
        """
        head = ex.head.fields
        text = head.directives.get("prompt-variables")
        id, number, label = head.prompt_id, head.directives.get("prompt-version", ""), ""
        label = head.directives.get("prompt-environment", "")
        values = _variables(text) if text is not None else None
        body: dict[str, Any] | None = None
        if _IN_BODY in ex.body:
            members = _members(ex.body)
            if members is not None and isinstance(members.prompt_id, str):
                body = _object(ex)
                for name in _OURS:
                    body.pop(name, None)
                id = members.prompt_id
                number = str(members.version_id) if members.version_id not in (msgspec.UNSET, None) else number
                label = members.environment if isinstance(members.environment, str) else label
                values = _checked(members.inputs)
        if not id:
            if values is None:
                return ex.body
            return msgspec.json.encode(fill(_object(ex), values))
        row = _choose(snapshot, ex.identity.org, id, number, label)
        if row is None:
            # A tag only, as Helicone's older users send it. Not where the prompt is managed: then a version or an
            # environment is wrong or gone, and the call would go out without its prompt.
            if values is None and (ex.identity.org, id) not in snapshot.prompts:
                ex.outcome.response_headers.append(("helicone-prompt-status", "unmanaged"))
                return ex.body
            where = f" in version {number}" if number else f" in environment {label!r}" if label else ""
            raise NotFound(
                f"No managed prompt {id!r}{where} in this organisation.",
                code="unknown_prompt",
                param="Helicone-Prompt-Id" if body is None else "prompt_id",
            )
        values = values or {}
        org = ex.identity.org

        def partial(prompt: str, index: int, environment: str) -> Template | None:
            other = _choose(snapshot, org, prompt, "", environment)
            return self._template(other) if other is not None else None

        filled = self._template(row).render(values, partial)
        own = fill(_object(ex) if body is None else body, values) if ex.body else {}
        ex.outcome.prompt_id, ex.outcome.prompt_version = id, str(row.version)
        ex.outcome.response_headers += (("helicone-prompt-id", id), ("helicone-prompt-version", str(row.version)))
        return msgspec.json.encode(merge(filled, own))

    def _template(self, row: PromptRow) -> Template:
        key = (row.org, row.id, row.version)
        template = self._compiled.get(key)
        if template is None:
            version = _version(row.body)
            if len(self._compiled) >= _MAX_COMPILED:
                self._compiled.clear()
            template = self._compiled[key] = parse(version.body, version.variables)
        return template


def _choose(snapshot: DirectorySnapshot, org: str, id: str, number: str, label: str) -> PromptRow | None:
    """Return the version with that number, else the environment's, else production's, else the newest."""
    rows = snapshot.prompts.get((org, id))
    if not rows:
        return None
    if number:
        return next((row for row in rows if str(row.version) == number), None)
    if label:
        return next((row for row in rows if label in row.labels), None)
    newest = next((row for row in rows if row.newest), rows[0])
    return next((row for row in rows if _PRODUCTION in row.labels), newest)


def _variables(text: str) -> dict[str, Any]:
    name = "Helicone-Prompt-Variables"
    raw = text.strip().encode("latin-1", "replace")
    if raw[:1] != b"{":
        try:
            raw = base64.b64decode(raw, validate=True)
        except (binascii.Error, ValueError):
            raise BadDirective(name, text, "a JSON object, or base64 of one") from None
    try:
        variables = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadDirective(name, text, f"a JSON object, or base64 of one ({error})") from None
    if not isinstance(variables, dict):
        raise BadDirective(name, text, "a JSON object, or base64 of one")
    return variables


def _checked(inputs: Any) -> dict[str, Any]:
    if inputs is msgspec.UNSET or inputs is None:
        return {}
    if not isinstance(inputs, Mapping):
        raise BadRequest("inputs: found no object; accepted: a JSON object of variables.", param="inputs")
    return dict(inputs)


def _members(body: bytes) -> _Inputs | None:
    try:
        return _inputs(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _object(ex: Exchange) -> dict[str, Any]:
    """Return the caller's body as an object; numbers keep their digits as far as JSON's own types do."""
    if not ex.body:
        return {}
    try:
        decoded = msgspec.json.decode(ex.body)
    except (msgspec.DecodeError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict) or ex.head.fields.content_encoding:
        raise BadRequest(
            "A managed prompt needs a body that is a JSON object, not encoded.", param="Helicone-Prompt-Id"
        )
    return decoded
