"""Recorded exchanges as replies."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

from simulator.shapes.base import Reply

__all__ = ["Recordings"]

_FRAMING = {"content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding"}


class Recordings:
    """The exchanges of a folder (`*.jsonl.gz`, `supplement/*.jsonl`) by id; read at the first question."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, dict[str, Any]] = {}

    def reply(self, id: str, encode: bool) -> Reply | None:
        """The recorded answer; with `encode` its body is compressed as it was on the wire."""
        if not self._rows:
            self._read()
        row = self._rows.get(id)
        if row is None:
            return None
        response = row["response"]
        body = response["body"]
        data = base64.b64decode(body) if response.get("body_encoding") == "base64" else body.encode()
        headers = [(name, value) for name, value in response["headers"].items() if name.lower() not in _FRAMING]
        streams = "event-stream" in response["headers"].get("content-type", "")
        return Reply(
            response["status"],
            headers,
            [data],
            streams=streams or response.get("orig_transfer_encoding") == "chunked",
            encoding=response.get("orig_content_encoding", "") if encode else "",
        )

    def _read(self) -> None:
        for path in sorted(self._folder.glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                self._rows.update((row["id"], row) for row in map(json.loads, lines))
        for path in self._folder.glob("supplement/*.jsonl"):
            self._rows.update((row["id"], row) for row in map(json.loads, path.read_text("utf-8").splitlines()))
