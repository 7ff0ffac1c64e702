"""Logging for both planes: lines of text or of JSON on stderr, with the plane and the worker that wrote them.

Modules log through the standard library (`logging.getLogger(__name__)`); `configure` decides what becomes of it.
Where an error must not fail the call that met it, `swallowed` logs the first of its kind with its stack and counts
every one, so that nothing disappears and nothing floods the log. No line holds a secret: what looks like a key, a
token or a password is masked before it is written, and control characters are escaped.
"""

import logging
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from proxy.core.masking import mask
from proxy.core.printable import in_json, lines, one_line
from proxy.core.settings import Settings

__all__ = ["configure", "swallowed", "swallowed_counts"]

_MAX_LINE: Final = 4000
"""Characters of a message. A library's error may quote what it could not read, and that may be somebody's body."""
_log: Final = logging.getLogger(__name__)
_counts: Counter[str] = Counter()
_logged: set[tuple[str, str, int]] = set()


def configure(settings: Settings, plane: str) -> None:
    """Write every log line from `log.level` upwards to stderr, in the form that `log.format` names."""
    handler = logging.StreamHandler(sys.stderr)
    as_json = settings.get_str("log.format") == "json"
    handler.setFormatter(_JsonLines(plane) if as_json else _TextLines(plane))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # libraries
    logging.getLogger("proxy").setLevel(settings.get_str("log.level").upper())


def swallowed(kind: str, error: BaseException) -> None:
    """Count an error that is not raised any further; log the first from each place with its stack.

    `kind` names the work that failed, in one word: it becomes a label of the metric `swallowed_errors_total`.
    """
    _counts[kind] += 1
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (kind, type(error).__name__, trace.tb_lineno if trace is not None else 0)
    if place in _logged:
        return
    _logged.add(place)
    _log.error("%s failed; further ones are only counted", kind, exc_info=error)


def swallowed_counts() -> dict[str, int]:
    """How many errors of each kind were swallowed since this process began."""
    return dict(_counts)


class _Lines(logging.Formatter):
    """One record to one line: time (UTC), level, plane, worker (process id), message; the stack behind it."""

    def __init__(self, plane: str) -> None:
        super().__init__()
        self._plane = plane

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "plane": self._plane,
            "worker": record.process,
            "logger": record.name,
            "message": mask(record.getMessage()[:_MAX_LINE]),
        }
        if record.exc_info and record.exc_info[0] is not None:
            error = record.exc_info[1]
            facts["error"] = mask(f"{type(error).__name__}: {error}"[:_MAX_LINE])
            facts["stack"] = mask(self.formatException(record.exc_info)[-8 * _MAX_LINE :])[-4 * _MAX_LINE :]
        return facts


class _TextLines(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        facts = self.facts(record)
        message = one_line(facts["message"])
        line = f"{facts['time']} {facts['level']:<7} {facts['plane']}[{facts['worker']}] {message}"
        return f"{line}\n{lines(facts['stack'])}" if "stack" in facts else line


class _JsonLines(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        return in_json(msgspec.json.encode(self.facts(record)).decode())
