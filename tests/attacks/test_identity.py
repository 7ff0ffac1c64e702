"""Who somebody is: addresses that others took first, guesses, and what strangers hold open on the control plane."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from proxy.control.client_address import client_address, parse_networks, throttled_name
from proxy.core.errors import SettingError
from proxy.core.settings import load
from tests.attacks.on_control import unfinished
from tests.e2e.control_process import ControlProcess
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    running = OpenIdProvider()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider) -> Iterator[ControlProcess]:
    """Knows an OpenID provider, and trusts a proxy on this machine."""
    process = ControlProcess(
        tmp_path_factory.mktemp("identity") / "data",
        PERIHELION_OIDC_ISSUER=provider.issuer,
        PERIHELION_OIDC_CLIENT_ID=CLIENT_ID,
        PERIHELION_OIDC_CLIENT_SECRET=CLIENT_SECRET,
        PERIHELION_CONTROL_TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8",
    )
    yield process.start().ready()
    process.end()


@pytest.fixture
def browser(control: ControlProcess) -> Iterator[Callable[..., httpx.Client]]:
    """Browsers, each from an address of its own."""
    opened: list[httpx.Client] = []

    def open_one(address: str) -> httpx.Client:
        opened.append(httpx.Client(base_url=control.url, timeout=30, headers={"X-Forwarded-For": address}))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture(scope="module")
def local(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}, timeout=30) as client:
        yield client


def made(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def invitation(inviter: httpx.Client, email: str, role: str) -> str:
    path: str = made(inviter.post("/api/members", json={"email": email, "role": role}), 201)["path"]
    return path.partition("token=")[2]


def enter(client: httpx.Client, token: str, password: str = PASSWORD) -> dict[str, Any]:
    found: dict[str, Any] = made(client.post("/api/links/use", json={"token": token, "password": password}))
    client.headers["X-CSRF-Token"] = found["csrf"]
    return found


def log_in(client: httpx.Client, email: str, password: str) -> httpx.Response:
    return client.post("/api/login", json={"email": email, "password": password})


def enter_by_provider(client: httpx.Client) -> None:
    there = client.get("/api/oidc/login")
    back = httpx.get(there.headers["location"])
    assert client.get(back.headers["location"]).status_code == 200


def test_what_was_set_before_an_address_was_proved_ends(
    local: httpx.Client, browser: Callable[..., httpx.Client], provider: OpenIdProvider
) -> None:
    # Mallory owns an organisation, and takes the address of somebody who has not come yet.
    mallory = browser("198.51.100.1")
    enter(mallory, invitation(local, "mallory@example.com", "owner"))
    theirs = made(mallory.post("/api/organisations", json={"name": "Mallory's"}), 201)["id"]
    there = made(mallory.post("/api/session", json={"organisation": theirs}))
    mallory.headers["X-CSRF-Token"] = there["csrf"]
    taken = browser("198.51.100.2")
    enter(taken, invitation(mallory, "ada@example.com", "viewer"), "known to mallory")
    # The owner of the address is invited elsewhere, and proves the address.
    invitation(local, "ada@example.com", "owner")
    provider.honest(sub="ada-1", email="ada@example.com")
    ada = browser("198.51.100.3")
    enter_by_provider(ada)
    belongs = made(ada.get("/api/me"))["organisations"]
    assert {one["role"] for one in belongs} == {"owner", "viewer"}
    assert taken.get("/api/me").status_code == 401
    assert log_in(browser("198.51.100.4"), "ada@example.com", "known to mallory").status_code == 401
    # What the owner sets afterwards stays.
    path = made(local.post("/api/password-resets", json={"email": "ada@example.com"}), 201)["path"]
    enter(browser("198.51.100.5"), path.partition("token=")[2], "set by ada herself")
    enter_by_provider(ada)
    assert log_in(browser("198.51.100.6"), "ada@example.com", "set by ada herself").status_code == 200


def test_a_link_of_one_organisation_opens_no_account_of_another(
    local: httpx.Client, browser: Callable[..., httpx.Client]
) -> None:
    enter(browser("198.51.100.10"), invitation(local, "grace@example.com", "admin"))
    used = {"token": invitation(local, "grace@example.com", "owner"), "password": "a new one of the inviter"}
    answer = browser("198.51.100.11").post("/api/links/use", json=used)
    assert answer.status_code == 401 and "perihelion users reset" in answer.text
    assert log_in(browser("198.51.100.12"), "grace@example.com", PASSWORD).status_code == 200


def test_a_login_of_ones_own_forgets_no_guesses(local: httpx.Client, browser: Callable[..., httpx.Client]) -> None:
    enter(browser("203.0.113.1"), invitation(local, "eve@example.com", "viewer"))
    client = browser("203.0.113.2")
    statuses = []
    for turn in range(4):
        statuses += [log_in(client, f"victim-{turn}-{n}@example.com", "a guess").status_code for n in range(3)]
        statuses.append(log_in(client, "eve@example.com", PASSWORD).status_code)
    assert 429 in statuses
    assert statuses.count(401) < 8


def test_trusted_proxies_tell_clients_apart(browser: Callable[..., httpx.Client]) -> None:
    statuses = [log_in(browser("203.0.113.9"), "x@example.com", "a guess").status_code for _ in range(8)]
    assert statuses[-1] == 429
    assert log_in(browser("203.0.113.10"), "y@example.com", "a guess").status_code == 401
    # What a client itself puts before the proxy's entry is not believed.
    spoofed = [log_in(browser(f"192.0.2.{n}, 203.0.113.11"), f"{n}@example.com", "a guess") for n in range(8)]
    assert spoofed[-1].status_code == 429


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("192.0.2.1", ["203.0.113.1"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.1, 10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["203.0.113.1:4711"], "203.0.113.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["203.0.113.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("::ffff:10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
    ],
)
def test_the_client_behind_proxies(peer: str, headers: list[str], client: str) -> None:
    assert client_address(peer, headers, parse_networks("10.0.0.0/8")) == client


def test_a_network_of_ipv6_is_one_client() -> None:
    assert throttled_name("2001:db8:1:2::3") == throttled_name("2001:db8:1:2:ffff::4")
    assert throttled_name("2001:db8:1:2::3") != throttled_name("2001:db8:1:3::3")


@pytest.mark.parametrize("length", [b"Content-Length: 90\r\n\r\n{", b""])
def test_unfinished_requests_of_one_address_stop_nobody(
    control: ControlProcess, browser: Callable[..., httpx.Client], length: bytes
) -> None:
    statuses: list[int] = []

    def others() -> None:
        for number in range(5):
            statuses.append(browser(f"198.51.100.{50 + number}").get("/healthz").status_code)

    head = b"POST /api/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nX-Forwarded-For: 192.0.2.7\r\n"
    unfinished(int(control.url.rpartition(":")[2]), 1100, head + length, others)
    assert statuses == [200] * 5


def test_a_key_is_shown_to_nobody_but_the_one_who_made_it(
    local: httpx.Client, browser: Callable[..., httpx.Client]
) -> None:
    asked, named = {"name": "backend", "scopes": ["read"]}, {"Idempotency-Key": "make-the-key"}
    first, second = browser("198.51.100.20"), browser("198.51.100.21")
    enter(first, invitation(local, "linus@example.com", "admin"))
    enter(second, invitation(local, "judy@example.com", "admin"))
    key = made(first.post("/api/keys", json=asked, headers=named), 201)["key"]
    assert made(first.post("/api/keys", json=asked, headers=named), 201)["key"] == key
    other = second.post("/api/keys", json=asked, headers=named)
    assert other.status_code == 409 and key not in other.text


def test_networks_that_are_none_are_refused() -> None:
    with pytest.raises(SettingError, match=r"control\.trusted_proxies"):
        load(environ={"PERIHELION_CONTROL_TRUSTED_PROXIES": "10.0.0.0/8, proxy.local"})
