"""Fills a log with calls that are made inside the engine: ten million in minutes. A fill can be taken up again."""

import time
from pathlib import Path
from typing import Any, Final

import msgspec

from proxy.core.clock import now_us
from proxy.core.settings import load
from proxy.logstore.clickhouse import ClickHouseStore

__all__ = ["Filled", "fill", "open_log", "sizes"]

_HERE: Final = Path(__file__).parent
_CHUNK: Final = 250_000
DAYS: Final = 30
_SYLLABLES: Final = (
    *("ka", "lo", "mi", "ren", "ta", "vo", "si", "der", "un", "pel", "gra", "tor", "ne", "lis", "am"),
    *("bro", "fen", "qui", "sto", "val", "cer", "do", "ti", "man", "ex", "por", "ul", "sa", "wy", "ing"),
)
_WORDS: Final = f"[{', '.join(map(repr, _SYLLABLES))}]"
_RANK: Final = "k -> toUInt32(exp((cityHash64(number, k) % 1000003) / 1000003. * log(60000))) - 1"
"""The rank of word `k` of a text: of 60,000 words, each as often as Zipf's law says."""
_WORD: Final = (
    "r -> concat(words[1 + r % 30], if(r >= 30, words[1 + intDiv(r, 30) % 30], ''),"
    " if(r >= 900, words[1 + intDiv(r, 900) % 30], ''), if(r >= 27000, words[1 + intDiv(r, 27000)], ''))"
)
"""The word of a rank."""
_SETTINGS: Final = {"max_block_size": 8192, "max_insert_threads": 1, "max_threads": 2, "async_insert": 0}


class Filled(msgspec.Struct):
    """What a folder holds; kept beside the log, so that a fill can go on."""

    rows: int
    begin_us: int
    step_us: int
    done: int = 0

    @property
    def end_us(self) -> int:
        return self.begin_us + self.rows * self.step_us


def open_log(folder: Path) -> ClickHouseStore:
    """The log of a data folder as the control plane would open it."""
    settings = load(environ={})
    folder.mkdir(parents=True, exist_ok=True)
    chars = settings.get_int("log.text_index_chars") if settings.get_bool("log.text_index") else 0
    return ClickHouseStore.open(f"chdb://{folder / 'log'}", text_chars=chars)


def fill(folder: Path, rows: int) -> Filled:
    """Makes the rows that are missing. They span the 30 days before the first call of this."""
    note = folder / "filled.json"
    folder.mkdir(parents=True, exist_ok=True)
    if note.exists():
        filled = msgspec.json.decode(note.read_bytes(), type=Filled)
        if filled.rows != rows:
            raise SystemExit(f"{folder} holds a log of {filled.rows:,} rows; name another folder for {rows:,}")
    else:
        step_us = DAYS * 86_400_000_000 // rows
        filled = Filled(rows, now_us() - rows * step_us, step_us)
    if filled.done == rows:
        return filled
    store = open_log(folder)
    began, before = time.monotonic(), filled.done
    try:
        while filled.done < rows:
            count = min(_CHUNK, rows - filled.done)
            with store._connections.write() as writer:
                for table in ("requests", "bodies"):  # of a chunk that was broken off
                    behind = f"start >= fromUnixTimestamp64Micro({filled.begin_us + filled.done * filled.step_us})"
                    if writer.command(f"SELECT count() FROM {table} WHERE {behind}"):
                        writer.command(f"DELETE FROM {table} WHERE {behind}")
                for name in ("rows", "bodies"):
                    writer.command(_sql(name), parameters=_bound(filled, count, store.text_chars), settings=_SETTINGS)
            filled.done += count
            note.write_bytes(msgspec.json.encode(filled))
            speed = (filled.done - before) / (time.monotonic() - began)
            print(f"filled {filled.done:,} of {rows:,} rows, {speed:,.0f} rows/s", flush=True)
        _settle(store)
    finally:
        store.close()
    return filled


def sizes(store: ClickHouseStore) -> dict[str, float]:
    """Bytes on disk for each row, by table."""
    found = store.execute(
        "SELECT table, sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts"
        " WHERE active AND database = {database:String} AND table IN ('requests', 'bodies') GROUP BY table",
        {"database": store.database},
    )
    return {row["table"]: row["bytes"] for row in found}


def _sql(name: str) -> str:
    text = (_HERE / f"{name}.sql").read_text()
    return text.replace("/* words */", _WORDS).replace("/* word */", _WORD).replace("/* rank */", _RANK)


def _bound(filled: Filled, count: int, text_chars: int) -> dict[str, Any]:
    return {
        "begin_us": filled.begin_us,
        "step_us": filled.step_us,
        "first": filled.done,
        "count": count,
        "prompt_chars": text_chars // 2,
    }


def _settle(store: ClickHouseStore, patience_s: float = 300.0) -> None:
    """Waits until the engine has merged what it wants to merge."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if not store.execute("SELECT count() AS merges FROM system.merges", {})[0]["merges"]:
            return
        time.sleep(1.0)
