"""The command line, against real processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import (
    ROOT,
    ControlProcess,
    free_port,
    record,
    spool,
    until,
)

FAR_MORE_THAN_ENOUGH_S = 60
TOKEN: dict[str, str] = {}
"""Who asks, for commands that do not share the control plane's data folder."""


def perihelion(*words: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PERIHELION_")}
    return subprocess.run(
        [sys.executable, "-m", "proxy", *words],
        env={**clean, "PYTHONPATH": str(ROOT), **TOKEN, **environ},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=FAR_MORE_THAN_ENOUGH_S,
        check=False,
    )


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    data = tmp_path_factory.mktemp("cli") / "data"
    now = now_us()
    calls = [
        record(now - 3_000_000, id="11111111-1111-4111-8111-111111111111", user_id="bob", status=429, sent_us=10),
        record(now - 2_000_000, id="22222222-2222-4222-8222-222222222222"),
        record(
            now - 1_000_000,
            id="33333333-3333-4333-8333-333333333333",
            user_id="[bold]eve[/bold]",
            provider="vllm",
            response_body=b"\x89PNG\xff",
            response_type="image/png",
        ),
    ]
    spool(data, *calls)
    process = ControlProcess(data).start().shipped()
    TOKEN["PERIHELION_API_KEY"] = process.token
    yield process
    TOKEN.clear()
    process.end()


def test_help_lists_the_commands() -> None:
    shown = perihelion("--help").stdout
    for command in ("serve", "gateway", "control", "ship", "check", "requests", "show"):
        assert re.search(rf"^  {command} ", shown, re.MULTILINE)


def test_the_table_shows_full_ids_tokens_cost_and_tags(control: ControlProcess) -> None:
    lines = perihelion("requests", "--url", control.url).stdout.splitlines()
    assert " ".join(lines[0].split()) == "time id provider model status in out cost ms ttft user tags"
    assert [line.split()[2][:8] for line in lines[1:]] == ["33333333", "22222222", "11111111"]
    paid = next(line for line in lines if "22222222-2222-4222-8222-222222222222" in line)
    for word in ("openai", "gpt-4o-2024-08-06", "200", "1000", "10", "$0.002600", "45", "ada", "App=Tester"):
        assert word in paid.split()
    assert "[bold]eve" in lines[1]
    assert "?" in lines[1].split()


def test_filters_reach_the_control_plane(control: ControlProcess) -> None:
    def ids(*words: str) -> list[str]:
        done = perihelion("requests", "--url", control.url, "--json", *words)
        return [json.loads(line)["id"][0] for line in done.stdout.splitlines()]

    assert ids() == ["3", "2", "1"]
    assert ids("--limit", "2") == ["3", "2"]
    assert ids("--user", "bob") == ["1"]
    assert ids("--status", "4xx") == ["1"]
    assert ids("--provider", "openai") == ["2", "1"]
    assert ids("--property", "app=Tester", "--since", "1h") == ["3", "2", "1"]
    assert ids("--model", "none-such") == []
    assert ids("--min-cost", "0.001", "--no-cached") == ids("--min-cost", "0.001")
    assert ids("--outcome", "success", "--min-latency", "1e9") == ids("--key", "none-such") == ids("--cached") == []
    assert ids("--trace", "0af7651916cd43dd8448eb211c80319c") == ids("--prompt", "none-such") == []
    assert perihelion("requests", "--url", control.url, "--user", "nobody").stdout == "No calls match.\n"


def test_show_has_everything_of_a_call(control: ControlProcess) -> None:
    shown = perihelion("show", "22222222-2222-4222-8222-222222222222", "--url", control.url).stdout
    for text in (
        "POST /v1/chat/completions",
        "gpt-4o-2024-08-06",
        "200.0 ms",
        "45.0 ms",
        "$0.002600",
        "App",
        "Attempt 1",
        "Why is the sky blue?",
        "Rayleigh scattering.",
    ):
        assert text in shown


def test_show_has_what_was_said_of_a_call(control: ControlProcess) -> None:
    id = "33333333-3333-4333-8333-333333333333"
    body = {
        "ids": [id],
        "rating": False,
        "scores": {"tone": "dry"},
        "properties": {"team": "blue"},
        "correction": "No.",
    }
    httpx.post(
        f"{control.url}/api/annotations", json=body, headers={"Authorization": f"Bearer {control.token}"}
    ).raise_for_status()
    shown = " ".join(perihelion("show", id, "--url", control.url).stdout.split())
    for text in ("Feedback rating -1.0", 'correction "No."', 'score tone "dry"', "property team blue"):
        assert text in shown


def test_show_gives_json_and_bodies_byte_by_byte(control: ControlProcess) -> None:
    whole = perihelion("show", "22222222-2222-4222-8222-222222222222", "--url", control.url, "--json").stdout
    assert json.loads(whole)["bodies"]["response_text"] == "Rayleigh scattering."
    command = [sys.executable, "-m", "proxy", "show", "33333333-3333-4333-8333-333333333333", "--body", "response"]
    done = subprocess.run([*command, "--url", control.url], capture_output=True, cwd=ROOT, check=True, timeout=60,
                          env={**os.environ, **TOKEN})  # fmt: skip
    assert done.stdout == b"\x89PNG\xff"


def test_trouble_is_one_line_on_stderr(control: ControlProcess) -> None:
    for words, status, text in (
        (("requests", "--url", f"http://127.0.0.1:{free_port()}"), 1, "does not answer"),
        (("requests", "--url", control.url, "--status", "bad"), 1, "status is 'bad'"),
        (("show", "44444444-4444-4444-8444-444444444444", "--url", control.url), 1, "No such call"),
        (("show", "zzz", "--url", control.url), 1, "UUID"),
        (("check", "--set", "gateway.port=abc"), 2, "gateway.port"),
        (("check", "--set", "nonsense"), 2, "name=value"),
        (("check", "-c", "no-such-file.toml"), 2, "config"),
        (("serve", "--set", "auth.mode=maybe"), 2, "auth.mode"),
        (("ship",), 2, "clickhouse://"),
    ):
        done = perihelion(*words)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1), (words, done)
        assert done.stderr.startswith("perihelion: ")
        assert text in done.stderr


