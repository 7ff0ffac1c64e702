"""Who reaches what: pages of other sites in open mode, providers on the gateway's own host, addresses that are not
public, and how much strangers without a key leave behind."""

import asyncio
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.core.errors import Conflict, Forbidden
from proxy.core.origin import Origin
from proxy.gateway.request_ids import RequestIds
from proxy.net import guard
from proxy.net.guard import is_public
from proxy.providers import load, resolve
from proxy.upstream import open_upstream
from proxy.upstream.base import TransportLimits, TransportOptions, UpstreamRequest
from tests.attacks.on_reach import ATTACKS
from tests.attacks.watch import Watch
from tests.stack import Stack

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def open_stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    folder = tmp_path_factory.mktemp("open")
    with Stack(folder, providers, domain="llm.example.org").start_gateway() as running:
        yield running


@pytest.fixture(scope="module")
def closed_stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("closed"), providers, auth__mode="required").start_gateway() as running:
        yield running


# --- open mode ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://127.0.0.1.evil.example:8787"},
        {"Origin": "chrome-extension://abcdefgh"},
        {"Origin": "https://evil.example", "Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "Cross-Site", "Sec-Fetch-Mode": "no-cors"},
        {"Host": "evil.example"},
        {"Host": "evil.example:8787"},
        {"Host": "127.0.0.1.nip.io"},
        {"Host": "notllm.example.org"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Host": "EVIL.example."},
    ],
)
@pytest.mark.parametrize("path", [CHAT, "/ollama/api/generate", "/v1/log"])
def test_open_mode_refuses_pages_of_other_sites(open_stack: Stack, headers: dict[str, str], path: str) -> None:
    sent = {"Content-Type": "text/plain", **headers}
    answer = httpx.post(open_stack.gateway + path, content=json.dumps(BODY), headers=sent, timeout=30)
    assert answer.status_code == 403 and "auth.mode is 'open'" in answer.text, answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:5173", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://[::1]:3000"},
        {"Origin": "https://app.llm.example.org"},
        {"Origin": "tauri://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "localhost:8787"},
        {"Host": "[::1]:8787"},
        {"Host": "perihelion:8787"},
        {"Host": "openai.llm.example.org"},
        {"Host": "host.docker.internal:8787"},
    ],
)
def test_open_mode_takes_programs_and_pages_of_this_machine(open_stack: Stack, headers: dict[str, str]) -> None:
    assert httpx.post(open_stack.gateway + CHAT, json=BODY, headers=headers, timeout=30).status_code == 200


# --- providers on the gateway's own host -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/ollama/api/tags", "/llamacpp/v1/models", "/llama.cpp/x", "/llama-cpp/x", "/vllm/x"])
def test_local_providers_are_closed_where_keys_are_required(path: str) -> None:
    with pytest.raises(Forbidden, match="keys are required"):
        resolve(load(local=False), "", path)
    assert resolve(load(), "", path).origin.host == "127.0.0.1"


def test_local_providers_are_closed_by_host_label_too() -> None:
    with pytest.raises(Forbidden):
        resolve(load(domain="llm.example", local=False), "ollama.llm.example", "/api/tags")


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:11434", "http://localhost:8000", "https://localhost", "http://[::1]:8080"]
)
def test_a_local_target_is_not_allowed(target: str) -> None:
    with pytest.raises(Forbidden):
        resolve(load(local=False), "", "/api/tags", target=target)


def test_an_operators_file_opens_a_local_provider(tmp_path: Path) -> None:
    (tmp_path / "ollama.toml").write_text('origin = "http://127.0.0.1:11434"')
    (tmp_path / "vllm.toml").write_text('display = "Mine"')
    catalog = load(str(tmp_path), local=False)
    assert resolve(catalog, "", "/ollama/api/tags").origin.port == 11434
    with pytest.raises(Forbidden):
        resolve(catalog, "", "/vllm/v1/models")


