"""Agents' tools over the log, used by the official client on standard input and output and over HTTP."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.stack import Stack, wait_for

both_transports = pytest.mark.parametrize("transport", ["stdio", "http"])
TOOLS = {"describe", "search_requests", "get_request", "get_session", "list_groups", "query_metrics", "run_sql"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("mcp"), providers, auth__mode="open") as running:
        for number in range(3):
            headers = {
                "Authorization": "Bearer sk-test",
                "Helicone-User-Id": "ada",
                "Helicone-Session-Id": "trip",
                "Helicone-Session-Path": f"/plan/{number}",
                "x-sim-status": "500" if number == 2 else "200",
                "Helicone-Retry-Enabled": "false",
            }
            body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"question {number}"}]}
            httpx.post(f"{running.gateway}/v1/chat/completions", headers=headers, json=body, timeout=30)
        wait_for("three rows", lambda: len(list(running.records())) == 3 or None)
        yield running


def key_of(stack: Stack, scopes: list[str]) -> str:
    owner = {"Authorization": f"Bearer {stack.token}"}
    made = httpx.post(f"{stack.control}/api/keys", json={"name": "agent", "scopes": scopes}, headers=owner)
    return str(made.json()["key"])


@asynccontextmanager
async def connected(stack: Stack, transport: str) -> AsyncIterator[ClientSession]:
    key = key_of(stack, ["read"])
    async with AsyncExitStack() as exits:
        if transport == "stdio":
            environ = {**os.environ, "PERIHELION_API_KEY": key}
            command = StdioServerParameters(
                command=sys.executable, args=["-m", "proxy", "mcp", "--url", stack.control], env=environ
            )
            streams = await exits.enter_async_context(stdio_client(command))
        else:
            http = httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"})
            streams = await exits.enter_async_context(
                streamable_http_client(f"{stack.control}/mcp", http_client=http)  # type: ignore[arg-type]
            )
        opened = await exits.enter_async_context(ClientSession(streams[0], streams[1]))
        await opened.initialize()
        yield opened


async def use(session: ClientSession, name: str, **arguments: Any) -> Any:
    result = await session.call_tool(name, arguments)
    assert not result.is_error, result.content
    return result.structured_content or json.loads(result.content[0].text)  # type: ignore[union-attr]


@both_transports
async def test_an_agent_finds_the_failed_call_and_reads_it(stack: Stack, transport: str) -> None:
    async with connected(stack, transport) as session:
        listed = await session.list_tools()
        assert {tool.name for tool in listed.tools} == TOOLS
        assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in listed.tools)
        found = await use(session, "search_requests", filter="status>=500")
        assert found["total"] == {"value": 1, "exact": True}
        (row,) = found["requests"]
        call = await use(session, "get_request", id=row["id"])
        assert call["request"]["messages"][0]["content"] == "question 2"
        assert call["status"] == 500


@both_transports
async def test_an_agent_reads_sessions_groups_figures_and_sql(stack: Stack, transport: str) -> None:
    async with connected(stack, transport) as session:
        about = await use(session, "describe")
        assert any(measure["name"] == "p95_latency" for measure in about["metrics"]["measures"])
        trip = await use(session, "get_session", id="trip")
        assert trip["session"]["session"]["calls"] == 3
        assert len(trip["calls"]) == 3
        users = await use(session, "list_groups", kind="users")
        assert [row["user"] for row in users["users"]] == ["ada"]
        figures = await use(session, "query_metrics", measures=["calls", "errors"], dimensions=["user"])
        assert figures["groups"][0]["totals"] == {"calls": 3, "errors": 1}
        rows = await use(session, "run_sql", sql="SELECT count() AS calls FROM requests")
        assert rows["rows"] == [[3]]


@both_transports
async def test_a_question_that_is_wrong_is_an_error_that_says_what_is_right(stack: Stack, transport: str) -> None:
    async with connected(stack, transport) as session:
        result = await session.call_tool("search_requests", {"filter": "stauts>400"})
        assert result.is_error
        assert "status" in str(result.content[0])


def test_a_key_that_may_not_read_gets_no_tools(stack: Stack) -> None:
    for key, status in ((key_of(stack, ["proxy"]), 403), ("sk-perihelion-guessed", 401)):
        answer = httpx.post(f"{stack.control}/mcp", headers={"Authorization": f"Bearer {key}"}, json={}, timeout=20)
        assert answer.status_code == status


def test_the_control_plane_does_not_load_the_library_before_it_is_used() -> None:
    code = "import proxy.control.app, sys; sys.exit('mcp.server' in sys.modules)"
    done = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code])
    assert done == 0
