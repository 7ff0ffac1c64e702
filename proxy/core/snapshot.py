"""The snapshot: what gateways know of keys, limits, credentials and prompts. One file of small parts.

    8 bytes     PERISNP1
    frames      length (4 bytes, little endian) and msgpack of [kind, rows]: head, then the rest, then checksum and end

The checksum is the CRC-32 of all before it; snapshots of earlier versions have none. The pepper of key hashes and
provider credentials are sealed with the installation's secret.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
from zlib import crc32

import msgspec

from proxy.core.budget_limit import BudgetLimit
from proxy.core.errors import PerihelionError
from proxy.core.org_settings import OrgSettings

__all__ = [
    "BUDGETS_MARK",
    "CredentialRow",
    "Head",
    "Holdings",
    "KeyRow",
    "OrgRow",
    "PriceRow",
    "PromptRow",
    "SnapshotError",
    "frames",
    "holdings",
    "read",
]

MAGIC: Final = b"PERISNP1"
_LENGTH: Final = struct.Struct("<I")
_ROWS: Final = 500
_CHECKSUM: Final = "checksum"
BUDGETS_MARK: Final = "\0"
"""No policy can hold it."""


class SnapshotError(PerihelionError):
    """The file is not a whole snapshot."""


class Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    revision: int
    made_us: int
    fingerprint: str
    """Of the secret that the sealed parts open with."""
    pepper: bytes
    """Sealed; what key hashes are keyed with."""


class OrgRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    id: str
    stored: OrgSettings | str
    """Text, the policy alone, in a snapshot that an older version wrote."""
    budgets: tuple[BudgetLimit, ...] = ()
    """Those with a hard limit."""

    @property
    def settings(self) -> OrgSettings:
        return OrgSettings(policy=self.stored) if isinstance(self.stored, str) else self.stored

    @property
    def limits(self) -> str:
        """All limits of its calls as one text: the policy, and after `BUDGETS_MARK` the budgets as JSON. Empty where
        there are none."""
        policy = self.settings.policy
        return policy + BUDGETS_MARK + msgspec.json.encode(self.budgets).decode() if self.budgets else policy


class KeyRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A key that may call. Revoked ones are not in it."""

    hash: bytes
    id: str
    org: str
    expires_us: int
    """0: never."""
    policy: str


class CredentialRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    org: str
    provider: str
    sealed: bytes


class PromptRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One version of a managed prompt."""

    org: str
    id: str
    version: int
    labels: tuple[str, ...]
    """Environments that this version stands for."""
    newest: bool
    body: bytes
    """JSON: `{"body": {…}, "variables": […]}`."""


class PriceRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One own price of an organisation."""

    org: str
    name: str
    entry: bytes
    """JSON, as the API takes it."""


_KINDS: Final[dict[str, Any]] = {
    "head": Head,
    "orgs": OrgRow,
    "keys": KeyRow,
    "log_keys": KeyRow,
    "credentials": CredentialRow,
    "prompts": PromptRow,
    "prices": PriceRow,
}
_encode = msgspec.msgpack.Encoder().encode
_decoders: Final = {kind: msgspec.msgpack.Decoder(tuple[str, list[row]]).decode for kind, row in _KINDS.items()}  # type: ignore[valid-type]
_kind_of = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw]).decode


def frames(head: Head, **rows: Iterable[Any]) -> Iterator[bytes]:
    """The file piece by piece. `rows` by kind: orgs, keys, log_keys, credentials, prompts, prices."""
    checksum = crc32(MAGIC)
    count = 0
    yield MAGIC
    for kind, batch in _batches(head, rows):
        frame = _frame(kind, batch)
        checksum = crc32(frame, checksum)
        count += len(batch) if kind != "head" else 0
        yield frame
    yield _frame(_CHECKSUM, [checksum])
    yield _frame("end", [count + 1])


def _batches(head: Head, rows: dict[str, Iterable[Any]]) -> Iterator[tuple[str, list[Any]]]:
    yield "head", [head]
    for kind, items in rows.items():
        batch: list[Any] = []
        for item in items:
            batch.append(item)
            if len(batch) == _ROWS:
                yield kind, batch
                batch = []
        if batch:
            yield kind, batch


def read(raw: bytes, only: str = "") -> Iterator[tuple[str, list[Any]]]:
    """(kind, rows) of each frame, the head first; with `only` those of that kind. Raises `SnapshotError` for what is
    torn or no snapshot; kinds that are not known are passed over, so that a newer control plane may say more."""
    if raw[:8] != MAGIC:
        raise SnapshotError("not a snapshot of this format")
    at, count, ended, checksum = len(MAGIC), 0, False, crc32(MAGIC)
    try:
        while at < len(raw):
            (length,) = _LENGTH.unpack_from(raw, at)
            payload = raw[at + 4 : at + 4 + length]
            if len(payload) != length:
                raise SnapshotError("it ends in the middle of a frame")
            kind, rest = _kind_of(payload)
            if kind == _CHECKSUM and msgspec.msgpack.decode(rest) != [checksum]:
                raise SnapshotError("its checksum is wrong")
            checksum = crc32(memoryview(raw)[at : at + 4 + length], checksum)
            at += 4 + length
            if kind == "end":
                ended = msgspec.msgpack.decode(rest) == [count]
                break
            decode = _decoders.get(kind) if kind == only or not only else None
            rows = decode(payload)[1] if decode is not None else msgspec.msgpack.decode(rest)
            count += len(rows) if kind != "head" else 0
            if decode is not None:
                yield kind, rows
    except (struct.error, msgspec.MsgspecError, UnicodeDecodeError, TypeError) as error:
        raise SnapshotError(f"a frame that cannot be read: {error}") from None
    if not ended:
        raise SnapshotError("its end or some of its rows are missing")


class Holdings(msgspec.Struct, frozen=True):
    """What a snapshot has."""

    head: Head
    keys: int
    others: int
    """Credentials, prompts and prices, and organisations beside the first."""


def holdings(raw: bytes) -> Holdings:
    """What a snapshot has. Raises `SnapshotError`."""
    found: Head | None = None
    counts: Counter[str] = Counter()
    for kind, rows in read(raw):
        if kind == "head":
            found = next(iter(rows), None)
        counts[kind] += len(rows)
    if found is None:
        raise SnapshotError("it has no head")
    others = sum(counts[kind] for kind in ("credentials", "prompts", "prices")) + max(0, counts["orgs"] - 1)
    return Holdings(found, counts["keys"] + counts["log_keys"], others)


def _frame(kind: str, rows: list[Any]) -> bytes:
    payload = _encode((kind, rows))
    return _LENGTH.pack(len(payload)) + payload
