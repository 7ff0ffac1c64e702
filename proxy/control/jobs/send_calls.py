"""Sends calls to the webhooks of organisations.

A webhook reads the log by its position in the order of arrival, so what waits for a receiver is in the log and nowhere
else: a receiver that is slow or down holds up nobody, and gets everything once it is back, as long as the log keeps it.
A position moves past a call once the receiver has taken it. After a crash some calls are sent again, under their ids.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

import msgspec

from proxy.channels import Network, Receipt
from proxy.channels.http import HttpMessage, post
from proxy.channels.signing import helicone_signature, signed_headers
from proxy.control.call_payload import call_payload
from proxy.control.export_lines import by_size, put_bodies
from proxy.control.jobs.senders import Senders
from proxy.control.late_arrivals import late_arrivals
from proxy.core.clock import now_us, uuid7
from proxy.core.secret import SecretError
from proxy.logstore import Filter, FilterError, LogStore, micros
from proxy.logstore.sql import query
from proxy.metadata import call_webhooks
from proxy.metadata.call_webhooks import Progress, StoredWebhook, WebhookSecrets
from proxy.metadata.db import Database
from proxy.query import parse_text

__all__ = ["CallFigures", "CallSender", "call_message"]

_POLL_S: Final = 0.25
_RECHECK_S: Final = 10.0
"""How often webhooks look for calls that another control plane brought into the log."""
_MAX_WEBHOOKS: Final = 64
"""Sent to at once by this control plane."""
_PAGE_ROWS: Final = 500
_NOTE_S: Final = 1.0
"""How often a position is noted while calls are sent: a crash repeats what was sent since."""
_WINDOW_US: Final = (1_000_000, 600_000_000, 86_400_000_000)
"""The smallest, the first and the largest part of the log, by time of arrival, that one query reads."""
_BACKOFF_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Before the next attempt at a call; the last one again and again."""
_REFUSED: Final = frozenset({400, 413, 415, 422})
"""The receiver does not want this call: after three attempts it is passed over."""
_REFUSALS: Final = 3

_log = logging.getLogger(__name__)


class CallFigures(msgspec.Struct):
    """Counters of this control plane; read from other threads."""

    sent: int = 0
    refused: int = 0
    failed: int = 0
    """Attempts that the receiver did not take."""
    last_error: str = ""


