"""The demo's past: records as the gateway would have written them, with times of the days before."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from proxy.core.record import RESPONSE_ERROR, Attempt, Record, encode
from proxy.spool.writer import Writer
from simulator.demo.agents import agent_session
from simulator.demo.call import FAULTS, DemoCall, Fault, body_bytes
from simulator.demo.faults import add_faults
from simulator.demo.rhythm import HOUR_US, Trouble, start_times, troubles
from simulator.demo.scenarios import SCENARIOS, bulk, large_request
from simulator.shapes import Request, answer
from simulator.shapes.base import Reply

__all__ = ["history", "write_history"]

_AGENTS: Final = 5.0
_BULK_HOURS: Final = (1, 4)
_SHARE: Final = 0.022
_BATCH: Final = 500
_ORG: Final = "default"
_HEADERS: Final = {"x-request-id", "request-id", "openai-processing-ms", "retry-after"}


def write_history(spool: Path, calls: int, end_us: int, *, days: float = 14.0, seed: int = 1766, key: str = "") -> int:
    """Writes at least so many calls of the days before `end_us` into a spool folder, where the control plane finds
    them; gives their number. Equal arguments give equal calls."""
    writer = Writer(spool, worker="demo")
    frames: list[bytes] = []
    count = 0
    for record in history(calls, end_us, days=days, seed=seed, key=key):
        frames.append(encode(record))
        count += 1
        if len(frames) >= _BATCH:
            writer.extend(frames)
            frames.clear()
    writer.extend(frames)
    writer.close()
    if writer.dropped:
        raise OSError(f"the spool {spool} cannot be written: {writer.error}")
    return count


def history(calls: int, end_us: int, *, days: float = 14.0, seed: int = 1766, key: str = "") -> Iterator[Record]:
    """The records, session by session. None starts after `end_us`."""
    chance = random.Random(seed)
    bad = troubles(end_us, days)
    kinds, weights = zip(*SCENARIOS, (agent_session, _AGENTS), strict=True)
    yield from _play(large_request(chance), end_us - 40 * 60_000_000, end_us, bad, chance, key)
    count = 0
    # Twice as many times as calls: some sessions reach past the end.
    for at in start_times(2 * calls + 50, end_us, days, chance):
        if count >= calls:
            return
        night = _BULK_HOURS[0] <= at // HOUR_US % 24 <= _BULK_HOURS[1]
        scenario = bulk if night and chance.random() < 0.8 else chance.choices(kinds, weights)[0]
        session = scenario(chance)
        _choose_version(session, (end_us - at) / (24 * HOUR_US))
        for record in _play(add_faults(session, chance, _SHARE), at, end_us, bad, chance, key):
            count += 1
            yield record


def _choose_version(session: Sequence[DemoCall], days_ago: float) -> None:
    """Production had version 1 of a prompt first; 2 and 3 were tried in staging for two days each."""
    for call in session:
        if "Helicone-Prompt-Id" in call.tags:
            early = 2 if call.tags["Helicone-Property-Environment"] == "staging" else 0
            call.version = "1" if days_ago > 9 + early else "2" if days_ago > 3 + early else "3"


def _play(
    session: Sequence[DemoCall], at: int, end_us: int, bad: Sequence[Trouble], chance: random.Random, key: str
) -> Iterator[Record]:
    for call in session:
        at += int(call.pause_s * 1e6)
        if at >= end_us:
            return
        trouble = next((one for one in bad if one.holds(call.model.provider, at)), None)
        if trouble is not None and not call.hit and chance.random() < trouble.share:
            call.fault = chance.choice(trouble.faults)
        record = _record(call, at, trouble.load if trouble else chance.uniform(0.9, 1.15), chance, key)
        yield record
        at += record.ended_us


def _record(call: DemoCall, at: int, load: float, chance: random.Random, key: str) -> Record:
    model, body = call.model, body_bytes(call)
    properties = {name[18:]: value for name, value in call.tags.items() if name.startswith("Helicone-Property-")}
    record = Record(
        id=_id(at, chance),
        org=_ORG,
        key=key,
        started_us=at,
        provider=model.provider,
        dialect=model.dialect,
        operation=model.operation,
        scheme="https",
        host=model.host,
        method="POST",
        path=model.upstream,
        status=200,
        user_id=call.tags.get("Helicone-User-Id", ""),
        session_id=call.tags.get("Helicone-Session-Id", ""),
        session_path=call.tags.get("Helicone-Session-Path", ""),
        session_name=call.tags.get("Helicone-Session-Name", ""),
        request_name=call.tags.get("Helicone-Request-Name", ""),
        properties={name.lower(): value for name, value in properties.items()},
        property_names={name.lower(): name for name in properties},
        prompt_id=call.tags.get("Helicone-Prompt-Id", ""),
        prompt_version=call.version,
        request_type="application/json",
        request_body=body,
        request_size=len(body),
        worker="demo",
        client_ip=f"10.20.{chance.randrange(4)}.{chance.randrange(2, 250)}",
        user_agent="northwind-backend/2026.11",
    )
    if call.limited:
        return _refuse(record, call, chance)
    if call.policy:
        record.facts |= {"rate.policy": call.policy, "rate.remaining": chance.randrange(1, 40)}
    if call.hit:
        return _hit(record, call, chance)
    if call.cacheable:
        record.facts["cache.status"] = "miss"
    began = _attempts(record, call, load, chance)
    if record.error:
        return record
    _answer(record, call, began, load, chance)
    return record


def _refuse(record: Record, call: DemoCall, chance: random.Random) -> Record:
    limit, window = call.policy.split(";")[0], call.policy.split("w=")[1].split(";")[0]
    record.status, record.outcome, record.error = 429, "admit", "rate_limited"
    wait = chance.randrange(20, 900)
    what = f"Rate limit reached: {limit} requests in {window} s for this user (policy {call.policy})."
    record.error_message = f"{what} Try again in {wait} s."
    record.facts["rate.refused"] = call.policy
    record.ended_us = chance.randrange(300, 900)
    return record


def _hit(record: Record, call: DemoCall, chance: random.Random) -> Record:
    saved = call.model.first_token_us(chance) + call.model.rest_us(call.script().output_tokens, chance)
    age = chance.randrange(60, 80_000)
    record.facts |= {
        "cache.status": "hit",
        "cache.kind": "exact",
        "cache.source": _id(record.started_us - age * 1_000_000, chance),
        "cache.age_s": age,
        "cache.latency_ms": saved // 1000,
    }
    _fill(record, _render(call, call.model.name, Fault()))
    record.first_byte_us = chance.randrange(350, 900)
    record.ended_us = record.first_byte_us + chance.randrange(20, 90)
    return record


def _attempts(record: Record, call: DemoCall, load: float, chance: random.Random) -> int:
    """Notes the attempts before the one that answers; gives when that one begins."""
    fault = FAULTS[call.fault] if call.fault else Fault()
    model, at = call.model, chance.randrange(200, 900)
    failing = 3 if fault.falls_back else fault.retried
    wait = 0
    for number in range(failing):
        ended = at + model.first_token_us(chance, load) // 2
        record.attempts.append(Attempt(model.provider, model.host, model.name, at, ended, fault.status, "", wait))
        wait = int(chance.uniform(0.5, 1.0) * 1_000_000 * 2**number)
        at = ended + wait
    if failing:
        record.facts["retry.count"] = failing - (1 if fault.falls_back else 0)
    if fault.falls_back:
        wait = 0
        at = record.attempts[-1].ended_us + 400
        record.facts |= {"fallback.index": 1, "fallback.model": call.fallback}
    record.sent_us = at
    if fault.status == 0:
        ended = at + chance.randrange(80_000, 30_000_000)
        record.attempts.append(Attempt(model.provider, model.host, model.name, at, ended, 0, "upstream_reset", wait))
        record.status, record.outcome, record.error, record.sent_us = 502, "send", "upstream_reset", -1
        record.error_message = f"{model.host}:443 reset the connection before its answer began."
        record.ended_us = ended + 90
    return at


def _answer(record: Record, call: DemoCall, began: int, load: float, chance: random.Random) -> None:
    """Fills in what the provider answers."""
    fault = FAULTS[call.fault] if call.fault else Fault()
    good = Fault() if fault.retried or fault.falls_back else fault
    name = call.fallback if fault.falls_back else call.model.name
    model, failed = call.model, good.status != 200
    reply = _render(call, name, good)
    first = began + model.first_token_us(chance, load if not failed else 0.4)
    rest = 0 if failed else model.rest_us(call.script().output_tokens, chance, load)
    if reply.streams:
        share = chance.uniform(0.2, 0.8) if fault.cut or fault.event else 1.0
        record.first_byte_us, record.first_token_us = first - chance.randrange(1000, 9000), first
        record.ended_us = first + int(rest * share)
        record.streamed = True
        if fault.cut == "upstream":
            reply.pieces = reply.pieces[: max(2, int(len(reply.pieces) * share))]
            record.cut, record.outcome, record.error = "upstream", "relay", "upstream_reset"
            record.error_message = f"{model.host}:443 reset the connection before its answer ended."
        elif fault.cut == "client":
            record.cut, record.drained = "client", True
        elif fault.event:
            record.outcome = RESPONSE_ERROR
    else:
        record.first_byte_us = first + rest
        record.ended_us = record.first_byte_us + chance.randrange(80, 400)
    wait = 0 if fault.falls_back or not record.attempts else began - record.attempts[-1].ended_us
    record.attempts.append(
        Attempt(model.provider, model.host, name, began, record.first_byte_us, reply.status, "", wait)
    )
    _fill(record, reply)


def _render(call: DemoCall, model: str, fault: Fault) -> Reply:
    script = call.script()
    if fault.status not in (0, 200):
        script.status, script.error_text = fault.status, fault.text
    if fault.event:
        script.error_event = 12
    body = body_bytes(call) if model == call.model.name else msgspec.json.encode({**call.body, "model": model})
    return answer(Request("POST", call.model.upstream, {}, body, script))


def _fill(record: Record, reply: Reply) -> None:
    headers: dict[str, Any] = dict(reply.headers)
    record.status = reply.status
    record.response_type = headers.get("content-type", "")
    record.response_body = b"".join(reply.pieces)
    record.response_size = len(record.response_body)
    record.response_headers = {name: value for name, value in headers.items() if name in _HEADERS}


def _id(at_us: int, chance: random.Random) -> str:
    """A version 7 UUID of that time, which `chance` decides."""
    ms, us = divmod(at_us, 1000)
    low = chance.getrandbits(62)
    digits = f"{ms:012x}7{us << 2:03x}{0x8000 | low >> 48:04x}{low & 0xFFFF_FFFF_FFFF:012x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
