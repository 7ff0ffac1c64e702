"""Our own errors. A message says what was asked, what was found and what would be right.

PerihelionError
├── SettingError            start refuses
└── ProxyError              becomes an answer to the caller
    ├── BadDirective       400  a Helicone-* header that does not parse
    ├── BadRequest         400  a request that cannot be proxied
    ├── Unauthorized       401
    ├── Forbidden          403  a target that is not on the allow-list
    ├── NotFound           404  no such address
    ├── Conflict           409  a request id seen before
    ├── TooLarge           413
    ├── Limited            429
    ├── FeatureUnavailable 501  a feature that is not built yet
    ├── UpstreamError      502  no usable answer: refused, reset, broken protocol
    │   └── UpstreamTimeout 504
    └── Overloaded         503  no room for the call
"""

from typing import ClassVar, Final

from proxy.core.masking import MASK, mask, mask_strictly
from proxy.core.setting import SECRET_SETTINGS

__all__ = [
    "BadDirective",
    "BadRequest",
    "ClientDisconnected",
    "Conflict",
    "FeatureUnavailable",
    "Forbidden",
    "Limited",
    "NotFound",
    "Overloaded",
    "PerihelionError",
    "ProxyError",
    "SettingError",
    "TooLarge",
    "Unauthorized",
    "UpstreamError",
    "UpstreamTimeout",
]


_MAX_LOOKED_AT: Final = 1024
"""Characters of a value that are masked before its beginning is quoted: what is cut off could have told a secret."""


class PerihelionError(Exception):
    """Base of every error this project raises on purpose."""


class SettingError(PerihelionError):
    """A setting that cannot be used. Names the key, the value found and what is expected. Of a secret setting the value
    is not told, nor what looks like a credential in another's."""

    def __init__(self, name: str, value: object, expected: str, source: str = "") -> None:
        where = f" (from {source})" if source else ""
        if value and name in SECRET_SETTINGS:
            value = MASK
        elif isinstance(value, str):
            value = mask(value)
        super().__init__(f"setting {name!r}{where} is {value!r}; expected {expected}")
        self.name = name


class ClientDisconnected(PerihelionError):
    """The caller closed its side before the answer was whole."""


class ProxyError(PerihelionError):
    """An error that becomes an answer. `status` is HTTP's, `code` is from the documented list in docs/errors.md,
    `kind` is the field's word for the class of error (OpenAI's `type`), `param` names the header or field."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    kind: ClassVar[str] = "api_error"

    def __init__(
        self, message: str, *, code: str = "", param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.headers = headers or {}
        if code:
            self.code = code

    @classmethod
    def of(cls, error: BaseException) -> "ProxyError":
        """`error` itself where it is ours, else an internal error that says nothing of its insides to the caller."""
        if isinstance(error, ProxyError):
            return error
        return ProxyError("The proxy failed on this call. The call is in the log with its id, and the cause on stderr.")


class BadDirective(ProxyError):
    """A `Helicone-*` header whose value is not accepted."""

    status = 400
    code = "invalid_header"
    kind = "invalid_request_error"

    def __init__(self, header: str, found: str, accepted: str, *, code: str = "") -> None:
        found = mask_strictly(found[:_MAX_LOOKED_AT])
        shown = found if len(found) <= 120 else found[:117] + "..."
        super().__init__(f"Header {header}: found {shown!r}; accepted: {accepted}.", code=code, param=header)


class BadRequest(ProxyError):
    status = 400
    code = "invalid_request"
    kind = "invalid_request_error"


class Unauthorized(ProxyError):
    status = 401
    code = "unauthorized"
    kind = "authentication_error"


class Forbidden(ProxyError):
    status = 403
    code = "target_not_allowed"
    kind = "permission_error"


class NotFound(ProxyError):
    status = 404
    code = "unknown_address"
    kind = "not_found_error"


class Conflict(ProxyError):
    status = 409
    code = "duplicate_request_id"
    kind = "invalid_request_error"


class TooLarge(ProxyError):
    status = 413
    code = "body_too_large"
    kind = "request_too_large"


class Limited(ProxyError):
    status = 429
    code = "rate_limited"
    kind = "rate_limit_error"


class FeatureUnavailable(ProxyError):
    status = 501
    code = "not_implemented"
    kind = "invalid_request_error"


class UpstreamError(ProxyError):
    """No usable answer from the provider.

    `phase` is where it died: `resolve`, `connect`, `tls`, `send`, `first_byte`, `body`.
    `code` is one of `upstream_unresolved`, `upstream_refused`, `upstream_tls`, `upstream_reset`,
    `upstream_protocol`, `upstream_redirect`, `upstream_timeout`. `retriable` is False where bytes of an answer had
    already arrived.
    `unread` is True where the provider cannot have read the whole request: a kept connection that it closed while
    the request was on its way.
    """

    status = 502
    code = "upstream_reset"
    kind = "api_error"

    def __init__(
        self, message: str, *, code: str = "", phase: str = "connect", retriable: bool = True, unread: bool = False
    ) -> None:
        super().__init__(message, code=code)
        self.phase = phase
        self.retriable = retriable
        self.unread = unread


class UpstreamTimeout(UpstreamError):
    status = 504
    code = "upstream_timeout"
    kind = "timeout_error"


class Overloaded(ProxyError):
    status = 503
    code = "overloaded"
    kind = "overloaded_error"
