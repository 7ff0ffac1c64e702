"""Migrates a store: numbered SQL files in order, each once, then retention from the settings."""

from pathlib import Path
from typing import Any, Final

from proxy.logstore.sql import query

__all__ = ["SCHEMA", "migrate", "set_retention", "statements"]

SCHEMA: Final = Path(__file__).parent / "schema"


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


def set_retention(client: Any, table: str, days: int, time: str = "start") -> None:
    """Lets rows of `table` expire `days` after their column `time`; 0 keeps them forever. Alters the table only on a
    change."""
    clause = f"TTL toDateTime({time}) + toIntervalDay({days})"
    statement = str(client.command(f"SHOW CREATE TABLE {table}")).replace("\\n", "\n")
    if days and clause not in statement:
        client.command(f"ALTER TABLE {table} MODIFY {clause}")
    elif not days and "\nTTL " in statement:
        client.command(f"ALTER TABLE {table} REMOVE TTL")


def statements(text: str) -> list[str]:
    """The statements of a file: each ends with `;` at the end of a line."""
    return [part.strip() for part in (text.rstrip() + "\n").split(";\n") if part.strip()]
