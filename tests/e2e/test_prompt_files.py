"""`perihelion prompts pull` and `push`: prompts as files, and what happens to wrong ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.control_process import ControlProcess
from tests.e2e.test_cli import perihelion

BODY: Any = {
    "temperature": 0.5,
    "messages": [{"content": "Greet {{name}}.\nIn {{tone}}, à la carte.", "role": "system"}],
    "model": "gpt-4o",
}
TEXT = """{
  "name": "Greeting",
  "environments": {
    "production": 1,
    "staging": 1
  },
  "variables": [
    {
      "name": "tone",
      "default": "verse"
    }
  ],
  "body": {
    "model": "gpt-4o",
    "messages": [
      {
        "role": "system",
        "content": "Greet {{name}}.\\nIn {{tone}}, à la carte."
      }
    ],
    "temperature": 0.5
  }
}
"""


class Kept:
    """A control plane with one prompt, and a folder."""

    def __init__(self, control: ControlProcess, folder: Path) -> None:
        self.control = control
        self.folder = folder
        self.file = folder / "greeting.json"

    def run(self, *words: str, status: int = 0) -> str:
        done = perihelion("prompts", *words, "--url", self.control.url, PERIHELION_API_KEY=self.control.token)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def asked(self, method: str, path: str, **fields: Any) -> Any:
        answer = httpx.request(
            method, self.control.url + path, headers={"Authorization": f"Bearer {self.control.token}"}, **fields
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def prompt(self, id: str = "greeting") -> Any:
        return self.asked("GET", f"/api/prompts/{id}")

    def edit(self, **changed: Any) -> None:
        self.file.write_text(json.dumps({**json.loads(self.file.read_text()), **changed}))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    control = ControlProcess(tmp_path / "data").start().ready()
    found = Kept(control, tmp_path / "prompts")
    variables = [{"name": "tone", "default": "verse"}]
    prompt = {"id": "greeting", "name": "Greeting", "body": BODY, "variables": variables}
    found.asked("POST", "/api/prompts", json={**prompt, "environments": ["staging", "production"]})
    yield found
    control.end()


def test_pull_then_push_changes_nothing_and_the_file_is_read_by_people(kept: Kept) -> None:
    assert "greeting.json: version 1" in kept.run("pull", str(kept.folder))
    assert kept.file.read_text("utf-8") == TEXT
    before = kept.prompt()
    assert kept.run("push", str(kept.folder)) == "No differences.\n"
    assert kept.run("pull", str(kept.folder)) == ""
    assert kept.prompt() == before


def test_push_makes_versions_and_moves_environments_as_the_files_say(kept: Kept) -> None:
    kept.run("pull", str(kept.folder))
    changed = {**BODY, "temperature": 0.1}
    kept.edit(body=changed, environments={"production": 1, "staging": "newest", "preview": 2})
    before = kept.prompt()
    told = kept.run("push", str(kept.folder), "--dry-run")
    assert "would be: version 2, preview to 2, staging to 2" in told and kept.prompt() == before
    assert "version 2, preview to 2, staging to 2" in kept.run("push", str(kept.folder))
    assert kept.prompt()["labels"] == {"preview": 2, "production": 1, "staging": 2}
    assert kept.asked("GET", "/api/prompts/greeting/versions/2")["body"] == changed
    assert kept.run("push", str(kept.folder)) == "No differences.\n"
    kept.edit(environments={"production": 2})  # what is not named stays
    assert "production to 2" in kept.run("push", str(kept.folder))
    assert kept.prompt()["labels"] == {"preview": 2, "production": 2, "staging": 2} and kept.prompt()["newest"] == 2
    kept.edit(variables=[{"name": "tone", "default": "prose"}])
    assert "version 3" in kept.run("push", str(kept.folder))
    assert kept.prompt()["labels"]["production"] == 2
    (kept.folder / "farewell.json").write_text('{"body": {"messages": []}, "environments": {"production": 1}}')
    assert "farewell.json: new, version 1, production to 1" in kept.run("push", str(kept.folder))
    assert kept.prompt("farewell")["labels"] == {"production": 1}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"body": {"messages": [{"content": "Hi {{na me}}"}]}}, "$.messages[0].content"),
        ({"variables": [{"name": "a", "type": "number", "default": "x"}]}, "variables[0].default"),
        ({"variables": [{"name": "a", "kind": "number"}]}, "kind"),
        ({"colour": 1}, "colour"),
        ({"environments": {"production": 7}}, "environments.production: found 7"),
        ({"environments": {"production": "latest"}}, "environments.production: found 'latest'"),
        ({"name": "Another"}, "name: found 'Another'"),
        ({"body": "text"}, "$.body"),
    ],
)
def test_a_wrong_file_is_named_and_nothing_is_pushed(kept: Kept, change: dict[str, Any], fault: str) -> None:
    kept.run("pull", str(kept.folder))
    kept.edit(**change)
    (kept.folder / "aaa.json").write_text('{"body": {"messages": []}}')
    told = kept.run("push", str(kept.folder), status=1)
    assert "greeting.json" in told and fault in told and "nothing was pushed" in told
    assert [row["id"] for row in kept.asked("GET", "/api/prompts")["data"]] == ["greeting"]
    assert kept.prompt()["newest"] == 1


def test_what_the_control_plane_refuses_is_told_by_file(kept: Kept) -> None:
    kept.run("pull", str(kept.folder))
    kept.edit(environments={"Prod!": 1})
    told = kept.run("push", str(kept.folder), status=1)
    assert "greeting.json" in told and "environment" in told
    kept.asked("POST", "/api/prompts/greeting/archive")
    assert "is archived" in kept.run("push", str(kept.folder), status=1)
    assert "file left unchanged" in kept.run("pull", str(kept.folder))
    kept.file.write_text("{")
    assert "greeting.json" in kept.run("push", str(kept.folder), status=1)
    assert "no prompts in" in kept.run("push", str(kept.folder / "none"), status=1)
