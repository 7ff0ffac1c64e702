"""The ways in that a thief would try: guessing, other sites, the database, the copied seal."""

import base64
import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from proxy.control.app import create
from proxy.core.settings import load
from tests.e2e.control_process import ControlProcess
from tests.stack import Stack, wait_for

PASSWORD = "correct horse battery"
CHAT = "/openai/v1/chat/completions"


@pytest.fixture
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    process = ControlProcess(tmp_path_factory.mktemp("attacks") / "data").start().ready()
    yield process
    process.end()


def owner(control: ControlProcess) -> httpx.Client:
    return httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}, timeout=30)


def entered(control: ControlProcess, email: str = "ada@example.com") -> httpx.Client:
    """A browser with a session of a person made just now."""
    with owner(control) as client:
        path = client.post("/api/members", json={"email": email, "role": "owner"}).json()["path"]
    used = {"token": path.partition("token=")[2], "password": PASSWORD}
    answer = httpx.post(control.url + "/api/links/use", json=used)
    assert answer.status_code == 200, answer.text
    return httpx.Client(base_url=control.url, timeout=30, cookies=answer.cookies)


# --- guessing --------------------------------------------------------------------------------------------------------


def test_guesses_at_once_from_spoofed_addresses_are_slowed_down_and_say_when(control: ControlProcess) -> None:
    entered(control).close()
    statuses: list[int] = []
    waits: list[str] = []

    def guess(number: int) -> None:
        answer = httpx.post(
            control.url + "/api/login", json={"email": "ada@example.com", "password": f"guess {number}"},
            headers={"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}"}, timeout=60,
        )  # fmt: skip
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            waits.append(answer.headers["retry-after"])

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {401, 429} and statuses.count(401) <= 8
    assert all(int(wait) >= 1 for wait in waits)


def test_many_names_from_one_address_are_slowed_down_too_and_none_is_told_apart(control: ControlProcess) -> None:
    entered(control).close()
    told: dict[str, Any] = {}
    for email in ("ada@example.com", "nobody@example.com"):
        answer = httpx.post(control.url + "/api/login", json={"email": email, "password": "wrong guess"})
        told[email] = (answer.status_code, answer.text)
    assert told["ada@example.com"] == told["nobody@example.com"] and told["ada@example.com"][0] == 401
    many = [
        httpx.post(control.url + "/api/login", json={"email": f"{n}@example.com", "password": "x"}) for n in range(8)
    ]
    assert many[-1].status_code == 429


def test_links_are_not_guessed(control: ControlProcess) -> None:
    asked = {"token": "guessed", "email": "eve@example.com", "password": PASSWORD}
    statuses = [httpx.post(control.url + "/api/links/use", json=asked).status_code for _ in range(8)]
    assert statuses[0] == 401 and statuses[-1] == 429


# --- other sites -----------------------------------------------------------------------------------------------------


def test_no_change_in_a_session_without_its_own_csrf_token(
    control: ControlProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    app = create(load(environ={"PERIHELION_DATA": str(tmp_path_factory.mktemp("routes") / "data")}))
    changing = [
        (method, route.path.replace("{", "").replace("}", "").replace(":str", ""))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"GET", "HEAD", "OPTIONS"}
        if route.path not in ("/api/login", "/api/links/use", "/api/links/look")
    ]
    assert len(changing) > 15
    with entered(control) as ada, entered(control, "eve@example.com") as eve:
        foreign = eve.get("/api/me").json()["csrf"]
        own = ada.get("/api/me").json()["csrf"]
        for method, path in changing:
            for token in (None, "", foreign, own[:-1], own + "x"):
                headers = {} if token is None else {"X-CSRF-Token": token}
                answer = ada.request(method, path, headers=headers, json={})
                assert answer.status_code == 403 and "CSRF" in answer.text, (method, path, token, answer.text)
        assert ada.get("/api/me").status_code == 200, "nothing has ended the session"
        assert ada.post("/api/logout", headers={"X-CSRF-Token": own}).status_code == 200


def test_another_site_cannot_log_anybody_in_by_a_form(control: ControlProcess) -> None:
    entered(control).close()
    text = f'{{"email": "ada@example.com", "password": "{PASSWORD}", "organisation": ""}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = httpx.post(
            control.url + "/api/login", content=text,
            headers={**({"Content-Type": kind} if kind else {}), "Origin": "https://evil.example"},
        )  # fmt: skip
        assert answer.status_code == 415 and "set-cookie" not in answer.headers, kind
    page = httpx.get(control.url + "/login")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
    inline = re.findall(r"<(style|script)>(.*?)</", page.text, re.DOTALL)  # none where the dashboard is built
    assert len(inline) == (0 if "script-src 'self'" in policy else 2)
    for kind, text in inline:  # only what is on the page, byte for byte
        told = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{told}'" in policy
    assert page.headers["referrer-policy"] == "no-referrer", "the link's token goes nowhere"


