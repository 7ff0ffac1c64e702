"""Helicone's published loggers, unmodified, pointed at the gateway and at the control plane."""

import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helicone_helpers
import httpx
import pytest

from tests.stack import ROOT, Stack, wait_for

ANSWER = {
    "id": "chatcmpl-logged",
    "object": "chat.completion",
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Blue."}, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
}
QUESTION = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Which colour is the sky?"}]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "anthropic"), f'origin = "{simulator_origin}"')
    with Stack(tmp_path_factory.mktemp("stack"), providers, auth__mode="required") as running:
        yield running


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def key(stack: Stack, admin: httpx.Client) -> str:
    """A key of the scope `write`, known to the gateway."""
    made: str = admin.post("/api/keys", json={"name": "logger", "scopes": ["write"]}).json()["key"]
    probe = {"Authorization": f"Bearer {made}"}
    wait_for("the key", lambda: httpx.post(stack.gateway + "/v1/log", headers=probe, json={}).status_code == 400)
    return made


@pytest.fixture(params=["gateway", "control"])
def plane(request: pytest.FixtureRequest, stack: Stack) -> str:
    return stack.gateway if request.param == "gateway" else stack.control


def found(admin: httpx.Client, session: str, count: int = 1) -> list[dict[str, Any]]:
    """The calls of a session with their bodies, oldest first."""

    def probe() -> list[dict[str, Any]] | None:
        rows = admin.get("/api/requests", params={"session": session}).json()["data"]
        return rows if len(rows) >= count else None

    rows = wait_for(f"{count} calls of {session}", probe)
    assert len(rows) == count
    return [admin.get(f"/api/requests/{row['id']}").json() for row in reversed(rows)]


def log(plane: str, key: str, body: object, path: str = "/v1/log", **headers: str) -> httpx.Response:
    return httpx.post(plane + path, json=body, headers={"Authorization": f"Bearer {key}", **headers}, timeout=30)


def logged(**members: Any) -> dict[str, Any]:
    """The body of a log, with other members where they are given."""
    body: dict[str, Any] = {
        "providerRequest": {"url": "custom-model-nopath", "json": QUESTION, "meta": {}},
        "providerResponse": {"status": 200, "json": ANSWER, "headers": {}},
        "timing": {"startTime": {"seconds": int(time.time()), "milliseconds": 5}},
    }
    for name, value in members.items():
        place, _, member = name.partition("__")
        body[place] = {**body[place], member: value} if member else value
    return body


def test_the_python_logger_logs_a_call_that_is_priced_and_tagged(
    plane: str, stack: Stack, admin: httpx.Client, key: str
) -> None:
    session = f"python-{plane[-5:]}"
    logger = helicone_helpers.HeliconeManualLogger(
        api_key=key,
        logging_endpoint=plane,
        headers={"Helicone-User-Id": "ada", "Helicone-Property-Feature": "sky"},
    )

    def operation(recorder: Any) -> str:
        recorder.append_results(ANSWER)
        return "done"

    more = {"Helicone-Session-Id": session, "Helicone-Session-Path": "/ask"}
    assert logger.log_request(QUESTION, operation, more, provider="openai") == "done"
    [row] = found(admin, session)
    assert (row["source"], row["provider"], row["operation"], row["status"]) == ("logger", "openai", "chat", 200)
    assert (row["model"], row["input_tokens"], row["output_tokens"]) == ("gpt-4o-mini-2024-07-18", 1000, 100)
    assert (row["cost_nanousd"], row["cost_known"]) == (1000 * 150 + 100 * 600, True)
    assert (row["user_id"], row["session_path"], row["properties"]) == ("ada", "/ask", {"feature": "sky"})
    assert (row["response_id"], row["finish_reason"], row["response_preview"]) == ("chatcmpl-logged", "stop", "Blue.")
    assert key not in str(row)


async def test_the_python_log_builder_logs_a_stream(plane: str, admin: httpx.Client, key: str) -> None:
    session = f"builder-{plane[-5:]}"
    logger = helicone_helpers.HeliconeManualLogger(api_key=key, logging_endpoint=plane)
    builder = logger.log_builder(QUESTION, {"Helicone-Session-Id": session})
    for text in ("Bl", "ue."):
        delta = {"index": 0, "delta": {"content": text}}
        builder.add_chunk(
            {"id": "chatcmpl-s", "object": "chat.completion.chunk", "model": "gpt-4o-mini", "choices": [delta]}
        )
    builder.add_chunk({"object": "chat.completion.chunk", "choices": [], "usage": ANSWER["usage"]})
    await builder.send_log()
    [row] = found(admin, session)
    assert (row["response_preview"], row["response_id"], row["streamed"]) == ("Blue.", "chatcmpl-s", True)
    assert (row["input_tokens"], row["ttft_ms"] is not None, row["provider"]) == (1000, True, "openai")


