"""Recorded exchanges as replies."""

import base64
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.shapes.base import Reply

__all__ = ["Recordings"]

_FRAMING = {"content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding"}


class Recordings:
    """The exchanges of folders (`*.json`, `*.jsonl.gz`, `supplement/*.jsonl`) by id; read on first use."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._rows: dict[str, dict[str, Any]] = {}

    def reply(self, id: str, encode: bool) -> Reply | None:
        """The recorded answer; with `encode` its body is compressed as it was on the wire."""
        if not self._rows:
            for folder in self._folders:
                self._read(folder)
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

    def _read(self, folder: Path) -> None:
        rows = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
        for path in folder.glob("*.jsonl.gz"):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                rows += map(json.loads, lines)
        for path in folder.glob("supplement/*.jsonl"):
            rows += map(json.loads, path.read_text("utf-8").splitlines())
        # A folder may hold JSON that is no exchange.
        self._rows.update((row["id"], row) for row in rows if isinstance(row, dict) and "response" in row)
