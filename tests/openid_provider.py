"""A small OpenID provider on a free port: discovery, authorize, token, keys. It signs what it is told to sign."""

import base64
import hmac
import json
import secrets
import threading
import time
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

__all__ = ["OpenIdProvider"]

CLIENT_ID, CLIENT_SECRET = "perihelion", "a secret: of two & parts"


class OpenIdProvider:
    """Whoever comes is `person` and is sent back at once. `claims`, `sign` and `document` spoil what it says."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self.person: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.sign = self.signed
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        """What came to the authorization endpoint."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                at = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(at.query).items()}
                if at.path == "/authorize":
                    self._redirect(provider.authorize(query))
                elif at.path == "/.well-known/openid-configuration":
                    self._say(200, provider.discovery())
                elif at.path == "/keys":
                    self._say(200, {"keys": [provider.key.as_dict(private=False)]})
                else:
                    self._say(404, {})

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                form = {name: values[0] for name, values in parse_qs(text).items()}
                self._say(*provider.token(form, self.headers.get("authorization", "")))

            def _redirect(self, where: str) -> None:
                self.send_response(302)
                self.send_header("location", where)
                self.send_header("content-length", "0")
                self.end_headers()

            def _say(self, status: int, told: Any) -> None:
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def honest(self, **person: Any) -> None:
        """Says the truth again, about this person."""
        self.person = {"email_verified": True, **person}
        self.claims, self.document, self.sign = {}, {}, self.signed

    def discovery(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.issuer} | {name: self.issuer + path for name, path in paths.items()} | self.document

    def authorize(self, query: dict[str, str]) -> str:
        assert query["response_type"] == "code" and query["client_id"] == CLIENT_ID, query
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        self.asked.append(query)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        basic = base64.b64encode(f"{CLIENT_ID}:a+secret%3A+of+two+%26+parts".encode()).decode()
        asked = self.codes.pop(form["code"], None)  # a code works once
        verifier = _base64(sha256(form["code_verifier"].encode()).digest())
        if authorization != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        if asked is None or verifier != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= self.person | self.claims
        told = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "of no use", "token_type": "Bearer", "id_token": self.sign(told)}

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "first"}, claims, self.key)

    def unsigned(self, claims: dict[str, Any]) -> str:
        """`alg: none`, as libraries once took it."""
        return _text({"alg": "none", "kid": "first"}, claims) + "."

    def signed_with_what_is_public(self, claims: dict[str, Any]) -> str:
        """HS256, its shared key being the public key's text."""
        return _shared(claims, self.key.as_pem(private=False))

    def signed_with_the_client_s_secret(self, claims: dict[str, Any]) -> str:
        """HS256, as the specification would let those do it who agreed on it."""
        return _shared(claims, CLIENT_SECRET.encode())

    def signed_by_somebody_else(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "first"}, claims, RSAKey.generate_key(2048))


def _text(*parts: Any) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in parts)


def _shared(claims: dict[str, Any], key: bytes) -> str:
    text = _text({"alg": "HS256", "kid": "first"}, claims)
    return f"{text}.{_base64(hmac.digest(key, text.encode(), 'sha256'))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
