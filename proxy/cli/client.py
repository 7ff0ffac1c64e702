"""HTTP client of the command line for the control plane."""

import contextlib
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import urlencode

from proxy.cli.options import refuse
from proxy.cli.terminal import cell
from proxy.core.settings import Settings

__all__ = ["ask", "control_url", "credential", "download"]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: to follow it would show the credential to whoever it names."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def control_url(settings: Settings, url: str) -> str:
    """`url`, or where these settings say that the control plane listens."""
    if url:
        return url.rstrip("/")
    host = settings.get_str("control.host")
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{settings.get_int('control.port')}"


def ask(
    settings: Settings,
    url: str,
    path: str,
    query: list[tuple[str, str]] | None = None,
    *,
    method: str = "GET",
    body: object = None,
    about: str = "",
    retries: int = 0,
) -> Any:
    """The JSON that the control plane answers; where it does not, ends the command with one sentence, `about` first.

    Authenticates with PERIHELION_API_KEY, or with the token in this machine's data folder. `retries` is for what may be
    sent twice: so often it is sent again where nobody answered, or where the answer is 502, 503 or 504."""
    for retry in range(retries):
        try:
            return _send(_request(settings, url, path, query, method, body)[0])
        except urllib.error.HTTPError as error:
            if error.code not in (502, 503, 504):
                break
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError):
            pass
        time.sleep(min(2.0**retry, 10.0))
    request, source = _request(settings, url, path, query, method, body)  # a restarted control plane has a new token
    with _answered(url, source, about):
        return _send(request)


def _send(request: urllib.request.Request) -> Any:
    with _OPENER.open(request, timeout=60) as answer:
        return json.load(answer)


def download(settings: Settings, url: str, path: str, body: object, out: BinaryIO) -> int:
    """Copies what the control plane answers to a POST of `body`, of any size, and returns how many bytes it is. Ends
    the command as `ask` does, also where the answer breaks off."""
    request, source = _request(settings, url, path, None, "POST", body)
    size = 0
    with _answered(url, source), _OPENER.open(request, timeout=600) as answer:
        while piece := answer.read(1 << 18):
            out.write(piece)
            size += len(piece)
    return size


def _request(
    settings: Settings, url: str, path: str, query: list[tuple[str, str]] | None, method: str, body: object
) -> tuple[urllib.request.Request, str]:
    """Returns the request, and where its credential is from."""
    whole = f"{url}{path}" + (f"?{urlencode(query)}" if query else "")
    token, source = _credential(settings)
    request = urllib.request.Request(whole, method=method, headers={"Authorization": f"Bearer {token}"})
    if body is not None:
        request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    return request, source


@contextlib.contextmanager
def _answered(url: str, source: str, about: str = "") -> Iterator[None]:
    """Ends the command with one sentence where the control plane does not answer, or not with success."""
    try:
        yield
    except urllib.error.HTTPError as error:
        refuse(about + _problem(error) + (f" {source}" if error.code == 401 else ""), 1)
    except http.client.HTTPException:
        refuse(f"the answer of the control plane at {url} broke off; its log may say why", 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        refuse(f"the control plane at {url} does not answer ({reason}). Is `perihelion serve` running? (--url)", 1)


def credential(settings: Settings) -> str:
    """The key in PERIHELION_API_KEY, or the token in this machine's data folder."""
    return _credential(settings)[0]


def _credential(settings: Settings) -> tuple[str, str]:
    """Returns the credential, and a sentence that says where it was looked for."""
    key = os.environ.get("PERIHELION_API_KEY", "")
    if key:
        return key, "Sent was the key in PERIHELION_API_KEY."
    file = settings.layout.control_token
    other = "name the data folder of the control plane (--set data=…), or set PERIHELION_API_KEY."
    try:
        return file.read_text("ascii").strip(), f"Sent was the token in {file}; {other}"
    except OSError:
        return "none", f"There is no {file}; {other}"


def _problem(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.load(error)
        return cell(f"{problem.get('title', error.code)}: {problem.get('detail', '')}")
    except ValueError:
        return f"the control plane answered {error.code}"
