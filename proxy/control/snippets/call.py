"""Decides what a snippet sends: address, headers and body of a logged call, secrets as environment variables."""

import re
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from proxy.control.snippets.addresses import NoSnippet, gateway_address, provider_origin
from proxy.control.snippets.payload import Payload
from proxy.core.event import Event
from proxy.core.masking import MASK
from proxy.providers import Catalog, Provider

__all__ = ["EnvironmentValue", "NoSnippet", "OutgoingCall", "Target", "call_of"]

Target = Literal["gateway", "provider"]

_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_PATH_SAFE: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "#")
_LABEL_SAFE: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_ANTHROPIC_VERSION: Final = "2023-06-01"


class EnvironmentValue(msgspec.Struct, frozen=True):
    """The value of a header: fixed text, and an environment variable after it."""

    before: str
    name: str


class OutgoingCall(msgspec.Struct, frozen=True):
    """One call to send. Headers and address are printable ASCII."""

    method: str
    url: str
    headers: tuple[tuple[str, str | EnvironmentValue], ...]
    payload: Payload
    streamed: bool
    variables: tuple[str, ...]
    """The environment variables that must be set."""
    notes: tuple[str, ...]
    """What of the call is not in the snippet, one sentence each."""


def call_of(
    event: Event, content_type: str, payload: Payload, target: Target, catalog: Catalog, gateway: str
) -> OutgoingCall:
    """The call of an event, to the gateway at `gateway` (a URL) or to the provider itself.

    Raises `NoSnippet` where it cannot be sent again.
    """
    if not (event.method.isascii() and event.method.isalpha()):
        raise NoSnippet("The call has no HTTP method: it was not made through the gateway.")
    if payload.kind == "none" and event.request_size:
        reason = "its caller had it omitted" if event.request_omitted else "bodies of this age are deleted"
        raise NoSnippet(f"The request's body is not in the log: {reason}.")
    provider = catalog.providers.get(event.provider, catalog.custom)
    path = _shown_path(event.path)
    notes: list[str] = []
    headers: dict[str, str | EnvironmentValue] = {}
    if payload.kind == "file":
        notes.append(f"The body is read from the file {payload.text}: GET /api/requests/{event.id}/bodies/request.")
    if content_type:
        _add(headers, notes, "Content-Type", content_type)
    if event.host:
        headers |= _provider_headers(event, provider)
    if target == "provider":
        if not event.host:
            raise NoSnippet("The call was refused before it had a provider.")
        url = provider_origin(event, provider, catalog) + path
        if event.prompt_version:
            notes.append(f"The gateway filled in prompt {event.prompt_id!r}; this body is as the caller sent it.")
    else:
        address, target_url = gateway_address(event, provider, path, catalog)
        url = gateway.rstrip("/") + address
        if target_url:
            headers["Helicone-Target-Url"] = target_url
        _add_own_headers(event, payload, headers, notes)
    variables = tuple(value.name for value in headers.values() if isinstance(value, EnvironmentValue))
    return OutgoingCall(
        event.method.upper(), url, tuple(headers.items()), payload, event.streamed, variables, tuple(notes)
    )


def _shown_path(path: str) -> str:
    """The path less the query fields whose value was masked as a secret: the key goes into a header."""
    path, mark, query = path.partition("?")
    kept = [field for field in query.split("&") if not _is_masked(field)]
    whole = f"{path}?{'&'.join(kept)}" if mark and kept else path
    whole = quote(whole, safe=_PATH_SAFE)
    return whole if whole.startswith("/") else f"/{whole}"


def _is_masked(field: str) -> bool:
    return field.rpartition("=")[2] == MASK


def _provider_headers(event: Event, provider: Provider) -> dict[str, str | EnvironmentValue]:
    name = next((name for name in provider.auth if not name.startswith("?")), "authorization")
    if name == "x-api-key" and event.dialect != "anthropic":
        name = "authorization"  # Anthropic's OpenAI-shaped paths
    variable = re.sub(r"[^A-Z0-9]", "_", f"{event.provider or 'provider'}_API_KEY".upper())
    variable = f"_{variable}" if variable[0].isdigit() else variable
    key = EnvironmentValue("Bearer " if name == "authorization" else "", variable)
    headers: dict[str, str | EnvironmentValue] = {name.title(): key}
    if event.dialect == "anthropic":
        headers["Anthropic-Version"] = _ANTHROPIC_VERSION  # the log does not have the caller's own
    return headers


def _add_own_headers(
    event: Event, payload: Payload, headers: dict[str, str | EnvironmentValue], notes: list[str]
) -> None:
    if event.key:
        headers["Helicone-Auth"] = EnvironmentValue("Bearer ", "PERIHELION_API_KEY")
    labels = {
        "Helicone-User-Id": event.user_id,
        "Helicone-Session-Id": event.session_id,
        "Helicone-Session-Path": event.session_path,
        "Helicone-Session-Name": event.session_name,
        "Helicone-Request-Name": event.request_name,
    }
    for name, value in event.properties.items():
        labels[f"Helicone-Property-{event.property_names.get(name, name)}"] = value
    for name, value in labels.items():
        if value:
            _add(headers, notes, name, value, is_label=True)
    if event.model_override:
        _add(headers, notes, "Helicone-Model-Override", event.model_override)
    if event.request_omitted:
        headers["Helicone-Omit-Request"] = "true"
    if event.response_omitted:
        headers["Helicone-Omit-Response"] = "true"
    in_body = isinstance(payload.json, dict) and "prompt_id" in payload.json
    if event.prompt_id and not in_body:
        _add(headers, notes, "Helicone-Prompt-Id", event.prompt_id)
        if event.prompt_version:
            _add(headers, notes, "Helicone-Prompt-Version", event.prompt_version)
            notes.append("The log does not have the prompt's variables: add Helicone-Prompt-Variables if it has any.")


def _add(
    headers: dict[str, str | EnvironmentValue], notes: list[str], name: str, value: str, *, is_label: bool = False
) -> None:
    """Adds a header, or a note where HTTP has no form for it. The gateway decodes percent-encoding in labels."""
    plain = value.isascii() and value.isprintable() and value == value.strip()
    if is_label and value.isprintable() and (not plain or "%" in value):
        value = quote(value, safe=_LABEL_SAFE if value == value.strip() else _LABEL_SAFE.replace(" ", ""))
    elif not plain:
        notes.append(f"{name!a} is left out: its value {value[:60]!a} cannot be sent in a header.")
        return
    if not _TOKEN.issuperset(name):
        notes.append(f"{name!a} is left out: no header can have this name.")
        return
    headers[name] = value
