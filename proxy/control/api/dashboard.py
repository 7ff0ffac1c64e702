"""The dashboard's files: `/assets/…` never change under their name, every other page address gets `index.html`.

They are built from `dashboard/` (see `setup.py`) and lie in `proxy/control/dist` of an installed package, or in
`dashboard/dist` of a checkout. Where they are absent, the page says so, and the API works all the same.
"""

import mimetypes
import secrets
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from litestar import MediaType, Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from proxy.control.auth import COOKIE, NOBODY, needs

__all__ = ["DASHBOARD_ROUTES", "POLICY", "dashboard_page", "is_built"]

_PLACES: Final = (
    Path(__file__).parent.parent / "dist",
    Path(__file__).parent.parent.parent.parent / "dashboard" / "dist",
)
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_NONCE: Final = "__NONCE__"
_KNOWN: Final = "__KNOWN__"
_MAX_NAME: Final = 128
"""Bytes. File systems take 255, the ending of a packed file included."""
_NOT_PAGES: Final = ("api/", "v1/", "oai/", "anthropic/", "custom/", "assets/", "mcp")
_ABSENT: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Perihelion</title>
<h1>The dashboard is not built</h1>
<p>This installation was built without Node, so it has no pages. The API works: see
<a href="/api/schema">/api/schema</a>.</p>
<p>To build them, run <code>make dashboard</code> in a checkout, or install a wheel that has them.</p></html>
"""


@cache
def _folder() -> Path | None:
    return next((place for place in _PLACES if (place / "index.html").is_file()), None)


@lru_cache(256)
def _read(place: Path, changed_ns: int) -> bytes:
    """The content of a file, read once: the files are few, and a page's addresses are asked for again and again."""
    return place.read_bytes()


@get("/assets/{name:str}", opt=needs(NOBODY), include_in_schema=False)
async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A file whose name holds a digest of its content."""
    return _file(request, f"assets/{name}", "public, max-age=31536000, immutable")


@get("/mark.svg", opt=needs(NOBODY), include_in_schema=False)
async def mark(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The icon."""
    return _file(request, "mark.svg", "public, max-age=86400")


@get("/", opt=needs(NOBODY), include_in_schema=False)
async def index(request: Request[Any, Any, Any]) -> Response[str]:
    """The page; it reads its own address."""
    return dashboard_page(request)


@get("/{path:path}", opt=needs(NOBODY), include_in_schema=False)
async def index_below(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[str]:
    """The page at any address of its own. Raises `NotFoundException` for what can be no page's address."""
    if path.lstrip("/").startswith(_NOT_PAGES):
        raise NotFoundException(detail=f"There is nothing at {path}.")
    return dashboard_page(request)


def is_built() -> bool:
    """Whether there are pages."""
    return _folder() is not None


def dashboard_page(request: Request[Any, Any, Any]) -> Response[str]:
    """The page of every address, with a policy and a nonce of its own. It says whether the request had
    credentials: the page of a first visit asks nothing that would be answered 401."""
    nonce = secrets.token_urlsafe(16)
    folder = _folder()
    known = COOKIE in request.cookies or "authorization" in request.headers
    text = _ABSENT if folder is None else _content(folder / "index.html").decode()
    text = text.replace(_NONCE, nonce).replace(_KNOWN, "yes" if known else "no")
    headers = {
        "content-security-policy": POLICY.format(nonce=nonce),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Response(text, media_type=MediaType.HTML, headers=headers, status_code=200 if folder else 503)


def _file(request: Request[Any, Any, Any], name: str, cached: str) -> Response[bytes]:
    folder = _folder()
    place = folder / name if folder else None
    too_long = len(name.encode()) > _MAX_NAME  # for the file system, which would not say that there is no such file
    if place is None or too_long or "/" in name.removeprefix("assets/") or not place.is_file():
        raise NotFoundException(detail=f"There is no file {name} in this version of the dashboard.")
    headers = {"cache-control": cached, "vary": "Accept-Encoding", "x-content-type-options": "nosniff"}
    accepted = request.headers.get("accept-encoding", "")
    body = place
    for coding, ending in (("br", ".br"), ("gzip", ".gz")):
        packed = place.with_name(place.name + ending)
        if coding in accepted and packed.is_file():
            headers["content-encoding"] = coding
            body = packed
            break
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(_content(body), media_type=kind, headers=headers)


def _content(place: Path) -> bytes:
    return _read(place, place.stat().st_mtime_ns)


DASHBOARD_ROUTES: Final[list[Any]] = [asset, mark, index, index_below]
