"""Accounts over HTTP: passwords and their reset, open sessions, one-time links, and the state of the installation."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from proxy.cli.users import users
from tests.stack import Stack, wait_for

PASSWORD = "correct horse battery"
ADDRESSES = itertools.count(1)
Enter = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {"limits__policy": "5000;w=60", "log__ttl_days": "30", "control__trusted_proxies": "127.0.0.1"}
    with Stack(tmp_path_factory.mktemp("accounts"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def local(stack: Stack) -> Iterator[httpx.Client]:
    """This machine's token on the control plane."""
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


@pytest.fixture
def enter(stack: Stack, local: httpx.Client) -> Iterator[Enter]:
    """Logs somebody in, each from an address of their own: by an invitation of `by`, or by a password."""
    opened: list[httpx.Client] = []

    def logged_in(email: str, role: str = "", password: str = PASSWORD, by: httpx.Client = local) -> httpx.Client:
        named = {"User-Agent": f"browser of {email}", "X-Forwarded-For": f"198.51.100.{next(ADDRESSES)}"}
        client = httpx.Client(base_url=stack.control, timeout=30, headers=named)
        opened.append(client)
        if role:
            link = made(by.post("/api/members", json={"email": email, "role": role}), 201)["path"]
            answer = client.post("/api/links/use", json={"token": token_of(link), "password": password})
        else:
            answer = client.post("/api/login", json={"email": email, "password": password})
        client.headers["X-CSRF-Token"] = made(answer)["csrf"]
        return client

    yield logged_in
    for client in opened:
        client.close()


