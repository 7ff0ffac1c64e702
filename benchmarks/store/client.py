"""A client of the control plane that keeps its connection open, as a dashboard does."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Client"]


class Client:
    """Also knows some calls and sessions to ask for."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.ids: list[str] = []
        self.sessions: list[str] = []

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        return self._ask("POST", path, json.dumps(body).encode())

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        try:
            self._connection.request(method, path, body, self._head)
            answer = self._connection.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            self._connection.close()  # the server closed it while it was idle: connect again, as any client does
            self._connection.request(method, path, body, self._head)
            answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500].decode('utf-8', 'replace')}")
        return json.loads(content)
