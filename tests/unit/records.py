"""Records for tests of what becomes of them: of no content unless told."""

from typing import Any

from proxy.core.record import Record
from proxy.prices import PriceBook
from proxy.providers.reading import RecordReading

__all__ = ["PRICES", "START_US", "read", "record"]

START_US = 1_780_000_000_000_000
PRICES = PriceBook()


def record(number: int, **fields: Any) -> Record:
    return Record(**{"id": f"id-{number}", "org": "o", "key": "", "started_us": START_US + number, **fields})


def read(record: Record) -> RecordReading:
    if record.model == "unreadable":
        raise ValueError("no such body")
    return RecordReading(
        request=record.request_body, response=record.response_body, usage=record.usage, billed=record.usage
    )
