"""The gateway's parent process is killed while a call is open: the call ends well, and the gateway starts again."""

import os
import signal
import threading
from pathlib import Path

import httpx

from tests.stack import Stack, wait_for

STREAM = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Say hello."}]}
SLOW = {"x-sim-chunk-ms": "100", "x-sim-chunks": "30", "helicone-ratelimit-policy": "2;w=3600"}


def gateway_parent(stack: Stack) -> int:
    assert stack.process is not None
    children = Path(f"/proc/{stack.process.pid}/task/{stack.process.pid}/children").read_text().split()
    (pid,) = [int(pid) for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"\0gateway\0")]
    return pid


def test_open_calls_end_and_a_new_gateway_waits_for_the_limits_they_hold(tmp_path: Path, simulator_origin: str) -> None:
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}) as stack:
        url = stack.gateway + "/openai/v1/chat/completions"
        began = threading.Event()
        chunks: list[bytes] = []

        def read_stream() -> None:
            with httpx.stream("POST", url, json=STREAM, headers=SLOW, timeout=30) as answer:
                for chunk in answer.iter_raw():
                    chunks.append(chunk)
                    began.set()

        reader = threading.Thread(target=read_stream)
        reader.start()
        assert began.wait(20)
        os.kill(gateway_parent(stack), signal.SIGKILL)
        reader.join(30)
        assert b"".join(chunks).endswith(b"data: [DONE]\n\n")

        wait_for("the next gateway", lambda: stack.answers(stack.gateway + "/readyz"))
        left = [
            httpx.post(url, json=STREAM | {"stream": False}, headers=SLOW, timeout=30).status_code for _ in range(2)
        ]
        assert left == [200, 429]
        wait_for("both calls in the log", lambda: [row["status"] for row in stack.records()].count(200) == 2)
