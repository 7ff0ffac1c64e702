"""The table of request headers: one row a header, read by the parser, the checks and the page of the contract.

A row with a `slot` is read into an attribute of `Head` of that name, which `headers.pyx` and `headers.pxd` declare as
well (a missing one fails the import). Every other row needs no compiled code: its value is in `Head.directives`.
"""

from typing import Final, NamedTuple

from ._accepted import ANY, FLAG, UUIDS, Accepted, integer, number, one_of, text

__all__ = [
    "CREDENTIALS",
    "DIRECTIVES",
    "DROPPED",
    "HEADERS",
    "HOP_BY_HOP",
    "JOINED",
    "LABELS",
    "OURS",
    "PREFIX",
    "PROPERTY",
    "SLOTS",
    "SWITCHES",
    "Header",
]

PREFIX: Final = "helicone-"
PROPERTY: Final = "helicone-property-"
OURS: Final = (PREFIX, "x-helicone-")
"""Beginnings of the names of headers that this proxy alone puts into an answer."""
_TEXT: Final = text(1024)


class Header(NamedTuple):
    """One request header."""

    name: str
    """As the docs spell it."""
    slot: str = ""
    """The attribute of `Head` that holds it; empty: `Head.directives`, under its name less `PREFIX`."""
    kind: str = "text"
    """`text` (of several lines the first that is not empty counts), `list` (several lines are joined by a comma),
    `flag` or `length`."""
    accepts: Accepted = ANY
    doc: str = ""
    """What it does, for the page of the contract; empty: the header is not ours and is not listed."""
    default: str = ""
    since: str = "0.1"
    shown: str = ""
    """What it accepts, where the words of `accepts` do not say enough."""
    unavailable: str = ""
    """The value whose feature is not built: answered 501."""
    guard: str = ""
    """The guard that it asks for, where it is `true`."""
    has_effect: bool = True
    """False for a header that is accepted and ignored."""
    is_label: bool = False
    """A name that people read: percent-encoding in it is decoded."""
    is_credential: bool = False
    """Carries a provider's key, whichever provider it is."""

    @property
    def key(self) -> str:
        """Its name in lower case."""
        return self.name.lower()

    @property
    def is_listed(self) -> bool:
        """Whether the page of the contract lists it."""
        return bool(self.doc)

    @property
    def directive(self) -> str:
        """Its name in `Head.directives`."""
        return self.key.removeprefix(PREFIX)


