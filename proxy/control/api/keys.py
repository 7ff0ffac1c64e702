"""`/api/keys` and `/api/credentials`: API keys and stored provider credentials."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.exceptions import PermissionDeniedException
from litestar.params import FromPath, FromQuery, JSONBody

from proxy.control.api.checks import check_name, check_policy, check_provider, check_scopes
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import Caller, caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.core.secret import token_hash
from proxy.metadata import credentials, keys
from proxy.metadata.credentials import Credential
from proxy.metadata.errors import InvalidValue
from proxy.metadata.keys import Key
from proxy.providers.address import resource_of
from proxy.providers.origin import is_label
from proxy.providers.provider import Provider

__all__ = ["KEY_ROUTES"]


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """`scopes`: proxy (call), read, write, admin (control plane), snapshot (other gateways)."""

    name: str
    scopes: list[str] = msgspec.field(default_factory=lambda: ["proxy"])
    policy: str = ""
    """Rate limits of every call with it, as in Helicone-RateLimit-Policy."""
    expires: datetime | None = None
    token: str = ""
    """A key of another system (`sk-helicone-…`) that shall go on working; empty: a new one is made."""


class MadeKey(msgspec.Struct):
    """The only answer that has the key itself."""

    key: str
    about: Key


class KeyChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: str | None = None
    scopes: list[str] | None = None
    policy: str | None = None


class KeyPage(msgspec.Struct):
    data: list[Key]
    next: str | None


class NewCredential(msgspec.Struct, forbid_unknown_fields=True):
    value: str
    """The provider's key. It is sealed, and no answer ever has it."""
    resource: str = ""
    """Of a provider whose addresses name a resource of its customer (`/azure/<resource>/…`): the one that the key is
    for. It is sent to no other."""


class CredentialList(msgspec.Struct):
    data: list[Credential]


