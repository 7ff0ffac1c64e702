"""Takes calls that loggers report. They already happened: nothing is forwarded, and no limit applies to them."""

import asyncio
from typing import Final

from proxy.core.clock import monotonic, now_us, uuid7
from proxy.core.errors import Overloaded
from proxy.core.record import Record, encode
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.phases.identify import identify_reporter
from proxy.gateway.phases.read import read, receive
from proxy.gateway.phases.refuse import refuse
from proxy.gateway.wire.base import FinalChunk, Wire
from proxy.ingest.logger import LOG_PATHS, MAX_LOG_BYTES, read_log
from proxy.ingest.reporter import Reporter
from proxy.providers.decompress import decompress

__all__ = ["log_call"]

_MAX_INLINE: Final = 64 << 10
"""Bytes of a report that are read on the event loop; a larger one is read in a thread."""
_TEXT: Final = ("content-type", "text/plain; charset=utf-8")


async def log_call(gw: Gateway, wire: Wire) -> None:
    """Take one report. It is answered once its record is in the spool."""
    began = now_us()
    ex = Exchange(wire, uuid7(began), monotonic(), began)
    answer = FinalChunk(b"", complete=False)
    try:
        wire.check_load()
        ex.head = read(wire)
        identity = identify_reporter(ex.head, gw.directory, gw.browsers)
        ex.phase = "receive"
        body = await receive(wire, ex.head, MAX_LOG_BYTES)
        ex.phase = "log"
        reporter = Reporter(
            org=identity.org,
            key=identity.key_id,
            client_ip=wire.client,
            user_agent=ex.head.fields.user_agent,
            worker=gw.worker,
        )
        if len(body) <= _MAX_INLINE and not ex.head.fields.content_encoding:
            record = _read(gw, ex, body, reporter)
        else:
            record = await asyncio.to_thread(_read, gw, ex, body, reporter)
        if not gw.spool.append(encode(record)):
            raise Overloaded(f"The call was not logged: {gw.spool.error}.", headers={"retry-after": "5"})
        answer = FinalChunk(b"ok", 200, [_TEXT, ("helicone-id", record.id), ("helicone-status", "success")])
    except Exception as error:
        answer = refuse(ex, error)
    except asyncio.CancelledError as stop:
        answer = refuse(ex, stop)
        raise
    finally:
        wire.finish(answer)


def _read(gw: Gateway, ex: Exchange, body: bytes, reporter: Reporter) -> Record:
    encoding = ex.head.fields.content_encoding
    return read_log(
        decompress(body, encoding, MAX_LOG_BYTES) if encoding else body,
        ex.head.items,
        reporter,
        gw.catalog,
        provider=LOG_PATHS[ex.wire.path],
        now_us=ex.started_us,
        max_body=gw.relay.max_logged_body,
    )
