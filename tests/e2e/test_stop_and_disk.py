"""A stop lets streams end; a disk that takes nothing costs log rows, never calls, and is said aloud."""

import json
import signal
import threading
from pathlib import Path

import httpx

from tests.stack import Stack, get_json, wait_for

CHAT = "/openai/v1/chat/completions"
STREAM = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "hi"}]}


def test_a_stop_lets_open_streams_end_and_logs_them(tmp_path: Path, simulator_origin: str) -> None:
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}) as stack:
        began = threading.Event()
        found: list[str] = []
        ids: list[str] = []

        def read() -> None:
            headers = {"x-sim-chunks": "30", "x-sim-chunk-ms": "40"}
            with httpx.stream("POST", stack.gateway + CHAT, json=STREAM, headers=headers, timeout=30) as answer:
                ids.append(answer.headers["helicone-id"])
                for line in answer.iter_lines():
                    found.append(line)
                    began.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert began.wait(10)
        assert stack.process is not None
        stack.process.send_signal(signal.SIGTERM)
        reader.join(30)
        assert "data: [DONE]" in found
        stack.process.wait(60)
        stack.start()
        record = stack.record(ids[0])
        assert (record["cut"], record["outcome"], record["finish_reason"]) == ("", "success", "stop")


def test_a_disk_that_takes_nothing_drops_rows_and_says_so(tmp_path: Path, simulator_origin: str) -> None:
    stack = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spool").write_text("a file where the folder should be")
    try:
        stack.start("gateway")
        body = {"model": "gpt-4o-mini", "messages": []}
        for _ in range(3):
            assert httpx.post(stack.gateway + CHAT, json=body).status_code == 200
        ready = get_json(stack.gateway + "/readyz")
        assert ready["dropped"] == 3 and "dropped" in ready["log"]
        assert "perihelion_spool_dropped_total 3" in httpx.get(stack.gateway + "/metrics").text
        (tmp_path / "data" / "spool").unlink()
        assert httpx.post(stack.gateway + CHAT, json=body).status_code == 200
        wait_for("the log to heal", lambda: get_json(stack.gateway + "/readyz")["log"] == "ok")
        assert json.loads(httpx.get(stack.gateway + "/readyz").text)["dropped"] == 3
    finally:
        stack.stop()
