"""Parts live and die alone: whatever is killed or cannot start, the rest goes on, and no process is left behind."""

import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.attacks.on_processes import child, gateway_worker, living, said
from tests.e2e.control_process import ControlProcess
from tests.stack import ROOT, Stack, children, free_port, wait_for

CHAT: Final = "/openai/v1/chat/completions"
BODY: Final[dict[str, Any]] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
STREAM: Final = {**BODY, "stream": True}
SLOW: Final = {"x-sim-chunk-ms": "100", "x-sim-chunks": "25"}


@pytest.fixture
def stack(tmp_path: Path, simulator_origin: str) -> Iterator[Stack]:
    """Not started; whatever runs on its folder in the end is killed."""
    made = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, gateway__drain_s="10")
    made.output = tmp_path / "said"
    yield made
    for pid in living(tmp_path):
        os.kill(pid, signal.SIGKILL)


class OpenStream(threading.Thread):
    """A stream of some seconds that has begun."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._url = stack.gateway + CHAT
        self._began = threading.Event()
        self._body = b""
        self.start()
        assert self._began.wait(20)

    def run(self) -> None:
        with httpx.stream("POST", self._url, json=STREAM, headers=SLOW, timeout=30) as answer:
            for chunk in answer.iter_raw():
                self._body += chunk
                self._began.set()

    def whole(self) -> bytes:
        self.join(30)
        return self._body


def call(stack: Stack) -> int:
    """The status of one call; 0: nobody answers."""
    try:
        return httpx.post(stack.gateway + CHAT, json=BODY, timeout=5).status_code
    except httpx.TransportError:
        return 0


def launch(stack: Stack, command: str = "serve") -> None:
    """Starts it, and waits for nothing."""
    assert stack.output is not None
    with stack.output.open("wb") as output:
        stack.process = subprocess.Popen(
            [sys.executable, "-um", "proxy", command], env=stack.environ, cwd=stack.folder, stdout=output, stderr=output
        )


def ended(pids: list[int], folder: Path) -> bool:
    return not set(pids) & set(living(folder))


# --- what keeps a control plane from starting does not keep the gateway ---------------------------------------------


def damage_metadata(stack: Stack) -> None:
    (stack.folder / "data").mkdir()
    (stack.folder / "data" / "metadata.db").write_bytes(os.urandom(8192))


def lose_the_database(stack: Stack) -> None:
    stack.environ["PERIHELION_METADATA_URL"] = f"postgresql+psycopg://perihelion@127.0.0.1:{free_port()}/perihelion"


def damage_the_secret(stack: Stack) -> None:
    (stack.folder / "data").mkdir()
    (stack.folder / "data" / "secret.key").write_text("no secret")


@pytest.mark.parametrize("misfortune", [damage_metadata, lose_the_database, damage_the_secret])
def test_the_gateway_serves_while_its_control_plane_cannot_start(stack: Stack, misfortune: Any) -> None:
    misfortune(stack)
    launch(stack)
    wait_for("an answer of the gateway", lambda: call(stack) == 200)
    wait_for("a word of the control plane's end", lambda: "the control plane ended" in said(stack), 60)
    assert "the control plane ended (exit code 2); starting it again\n" in said(stack)
    assert "Traceback" not in said(stack)
    assert call(stack) == 200


def test_a_control_plane_whose_port_is_taken_comes_once_it_is_free(stack: Stack) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stack.control_port))
        taken.listen()
        launch(stack)
        wait_for("an answer of the gateway", lambda: call(stack) == 200)
        wait_for("the reason", lambda: "the control plane ended (exit code 2)" in said(stack))
        assert f"cannot listen on 127.0.0.1:{stack.control_port}" in said(stack)
    wait_for("the control plane", lambda: stack.answers(stack.control + "/readyz"), 60)
    assert call(stack) == 200
    stack.stop()


# --- who is killed, and who is left ---------------------------------------------------------------------------------


def test_serve_is_killed_and_started_again_while_a_stream_is_open(stack: Stack) -> None:
    stack.start()
    before = living(stack.folder)
    stream = OpenStream(stack)
    assert stack.process is not None
    stack.process.kill()
    stack.process.wait()
    launch(stack)
    wait_for("the next gateway", lambda: call(stack) == 200, 60)
    assert stream.whole().endswith(b"data: [DONE]\n\n")
    wait_for("the control plane", lambda: stack.answers(stack.control + "/readyz"), 60)
    wait_for("the end of all processes of before", lambda: ended(before, stack.folder))
    wait_for("both calls in the log", lambda: [row["status"] for row in stack.records()].count(200) >= 2)
    stack.stop()
    wait_for("the end of all processes", lambda: not living(stack.folder))


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.2])
def test_serve_killed_in_its_first_seconds_leaves_nobody_behind(stack: Stack, seconds: float) -> None:
    launch(stack)
    assert stack.process is not None
    time.sleep(seconds)
    stack.process.kill()
    stack.process.wait()
    wait_for("the end of its children", lambda: not living(stack.folder))


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.6])
def test_a_stop_in_the_first_seconds_is_kept(stack: Stack, seconds: float) -> None:
    launch(stack)
    assert stack.process is not None
    time.sleep(seconds)
    stack.process.terminate()
    assert stack.process.wait(20) in (0, -signal.SIGTERM)
    assert "Traceback" not in said(stack)
    wait_for("the end of its children", lambda: not living(stack.folder))


def test_a_child_whose_parent_ended_before_it_looked_ends(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PERIHELION_DATA": str(tmp_path / "data"),
        "PERIHELION_PARENT": str(gone.pid),
    }
    for command in ("gateway", "control"):
        words = [sys.executable, "-m", "proxy", command, "--set", f"{command}.port=0"]
        assert subprocess.run(words, env=environ, timeout=60, capture_output=True).returncode == 1


def test_a_worker_that_does_not_drain_is_killed_some_time_after_its_parent() -> None:
    code = """
    import os, signal, sys, time
    from proxy.core.process import die_with_parent
    parent = os.getpid()
    child = os.fork()
    if child:
        print(child, flush=True)
        time.sleep(60)
    signal.signal(signal.SIGTERM, lambda *_: print("told", flush=True))
    die_with_parent(parent=parent, patience_s=1.0)
    while True:
        time.sleep(0.1)
    """
    words = [sys.executable, "-c", textwrap.dedent(code)]
    parent = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    worker = Path(f"/proc/{int(parent.stdout.readline())}")
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    assert parent.stdout.readline() == "told\n"
    wait_for("the worker's end", lambda: not worker.exists() or "State:\tZ" in (worker / "status").read_text())


def test_a_stop_signal_to_a_worker_that_has_just_been_forked_is_not_lost() -> None:
    code = """
    import os, signal, time
    from proxy.core.process import StopSignals, bind_forks
    StopSignals()
    bind_forks(signal.SIGKILL)
    for _ in range(200):
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(1)
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=True, timeout=60)


