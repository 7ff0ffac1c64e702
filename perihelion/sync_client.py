"""The client. Made from `async_client.py` by `python docs/generate.py`; change it there."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from perihelion.errors import ApiError

__all__ = ["Client"]

Filter = str | Mapping[str, Any] | None
"""Text (`status>=400 user:ada`), a tree, or None for all calls."""


class Client:
    """A client of one control plane, with the rights of one API key.

    `url` and `key` come from PERIHELION_URL and PERIHELION_API_KEY where they are left out. Methods raise `ApiError`.
    """

    def __init__(
        self,
        url: str = "",
        key: str = "",
        *,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        token = key or os.environ.get("PERIHELION_API_KEY", "")
        self._http = httpx.Client(
            base_url=url or os.environ.get("PERIHELION_URL", "") or "http://127.0.0.1:8788",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=timeout_s,
            transport=transport,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()

    def call(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """The decoded answer of any route; None where it is empty."""
        try:
            answer = self._http.request(method, path, params=_given(params), json=body)
        except httpx.HTTPError as error:
            raise _unreached(error) from error
        if answer.is_error:
            raise _refused(answer)
        return answer.json() if answer.content else None

    def stream(self, method: str, path: str, *, body: Any = None) -> Iterator[bytes]:
        """The answer of any route in pieces, as they come."""
        try:
            with self._http.stream(method, path, json=body) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refused(answer)
                for piece in answer.iter_bytes():
                    yield piece
        except httpx.HTTPError as error:
            raise _unreached(error) from error

    # Requests

    def requests(
        self,
        filter: Filter = None,
        *,
        since: str = "",
        until: str = "",
        zone: str = "UTC",
        sort: Sequence[Mapping[str, str]] = (),
        columns: Sequence[str] | None = None,
        page_rows: int = 200,
    ) -> Iterator[dict[str, Any]]:
        """All calls that match, page by page, the newest first where `sort` does not say otherwise."""
        asked = _selection(filter, since, until, zone) | {"sort": list(sort), "limit": page_rows}
        if columns is not None:
            asked["columns"] = list(columns)
        cursor: str | None = None
        while True:
            page = self.call("POST", "/api/requests/query", body=asked | {"cursor": cursor})
            for row in page["data"]:
                yield row
            cursor = page["next"]
            if cursor is None:
                return

    def count_requests(
        self, filter: Filter = None, *, since: str = "", until: str = "", zone: str = "UTC"
    ) -> dict[str, Any]:
        """`{"value", "exact"}`: how many calls match; above a bound it is an estimate, and says so."""
        asked = _selection(filter, since, until, zone) | {"limit": 0, "total": True}
        total: dict[str, Any] = (self.call("POST", "/api/requests/query", body=asked))["total"]
        return total

    def request(self, id: str) -> dict[str, Any]:
        """Everything of one call."""
        return _object(self.call("GET", f"/api/requests/{_part(id)}"))

    def bodies(self, id: str) -> dict[str, Any]:
        """Sizes and types of a call's bodies."""
        return _object(self.call("GET", f"/api/requests/{_part(id)}/bodies"))

    def body(self, id: str, part: str = "response") -> Iterator[bytes]:
        """One body (`request`, `response`, `response_text`, `tool_calls`) in pieces."""
        for piece in self.stream("GET", f"/api/requests/{_part(id)}/bodies/{_part(part)}"):
            yield piece

    def export(
        self,
        filter: Filter = None,
        *,
        format: str = "jsonl",
        since: str = "",
        until: str = "",
        zone: str = "UTC",
        bodies: bool = False,
        columns: Sequence[str] | None = None,
    ) -> Iterator[bytes]:
        """All calls that match as a file (`csv`, `jsonl`, `parquet`), in pieces."""
        asked = _selection(filter, since, until, zone) | {"format": format, "bodies": bodies}
        if columns is not None:
            asked["columns"] = list(columns)
        for piece in self.stream("POST", "/api/requests/export", body=asked):
            yield piece

    # What is said of a call afterwards

    def add_feedback(self, id: str, **fields: Any) -> None:
        """Rates a call: `rating` (true, false, or -1 to 1), `note`, `correction`."""
        self.call("POST", f"/api/requests/{_part(id)}/feedback", body=fields)

    def add_scores(self, id: str, scores: Mapping[str, float | bool | str]) -> None:
        """Scores a call by name: numbers, booleans or categories."""
        self.call("POST", f"/api/requests/{_part(id)}/scores", body=dict(scores))

    def set_properties(self, id: str, properties: Mapping[str, str | None]) -> None:
        """Sets properties of a call afterwards; None takes one away."""
        self.call("PUT", f"/api/requests/{_part(id)}/properties", body=dict(properties))

    # Figures and groups

    def metrics(self, measures: Sequence[str], **question: Any) -> dict[str, Any]:
        """Figures of calls; `question` has the fields of `POST /api/metrics`: `dimensions`, `filter`, `since`, …"""
        return _object(self.call("POST", "/api/metrics", body={"measures": list(measures), **question}))

    def groups(self, kind: str, filter: Filter = None, **question: Any) -> Iterator[dict[str, Any]]:
        """All groups of a kind with their figures: `sessions`, `users`, `models`, `providers`, `prompt-versions`,
        `properties`, `errors`, `tools`. `question` has the fields of the list: `since`, `until`, `sort`, `order`, …"""
        asked = {"filter": filter, "limit": 200, **question}
        cursor = ""
        while True:
            page = self.call("POST", f"/api/{_part(kind)}/query", body=asked | {"cursor": cursor})
            for row in page["data"]:
                yield row
            cursor = page["next"]
            if not cursor:
                return

    def session(self, id: str) -> dict[str, Any]:
        """Figures of one session."""
        return _object(self.call("GET", "/api/sessions/one", params={"id": id}))

    def session_tree(self, id: str, path: str = "") -> dict[str, Any]:
        """The branches of a session below a path, with calls, cost, tokens, errors and time of each."""
        return _object(self.call("GET", "/api/sessions/tree", params={"id": id, "path": path or None}))

    def session_calls(self, id: str, path: str = "") -> Iterator[dict[str, Any]]:
        """The calls of a session in their order; with `path`, those of that branch alone."""
        cursor: str | None = None
        while True:
            asked = {"id": id, "path": path or None, "cursor": cursor, "limit": 200}
            page = self.call("GET", "/api/sessions/calls", params=asked)
            for row in page["data"]:
                yield row
            cursor = page["next"]
            if not cursor:
                return

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Columns, types and rows of a read-only query over the documented views."""
        return _object(self.call("POST", "/api/sql", body={"sql": query, "parameters": dict(parameters or {})}))


def _selection(filter: Filter, since: str, until: str, zone: str) -> dict[str, Any]:
    return {"filter": filter, "since": since, "until": until, "zone": zone}


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _part(text: str) -> str:
    return quote(text, safe="")


def _object(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer
    return found


def _refused(answer: httpx.Response) -> ApiError:
    try:
        problem = json.loads(answer.content)
    except ValueError:
        problem = None
    return ApiError(answer.status_code, problem if isinstance(problem, dict) else {})


def _unreached(error: httpx.HTTPError) -> ApiError:
    return ApiError(0, {"title": "The control plane was not reached", "detail": str(error) or type(error).__name__})
