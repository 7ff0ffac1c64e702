"""Two gateways, one beside the control plane and one that asks over HTTP: what changes reaches both, and neither needs
it to be up."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.control_process import ControlProcess
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.soak

CHAT = "/openai/v1/chat/completions"
CALL = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}


class Fleet:
    """A control plane and both gateways, each a process of its own."""

    def __init__(self, folder: Path, origin: str) -> None:
        providers = {"openai": f'origin = "{origin}"'}
        self.origin = origin
        self.control = ControlProcess(folder / "near" / "data")
        self.control.data.mkdir(parents=True)
        self.near = Stack(folder / "near", providers, auth__mode="required")
        self.control.start().ready()
        self.far = Stack(
            folder / "far", providers, auth__mode="required", snapshot__url=self.control.url,
            snapshot__token=self.key(scopes=["snapshot"])[0], secret__file=str(self.control.data / "secret.key"),
        )  # fmt: skip
        for gateway in self.both:
            gateway.start("gateway")

    @property
    def both(self) -> tuple[Stack, Stack]:
        return self.near, self.far

    def asked(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method, self.control.url + path, json=body, headers={"Authorization": f"Bearer {self.control.token}"}
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def key(self, **fields: Any) -> tuple[str, str]:
        found = self.asked("POST", "/api/keys", {"name": "k", **fields})
        return found["key"], found["about"]["id"]

    def call(self, gateway: Stack, key: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(
            gateway.gateway + CHAT, json=CALL, headers={"Helicone-Auth": f"Bearer {key}", **named}, timeout=30
        )

    def everywhere(self, what: str, key: str, true: Any, **headers: str) -> None:
        for gateway in self.both:
            wait_for(f"{what} at {gateway.folder.name}", lambda at=gateway: true(self.call(at, key, **headers)))

    def end(self) -> None:
        for gateway in self.both:
            gateway.stop()
        self.control.end()


@pytest.fixture
def fleet(tmp_path: Path, simulator_origin: str) -> Iterator[Fleet]:
    running = Fleet(tmp_path, simulator_origin)
    yield running
    running.end()


def test_every_change_reaches_both_and_both_live_on_alone(fleet: Fleet) -> None:
    key, id = fleet.key()
    gone, gone_id = fleet.key()
    prompt = {"Helicone_Prompt_Id": "p", "Helicone_Prompt_Variables": "{}"}
    fleet.asked("POST", "/api/prompts", {"id": "p", "body": {"messages": [{"role": "system", "content": "One."}]}})
    for one in (key, gone):
        fleet.everywhere("the key", one, lambda answer: answer.status_code == 200)
    fleet.everywhere("the prompt", key, lambda answer: answer.headers.get("helicone-prompt-version") == "1", **prompt)

    fleet.asked("POST", "/api/prompts/p/versions", {"body": {"messages": [{"role": "system", "content": "Two."}]}})
    fleet.everywhere("version 2", key, lambda answer: answer.headers.get("helicone-prompt-version") == "2", **prompt)
    fleet.asked("PUT", "/api/prompts/p/environments/production", {"version": 1})
    fleet.everywhere("the roll back", key, lambda answer: answer.headers["helicone-prompt-version"] == "1", **prompt)
    fleet.asked("PATCH", f"/api/keys/{id}", {"policy": "1000;w=3600"})
    fleet.everywhere("the limit", key, lambda answer: "1000" in answer.headers.get("helicone-ratelimit-limit", ""))
    fleet.asked("DELETE", f"/api/keys/{gone_id}")
    fleet.everywhere("the revocation", gone, lambda answer: answer.status_code == 401)

    fleet.control.kill()
    for again in (False, True):
        for gateway in fleet.both:
            if again:
                gateway.stop()
                gateway.start("gateway")
            answer = fleet.call(gateway, key, **prompt)
            assert answer.status_code == 200 and answer.headers["helicone-prompt-version"] == "1"
            assert "1000" in answer.headers["helicone-ratelimit-limit"]
            sent = json.loads(httpx.get(fleet.origin + "/_simulator/requests").json()[-1]["body"])
            assert sent["messages"][0]["content"] == "One."
            assert fleet.call(gateway, gone).status_code == 401, "what was revoked stays so"
    problem = httpx.get(fleet.far.gateway + "/readyz").json().get("snapshot_problem", "")
    assert "snapshot.url" in problem, "the one that asks over HTTP says that nobody answers"

    fleet.control.start().ready()
    fleet.asked("DELETE", f"/api/keys/{id}")
    fleet.everywhere("the control plane's return", key, lambda answer: answer.status_code == 401)
