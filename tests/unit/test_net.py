"""The control plane's HTTP client reaches public addresses and what the operator configured, within bounds."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from proxy.net import connect
from proxy.net.client import HttpClient, HttpError

MAX_BYTES = 10_000


class Server(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, bytes]]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.seen.append((self.path, self.headers.get("authorization", ""), body))
        if self.path.startswith("/to="):
            self.send_response(302)
            self.send_header("location", self.path.removeprefix("/to="))
            self.send_header("content-length", "0")
            self.end_headers()
            return
        size = int(self.path.removeprefix("/")) if self.path[1:].isdigit() else 2
        self.send_response(200)
        self.send_header("content-length", str(size))
        self.send_header("x-name", "value")
        self.end_headers()
        self.wfile.write(b"x" * size)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    Server.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_configured_origin_may_be_private(origin: str) -> None:
    response = HttpClient([origin]).request("POST", origin + "/a?b=c", headers={"Authorization": "x"}, content=b"body")
    assert (response.status, response.headers["x-name"], response.body) == (200, "value", b"xx")
    assert Server.seen == [("/a?b=c", "x", b"body")]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "0.0.0.0", "0x7f.1"],
)
def test_any_other_private_address_is_refused_before_a_connection(origin: str, host: str) -> None:
    port = origin.rpartition(":")[2]
    with pytest.raises(HttpError, match=r"not a public address|has no address"):
        HttpClient().request("GET", f"http://{host}:{port}/")
    assert Server.seen == []


def test_another_port_of_a_configured_host_is_not_trusted(origin: str) -> None:
    with pytest.raises(HttpError, match="not a public address"):
        HttpClient(["http://127.0.0.1:1"]).request("GET", origin)


def test_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_resolve", lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(HttpError, match=r"10\.0\.0\.1, which is not a public address"):
        HttpClient().request("GET", "http://example.com/")


def test_redirects_are_responses_unless_asked_for(origin: str) -> None:
    client = HttpClient([origin])
    assert client.request("GET", f"{origin}/to={origin}/end").status == 302
    assert client.request("GET", f"{origin}/to={origin}/end", max_redirects=1).status == 200
    assert [path for path, _, _ in Server.seen][-1] == "/end"


def test_a_followed_redirect_is_checked_and_gets_no_credentials(origin: str) -> None:
    client = HttpClient([origin])
    with pytest.raises(HttpError, match="not a public address"):
        client.request("GET", f"{origin}/to=http://169.254.169.254/latest", max_redirects=3)
    client.request("GET", f"{origin}/to={origin}/end", headers={"Authorization": "secret"}, max_redirects=1)
    assert [authorization for _, authorization, _ in Server.seen[-2:]] == ["secret", ""]
    with pytest.raises(HttpError, match="more than 2 redirects"):
        client.request("GET", f"{origin}/to={origin}/to={origin}/to={origin}/to={origin}/end", max_redirects=2)


def test_an_answer_above_the_bound_is_refused(origin: str) -> None:
    client = HttpClient([origin], max_bytes=MAX_BYTES)
    assert len(client.request("GET", f"{origin}/{MAX_BYTES}").body) == MAX_BYTES
    with pytest.raises(HttpError, match="larger than 10000 bytes"):
        client.request("GET", f"{origin}/{MAX_BYTES + 1}")


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "http://", "https://[", "http://a:99999/", ""]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(HttpError):
        HttpClient().request("GET", url)


def test_an_origin_that_is_down_is_an_error_that_names_it(origin: str) -> None:
    with pytest.raises(HttpError, match=r"http://127\.0\.0\.1:1/"):
        HttpClient(["http://127.0.0.1:1"]).request("GET", "http://127.0.0.1:1/")
