"""A granian application that tells what `RsgiWire` sees; started by test_rsgi.py as a process of its own."""

import json
from typing import Any

from proxy.core.errors import ClientGone, ProxyError
from proxy.gateway.wire.base import Last
from proxy.gateway.wire.rsgi import RsgiWire

_seen: list[dict[str, Any]] = []


class App:
    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        wire = RsgiWire(scope, proto)
        if wire.path == "/seen":
            return self._answer(wire, json.dumps(_seen).encode())
        if wire.path == "/short":
            wire.start(200, [("content-length", "100")])
            wire.write(b"part")
            return wire.finish(Last(b""))
        note: dict[str, Any] = {"path": wire.path, "query": wire.query, "host": wire.host, "method": wire.method}
        _seen.append(note)
        try:
            headers = wire.headers()
            length = next((int(value) for name, value in headers if name == "content-length"), -1)
            note["headers"] = headers
            note["body"] = len(await wire.body(length, 1000))
        except ClientGone as error:
            note["error"] = type(error).__name__
        except ProxyError as error:
            note["error"] = type(error).__name__
            note["message"] = error.message
        return self._answer(wire, b"ok")

    def _answer(self, wire: RsgiWire, body: bytes) -> None:
        wire.finish(Last(body, 200, [("content-length", str(len(body)))]))


def make() -> App:
    return App()