HEADERS: Final[tuple[Header, ...]] = (
    # Not ours: read, and forwarded unless `DROPPED` says otherwise.
    Header("Host", "host"),
    Header("Content-Type", "content_type"),
    Header("Content-Encoding", "content_encoding"),
    Header("Accept-Encoding", "accept_encoding", "list"),
    Header("Transfer-Encoding", "transfer_encoding", "list"),
    Header("User-Agent", "user_agent"),
    Header("Upgrade", "upgrade", "list"),
    Header("Connection", "connection", "list"),
    Header("Content-Length", "content_length", "length"),
    Header("Cache-Control", "plain_cache_control", "list"),
    Header("Traceparent", "traceparent"),
    Header("Anthropic-Version", "anthropic_version"),
    Header("Authorization", "authorization", is_credential=True),
    Header("X-Api-Key", "x_api_key", is_credential=True),
    Header("Api-Key", "api_key", is_credential=True),
    Header("X-Goog-Api-Key", "x_goog_api_key", is_credential=True),
    # Ours: never forwarded.
    Header(
        "Helicone-Auth", "auth", shown="`Bearer sk-perihelion-…`, or an imported `sk-helicone-…` or `pk-helicone-…`",
        doc="The caller's key.",
    ),
    Header(
        "Helicone-User-Id", "user_id", accepts=text(256), is_label=True, default="`user` of the body",
        doc="The user that the call is made for.",
    ),
    Header("Helicone-Session-Id", "session_id", accepts=_TEXT, is_label=True, doc="The session of the call."),
    Header(
        "Helicone-Session-Path", "session_path", accepts=_TEXT, is_label=True, shown="a path such as `/a/b`",
        doc="Its place in the tree of the session.",
    ),
    Header("Helicone-Session-Name", "session_name", accepts=_TEXT, is_label=True, doc="The session's name."),
    Header("Helicone-Request-Name", "request_name", accepts=_TEXT, is_label=True, doc="A name for the call."),
    Header(
        "Helicone-Request-Id", "request_id", accepts=UUIDS, default="a new one (version 7)",
        doc="The id of the record. A repeat in the same organisation is 409 within the last 65,536 ids of one worker.",
    ),
    Header(
        "Helicone-Property-<Name>", "properties", accepts=_TEXT, is_label=True,
        doc="A custom property; up to 64 a call.",
    ),
    Header("Helicone-Prompt-Id", "prompt_id", accepts=_TEXT, since="0.2", doc="The managed prompt, or a tag."),
    Header(
        "Helicone-Prompt-Variables", shown="a JSON object, or base64 of it", default="`{}`",
        since="0.2", doc="Fills `{{name}}` in the prompt and in the caller's messages.",
    ),
    Header("Helicone-Prompt-Version", shown="a version number", since="0.2", doc="The version of the prompt."),
    Header(
        "Helicone-Prompt-Environment", shown="a label", default="`production`, else the newest version",
        since="0.2", doc="The environment whose version is used.",
    ),
    Header(
        "Helicone-Target-Url", "target_url", shown="an origin on the allow-list",
        doc="Where the call goes, whatever its path.",
    ),
    Header(
        "Helicone-OpenAI-Api-Base", "openai_api_base", shown="a base URL on an allowed origin",
        doc="Stands for `https://api.openai.com/v1`; may carry a path.",
    ),
    Header(
        "Helicone-Model-Override", "model_override", accepts=_TEXT, doc="The model used for prices and statistics.",
    ),
    Header(
        "Helicone-RateLimit-Policy", "rate_policy", "list",
        shown="`{limit};w={seconds};u={unit};s={segment}`, several joined by commas",
        since="0.2", doc="Limits of calls, tokens or money.",
    ),
    Header(
        "Helicone-Cache-Control", "cache_control", "list", default="7 days",
        shown="`max-age=`, `s-maxage=` (up to 365 days), `no-cache`, `no-store`",
        since="0.2", doc="How long a cached answer may be used. `Cache-Control` counts where this one is absent.",
    ),
    Header(
        "Helicone-Cache-Enabled", "cache_enabled", "flag", FLAG, default="`false`",
        since="0.2", doc="Read and write the cache.",
    ),
    Header("Helicone-Cache-Read", "cache_read", "flag", FLAG, default="`false`", since="0.2", doc="Read the cache."),
    Header("Helicone-Cache-Save", "cache_save", "flag", FLAG, default="`false`", since="0.2", doc="Write the cache."),
    Header("Helicone-Cache-Seed", accepts=_TEXT, since="0.2", doc="A namespace of the cache."),
    Header(
        "Helicone-Cache-Bucket-Max-Size", accepts=integer(1, 100_000), default="1000",
        since="0.2",
        doc='The largest number of entries of a seed; with `cache.bucket = "answers"` of answers to one request.',
    ),
    Header(
        "Helicone-Cache-Ignore-Keys", shown='`a,b.c` or `"a","b"`',
        since="0.2", doc="JSON keys that are left out of the cache key.",
    ),
    Header(
        "Helicone-Cache-Mode", accepts=one_of("exact", "semantic"), default="`exact`", unavailable="semantic",
        since="0.2", doc="How requests are compared.",
    ),
    Header(
        "Helicone-Cache-Similarity", accepts=number(0, 1),
        since="0.2", has_effect=False, doc="For `semantic`: how alike they must be.",
    ),
    Header(
        "Helicone-Cache-Pace", accepts=one_of("recorded", "at-once"), default="`at-once`",
        since="0.2", doc="Whether a cached stream keeps the gaps between its chunks.",
    ),
    Header(
        "Helicone-Retry-Enabled", "retry_enabled", "flag", FLAG, default="`false`",
        since="0.2", doc="Retry failed attempts.",
    ),
    Header("Helicone-Retry-Num", accepts=integer(0, 10), default="5", since="0.2", doc="Maximum number of retries."),
    Header(
        "Helicone-Retry-Factor", accepts=number(1, 10), default="2",
        since="0.2", doc="The backoff is minimum timeout × factor^n, with full jitter, up to the maximum timeout.",
    ),
    Header(
        "Helicone-Retry-Min-Timeout", accepts=integer(0, 3_600_000, "milliseconds"), default="1000",
        since="0.2", doc="The shortest backoff. A longer `Retry-After` of the provider is obeyed.",
    ),
    Header(
        "Helicone-Retry-Max-Timeout", accepts=integer(0, 3_600_000, "milliseconds"), default="10000",
        since="0.2", doc="The longest backoff.",
    ),
    Header(
        "Helicone-Hedge-Enabled", accepts=FLAG, default="`false`",
        since="0.2", doc="Send a late call a second time.",
    ),
    Header(
        "Helicone-Fallback", shown='a JSON list such as `[{"model": "gpt-4o-mini"}]`',
        since="0.2", doc="Models that are tried in order after the first has failed.",
    ),
    Header(
        "Helicone-Fallbacks", shown="a JSON list of `target-url`, `headers`, `onCodes`, `bodyKeyOverride`",
        since="0.2", doc="Targets in order; the first is the primary.",
    ),
    Header(
        "Helicone-Omit-Request", "omit_request", "flag", FLAG, default="`false`",
        doc="The request body is not stored anywhere.",
    ),
    Header(
        "Helicone-Omit-Response", "omit_response", "flag", FLAG, default="`false`",
        doc="The response body is not stored anywhere.",
    ),
    Header(
        "Helicone-Stream-Usage", "stream_usage", "flag", FLAG, default="a setting, on by default",
        doc="Request usage on OpenAI-shaped streams, and strip the extra chunk.",
    ),
    Header(
        "Helicone-Stream-Times", accepts=FLAG, since="0.2", default="a setting, off by default",
        doc="The log keeps when each piece of a stream arrived.",
    ),
    Header(
        "Helicone-Webhook-Enabled", accepts=FLAG, default="`false`",
        doc="Webhooks that match the call send it, whatever share of calls they send.",
    ),
    Header(
        "Helicone-Moderations-Enabled", accepts=FLAG, guard="moderation", default="`false`", since="0.2",
        doc="Refuse the call where the moderation endpoint flags its text.",
    ),
    Header(
        "Helicone-LLM-Security-Enabled", accepts=FLAG, guard="security", default="`false`", since="0.2",
        doc="Refuse the call where a classifier, or the built-in rules, find a prompt injection in its text.",
    ),
    Header(
        "Helicone-LLM-Security-Advanced", accepts=FLAG, default="`false`", since="0.2",
        doc="With `Helicone-LLM-Security-Enabled`: only a classifier may check the call, not the built-in rules.",
    ),
    Header("Helicone-Increase-Timeout", shown="`true`", has_effect=False,
        doc="A longer timeout at Helicone. Here the settings `upstream.*_timeout_s` apply to every call.",
    ),
    Header("Helicone-Stream-Force-Format", shown="`true`", has_effect=False,
        doc="Regroups the chunks of a stream at Helicone. Here chunks are passed on as they arrive.",
    ),
)  # fmt: skip
"""Every header that the proxy reads. The first credential that is not empty is the call's credential."""