# --- addresses that are not public -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("192.0.0.192", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "::127.0.0.1", "64:ff9b::7f00:1"),
        *(
            "2002:7f00:1::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2a00:1450:4001:829::5efe:7f00:1",
            "::ffff:127.0.0.1",
        ),
        *(
            "2a00:1450:4001:829:200:5efe:a00:1",
            "100::1",
            "5f00::1",
            "3fff::1",
            "2001:db8::1",
            "fe80::1%eth0",
            "::",
            "::1",
        ),
        *("168.63.129.16", "100.100.100.200", "169.254.169.254", "192.88.99.1", "198.18.0.1", "240.0.0.1", "0.0.0.0"),
        *("ff0e::1", "224.0.0.1", "255.255.255.255", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    ],
)
def test_an_address_that_leads_into_this_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "160.79.104.10", "2606:4700::6810:84e5", "64:ff9b::808:808", "2002:808:808::", "::ffff:8.8.8.8"],
)
def test_other_addresses_are_public(address: str) -> None:
    assert is_public(address)


class Provider(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("transport", ["direct", "httpx"])
def test_a_guarded_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch, transport: str) -> None:
    """The second answer of a name server would be another one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked: list[str] = []
    resolve_really = asyncio.BaseEventLoop.getaddrinfo

    async def getaddrinfo(loop: asyncio.BaseEventLoop, host: Any, port: Any, **rest: Any) -> Any:
        if host != "rebound.example":
            return await resolve_really(loop, host, port, **rest)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if len(asked) == 1 else "127.0.0.9", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(guard, "is_public", lambda address: address == "127.0.0.1")

    async def call() -> int:
        upstream = open_upstream(transport, TransportLimits(), TransportOptions())
        origin = Origin("http", "rebound.example", server.server_port, guarded=True)
        answer = await upstream.send(UpstreamRequest(origin, "GET", "/", b""))
        answer.close()
        await upstream.close()
        return answer.status

    try:
        assert asyncio.run(call()) == 200
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["rebound.example"]


# --- stored keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "target", "resource"),
    [
        ("/azure/mine/openai/x", "", "mine"),
        ("/openai/x", "https://mine.openai.azure.com", "mine"),
        ("/openai/x", "https://mine.cognitiveservices.azure.com", "mine.cognitiveservices.azure.com"),
        ("/azure-ai/mine/x", "", "mine"),
        ("/databricks/mine/x", "", "mine"),
        ("/snowflake/mine/x", "", "mine"),
        ("/x", "https://any.inference.heroku.com", "any.inference.heroku.com"),
        ("/vertex/europe-west4/v1/x", "", ""),
        ("/bedrock/eu-west-1/model/x", "", ""),
        ("/openai/v1/models", "", ""),
        ("/v1/models", "https://eu.api.openai.com", ""),
    ],
)
@pytest.mark.parametrize("query", ["", "api-version=2024-10-21"])
def test_a_stored_key_is_bound_to_its_resource(path: str, target: str, resource: str, query: str) -> None:
    assert resolve(load(), "", path, query, target=target).resource == resource


# --- ids of callers ----------------------------------------------------------------------------------------------


def test_an_id_is_taken_in_its_own_organisation_only() -> None:
    ids, id = RequestIds(), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
    assert ids.claim(id, "own", "moon") == ids.claim(id, "own", "sun") == id
    with pytest.raises(Conflict):
        ids.claim(id.upper(), "own", "moon")


# --- strangers ---------------------------------------------------------------------------------------------------


def test_refused_strangers_do_not_fill_the_log(closed_stack: Stack) -> None:
    chosen = "chosen text, " * 40 + "end"
    headers = {
        "Helicone-User-Id": "u" * 200,
        "Helicone-Property-Note": chosen,
        "Helicone-Foo": chosen,
        "User-Agent": chosen,
    }
    with httpx.Client(base_url=closed_stack.gateway, timeout=30) as stranger:
        for number in range(400):
            answer = stranger.post(f"{CHAT}/{'x' * 2000}", json=BODY, headers={**headers, "X-N": str(number)})
            assert answer.status_code == 401
        counted = stranger.get("/metrics").text
    files = [file for file in (closed_stack.folder / "data" / "spool").rglob("*") if file.is_file()]
    spooled = b"".join(file.read_bytes() for file in files)
    assert b"chosen text" not in spooled and len(spooled) < 200 * 1024
    (line,) = [line for line in counted.splitlines() if line.startswith("perihelion_refused_unlogged_total")]
    assert 250 <= float(line.split()[-1]) <= 300


@pytest.mark.soak
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_honest_callers_do_not_feel_it(tmp_path: Path, simulator_origin: str, attack: Callable[[Stack], None]) -> None:
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, gateway__workers="1") as stack:
        with Watch(stack, CHAT, json.dumps(BODY).encode()) as watch:
            attack(stack)
        watch.check()
