"""Phase: resolves the caller's API key to an organisation."""

from proxy.core.errors import Unauthorized
from proxy.core.identity import Identity
from proxy.core.internal_token import looks_internal
from proxy.core.snapshot import KeyRow
from proxy.gateway.browsers import BrowserGuard
from proxy.gateway.directory import Directory
from proxy.gateway.request import RequestHead

__all__ = ["identify", "identify_reporter"]

_OPEN = Identity()


def identify(head: RequestHead, directory: Directory, browsers: BrowserGuard | None) -> Identity:
    """Return the identity behind the caller's key; the default one in open mode, where `browsers` is set.

    Raises `Unauthorized`, and in open mode `Forbidden` for a page of another site.
    """
    return _identify(head, directory, browsers, directory.key(head.key) if head.key else None)


def identify_reporter(head: RequestHead, directory: Directory, browsers: BrowserGuard | None) -> Identity:
    """The same for a call that is only logged, which keys of the scope `write` may do, too."""
    return _identify(head, directory, browsers, directory.log_key(head.key) if head.key else None)


def _identify(head: RequestHead, directory: Directory, browsers: BrowserGuard | None, row: KeyRow | None) -> Identity:
    if row is not None:
        return Identity(row.org, row.id, row.policy, directory.current.policies.get(row.org, ""))
    if head.key and looks_internal(head.key):
        org = directory.internal_org(head.key)
        if not org:
            raise Unauthorized(
                "The internal token in Helicone-Auth has expired, or is of an installation with another secret.",
                code="unknown_key",
                param="Helicone-Auth",
            )
        return Identity(org, org_policy=directory.current.policies.get(org, ""))
    if browsers is not None:
        browsers.check(head)
        org_policy = directory.current.policies.get(_OPEN.org, "")
        return Identity(org_policy=org_policy) if org_policy else _OPEN
    if not head.key:
        raise Unauthorized("A key is required: send Helicone-Auth: Bearer sk-perihelion-….", param="Helicone-Auth")
    raise Unauthorized(
        "The key in Helicone-Auth is unknown, expired or revoked.",
        code="unknown_key",
        param="Helicone-Auth",
    )
