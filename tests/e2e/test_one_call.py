"""One call over HTTP: its bodies by size and in pieces, and as code that runs against the stack itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, record, spool
from tests.stack import Stack, wait_for

LARGE = ("🙂 big 'text' " * 700_000).encode()
BINARY = bytes(range(256)) * 1000
SENT = b'{"model":"m","messages":[{"role":"user","content":"filled in"}]}'


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    """A control plane whose log has the calls of `calls`, by name."""
    data = tmp_path_factory.mktemp("bodies") / "data"
    now = now_us()
    large = json.dumps({"model": "m", "messages": [{"role": "user", "content": LARGE.decode()}]}).encode()
    calls = {
        "plain": record(now, response_headers={"x-request-id": "r-1"}),
        "large": record(now + 1, request_body=large, request_size=len(large)),
        "binary": record(now + 2, request_body=BINARY, request_size=len(BINARY), request_type="audio/wav"),
        "omitted": record(now + 3, request_body=b"", request_size=90, request_omitted=True),
        "cut": record(now + 4, request_body=b'{"model":"m","mess', request_size=90_000_000, truncated=True),
        "page": record(now + 5, response_body=b"<script>alert(1)</script>", response_type="text/html"),
        "foreign": record(now + 6, org="other"),
        "changed": record(now + 7, sent_body=SENT, chunk_times=[(1500, 10), (2500, 30)]),
    }
    spool(data, *calls.values())
    process = ControlProcess(data).start().shipped()
    process.calls = calls  # type: ignore[attr-defined]
    yield process
    process.end()


def ask(control: ControlProcess, name: str, path: str = "", **headers: str) -> httpx.Response:
    call = control.calls[name]  # type: ignore[attr-defined]
    return httpx.get(
        f"{control.url}/api/requests/{call.id}{path}",
        headers={"Authorization": f"Bearer {control.token}", **headers},
        timeout=30,
    )


def test_sizes_and_types_come_before_the_bodies(control: ControlProcess) -> None:
    call = control.calls["plain"]  # type: ignore[attr-defined]
    shown = ask(control, "plain", "/bodies").json()
    plain = {"base64": False, "truncated": False}
    assert shown == {
        "id": call.id,
        "request": {"bytes": len(call.request_body), "type": "application/json", **plain},
        "response": {"bytes": len(call.response_body), "type": "application/json", **plain},
        "response_text": {"bytes": len("Rayleigh scattering."), "type": "", **plain},
        "tool_calls": None,
        "sent": None,
        "chunk_times": None,
        "request_omitted": False,
        "response_omitted": False,
        "response_headers": {"x-request-id": "r-1"},
    }
    binary = ask(control, "binary", "/bodies").json()["request"]
    assert binary == {"bytes": len(BINARY), "type": "audio/wav", "base64": True, "truncated": False}
    omitted = ask(control, "omitted", "/bodies").json()
    assert (omitted["request"], omitted["request_omitted"]) == (None, True)
    assert ask(control, "cut", "/bodies").json()["request"]["truncated"]


def test_a_call_is_shown_with_what_was_said_of_it(control: ControlProcess) -> None:
    assert ask(control, "cut").json()["annotations"]["scores"] == {}
    call = control.calls["cut"]  # type: ignore[attr-defined]
    shown = {"Authorization": f"Bearer {control.token}"}
    path = f"{control.url}/api/requests/{call.id}"
    assert httpx.post(f"{path}/scores", json={"helpful": 0.5}, headers=shown).status_code == 201
    assert httpx.post(f"{path}/feedback", json={"rating": True, "note": "good"}, headers=shown).status_code == 201
    said = ask(control, "cut").json()["annotations"]
    assert (said["scores"], said["rating"], said["comment"]) == ({"helpful": 0.5}, 1.0, "good")


def test_what_was_sent_instead_and_when_pieces_came_are_bodies_of_their_own(control: ControlProcess) -> None:
    sizes = ask(control, "changed", "/bodies").json()
    assert sizes["sent"] == {"bytes": len(SENT), "type": "application/json", "base64": False, "truncated": False}
    assert ask(control, "changed", "/bodies/sent").content == SENT
    assert ask(control, "changed", "/bodies/chunk_times").json() == [[1500, 10], [2500, 30]]
    bodies = ask(control, "changed").json()["bodies"]
    assert (bodies["sent"], bodies["chunk_times"]) == (SENT.decode(), [[1500, 10], [2500, 30]])
    assert ask(control, "plain").json()["bodies"]["chunk_times"] is None


@pytest.mark.parametrize("name", ["plain", "large", "binary"])
def test_a_body_comes_byte_for_byte_whole_and_in_pieces(control: ControlProcess, name: str) -> None:
    body = control.calls[name].request_body  # type: ignore[attr-defined]
    whole = ask(control, name, "/bodies/request")
    assert (whole.status_code, whole.content) == (200, body)
    assert whole.headers["accept-ranges"] == "bytes"
    size, tag = len(body), whole.headers["etag"]
    for wanted, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=1-31", 1, 32),
        (f"bytes={size // 2 + 1}-{size // 2 + 70_000}", size // 2 + 1, size // 2 + 70_001),
        ("bytes=-5", size - 5, size),
        (f"bytes={size - 2}-{size + 50}", size - 2, size),
    ):
        piece = ask(control, name, "/bodies/request", Range=wanted, **{"If-Range": tag})
        assert (piece.status_code, piece.content) == (206, body[start:end]), wanted
        assert piece.headers["content-range"] == f"bytes {start}-{min(end, size) - 1}/{size}"
    assert ask(control, name, "/bodies/request", Range=f"bytes={size}-").status_code == 416
    assert ask(control, name, "/bodies/request", Range="bytes=0-1,4-5").status_code == 200
    assert ask(control, name, "/bodies/request", Range="bytes=0-1", **{"If-Range": '"old"'}).status_code == 200


def test_text_and_types_of_bodies(control: ControlProcess) -> None:
    text = ask(control, "plain", "/bodies/response_text")
    assert (text.text, text.headers["content-type"]) == ("Rayleigh scattering.", "text/plain; charset=utf-8")
    page = ask(control, "page", "/bodies/response")
    assert page.text == "<script>alert(1)</script>"
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "path", "status", "word"),
    [
        ("omitted", "/bodies/request", 404, "omitted"),
        ("plain", "/bodies/tool_calls", 404, "has no tool_calls"),
        ("plain", "/bodies/responses", 400, "response_text"),
        ("foreign", "/bodies", 404, "No call"),
        ("foreign", "/bodies/request", 404, "No call"),
        ("foreign", "/code", 404, "No call"),
        ("plain", "/code?language=perl", 400, "language"),
        ("omitted", "/code", 409, "omitted"),
        ("cut", "/code", 409, "log.max_body"),
    ],
)
def test_what_is_not_there_says_so(control: ControlProcess, name: str, path: str, status: int, word: str) -> None:
    answer = ask(control, name, path)
    assert answer.status_code == status, answer.text
    assert word in json.dumps(answer.json())


def test_a_large_request_is_a_file_of_the_code(control: ControlProcess) -> None:
    shown = ask(control, "large", "/code?target=provider").json()
    call = control.calls["large"]  # type: ignore[attr-defined]
    assert f"--data-binary '@{call.id}.request'" in shown["code"]
    assert "https://api.openai.com/v1/chat/completions" in shown["code"]
    assert shown["variables"] == ["OPENAI_API_KEY"]
    assert "/bodies/request" in shown["notes"][0]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    here = f'origin = "{simulator_origin}"'
    with Stack(tmp_path_factory.mktemp("stack"), {"openai": here, "anthropic": here}) as running:
        yield running


def replay(stack: Stack, id: str, language: str, target: str) -> None:
    shown = httpx.get(
        f"{stack.control}/api/requests/{id}/code",
        params={"language": language, "target": target},
        headers={"Authorization": f"Bearer {stack.token}"},
    ).json()
    command = ["sh", "-e"] if language == "curl" else [sys.executable, "-"]
    environ = {**os.environ, **dict.fromkeys(shown["variables"], "sk-test")}
    done = subprocess.run(
        command, input=shown["code"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stdout and done.stdout


@pytest.mark.parametrize("language", ["curl", "python"])
@pytest.mark.parametrize("streams", [False, True])
def test_the_code_of_a_call_makes_the_same_call_again(stack: Stack, language: str, streams: bool) -> None:
    tags = {
        "Helicone-User-Id": f"ada%20{language}%0B{streams}",
        "Helicone-Session-Id": "s-1",
        "Helicone-Session-Path": "/plan/draft",
        "Helicone-Property-Feature": 'it\'s "50%25" $HOME',
        "Helicone-Property-City": "Z%C3%BCrich",
    }
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 9,
        "stream": streams,
        "messages": [{"role": "user", "content": 'it\'s\n$HOME "é" \\ 🙂'}],
    }
    first = httpx.post(
        f"{stack.gateway}/anthropic/v1/messages", json=body, headers={"x-api-key": "sk", **tags}, timeout=30
    )
    assert first.status_code == 200
    logged = stack.record(first.headers["helicone-id"])
    replay(stack, logged["id"], language, "gateway")

    def again() -> Any:
        rows = [row for row in stack.records() if row["user_id"] == logged["user_id"] and row["id"] != logged["id"]]
        return stack.record(rows[0]["id"]) if rows else None

    second = wait_for("the call made again", again)
    same = (
        "provider",
        "host",
        "path",
        "status",
        "properties",
        "property_names",
        "session_id",
        "session_path",
        "streamed",
    )
    assert [second[name] for name in same] == [logged[name] for name in same]
    assert json.loads(second["bodies"]["request"]) == json.loads(logged["bodies"]["request"]) == body
    replay(stack, logged["id"], language, "provider")


def test_the_log_keeps_what_was_sent_where_the_gateway_changed_it(stack: Stack) -> None:
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi {{hc:who:string}}"}]}
    assert sent_instead(stack, call(stack, asked, {})) is None
    filled = sent_instead(stack, call(stack, asked, {"Helicone-Prompt-Variables": '{"who": "Ada"}'}))
    assert filled == {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi Ada"}]}
    fallback = {
        "x-sim-status": "503",
        "x-sim-fail-times": "1",
        "x-sim-fail-key": "one-call",
        "Helicone-Fallback": '[{"model": "gpt-4o-mini"}]',
    }
    assert sent_instead(stack, call(stack, asked, fallback)) == {**asked, "model": "gpt-4o-mini"}


def test_times_of_a_stream_are_kept_where_they_are_asked_for(stack: Stack) -> None:
    asked = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    paced = {"x-sim-chunks": "4", "x-sim-chunk-ms": "20"}
    assert stack.record(call(stack, asked, paced))["bodies"]["chunk_times"] is None
    logged = stack.record(call(stack, asked, {**paced, "Helicone-Stream-Times": "true"}))
    times = logged["bodies"]["chunk_times"]
    assert len(times) >= 4 and times == sorted(times)
    assert times[-1][1] == len(logged["bodies"]["response"].encode())
    assert logged["facts"]["stream.usage_added"] is True


def call(stack: Stack, asked: dict[str, Any], headers: dict[str, str]) -> str:
    headers = {"Authorization": "Bearer sk-x", **headers}
    answer = httpx.post(f"{stack.gateway}/openai/v1/chat/completions", json=asked, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.headers["helicone-id"]


def sent_instead(stack: Stack, id: str) -> Any:
    sent = stack.record(id)["bodies"]["sent"]
    return json.loads(sent) if sent else None
