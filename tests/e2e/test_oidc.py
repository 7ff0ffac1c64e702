"""Login at an OpenID provider, and every way to get in by a lie."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from proxy.core.errors import SettingError
from proxy.core.settings import load
from tests.e2e.control_process import ControlProcess
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider

CALLBACK = "/api/oidc/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    running = OpenIdProvider()
    yield running
    running.stop()


def started(data: Path, provider: OpenIdProvider, **more: str) -> ControlProcess:
    settings = {"ISSUER": provider.issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, **more}
    named = {f"PERIHELION_OIDC_{name}": value for name, value in settings.items()}
    return ControlProcess(data, **named).start().ready()


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider) -> Iterator[ControlProcess]:
    process = started(tmp_path_factory.mktemp("oidc") / "data", provider, NAME="<Moon & Sun>")
    yield process
    process.end()


@pytest.fixture
def browser(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url) as client:
        yield client


def invite(control: ControlProcess, email: str, role: str = "member") -> str:
    answer = httpx.post(
        control.url + "/api/members", json={"email": email, "role": role},
        headers={"Authorization": f"Bearer {control.token}"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"]).partition("token=")[2]


def way_back(browser: httpx.Client) -> httpx.URL:
    """Goes to the provider; the address that it sends the browser back to."""
    there = browser.get("/api/oidc/login")
    assert there.status_code == 302, there.text
    back = httpx.get(there.headers["location"])
    return httpx.URL(back.headers["location"])


def refused(browser: httpx.Client, answer: httpx.Response, why: str) -> None:
    assert answer.status_code == 401 and why in answer.text, answer.text
    assert "perihelion_session" not in answer.headers.get("set-cookie", "")
    assert browser.get("/api/me").status_code == 401


def test_the_login_page_learns_of_it(browser: httpx.Client) -> None:
    assert browser.get("/api/login").json() == {"oidc": "<Moon & Sun>", "entered": False}


def test_an_invited_person_comes_in_and_is_known_by_subject_from_then_on(
    control: ControlProcess, provider: OpenIdProvider, browser: httpx.Client
) -> None:
    token = invite(control, "Ada@Example.com", "admin")
    provider.honest(sub="ada-1", email="ada@example.com", name="Ada")
    begun = browser.get("/api/oidc/login")
    cookie = begun.headers["set-cookie"].lower()
    for flag in ("httponly", "samesite=lax", "max-age=600", "path=/api/oidc"):
        assert flag in cookie
    assert (
        "secure" in browser.get("/api/oidc/login", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"].lower()
    )
    query = {name: one[0] for name, one in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    for said in (query["state"], query["nonce"]):
        assert said not in cookie, "what the browser keeps is sealed"
    browser.cookies.clear()
    answer = browser.get(way_back(browser))
    assert answer.status_code == 200 and "You are in" in answer.text
    cookies = answer.headers.get_list("set-cookie")
    session = next(one.lower() for one in cookies if one.startswith("perihelion_session="))
    assert "httponly" in session and "samesite=strict" in session
    assert any(one.startswith("perihelion_login=") and "max-age=0" in one.lower() for one in cookies)
    assert answer.headers["cache-control"] == "no-store"
    me = browser.get("/api/me").json()
    assert (me["role"], me["organisation"]) == ("admin", "default")
    link = {"token": token, "email": "ada@example.com", "password": "correct horse"}
    assert httpx.post(control.url + "/api/links/use", json=link).status_code == 401, "the invitation is used"
    # No password was ever set, so none lets them in.
    wrong = {"email": "ada@example.com", "password": ""}
    assert httpx.post(control.url + "/api/login", json=wrong).status_code == 401
    # The same subject with another address, even one that nobody verified, is the same person.
    provider.honest(sub="ada-1", email="lovelace@example.org", email_verified=False)
    with httpx.Client(base_url=control.url) as again:
        assert again.get(way_back(again)).status_code == 200
        assert again.get("/api/me").json()["user"] == me["user"]
    # Whoever got that address later is not.
    provider.honest(sub="somebody-else", email="ada@example.com")
    with httpx.Client(base_url=control.url) as other:
        refused(other, other.get(way_back(other)), "linked to another login")


def test_a_person_with_a_password_is_linked_by_the_verified_address(
    control: ControlProcess, provider: OpenIdProvider, browser: httpx.Client
) -> None:
    token = invite(control, "grace@example.com", "viewer")
    used = httpx.post(control.url + "/api/links/use", json={"token": token, "password": "correct horse"})
    assert used.status_code == 200
    for claims in ({"email_verified": False}, {"email_verified": "true"}, {"email_verified": None}, {"email": None}):
        provider.honest(**{"sub": "grace-1", "email": "grace@example.com", **claims})
        refused(browser, browser.get(way_back(browser)), "not say that the e-mail address is verified")
    provider.honest(sub="grace-1", email="Grace@Example.com")
    assert browser.get(way_back(browser)).status_code == 200
    assert browser.get("/api/me").json()["user"] == used.json()["user"]


def test_who_is_known_accepts_later_invitations_too(
    control: ControlProcess, provider: OpenIdProvider, browser: httpx.Client
) -> None:
    provider.honest(sub="mary-1", email="mary@example.com")

    def entered() -> dict[str, str]:
        """Organisation to role, after a new login."""
        browser.cookies.clear()
        answer = browser.get(way_back(browser))
        assert answer.status_code == 200, answer.text
        return {one["organisation"]["name"]: one["role"] for one in browser.get("/api/me").json()["organisations"]}

    invite(control, "mary@example.com", "viewer")
    assert entered() == {"default": "viewer"}
    # Another organisation invites her.
    with httpx.Client(base_url=control.url) as luna:
        used = {"token": invite(control, "luna@example.com", "owner"), "password": "correct horse"}
        luna.headers["X-CSRF-Token"] = luna.post("/api/links/use", json=used).json()["csrf"]
        moon = luna.post("/api/organisations", json={"name": "Moon"}).json()["id"]
        luna.headers["X-CSRF-Token"] = luna.post("/api/session", json={"organisation": moon}).json()["csrf"]
        invitation = {"email": "mary@example.com", "role": "admin"}
        luna.post("/api/members", json=invitation).raise_for_status()
        provider.honest(sub="mary-1", email="mary@example.com", email_verified=False)
        assert entered() == {"default": "viewer"}, "an address that nobody verified accepts nothing"
        provider.honest(sub="mary-1", email="mary@example.com")
        assert entered() == {"default": "viewer", "Moon": "admin"}
        # Removed from both, she is out until she is invited again.
        user = browser.get("/api/me").json()["user"]
        luna.delete(f"/api/members/{user}").raise_for_status()
        shown = {"Authorization": f"Bearer {control.token}"}
        httpx.delete(f"{control.url}/api/members/{user}", headers=shown).raise_for_status()
        browser.cookies.clear()
        refused(browser, browser.get(way_back(browser)), "belongs to no organisation")
        luna.post("/api/members", json=invitation).raise_for_status()
        assert entered() == {"Moon": "admin"}


def test_nobody_comes_in_uninvited(provider: OpenIdProvider, browser: httpx.Client) -> None:
    provider.honest(sub="eve-1", email="eve@example.com")
    refused(browser, browser.get(way_back(browser)), "nobody has invited eve@example.com")


@pytest.fixture
def invited(control: ControlProcess, provider: OpenIdProvider) -> str:
    """Somebody who would get in."""
    invite(control, "alan@example.com")
    provider.honest(sub="alan-1", email="alan@example.com")
    return "alan@example.com"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another client"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "azp"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"exp": int(time.time()) - 3600}, "expired"),
        ({"exp": None}, "exp"),
        ({"iat": int(time.time()) + 3600}, "issued in the future"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"at_hash": "of another token"}, "at_hash"),
    ],
)
def test_a_token_with_a_wrong_claim_lets_nobody_in(
    provider: OpenIdProvider, browser: httpx.Client, invited: str, claims: dict[str, Any], why: str
) -> None:
    provider.claims = claims
    refused(browser, browser.get(way_back(browser)), why)


@pytest.mark.parametrize(
    "forged",
    ["unsigned", "signed_with_what_is_public", "signed_with_the_client_s_secret", "signed_by_somebody_else"],
)
def test_a_forged_signature_lets_nobody_in(
    provider: OpenIdProvider, browser: httpx.Client, invited: str, forged: str
) -> None:
    provider.sign = getattr(provider, forged)
    refused(browser, browser.get(way_back(browser)), "ID token is not accepted")


def test_an_answer_that_belongs_to_another_login_lets_nobody_in(
    control: ControlProcess, provider: OpenIdProvider, browser: httpx.Client, invited: str
) -> None:
    back = way_back(browser)
    kept = dict(browser.cookies)
    refused(browser, browser.get(back.copy_set_param("state", "guessed")), "another login (state)")
    with httpx.Client(base_url=control.url) as stranger:  # a victim's browser, sent to the attacker's own answer
        refused(stranger, stranger.get(back), "no login was started in this browser")
        way_back(stranger)
        refused(stranger, stranger.get(back), "another login (state)")
        stranger.cookies.set("perihelion_login", kept["perihelion_login"][:-8] + "AAAAAAA=", path="/api/oidc")
        refused(stranger, stranger.get(back), "")
    with httpx.Client(base_url=control.url) as fresh:
        refused(fresh, fresh.get(CALLBACK, params={"error": "access_denied"}), "access_denied")
        refused(fresh, fresh.get(CALLBACK), "nothing")


def test_a_code_works_once(
    control: ControlProcess, provider: OpenIdProvider, browser: httpx.Client, invited: str
) -> None:
    back = way_back(browser)
    kept = dict(browser.cookies)
    assert browser.get(back).status_code == 200
    with httpx.Client(base_url=control.url, cookies=kept) as thief:
        refused(thief, thief.get(back), "completed before")
    with httpx.Client(base_url=control.url) as thief:
        own = way_back(thief)
        refused(thief, thief.get(own.copy_set_param("code", back.params["code"])), "invalid_grant")


def test_a_provider_that_names_itself_otherwise_is_not_asked(provider: OpenIdProvider, tmp_path: Path) -> None:
    provider.honest(sub="x", email="x@example.com")
    provider.document = {"issuer": "https://evil.example"}
    control = started(tmp_path / "data", provider)
    try:
        answer = httpx.get(control.url + "/api/oidc/login")
        assert answer.status_code == 502 and "https://evil.example" in answer.text
    finally:
        control.end()


def test_first_comers_get_the_role_that_is_set_where_their_domain_may(provider: OpenIdProvider, tmp_path: Path) -> None:
    control = started(tmp_path / "data", provider, ROLE="viewer", DOMAINS="example.com, moon.example")
    try:
        with httpx.Client(base_url=control.url) as browser:
            for email in ("eve@evil.example", "eve@evil-example.com", "eve@sub.example.com"):
                provider.honest(sub="eve", email=email)
                refused(browser, browser.get(way_back(browser)), "oidc.domains")
            provider.honest(sub="new", email="new@Moon.example")
            assert browser.get(way_back(browser)).status_code == 200
            assert browser.get("/api/me").json()["role"] == "viewer"
            provider.honest(sub="new", email="new@evil.example")
        with httpx.Client(base_url=control.url) as browser:
            refused(browser, browser.get(way_back(browser)), "oidc.domains")
    finally:
        control.end()


def test_without_a_provider_there_is_no_button_and_no_way(tmp_path: Path) -> None:
    control = ControlProcess(tmp_path / "data").start().ready()
    try:
        assert httpx.get(control.url + "/api/login").json() == {"oidc": "", "entered": False}
        assert httpx.get(control.url + "/api/oidc/login").status_code == 404
        assert httpx.get(control.url + CALLBACK, params={"code": "x", "state": "y"}).status_code == 401
    finally:
        control.end()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"OIDC_ISSUER": "http://idp.example", "OIDC_CLIENT_ID": "x"}, "oidc.issuer"),
        ({"OIDC_ISSUER": "https://idp.example"}, "oidc.client_id"),
        ({"OIDC_ROLE": "owner"}, "oidc.role"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, str], name: str) -> None:
    with pytest.raises(SettingError, match=name):
        load(environ={f"PERIHELION_{key}": value for key, value in settings.items()})
