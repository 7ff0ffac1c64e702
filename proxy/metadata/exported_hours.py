"""Hours of organisations that were written as Parquet files, or are wanted."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from proxy.metadata.db import insert_or_keep
from proxy.metadata.tables import exported_hours

__all__ = ["WrittenHour", "count_wanted", "forget_before", "last_written_us", "note", "want", "wanted", "written"]

WANTED = ""
"""Content of an hour that is to be written again, whatever it was."""


class WrittenHour(msgspec.Struct, frozen=True):
    """One file. `content` is the same for the same calls; `WANTED`: it is to be written."""

    org_id: str
    hour_us: int
    content: str
    calls: int = 0
    bytes: int = 0
    written_us: int = 0


def written(connection: Connection, target: str, since_us: int) -> dict[tuple[str, int], WrittenHour]:
    """The hours from `since_us` on, by organisation and beginning."""
    found = _selected(connection, target, exported_hours.c.hour_us >= since_us)
    return {(hour.org_id, hour.hour_us): hour for hour in found}


def wanted(connection: Connection, target: str, most: int) -> list[WrittenHour]:
    """The newest hours that were asked for and are not written yet."""
    return _selected(connection, target, exported_hours.c.content == WANTED)[:most]


def count_wanted(connection: Connection, target: str) -> int:
    """How many hours were asked for and are not written yet."""
    asked = select(func.count()).where(exported_hours.c.target == target, exported_hours.c.content == WANTED)
    return connection.execute(asked).scalar_one()


def note(connection: Connection, target: str, hour: WrittenHour) -> None:
    """Note that an hour was written, or is wanted."""
    values = msgspec.structs.asdict(hour)
    if not insert_or_keep(connection, exported_hours, target=target, **values):
        key = {name: values.pop(name) for name in ("org_id", "hour_us")}
        place = [exported_hours.c.target == target, *(exported_hours.c[name] == value for name, value in key.items())]
        connection.execute(update(exported_hours).where(*place).values(**values))


def want(connection: Connection, target: str, hours: Iterable[tuple[str, int]]) -> int:
    """Ask for hours (organisation and beginning); returns how many."""
    count = 0
    for org_id, hour_us in hours:
        note(connection, target, WrittenHour(org_id, hour_us, WANTED))
        count += 1
    return count


def last_written_us(connection: Connection, target: str) -> int:
    """The beginning of the newest hour that was written; 0 where there is none."""
    newest = select(func.max(exported_hours.c.hour_us)).where(
        exported_hours.c.target == target, exported_hours.c.content != WANTED
    )
    return connection.execute(newest).scalar_one_or_none() or 0


def forget_before(connection: Connection, target: str, hour_us: int) -> None:
    """Drop what is known of written hours that are not looked at any more; the newest one stays."""
    newest = last_written_us(connection, target)
    old = (exported_hours.c.hour_us < hour_us) & (exported_hours.c.content != WANTED)
    connection.execute(delete(exported_hours).where(old, exported_hours.c.hour_us != newest))


def _selected(connection: Connection, target: str, condition: object) -> list[WrittenHour]:
    columns = [exported_hours.c[name] for name in WrittenHour.__struct_fields__]
    chosen = select(*columns).where(exported_hours.c.target == target, condition)  # type: ignore[arg-type]
    return [WrittenHour(*row) for row in connection.execute(chosen.order_by(exported_hours.c.hour_us.desc()))]