def made(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def token_of(path: str) -> str:
    return path.partition("token=")[2]


def look(stack: Stack, token: str) -> Any:
    return made(httpx.post(stack.control + "/api/links/look", json={"token": token}))


def test_a_changed_password_ends_all_other_sessions(enter: Enter) -> None:
    here = enter("ada@example.com", "viewer")
    there = enter("ada@example.com")
    wrong = here.post("/api/me/password", json={"current": "a wrong guess", "new": "another long one"})
    assert made(wrong, 400)["parameter"] == "current" and there.get("/api/me").status_code == 200
    short = here.post("/api/me/password", json={"current": PASSWORD, "new": "short"})
    assert made(short, 400)["parameter"] == "new"
    changed = here.post("/api/me/password", json={"current": PASSWORD, "new": "another long one"})
    assert made(changed) == {"ended": 1}
    assert here.get("/api/me").status_code == 200 and there.get("/api/me").status_code == 401
    assert here.post("/api/login", json={"email": "ada@example.com", "password": PASSWORD}).status_code == 401
    enter("ada@example.com", password="another long one")


def test_guesses_at_the_own_password_slow_down(enter: Enter) -> None:
    client = enter("grace@example.com", "viewer")
    guess = {"current": "a wrong guess", "new": "another long one"}
    statuses = [client.post("/api/me/password", json=guess).status_code for _ in range(8)]
    assert statuses[0] == 400 and statuses[-1] == 429 and set(statuses) == {400, 429}


def test_a_reset_link_works_once_and_ends_every_session(stack: Stack, local: httpx.Client, enter: Enter) -> None:
    member = enter("linus@example.com", "member")
    first = token_of(made(local.post("/api/password-resets", json={"email": "linus@example.com"}), 201)["path"])
    token = token_of(made(local.post("/api/password-resets", json={"email": "Linus@example.com"}), 201)["path"])
    assert look(stack, first) == {
        "state": "unknown", "kind": "", "email": "", "organisation": "", "role": "", "known": False, "expires_us": 0,
    }  # fmt: skip
    seen = look(stack, token)
    assert (seen["state"], seen["kind"], seen["email"]) == ("open", "password", "linus@example.com")
    assert member.get("/api/me").status_code == 200  # looking ends nothing
    with httpx.Client(base_url=stack.control) as browser:
        short = browser.post("/api/links/use", json={"token": token, "password": "short"})
        assert made(short, 400)["parameter"] == "password"  # and the link still works
        entered = made(browser.post("/api/links/use", json={"token": token, "password": "a wholly new one"}))
        assert (entered["role"], entered["email"]) == ("member", "linus@example.com")
        assert browser.get("/api/me").status_code == 200
    assert member.get("/api/me").status_code == 401
    assert look(stack, token)["state"] == "used" and look(stack, token)["kind"] == "password"
    again = httpx.post(stack.control + "/api/links/use", json={"token": token, "password": "a third one, unused"})
    assert again.status_code == 401
    enter("linus@example.com", password="a wholly new one")


def test_who_may_reset_whose_password(local: httpx.Client, enter: Enter) -> None:
    owner = enter("olga@example.com", "owner")
    admin, member = enter("adam@example.com", "admin"), enter("mia@example.com", "member")

    def reset(client: httpx.Client, email: str) -> int:
        return client.post("/api/password-resets", json={"email": email}).status_code

    assert reset(member, "adam@example.com") == 403
    assert reset(admin, "mia@example.com") == 201
    assert reset(admin, "olga@example.com") == 403  # above the admin's own role
    assert reset(owner, "adam@example.com") == 201
    assert reset(admin, "nobody@example.com") == 404
    venus = made(owner.post("/api/organisations", json={"name": "Venus"}), 201)
    moved = made(owner.post("/api/session", json={"organisation": venus["id"]}))
    owner.headers["X-CSRF-Token"] = moved["csrf"]
    assert reset(owner, "mia@example.com") == 404  # no member there
    link = made(owner.post("/api/members", json={"email": "mia@example.com", "role": "member"}), 201)["path"]
    made(httpx.post(str(owner.base_url) + "/api/links/use", json={"token": token_of(link), "password": PASSWORD}))
    assert reset(admin, "mia@example.com") == 403  # the admin has no say on Venus, which the password opens too
    assert reset(owner, "mia@example.com") == 201
    assert reset(local, "mia@example.com") == 201


def test_own_sessions_are_listed_and_ended(enter: Enter) -> None:
    here = enter("alan@example.com", "viewer")
    there, elsewhere = enter("alan@example.com"), enter("alan@example.com")
    stranger = enter("margaret@example.com", "owner")
    found = made(here.get("/api/me/sessions"))["data"]
    assert len(found) == 3 and [one["agent"] for one in found] == ["browser of alan@example.com"] * 3
    assert [one["current"] for one in found].count(True) == 1 and all(one["address"] for one in found)
    ids = {one["id"] for one in found if not one["current"]}
    assert stranger.delete(f"/api/me/sessions/{min(ids)}").status_code == 404
    assert here.delete(f"/api/me/sessions/{min(ids)}").status_code == 204
    assert sorted([there.get("/api/me").status_code, elsewhere.get("/api/me").status_code]) == [200, 401]
    assert made(here.delete("/api/me/sessions")) == {"ended": 1}
    assert there.get("/api/me").status_code == elsewhere.get("/api/me").status_code == 401
    assert here.get("/api/me").status_code == 200 and stranger.get("/api/me").status_code == 200


def test_a_key_has_no_account(local: httpx.Client) -> None:
    for answer in (
        local.get("/api/me/sessions"),
        local.patch("/api/me", json={"name": "Machine"}),
        local.post("/api/me/password", json={"current": "", "new": "a long enough one"}),
        local.delete("/api/me/sessions"),
        local.delete("/api/me/sessions/00"),
    ):
        assert answer.status_code == 403 and "log in" in answer.text


def test_a_name_is_changed(enter: Enter) -> None:
    client = enter("kay@example.com", "viewer")
    assert made(client.patch("/api/me", json={"name": "Kay McNulty"}))["name"] == "Kay McNulty"
    assert made(client.patch("/api/me", json={"name": " "}), 400)["parameter"] == "name"
    assert made(client.get("/api/me"))["name"] == "Kay McNulty"


def test_an_invitation_is_seen_listed_and_withdrawn(stack: Stack, local: httpx.Client, enter: Enter) -> None:
    path = made(local.post("/api/members", json={"email": "new@example.com", "role": "member"}), 201)["path"]
    seen = look(stack, token_of(path))
    assert (seen["kind"], seen["role"], seen["organisation"], seen["known"]) == (
        "invitation",
        "member",
        "default",
        False,
    )
    listed = made(local.get("/api/invitations"))["data"]
    assert [(one["email"], one["role"]) for one in listed][:1] == [("new@example.com", "member")]
    assert token_of(path) not in str(listed)
    member = enter("ida@example.com", "member")
    assert member.get("/api/invitations").status_code == 403
    assert member.delete(f"/api/invitations/{listed[0]['id']}").status_code == 403
    assert local.delete(f"/api/invitations/{listed[0]['id']}").status_code == 204
    assert local.delete(f"/api/invitations/{listed[0]['id']}").status_code == 404
    assert look(stack, token_of(path))["state"] == "unknown"
    known = made(local.post("/api/members", json={"email": "ida@example.com", "role": "viewer"}), 201)["path"]
    assert look(stack, token_of(known))["known"] is True


def test_who_belongs_to_no_organisation_is_told_so(stack: Stack, local: httpx.Client, enter: Enter) -> None:
    gone = enter("gone@example.com", "viewer")
    made_me = made(gone.get("/api/me"))
    assert local.delete(f"/api/members/{made_me['user']}").status_code == 204
    login = {"email": "gone@example.com", "password": PASSWORD}
    answer = httpx.post(stack.control + "/api/login", json=login)
    assert answer.status_code == 403 and "belongs to no organisation" in answer.text
    login["password"] = "a wrong guess"
    answer = httpx.post(stack.control + "/api/login", json=login)
    assert answer.status_code == 401 and "belongs" not in answer.text  # nobody learns who there is


def test_a_login_page_learns_whether_one_is_in(enter: Enter) -> None:
    client = enter("jean@example.com", "viewer")
    assert made(client.get("/api/login"))["entered"] is True
    client.post("/api/logout")
    assert made(client.get("/api/login"))["entered"] is False


def test_the_state_of_the_installation(stack: Stack, local: httpx.Client) -> None:
    def settled() -> Any:
        found = made(local.get("/api/status"))
        return found if found["log"]["ready"] and not found["gateway"]["problem"] else None

    found = wait_for("a healthy installation", settled)
    assert found["gateway"]["url"] == stack.gateway and found["gateway"]["keys_required"] is False
    assert found["gateway"]["policy"] == "5000;w=60" and found["log"]["ttl_days"] == 30
    assert made(httpx.get(stack.control + "/api/login")) == {"oidc": "", "entered": False}


def test_built_in_prices_are_found_by_words(local: httpx.Client) -> None:
    found = made(local.get("/api/price-table", params={"search": "OpenAI gpt-4o-mini", "limit": 5}))
    assert 1 <= len(found["data"]) <= 5 <= found["found"] or len(found["data"]) == found["found"]
    row = next(one for one in found["data"] if one["model"] == "gpt-4o-mini" and one["provider"] == "openai")
    assert (row["input"], row["output"], row["cached_input"]) == (0.15, 0.6, 0.075)
    assert made(local.get("/api/price-table", params={"search": "no such model"})) | {"source": ""} == {
        "data": [], "found": 0, "source": "",
    }  # fmt: skip
    assert made(local.get("/api/price-table"))["found"] > 1000


def test_a_gateway_that_does_not_answer_is_told() -> None:
    from proxy.control.gateway_probe import GatewayProbe
    from tests.stack import free_port

    assert "refused" in GatewayProbe(f"http://127.0.0.1:{free_port()}").problem().lower()


def test_the_command_line_makes_links(stack: Stack, enter: Enter) -> None:
    enter("cli@example.com", "member")
    environ = {"PERIHELION_DATA": str(stack.folder / "data"), "PERIHELION_CONTROL_PORT": str(stack.control_port)}
    done = CliRunner().invoke(users, ["reset", "cli@example.com"], env=environ)
    assert done.exit_code == 0, done.output
    link = next(word for word in done.output.split() if word.startswith("http"))
    assert link.startswith(stack.control + "/login?token=")
    assert look(stack, token_of(link))["kind"] == "password"
    done = CliRunner().invoke(users, ["invite", "cli-new@example.com", "--role", "viewer"], env=environ)
    link = next(word for word in done.output.split() if word.startswith("http"))
    assert look(stack, token_of(link))["email"] == "cli-new@example.com"
    done = CliRunner().invoke(users, ["reset", "nobody@example.com"], env=environ)
    assert done.exit_code != 0 and "nobody@example.com" in done.output
