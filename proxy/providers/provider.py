"""One provider: the row that a `catalog/<name>.toml` fills."""

import tomllib
from pathlib import Path

import msgspec

from proxy.core.errors import SettingError
from proxy.providers.origin import holes

__all__ = ["Provider", "read_provider", "read_rows"]

_PLACES = frozenset({"region", "location"})
"""Variables that choose among a provider's own hosts."""


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One provider as data. A key that is not a field here is refused with the file and the key named."""

    name: str
    """Also its path prefix and its first host label; `[a-z0-9-]+`."""
    display: str = ""
    dialect: str = "openai"
    """How its bodies read where `dialects` says nothing else of the path."""
    origin: str = ""
    """`https://host[:port]`; `{variable}` labels are filled from the path segments after the prefix.
    Empty: it is reached by `Helicone-Target-Url` only."""
    variables: list[str] = []
    """Names of the labels that are taken from the path; by itself those in our own `origin`, and they stay when a
    user's file redirects it, so that addresses keep their form."""
    origins: dict[str, str] = {}
    """Other origins by the value of the first variable (Vertex' `global` has no region in its host)."""
    aliases: tuple[str, ...] = ()
    """More path prefixes; those without a slash are first host labels too."""
    hosts: tuple[str, ...] = ()
    """What `Helicone-Target-Url` may name: hosts, or patterns matched label by label. A leading `*.` stands for
    one label or more, a `*` elsewhere for characters of one label. An entry `host:port` only tells who answers
    there, it allows nothing."""
    bare: tuple[str, ...] = ()
    """Paths without a prefix that are this provider's, with all below them; the longest of all providers wins."""
    bare_verbs: tuple[str, ...] = ()
    """What follows a colon at the end of a path without a prefix that is this provider's, whatever the path."""
    bare_headers: tuple[str, ...] = ()
    """What a call without a prefix carries that makes it this provider's, whatever its path. Read are the headers
    `x-goog-api-key` and `anthropic-version`, and the query field `?key` of a call without `Authorization`."""
    dialects: dict[str, str] = {}
    """Part of a path to the dialect spoken there, the first match winning."""
    chat: str = "/v1/chat/completions"
    """Path, after the prefix, where it takes conversations in a format that the playground speaks (OpenAI's or
    Anthropic's). Empty: nowhere."""
    prices: str = ""
    """Its id in genai-prices; empty where there is none."""
    auth: tuple[str, ...] = ("authorization",)
    """Headers (and `?name` for query fields) that carry its credential."""
    error_dialect: str = ""
    """The dialect of its errors, where it is not that of its answers."""
    stream_usage: bool = False
    """Whether `stream_options.include_usage` may be added to its OpenAI-shaped streams. False also for those that
    report usage without being asked."""
    stream_usage_since: str = ""
    """The first `api-version` of the query that takes it; calls of an older one are left alone."""
    per_resource: bool = False
    """Whether hosts that its patterns allow belong to its customers. A stored key is then bound to one of them, as it
    is by itself where a variable of `origin` names a customer's resource."""
    ours: bool = True
    """False where a user's folder set its origin: that origin is allowed by name, wherever it resolves to."""

    @property
    def is_shared(self) -> bool:
        """Whether its addresses lead to resources of its customers: a stored key is for one resource only."""
        return self.per_resource or not _PLACES.issuperset(self.variables or holes(self.origin))


def read_rows(file: Path) -> dict[str, object]:
    """The keys of one TOML file; raises `SettingError` naming the file where it cannot be read."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingError("providers.folder", str(file), f"a file that can be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError("providers.folder", str(file), f"TOML ({error})") from None


def read_provider(rows: dict[str, object], file: Path, ours: bool = True) -> Provider:
    """`rows` as a provider; raises `SettingError` naming the file and the key that does not fit."""
    known = {field.name for field in msgspec.structs.fields(Provider)} - {"ours"}
    for key, value in rows.items():
        if key not in known:
            raise SettingError(f"{file.name}: {key}", value, "one of " + ", ".join(sorted(known)), str(file))
    try:
        return msgspec.convert({**rows, "ours": ours}, Provider)
    except msgspec.ValidationError as error:
        raise SettingError(file.name, "its keys", f"other types: {error}", str(file)) from None
