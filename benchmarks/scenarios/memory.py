"""Memory of a gateway worker: idle, after many calls, and with a thousand readers that do not read."""

import json
import socket
from typing import Any

from benchmarks import machine
from benchmarks.load import Spec, run
from benchmarks.rig import CHAT, COUNTER, HEADERS, chat_body, rig

__all__ = ["measure"]

_READERS = 1_000


def measure(short: bool) -> dict[str, Any]:
    """MiB and growth in percent."""
    calls = 20_000 if short else 200_000
    with rig(answer_bytes=700) as made:
        idle = machine.rss_kib(made.worker)
        spec = Spec(
            url=made.proxied, connections=32, body=chat_body(1_000), headers=HEADERS, counter=COUNTER, calls=10_000
        )
        run(spec)
        warm = machine.rss_kib(made.worker)
        spec.calls = calls
        with made.control_waits():
            run(spec)
        after = machine.rss_kib(made.worker)
    found = {
        "idle worker": {"rss_mib": round(idle / 1024, 1)},
        f"{calls} calls": {
            "before_mib": round(warm / 1024, 1),
            "after_mib": round(after / 1024, 1),
            "growth_percent": round((after - warm) / warm * 100, 2),
        },
    }
    with rig(chunks=100, chunk_bytes=200) as made:
        before = machine.rss_kib(made.worker)
        lines = [_slow_reader(made.stack.gateway_port) for _ in range(100 if short else _READERS)]
        made.wait_until_shipped()
        found[f"{len(lines)} slow readers, 40 kB each"] = {
            "rss_mib": round(machine.rss_kib(made.worker) / 1024, 1),
            "kib_each": round((machine.rss_kib(made.worker) - before) / len(lines), 1),
        }
        for line in lines:
            line.close()
    return found


def _slow_reader(port: int) -> socket.socket:
    """A caller that asks for a stream and then reads nothing."""
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    body = json.dumps({"model": "gpt-4o-mini", "stream": True, "messages": []})
    line.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: b\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return line
