"""Guards of one call: checks of its text that a caller asks for by header, before anything is sent or read from the
cache. Mostly nobody asks, so `pipeline.handle` enters here only where somebody does.

One more guard: a module with a class of the `Guard` protocol, one line in `GUARDS`, and its header's row (`guard=`).
"""

import asyncio
from typing import Final

from proxy.core.errors import BadRequest, Overloaded
from proxy.core.settings import Settings
from proxy.gateway.directory import Directory
from proxy.gateway.exchange import Exchange
from proxy.gateway.guards.base import CheckedCall, Guard, Verdict
from proxy.gateway.guards.endpoint import Endpoint
from proxy.gateway.guards.moderation import Moderation
from proxy.gateway.guards.security import Security
from proxy.gateway.guards.texts import UnreadableBody, read_texts
from proxy.gateway.request import Request
from proxy.providers.index import Catalog
from proxy.upstream.base import Upstream

__all__ = ["GUARDS", "Guards"]

GUARDS: Final[tuple[type[Guard], ...]] = (Moderation, Security)


class Guards:
    """One worker's guards, by the names that the rows of their headers give."""

    def __init__(self, settings: Settings, catalog: Catalog, upstream: Upstream, directory: Directory) -> None:
        endpoint = Endpoint(upstream, settings.get_float("guard.timeout_s"))
        self._max_chars = settings.get_int("guard.max_chars")
        self._refuses_unchecked = settings.get_str("guard.on_error") == "refuse"
        self._guards = {
            guard.name: guard for guard in (kind(settings, catalog, endpoint, directory) for kind in GUARDS)
        }
        self.refused = 0
        self.failed = 0

    async def check(self, ex: Exchange, request: Request, names: tuple[str, ...]) -> None:
        """Let every named guard check the call, at the same time, and note the verdicts as facts of its record.

        Raises `BadRequest` for a call that one of them flags, and where a check failed and the setting says to refuse:
        `BadRequest` where it would fail again, else `Overloaded`."""
        try:
            texts = read_texts(request, ex.retry_plan, self._max_chars)
        except UnreadableBody as error:
            verdicts = [Verdict(name, "error", error=str(error), lasting=True) for name in names]
        else:
            call = CheckedCall(request, texts)
            verdicts = await asyncio.gather(*(self._guards[name].check(call) for name in names))
        for verdict in verdicts:
            _note(ex, verdict)
        for verdict in verdicts:
            if verdict.outcome == "flagged":
                self.refused += 1
                guard = self._guards[verdict.guard]
                raise BadRequest(
                    f"{guard.complaint} ({', '.join(verdict.labels)}).", code=guard.code, param=guard.header,
                    headers={"x-helicone-error": guard.code},
                )  # fmt: skip
        failed = [verdict for verdict in verdicts if verdict.outcome == "error"]
        self.failed += len(failed)
        if failed and self._refuses_unchecked:
            self._refuse_unchecked(failed[0])

    def _refuse_unchecked(self, verdict: Verdict) -> None:
        header = self._guards[verdict.guard].header
        message = f"{header}: the call could not be checked, and guard.on_error = refuse: {verdict.error}."
        if verdict.lasting:
            raise BadRequest(message, code="guard_impossible", param=header)
        raise Overloaded(message, code="guard_unavailable", param=header, headers={"retry-after": "1"})


def _note(ex: Exchange, verdict: Verdict) -> None:
    place = f"guard.{verdict.guard}"
    facts = ex.outcome.facts
    facts[place] = verdict.outcome
    facts[f"{place}_ms"] = round(verdict.took_s * 1000, 1)
    if verdict.source:
        facts[f"{place}_by"] = verdict.source
    if verdict.labels:
        facts[f"{place}_labels"] = ", ".join(verdict.labels)
    if verdict.error:
        facts[f"{place}_error"] = verdict.error
