"""What the demo's company has set up on the control plane: prompts, keys, people; and what it says of its calls."""

import random
from typing import Any, Final

import httpx

from proxy.core.clock import now_us
from simulator.demo.receivers import make_receivers
from simulator.demo.saved import SAVED
from simulator.demo.texts import TEXTS
from simulator.demo.watched import RULES, SILENCED

__all__ = ["rate_calls", "set_up"]

Json = dict[str, Any]

_FIELDS: Final = "Read the receipt into the fields. Amounts in {{currency}} unless the receipt says otherwise."
_GIVES_UP: Final = " If a field cannot be read, leave it null; never guess."
_PROMPTS: Final[dict[str, tuple[str, list[tuple[str, Json]]]]] = {
    "support-reply": (
        "Support reply",
        [
            (
                "first version",
                {
                    "model": "gpt-4o-mini",
                    "messages": [{"role": "system", "content": "You help customers of {{company}}."}],
                },
            ),
            (
                "names menus, shorter",
                {
                    "model": "gpt-4o-mini",
                    "temperature": 0.3,
                    "messages": [
                        {
                            "role": "system",
                            "content": "You are the support assistant of {{company}}. Answer in at most six sentences. "
                            "Name the menu to open.",
                        }
                    ],
                },
            ),
            (
                "language of the customer; hands over where money may be lost",
                {
                    "model": "gpt-4o-mini",
                    "temperature": 0.3,
                    "messages": [
                        {"role": "system", "content": TEXTS.support_system.replace("Northwind", "{{company}}")}
                    ],
                },
            ),
        ],
    ),
    "receipt-fields": (
        "Receipt to fields",
        [
            ("first version", {"model": "gpt-4.1-mini", "messages": [{"role": "system", "content": _FIELDS}]}),
            (
                "null where unreadable",
                {
                    "model": "gpt-4.1-mini",
                    "temperature": 0,
                    "messages": [{"role": "system", "content": _FIELDS + _GIVES_UP}],
                },
            ),
            (
                "one example",
                {
                    "model": "gpt-4.1-mini",
                    "temperature": 0,
                    "messages": [
                        {"role": "system", "content": _FIELDS + _GIVES_UP},
                        {"role": "user", "content": TEXTS.letters[2].asked},
                        {"role": "assistant", "content": TEXTS.letters[2].answered},
                    ],
                },
            ),
        ],
    ),
}
_PEOPLE: Final = (
    ("grace@northwind.example", "admin"),
    ("linus@northwind.example", "member"),
    ("audit@kanzlei.example", "viewer"),
)
_NOTES: Final = (
    "Answered in the wrong language.",
    "The amount is right, the due date is not.",
    "Should have handed over.",
)


def set_up(control: str, token: str, receiver: str = "") -> str:
    """Makes prompts, keys and invitations, unless they are there; gives a key for the calls of the backend. `receiver`
    is the origin of the simulator, where `channels.allow` has it: channels and a webhook send there."""
    with _client(control, token) as api:
        for id, (name, versions) in _PROMPTS.items():
            _make_prompt(api, id, name, versions)
        key: str = _made(api.post("/api/keys", json={"name": "backend", "scopes": ["proxy", "write"]}))["key"]
        if len(_made(api.get("/api/keys"))["data"]) == 1:
            _made(api.post("/api/keys", json={"name": "nightly batch", "policy": "2000;w=3600;u=request"}))
            _made(api.post("/api/keys", json={"name": "reports", "scopes": ["read"]}))
            for email, role in _PEOPLE:
                _made(api.post("/api/members", json={"email": email, "role": role}))
            for document in SAVED:
                _made(api.post("/api/documents", json={**document, "shared": True}))
            for rule in RULES:
                _made(api.post("/api/alerts", json=rule))
            _made(api.post("/api/silences", json={**SILENCED, "ends_us": now_us() + 86_400_000_000}))
            if receiver:
                make_receivers(api, receiver)
            _made(api.patch("/api/organisation", json={"name": "Northwind"}))
        return key


def rate_calls(control: str, token: str, *, since: str = "14d", seed: int = 1766, share: float = 0.12) -> int:
    """Scores some of the newest calls, as a nightly evaluation and a few people would; gives their number."""
    chance = random.Random(seed)
    with _client(control, token) as api:
        query = {"filter": "property.feature:support status<400", "since": since, "columns": ["id"], "limit": 500}
        ids = [row["id"] for row in _made(api.post("/api/requests/query", json=query))["data"]]
        scored: dict[float, list[str]] = {}
        for id in ids:
            scored.setdefault(round(min(1.0, max(0.1, chance.gauss(0.8, 0.15))), 1), []).append(id)
        for score, those in scored.items():
            scores = {"helpful": score, "on_topic": score > 0.4}
            _made(api.post("/api/annotations", json={"ids": those, "scores": scores}))
        rated = chance.sample(ids, int(len(ids) * share))
        good, bad = rated[len(rated) // 4 :], rated[: len(rated) // 4]
        for those, asked in ((good, {"rating": True}), (bad, {"rating": False, "note": chance.choice(_NOTES)})):
            if those:
                _made(api.post("/api/annotations", json={"ids": those, **asked}))
    return len(ids)


def _make_prompt(api: httpx.Client, id: str, name: str, versions: list[tuple[str, Json]]) -> None:
    if api.get(f"/api/prompts/{id}").status_code == 200:
        return
    for number, (note, body) in enumerate(versions, 1):
        asked: Json = {"body": body, "note": note, "environments": ["production", "staging"]}
        if number == 1:
            _made(api.post("/api/prompts", json={"id": id, "name": name, **asked}))
        else:
            _made(api.post(f"/api/prompts/{id}/versions", json=asked))


def _client(control: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=control, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def _made(answer: httpx.Response) -> Any:
    if answer.status_code >= 400:
        raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
    return answer.json()
