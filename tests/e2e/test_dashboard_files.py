"""How the control plane serves the dashboard: strict policy, files that never change, a word where it is not built."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from tests.stack import ROOT, Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("dashboard")) as started:
        yield started


def fetch(stack: Stack, path: str, **headers: str) -> tuple[int, Message, bytes]:
    request = urllib.request.Request(stack.control + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


needs_dist = pytest.mark.skipif(
    not (ROOT / "dashboard" / "dist" / "index.html").is_file(), reason="dashboard/dist is not built (no Node?)"
)


@needs_dist
@pytest.mark.parametrize("path", ["/", "/requests", "/requests/01a21d5f-0299-7598-b6d2-de375cbf80a6?q=status>400"])
def test_every_page_address_gets_the_page_with_a_policy_and_a_nonce_of_its_own(stack: Stack, path: str) -> None:
    status, head, body = fetch(stack, path.replace(">", "%3E"))
    assert (status, head["cache-control"]) == (200, "no-store")
    policy = head["content-security-policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'content="{nonce[1]}"'.encode() in body
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert re.findall(rb"<script(?![^>]* src=)", body) == []
    assert nonce[1].encode() not in fetch(stack, "/")[2]


@needs_dist
def test_the_page_knows_whether_it_was_asked_for_with_credentials(stack: Stack) -> None:
    assert b'name="caller-known" content="no"' in fetch(stack, "/")[2]
    for headers in ({"Cookie": "perihelion_session=any"}, {"Authorization": "Bearer any"}):
        assert b'name="caller-known" content="yes"' in fetch(stack, "/requests", **headers)[2]


@needs_dist
def test_assets_never_change_and_come_compressed(stack: Stack) -> None:
    script = re.search(rb'src="(/assets/[^"]+\.js)"', fetch(stack, "/")[2])
    assert script is not None
    path = script[1].decode()
    plain = fetch(stack, path)
    assert plain[0] == 200
    assert plain[1]["content-type"].startswith("text/javascript")
    assert "immutable" in plain[1]["cache-control"]
    packed = fetch(stack, path, **{"Accept-Encoding": "gzip"})
    assert packed[1]["content-encoding"] == "gzip"
    assert len(packed[2]) < len(plain[2]) / 2


@pytest.mark.parametrize("path", ["/api/nothing", "/v1/nothing", "/assets/nothing.js", "/assets/..%2findex.html"])
def test_what_is_no_page_is_404(stack: Stack, path: str) -> None:
    status, head, _ = fetch(stack, path)
    assert (status, head["content-type"]) == (404, "application/problem+json")


def test_without_its_files_the_page_says_so(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from litestar import Litestar
    from litestar.testing import TestClient

    from proxy.control.api import dashboard

    monkeypatch.setattr(dashboard, "_PLACES", (tmp_path,))
    dashboard._folder.cache_clear()
    try:
        with TestClient(Litestar(dashboard.DASHBOARD_ROUTES)) as client:
            answer = client.get("/requests")
        assert answer.status_code == 503
        assert "make dashboard" in answer.text
    finally:
        dashboard._folder.cache_clear()


@pytest.mark.parametrize("name", ["a" * 300, "%F0%9D%95%8F" * 70, "%00"])
def test_an_odd_name_of_a_file_is_404(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from litestar import Litestar
    from litestar.testing import TestClient

    from proxy.control.api import dashboard

    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("the page")
    monkeypatch.setattr(dashboard, "_PLACES", (tmp_path,))
    dashboard._folder.cache_clear()
    try:
        with TestClient(Litestar(dashboard.DASHBOARD_ROUTES), raise_server_exceptions=False) as client:
            assert client.get("/requests").text == "the page"
            assert client.get(f"/assets/{name}").status_code == 404
    finally:
        dashboard._folder.cache_clear()


def test_without_its_files_there_is_a_plain_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from litestar import Litestar
    from litestar.datastructures import State
    from litestar.testing import TestClient

    from proxy.control.api import dashboard, page
    from proxy.core.settings import load

    monkeypatch.setattr(dashboard, "_PLACES", (tmp_path,))
    dashboard._folder.cache_clear()
    settings = load(environ={"PERIHELION_OIDC_NAME": "<Moon & Sun>"})
    try:
        for oidc, offered in ((object(), True), (None, False)):
            state = State({"plane": SimpleNamespace(oidc=oidc, settings=settings)})
            with TestClient(Litestar([page.login_page], state=state)) as client:
                answer = client.get("/login")
            assert answer.status_code == 200 and "<form>" in answer.text
            assert ("Log in with &lt;Moon &amp; Sun&gt;" in answer.text) is offered
    finally:
        dashboard._folder.cache_clear()
