"""Migrates a store: numbered SQL files in order, each once, then retention from the settings."""

import logging
import re
from pathlib import Path
from typing import Any, Final

from proxy.logstore.sql import query
from proxy.query.search import indexed_text

__all__ = ["SCHEMA", "migrate", "set_retention", "set_text_index", "statements"]

SCHEMA: Final = Path(__file__).parent / "schema"

_TEXT_INDEX_SINCE: Final = (26, 2)
"""The first ClickHouse whose `text` index is not experimental."""
_TEXT_FUNCTIONS: Final = ("hasAllTokens", "hasPhrase")
_log = logging.getLogger(__name__)


def migrate(client: Any) -> list[str]:
    """Applies the migrations that are missing, and returns their names. Every statement may be repeated
    (`IF NOT EXISTS`), so that a crash between a statement and its note does no harm."""
    client.command(query("migrations_table"))
    applied = {row[0] for row in client.query(query("migrations_applied")).result_rows}
    done: list[str] = []
    for path in sorted(SCHEMA.glob("[0-9]*.sql")):
        version = int(path.name.split("_")[0])
        if version in applied:
            continue
        for statement in statements(path.read_text("utf-8")):
            client.command(statement)
        client.command(query("migrations_add"), parameters={"version": version, "name": path.stem})
        done.append(path.stem)
    return done


_MAX_DAYS: Final = 18_250
"""Fifty years. The engine counts the end in 32 bits of seconds: past the year 2106 it would be in the past."""


def set_retention(client: Any, table: str, days: int, time: str = "start") -> None:
    """Lets rows of `table` expire `days` after their column `time`; 0 keeps them forever. Alters the table only on a
    change."""
    days = min(days, _MAX_DAYS)
    clause = f"TTL toDateTime({time}) + toIntervalDay({days})"
    statement = str(client.command(f"SHOW CREATE TABLE {table}")).replace("\\n", "\n")
    if days and clause not in statement:
        client.command(f"ALTER TABLE {table} MODIFY {clause}")
    elif not days and "\nTTL " in statement:
        client.command(f"ALTER TABLE {table} REMOVE TTL")


def set_text_index(client: Any, chars: int) -> int:
    """Makes the text index of `bodies` cover the first `chars` characters of each call's texts; 0 drops it.

    Returns how many it covers: 0 on an older server, which has no such index. Alters the table only on a change. Parts
    of before are indexed when they are merged, and scanned until then.
    """
    if chars and not _has_text_index(client):
        _log.warning("this ClickHouse has no text index (26.2 and later have); text searches scan the bodies")
        chars = 0
    wanted = f"{indexed_text(chars)} TYPE text(tokenizer = 'splitByNonAlpha')" if chars else ""
    statement = client.query("SHOW CREATE TABLE bodies").result_rows[0][0]
    there = re.search(r"INDEX by_text (.*) GRANULARITY", statement)
    if (there[1] if there else "") == wanted:
        return chars
    if there:
        client.command("ALTER TABLE bodies DROP INDEX by_text")
    if wanted:
        client.command(f"ALTER TABLE bodies ADD INDEX by_text {wanted}")
    return chars


def _has_text_index(client: Any) -> bool:
    version, functions = client.query(query("text_index"), parameters={"names": list(_TEXT_FUNCTIONS)}).result_rows[0]
    major, minor, *_ = map(int, str(version).split(".")[:2])
    return (major, minor) >= _TEXT_INDEX_SINCE and functions == len(_TEXT_FUNCTIONS)


def statements(text: str) -> list[str]:
    """The statements of a file: each ends with `;` at the end of a line."""
    return [part.strip() for part in (text.rstrip() + "\n").split(";\n") if part.strip()]
