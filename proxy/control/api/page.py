"""`/login`: the page behind a one-time link, and the way in with a password."""

from typing import Final

from litestar import MediaType, get
from litestar.response import Response

from proxy.control.auth import NOBODY, needs

__all__ = ["login_page"]

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Perihelion</title>
<meta name="viewport" content="width=device-width">
<style>
body { font: 16px system-ui, sans-serif; max-width: 22rem; margin: 12vh auto; padding: 0 1rem; color: #222 }
input, button { font: inherit; width: 100%; box-sizing: border-box; margin: .3rem 0 1rem; padding: .5rem }
output { color: #b00020 }
</style>
<h1>Perihelion</h1>
<form>
<label>E-mail <input name="email" type="email" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Go in</button>
<output></output>
</form>
<script>
const token = new URLSearchParams(location.search).get("token");
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = Object.fromEntries(new FormData(event.target));
  const answer = await fetch(token ? "/api/links/use" : "/api/login", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify(token ? { ...asked, token } : asked),
  });
  const told = await answer.json();
  document.querySelector("output").textContent = answer.ok ? "You are in: " + told.role : told.detail;
});
</script>
</html>
"""


@get("/login", sync_to_thread=False, opt=needs(NOBODY), include_in_schema=False, media_type=MediaType.HTML)
def login_page() -> Response[str]:
    """A form; nothing of the link is in the page itself."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
    headers = {"content-security-policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
               "referrer-policy": "no-referrer", "cache-control": "no-store"}  # fmt: skip
    return Response(_PAGE, media_type=MediaType.HTML, headers=headers)
