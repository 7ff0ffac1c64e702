"""How many connections of callers a worker takes."""

import logging
import resource
from typing import Final

from proxy.core.settings import Settings

__all__ = ["max_connections"]

_OTHER_FILES: Final = 2048
"""Files of a worker beside the connections of callers, at most half of those it may open."""

_log = logging.getLogger(__name__)


def max_connections(settings: Settings) -> int:
    """`gateway.max_connections`, or fewer, so that files are left for connections to providers and for the spool."""
    wanted = settings.get_int("gateway.max_connections")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = files - min(files // 2, _OTHER_FILES)
    if files == resource.RLIM_INFINITY or most >= wanted:
        return wanted
    _log.warning(
        "at most %d connections of callers: a process may open %d files (ulimit -n), and gateway.max_connections is %d",
        most, files, wanted,
    )  # fmt: skip
    return most
