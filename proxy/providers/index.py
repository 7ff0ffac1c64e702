"""The catalog: every provider, found by name, path prefix, bare path, host label or host."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from proxy.core.errors import SettingError
from proxy.core.origin import Origin
from proxy.providers.dialects import DIALECTS
from proxy.providers.origin import HostPattern, holes, is_label, parse_origin
from proxy.providers.provider import Provider, read_provider, read_rows

if TYPE_CHECKING:
    from proxy.providers.address import Route

__all__ = ["Catalog", "load"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OURS = Path(__file__).parent / "catalog"


class Catalog:
    """All providers of one process, indexed. Only the memo of resolved routes changes after construction."""

    __slots__ = (
        "allowed",
        "allowed_patterns",
        "bare",
        "custom",
        "domain",
        "hosts",
        "listening",
        "long_prefixes",
        "marks",
        "off",
        "patterns",
        "prefixes",
        "providers",
        "routes",
        "verbs",
    )

    def __init__(self, providers: Iterable[Provider], allow: str = "", domain: str = "", *, local: bool = True) -> None:
        """`allow` is the setting `targets.allow`, `domain` the setting `domain`. Without `local` those of our providers
        are off that run on the gateway's own host."""
        self.providers = {provider.name: provider for provider in providers}
        self.custom = self.providers.pop("custom", Provider(name="custom", display="Another host"))
        """Who answers at an allowed origin that no provider claims."""
        off = () if local else filter(_is_local, self.providers.values())
        self.off = frozenset(provider.name for provider in off)
        """Names of providers that nobody may reach."""
        self.domain = domain.strip(".").lower()
        self.prefixes: dict[str, Provider] = {}
        """First path segment, and first host label, to provider."""
        self.long_prefixes: dict[tuple[str, ...], Provider] = {}
        """Prefixes of more than one segment, to provider."""
        self.bare: dict[tuple[str, ...], Provider] = {}
        """First segments of a path without a prefix, to its provider."""
        self.verbs: dict[str, Provider] = {}
        """What follows the last colon of a path without a prefix, to its provider."""
        self.marks: dict[str, Provider] = {}
        """A header that a call without a prefix carries, or `?` and a field of its query, to its provider."""
        self.hosts: dict[str, Provider] = {}
        self.patterns: list[tuple[HostPattern, Provider]] = []
        self.listening: dict[tuple[str, int], Provider] = {}
        """Who is known to answer at a port of this machine; allows nothing."""
        self.allowed: dict[Origin, Provider] = {}
        """Origins that the operator named: allowed wherever they resolve to."""
        self.allowed_patterns: list[tuple[str, HostPattern, int]] = []
        self.routes: dict[tuple[str, str, str, str, str], Route] = {}
        for provider in self.providers.values():
            self._add(provider)
        for entry in allow.split(","):
            if entry.strip():
                self._allow(entry.strip())

    def at(self, origin: Origin) -> Provider | None:
        """Returns the provider whose host this is, whether or not it may be a target."""
        found = self.hosts.get(origin.host) or self.listening.get((origin.host, origin.port))
        if found is not None:
            return found
        return next((provider for pattern, provider in self.patterns if pattern.matches(origin.host)), None)

    def names(self) -> str:
        """Returns the known path prefixes, for messages."""
        return ", ".join(f"/{name}" for name in sorted(self.providers))

    def _add(self, provider: Provider) -> None:
        if not is_label(provider.name):
            raise SettingError(f"{provider.name}.toml: name", provider.name, "lower-case letters, digits and hyphens")
        for dialect in (provider.dialect, provider.error_dialect or provider.dialect, *provider.dialects.values()):
            if dialect not in DIALECTS:
                raise SettingError(f"{provider.name}.toml: dialect", dialect, "one of " + ", ".join(DIALECTS))
        for prefix in (provider.name, *provider.aliases):
            if "/" in prefix:
                self.long_prefixes[tuple(prefix.split("/"))] = provider
            elif self.prefixes.setdefault(prefix, provider) is not provider:
                taken = self.prefixes[prefix].name
                raise SettingError(f"{provider.name}.toml: aliases", prefix, f"a prefix that {taken} does not use")
        self.bare |= {tuple(path.strip("/").split("/")): provider for path in provider.bare}
        self.verbs |= dict.fromkeys(provider.bare_verbs, provider)
        self.marks |= dict.fromkeys(provider.bare_headers, provider)
        for host in provider.hosts:
            name, _, port = host.partition(":")
            if port:
                self.listening[(name, int(port))] = provider
            elif "*" in host:
                self.patterns.append((HostPattern.of(host), provider))
            else:
                self.hosts.setdefault(host, provider)
        self._add_origin(provider)

    def _add_origin(self, provider: Provider) -> None:
        if not provider.origin:
            return
        plain = "".join(part.partition("}")[2] if at else part for at, part in enumerate(provider.origin.split("{")))
        holes = provider.origin.count("{")
        found = parse_origin(provider.origin if not holes else _filled(provider.origin))
        if isinstance(found, str) or found[1] not in ("", "/") or found[2] or "}" in plain or "*" in plain:
            raise SettingError(f"{provider.name}.toml: origin", provider.origin, "https://host[:port], {name} in it")
        if provider.ours:
            return
        if holes:
            pattern = _filled(provider.origin.partition("://")[2].partition(":")[0], "*")
            self.allowed_patterns.append((found[0].scheme, HostPattern.of(pattern), found[0].port))
            self.patterns.append((HostPattern.of(pattern), provider))
        else:
            self.allowed[found[0]] = provider

    def _allow(self, entry: str) -> None:
        found = parse_origin(entry.replace("*", "0"))
        if isinstance(found, str) or found[1] not in ("", "/") or found[2]:
            wrong = found if isinstance(found, str) else "a path"
            raise SettingError("targets.allow", entry, f"origins such as https://llm.example.com:8443 (it has {wrong})")
        origin = found[0]
        if "*" in entry:
            host = entry.partition("://")[2].lower().partition("/")[0].partition(":")[0]
            self.allowed_patterns.append((origin.scheme, HostPattern.of(host), origin.port))
        else:
            self.allowed.setdefault(origin, self.at(origin) or self.custom)


