"""Where exported files go: a folder, or S3-compatible storage. A file is there wholly or not at all.

S3 through pyarrow, which the embedded log needs anyway. A file is written on this machine first, so that what fails
half-way is no part of an object.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from proxy.core.errors import PerihelionError
from proxy.core.files import replace
from proxy.core.settings import Settings

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

__all__ = ["FileTarget", "FolderTarget", "S3Target", "TargetError", "make_target"]

_CONNECT_S: Final = 5.0
_REQUEST_S: Final = 30.0
_PIECE: Final = 4 << 20


class TargetError(PerihelionError):
    """A file could not be written."""


class FileTarget(Protocol):
    """A place for files."""

    url: str
    """Its address, without credentials."""

    def put(self, path: str, pieces: Iterable[bytes]) -> int:
        """Writes a file, in place of one that is there; returns its bytes. Raises `TargetError`, and what `pieces`
        raise: the old file is then as it was."""


class FolderTarget:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.url = str(folder)
        self._folder = folder

    def put(self, path: str, pieces: Iterable[bytes]) -> int:
        size = 0

        def counted() -> Iterable[bytes]:
            nonlocal size
            for piece in pieces:
                size += len(piece)
                yield piece

        try:
            replace(self._folder / path, counted(), fsync=True)
        except OSError as error:
            raise TargetError(f"{self._folder / path}: {error.strerror or error}") from error
        return size


class S3Target:
    """A bucket, and a prefix in it."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        *,
        endpoint: str = "",
        region: str = "",
        access_key: str = "",
        secret_key: str = "",
    ) -> None:
        """Without keys the usual places of AWS are looked at: environment, profile, role of the machine."""
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self._root = f"{bucket}/{prefix}".rstrip("/")
        self._options: dict[str, Any] = {
            "access_key": access_key or None,
            "secret_key": secret_key or None,
            "region": region or None,
            "connect_timeout": _CONNECT_S,
            "request_timeout": _REQUEST_S,
        }
        if endpoint:
            parts = urlsplit(endpoint)
            self._options |= {"endpoint_override": parts.netloc + parts.path.rstrip("/"), "scheme": parts.scheme}
            self._options["region"] = region or "us-east-1"  # else it would be asked for at AWS
        self._made: S3FileSystem | None = None

    def put(self, path: str, pieces: Iterable[bytes]) -> int:
        place = f"{self._root}/{path}"
        with tempfile.TemporaryFile(prefix="perihelion-") as draft:
            for piece in pieces:
                draft.write(piece)
            size = draft.tell()
            draft.seek(0)
            try:
                system = self._system()
                with system.open_output_stream(place) as out:
                    while data := draft.read(_PIECE):
                        out.write(data)
                found = system.get_file_info(place).size
            except OSError as error:
                raise TargetError(f"s3://{place}: {error}") from error
        if found != size:
            raise TargetError(f"s3://{place} has {found} bytes after it was written, not {size}")
        return size

    def _system(self) -> "S3FileSystem":
        if self._made is None:
            from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

            self._made = S3FileSystem(**self._options, retry_strategy=AwsStandardS3RetryStrategy(max_attempts=2))
        return self._made


def make_target(settings: Settings) -> FileTarget | None:
    """The target of the settings `parquet.*`, or None where they name none."""
    target = settings.get_str("parquet.target")
    if not target:
        return None
    if not target.startswith("s3://"):
        return FolderTarget(Path(target).expanduser())
    bucket, _, prefix = target.removeprefix("s3://").partition("/")
    return S3Target(
        bucket,
        prefix.strip("/"),
        endpoint=settings.get_str("parquet.endpoint"),
        region=settings.get_str("parquet.region"),
        access_key=settings.get_str("parquet.access_key"),
        secret_key=settings.get_str("parquet.secret_key"),
    )
