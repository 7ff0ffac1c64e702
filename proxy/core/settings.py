"""Settings: one row each. `load()` reads defaults, then a TOML file, then the environment, then `--set`.

A row `gateway.port` is `[gateway] port` in the file, `PERIHELION_GATEWAY_PORT` in the environment and
`--set gateway.port=…` on the command line. Its type is the type of its default. docs/settings.md lists them all
(a test fails where a row is missing there).
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proxy.core.alert_settings import ALERT_SETTINGS
from proxy.core.channel_settings import CHANNEL_SETTINGS
from proxy.core.errors import SettingError
from proxy.core.export_settings import EXPORT_SETTINGS
from proxy.core.gateway_settings import GATEWAY_SETTINGS
from proxy.core.guard_settings import GUARD_SETTINGS
from proxy.core.layout import Layout
from proxy.core.masking import MASK, is_secret_name, mask_strictly
from proxy.core.setting import BYTES as _BYTES
from proxy.core.setting import COUNT as _COUNT
from proxy.core.setting import NETWORKS as _NETWORKS
from proxy.core.setting import PORT as _PORT
from proxy.core.setting import SECONDS as _SECONDS
from proxy.core.setting import Setting, Value
from proxy.core.setting import one_of as _one_of
from proxy.core.setting import positive as _positive

__all__ = ["SETTINGS", "Setting", "Settings", "load"]

SETTINGS: tuple[Setting, ...] = (
    Setting("data", "./perihelion-data", "Data folder: spool, log, metadata, snapshot."),
    Setting(
        "domain", "", "Domain under which the first label selects the provider: `oai.<domain>`, `gateway.<domain>`."
    ),
    *GATEWAY_SETTINGS,
    Setting("control.host", "127.0.0.1", "Address the control plane listens on."),
    Setting("control.port", 8788, "Port the control plane listens on.", *_PORT),
    Setting(
        "control.trusted_proxies",
        "",
        "Addresses and networks of reverse proxies whose X-Forwarded-For is believed, comma-separated. Empty: none.",
        *_NETWORKS,
    ),
    *CHANNEL_SETTINGS,
    Setting(
        "playground.gateway_url",
        "",
        "URL at which the control plane calls the gateway for the playground. Empty: made of gateway.host and "
        "gateway.port.",
    ),
    Setting("secret.key", "", "Secret of this installation: 32 bytes as base64 or hex. Empty: read from secret.file."),
    Setting(
        "secret.file", "", "File with that secret. Empty: `secret.key` in the data folder, created at first start."
    ),
    Setting(
        "metadata.url", "", "Metadata database (keys, prompts). Empty: SQLite in the data folder; or `postgresql://…`."
    ),
    Setting("snapshot.url", "", "Control plane to fetch the snapshot from. Empty: read it from the data folder."),
    Setting("snapshot.token", "", "API key with the scope `snapshot`, used with snapshot.url."),
    Setting(
        "auth.mode",
        "open",
        "Authentication of callers: `open` (no key needed; loopback only) or `required`.",
        *_one_of("open", "required"),
    ),
    Setting(
        "oidc.issuer",
        "",
        "Issuer of the OpenID provider, exactly as in its discovery document. Empty: no OpenID login.",
    ),
    Setting("oidc.client_id", "", "Client id registered at that provider."),
    Setting("oidc.client_secret", "", "Client secret; empty for a public client."),
    Setting("oidc.name", "single sign-on", "Name of that provider on the login page."),
    Setting("oidc.domains", "", "E-mail domains that may log in, comma-separated; empty for all."),
    Setting(
        "oidc.role",
        "none",
        "Role of users without an invitation, in the organisation `default`; `none` denies access.",
        *_one_of("none", "viewer", "member", "admin"),
    ),
    Setting(
        "providers.folder",
        "",
        "Folder of your own provider files; a file with a built-in name overrides it key by key.",
    ),
    Setting("targets.allow", "", "Origins allowed in Helicone-Target-Url beside the catalog's, comma-separated."),
    Setting("upstream.transport", "direct", "HTTP client: `direct` (built in), or `httpx` for proxies and HTTP/2."),
    Setting("upstream.proxy", "", "Outbound proxy, `http://…` or `socks5://…` (with upstream.transport = httpx)."),
    Setting("upstream.http2", False, "Use HTTP/2 to providers (with upstream.transport = httpx)."),
    Setting("upstream.ca_file", "", "File of additional certificate authorities (PEM) to trust."),
    Setting(
        "tcp.keepalive_s",
        60.0,
        "Silence on a connection to a client or a provider after which TCP keep-alive probes it. 0: never.",
        "0 or more seconds",
        lambda value: value >= 0,
    ),
    Setting("upstream.connections", 1024, "Maximum connections to one origin, per worker.", *_COUNT),
    Setting("upstream.idle_s", 60.0, "Idle timeout for connections to providers.", *_SECONDS),
    Setting(
        "upstream.age_s", 600.0, "Maximum age of a connection to a provider; an older one is not reused.", *_SECONDS
    ),
    Setting("upstream.connect_timeout_s", 10.0, "Timeout for opening a connection, TLS included.", *_SECONDS),
    Setting("upstream.first_byte_timeout_s", 600.0, "Timeout for the first byte of a response.", *_SECONDS),
    Setting("upstream.between_bytes_timeout_s", 300.0, "Timeout between two reads of a response.", *_SECONDS),
    Setting("upstream.total_timeout_s", 3600.0, "Timeout for a whole call.", *_SECONDS),
    Setting("stream.usage", True, "Request usage on OpenAI-style streams and remove the extra chunk."),
    Setting("stream.times", False, "The log keeps when each piece of a stream arrived, up to 20,000 of a call."),
    Setting(
        "stream.on_disconnect",
        "drain",
        "When a client disconnects: `drain` reads on so that usage is known, `cut` closes the connection.",
        *_one_of("drain", "cut"),
    ),
    Setting("stream.drain_bytes", 8 << 20, "Maximum bytes read after a client disconnected.", *_BYTES),
    Setting(
        "stream.drain_s",
        120.0,
        "Maximum time spent waiting and reading after a client disconnected, also before a response begins.",
        *_SECONDS,
    ),
    Setting(
        "answer.cost",
        False,
        "Send Helicone-Cost and Helicone-Tokens with every non-streaming response; parses each one in the gateway.",
    ),
    Setting(
        "kv.url",
        "memory",
        "Store for limits and the cache: `memory` (one worker), `redis://…`, `rediss://…`, `unix://…`, "
        "`redis+cluster://host:port,…`.",
    ),
    Setting(
        "kv.memory_bytes", 64 << 20, "Maximum memory for cached responses, in bytes (with kv.url = memory).", *_BYTES
    ),
    Setting("kv.patience_ms", 50.0, "Timeout for Redis, per call.", "milliseconds above 0", _positive),
    Setting("limits.policy", "", "Limits for all calls of an organisation, in the form of Helicone-RateLimit-Policy."),
    Setting(
        "limits.missing_segment",
        "refuse",
        "When a call lacks the segment of a limit: `refuse` (400), `pass`, or `share` one bucket.",
        *_one_of("refuse", "pass", "share"),
    ),
    Setting("limits.hold_s", 60.0, "Reservations of a dead worker expire after this time.", *_SECONDS),
    Setting(
        "limits.budget_without_kv",
        "local",
        "Limits of cents and tokens while Redis is down: `open`, `closed` (503), or `local` (counted per worker).",
        *_one_of("open", "closed", "local"),
    ),
    Setting(
        "limits.unknown_price",
        "pass",
        "When a limit in cents meets a model without a price: `pass` (uncounted, flagged), or `refuse` (400).",
        *_one_of("pass", "refuse"),
    ),
    Setting(
        "cache.bucket",
        "entries",
        "What Helicone-Cache-Bucket-Max-Size counts: `entries` of a bucket, or `answers` to one request.",
        *_one_of("entries", "answers"),
    ),
    Setting("cache.max_entry", 4 << 20, "Maximum size of a cached response, in bytes.", *_BYTES),
    Setting(
        "cache.compress_above", 4096, "Cached responses above this size, in bytes, are compressed (zstd).", *_BYTES
    ),
    Setting("retry.patience_s", 60.0, "Maximum time from a call's arrival to its last attempt's start.", *_SECONDS),
    Setting(
        "hedge.percent",
        5.0,
        "Maximum share of calls with Helicone-Hedge-Enabled that are sent twice, in percent.",
        "0 to 100",
        lambda value: 0 <= value <= 100,
    ),
    Setting(
        "breaker.failures",
        5,
        "Consecutive failures that open the circuit breaker of an origin and credential.",
        *_COUNT,
    ),
    Setting("breaker.open_s", 10.0, "Time a circuit breaker stays open before one call probes the origin.", *_SECONDS),
    *GUARD_SETTINGS,
    Setting("budgets.interval_s", 60.0, "Interval at which budgets are compared with the log.", *_SECONDS),
    Setting(
        "log.max_body", 8 << 20, "Maximum bytes of a body that are logged; above it the middle is left out.", *_BYTES
    ),
    Setting("log.level", "info", "Lowest level that is logged.", *_one_of("debug", "info", "warning", "error")),
    Setting(
        "log.format",
        "text",
        "Form of the log lines on stderr: `text`, or `json` for one object a line.",
        *_one_of("text", "json"),
    ),
    Setting("log.fsync", False, "fsync the spool at every write: records survive a power cut. Costs a disk write."),
    Setting("log.store", "", "Log store. Empty: chDB in the data folder; or `clickhouse://user:pw@host:port/db`."),
    Setting("log.reader", "", "The same with a user that only reads (`perihelion store init`). Empty: log.store."),
    Setting("log.readers", 4, "Maximum queries of the log at once, and as many exports beside them.", *_COUNT),
    Setting("log.ttl_days", 0, "Retention of records, in days; 0: forever.", "0 or more days", lambda v: v >= 0),
    Setting(
        "log.body_ttl_days", 0, "Retention of bodies, in days; 0: like their record.", "0 or more", lambda v: v >= 0
    ),
    Setting("log.text_index", True, "Index the text of prompts and answers for search. Costs CPU and disk per call."),
    Setting(
        "log.text_index_chars",
        600,
        "Characters of each call that the text index covers: up to half of them of its prompt, the rest of its answer.",
        "100 to 32768",
        lambda v: 100 <= v <= 32_768,
    ),
    Setting("metrics.window_days", 7, "How far back a metrics question without `since` goes, in days.", *_COUNT),
    Setting("metrics.max_window_days", 400, "Longest period of a metrics question, in days.", *_COUNT),
    Setting("metrics.max_points", 20_000, "Most points (groups times buckets) in the answer to a question.", *_COUNT),
    Setting(
        "metrics.exact_rows", 10_000_000, "Calls in a period above which figures are sketched, not exact.", *_COUNT
    ),
    Setting("metrics.store_hours", True, "Store hourly figures of organisations with more calls than that."),
    *ALERT_SETTINGS,
    Setting("sql.seconds", 30.0, "Maximum time of one query of `POST /api/sql`.", *_SECONDS),
    Setting("sql.rows", 10_000, "Maximum rows of its result as JSON; streamed formats have no maximum.", *_COUNT),
    Setting("sql.memory", 256 << 20, "Maximum memory of one query, in bytes.", *_BYTES),
    Setting("sql.rows_read", 1_000_000_000, "Maximum rows that one query reads.", *_COUNT),
    Setting("spool.segment_bytes", 64 << 20, "Maximum size of a segment file, in bytes.", *_BYTES),
    Setting("spool.segment_s", 60.0, "Maximum age of a segment file.", *_SECONDS),
    Setting("ship.interval_s", 0.5, "Interval at which the shipper looks for new records.", *_SECONDS),
    Setting("ship.batch_rows", 10_000, "Maximum records in one insert.", *_COUNT),
    *EXPORT_SETTINGS,
    Setting("prices.folder", "", "Folder of your own price files (TOML); they override the built-in prices."),
)

_ROWS = {row.name: row for row in SETTINGS}


class Settings(Mapping[str, Value]):
    """All settings by name.

    `get_str`, `get_int`, `get_float` and `get_bool` return one with its type; `source` says where it was set.
    """

    def __init__(self, values: dict[str, Value], sources: dict[str, str] | None = None) -> None:
        self._values = values
        self._sources = sources or {}

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_str(self, name: str) -> str:
        return str(self._values[name])

    def get_int(self, name: str) -> int:
        return int(self._values[name])

    def get_float(self, name: str) -> float:
        return float(self._values[name])

    def get_bool(self, name: str) -> bool:
        return bool(self._values[name])

    def source(self, name: str) -> str:
        """`default`, or the file, variable or flag that set it."""
        return self._sources.get(name, "default")

    @property
    def data(self) -> Path:
        return Path(self.get_str("data")).expanduser().absolute()

    @property
    def layout(self) -> Layout:
        """The paths in the data folder."""
        return Layout(self.data)

    def environ(self) -> dict[str, str]:
        """The environment variables that make another process load the same settings."""
        return {_variable(name): str(value) for name, value in self._values.items()}


def load(
    file: Path | None = None, environ: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None
) -> Settings:
    """Every setting, from its default, `file`, `environ` and `overrides`, the later winning.

    Raises `SettingError` for a name that is not known, a value of the wrong type or out of range, and a file that
    does not parse.
    """
    values: dict[str, Value] = {row.name: row.default for row in SETTINGS}
    sources: dict[str, str] = {}
    environ = os.environ if environ is None else environ
    if file is not None:
        for name, value in _read_file(file):
            _set(values, sources, name, value, str(file))
    for row in SETTINGS:
        text = environ.get(_variable(row.name))
        if text is not None:
            _set(values, sources, row.name, text, _variable(row.name))
    for name, text in (overrides or {}).items():
        _set(values, sources, name, text, "--set")
    _agree(values, sources)
    return Settings(values, sources)


def _variable(name: str) -> str:
    return "PERIHELION_" + name.upper().replace(".", "_")


def _read_file(file: Path) -> list[tuple[str, object]]:
    try:
        tree = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingError("config", str(file), f"a file that can be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError("config", str(file), f"TOML ({error})") from None
    return list(_flatten("", tree))


def _flatten(prefix: str, table: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(f"{prefix}{name}.", value)
        else:
            yield prefix + name, value


def _set(values: dict[str, Value], sources: dict[str, str], name: str, value: object, source: str) -> None:
    row = _ROWS.get(name)
    if row is None:
        shown = MASK if is_secret_name(name) else mask_strictly(str(value))  # perhaps a secret one, misspelt
        raise SettingError(name, shown, "a known setting (see docs/settings.md)", source)
    typed = _typed(row, value, source)
    if row.accepts is not None and not row.accepts(typed):
        raise SettingError(name, value, row.expected, source)
    values[name] = typed
    sources[name] = source


def _typed(row: Setting, value: object, source: str) -> Value:
    default = row.default
    if isinstance(default, bool):
        word = str(value).strip().lower()
        if word in ("true", "1", "yes", "on"):
            return True
        if word in ("false", "0", "no", "off"):
            return False
        raise SettingError(row.name, value, "true or false", source)
    if isinstance(default, str):
        return str(value)
    if isinstance(value, bool):
        raise SettingError(row.name, value, row.expected or "a number", source)
    try:
        return int(str(value)) if isinstance(default, int) else float(str(value))
    except ValueError:
        raise SettingError(row.name, value, row.expected or "a number", source) from None


def _agree(values: dict[str, Value], sources: dict[str, str]) -> None:
    """Checks that hold between settings."""
    host = str(values["gateway.host"])
    if values["auth.mode"] == "open" and host not in ("127.0.0.1", "::1", "localhost"):
        raise SettingError(
            "gateway.host", host, "a loopback address while auth.mode is 'open'", sources.get("gateway.host", "")
        )
    if values["kv.url"] == "memory" and int(values["gateway.workers"]) > 1:
        raise SettingError(
            "gateway.workers", values["gateway.workers"],
            "1 while kv.url is 'memory', since limits and the cache are one worker's own; set kv.url = redis://host:port",
            sources.get("gateway.workers", ""),
        )  # fmt: skip
    if bool(values["gateway.tls_cert"]) != bool(values["gateway.tls_key"]):
        raise SettingError("gateway.tls_key", values["gateway.tls_key"], "set together with gateway.tls_cert")
    if bool(values["parquet.access_key"]) != bool(values["parquet.secret_key"]):
        raise SettingError("parquet.access_key", values["parquet.access_key"], "set together with parquet.secret_key")
    issuer = str(values["oidc.issuer"])
    if issuer and not issuer.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
        raise SettingError("oidc.issuer", issuer, "an https address", sources.get("oidc.issuer", ""))
    if bool(issuer) != bool(values["oidc.client_id"]):
        raise SettingError("oidc.client_id", values["oidc.client_id"], "set together with oidc.issuer")
    if values["upstream.transport"] == "direct":
        for name in ("upstream.proxy", "upstream.http2"):
            if values[name]:
                raise SettingError(name, values[name], "upstream.transport = 'httpx' with it", sources.get(name, ""))