def call_message(webhook: StoredWebhook, secrets: WebhookSecrets, id: str, content: bytes, now_us: int) -> HttpMessage:
    """The request that brings one call to a webhook, signed in the form of Standard Webhooks and in Helicone's."""
    signing = [secrets.secret, secrets.previous] if secrets.previous_until_us > now_us else [secrets.secret]
    headers = signed_headers(signing, id, now_us // 10**6, content)
    headers["Helicone-Signature"] = helicone_signature(secrets.secret, content)
    return HttpMessage(webhook.url, content, headers)


class _Stopped(Exception):
    """The webhook was changed, its lease was lost, or the control plane stops."""


class CallSender(Senders):
    """Sends for each webhook."""

    def __init__(
        self,
        database: Database,
        network: Network,
        store: Callable[[], LogStore],
        arrived: Callable[[], set[str]],
        dashboard_url: str,
        *,
        settled_us: Callable[[], int],
        several_writers: bool = False,
        most_webhooks: int = _MAX_WEBHOOKS,
    ) -> None:
        """`store` raises `NotReady`. `arrived` returns the organisations with new calls since it was asked last. Calls
        are sent up to the place `settled_us`; with several writers of one log some may come in below it later."""
        self.figures = CallFigures()
        super().__init__("webhooks", self.figures, poll_s=_POLL_S, most=most_webhooks)
        self.holder = uuid7(now_us())
        self._database = database
        self._network = network
        self._store = store
        self._arrived = arrived
        self._dashboard_url = dashboard_url
        self._settled_us = settled_us
        self._several_writers = several_writers
        self._lease_us = round(4 * network.timeout_s * 1e6)
        self._looked: dict[str, tuple[float, float]] = {}
        """By webhook: when it looked for new calls last, and when it is to look again though none are known of."""
        self._new: dict[str, float] = {}
        """By organisation, when calls arrived last."""
        self._reading = threading.Semaphore(1)
        """Reads of all webhooks wait for each other, so that other callers find a reader of the log free."""

    def wake(self) -> None:
        """A webhook was made or changed."""
        self._looked.clear()
        super().wake()

    def _due(self) -> Iterable[str]:
        now = time.monotonic()
        self._new |= dict.fromkeys(self._arrived(), now)
        with self._database.read() as rows:
            due = call_webhooks.due(rows, now_us(), self._lease_us)
        for id, org in due:
            looked, again = self._looked.get(id, (0.0, 0.0))
            if again <= now or self._new.get(org, 0.0) >= looked:
                yield id

    def _send_for(self, id: str) -> None:
        with self._database.write(publish=False) as rows:
            webhook = call_webhooks.claim(rows, id, self.holder, now_us(), self._lease_us)
        if webhook is None:
            return
        try:
            _Run(self, webhook).send()
        except _Stopped:
            pass
        finally:  # where the database is away, the lease runs out by itself
            with self._database.write(publish=False) as rows:
                call_webhooks.release(rows, id, self.holder)


class _Run:
    """Sends for one webhook from its position to the newest call."""

    def __init__(self, sender: CallSender, webhook: StoredWebhook) -> None:
        self._sender = sender
        self._webhook = webhook
        self._noted_at = time.monotonic()
        self._late_id = ""
        """The batch of late calls that is being sent."""
        self._progress = Progress(
            position_us=webhook.position_us, late=msgspec.json.decode(webhook.late), sent=0, refused=0,
            attempts=webhook.attempts, due_us=0,
            status=webhook.status, error=webhook.error,
        )  # fmt: skip
        self._noted = self._state()

    def send(self) -> None:
        """Raises `_Stopped`, `StoreError`, `NotReady` or what the database raises; the position is noted before."""
        try:
            secrets = call_webhooks.secrets_of(self._sender._database.secret, self._webhook)
            filter = Filter(self._webhook.org_id, node=parse_text(self._webhook.filter))
        except (SecretError, FilterError) as error:
            self._fail(Receipt(sent=False, error=str(error)))
        with ThreadPoolExecutor(self._webhook.parallel, thread_name_prefix="webhook-post") as pool:
            try:
                if self._sender._several_writers:
                    for rows in self._late_pages(filter):
                        self._send_rows(rows, secrets, pool)
                for rows in self._pages(filter):
                    self._send_rows(rows, secrets, pool)
            finally:
                self._note()

    def _pages(self, filter: Filter) -> Iterator[list[dict[str, Any]]]:
        """Calls in order of arrival. The position moves past what does not match."""
        sender, progress = self._sender, self._progress
        least_us, window_us, most_us = _WINDOW_US
        store = sender._store()
        newest = 0
        while not sender._stop.is_set():
            if progress.position_us >= newest:
                newest = self._newest(store)
                if progress.position_us >= newest:
                    return
            after_us, until_us = progress.position_us, min(newest, progress.position_us + window_us)
            rows = self._read(store, filter, after_us, until_us)
            yield from self._with_bodies(store, rows)
            if len(rows) < _PAGE_ROWS:
                progress.position_us = until_us
                window_us = min(4 * window_us, most_us)
            else:  # so that the next query reads little more than it returns
                window_us = max(least_us, min(4 * (progress.position_us - after_us), most_us))
            self._note_sometimes()

    def _late_pages(self, filter: Filter) -> Iterator[list[dict[str, Any]]]:
        """Calls that came into the log when the position had passed their places."""
        sender, webhook, progress = self._sender, self._webhook, self._progress
        store = sender._store()
        with sender._reading:
            batches = late_arrivals(store, webhook.org_id, webhook.created_us)
        progress.late = {id: reached_us for id, reached_us in progress.late.items() if id in batches}
        for id, (first_us, last_us) in batches.items():
            reached_us = progress.late.get(id, first_us - 1)
            while reached_us < last_us and first_us <= progress.position_us:
                rows = self._read(store, filter, reached_us, last_us)
                self._late_id = id
                yield from self._with_bodies(store, rows)
                self._late_id = ""
                reached_us = micros(rows[-1]["ingested_at"]) if len(rows) >= _PAGE_ROWS else last_us
                progress.late[id] = reached_us
                self._note_sometimes()
            progress.late[id] = last_us  # those above the position are read in their places

    def _read(self, store: LogStore, filter: Filter, after_us: int, until_us: int) -> list[dict[str, Any]]:
        webhook = self._webhook
        with self._sender._reading:
            return store.calls_to_send(
                filter, after_us, until_us, _PAGE_ROWS, webhook.sample_share, webhook.only_requested
            )

    def _with_bodies(self, store: LogStore, rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        """The rows, in parts that fit into memory where the webhook has bodies."""
        if not self._webhook.with_bodies:
            if rows:
                yield rows
            return
        for some in by_size(rows):
            with self._sender._reading:
                put_bodies(store, self._webhook.org_id, some)
            yield some

    def _newest(self, store: LogStore) -> int:
        """The place of the newest call that may be sent; 0 where there is nothing new."""
        sender, progress = self._sender, self._progress
        bound = {"org": self._webhook.org_id, "after_us": progress.position_us}
        looked, settled_us = time.monotonic(), sender._settled_us()
        with sender._reading:
            (row,) = store.read(query("arrivals_after"), bound)
        first_us, last_us = int(row["first_us"]), int(row["last_us"])
        wait_s = _RECHECK_S
        if last_us > settled_us:
            wait_s = max(_POLL_S, (last_us - settled_us) / 1e6) if sender._several_writers else _POLL_S
            last_us = settled_us
        if first_us > progress.position_us:  # nothing lies between
            progress.position_us = min(first_us - 1, max(last_us, progress.position_us))
        sender._looked[self._webhook.id] = looked, looked + wait_s
        return last_us

    def _send_rows(self, rows: list[dict[str, Any]], secrets: WebhookSecrets, pool: ThreadPoolExecutor) -> None:
        """Sends calls, so many at once as the webhook says; each is begun in its order."""
        if self._webhook.parallel == 1:
            for row in rows:
                self._take(row, self._post(row, secrets))
            return
        under_way: list[tuple[dict[str, Any], Future[Receipt]]] = []
        waiting = iter(rows)
        try:
            while True:
                for row in islice(waiting, self._webhook.parallel - len(under_way)):
                    under_way.append((row, pool.submit(self._post, row, secrets)))
                if not under_way:
                    return
                row, future = under_way.pop(0)
                self._take(row, future.result())
        finally:
            # What was begun behind a call that failed may have been taken; it is sent again, under its id.
            for _, future in under_way:
                future.cancel()

    def _post(self, row: dict[str, Any], secrets: WebhookSecrets) -> Receipt:
        content = call_payload(self._webhook.form, row, self._sender._dashboard_url)
        message = call_message(self._webhook, secrets, row["id"], content, now_us())
        return post(message, self._sender._network)

    def _take(self, row: dict[str, Any], receipt: Receipt) -> None:
        """Moves the position past a call that was taken. Raises `_Stopped` where it was not."""
        progress, figures = self._progress, self._sender.figures
        progress.status = receipt.status
        if receipt.sent:
            progress.sent += 1
            figures.sent += 1
        elif receipt.status in _REFUSED and progress.attempts + 1 >= _REFUSALS:
            progress.refused += 1
            figures.refused += 1
            _log.warning("webhook %s refused call %s: %s", self._webhook.id, row["id"], receipt.error)
        else:
            self._fail(receipt)
        if self._late_id:
            progress.late[self._late_id] = micros(row["ingested_at"])
        else:
            progress.position_us = micros(row["ingested_at"])
        progress.attempts = 0
        progress.error = "" if receipt.sent else f"call {row['id']} was refused: {receipt.error}"
        if self._sender._stop.is_set():
            raise _Stopped
        self._note_sometimes()

    def _fail(self, receipt: Receipt) -> None:
        """Notes a failed attempt, and when the next one is due. Raises `_Stopped`."""
        progress = self._progress
        self._sender.figures.failed += 1
        self._sender.figures.last_error = receipt.error
        wait_s = max(_BACKOFF_S[min(progress.attempts, len(_BACKOFF_S) - 1)], receipt.retry_after_s or 0.0)
        progress.attempts += 1
        progress.due_us = now_us() + round(wait_s * 1e6)
        progress.error = receipt.error
        self._sender._looked.pop(self._webhook.id, None)
        self._note()
        if receipt.gone:
            with self._sender._database.write(publish=False) as rows:
                call_webhooks.disable(rows, self._webhook.id, receipt.error)
        raise _Stopped

    def _note_sometimes(self) -> None:
        if time.monotonic() - self._noted_at >= _NOTE_S:
            self._note()

    def _note(self) -> None:
        """Writes the progress down, where there is any, and holds the lease on. Raises `_Stopped` where it was lost."""
        progress = self._progress
        if self._noted == self._state():
            return
        held_until_us = now_us() + self._sender._lease_us
        with self._sender._database.write(publish=False) as rows:
            held = call_webhooks.note(
                rows, self._webhook.id, self._sender.holder, self._webhook.revision, progress, held_until_us
            )
        progress.sent = progress.refused = 0
        self._noted = self._state()
        self._noted_at = time.monotonic()
        if not held:
            raise _Stopped

    def _state(self) -> tuple[Any, ...]:
        """What is worth noting where it has changed."""
        progress = self._progress
        return progress.position_us, progress.sent, progress.refused, progress.attempts, dict(progress.late)
