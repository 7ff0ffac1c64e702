"""Reads from the database what the gateways must know, as a snapshot."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from proxy.core.clock import now_us
from proxy.core.snapshot import CredentialRow, Head, KeyRow, OrgRow, PromptRow, frames
from proxy.metadata import budgets, prices
from proxy.metadata.organisations import read_settings
from proxy.metadata.tables import (
    api_keys,
    credentials,
    meta,
    organisations,
    prompt_labels,
    prompt_versions,
    prompts,
)

__all__ = ["snapshot"]


def snapshot(connection: Connection) -> tuple[int, Iterator[bytes]]:
    """Return the revision, and the file in chunks, to be read while `connection` is open."""
    values = {row.name: row.value for row in connection.execute(select(meta.c.name, meta.c.value))}
    revision = int(values["revision"])
    head = Head(revision, now_us(), values["fingerprint"], bytes.fromhex(values["pepper"]))
    return revision, frames(
        head,
        orgs=_organisations(connection),
        keys=_keys(connection, "proxy"),
        log_keys=_keys(connection, "write", "proxy"),
        credentials=_credentials(connection),
        prompts=_prompts(connection),
        prices=prices.all_rows(connection),
    )


def _organisations(connection: Connection) -> Iterator[OrgRow]:
    limits = budgets.hard_limits(connection)
    for row in connection.execute(select(organisations.c.id, organisations.c.settings).order_by(organisations.c.id)):
        yield OrgRow(row.id, read_settings(row.settings), limits.get(row.id, ()))


def _keys(connection: Connection, scope: str, without: str = "") -> Iterator[KeyRow]:
    """The keys that have one scope and not the other. Those that may only log are a kind of their own: a gateway of an
    older version passes over them."""
    for row in connection.execute(select(api_keys).where(api_keys.c.revoked_us == 0).order_by(api_keys.c.id)):
        scopes = row.scopes.split(",")
        if scope in scopes and without not in scopes and not 0 < row.expires_us <= now_us():
            yield KeyRow(row.hash, row.id, row.org_id, row.expires_us, row.policy)


def _credentials(connection: Connection) -> Iterator[CredentialRow]:
    for row in connection.execute(select(credentials).order_by(credentials.c.org_id, credentials.c.provider)):
        yield CredentialRow(row.org_id, row.provider, row.sealed)


def _prompts(connection: Connection) -> Iterator[PromptRow]:
    labels: dict[tuple[str, str, int], list[str]] = {}
    for row in connection.execute(select(prompt_labels).order_by(prompt_labels.c.label)):
        labels.setdefault((row.org_id, row.prompt_id, row.version), []).append(row.label)
    living = (prompts.c.org_id == prompt_versions.c.org_id) & (prompts.c.id == prompt_versions.c.prompt_id)
    query = (
        select(prompt_versions)
        .join(prompts, living)
        .where(prompts.c.archived_us == 0)
        .order_by(prompt_versions.c.org_id, prompt_versions.c.prompt_id, prompt_versions.c.version.desc())
    )
    before = ("", "")
    for row in connection.execute(query):
        place = (row.org_id, row.prompt_id)
        body = b'{"body":%b,"variables":%b}' % (row.body.encode(), row.variables.encode())
        names = tuple(labels.get((*place, row.version), ()))
        yield PromptRow(row.org_id, row.prompt_id, row.version, names, place != before, body)
        before = place
