"""Where a call goes: scheme, host and port."""

import msgspec

__all__ = ["Origin"]

_DEFAULT_PORTS = {"https": 443, "http": 80}


class Origin(msgspec.Struct, frozen=True, cache_hash=True):
    """Scheme, host in lower case without brackets, and port: the key of a pool of connections."""

    scheme: str
    host: str
    port: int
    guarded: bool = False
    """The caller chose it: every address that its name resolves to must be a public one."""

    @property
    def authority(self) -> str:
        """The `Host` header: the port only where it is not the scheme's own; IPv6 in brackets."""
        return self._host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self._host}:{self.port}"

    @property
    def url(self) -> str:
        """`scheme://host:port`."""
        return f"{self.scheme}://{self._host}:{self.port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host
