"""Keeps retention from deleting the log because somebody set the clock: rows go by the clock of the machine that the
embedded store runs on, and a step of a year would take all of them at once.

After a step forward, and after a start at which the newest record is much older than now, nothing is deleted for a day.
That is the time to set the clock again; an installation that was off for weeks deletes what is too old a day later. A
file notes that day, so that a restart does not end it.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.core.clock import monotonic_us, now_us
from proxy.core.files import replace

__all__ = ["RetentionGuard"]

_STEP_US: Final = 86_400_000_000
"""A step that matters: retention is in days. A machine that slept over night is no step."""
_GAP_US: Final = 7 * _STEP_US
_HELD_US: Final = _STEP_US

_log = logging.getLogger(__name__)


class RetentionGuard:
    """Watches the clock for one log store."""

    def __init__(
        self,
        hold: Callable[[bool], None],
        newest_us: int,
        note: Path,
        *,
        wall: Callable[[], int] = now_us,
        clock: Callable[[], int] = monotonic_us,
    ) -> None:
        """`hold` stops the deletion, or has it go on. `newest_us` is when the log got its newest record; 0: never.
        `note` is the file. Raises `OSError`."""
        self._hold = hold
        self._note = note
        self._newest_us = newest_us
        self._wall = wall
        self._clock = clock
        self._offset = wall() - clock()
        self._until: int | None = None
        self._has_stepped = False
        passed_us = self._passed_us()
        if passed_us is not None:
            self._begin("the clock was set before this start", passed_us)
        elif self._is_far():
            self._begin(f"the newest record is {(wall() - newest_us) // _STEP_US} days old")

    def look(self) -> None:
        """To be called every second or so."""
        now = self._clock()
        step = self._wall() - now - self._offset
        if step > _STEP_US:
            if self._until is None:
                self._has_stepped = True
                self._begin(f"the clock went forward by {step // _STEP_US} days")
        elif step < -_STEP_US:
            self._offset += step
            if self._until is not None and not self._is_far():
                self._end()
        elif self._until is not None and self._has_stepped:
            self._end()  # and back
        if self._until is not None and now >= self._until:
            self._offset = self._wall() - now
            self._newest_us = 0
            self._end()

    def _is_far(self) -> bool:
        return bool(self._newest_us) and self._wall() - self._newest_us > _GAP_US

    def _passed_us(self) -> int | None:
        """How much of the day has passed that an earlier process noted; None where there is none. One that begins later
        than now was noted before the clock was set back: it is over."""
        try:
            text = self._note.read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            return 0
        passed_us = self._wall() - int(text) if text.isdecimal() else 0
        return passed_us if 0 <= passed_us < _HELD_US else None

    def _begin(self, why: str, passed_us: int = 0) -> None:
        self._hold(True)
        self._until = self._clock() + _HELD_US - passed_us
        replace(self._note, str(self._wall() - passed_us).encode(), fsync=True)
        _log.warning("%s: nothing is deleted of old age for a day; set the clock if it is wrong", why)

    def _end(self) -> None:
        self._hold(False)
        self._until, self._has_stepped = None, False
        self._note.unlink(missing_ok=True)
        _log.warning("records are deleted of old age again")
