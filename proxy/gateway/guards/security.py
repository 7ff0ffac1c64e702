"""`Helicone-LLM-Security-Enabled`: a classifier of prompt injections and jailbreaks, or the built-in rules."""

import asyncio
from typing import Any, Final

from proxy.core.clock import monotonic
from proxy.core.errors import SettingError
from proxy.core.settings import Settings
from proxy.gateway.directory import Directory
from proxy.gateway.guards.base import CheckedCall, Verdict
from proxy.gateway.guards.endpoint import CheckFailed, Endpoint, Url
from proxy.gateway.guards.injection import find_injections
from proxy.gateway.guards.texts import cut_text
from proxy.providers.index import Catalog
from proxy.providers.origin import parse_origin

__all__ = ["Security"]

_ADVANCED: Final = "llm-security-advanced"
_HARMLESS: Final = frozenset({"benign", "safe", "label_0", "legit", "no_injection", "not_injection", "negative"})
"""Labels, in lower case, that say that nothing was found."""
_OVERLAP: Final = 200
_AT_ONCE: Final = 4
_RULES_PIECE: Final = 8_000


class Security:
    """Asks the classifier of `guard.security_url`, one request for each piece of text; without one, tries the rules."""

    name = "security"
    header = "Helicone-LLM-Security-Enabled"
    code = "PROMPT_THREAT_DETECTED"
    complaint = "Prompt threat detected. Your request cannot be processed"

    def __init__(self, settings: Settings, catalog: Catalog, endpoint: Endpoint, directory: Directory) -> None:
        named = settings.get_str("guard.security_url")
        self._url: Url | None = None
        if named:
            found = parse_origin(named)
            if isinstance(found, str):
                expected = f"an http:// or https:// URL; it has {found}"
                raise SettingError("guard.security_url", named, expected, settings.source("guard.security_url"))
            origin, path, query = found
            self._url = Url(origin, (path or "/") + (f"?{query}" if query else ""))
        key = settings.get_str("guard.security_key")
        self._authorization = f"Bearer {key}" if key else ""
        self._threshold = settings.get_float("guard.security_threshold")
        self._piece = settings.get_int("guard.security_chars")
        self._endpoint = endpoint

    async def check(self, call: CheckedCall) -> Verdict:
        began = monotonic()
        url = self._url
        if url is None and call.request.head.fields.directives.get(_ADVANCED, "").strip().lower() == "true":
            error = "Helicone-LLM-Security-Advanced needs a classifier, and guard.security_url is not set"
            return Verdict(self.name, "error", source="rules", error=error, lasting=True)
        if not call.texts:
            return Verdict(self.name, "no_text")
        source = "rules" if url is None else url.origin.host
        try:
            found = await self._by_rules(call.texts) if url is None else await self._by_classifier(url, call.texts)
        except CheckFailed as failed:
            took_s = monotonic() - began
            return Verdict(self.name, "error", source=source, error=str(failed), lasting=failed.lasting, took_s=took_s)
        outcome: Any = "flagged" if found else "passed"
        return Verdict(self.name, outcome, tuple(dict.fromkeys(found)), source, took_s=monotonic() - began)

    async def _by_rules(self, texts: list[str]) -> list[str]:
        found: list[str] = []
        for text in texts:
            for piece in cut_text(text, _RULES_PIECE, _OVERLAP):
                found += find_injections(piece)
                if len(text) > _RULES_PIECE:
                    await asyncio.sleep(0)  # a long text must not hold up other calls
        return found

    async def _by_classifier(self, url: Url, texts: list[str]) -> list[str]:
        pieces = [piece for text in texts for piece in cut_text(text, self._piece, min(_OVERLAP, self._piece // 2))]
        found: list[str] = []
        for at in range(0, len(pieces), _AT_ONCE):
            asked = [self._classify(url, piece) for piece in pieces[at : at + _AT_ONCE]]
            for labels in await asyncio.gather(*asked):
                found += labels
            if found:
                break  # one is enough to refuse the call
        return found

    async def _classify(self, url: Url, piece: str) -> list[str]:
        """Return the labels above the threshold. Raises `CheckFailed` for an answer of another form."""
        answer = await self._endpoint.ask(url, self._authorization, {"inputs": piece})
        if isinstance(answer, dict) and isinstance(answer.get("flagged"), bool):
            return [str(answer.get("label") or "flagged")] if answer["flagged"] else []
        rows = [answer] if isinstance(answer, dict) else answer
        while isinstance(rows, list) and rows and isinstance(rows[0], list):
            rows = rows[0]  # Hugging Face's form of a list of inputs
        if not isinstance(rows, list) or not rows or not all(map(_is_score, rows)):
            raise CheckFailed(f"{url.origin.host}: the answer is neither {{flagged}} nor a list of {{label, score}}")
        return [
            row["label"] for row in rows if row["label"].lower() not in _HARMLESS and row["score"] >= self._threshold
        ]


def _is_score(row: Any) -> bool:
    if not isinstance(row, dict):
        return False
    score = row.get("score")
    return isinstance(row.get("label"), str) and isinstance(score, int | float) and not isinstance(score, bool)
