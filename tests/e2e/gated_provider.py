"""A provider that streams in OpenAI's format and waits between two events until the test lets it go on."""

import http.server
import json
import threading
from typing import Any

__all__ = ["GatedProvider"]


def _event(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


class GatedProvider:
    """`received` holds (headers, body) of each call. A stream sends `first`, waits for `go_on`, sends `second`. The
    model `no-such-model` is answered 404."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.breaks_off = False
        """The stream ends in the middle, without its last chunk."""
        self.received: list[tuple[dict[str, str], Any]] = []
        mine = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                mine.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                if body["model"] == "no-such-model":
                    self._refuse()
                    return
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("set-cookie", "of=the-provider")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                self._chunk(_event("first"))
                mine.go_on.wait(30)
                if mine.breaks_off:
                    self.close_connection = True
                    return
                try:
                    self._chunk(_event("second"))
                    self._chunk(b"data: [DONE]\n\n")
                    self._chunk(b"")
                except OSError:
                    pass  # the gateway hung up

            def _refuse(self) -> None:
                refusal = json.dumps({"error": {"message": "There is no model no-such-model."}}).encode()
                self.send_response(404)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(refusal)))
                self.end_headers()
                self.wfile.write(refusal)

            def _chunk(self, data: bytes) -> None:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
                self.wfile.flush()

            def log_message(self, *_: object) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "GatedProvider":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
