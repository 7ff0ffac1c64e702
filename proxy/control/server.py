"""Serves the control plane: granian, one worker.

The worker builds the control plane once. Where it cannot, it leaves the reason in a file and stops its parent, which
ends with that sentence.
"""

import logging
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from proxy.core import log
from proxy.core.errors import PerihelionError
from proxy.core.process import PARENT, bind_forks, die_with_parent, raise_file_limit, take_parent
from proxy.core.settings import Settings

__all__ = ["refusals_reported", "run"]

_REPORT: Final = "PERIHELION_START_REPORT"
"""The environment variable that tells the worker its parent's process id and the file for the reason."""

_CONNECTIONS: Final = 4096
"""Connections that are served at once. Those of one address have a bound of their own (`intake`)."""
_HEAD_MS: Final = 15_000
"""A connection on which no complete head arrives for so long is closed."""
_STOP_S: Final = 25.0
"""A control plane whose parent is gone is killed so long after."""

_log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then ships what is left and closes the store. Blocks.

    Raises `PerihelionError` where it cannot start like this."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings

    die_with_parent(parent=take_parent(), patience_s=_STOP_S)
    bind_forks(signal.SIGKILL)
    raise_file_limit()
    log.configure(settings, "control")
    os.environ.update(settings.environ())
    os.environ[PARENT] = str(os.getpid())
    with tempfile.TemporaryDirectory(prefix="perihelion-") as folder:
        report = Path(folder) / "reason"
        os.environ[_REPORT] = f"{os.getpid()}:{report}"
        server = Granian(
            "proxy.control.app:create_worker",
            factory=True,
            address=settings.get_str("control.host"),
            port=settings.get_int("control.port"),
            interface=Interfaces.ASGI,
            workers=1,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            websockets=False,
            backpressure=_CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=_HEAD_MS),
            log_enabled=False,
            respawn_failed_workers=True,
            respawn_interval=0.5,
            workers_kill_timeout=15,
        )
        try:
            server.serve()
        except SystemExit:
            if not report.exists():
                _log.error("the worker of the control plane ended twice within seconds; it is not started again")
                raise
        if report.exists():
            raise PerihelionError(report.read_text("utf-8"))


@contextmanager
def refusals_reported() -> Iterator[None]:
    """Around the building in the worker: an error is told to the parent, and both processes end."""
    try:
        yield
    except Exception as error:
        parent, _, report = os.environ.get(_REPORT, "").partition(":")
        if not parent:
            raise
        reason = str(error)
        if not isinstance(error, PerihelionError):
            _log.critical("the control plane cannot start", exc_info=error)
            reason = "the control plane cannot start; the cause is above"
        Path(report).write_text(reason, "utf-8")
        os.kill(int(parent), signal.SIGTERM)
        raise SystemExit(1) from None
