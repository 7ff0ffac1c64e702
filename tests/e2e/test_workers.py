"""More than one worker: one port, one log, one page of metrics over all of them."""

import http.client
import json
from pathlib import Path

import httpx

from tests.redis_server import RedisServer
from tests.stack import Stack, get_json, wait_for

CALLS = 60
BODY = json.dumps({"model": "gpt-4o-mini", "messages": []})


def test_two_workers_share_a_port_a_log_limits_and_a_cache(
    tmp_path: Path, simulator_origin: str, redis: RedisServer
) -> None:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path, providers, gateway__workers="2", kv__url=redis.url) as stack:
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

        limited = {"helicone-ratelimit-policy": "25;w=3600", "helicone-cache-enabled": "true"}
        url = stack.gateway + "/openai/v1/chat/completions"
        answers = [httpx.post(url, content=BODY, headers=limited) for _ in range(40)]
        assert [answer.status_code for answer in answers] == [200] * 25 + [429] * 15
        assert [answer.headers["helicone-cache"] for answer in answers[:25]] == ["MISS"] + ["HIT"] * 24


def test_two_workers_without_a_shared_store_are_refused_with_what_to_set(tmp_path: Path) -> None:
    stack = Stack(tmp_path, gateway__workers="2")
    for command in ("serve", "gateway", "check"):
        done = stack.run(command)
        assert done.returncode == 2
        assert "kv.url = redis://" in done.stderr and "gateway.workers" in done.stderr
