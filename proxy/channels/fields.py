"""The fields of a channel's config: which are secret, their form, and reading and showing a config."""

from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from proxy.core.errors import PerihelionError

__all__ = [
    "BadConfig",
    "Form",
    "FormField",
    "Secret",
    "check_url",
    "form_of",
    "masked",
    "parsed",
    "secret_fields",
]

_MASK: Final = "••••"


class BadConfig(PerihelionError):
    """A config that its kind does not accept: the field, what was found, and what is accepted."""

    def __init__(self, field: str, found: str, accepted: str) -> None:
        super().__init__(f"{field}: found {found!r}; accepted: {accepted}")
        self.field = field
        self.found = found
        self.accepted = accepted


def Secret(description: str, **more: Any) -> Meta:  # noqa: N802 - reads as the type that it makes
    """The mark of a secret text: it is sealed, and shown by its last characters only."""
    return Meta(description=description, extra_json_schema={"writeOnly": True}, extra={"secret": True}, **more)


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form."""

    name: str
    title: str
    help: str
    secret: bool
    required: bool
    schema: dict[str, Any]
    """Its JSON Schema."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a person fills in for one kind of channel."""

    kind: str
    title: str
    help: str
    unavailable: str
    """Why this installation cannot send it; empty where it can."""
    fields: list[FormField]


def _metas(config: type[msgspec.Struct]) -> dict[str, list[Meta]]:
    hints = get_type_hints(config, include_extras=True)
    return {
        name: [meta for meta in getattr(hint, "__metadata__", ()) if isinstance(meta, Meta)]
        for name, hint in hints.items()
    }


def _is(metas: list[Meta], mark: str) -> bool:
    return any((meta.extra or {}).get(mark) for meta in metas)


def secret_fields(config: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that are sealed."""
    return frozenset(name for name, metas in _metas(config).items() if _is(metas, "secret"))


def form_of(kind: str, title: str, help: str, unavailable: str, config: type[msgspec.Struct]) -> Form:
    """The form of a config, its fields in their order. Fields marked `hidden` are set by the API alone."""
    metas = _metas(config)
    schema = msgspec.json.schema(config)
    properties = schema["$defs"][config.__name__]
    found = [
        FormField(
            name=name,
            title=one.pop("title", name.replace("_", " ").capitalize()),
            help=one.pop("description", ""),
            secret=_is(metas[name], "secret"),
            required=name in properties.get("required", ()),
            schema=one,
        )
        for name, one in properties["properties"].items()
        if not _is(metas[name], "hidden")
    ]
    return Form(kind=kind, title=title, help=help, unavailable=unavailable, fields=found)


def parsed(config: type[msgspec.Struct], values: dict[str, Any]) -> Any:
    """The config of these values. Raises `BadConfig`."""
    try:
        return msgspec.convert(values, config)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        field = place.removesuffix("`").lstrip(".")
        if "missing required field" in what and not field:
            field, what = what.partition("`")[2].rstrip("`"), "a value"
        secret = field.partition("[")[0] in secret_fields(config)
        raise BadConfig(field, "***" if secret else str(values.get(field, ""))[:120], what) from None


def masked(config: type[msgspec.Struct], values: dict[str, Any]) -> dict[str, Any]:
    """The values as they may be shown: of a secret its last four characters, where it is long enough to have others."""
    metas = _metas(config)
    shown: dict[str, Any] = {}
    for name, value in values.items():
        if name not in metas or _is(metas[name], "hidden"):
            continue
        shown[name] = _mask(str(value)) if value and _is(metas[name], "secret") else value
    return shown


def _mask(secret: str) -> str:
    return _MASK + (secret[-4:] if len(secret) >= 16 else "")


def check_url(field: str, url: str, secret: bool = False) -> None:
    """Raises `BadConfig` for what is no address of the web, or has a password in it."""
    shown = "***" if secret else url[:200]
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise BadConfig(field, shown, "an address of https:// or http://") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid or not url.isascii():
        raise BadConfig(field, shown, "an address of https:// or http://")
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise BadConfig(field, shown, "an address without spaces and control characters")
    if parts.username is not None:
        raise BadConfig(field, "***", "an address without a user name and password")