# --- restarts -------------------------------------------------------------------------------------------------------


def test_a_gateway_that_cannot_start_again_is_tried_again(stack: Stack) -> None:
    launch(stack, "gateway")
    wait_for("the first worker", lambda: call(stack) == 200)
    assert stack.process is not None
    file = stack.folder / "providers" / "openai.toml"
    text = file.read_text()
    file.write_text("origin = nonsense")
    os.kill(children(stack.process.pid)[0], signal.SIGKILL)
    wait_for("a worker that cannot start", lambda: said(stack).count("starting another") >= 2)
    file.write_text(text)
    wait_for("the next worker", lambda: call(stack) == 200)
    stack.stop()


def test_only_the_first_start_of_a_vital_child_ends_all(tmp_path: Path) -> None:
    code = """
    import os, sys
    from proxy.cli.supervisor import Child, Supervisor
    file = sys.argv[1]
    second = f"import os, sys; there = os.path.exists({file!r}); open({file!r}, 'a').write('.'); sys.exit(2 * there)"
    children = [
        Child("late", [sys.executable, "-c", second], dict(os.environ), 5),
        Child("side", [sys.executable, "-c", "raise SystemExit(2)"], dict(os.environ), 5, vital=False),
        Child("none", ["no such program"], dict(os.environ), 5),
    ]
    raise SystemExit(Supervisor(children, lambda text: print(text, flush=True)).run(lambda: None))
    """
    words = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "starts")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(7)]
        assert "the late ended (exit code 2); starting it again in 1 s" in lines
        assert "the side ended (exit code 2); starting it again in 1 s" in lines
        assert any(line.startswith("the none could not start: No such file") for line in lines)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_certificate_that_cannot_be_read_is_named_once(stack: Stack) -> None:
    for name in ("TLS_CERT", "TLS_KEY"):
        stack.environ[f"PERIHELION_GATEWAY_{name}"] = str(stack.folder / "none.pem")
    done = stack.run("gateway")
    assert done.returncode == 2
    assert "gateway.tls_cert" in done.stderr and "none.pem" in done.stderr and "Traceback" not in done.stderr


# --- one data folder ------------------------------------------------------------------------------------------------


def test_a_second_control_plane_leaves_the_token_of_the_first(tmp_path: Path) -> None:
    first, second = ControlProcess(tmp_path / "data"), ControlProcess(tmp_path / "data")
    try:
        first.start().ready()
        token = first.token
        second.start()
        wait_for("the second", lambda: second.ask("/healthz")[0] == 200)
        assert first.token == token
        assert first.ask("/api/keys")[0] == 200
        assert second.ask("/api/keys")[0] == 200
        first.kill()
        wait_for("the store to pass on", lambda: second.ask("/readyz")[0] == 200)
        assert second.ask("/api/requests")[0] == 200
    finally:
        first.end()
        second.end()


# --- open files -----------------------------------------------------------------------------------------------------


def test_the_gateway_raises_its_limit_of_open_files(stack: Stack) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    words = f"ulimit -Sn 256; exec {sys.executable} -m proxy serve"
    stack.process = subprocess.Popen(
        ["sh", "-c", words], env=stack.environ, cwd=stack.folder, stdout=subprocess.DEVNULL
    )
    wait_for("an answer", lambda: call(stack) == 200)
    for pid in (gateway_worker(stack), child(stack, "control")):
        soft = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
        assert soft == min(hard, 1 << 20) if hard != resource.RLIM_INFINITY else soft == 1 << 20
    stack.stop()
