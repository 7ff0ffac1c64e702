"""`/login`: the dashboard's login page, or a plain one where the dashboard is not built."""

import base64
import hashlib
import html
from typing import Any, Final

from litestar import MediaType, Request, get
from litestar.response import Response

from proxy.control.api.dashboard import dashboard_page, is_built
from proxy.control.auth import NOBODY, needs
from proxy.control.plane import ControlPlane

__all__ = ["login_page", "page"]

_STYLE: Final = """
body { font: 16px system-ui, sans-serif; max-width: 22rem; margin: 12vh auto; padding: 0 1rem; color: #222 }
input, button, .button { font: inherit; width: 100%; box-sizing: border-box; margin: .3rem 0 1rem; padding: .5rem }
.button { display: block; text-align: center; border: 1px solid #888; border-radius: 3px; color: inherit;
          text-decoration: none }
output { color: #b00020 }
"""
_SCRIPT: Final = """
const token = new URLSearchParams(location.search).get("token");
const say = (text) => { document.querySelector("output").textContent = text };
const next = new URLSearchParams(location.search).get("next") || "/";
const entered = (answer) => { if (answer.ok) location.replace(/^[/](?![/\\\\])/.test(next) ? next : "/") };
if (!token) fetch("/api/me").then(entered);
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = Object.fromEntries(new FormData(event.target));
  const answer = await fetch(token ? "/api/links/use" : "/api/login", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify(token ? { ...asked, token } : asked),
  });
  if (answer.ok) await entered(answer); else say((await answer.json()).detail);
});
"""
_FRAME: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Perihelion</title>
<meta name="viewport" content="width=device-width">
<style>{style}</style>
<h1>Perihelion</h1>
{inside}
</html>
"""
_FORM: Final = f"""<form>
<label>E-mail <input name="email" type="email" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Go in</button>
<output></output>
</form>
<script>{_SCRIPT}</script>"""


def _only(text: str) -> str:
    """The source of a policy that lets this inline text through, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY: Final = (
    f"default-src 'none'; style-src {_only(_STYLE)}; script-src {_only(_SCRIPT)}; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def page(inside: str, status: int) -> Response[str]:
    """A page of ours around `inside`, which is HTML."""
    headers = {"content-security-policy": _POLICY, "referrer-policy": "no-referrer", "cache-control": "no-store"}
    return Response(
        _FRAME.format(style=_STYLE, inside=inside), status_code=status, media_type=MediaType.HTML, headers=headers
    )


@get("/login", sync_to_thread=False, opt=needs(NOBODY), include_in_schema=False, media_type=MediaType.HTML)
def login_page(request: Request[Any, Any, Any]) -> Response[str]:
    """The dashboard's page; where it is not built, a plain form. Nothing of the link is in the page itself."""
    if is_built():
        return dashboard_page(request)
    plane: ControlPlane = request.app.state.plane
    button = ""
    if plane.oidc is not None:
        name = html.escape(plane.settings.get_str("oidc.name"))
        button = f'\n<a class="button" href="/api/oidc/login">Log in with {name}</a>'
    return page(_FORM + button, 200)
