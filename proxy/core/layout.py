"""Where everything of an installation lies in its data folder (setting `data`)."""

from pathlib import Path

import msgspec

__all__ = ["Layout"]


class Layout(msgspec.Struct, frozen=True):
    """The paths below one data folder. Nothing is created here."""

    data: Path

    @property
    def own(self) -> list[Path]:
        """All that an installation keeps in its data folder and that exists."""
        names = ("spool", "snapshot", "run", "kv", "ship", "log", "metadata.db*", "secret.key*", "control.*")
        return sorted(path for name in names for path in self.data.glob(name))

    @property
    def spool(self) -> Path:
        """Segments of finished calls: gateways append, the control plane ships and deletes."""
        return self.data / "spool"

    @property
    def snapshot(self) -> Path:
        """Keys, limits, credentials and prompts as the gateways read them; the control plane replaces it."""
        return self.data / "snapshot" / "snapshot.bin"

    @property
    def run(self) -> Path:
        """Counters of the gateway's workers; emptied at each start of the gateway."""
        return self.data / "run"

    @property
    def kv(self) -> Path:
        """States of limits and cached answers (kv.url = memory)."""
        return self.data / "kv"

    @property
    def journal(self) -> Path:
        """How far each segment was shipped."""
        return self.data / "ship" / "journal.json"

    @property
    def log(self) -> Path:
        """chDB's folder: the log store where log.store is empty."""
        return self.data / "log"

    @property
    def metadata(self) -> Path:
        """The SQLite database where metadata.url is empty."""
        return self.data / "metadata.db"

    @property
    def secret(self) -> Path:
        """The secret of the installation where neither secret.key nor secret.file is set."""
        return self.data / "secret.key"

    @property
    def gateway_lock(self) -> Path:
        """Held by every process of the gateways of this folder."""
        return self.data / "gateway.lock"

    @property
    def control_lock(self) -> Path:
        """Held by the control planes of this folder, and alone by a rotation of the secret."""
        return self.data / "control.lock"

    @property
    def control_token(self) -> Path:
        """What the command line shows to the control plane of this machine."""
        return self.data / "control.token"

    @property
    def control_token_lock(self) -> Path:
        """Held by the control plane that wrote the token."""
        return self.data / "control.token.lock"