_PLACED: Final = tuple(row for row in HEADERS if row.slot and "<" not in row.name)

SLOTS: Final[dict[str, str]] = {row.key: row.slot for row in _PLACED if row.kind != "flag"}
"""Name to the slot it fills."""

JOINED: Final = frozenset(row.key for row in HEADERS if row.kind == "list")
"""Lists: several lines are joined by a comma. Of any other slot the first line that is not empty counts."""

LABELS: Final = frozenset(row.key for row in _PLACED if row.is_label)
"""Names whose values are percent-decoded; properties are as well."""

CREDENTIALS: Final = tuple(row.key for row in HEADERS if row.is_credential)
"""Headers that carry a provider's key, in the order in which they count."""

SWITCHES: Final[dict[str, str]] = {row.key: row.slot for row in HEADERS if row.kind == "flag"}
"""Name to the slot of a yes-or-no directive."""

DIRECTIVES: Final = tuple(row.key for row in HEADERS if not row.slot)
"""Known names without a slot of their own."""

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that concern one connection alone (RFC 9110, 7.6.1)."""

DROPPED: Final = HOP_BY_HOP | {"host", "content-length", "expect", "accept-encoding"}
"""Never forwarded, beside everything that starts with `PREFIX`: hop-by-hop, or written by the gateway itself."""
