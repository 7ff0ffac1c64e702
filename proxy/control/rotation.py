"""Rotates the secret of an installation while the control plane is stopped: seals everything again.

The new secret is on disk before the database is sealed with it, in one transaction, and has its place after. Wherever
that is cut off, one of both opens everything, and whoever starts next tries both.
"""

import logging
from typing import Final

import msgspec

from proxy.control.jobs.publish import Publisher
from proxy.core.errors import PerihelionError
from proxy.core.locks import FileLock, LockBusy
from proxy.core.secret import adopt_next, load_secrets, make_next, next_file
from proxy.core.settings import Settings
from proxy.core.snapshot import Holdings, SnapshotError, holdings
from proxy.metadata import sealed
from proxy.metadata.db import Database, MetadataError, metadata_url

__all__ = ["Rotated", "RotationError", "RunLock", "open_database", "rotate"]

_WAIT_S: Final = 5.0
"""How long a start waits for a rotation."""

_log = logging.getLogger(__name__)


class RotationError(PerihelionError):
    """The secret cannot be rotated now."""


class Rotated(msgspec.Struct, frozen=True):
    old: str
    """Fingerprints."""
    new: str
    credentials: int
    """How many have another seal; -1 where a rotation that was cut off was ended."""


class RunLock:
    """Shared by the control planes on a data folder, held alone by a rotation; the kernel lets go of it however the
    process ends."""

    def __init__(self, settings: Settings, alone: bool = False) -> None:
        try:
            self._lock = FileLock(settings.layout.control_lock, shared=not alone, wait_s=0.0 if alone else _WAIT_S)
        except LockBusy:
            if alone:
                raise RotationError(
                    f"the control plane runs on {settings.data}; stop it first, and start it again afterwards "
                    "(gateways keep running)"
                ) from None
            raise RotationError(f"the secret of {settings.data} is being rotated; try again in a few seconds") from None

    def release(self) -> None:
        self._lock.release()


def open_database(settings: Settings) -> Database:
    """The database of these settings; ends a rotation that was cut off. Raises `MetadataError` or `SettingError`."""
    known = _known(settings)
    # A secret that is lost is not made anew beside what was sealed with it.
    secrets = load_secrets(settings, create=known is None or not (known.keys or known.others))
    database = Database.open(metadata_url(settings), *secrets, known=known)
    if database.secret is not secrets[0]:
        adopt_next(settings)
        if settings.get_str("secret.key"):
            _log.warning("secret.key is the old secret; the new one is in %s", next_file(settings))
    return database


def _known(settings: Settings) -> Holdings | None:
    """What the gateways of this data folder have; None where that is nothing or cannot be read."""
    try:
        return holdings(settings.layout.snapshot.read_bytes())
    except (OSError, SnapshotError):
        return None


def rotate(settings: Settings) -> Rotated:
    """Seals everything with a new secret. Raises `RotationError` while the control plane runs here; one that runs on
    another machine refuses changes from then on, and says why."""
    lock = RunLock(settings, alone=True)
    try:
        old = load_secrets(settings)[0]
        database = open_database(settings)
        try:
            if database.secret.fingerprint != old.fingerprint:
                return Rotated(old.fingerprint, database.secret.fingerprint, -1)
            new = make_next(settings)
            with database.write() as rows:
                count = sealed.rotate(rows, old, new)
            database.secret = new
            # The snapshot before the secret's place: a gateway that starts now tries both secrets.
            Publisher(database, settings.layout.snapshot).publish()
            adopt_next(settings)
            try:
                database.scrub()
            except MetadataError as error:
                _log.warning("%s", error)
            return Rotated(old.fingerprint, new.fingerprint, count)
        finally:
            database.close()
    finally:
        lock.release()
