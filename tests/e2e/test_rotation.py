"""The secret of an installation is rotated, and attacked before, while and after."""

import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.core.secret import Secret, SecretError
from proxy.core.snapshot import CredentialRow, Head, read
from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
CALL = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
PROVIDER_KEY = "sk-the-provider-s-own-key-1234"
CUT = """
import os, signal, sys
from proxy.control import rotation
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "Publisher":
    rotation.Publisher = killed
else:
    setattr(rotation.sealed if sys.argv[1] == "rotate" else rotation, sys.argv[1], killed)
from proxy.core.settings import load
rotation.rotate(load())
"""


class Team:
    """A stack with a key and a stored credential."""

    def __init__(self, folder: Path, origin: str, **settings: str) -> None:
        self.stack = Stack(folder, {"openai": f'origin = "{origin}"'}, auth__mode="required", **settings)
        self.origin = origin
        self.key = ""

    def __enter__(self) -> "Team":
        self.stack.start()
        with self.admin() as admin:
            admin.put("/api/credentials/openai", json={"value": PROVIDER_KEY}).raise_for_status()
            once = {"Idempotency-Key": "the-key"}
            answer = admin.post("/api/keys", json={"name": "k"}, headers=once).raise_for_status()
            self.key = answer.json()["key"]
        wait_for("the key", lambda: self.call().status_code == 200)
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.stop()

    def admin(self) -> httpx.Client:
        return httpx.Client(base_url=self.stack.control, headers={"Authorization": f"Bearer {self.stack.token}"})

    def call(self, stack: Stack | None = None) -> httpx.Response:
        address = (stack or self.stack).gateway + CHAT
        return httpx.post(address, json=CALL, headers={"Helicone-Auth": f"Bearer {self.key}"}, timeout=30)

    def all_works(self) -> None:
        """The key calls with the stored credential, and what was answered once is answered again."""
        wait_for("the key", lambda: self.call().status_code == 200)
        told = dict(httpx.get(self.origin + "/_simulator/requests").json()[-1]["headers"])
        assert told["authorization"] == f"Bearer {PROVIDER_KEY}"
        with self.admin() as admin:
            again = admin.post("/api/keys", json={"name": "k"}, headers={"Idempotency-Key": "the-key"})
            assert again.json()["key"] == self.key, again.text

    @property
    def data(self) -> Path:
        return self.stack.folder / "data"

    @property
    def secret(self) -> Secret:
        return Secret(base64.b64decode((self.data / "secret.key").read_text()))

    def snapshot(self) -> tuple[Head, CredentialRow]:
        found: dict[str, Any] = {
            kind: rows[0] for kind, rows in read((self.data / "snapshot/snapshot.bin").read_bytes())
        }
        return found["head"], found["credentials"]


@pytest.fixture
def team(tmp_path: Path, simulator_origin: str) -> Iterator[Team]:
    with Team(tmp_path, simulator_origin) as running:
        yield running


def test_a_running_control_plane_is_not_rotated_under(team: Team) -> None:
    before = (team.data / "secret.key").read_bytes()
    done = team.stack.run("secret", "rotate")
    assert done.returncode == 1 and "stop it first" in done.stderr
    assert (team.data / "secret.key").read_bytes() == before and not (team.data / "secret.key.next").exists()
    team.all_works()


def test_the_old_secret_opens_nothing_and_keys_go_on(team: Team) -> None:
    old, (_, sealed_before) = team.secret, team.snapshot()
    team.stack.stop()
    done = team.stack.run("secret", "rotate")
    assert done.returncode == 0 and "Provider credentials sealed again: 1" in done.stdout, done.stderr
    shown = done.stdout + done.stderr
    assert (team.data / "secret.key").read_text().strip() not in shown and PROVIDER_KEY not in shown
    assert (team.data / "secret.key").stat().st_mode & 0o777 == 0o600
    assert team.secret.fingerprint != old.fingerprint and not (team.data / "secret.key.next").exists()
    head, credential = team.snapshot()
    for sealed, about in ((head.pepper, "pepper"), (credential.sealed, "credential default openai")):
        assert team.secret.open(sealed, about)
        with pytest.raises(SecretError):
            old.open(sealed, about)
    for file in team.data.glob("metadata.db*"):
        assert sealed_before.sealed not in file.read_bytes(), "what the old secret opens is not left in the file"
    team.stack.start("gateway")  # the control plane is down still
    assert team.call().status_code == 200
    team.stack.stop()
    team.stack.start()
    team.all_works()
    team.stack.stop()
    (team.data / "secret.key").write_bytes(base64.b64encode(b"x" * 32))
    assert "sealed with the secret" in team.stack.run("control").stderr


