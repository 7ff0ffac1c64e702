"""Results as bytes of an engine's format, in pieces, with bounded memory.

A server streams them over HTTP. chDB has no stream of a whole format: it writes into a named pipe (`INTO OUTFILE`), and
we read from it. Whoever reads slowly slows the query down.
"""

import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from urllib3.exceptions import HTTPError

__all__ = ["STREAM_SETTINGS", "stream_from_pipe", "stream_from_response"]

STREAM_SETTINGS: Final = {
    # Row groups are what a Parquet file is buffered by.
    "output_format_parquet_row_group_size": 65_536,
    "output_format_parquet_row_group_size_bytes": 32 << 20,
}
_PIECE: Final = 256 << 10


def stream_from_pipe(
    client: Any, sql: str, bound: dict[str, Any], format: str, settings: Mapping[str, object], kill: Callable[[], None]
) -> Iterator[bytes]:
    """The result of a query of chDB. Closing the iterator ends the query, by `kill` where it has not written yet."""
    named = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
    ending = f"\nSETTINGS {named}" if named else ""
    failures: list[Exception] = []
    with tempfile.TemporaryDirectory(prefix="perihelion-") as folder:
        pipe = os.path.join(folder, "pipe")
        os.mkfifo(pipe, 0o600)
        read_end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(read_end, True)
        write_end = os.open(pipe, os.O_WRONLY)  # ours: so that the end of the file is the end of the query

        def run() -> None:
            try:
                client.raw_query(f"{sql}\nINTO OUTFILE '{pipe}' APPEND\nFORMAT {format}{ending}", parameters=bound)
            except Exception as error:  # noqa: BLE001  # raised where the stream is read
                failures.append(error)
            finally:
                os.close(write_end)

        thread = threading.Thread(target=run, name="stream", daemon=True)
        thread.start()
        try:
            while piece := os.read(read_end, _PIECE):
                yield piece
        finally:
            os.close(read_end)  # a query that still writes fails by it
            while thread.is_alive():
                thread.join(0.1)
                if thread.is_alive():
                    kill()
    if failures:
        raise failures[0]


def stream_from_response(
    client: Any, sql: str, bound: dict[str, Any], format: str, settings: Mapping[str, object]
) -> Iterator[bytes]:
    """The result of a query of a server. Closing the iterator closes the connection, and the server ends the query.

    An error after the first bytes comes within the body, behind a mark; it is raised, and never part of the result."""
    response = client.raw_stream(sql, parameters=bound, settings=dict(settings), fmt=format)
    mark = b"__exception__\r\n" + response.headers.get("X-ClickHouse-Exception-Tag", "").encode()
    held = b""
    try:
        while piece := response.read1(_PIECE):
            held += piece
            if (at := held.find(mark)) >= 0:
                if at:
                    yield held[:at]
                raise _error_in(held[at + len(mark) :] + _rest(response))
            if len(held) >= len(mark):  # the end may be the beginning of a mark
                yield held[: 1 - len(mark)]
                held = held[1 - len(mark) :]
        if held:
            yield held
    except HTTPError as error:
        raise OperationalError(f"the server broke off: {error}") from error
    finally:
        response.close()


def _rest(response: Any) -> bytes:
    rest = b""
    try:
        while piece := response.read1(_PIECE):
            rest += piece
    except HTTPError:
        pass  # the server ends such a body without its last chunk
    return rest


def _error_in(text: bytes) -> DatabaseError:
    message = text.decode("utf-8", "replace").strip()
    code = re.search(r"Code: (\d+)", message)
    return DatabaseError(message.partition("\n")[0], code=int(code[1]) if code else None)
