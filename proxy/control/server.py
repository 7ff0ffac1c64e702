"""Serves the control plane: granian, one worker."""

import os
import sys
import traceback

from proxy.core import log
from proxy.core.errors import PerihelionError
from proxy.core.process import die_with_parent
from proxy.core.settings import Settings

__all__ = ["run"]


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then ships what is left and closes the store. Blocks.

    Raises `PerihelionError` where it cannot start like this."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops

    die_with_parent()
    log.configure(settings, "control")
    _check(settings)
    os.environ.update(settings.environ())
    Granian(
        "proxy.control.app:create_worker",
        factory=True,
        address=settings.get_str("control.host"),
        port=settings.get_int("control.port"),
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


def _check(settings: Settings) -> None:
    """Makes a control plane and lets go of it, while a refusal can still be told in a sentence. In a child: this
    process only watches its worker, and would keep the 70 MiB that are loaded for it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            from proxy.control.plane import Control

            Control(settings).close()
            code = 0
        except PerihelionError as error:
            os.write(writing, str(error).encode())
        except BaseException:  # noqa: BLE001 - nothing of the parent's may run on in its copy
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        refusal = told.read().decode()
    if os.waitpid(child, 0)[1]:
        raise PerihelionError(refusal or "the control plane cannot start; the cause is above")