@pytest.mark.soak
@pytest.mark.parametrize("step", ["make_next", "rotate", "Publisher", "adopt_next"])
def test_a_rotation_killed_at_any_step_loses_nothing(team: Team, step: str) -> None:
    old = team.secret.fingerprint
    team.stack.stop()
    done = subprocess.run([sys.executable, "-c", CUT, step], env=team.stack.environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    team.stack.start("gateway")  # before anybody mends it
    assert team.call().status_code == 200
    team.stack.stop()
    team.stack.start()
    team.all_works()
    moved = step in ("Publisher", "adopt_next")
    assert (team.secret.fingerprint != old) == moved
    team.stack.stop()
    assert team.stack.run("secret", "rotate").returncode == 0
    team.stack.start()
    team.all_works()


def test_a_rotation_that_was_cut_off_can_be_ended_by_the_command(team: Team) -> None:
    team.stack.stop()
    subprocess.run([sys.executable, "-c", CUT, "adopt_next"], env=team.stack.environ, timeout=60, check=False)
    done = team.stack.run("secret", "rotate")
    assert done.returncode == 0 and "Completed an interrupted rotation" in done.stdout
    team.stack.start()
    team.all_works()


def test_a_secret_of_the_environment_is_rotated_into_a_file_to_be_set(tmp_path: Path, simulator_origin: str) -> None:
    old = os.urandom(32).hex()
    with Team(tmp_path, simulator_origin, secret__key=old) as team:
        team.stack.stop()
        done = team.stack.run("secret", "rotate")
        assert done.returncode == 0 and "PERIHELION_SECRET_KEY" in done.stdout and "secret.key.next" in done.stdout
        waiting = team.data / "secret.key.next"
        new = waiting.read_text().strip()
        assert new not in done.stdout and old not in done.stdout
        team.stack.environ["PERIHELION_SECRET_KEY"] = new
        waiting.unlink()
        team.stack.start()
        team.all_works()
        team.stack.stop()
        team.stack.environ["PERIHELION_SECRET_KEY"] = old
        assert "sealed with the secret" in team.stack.run("control").stderr


def test_a_gateway_with_the_old_secret_says_so_and_takes_the_new_file(team: Team, tmp_path: Path) -> None:
    with team.admin() as admin:
        watcher = admin.post("/api/keys", json={"name": "w", "scopes": ["snapshot"]}).raise_for_status().json()["key"]
    copy = tmp_path / "far.key"
    shutil.copy(team.data / "secret.key", copy)
    far = Stack(
        tmp_path / "far", {"openai": f'origin = "{team.origin}"'}, auth__mode="required",
        snapshot__url=team.stack.control, snapshot__token=watcher, secret__file=str(copy),
    )  # fmt: skip
    far.start("gateway")
    try:
        wait_for("the key from afar", lambda: team.call(far).status_code == 200)
        team.stack.stop()
        assert team.stack.run("secret", "rotate").returncode == 0
        team.stack.start()

        def problem() -> str:
            return str(httpx.get(far.gateway + "/readyz").json().get("snapshot_problem", ""))

        wait_for("the gateway to say so", lambda: "sealed with the secret" in problem())
        assert team.call(far).status_code == 200, "by what it knew"
        shutil.copy(team.data / "secret.key", copy)
        wait_for("the new secret", lambda: not problem())
        with team.admin() as admin:
            team.key = admin.post("/api/keys", json={"name": "later"}).raise_for_status().json()["key"]
        wait_for("a key made after", lambda: team.call(far).status_code == 200)
    finally:
        far.stop()


def test_a_control_plane_of_another_machine_refuses_changes_after_a_rotation(team: Team, tmp_path: Path) -> None:
    database = f"sqlite:///{team.data / 'metadata.db'}"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(team.data / "secret.key", elsewhere / "secret.key")
    settings = {"PERIHELION_DATA": str(elsewhere), "PERIHELION_METADATA_URL": database}
    done = subprocess.run(
        [sys.executable, "-m", "proxy", "secret", "rotate"], env={**team.stack.environ, **settings}, cwd=tmp_path,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with team.admin() as admin:
        refused = admin.put("/api/credentials/openai", json={"value": "sk-lost-if-it-were-sealed"})
        assert refused.status_code == 503 and "rotated" in refused.text
        assert admin.get("/api/credentials").status_code == 200
    assert team.call().status_code == 200, "a gateway keeps what it knew"
    wait_for("the snapshot of the new secret", lambda: "snapshot_problem" in ready(team.stack))
    shutil.copy(elsewhere / "secret.key", team.data / "secret.key")
    team.stack.stop()
    team.stack.start()
    team.all_works()


def ready(stack: Stack) -> str:
    return httpx.get(stack.gateway + "/readyz").text
