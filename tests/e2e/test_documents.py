"""Saved views, queries and boards over HTTP: own, shared, changed by two at once, refused."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import Stack

VIEW: dict[str, Any] = {
    "q": "status>=400 user:ada", "since": "7d", "until": "", "zone": "utc", "sort": "-cost", "columns": ["id", "cost"],
}  # fmt: skip
TILE: dict[str, Any] = {"id": "a", "type": "line", "measures": ["cost", "calls"]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("documents")) as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def people(stack: Stack, owner: httpx.Client) -> Iterator[dict[str, httpx.Client]]:
    """Two members, an admin and a viewer, each with a session."""
    clients = {}
    for name, role in (("ada", "member"), ("bob", "member"), ("cleo", "admin"), ("dora", "viewer")):
        link = owner.post("/api/members", json={"email": f"{name}@x.example", "role": role}).json()["path"]
        client = httpx.Client(base_url=stack.control, timeout=30)
        entry = {"token": link.partition("token=")[2], "password": "correct horse", "name": name.title()}
        client.headers["X-CSRF-Token"] = client.post("/api/links/use", json=entry).raise_for_status().json()["csrf"]
        clients[name] = client
    yield clients
    for client in clients.values():
        client.close()


def made(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/documents", json={"kind": "view", "name": "a view", "content": VIEW, **fields})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def names(client: httpx.Client, **query: Any) -> list[str]:
    page = client.get("/api/documents", params={"limit": 500, **query}).raise_for_status().json()
    return [one["name"] for one in page["data"]]


def test_a_document_is_saved_read_renamed_replaced_and_deleted(people: dict[str, httpx.Client]) -> None:
    ada = people["ada"]
    first = made(ada, name="  Errors  ")
    assert (first["name"], first["content"], first["revision"], first["shared"]) == ("Errors", VIEW, 1, False)
    assert first["mine"] and first["may_change"] and first["owner_name"] == first["changed_by_name"] == "Ada"
    place = f"/api/documents/{first['id']}"
    assert ada.get(place).json() == first
    renamed = ada.patch(place, json={"revision": 1, "name": "All errors"}).json()
    assert (renamed["name"], renamed["revision"], renamed["content"]) == ("All errors", 2, VIEW)
    assert renamed["changed_us"] > first["changed_us"] == first["created_us"] == renamed["created_us"]
    replaced = ada.patch(place, json={"revision": 2, "content": {"q": "cached:true"}}).json()
    assert replaced["content"] == {"q": "cached:true", "since": "", "until": "", "zone": "", "sort": "", "columns": []}
    assert ada.get(place).json() == replaced
    assert ada.delete(place).status_code == 204
    assert ada.get(place).status_code == ada.delete(place).status_code == 404
    assert ada.patch(place, json={"revision": 3, "name": "x"}).status_code == 404


def test_others_see_what_is_shared_and_only_its_owner_and_admins_change_it(people: dict[str, httpx.Client]) -> None:
    ada, bob, cleo, dora = (people[name] for name in ("ada", "bob", "cleo", "dora"))
    own, shared = made(ada, name="own of ada"), made(ada, name="shared by ada", shared=True)
    for other in (bob, cleo, dora):
        assert "own of ada" not in names(other) and "shared by ada" in names(other)
        assert other.get(f"/api/documents/{own['id']}").status_code == 404
        assert not other.get(f"/api/documents/{shared['id']}").json()["mine"]
    for change in (ada.patch, cleo.patch):
        assert change(f"/api/documents/{own['id']}", json={"revision": 9, "name": "x"}).status_code in (404, 409)
    place = f"/api/documents/{shared['id']}"
    assert not bob.get(place).json()["may_change"] and cleo.get(place).json()["may_change"]
    for other in (bob, dora):
        refused = other.patch(place, json={"revision": 1, "name": "mine now"})
        assert refused.status_code == 403 and other.delete(place).status_code == 403
    assert "It belongs to Ada" in bob.delete(place).json()["detail"]
    by_admin = cleo.patch(place, json={"revision": 1, "shared": False}).json()
    assert by_admin["changed_by_name"] == "Cleo" and by_admin["owner_name"] == "Ada"
    assert "shared by ada" not in names(bob) and "shared by ada" in names(ada)
    assert cleo.get(place).status_code == 404
    again = ada.patch(place, json={"revision": 2, "shared": True})
    assert again.json()["revision"] == 3 and cleo.delete(place).status_code == 204
    assert dora.post("/api/documents", json={"kind": "view", "name": "v", "content": {}}).status_code == 403


def test_a_change_to_what_somebody_else_changed_says_who_and_changes_nothing(people: dict[str, httpx.Client]) -> None:
    ada, cleo = people["ada"], people["cleo"]
    document = made(ada, name="ours", shared=True)
    place = f"/api/documents/{document['id']}"
    assert cleo.patch(place, json={"revision": 1, "name": "ours, by Cleo"}).status_code == 200
    refused = ada.patch(place, json={"revision": 1, "content": {"q": "user:ada"}})
    assert refused.status_code == 409 and refused.json()["detail"].startswith("Cleo changed it at 2")
    assert "it is at revision 2" in refused.json()["detail"]
    kept = ada.get(place).json()
    assert (kept["name"], kept["content"]) == ("ours, by Cleo", VIEW)


def test_of_changes_at_once_one_is_made(people: dict[str, httpx.Client]) -> None:
    place = f"/api/documents/{made(people['ada'], name='raced', shared=True)['id']}"
    codes: list[int] = []

    def change(number: int) -> None:
        client = people["ada" if number % 2 else "cleo"]
        codes.append(client.patch(place, json={"revision": 1, "name": f"raced {number}"}).status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, *[409] * 5]
    assert people["ada"].get(place).json()["revision"] == 2


def test_a_list_has_pages_kinds_and_content_where_asked(people: dict[str, httpx.Client]) -> None:
    bob = people["bob"]
    query = made(bob, kind="query", name="bob's query", content={"sql": "SELECT 1"})
    board = made(bob, kind="board", name="bob's board", content={"tiles": [TILE]})
    view = made(bob, kind="view", name="bob's view")
    assert query["content"] == {"sql": "SELECT 1", "chart": None}
    assert board["content"]["tiles"][0] == {
        **TILE, "title": "", "dimensions": [], "q": "", "since": "", "until": "", "bucket": "", "top": 0,
        "x": 0, "y": 0, "w": 4, "h": 4,
    }  # fmt: skip
    assert names(bob, kind="query") == ["bob's query"] and names(bob, kind="board") == ["bob's board"]
    seen, cursor = [], ""
    while cursor is not None:
        page = bob.get("/api/documents", params={"limit": 1, "cursor": cursor}).json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next"]
    assert seen == sorted(seen) and {query["id"], board["id"], view["id"]} <= set(seen)
    heads = bob.get("/api/documents", params={"kind": "view"}).json()["data"]
    assert heads and all(one["content"] is None for one in heads)
    whole = bob.get("/api/documents", params={"kind": "view", "content": True}).json()["data"]
    assert view in whole
    assert bob.get("/api/documents", params={"content": True, "limit": 101}).json()["parameter"] == "limit"
    assert bob.get("/api/documents", params={"kind": "essay"}).status_code == 400


@pytest.mark.parametrize(
    ("kind", "content", "parameter"),
    [
        ("view", {"q": "status>>400"}, "content.q at character 8"),
        ("view", {"filter": "status:400"}, "content"),
        ("view", {"zone": "mars"}, "content.zone"),
        ("view", {"columns": [1]}, "content.columns[0]"),
        ("view", {"q": "x" * 20_000}, "content"),
        ("query", {}, "content"),
        ("query", {"sql": "x" * 65_537}, "content.sql"),
        ("query", {"sql": "SELECT 1", "chart": {"type": "pie"}}, "content.chart.type"),
        ("board", {"tiles": [{**TILE, "type": "gauge"}]}, "content.tiles[0].type"),
        ("board", {"tiles": [{**TILE, "measures": []}]}, "content.tiles[0].measures"),
        ("board", {"tiles": [{**TILE, "x": 12}]}, "content.tiles[0].x"),
        ("board", {"tiles": [{**TILE, "q": "user:("}]}, "content.tiles[0].q at character 7"),
        ("board", {"tiles": [TILE, TILE]}, "content.tiles"),
        ("board", {"tiles": [{**TILE, "id": str(number)} for number in range(41)]}, "content.tiles"),
    ],
)
def test_content_that_is_not_of_its_kind_is_refused_with_the_path(
    owner: httpx.Client, kind: str, content: dict[str, Any], parameter: str
) -> None:
    refused = owner.post("/api/documents", json={"kind": kind, "name": "bad", "content": content})
    assert refused.status_code == 400, refused.text
    assert refused.json()["parameter"] == parameter and refused.json()["accepted"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "essay", "name": "x", "content": {}},
        {"kind": "view", "name": "", "content": {}},
        {"kind": "view", "name": "x" * 121, "content": {}},
        {"kind": "view", "name": "x", "content": []},
        {"kind": "view", "name": "x"},
        {"kind": "view", "name": "x", "content": {}, "owner": "me"},
    ],
)
def test_what_is_no_document_is_a_400(owner: httpx.Client, body: Any) -> None:
    assert owner.post("/api/documents", json=body).status_code == 400


def test_a_repeated_creation_with_one_idempotency_key_makes_one(owner: httpx.Client) -> None:
    body = {"kind": "view", "name": "once", "content": {}}
    first, second = (owner.post("/api/documents", json=body, headers={"Idempotency-Key": "o"}).json() for _ in "ab")
    assert first == second and names(owner).count("once") == 1
    assert first["owner_name"] == "this machine's token"
