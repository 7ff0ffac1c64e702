"""Tells long responses that the process is asked to stop: the server waits for them before it ends."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["StopSignal"]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class StopSignal:
    """Whether SIGTERM or SIGINT came. The handlers that were there before still run."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @property
    def is_set(self) -> bool:
        return self._stopped.is_set()

    def set(self) -> None:
        self._stopped.set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listens until the end of the block. Only in a main thread: elsewhere the process's signals are not ours."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {}

        def note(number: int, frame: Any) -> None:
            self._stopped.set()
            if callable(before[number]):
                before[number](number, frame)

        for number in _SIGNALS:
            before[number] = signal.getsignal(number)
            signal.signal(number, note)
        try:
            yield
        finally:
            for number in _SIGNALS:
                signal.signal(number, before[number])