@pytest.fixture(scope="module")
def node_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published `@helicone/helpers`, unpacked."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("@helicone/helpers is not tested: node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    done = subprocess.run(
        [npm, "pack", "--silent", "@helicone/helpers@1.8.3"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    if done.returncode != 0:
        pytest.skip(f"@helicone/helpers is not tested: npm pack failed: {done.stderr.strip() or done.stdout}")
    with tarfile.open(next(folder.glob("*.tgz"))) as packed:
        packed.extractall(folder)
    return folder / "package"


def test_the_node_logger_logs_calls_streams_steps_and_errors(
    plane: str, admin: httpx.Client, key: str, node_package: Path
) -> None:
    session = f"node-{plane[-5:]}"
    done = subprocess.run(
        ["node", ROOT / "tests" / "helicone_helpers.mjs", node_package, plane, key, session],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
    rows = {row["session_path"]: row for row in found(admin, session, 7)}
    for path in ("/request", "/single", "/stream", "/builder"):
        row = rows[path]
        assert (row["provider"], row["operation"], row["status"]) == ("openai", "chat", 200), path
        assert (row["input_tokens"], row["output_tokens"], row["cost_nanousd"]) == (1000, 100, 210_000), path
        assert (row["response_preview"], row["user_id"]) == ("Blue.", "ada"), path
        assert row["streamed"] == (path in ("/stream", "/builder")), path
    assert rows["/request"]["response_id"] == "chatcmpl-node" and rows["/builder"]["response_id"] == "chatcmpl-stream"
    assert rows["/single"]["latency_ms"] == 250
    assert (rows["/tool"]["operation"], rows["/tool"]["request_name"], rows["/tool"]["cost_nanousd"]) == (
        "tool",
        "search",
        0,
    )
    assert rows["/failed"]["status"] == 500 and "hung up" in rows["/failed"]["error_message"]
    assert (rows["/cancelled"]["status"], rows["/cancelled"]["cut"]) == (499, "client")


def test_steps_of_an_agent_stand_beside_its_calls_and_cost_nothing(plane: str, admin: httpx.Client, key: str) -> None:
    session = f"steps-{plane[-5:]}"
    steps: list[dict[str, Any]] = [
        {"_type": "tool", "toolName": "weather", "input": {"city": "Rome"}},
        {"_type": "vector_db", "operation": "search", "text": "sky", "databaseName": "facts"},
        {"_type": "data", "name": "load", "meta": {"rows": 3}},
    ]
    logger = helicone_helpers.HeliconeManualLogger(api_key=key, logging_endpoint=plane)
    for step in steps:
        logger.log_request(
            step, lambda recorder: recorder.append_results({"status": "ok"}), {"Helicone-Session-Id": session}
        )
    rows = found(admin, session, 3)
    assert [row["operation"] for row in rows] == ["tool", "vector_db", "data"]
    assert [row["request_name"] for row in rows] == ["weather", "facts", "load"]
    assert {(row["cost_nanousd"], row["cost_known"], row["input_tokens"]) for row in rows} == {(0, True, None)}
    assert '"Rome"' in rows[0]["request_preview"]


def test_a_cost_of_the_logger_is_used_where_no_price_is_known(plane: str, admin: httpx.Client, key: str) -> None:
    session = f"cost-{plane[-5:]}"
    own = {"model": "our-own-model", "messages": QUESTION["messages"]}
    body = logged(providerRequest__json=own, providerResponse__cost=0.25, providerResponse__json={"text": "Blue."})
    answer = log(plane, key, body, **{"Helicone-Session-Id": session})
    assert (answer.status_code, answer.text) == (200, "ok")
    [row] = found(admin, session)
    assert row["id"] == answer.headers["helicone-id"]
    assert (row["cost_nanousd"], row["reported_cost_nanousd"], row["price_version"]) == (
        250_000_000,
        250_000_000,
        "provider",
    )


def test_meta_has_headers_too_and_omitted_bodies_are_nowhere(plane: str, admin: httpx.Client, key: str) -> None:
    session = f"meta-{plane[-5:]}"
    meta = {"Helicone-Session-Id": session, "Helicone-Omit-Request": True, "helicone-auth": f"Bearer {key}"}
    body = logged(
        providerRequest__meta=meta, providerRequest__url="https://api.openai.com/v1/chat/completions?api-key=x1"
    )
    assert log(plane, key, body).status_code == 200
    [row] = found(admin, session)
    assert (row["request_omitted"], row["bodies"]["request"], row["host"]) == (True, "", "api.openai.com")
    assert (row["input_tokens"], row["cost_known"], row["path"]) == (1000, True, "/v1/chat/completions?api-key=***")


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"providerRequest": {"url": 7, "json": {}}}, "providerRequest.url"),
        ({"providerRequest": {"json": [1]}}, "providerRequest.json"),
        ({"providerResponse__status": "ok"}, "providerResponse.status"),
        ({"providerResponse__status": 99}, "providerResponse.status"),
        ({"providerResponse__cost": -1}, "providerResponse.cost"),
        ({"timing": {"startTime": "yesterday"}}, "timing.startTime"),
        ({"timing": {"startTime": {"seconds": 9e15, "milliseconds": 0}}}, "timing.startTime"),
        ({"timing": {"startTime": {"seconds": 1.7e9}, "endTime": {"seconds": 1.6e9}}}, "timing.endTime"),
        ({"timing": {"startTime": {"seconds": 1.7e9}, "timeToFirstToken": -5}}, "timing.timeToFirstToken"),
        ({"providerRequest__meta": {"Helicone-User-Id": {}}}, "providerRequest.meta.Helicone-User-Id"),
        ({"providerRequest__meta": {"Helicone-Omit-Request": "maybe"}}, "elicone-omit-request"),
    ],
)
def test_a_wrong_member_is_named(plane: str, key: str, members: dict[str, Any], path: str) -> None:
    answer = log(plane, key, logged(**members))
    assert answer.status_code == 400 and path.lower() in answer.text.lower(), answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a":' * 2000, b"\xff", b"null"])
