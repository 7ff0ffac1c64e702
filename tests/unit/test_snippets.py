"""A call written as curl, Python or TypeScript sends that call: run by each language against a server that keeps it."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from _speedups._pure.headers import read_text
from proxy.control.snippets import LANGUAGES, RENDERERS, Language, NoSnippet, OutgoingCall, Payload, call_of
from proxy.control.snippets.payload import payload_of
from proxy.core.event import Event
from proxy.logstore import RequestRow, event_of_rows
from proxy.providers import load

CATALOG = load()
ODD = "'\"`$\\!\n\r\t {}[]%#&;|<>*?~=@-é€𝄞\u2028\u00a0${HOME}`id`$(id)"
texts = st.one_of(
    st.text(st.sampled_from(ODD), max_size=12), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
bodies = st.one_of(
    json_values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(texts, json_values, max_size=3).map(lambda value: json.dumps(value, ensure_ascii=False).encode()),
    texts.map(str.encode),
    st.binary(max_size=20),
)
labels = st.text(st.sampled_from(ODD) | st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


class Kept(BaseHTTPRequestHandler):
    """Keeps requests; answers with two lines."""

    calls: list[tuple[str, str, dict[str, str], bytes]] = []

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.calls.append((self.command, self.path, headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kept)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def event(**fields: Any) -> Event:
    usual = {
        "id": "01890000-0000-7000-8000-000000000000",
        "org": "default",
        "start": 1,
        "provider": "openai",
        "host": "api.openai.com",
        "dialect": "openai",
        "method": "POST",
        "path": "/v1/chat/completions",
    }
    return event_of_rows(RequestRow(**{**usual, **fields}))


def outgoing(call: Event, body: bytes = b"{}", target: Any = "gateway", gateway: str = "http://gw") -> OutgoingCall:
    payload = payload_of(body) if body else Payload()
    return call_of(call, "application/json" if body else "", payload, target, CATALOG, gateway)


def run(language: Language, codes: list[str], folder: Path) -> list[tuple[str, str, dict[str, str], bytes]]:
    """Runs the snippets one after the other, and returns what the server got."""
    Kept.calls = []
    keys = {"OPENAI_API_KEY": "sk-provider", "PERIHELION_API_KEY": "sk-perihelion-mine", "ANTHROPIC_API_KEY": "sk-ant"}
    if language == "curl":
        command = ["sh", "-e"]
        code = "".join(codes)
    elif language == "python":
        command = [sys.executable, "-c", "import sys\nfor one in eval(sys.stdin.read()): exec(one, {})"]
        code = repr(codes)
    else:
        command = ["node", "--input-type=module"]
        code = codes[0] if len(codes) == 1 else "".join(f"{{\n{one}}}\n" for one in codes)
    done = subprocess.run(
        command, input=code.encode(), env={**os.environ, **keys, "no_proxy": "*"}, cwd=folder, capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (code, done.stderr.decode())
    assert done.stdout.replace(b"\n", b"") == b"ok" * len(codes)
    return Kept.calls


def runnable() -> list[Language]:
    return [each for each in LANGUAGES if each != "typescript" or shutil.which("node")]


@pytest.mark.parametrize("language", runnable())
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cases=st.lists(st.tuples(bodies, labels, labels), min_size=3, max_size=6))
def test_a_snippet_sends_the_same_body_and_labels_whatever_is_in_them(
    gateway: str, tmp_path: Path, language: Language, cases: list[tuple[bytes, str, str]]
) -> None:
    calls = [
        outgoing(event(user_id=user, properties={"app": value}, key="k", request_size=len(body)), body, gateway=gateway)
        for body, user, value in cases
    ]
    got = run(language, [RENDERERS[language](call) for call in calls], tmp_path)
    assert len(got) == len(calls)
    for (body, user, value), call, (method, path, headers, sent) in zip(cases, calls, got, strict=True):
        assert (method, path) == ("POST", "/openai/v1/chat/completions")
        assert headers["authorization"] == "Bearer sk-provider"
        assert headers["helicone-auth"] == "Bearer sk-perihelion-mine"
        for name, text in (("helicone-user-id", user), ("helicone-property-app", value)):
            if text.isprintable():
                assert read_text(headers[name], True) == text
            else:
                assert name not in headers
        assert len(call.notes) == (not user.isprintable()) + (not value.isprintable())
        if call.payload.kind == "json":
            assert json.loads(sent, parse_int=float) == json.loads(body, parse_int=float)  # 1e17 may come as its digits
        else:
            assert sent == body


@pytest.mark.parametrize("language", runnable())
def test_a_large_body_is_read_from_a_file_beside_the_snippet(gateway: str, tmp_path: Path, language: Language) -> None:
    (tmp_path / "large.request").write_bytes(b"\x00\xff" * 200_000)
    call = call_of(
        event(streamed=True), "application/x-own", Payload("file", "large.request"), "gateway", CATALOG, gateway
    )
    [(_, _, headers, sent)] = run(language, [RENDERERS[language](call)], tmp_path)
    assert sent == b"\x00\xff" * 200_000
    assert headers["content-type"] == "application/x-own"
    assert "/bodies/request" in call.notes[0]


@pytest.mark.parametrize("language", runnable())
def test_a_call_without_a_body_and_an_odd_path(gateway: str, tmp_path: Path, language: Language) -> None:
    path = "/v1/files/a%2Fb'c?limit=[1]&x={2}&key=***"
    call = outgoing(event(method="GET", path=path), b"", gateway=gateway)
    [(method, got, headers, sent)] = run(language, [RENDERERS[language](call)], tmp_path)
    assert (method, sent) == ("GET", b"")
    assert got in ("/openai/v1/files/a%2Fb'c?limit=[1]&x={2}", "/openai/v1/files/a%2Fb%27c?limit=[1]&x={2}")
    assert "content-type" not in headers and "helicone-auth" not in headers


@pytest.mark.parametrize(
    ("fields", "address", "target_url"),
    [
        ({}, "/openai/v1/chat/completions", None),
        (
            {"provider": "anthropic", "host": "api.anthropic.com", "path": "/v1/messages"},
            "/anthropic/v1/messages",
            None,
        ),
        (
            {"provider": "azure", "host": "mine.openai.azure.com", "path": "/openai/deployments/d/chat/completions"},
            "/azure/mine/openai/deployments/d/chat/completions",
            None,
        ),
        (
            {"provider": "openai", "host": "eu.api.openai.com"},
            "/v1/chat/completions",
            "https://eu.api.openai.com",
        ),
        ({"provider": "custom", "host": "llm.example.com"}, "/v1/chat/completions", "https://llm.example.com"),
        ({"provider": "", "host": "", "path": "/openai/v1/x"}, "/openai/v1/x", None),
    ],
)
def test_the_address_leads_to_the_same_provider(fields: dict[str, str], address: str, target_url: str | None) -> None:
    call = outgoing(event(**fields))
    assert call.url == f"http://gw{address}"
    assert dict(call.headers).get("Helicone-Target-Url") == target_url


def test_the_provider_itself_gets_none_of_our_headers() -> None:
    call = outgoing(
        event(provider="anthropic", host="api.anthropic.com", dialect="anthropic", path="/v1/messages", user_id="ada"),
        target="provider",
    )
    assert call.url == "https://api.anthropic.com/v1/messages"
    assert [name for name, _ in call.headers] == ["Content-Type", "X-Api-Key", "Anthropic-Version"]
    assert call.variables == ("ANTHROPIC_API_KEY",)


@pytest.mark.parametrize(
    ("fields", "target", "reason"),
    [
        ({"request_size": 9, "request_omitted": True}, "gateway", "omitted"),
        ({"request_size": 9}, "gateway", "deleted"),
        ({"host": "", "provider": ""}, "provider", "before it had a provider"),
        ({"method": ""}, "gateway", "no HTTP method"),
        ({"host": "a b/c"}, "provider", "host"),
    ],
)
def test_what_cannot_be_sent_again_says_why(fields: dict[str, Any], target: str, reason: str) -> None:
    with pytest.raises(NoSnippet, match=reason):
        outgoing(event(**fields), b"", target)
