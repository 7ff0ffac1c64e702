"""The examples of README.md and docs/policies.md run as they stand, with our own address and providers."""

import re
from typing import Any

import pytest

from tests.stack import ROOT, Stack, wait_for

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "policies.md").read_text("utf-8"), re.DOTALL)
README = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)


def test_the_examples_of_the_policies_run(
    tmp_path: Any, simulator_origin: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    providers = dict.fromkeys(("openai", "together"), f'origin = "{simulator_origin}"')
    with Stack(tmp_path, providers, targets__allow=simulator_origin) as stack:
        names: dict[str, Any] = {}
        exec(compile(README[0].replace("http://127.0.0.1:8787", stack.gateway), "README.md", "exec"), names)
        exec(compile(README[1].replace("http://127.0.0.1:8787", stack.gateway), "README.md", "exec"), names)
        names["client"].chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Say hello."}])
        for block in BLOCKS:
            code = block.replace("http://127.0.0.1:8787", stack.gateway)
            code = code.replace("https://api.openai.com", simulator_origin)
            code = code.replace("https://api.together.xyz", simulator_origin)
            exec(compile(code, "docs/policies.md", "exec"), names)
        told = capsys.readouterr().out
        assert "Rate limit reached: 3 requests in 3600 s for this user" in told
        assert '"500;w=86400;u=cents;s=feature";r=499;t=' in told
        assert (len(README), len(BLOCKS)) == (2, 5)
        wait_for("the calls in the log", lambda: sorted(row["status"] for row in stack.records()) == [200] * 12 + [429])


def test_the_script_of_the_teams_page_runs(
    tmp_path: Any, simulator_origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "teams.md").read_text("utf-8"), re.DOTALL)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, auth__mode="required") as stack:
        monkeypatch.setenv("ADMIN", stack.token)
        code = block.replace("http://127.0.0.1:8787", stack.gateway).replace("http://127.0.0.1:8788", stack.control)
        head, _, calls = code.partition("client = OpenAI(")
        names: dict[str, Any] = {}
        exec(compile(head, "docs/teams.md", "exec"), names)
        wait_for("gateways to know", lambda: names["httpx"].get(stack.gateway + "/readyz").json()["snapshot"] >= 5)
        exec(compile("client = OpenAI(" + calls, "docs/teams.md", "exec"), names)
        assert names["result"](names["control"].get("/api/prompts/hello"))["labels"] == {"production": 2, "staging": 2}