@get("/api/keys", sync_to_thread=True, opt=needs("admin"), summary="API keys, newest first", operation_id="listKeys")
def list_keys(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> KeyPage:
    """Revoked and expired ones too."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = keys.listed(rows, caller_of(request).org, after, limit + 1)
    more = len(found) > limit
    return KeyPage(found[:limit], found[limit - 1].id if more else None)


@post("/api/keys", sync_to_thread=True, opt=needs("admin"), summary="Create an API key", operation_id="createKey",
      status_code=201)  # fmt: skip
def create_key(request: Request[Any, Any, Any], data: JSONBody[NewKey]) -> Response[MadeKey]:
    """Its text is in this answer and nowhere else."""
    caller, database = caller_of(request), database_of(request)
    name, scopes = check_name("name", data.name), check_scopes("scopes", data.scopes, caller.org)
    _may_give(caller, scopes, [])
    policy = check_policy("policy", data.policy)
    if data.token and not (data.token.startswith(("sk-helicone-", "pk-helicone-")) and 20 <= len(data.token) <= 200):
        raise InvalidValue("token", data.token[:12] + "…", "a key that begins with sk-helicone- or pk-helicone-")
    expires_us = _moment(data.expires)

    def make(rows: Any) -> MadeKey:
        made, text = keys.create(
            rows, database.pepper, caller.org, name, scopes, policy, expires_us, caller.name, data.token
        )
        return MadeKey(text, made)

    return mutate(request, data, make, 201)


@get("/api/keys/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="One API key", operation_id="getKey")
def show_key(request: Request[Any, Any, Any], id: FromPath[str]) -> Key:
    """Without its text, which nobody has."""
    with database_of(request).read() as rows:
        return keys.shown(rows, caller_of(request).org, id)


@patch("/api/keys/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Change a key", operation_id="editKey")
def edit_key(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[KeyChange]) -> Response[Key]:
    """Name, scopes or limits; gateways know within two seconds."""
    caller = caller_of(request)
    changed: dict[str, Any] = {}
    if data.name is not None:
        changed["name"] = check_name("name", data.name)
    if data.scopes is not None:
        changed["scopes"] = check_scopes("scopes", data.scopes, caller.org)
    if data.policy is not None:
        changed["policy"] = check_policy("policy", data.policy)

    def make(rows: Any) -> Key:
        if "scopes" in changed:
            _may_give(caller, changed["scopes"], keys.shown(rows, caller.org, id).scopes)
        return keys.edit(rows, caller.org, id, **changed)

    return mutate(request, data, make)


@delete("/api/keys/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Revoke a key", status_code=200,
        operation_id="revokeKey")  # fmt: skip
def revoke_key(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Key]:
    """For good; gateways refuse it within two seconds."""
    return mutate(request, id, lambda rows: keys.revoke(rows, caller_of(request).org, id))


@get("/api/credentials", sync_to_thread=True, opt=needs("admin"), summary="Stored provider credentials",
     operation_id="listCredentials")  # fmt: skip
def list_credentials(request: Request[Any, Any, Any]) -> CredentialList:
    """By provider, with the last four characters."""
    with database_of(request).read() as rows:
        return CredentialList(credentials.listed(rows, caller_of(request).org))


@put("/api/credentials/{provider:str}", sync_to_thread=True, opt=needs("admin"), summary="Store a credential",
     operation_id="putCredential")  # fmt: skip
def put_credential(
    request: Request[Any, Any, Any], provider: FromPath[str], data: JSONBody[NewCredential]
) -> Response[Credential]:
    """Used for calls of this organisation that bring none of their own."""
    plane: ControlPlane = request.app.state.plane
    check_provider("provider", provider, plane.providers)
    resource = _resource(plane.catalog.providers[provider], data.resource)
    value = data.value.strip()
    if not value or len(value) > 8192 or not (value.isascii() and value.isprintable()):
        raise InvalidValue("value", "***", "1 to 8192 printable ASCII characters")
    database = database_of(request)
    return mutate(
        request,
        # Hashed with a key: what is kept of it tells nobody the value.
        [provider, resource, token_hash(database.pepper, value).hex()],
        lambda rows: credentials.put(rows, database.secret, caller_of(request).org, provider, value, resource),
    )


@delete("/api/credentials/{provider:str}", sync_to_thread=True, opt=needs("admin"), summary="Delete a credential",
        status_code=204, operation_id="deleteCredential")  # fmt: skip
def delete_credential(request: Request[Any, Any, Any], provider: FromPath[str], resource: FromQuery[str] = "") -> None:
    """Gone from the database; gateways know within two seconds."""
    with database_of(request).write() as rows:
        credentials.remove(rows, caller_of(request).org, provider, resource)


def _resource(provider: Provider, given: str) -> str:
    """The resource that a key is for. Raises `InvalidValue` where one is missing, or is none."""
    given = given.strip().lower()
    if not provider.is_shared:
        if given:
            raise InvalidValue("resource", given[:60], f"none: all addresses of {provider.name} are the provider's own")
        return ""
    resource = resource_of(provider, given) if "." in given else given
    if not all(map(is_label, resource.split("."))) or len(provider.name) + len(resource) > 63:
        raise InvalidValue(
            "resource", given[:60], f"the resource or host of {provider.name} that the key is for, such as my-resource"
        )
    return resource


def _may_give(caller: Caller, scopes: list[str], before: list[str]) -> None:
    """An admin is one of an organisation; the snapshot has what all of them have."""
    if "snapshot" in scopes and "snapshot" not in before and not caller.may("owner"):
        raise PermissionDeniedException(f"Only an owner can give the scope snapshot; your role is {caller.role}.")


def _moment(at: datetime | None) -> int:
    if at is None:
        return 0
    try:
        us = round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1e6)
    except (OverflowError, ValueError, OSError):
        us = -1
    if us <= now_us():
        raise InvalidValue("expires", at.isoformat(), "a time in the future")
    return us


KEY_ROUTES: list[Any] = [
    list_keys, create_key, show_key, edit_key, revoke_key, list_credentials, put_credential, delete_credential,
]  # fmt: skip