def _is_local(provider: Provider) -> bool:
    """Whether a provider of ours is on the gateway's own host, where an operator's other programs listen, too."""
    found = parse_origin(provider.origin)
    return provider.ours and not isinstance(found, str) and found[0].host in _LOOPBACK


def _filled(origin: str, value: str = "a") -> str:
    """`origin` with every `{variable}` replaced by `value`."""
    head, *parts = origin.split("{")
    return head + "".join(value + part.partition("}")[2] for part in parts)


def load(folder: str = "", allow: str = "", domain: str = "", *, local: bool = True) -> Catalog:
    """Returns the built-in providers, overridden by those of `folder`.

    A file named like one of ours merges its keys over ours (so `origin = "http://127.0.0.1:9"` alone redirects a
    provider); another name is a new provider. Without `local`, providers on the gateway's own host are off unless a
    file of `folder` names their origin. Raises `SettingError` naming file and key.
    """
    rows = {file.stem: (read_rows(file), file, True) for file in sorted(_OURS.glob("*.toml"))}
    if folder:
        theirs = Path(folder).expanduser()
        if not theirs.is_dir():
            raise SettingError("providers.folder", folder, "an existing folder")
        for file in sorted(theirs.glob("*.toml")):
            keys = read_rows(file)
            mine, _, ours = rows.get(file.stem, ({"name": file.stem}, file, True))
            if "name" in keys and keys["name"] != mine.get("name"):
                raise SettingError(f"{file.name}: name", keys["name"], f"{mine.get('name')!r}, the file's own name")
            moved = "origin" in keys
            if moved:  # the address keeps its form: labels that were taken from the path still are
                mine = {
                    "variables": holes(str(keys["origin"])) or holes(str(mine.get("origin", ""))),
                    **mine,
                    "origins": {},
                }
            rows[file.stem] = ({**mine, **keys}, file, ours and not moved)
    return Catalog([read_provider(*row) for row in rows.values()], allow, domain, local=local)
