"""Serves the control plane: granian, one worker."""

import os

from proxy.control.plane import Control
from proxy.core.process import die_with_parent
from proxy.core.settings import Settings

__all__ = ["run"]


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then ships what is left and closes the store. Blocks.

    Raises `SettingError` or `MetadataError` where it cannot start like this."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops

    die_with_parent()
    Control(settings).close()  # here, where a refusal can still be told in a sentence
    os.environ.update(settings.environ())
    Granian(
        "proxy.control.app:create_worker",
        factory=True,
        address=settings.text("control.host"),
        port=settings.whole("control.port"),
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=15,
    ).serve()
