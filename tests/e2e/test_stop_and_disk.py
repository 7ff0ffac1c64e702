"""A stop lets streams end; a disk that takes nothing costs log rows, never calls, and is said aloud."""

import http.client
import json
import os
import signal
import socket
import threading
import uuid
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


def test_a_call_that_outlasts_the_stop_is_told_and_logged_as_cut(tmp_path: Path, simulator_origin: str) -> None:
    paced = {"x-sim-chunks": "200", "x-sim-chunk-ms": "50"}
    silent = {"x-sim-delay-ms": "8000", "x-mark": str(uuid.uuid4())}
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, gateway__drain_s="0.5") as stack:
        assert stack.process is not None
        late: list[httpx.Response] = []
        body = {"model": "gpt-4o-mini", "messages": []}
        caller = threading.Thread(
            target=lambda: late.append(httpx.post(stack.gateway + CHAT, json=body, headers=silent, timeout=30))
        )
        with httpx.stream("POST", stack.gateway + CHAT, json=STREAM, headers=paced, timeout=30) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ")
            caller.start()
            sent = simulator_origin + "/_simulator/requests"
            wait_for("the silent call", lambda: any(silent["x-mark"] in json.dumps(one) for one in get_json(sent)))
            stack.process.send_signal(signal.SIGTERM)
            rest = list(lines)
        caller.join(30)
        assert '"code":"stopping"' in "".join(rest).replace(" ", "") and "data: [DONE]" not in rest
        assert (late[0].status_code, late[0].json()["error"]["code"]) == (503, "stopping")
        assert late[0].headers["retry-after"] == "1"
        stack.process.wait(60)
        stack.start()
        record = stack.record(answer.headers["helicone-id"])
        assert (record["cut"], record["outcome"], record["error"]) == ("gateway", "relay", "stopping")
        record = stack.record(late[0].headers["helicone-id"])
        assert (record["cut"], record["outcome"], record["error"], record["status"]) == ("", "send", "stopping", 503)
        assert record["attempts"][0]["error"] == "stopping"


def test_a_burst_that_comes_in_one_turn_of_the_loop_is_answered_whole_though_a_stop_comes_with_it(
    tmp_path: Path, simulator_origin: str
) -> None:
    """More calls than begin in one turn beside a stream: the process stands still until all have come, and the stop
    with them."""
    burst = 200
    body = json.dumps({"model": "gpt-4o-mini", "messages": []}).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}) as stack:
        assert stack.process is not None
        callers = [socket.create_connection(("127.0.0.1", stack.gateway_port)) for _ in range(burst)]
        callers[0].sendall(head.encode() + body)
        assert callers[0].recv(1 << 16).startswith(b"HTTP/1.1 200")  # all are accepted by now
        paced = {"x-sim-chunks": "30", "x-sim-chunk-ms": "40"}
        stream = httpx.Client(timeout=30).send(
            httpx.Request("POST", stack.gateway + CHAT, json=STREAM, headers=paced), stream=True
        )
        worker = stack.processes("gateway")[-1]
        os.kill(worker, signal.SIGSTOP)
        for caller in callers:
            caller.sendall(head.encode() + body)
        os.kill(worker, signal.SIGTERM)
        os.kill(worker, signal.SIGCONT)
        ids: list[str] = []
        for caller in callers:
            with caller:
                answer = http.client.HTTPResponse(caller)
                answer.begin()
                assert answer.status == 200 and json.loads(answer.read())["object"] == "chat.completion"
                ids.append(answer.headers["helicone-id"])
        assert b"data: [DONE]" in stream.read()
        assert len(set(ids)) == burst
        for one in (ids[0], ids[burst // 2], ids[-1]):
            assert stack.record(one)["outcome"] == "success"


def test_a_disk_that_takes_nothing_drops_rows_and_says_so(tmp_path: Path, simulator_origin: str) -> None:
    stack = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spool").symlink_to("/proc/sys/kernel")  # a folder that takes no file, not even of root
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
