"""More than one worker: one port, one log, one page of metrics over all of them."""

import http.client
import json
from pathlib import Path

import httpx

from tests.stack import Stack, get_json, wait_for

CALLS = 60
BODY = json.dumps({"model": "gpt-4o-mini", "messages": []})


def test_two_workers_share_a_port_and_a_log(tmp_path: Path, simulator_origin: str) -> None:
    with Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, gateway__workers="2") as stack:
        ids: set[str] = set()
        for _ in range(CALLS):  # a connection each, so that both workers get some
            line = http.client.HTTPConnection("127.0.0.1", stack.gateway_port, timeout=30)
            line.request("POST", "/openai/v1/chat/completions", BODY)
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200
            ids.add(str(answer.headers["helicone-id"]))
            line.close()
        wait_for("every call in the log", lambda: ids <= {row["id"] for row in stack.records()})
        assert len({row["worker"] for row in stack.records()}) == 2

        def counted() -> bool:
            page = httpx.get(stack.gateway + "/metrics").text
            return f"perihelion_spool_written_total {CALLS}\n" in page and "perihelion_workers 2\n" in page

        wait_for("the metrics of both", counted)
        assert get_json(stack.gateway + "/readyz")["workers"] == 2
