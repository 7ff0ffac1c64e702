"""The master secret of an installation: it seals what is stored and must come back, and never lies in a database.

It is 32 bytes, from the setting `secret.key` (base64 or hex, best by its environment variable) or from the file
`secret.file`, which the control plane makes at its first start.
"""

import base64
import binascii
import os
from hashlib import blake2b
from pathlib import Path
from typing import Final

from proxy.core.errors import PerihelionError, SettingError
from proxy.core.settings import Settings

__all__ = ["Secret", "SecretError", "load_secret", "make_key", "token_hash"]

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
    text = settings.text("secret.key")
    if text:
        return Secret(_parsed(text, "secret.key", "32 bytes as base64 or hex"))
    path = secret_file(settings)
    if not path.exists():
        if not create:
            raise SettingError(
                "secret.file", str(path), "a file with the secret of this installation, or secret.key set"
            )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, make_key().encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
        try:
            os.link(draft, path)  # never over one that another process made meanwhile
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    try:
        return Secret(_parsed(path.read_text("ascii").strip(), "secret.file", f"32 bytes as base64 or hex in {path}"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("secret.file", str(path), f"a file that can be read ({error})") from None


def secret_file(settings: Settings) -> Path:
    text = settings.text("secret.file")
    return Path(text).expanduser() if text else settings.data / "secret.key"


def make_key() -> str:
    """A new secret as text."""
    return base64.b64encode(os.urandom(_BYTES)).decode()


def token_hash(pepper: bytes, token: str) -> bytes:
    """What is stored of a token that nobody must be able to read out again: 16 bytes, keyed. Tokens are random, so
    nothing slow is needed."""
    return blake2b(token.encode("utf-8", "surrogateescape"), key=pepper, digest_size=16).digest()


def _parsed(text: str, name: str, expected: str) -> bytes:
    for decode in (bytes.fromhex, lambda value: base64.b64decode(value, validate=True)):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == _BYTES:
            return key
    raise SettingError(name, "***", expected)
