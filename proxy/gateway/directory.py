"""Loads the newest snapshot into a worker: organisations, keys, credentials, prompts, prices.

On one host the control plane writes the file. A gateway on another host fetches it over HTTP and stores it as the same
file, so it can start with its last snapshot while the control plane is down. The file is read in parts, between calls.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from proxy.core.clock import monotonic, now_us
from proxy.core.errors import PerihelionError, UpstreamError
from proxy.core.files import replace
from proxy.core.internal_token import org_of_token
from proxy.core.origin import Origin
from proxy.core.secret import Secret, SecretError, load_secrets, next_file, secret_file, token_hasher
from proxy.core.settings import Settings
from proxy.core.snapshot import CredentialRow, Head, KeyRow, PriceRow, PromptRow, SnapshotError, read
from proxy.providers.origin import parse_origin
from proxy.upstream.base import Upstream, UpstreamRequest

__all__ = ["Directory", "DirectorySnapshot"]

_log = logging.getLogger(__name__)

_POLL_S: Final = 0.25
_FETCH_INTERVAL_S: Final = 1.0


class DirectorySnapshot:
    """One snapshot, indexed for lookups. A new one is empty."""

    def __init__(self) -> None:
        self.revision = 0
        self.hashed: Callable[[str], bytes] | None = None
        """Hashes the text of a key; None before the head of a snapshot was read."""
        self.secret: Secret | None = None
        """Opens the sealed values of this snapshot."""
        self.keys: dict[bytes, KeyRow] = {}
        self.log_keys: dict[bytes, KeyRow] = {}
        """Keys that may not call and may log calls."""
        self.policies: dict[str, str] = {}
        """Limits by organisation, as `OrgRow.limits` writes them."""
        self.credentials: dict[tuple[str, str], bytes] = {}
        self.prompts: dict[tuple[str, str], list[PromptRow]] = {}
        self.prices: dict[str, list[PriceRow]] = {}
        """Own prices, by organisation."""

    def add(self, kind: str, rows: list[Any], secrets: list[Secret]) -> None:
        if kind == "keys":
            self.keys |= {row.hash: row for row in rows}
        elif kind == "log_keys":
            self.log_keys |= {row.hash: row for row in rows}
        elif kind == "prompts":
            for row in rows:
                self.prompts.setdefault((row.org, row.id), []).append(row)
        elif kind == "prices":
            for row in rows:
                self.prices.setdefault(row.org, []).append(row)
        elif kind == "orgs":
            self.policies |= {row.id: row.limits for row in rows if row.limits}
        elif kind == "credentials":
            sealed: list[CredentialRow] = rows
            self.credentials |= {(row.org, row.provider): row.sealed for row in sealed}
        elif kind == "head":
            head: Head = rows[0]
            self.revision = head.revision
            fits = [secret for secret in secrets if secret.fingerprint == head.fingerprint]
            if not fits:
                raise SecretError(
                    f"it is sealed with the secret {head.fingerprint}, and this gateway has {secrets[0].fingerprint}; "
                    "give it the new secret.file, or set secret.key and start it again"
                )
            self.secret = fits[0]
            self.hashed = token_hasher(self.secret.open(head.pepper, "pepper"))

    async def clear_gradually(self) -> None:
        """Empty it step by step: 100,000 keys at once would hold up calls for 15 ms."""
        for rows in (self.keys, self.log_keys, self.prompts):
            while rows:
                for _ in range(min(len(rows), 2000)):
                    rows.popitem()
                await asyncio.sleep(0)


class Directory:
    """The snapshots of one worker. `current` is always complete: a new one replaces it once it is read to its end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = settings.layout.snapshot
        self._secret_files = (secret_file(settings), next_file(settings))
        self._seen: tuple[int, ...] = ()
        self._opened: dict[tuple[str, str, bytes], str] = {}
        self._etag = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._unread = ""
        self._unfetched = ""
        self.current = DirectorySnapshot()
        self.loads = 0
        self.max_pause_s = 0.0
        """The longest time for which loading a snapshot held up calls."""

    @property
    def problem(self) -> str:
        """Why there is no snapshot, or not the newest; empty where all is well."""
        return self._unread or self._unfetched

    def key(self, token: str) -> KeyRow | None:
        """Return the key with that text; None where it is unknown or has expired."""
        current = self.current
        return None if current.hashed is None else _living(current.keys.get(current.hashed(token)))

    def log_key(self, token: str) -> KeyRow | None:
        """Return the key with that text that may log calls; None where there is none or it has expired."""
        current = self.current
        if current.hashed is None:
            return None
        hash = current.hashed(token)
        return _living(current.keys.get(hash) or current.log_keys.get(hash))

    def internal_org(self, token: str) -> str:
        """Return the organisation that the control plane calls for; empty where the token is not valid."""
        secret = self.current.secret
        return "" if secret is None else org_of_token(secret, token, now_us())

    def credential(self, org: str, provider: str) -> str:
        """Return the provider key that the organisation stored, or an empty text."""
        sealed = self.current.credentials.get((org, provider))
        secret = self.current.secret
        if sealed is None or secret is None:
            return ""
        # The place is part of it: a sealed value that was copied to another organisation does not open there.
        place = (org, provider, sealed)
        plain = self._opened.get(place)
        if plain is None:
            try:
                plain = secret.open(sealed, f"credential {org} {provider}").decode()
            except SecretError as error:
                self._unread = str(error)
                return ""
            if len(self._opened) > 4096:
                self._opened.clear()
            self._opened[place] = plain
        return plain

    # --- loading ----------------------------------------------------------------------------------------------------

    def start(self, loop: asyncio.AbstractEventLoop, upstream: Upstream) -> None:
        """Load the current file, and poll for newer ones."""
        self._load_now()
        self._tasks.append(loop.create_task(self._watch()))
        if self._settings.get_str("snapshot.url"):
            self._tasks.append(loop.create_task(self._fetch(upstream)))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _load_now(self) -> None:
        raw = self._fresh()
        if raw:
            snapshot = DirectorySnapshot()
            try:
                secrets = _secrets(self._settings)
                for kind, rows in read(raw):
                    snapshot.add(kind, rows, secrets)
            except Exception as error:
                self._fail(error)
            else:
                self._take(snapshot)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            raw = self._fresh()
            if not raw:
                continue
            snapshot = DirectorySnapshot()
            try:
                secrets = await asyncio.to_thread(_secrets, self._settings)
                parts = read(raw)
                while True:
                    began = monotonic()
                    part = next(parts, None)
                    if part is None:
                        break
                    snapshot.add(*part, secrets)
                    self.max_pause_s = max(self.max_pause_s, monotonic() - began)
                    await asyncio.sleep(0)
            except Exception as error:
                self._fail(error)
            else:
                before = self.current
                self._take(snapshot)
                await before.clear_gradually()

    def _fresh(self) -> bytes:
        """Return the file if it or a secret changed since the last read, else empty bytes."""
        try:
            stat = os.stat(self._file)
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size, *map(_changed_ns, self._secret_files))
            if seen == self._seen:
                return b""
            self._seen = seen
            raw = self._file.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            self._fail(error)
            return b""
        if not raw:
            self._fail(SnapshotError("it is empty"))
        return raw

    def _take(self, snapshot: DirectorySnapshot) -> None:
        self.current, self._unread = snapshot, ""
        self.loads += 1

    def _fail(self, error: Exception) -> None:
        """Whatever is wrong with the file, the snapshot before it stays in force."""
        reason = str(error) if isinstance(error, PerihelionError) else f"{type(error).__name__}: {error}"
        self._unread = f"{self._file.name}: {reason}"
        _log.warning("the snapshot is not used: %s", self.problem)

    async def _fetch(self, upstream: Upstream) -> None:
        parsed = parse_origin(self._settings.get_str("snapshot.url"))
        if isinstance(parsed, str):
            self._unfetched = f"snapshot.url has {parsed}"
            return
        origin = parsed[0]
        token = self._settings.get_str("snapshot.token")
        while True:
            try:
                async with asyncio.timeout(30):
                    await self._fetch_once(upstream, origin, token)
            except (UpstreamError, TimeoutError, OSError, SnapshotError) as error:
                if not self._unfetched:
                    _log.warning("snapshot.url: %s", error or type(error).__name__)
                self._unfetched = f"snapshot.url: {_shown(error)}"
            await asyncio.sleep(_FETCH_INTERVAL_S)

    async def _fetch_once(self, upstream: Upstream, origin: Origin, token: str) -> None:
        head = f"authorization: Bearer {token}\r\naccept: application/octet-stream\r\n"
        if self._etag:
            head += f"if-none-match: {self._etag}\r\n"
        answer = await upstream.send(UpstreamRequest(origin, "GET", "/api/snapshot", head.encode()))
        try:
            chunks = [answer.take()]
            while not answer.ended:
                await answer.wait()
                chunks.append(answer.take())
        finally:
            answer.close()
        if answer.status == 304:
            self._unfetched = ""
            return
        if answer.status != 200:
            raise SnapshotError(f"the control plane answers {answer.status}")
        raw = b"".join(chunks)
        await asyncio.to_thread(_store_file, self._file, raw)
        self._etag = next((value for name, value in answer.headers if name == "etag"), "")
        self._unfetched = ""


def _shown(error: Exception) -> str:
    """Why there is no answer, without addresses: `/readyz` answers strangers."""
    if isinstance(error, SnapshotError):
        return str(error)
    code = error.code if isinstance(error, UpstreamError) else type(error).__name__
    return f"the control plane does not answer ({code}); the gateway's log says more"


def _living(row: KeyRow | None) -> KeyRow | None:
    return None if row is None or (row.expires_us and row.expires_us <= now_us()) else row


def _secrets(settings: Settings) -> list[Secret]:
    return [secret.warm() for secret in load_secrets(settings)]


def _changed_ns(file: Path) -> int:
    """Return when the file was written, in ns since the epoch; 0 where it does not exist."""
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


def _store_file(file: Path, raw: bytes) -> None:
    """Check the snapshot to its end, and replace the file atomically. Raises `SnapshotError`."""
    for _ in read(raw):
        pass
    replace(file, raw, shared=True)
