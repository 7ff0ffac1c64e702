"""What a process asks of the operating system about itself."""

import ctypes
import os
import signal
import sys
from typing import Final

__all__ = ["die_with_parent"]

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent(signum: int = signal.SIGTERM) -> bool:
    """Has the kernel send `signum` to this process when its parent ends, however it ends. Linux only.

    False where the system cannot do it; raises `SystemExit` where the parent has ended already.
    """
    if not sys.platform.startswith("linux"):
        return False
    parent = os.getppid()
    try:
        done: bool = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0) == 0
    except (OSError, AttributeError):
        return False
    # The parent may have ended between the fork and the call: then nobody would send the signal.
    if os.getppid() != parent:
        raise SystemExit(1)
    return done
