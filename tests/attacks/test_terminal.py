"""What strangers write reaches a terminal escaped: in tables, sheets, JSON, errors and log lines."""

import contextlib
import csv
import http.server
import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from proxy.cli.calls import requests, show
from proxy.cli.groups import LISTS, top
from proxy.cli.prompts import prompts
from proxy.cli.terminal import csv_output, output
from proxy.control.jobs.row_builder import RowBuilder
from proxy.core import log
from proxy.core.printable import in_json, lines, one_line
from proxy.core.settings import load
from proxy.logstore import event_of_rows
from proxy.prices import PriceBook
from tests.unit.records import record

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2028\nid 200 forged row\r\x08\x7f"
BAD = ("\x1b", "\x07", "\x9b", "\u202e", "\u2028", "\x08", "\x7f", "\r")
ID = "00000000-0000-4000-8000-000000000001"


def hostile_event() -> dict[str, Any]:
    """A call of which everything that its caller and its provider chose is hostile."""
    call = record(
        1, model=HOSTILE, user_id=HOSTILE, path="/" + HOSTILE, session_id=HOSTILE, session_name=HOSTILE, host=HOSTILE,
        properties={HOSTILE: HOSTILE}, error_message=HOSTILE, user_agent=HOSTILE, provider=HOSTILE, status=500,
        unknown_directives={HOSTILE: HOSTILE}, response_headers={"x": HOSTILE}, facts={"rate.policy": HOSTILE},
        request_body=HOSTILE.encode(), response_body=HOSTILE.encode(), response_type=HOSTILE, request_type=HOSTILE,
    )  # fmt: skip
    rows = RowBuilder(PriceBook()).build_one(call)
    event = event_of_rows(rows.request, rows.body, with_bodies=True)
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    return {**found, "id": ID}


class ForeignControlPlane(http.server.BaseHTTPRequestHandler):
    """Answers what it likes; `seen` are the Authorization headers that it got."""

    seen: list[str | None]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        type(self).seen.append(self.headers["authorization"])
        status, answer = 200, self._found()
        if answer is None:
            status, answer = 404, {"title": HOSTILE, "detail": HOSTILE}
        body = json.dumps(answer).encode()
        if self.path.startswith("/api/requests/moved"):
            status, body = 302, b""
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://localhost:{self.headers['host'].rpartition(':')[2]}/stolen")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self) -> Any:
        if self.path == f"/api/requests/{ID}":
            return hostile_event()
        if self.path.startswith("/api/requests?"):
            return {"data": [hostile_event()], "next": ""}
        if self.path.startswith("/api/users/query"):
            row = dict.fromkeys(LISTS["users"], 1)
            return {"data": [{**row, "user": HOSTILE, "last_seen": HOSTILE}]}
        if self.path.startswith("/api/prompts"):
            return {"data": [{"id": "../outside", "newest": 1}], "next": ""}
        return None


@pytest.fixture(scope="module")
def plane() -> Iterator[str]:
    ForeignControlPlane.seen = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ForeignControlPlane)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def run(command: Any, *arguments: str) -> Result:
    return CliRunner(env={"PERIHELION_API_KEY": "sk-perihelion-test"}).invoke(command, arguments)


@pytest.mark.parametrize(
    ("command", "arguments"), [(requests, ()), (show, (ID,)), (top, ("users",)), (show, ("none-such",))]
)
def test_control_characters_of_strangers_are_escaped(plane: str, command: Any, arguments: tuple[str, ...]) -> None:
    done = run(command, *arguments, "--url", plane)
    assert "owned" in done.output
    assert [char for char in BAD if char in done.output] == []
    if command is not show:  # a body may have lines of its own, below its head
        assert not any(line.strip().startswith("id 200 forged row") for line in done.output.splitlines())


@pytest.mark.parametrize(("command", "arguments"), [(requests, ()), (show, (ID,)), (top, ("users",))])
def test_json_is_escaped_and_means_the_same(plane: str, command: Any, arguments: tuple[str, ...]) -> None:
    done = run(command, *arguments, "--json", "--url", plane)
    assert [char for char in BAD if char in done.output] == []
    assert HOSTILE in (json.loads(done.output).get("user_id"), json.loads(done.output).get("user"))


def test_a_credential_does_not_follow_a_redirect(plane: str) -> None:
    ForeignControlPlane.seen.clear()
    assert run(show, "moved", "--url", plane).exit_code == 1
    assert len(ForeignControlPlane.seen) == 1, "the address that it names was not asked"


def test_a_foreign_control_plane_names_no_file_outside_the_folder(plane: str, tmp_path: Path) -> None:
    done = run(prompts, "pull", str(tmp_path / "in"), "--url", plane)
    assert done.exit_code == 1 and "no name for a file" in done.output
    assert not (tmp_path / "outside.json").exists()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_line_is_escaped(form: str) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    try:
        with contextlib.redirect_stderr(written):
            log.configure(load(environ={}, overrides={"log.format": form}), "gateway")
        logging.getLogger("proxy.test").warning("asked for %s", HOSTILE)
    finally:
        root.handlers[:], root.level = before
    assert len(written.getvalue().splitlines()) == 1
    assert [char for char in BAD if char in written.getvalue()] == []


def test_texts_for_a_terminal() -> None:
    assert one_line("a\tb\nc\x1b[0m") == "a\\tb\\nc\\x1b[0m"
    assert lines("a\tb\nc\x9b0m\r") == "a\tb\nc\\x9b0m\\x0d"
    assert one_line("Grüße 👩‍💻 日本") == "Grüße 👩‍💻 日本"
    assert json.loads(in_json(json.dumps({"a": HOSTILE}, ensure_ascii=False))) == {"a": HOSTILE}


def test_output_for_programs_is_escaped_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", screen := Screen())
    out = output()
    raw = HOSTILE.encode()
    out.write(raw[:25])  # inside a character
    out.write(raw[25:])
    csv.writer(csv_output()).writerow([HOSTILE])
    assert [char for char in BAD if char in screen.getvalue()] == [] and "owned" in screen.getvalue()
    monkeypatch.setattr("sys.stdout", piped := io.TextIOWrapper(io.BytesIO()))
    assert output() is piped.buffer and csv_output() is piped
