"""The control plane as a process: it ships what is spooled, answers about it, and survives being killed."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from proxy.core.clock import now_us, uuid7
from proxy.core.record import encode
from proxy.spool.writer import Writer
from tests.e2e.control_process import ControlProcess, record, spool, until
from tests.postgres_server import PostgresServer

HOUR_US = 3_600_000_000


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ControlProcess]:
    process = ControlProcess(tmp_path / "data")
    yield process
    process.end()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    """One control plane with 30 calls of the last half hour, the newest first in `calls`."""
    data = tmp_path_factory.mktemp("filled") / "data"
    now = now_us()
    records = [
        record(
            now - number * 60_000_000,
            user_id=f"user-{number % 3}",
            session_id=f"session-{number % 5}",
            status=(200, 200, 429, 500)[number % 4],
            properties={"app": "Tester", "n": str(number)},
        )
        for number in range(30)
    ]
    spool(data, *reversed(records))
    process = ControlProcess(data).start().shipped()
    process.calls = [each.id for each in records]  # type: ignore[attr-defined]
    yield process
    process.end()


def test_a_call_is_read_priced_and_whole(control: ControlProcess) -> None:
    call = record(now_us())
    spool(control.data, call)
    control.start().shipped()
    found = control.get(f"/api/requests/{call.id}")
    assert found["model"] == "gpt-4o-2024-08-06"
    assert found["model_asked"] == "gpt-4o"
    assert (found["input_tokens"], found["output_tokens"], found["usage_source"]) == (1000, 10, "provider")
    assert (found["cost_nanousd"], found["cost_known"]) == (1000 * 2500 + 10 * 10_000, True)
    assert (found["latency_ms"], found["ttft_ms"], found["finish_reason"]) == (200.0, 45.0, "stop")
    assert (found["request_preview"], found["response_preview"]) == ("Why is the sky blue?", "Rayleigh scattering.")
    assert found["bodies"]["request"].encode() == call.request_body
    assert found["bodies"]["response"].encode() == call.response_body
    assert found["bodies"]["response_text"] == "Rayleigh scattering."
    assert found["attempts"][0]["host"] == "api.openai.com"
    assert found["reading_error"] == ""


def test_calls_come_newest_first_page_by_page(filled: ControlProcess) -> None:
    first = filled.get("/api/requests", limit=20)
    second = filled.get("/api/requests", limit=20, cursor=first["next"])
    ids = [row["id"] for row in first["data"] + second["data"]]
    assert ids == filled.calls  # type: ignore[attr-defined]
    assert second["next"] is None
    assert filled.get("/api/requests", limit=30)["next"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"user": "user-1"}, 10),
        ({"user": "user-1", "session": "session-1"}, 2),
        ({"status": "429"}, 7),
        ({"status": ">=400"}, 14),
        ({"property": ["App=Tester", "n=7"]}, 1),
        ({"since": "630s"}, 11),
        ({"until": "630s"}, 19),
        ({"model": "gpt-4o"}, 30),
        ({"provider": "anthropic"}, 0),
        ({"text": "rayleigh"}, 30),
        ({"min_latency": "300"}, 0),
        ({"min_cost": "0.001"}, 16),
        ({"min_cost": "1"}, 0),
        ({"cached": "true"}, 0),
    ],
)
def test_filters_are_query_parameters(filled: ControlProcess, query: dict[str, object], count: int) -> None:
    assert len(filled.get("/api/requests", **query)["data"]) == count


@pytest.mark.parametrize(
    ("path", "query", "status", "parameter"),
    [
        ("/api/requests", {"limit": 501}, 400, "limit"),
        ("/api/requests", {"limit": "many"}, 400, "limit"),
        ("/api/requests", {"usr": "ada"}, 400, "usr"),
        ("/api/requests", {"status": "bad"}, 400, "status"),
        ("/api/requests", {"since": "yesterday"}, 400, "since"),
        ("/api/requests", {"property": "no-value"}, 400, "property"),
        ("/api/requests", {"cursor": "1' OR 1=1"}, 400, "cursor"),
        ("/api/requests", {"min_cost": "-1"}, 400, "min_cost"),
        ("/api/requests/not-an-id", {}, 400, "id"),
        ("/api/requests/00000000-0000-4000-8000-000000000000", {}, 404, "id"),
    ],
)
def test_a_bad_question_is_answered_with_parameter_value_and_what_is_accepted(
    filled: ControlProcess, path: str, query: dict[str, object], status: int, parameter: str
) -> None:
    code, body = filled.ask(path, **query)
    problem = json.loads(body)
    assert (code, problem["status"], problem["parameter"]) == (status, status, parameter)
    assert problem["value"]
    assert status == 404 or problem["accepted"]


def test_the_schema_names_every_column(filled: ControlProcess) -> None:
    schema = filled.get("/api/schema/openapi.json")
    event = next(
        value for name, value in schema["components"]["schemas"].items() if name.endswith("_Event") or name == "Event"
    )
    row = filled.get("/api/requests", limit=1)["data"][0]
    assert set(event["properties"]) == set(row)


def test_health_and_metrics(filled: ControlProcess) -> None:
    assert filled.ask("/healthz") == (200, b"ok\n")
    ready = filled.get("/readyz")
    assert (ready["ready"], ready["lag_bytes"], ready["shipped"]) == (True, 0, 30)
    page = filled.ask("/metrics")[1].decode()
    assert "perihelion_control_shipped_records_total 30\n" in page
    assert "perihelion_control_store_up 1\n" in page


def test_a_stop_ships_what_was_written_just_before_it(control: ControlProcess) -> None:
    control.start().ready()
    calls = [record(now_us() + number) for number in range(500)]
    spool(control.data, *calls)
    assert control.stop() == 0
    assert not list((control.data / "spool").glob("*.seg"))
    control.start().ready()
    assert sorted(control.ids()) == sorted(each.id for each in calls)


def test_the_store_dies_with_its_parent(control: ControlProcess) -> None:
    control.start().ready()
    worker = control.worker
    control.kill()
    until(lambda: not Path(f"/proc/{worker}").exists(), "the worker to end")


def test_a_worker_whose_native_code_fails_is_started_again(control: ControlProcess) -> None:
    control.start().ready()
    worker = control.worker
    os.kill(worker, signal.SIGSEGV)
    until(lambda: not Path(f"/proc/{worker}").exists(), "the worker to end")
    control.ready()


@pytest.mark.soak
@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_killed_while_shipping_every_call_is_there_exactly_once(control: ControlProcess, victim: str) -> None:
    total, kills = 6000, 4
    made: list[str] = []
    go_on = threading.Event()

    def write() -> None:
        writer = Writer(control.data / "spool", segment_bytes=200_000)
        for number in range(total):
            at = now_us()
            call = record(at, id=uuid7(at), request_body=os.urandom(100), dialect="")
            assert writer.append(encode(call))
            made.append(call.id)
            if number % 20 == 0:
                go_on.wait(0.01)
        writer.close()

    control.start().ready()
    thread = threading.Thread(target=write)
    thread.start()
    for round in range(kills):
        enough = (round + 1) * total // (kills + 2)
        until(lambda enough=enough: len(made) >= enough, "calls to be written")  # type: ignore[misc]
        if victim == "parent":
            control.kill()
        else:
            os.kill(control.worker, signal.SIGKILL)
        control.watched()
    thread.join()
    control.shipped()
    found = control.ids()
    assert len(found) == len(set(found)) == total
    assert set(found) == set(made)


def test_damage_in_the_spool_is_set_aside(control: ControlProcess) -> None:
    calls = [record(now_us() + number) for number in range(5)]
    spool(control.data, *calls)
    path = next((control.data / "spool").glob("*.seg"))
    blob = bytearray(path.read_bytes())
    blob[8 + (len(blob) - 8) // 5 * 2 + 40] ^= 0xFF
    path.write_bytes(blob + b"torn")
    control.start().shipped()
    assert sorted(control.ids()) == sorted(each.id for each in calls if each is not calls[2])
    assert len(list((control.data / "spool" / "torn").iterdir())) == 2


def test_a_second_control_plane_waits_for_the_spool(control: ControlProcess) -> None:
    control.start().ready()
    second = ControlProcess(control.data).start()
    try:
        until(lambda: b"another process" in second.ask("/readyz")[1], "the second to say why it waits")
        assert second.ask("/api/requests")[0] == 503
        control.stop()
        second.ready()
    finally:
        second.end()


def test_a_version_that_another_one_overtakes_is_in_conflict(tmp_path: Path) -> None:
    server = PostgresServer()
    control = ControlProcess(tmp_path / "data", PERIHELION_METADATA_URL=server.database("race"))
    address = f"postgresql://postgres@127.0.0.1:{server.port}/race"
    try:
        control.start().ready()
        shown = {"Authorization": f"Bearer {control.token}"}
        answers: list[httpx.Response] = []

        def post(path: str, **body: object) -> None:
            answers.append(httpx.post(control.url + path, json=body, headers=shown, timeout=60))

        post("/api/prompts", id="p", body={})
        with psycopg.connect(address) as other, psycopg.connect(address, autocommit=True) as watch:
            other.execute(
                "INSERT INTO prompt_versions (org_id, prompt_id, version, body, variables, created_us)"
                " VALUES ('default', 'p', 2, '{}', '[]', 1)"
            )
            loser = threading.Thread(target=post, args=("/api/prompts/p/versions",), kwargs={"body": {}})
            loser.start()
            waiting = "SELECT pid FROM pg_stat_activity WHERE datname = 'race' AND wait_event_type = 'Lock'"
            until(lambda: watch.execute(waiting).fetchall(), "the second to wait for the first")
            other.commit()
            loser.join()
        post("/api/prompts/p/versions", body={})
        assert [answer.status_code for answer in answers] == [201, 409, 201], answers[1].text
        assert "came first" in answers[1].json()["detail"] and answers[2].json()["version"]["version"] == 3
    finally:
        control.end()
        server.stop()