def test_the_session_s_cookie_is_for_this_browser_and_this_site_alone(control: ControlProcess) -> None:
    entered(control).close()
    right = {"email": "ada@example.com", "password": PASSWORD}
    first = httpx.post(control.url + "/api/login", json=right)
    flags = [part.strip().lower() for part in first.headers["set-cookie"].split(";")[1:]]
    assert {"httponly", "samesite=strict", "path=/"} <= set(flags) and "secure" not in flags
    assert not any(part.startswith("domain") for part in flags)
    behind = httpx.post(control.url + "/api/login", json=right, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in behind.headers["set-cookie"].lower()
    # A session that somebody planted is not the one that is opened.
    planted = {"perihelion_session": "planted"}
    with httpx.Client(base_url=control.url, cookies=planted) as browser:
        token = browser.post("/api/login", json=right).cookies["perihelion_session"]
        assert token not in ("planted", first.cookies["perihelion_session"]) and len(token) >= 40
    with httpx.Client(base_url=control.url, cookies={"perihelion_session": token}) as browser:
        csrf = browser.get("/api/me").json()["csrf"]
        browser.post("/api/logout", headers={"X-CSRF-Token": csrf}).raise_for_status()
    with httpx.Client(base_url=control.url, cookies={"perihelion_session": token}) as thief:
        assert thief.get("/api/me").status_code == 401, "a cookie kept from before is worth nothing"


# --- the database ----------------------------------------------------------------------------------------------------


def test_a_stolen_database_has_no_key_session_or_link_to_use(control: ControlProcess) -> None:
    with owner(control) as client, entered(control) as ada:
        key = client.post("/api/keys", json={"name": "k", "scopes": ["admin"]}).json()["key"]
        imported = "sk-helicone-of-another-system-1234"
        client.post("/api/keys", json={"name": "old", "token": imported}).raise_for_status()
        link = client.post("/api/members", json={"email": "x@example.com"}).json()["path"].partition("token=")[2]
        session = ada.cookies["perihelion_session"]
    raw = b"".join(file.read_bytes() for file in control.data.glob("metadata.db*"))
    assert b"ada@example.com" in raw
    for secret in (key, imported, link, session, PASSWORD, control.token):
        assert secret.encode() not in raw
    with sqlite3.connect(control.data / "metadata.db") as rows:
        hashes = [row[0] for row in rows.execute("SELECT hash FROM api_keys UNION SELECT hash FROM links")]
        passwords = [row[0] for row in rows.execute("SELECT password FROM users")]
    assert len(hashes) >= 4 and all(one.startswith("$argon2id$") for one in passwords)
    # Without the pepper, which is sealed, nobody can try keys against the hashes; and a hash is no key.
    for plain in (blake2b(key.encode(), digest_size=16).digest(), blake2b(key.encode()).digest()[:16]):
        assert plain not in hashes
    for stored in hashes:
        for text in (stored.hex(), base64.b64encode(stored).decode()):
            shown = {"Authorization": f"Bearer {text}"}
            assert httpx.get(control.url + "/api/me", headers=shown).status_code == 401


def test_a_seal_copied_to_another_organisation_opens_nowhere(tmp_path_factory: Any, simulator_origin: str) -> None:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("copied"), providers, auth__mode="required") as stack:
        shown = {"Authorization": f"Bearer {stack.token}"}
        with httpx.Client(base_url=stack.control, headers=shown, timeout=30) as client:
            client.put("/api/credentials/openai", json={"value": "sk-of-the-default-one"}).raise_for_status()
            thief = client.post("/api/organisations", json={"name": "Thief"}).json()["id"]
            id = client.post("/api/keys", json={"name": "thief"}).json()
            own = client.post("/api/keys", json={"name": "own"}).json()["key"]
        # Whoever can write to the database, but has not the secret: a key and a copied seal for their organisation.
        with sqlite3.connect(stack.folder / "data" / "metadata.db", timeout=30) as rows:
            rows.execute("UPDATE api_keys SET org_id = ? WHERE id = ?", (thief, id["about"]["id"]))
            copied = "INSERT INTO credentials SELECT ?, provider, sealed, hint, created_us FROM credentials"
            rows.execute(copied, (thief,))
            rows.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'revision'")

        def sent(key: str) -> tuple[int, str]:
            answer = httpx.post(
                stack.gateway + CHAT, json={"model": "m", "messages": []}, headers={"Helicone-Auth": f"Bearer {key}"}
            )
            if answer.status_code != 200:  # the key is not known here yet: nothing was sent
                return answer.status_code, "refused"
            told = dict(httpx.get(simulator_origin + "/_simulator/requests").json()[-1]["headers"])
            return answer.status_code, told.get("authorization", "")

        wait_for("the rightful one", lambda: sent(own) == (200, "Bearer sk-of-the-default-one"))
        wait_for("the thief's key in the thief's organisation", lambda: sent(id["key"])[1] == "")