def test_what_is_no_log_is_400(plane: str, key: str, content: bytes) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    assert httpx.post(plane + "/oai/v1/log", content=content, headers=headers, timeout=30).status_code == 400


def test_keys_of_other_scopes_do_not_log_and_a_logger_s_key_does_not_call(
    stack: Stack, plane: str, admin: httpx.Client, key: str
) -> None:
    reader = admin.post("/api/keys", json={"name": "reader", "scopes": ["read"]}).json()["key"]
    assert log(plane, reader, logged()).status_code in (401, 403)
    assert log(plane, "sk-perihelion-no-such-key", logged()).status_code == 401
    call = httpx.post(
        stack.gateway + "/openai/v1/chat/completions", json=QUESTION, headers={"Helicone-Auth": f"Bearer {key}"}
    )
    assert call.status_code == 401


def test_a_body_above_the_bound_is_413(plane: str, key: str) -> None:
    body = logged(providerResponse__textBody="x" * (11 << 20))
    assert log(plane, key, body).status_code == 413


def test_what_was_answered_200_is_in_the_log_after_kill_9(
    stack: Stack, plane: str, admin: httpx.Client, key: str
) -> None:
    session = f"killed-{plane[-5:]}"
    for _ in range(5):
        assert log(plane, key, logged(), **{"Helicone-Session-Id": session}).status_code == 200
    stack.kill("gateway" if plane == stack.gateway else "control")
    wait_for("the control plane", lambda: stack.answers(stack.control + "/readyz"), 60)
    wait_for("the gateway", lambda: stack.answers(stack.gateway + "/readyz"), 60)
    admin.headers["Authorization"] = f"Bearer {stack.token}"  # a new one with each start
    assert len(found(admin, session, 5)) == 5


def test_the_example_of_the_page_runs(
    stack: Stack, admin: httpx.Client, key: str, simulator_origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "loggers.md").read_text("utf-8"), re.DOTALL)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    code = block.replace("http://localhost:8787", stack.gateway).replace("sk-perihelion-…", key)
    code = code.replace("OpenAI()", f'OpenAI(base_url="{simulator_origin}/v1")')
    exec(compile(code, "docs/loggers.md", "exec"), {})
    [row] = found(admin, "s1")
    assert (row["provider"], row["user_id"], row["output_tokens"], row["cost_known"]) == ("openai", "ada", 12, True)
