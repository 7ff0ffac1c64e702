"""`Helicone-Moderations-Enabled`: OpenAI's moderation endpoint, or one that answers in its form."""

from typing import Any, Final

from proxy.core.clock import monotonic
from proxy.core.errors import SettingError
from proxy.core.settings import Settings
from proxy.gateway.directory import Directory
from proxy.gateway.guards.base import CheckedCall, Verdict
from proxy.gateway.guards.endpoint import CheckFailed, Endpoint, Url
from proxy.gateway.guards.texts import cut_text
from proxy.providers.index import Catalog
from proxy.providers.origin import parse_origin

__all__ = ["Moderation"]

_PROVIDER: Final = "openai"
_PATH: Final = "/v1/moderations"
_PIECE: Final = 20_000
"""Characters of one input."""
_OVERLAP: Final = 200
_INPUTS: Final = 32
"""Inputs of one request."""


class Moderation:
    """Sends every text as an input of its own, and flags the call where one of them is flagged.

    The credential is the caller's own where the call itself goes to OpenAI at the same origin, else the OpenAI key that
    the organisation stored, else `guard.moderation_key`. The first two are sent to OpenAI's origin only.
    """

    name = "moderation"
    header = "Helicone-Moderations-Enabled"
    code = "PROMPT_FLAGGED_FOR_MODERATION"
    complaint = "The given prompt was flagged by the moderation endpoint"

    def __init__(self, settings: Settings, catalog: Catalog, endpoint: Endpoint, directory: Directory) -> None:
        named = settings.get_str("guard.moderation_url")
        openai = catalog.providers[_PROVIDER].origin
        found = parse_origin(named or openai + _PATH)
        if isinstance(found, str):
            expected = f"an http:// or https:// URL; it has {found}"
            raise SettingError("guard.moderation_url", named, expected, settings.source("guard.moderation_url"))
        origin, path, query = found
        self._url = Url(origin, (path or "/") + (f"?{query}" if query else ""))
        own = parse_origin(openai)
        self._is_openai = not isinstance(own, str) and own[0].url == origin.url
        self._model = settings.get_str("guard.moderation_model")
        self._key = settings.get_str("guard.moderation_key")
        self._endpoint = endpoint
        self._directory = directory

    async def check(self, call: CheckedCall) -> Verdict:
        began = monotonic()
        if not call.texts:
            return Verdict(self.name, "no_text")
        inputs = [piece for text in call.texts for piece in cut_text(text, _PIECE, _OVERLAP)]
        source = self._url.origin.host
        flagged: dict[str, None] = {}
        try:
            authorization = self._authorization(call)
            for at in range(0, len(inputs), _INPUTS):
                asked: dict[str, Any] = {"input": inputs[at : at + _INPUTS]}
                if self._model:
                    asked["model"] = self._model
                flagged |= dict.fromkeys(self._read(await self._endpoint.ask(self._url, authorization, asked), asked))
        except CheckFailed as error:
            return Verdict(
                self.name, "error", source=source, error=str(error), lasting=error.lasting, took_s=monotonic() - began
            )
        outcome: Any = "flagged" if flagged else "passed"
        return Verdict(self.name, outcome, tuple(flagged), source, took_s=monotonic() - began)

    def _authorization(self, call: CheckedCall) -> str:
        request = call.request
        if self._is_openai:
            route = request.route
            is_there = route.provider.name == _PROVIDER and route.origin.url == self._url.origin.url
            if is_there and request.head.authorization:
                return request.head.authorization
            stored = self._directory.credential(request.identity.org, _PROVIDER)
            if stored:
                return f"Bearer {stored}"
        if self._key:
            return f"Bearer {self._key}"
        if self._is_openai:
            raise CheckFailed(
                "there is no OpenAI key to ask the moderation endpoint with: send one with a call to OpenAI, store one "
                "for the organisation (PUT /api/credentials/openai), or set guard.moderation_key",
                lasting=True,
            )
        return ""

    def _read(self, answer: Any, asked: dict[str, Any]) -> list[str]:
        """The flagged categories. Raises `CheckFailed` for an answer of another form: it must not count as passed."""
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(asked["input"]):
            raise CheckFailed(f"{self._url.origin.host}: the answer does not have one result for each input")
        labels: list[str] = []
        for result in results:
            if not isinstance(result, dict) or not isinstance(result.get("flagged"), bool):
                raise CheckFailed(f"{self._url.origin.host}: a result does not say whether it is flagged")
            if result["flagged"]:
                categories = result.get("categories")
                named = [str(name) for name, hit in categories.items() if hit] if isinstance(categories, dict) else []
                labels += named or ["flagged"]
        return labels
