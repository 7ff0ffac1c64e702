"""The secret of an installation: seals and opens stored values. It is never in a database.

It is 32 bytes, from the setting `secret.key` (base64 or hex, best by its environment variable) or from the file
`secret.file`, which the control plane makes at its first start.

While it is rotated there are two: the new one waits in `<secret.file>.next` until the database is sealed with it, and
whoever opens something then tries both, so that nothing is lost wherever a rotation is cut off.
"""

import base64
import binascii
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final

from proxy.core.errors import PerihelionError, SettingError
from proxy.core.files import replace, write_draft
from proxy.core.settings import Settings

__all__ = [
    "Secret",
    "SecretError",
    "adopt_next",
    "load_secret",
    "load_secrets",
    "make_key",
    "make_next",
    "next_file",
    "secret_file",
    "token_hash",
    "token_hasher",
]

_BYTES: Final = 32
_NONCE: Final = 12


class SecretError(PerihelionError):
    """Something was sealed with another secret, or changed since."""


class Secret:
    """Seals and opens with AES-256-GCM. `fingerprint` tells two secrets apart and gives neither away."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.fingerprint = blake2b(b"fingerprint", key=key, digest_size=8).hexdigest()

    def seal(self, plain: bytes, about: str) -> bytes:
        """Nonce and ciphertext. `about` says what it is, and must be said again to open it: a value moved to another
        place does not open there."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 9 MiB that few gateways need

        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, plain, about.encode())

    def warm(self) -> "Secret":
        """Loads what opens: 20 ms, once, that no call should wait for."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        AESGCM(self._key)
        return self

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises `SecretError`."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except (InvalidTag, ValueError):
            raise SecretError(f"{about} does not open with this secret ({self.fingerprint})") from None


def load_secret(settings: Settings, create: bool = False) -> Secret:
    """The secret of these settings; with `create` a file is made where there is none. Raises `SettingError`."""
    text = settings.get_str("secret.key")
    if text:
        return Secret(_parsed(text, "secret.key", "32 bytes as base64 or hex"))
    path = secret_file(settings)
    if not path.exists():
        if not create:
            raise SettingError(
                "secret.file", str(path), "a file with the secret of this installation, or secret.key set"
            )
        draft = write_draft(path, _new_key(), fsync=True, shared=True)
        try:
            os.link(draft, path)  # never over one that another process made meanwhile
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return _read(path)


def load_secrets(settings: Settings, create: bool = False) -> list[Secret]:
    """The secret of these settings, and behind it the one that waits for its rotation to end, where there is one."""
    current, waiting = load_secret(settings, create), next_file(settings)
    return [current, _read(waiting)] if waiting.exists() else [current]


def secret_file(settings: Settings) -> Path:
    text = settings.get_str("secret.file")
    return Path(text).expanduser() if text else settings.layout.secret


def next_file(settings: Settings) -> Path:
    """Where a new secret lies from before the database is sealed with it until it has its place."""
    file = secret_file(settings)
    return file.with_name(f"{file.name}.next")


def make_next(settings: Settings) -> Secret:
    """Makes a new secret and syncs it to disk before anything is sealed with it."""
    path = next_file(settings)
    replace(path, _new_key(), fsync=True, shared=True)
    _settled(path.parent)
    return _read(path)


def adopt_next(settings: Settings) -> None:
    """Puts the waiting secret in the place of the old one, in one step. A secret of the environment stays: who set it
    must set the new one."""
    if not settings.get_str("secret.key"):
        file = secret_file(settings)
        next_file(settings).replace(file)
        _settled(file.parent)


def _new_key() -> bytes:
    return make_key().encode() + b"\n"


def make_key() -> str:
    """A new secret as text."""
    return base64.b64encode(os.urandom(_BYTES)).decode()


def token_hasher(pepper: bytes) -> Callable[[str], bytes]:
    """`token_hash` with this pepper, its first half done: for every call."""
    start = blake2b(key=pepper, digest_size=16).copy

    def hashed(token: str) -> bytes:
        digest = start()
        digest.update(token.encode("utf-8", "surrogateescape"))
        return digest.digest()

    return hashed


def token_hash(pepper: bytes, token: str) -> bytes:
    """Keyed hash of a token, 16 bytes: what is stored instead of the token. Tokens are random, so
    nothing slow is needed."""
    return blake2b(token.encode("utf-8", "surrogateescape"), key=pepper, digest_size=16).digest()


def _read(path: Path) -> Secret:
    try:
        return Secret(_parsed(path.read_text("ascii").strip(), "secret.file", f"32 bytes as base64 or hex in {path}"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("secret.file", str(path), f"a file that can be read ({error})") from None


def _settled(folder: Path) -> None:
    """Names in it are on the disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _parsed(text: str, name: str, expected: str) -> bytes:
    for decode in (bytes.fromhex, lambda value: base64.b64decode(value, validate=True)):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == _BYTES:
            return key
    raise SettingError(name, "***", expected)