def test_who_asks_without_leave_is_told_where_that_was_looked_for(control: ControlProcess, tmp_path: Path) -> None:
    def refusal(**environ: str) -> str:
        done = perihelion("requests", "--url", control.url, cwd=tmp_path, **{"PERIHELION_API_KEY": "", **environ})
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        return done.stderr

    data = tmp_path / "elsewhere"
    assert f"There is no {data / 'control.token'}; name the data folder" in refusal(PERIHELION_DATA=str(data))
    data.mkdir()
    (data / "control.token").write_text("of-another-installation")
    told = refusal(PERIHELION_DATA=str(data))
    assert f"Sent was the token in {data / 'control.token'}" in told and "of-another-installation" not in told
    assert "Sent was the key in PERIHELION_API_KEY." in refusal(PERIHELION_API_KEY="sk-perihelion-wrong")


def test_follow_prints_calls_as_they_end(control: ControlProcess) -> None:
    command = [sys.executable, "-m", "proxy", "requests", "--follow", "--json", "--user", "new", "--url", control.url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **TOKEN})
    try:
        assert process.stdout is not None
        for number in range(2):
            # The second began long before the first, and ends after it.
            spool(control.data, record(now_us() - number * 600_000_000, user_id="new", request_name=str(number)))
            assert json.loads(process.stdout.readline())["request_name"] == str(number)
    finally:
        process.kill()
        process.wait()


def test_check_tells_values_sources_and_hides_passwords(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[gateway]\nport = 9000\n[log]\nstore = "clickhouse://me:hidden@db:8123/x"\n')
    done = perihelion(
        "check", "-c", str(tmp_path / "p.toml"), "--set", "control.port=9001", PERIHELION_DOMAIN="llm.test"
    )
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if "." in line.split(" ")[0]}
    assert rows["gateway.port"] == ["9000", str(tmp_path / "p.toml")]
    assert rows["control.port"] == ["9001", "--set"]
    assert rows["gateway.workers"] == ["1", "default"]
    assert "hidden" not in done.stdout
    assert "me:***@db" in done.stdout
    assert re.search(r"Providers: \d\d", done.stdout)
    assert "auth.mode is open" in done.stdout


