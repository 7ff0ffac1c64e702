"""A provider that gives one answer to everything: whatever `body` is."""

import http.server
import threading

__all__ = ["OneAnswer"]


class OneAnswer:
    """Serves 200 with `body` as JSON, in a thread."""

    def __init__(self) -> None:
        self.body = b"{}"
        mine = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(mine.body)))
                self.end_headers()
                self.wfile.write(mine.body)

            def log_message(self, *_: object) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "OneAnswer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
