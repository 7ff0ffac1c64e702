"""What looks like a credential, by its shape or by the name it stands under: the one module that knows.

Whoever stores, echoes or prints a text that came from outside passes it through here first. Masking twice changes
nothing. All patterns are anchored and bounded: a text costs time in proportion to its length, whatever it holds.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

__all__ = [
    "MASK",
    "has_mark",
    "is_secret_name",
    "mask",
    "mask_bytes",
    "mask_named",
    "mask_path",
    "mask_query",
    "mask_strictly",
]

MASK: Final = "***"

_QUERY_NAMES: Final = frozenset({"code", "pass", "pw"})
"""Fields that hold a credential in a query, and mean something else elsewhere."""
_NAMES: Final = frozenset(
    {
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "auth_token",
        "authorization",
        "client_secret",
        "cookie",
        "key",
        "password",
        "secret",
        "sig",
        "signature",
        "token",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-goog-credential",
        "x-goog-signature",
    }
)
"""Names whose value is masked whatever it is."""
_WORDS: Final = frozenset(
    {
        *("auth", "authentication", "authorization", "bearer", "cookie", "cred", "credential", "credentials", "creds"),
        *("jwt", "key", "keyid", "keys", "otp", "passphrase", "passwd", "password", "pwd", "sas", "secret", "secrets"),
        *("sig", "signature", "token"),
    }
)
_ENDS: Final = ("apikey", "accesskey", "authkey", "subscriptionkey", "secretkey", "privatekey", "licensekey")
_ENDS_OF_ANY: Final = (*_ENDS, "password", "passwd", "secret", "token", "credential", "signature", "cookie")
_HARMLESS: Final = frozenset(
    {
        "idempotency-key",
        "x-idempotency-key",
        "page_token",
        "pagetoken",
        "next_page_token",
        "nextpagetoken",
        "partition-key",
        "sort-key",
        "prompt_cache_key",
    }
)
_LEAST_VALUE: Final = 4
"""Characters of a value that stands under a name which only may be that of a credential."""
_WORD_EDGES: Final = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")

_START: Final = r"(?<![A-Za-z0-9])"
_SHAPES: Final = (
    # User and password before a host, with and without a scheme; one word before a host may be a key.
    (
        re.compile(
            r"(://[^\s:\"'<>@/]{0,128}+):[^\s:\"'<>@]{0,256}+(?::[^\s:\"'<>@]{0,256}+){0,2}+"
            r"(?:@[^\s:\"'<>@/]{0,64}+(?=@))?@"
        ),
        rf"\1:{MASK}@",
    ),
    (re.compile(r"://[^\s:\"'<>@/]{1,256}+@"), rf"://{MASK}@"),
    (
        re.compile(
            r"(?<![\w.%+@-])(?!https?:|mailto:)([\w.%+-]{1,64}+)(?::(?!//)[^\s:\"'<>@]{1,256}+){1,3}+@(?=[A-Za-z0-9\[])"
        ),
        rf"\1:{MASK}@",
    ),
    (re.compile(rf"{_START}((?i:bearer))\s+(?![^\s…]*…)(?!\*\*\*)[\w.~+/=-]+"), rf"\1 {MASK}"),
    (
        re.compile(rf"{_START}((?i:basic))\s+(?=[\w.~+/=-]*(?:[a-z][A-Z]|[0-9]|=))[\w.~+/=-]{{6,}}"),
        rf"\1 {MASK}",
    ),
    (re.compile(rf"{_START}((?:sk|pk|rk|gsk|csk|xai|pplx|nvapi|tvly)-)(?![\w-]*…)[\w-]{{6,}}"), rf"\1{MASK}"),
    (re.compile(rf"{_START}((?:gsk|(?:sk|pk|rk)_(?:live|test)|whsec)_)[\w+/=-]{{6,}}"), rf"\1{MASK}"),
    (re.compile(rf"{_START}(AIza)[\w-]{{10,}}"), rf"\1{MASK}"),
    (
        re.compile(
            rf"{_START}((?:sk|hf|r8|fw|api|tgp|npm|jina|pcsk|gh[opsur]|github_pat|dop_v1|lsv2_[ps]t|esecret|shp[ap]t)_"
            r"|(?:glpat|key|pa|sess|cpk|xox[a-z])-|ya29\.|SG\.|dapi|AKIA|ASIA|AROA)(?=\w*[0-9A-Z])[\w.~+=-]{14,}"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(rf"{_START}(ABSK)[\w+/=]{{16,}}"), rf"\1{MASK}"),
    (re.compile(rf"{_START}(eyJ)[\w-]{{6,}}\.[\w-]*(?:\.[\w-]*){{0,3}}"), rf"\1{MASK}"),
    (
        re.compile(r"-----BEGIN[^-]{0,40}PRIVATE KEY-----(?!\*\*\*)[\s\S]*?(?:-----END[^-]{0,40}PRIVATE KEY-----|\Z)"),
        f"-----BEGIN PRIVATE KEY-----{MASK}",
    ),
)
_PLACES: Final = (
    # "name": "value", also in JSON inside JSON, and cut off
    re.compile(
        r"(?<![\w.%-])(?P<name>[A-Za-z][\w.%-]{1,60})(?P<between>\\*[\"']\s*:\s*\\*[\"'])(?P<value>[^\"'\\\r\n]+)"
    ),
    # name=value
    re.compile(r"(?<![\w.%-])(?P<name>[A-Za-z][\w.%-]{0,60})(?P<between>=\\*[\"']?)(?P<value>[^\s\"'&,;\\{}\[\]<>]+)"),
    # Name: value, as in a line of headers
    re.compile(
        r"(?<![\w.%-])(?P<name>[A-Za-z][\w.%-]{1,60})(?P<between>:[ \t]?)(?P<value>(?=\S*[0-9])[\w.~+/=-]{16,})"
    ),
)
_OPAQUE: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9+/=_]{16,}")
_USERINFO: Final = re.compile(r":[^\s\"'<>@]{1,256}@").search
_MAX_NAMED: Final = 1024
_MAX_WORD: Final = 64
_MAX_PATH: Final = 2048
_VALUE_CHARS: Final = 8 << 10
"""Bytes of a body of an error that are looked through where others wait."""
_MAX_AT_ONCE: Final = 4096
"""Characters of named values that are searched where others wait. Above it a value goes as a whole: a search takes
about a microsecond a character."""


def has_mark(text: str) -> bool:
    """Whether `text`, of a few hundred characters, may hold a credential: cheap, for what hardly ever does. Names of
    fields are expected in lower case."""
    # Written out, since every call with labels pays for it: a loop, and a regular expression, cost five times as much.
    return (
        "k-" in text or "k_" in text or "eyJ" in text or "AIza" in text or "xai-" in text or "pplx-" in text
        or "nvapi-" in text or "hf_" in text or "r8_" in text or "fw_" in text or "tgp_" in text or "AKIA" in text
        or "ASIA" in text or "ABSK" in text or "ya29" in text or "ghp_" in text or "_pat_" in text or "lpat-" in text
        or "xox" in text or "key" in text or "oken" in text or "ecret" in text or "assw" in text or "auth" in text
        or "cred" in text or "pwd" in text or "earer" in text or "asic " in text or "PRIVATE" in text
        or ("@" in text and _USERINFO(text) is not None)
    )  # fmt: skip


def is_secret_name(name: str) -> bool:
    """Whether a field, a header or a setting of that name holds a credential, as far as its name tells."""
    name = unquote(name).strip()
    low = name.lower()
    if low in _NAMES:
        return True
    if low in _HARMLESS:
        return False
    words = [word.lower() for word in _WORD_EDGES.split(name) if word]
    return any(word in _WORDS or word.endswith(_ENDS) for word in words) or low.endswith(_ENDS_OF_ANY)


def mask(text: str) -> str:
    """`text` without what looks like a credential: by its shape, or as the value of a name that says so."""
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    for pattern in _PLACES:
        text = pattern.sub(_masked_place, text)
    return text


def mask_strictly(text: str) -> str:
    """The same for a text that has no reason to hold one, such as the value of an unknown header: long runs of letters
    and digits go, too."""
    return _OPAQUE.sub(MASK, mask(text))


def mask_bytes(body: bytes, most: int = _VALUE_CHARS) -> bytes:
    """The same of the first `most` bytes of a body; the rest stays as it is."""
    text = body[:most].decode("latin-1")
    masked = mask(text)
    return body if masked == text else masked.encode("latin-1") + body[most:]


def mask_named(values: dict[str, str], *, strictly: bool = False) -> dict[str, str]:
    """`values` by name, masked by the names and by the shapes of names and values. Both are cut at 1,024 characters.

    Of more than 4,096 characters in all, a value that may hold a credential is masked as a whole.
    """
    size = sum(map(len, values)) + sum(map(len, values.values()))
    if size > _MAX_AT_ONCE:
        return {
            MASK if has_mark(name) else name[:_MAX_NAMED]: MASK
            if has_mark(name) or has_mark(value) or (strictly and len(value) > _MAX_WORD)
            else value[:_MAX_NAMED]
            for name, value in values.items()
        }
    clean = mask_strictly if strictly else mask
    return {
        mask(name[:_MAX_NAMED]): MASK
        if len(value) >= _LEAST_VALUE and is_secret_name(name[:_MAX_NAMED])
        else clean(value[:_MAX_NAMED])
        for name, value in values.items()
    }


def mask_query(query: str) -> str:
    """`query` with `***` for each value that stands under the name of a credential or looks like one."""
    if not query:
        return query
    fields = query.split("&")
    for at, field in enumerate(fields):
        name, mark, value = field.partition("=")
        if value and _holds_secret(unquote(name).strip().lower(), value):
            fields[at] = f"{name}={MASK}"
        elif _is_masked(value or name):
            fields[at] = f"{name}={MASK}" if mark else MASK
    return "&".join(fields)


def mask_path(path: str) -> str:
    """`path` (a target as it came: path and query) with `***` for each segment that looks like a credential; at most
    2,048 characters of it where it may hold one."""
    if "?" not in path and "%" not in path and not has_mark(path):
        return path
    path, mark, query = path[:_MAX_PATH].partition("?")
    if mark:
        query = mask_query(query)
    if _is_masked(path):
        path = "/".join([_masked_segment(segment) for segment in _mask_userinfo(path).split("/")])
    return f"{path}?{query}" if mark else path


def _masked_place(found: re.Match[str]) -> str:
    name, between, value = found["name"], found["between"], found["value"]
    if not is_secret_name(name) and not (between[0] == "=" and name.lower() in _QUERY_NAMES):
        return found[0]
    if name.lower() in _NAMES or len(value) >= _LEAST_VALUE:
        return f"{name}{between}{MASK}"
    return found[0]


def _holds_secret(name: str, value: str) -> bool:
    if name in _NAMES:
        return True
    return len(value) >= _LEAST_VALUE and (name in _QUERY_NAMES or is_secret_name(name))


def _is_masked(text: str) -> bool:
    """Whether `text`, which may be percent-encoded, holds something of a credential's shape."""
    return mask(text) != text or ("%" in text and mask(plain := unquote(text)) != plain)


def _mask_userinfo(path: str) -> str:
    for pattern, replacement in _SHAPES[:3]:
        path = pattern.sub(replacement, path)
    return path


def _masked_segment(segment: str) -> str:
    masked = mask(segment)
    if masked != segment or "%" not in segment:
        return masked
    plain = unquote(segment)
    masked = mask(plain)
    return segment if masked == plain else quote(masked, safe="*:@!$&'()+,;=~")