def test_a_taken_port_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in ("serve", "gateway", "control"):
            plane = "control" if command == "control" else "gateway"
            done = perihelion(command, "--set", f"{plane}.port={port}", PERIHELION_DATA=str(tmp_path / "data"))
            assert done.returncode == 2
            assert f"127.0.0.1:{port}" in done.stderr
            assert len(done.stderr.splitlines()) == 1


def test_a_data_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = perihelion("control", PERIHELION_DATA=str(tmp_path / "file"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "'data'" in done.stderr


def test_the_gateway_command_loads_nothing_of_the_control_plane(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import sys, types
        launch = types.ModuleType("proxy.gateway.launch")
        launch.run = lambda settings: None
        sys.modules["proxy.gateway.launch"] = launch
        sys.argv = ["perihelion", "gateway", "--set", "gateway.port=0"]
        from proxy.cli import main
        main(standalone_mode=False)
        print([name for name in ("chdb", "litestar", "sqlalchemy", "genai_prices", "rich") if name in sys.modules])
        """
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PERIHELION_DATA": str(tmp_path / "data")}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Three processes share one pipe here: a line is one write, since `print` writes text and newline apart.
STAYS = textwrap.dedent(
    """
    import os, signal
    def say(text):
        os.write(1, f"{text}\\n".encode())
    def leave(*_):
        say("NAME stops")
        os._exit(0)
    signal.signal(signal.SIGTERM, leave)
    say("NAME starts")
    while True:
        signal.pause()
    """
)

SUPERVISED = textwrap.dedent(
    """
    import os, sys
    from proxy.cli.supervisor import Child, Supervisor
    def say(text):
        os.write(1, f"{text}\\n".encode())
    def child(name):
        return Child(name, [sys.executable, "-uc", sys.argv[1].replace("NAME", name)], dict(os.environ), 5)
    say(f"supervisor {os.getpid()}")
    children = [child(name) for name in ("first", "second")]
    raise SystemExit(Supervisor(children, say).run(lambda: None))
    """
)


WAITS = """
import os
from proxy.core.process import StopSignals
signals = StopSignals()
os.write(1, b"waits\\n")
while not signals.wait(0.0001):
    pass
while not signals.wait(0.0001, 400):
    pass
os.write(1, b"ends\\n")
os._exit(0)
"""


def test_a_signal_at_any_instant_of_a_wait_is_taken() -> None:
    process = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"waits\n"
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.001)
        assert process.stdout.read() == b"ends\n" and process.returncode == 0
    finally:
        process.kill()


def test_a_child_that_dies_is_started_again_and_all_stop_in_order() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, STAYS],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    seen = [next(lines).strip() for _ in range(3)]
    assert sorted(seen[1:]) == ["first starts", "second starts"]
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    assert next(lines).strip() == "the first ended (signal SIGKILL); starting it again"
    assert next(lines).strip() == "first starts"
    process.send_signal(signal.SIGTERM)
    assert [line.strip() for line in lines] == ["first stops", "second stops"]
    assert process.wait(timeout=20) == 0


def test_a_child_that_cannot_start_ends_the_supervisor() -> None:
    command = [sys.executable, "-c", SUPERVISED, "import sys; sys.exit(2 if 'NAME' == 'second' else 0)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2


def test_serve_starts_both_planes_and_stops_them(tmp_path: Path) -> None:
    pytest.importorskip("proxy.gateway.launch")
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PERIHELION_DATA": str(tmp_path / "data"),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "proxy", "serve", "--set", "gateway.port=0", "--set", "control.port=0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ)
    try:
        assert process.stdout is not None
        said = ""
        while "Then: perihelion requests" not in said:
            line = process.stdout.readline()
            assert line, f"serve ended early: {said}"
            said += line
        assert "curl http://127.0.0.1:" in said
        address = re.search(r"http://127.0.0.1:(\d+)/api/requests", said)
        assert address is not None and f"--set control.port={address[1]}\n" in said
        families = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=40) == 0
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in families), "both planes to end")
    finally:
        if process.poll() is None:
            process.kill()
