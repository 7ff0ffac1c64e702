"""Sends calls to the webhooks of organisations: each webhook on a thread of its own while there is something to send.

A webhook reads the log by its position in the order of arrival, so what waits for a receiver is in the log and nowhere
else: a receiver that is slow or down holds up nobody, and gets everything once it is back, as long as the log keeps it.
A position moves past a call once the receiver has taken it. After a crash some calls are sent again, under their ids.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

import msgspec

from proxy.channels import Network, Receipt
from proxy.channels.http import HttpMessage, post
from proxy.channels.signing import helicone_signature, signed_headers
from proxy.control.call_payload import call_payload
from proxy.control.export_lines import by_size, put_bodies
from proxy.control.log_service import NotReady
from proxy.core.clock import now_us, uuid7
from proxy.core.secret import SecretError
from proxy.logstore import Filter, FilterError, LogStore, StoreError, micros
from proxy.logstore.sql import query
from proxy.metadata import call_webhooks
from proxy.metadata.call_webhooks import Progress, StoredWebhook, WebhookSecrets
from proxy.metadata.db import Database, MetadataError
from proxy.metadata.errors import DatabaseError
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


class CallSender:
    """Sends until it is closed."""

    def __init__(
        self,
        database: Database,
        network: Network,
        store: Callable[[], LogStore],
        arrived: Callable[[], set[str]],
        dashboard_url: str,
        *,
        settle_us: int = 0,
        most_webhooks: int = _MAX_WEBHOOKS,
    ) -> None:
        """`store` raises `NotReady`. `arrived` returns the organisations with new calls since it was asked last. With
        several writers of one log, calls count as arrived `settle_us` after their place in it."""
        self.figures = CallFigures()
        self.holder = uuid7(now_us())
        self._database = database
        self._network = network
        self._store = store
        self._arrived = arrived
        self._dashboard_url = dashboard_url
        self._settle_us = settle_us
        self._most_webhooks = most_webhooks
        self._lease_us = round(4 * network.timeout_s * 1e6)
        self._sending: dict[str, threading.Thread] = {}
        self._looked: dict[str, tuple[float, float]] = {}
        """By webhook: when it looked for new calls last, and when it is to look again though none are known of."""
        self._new: dict[str, float] = {}
        """By organisation, when calls arrived last."""
        self._lock = threading.Lock()
        self._reading = threading.Semaphore(1)
        """Reads of all webhooks wait for each other, so that other callers find a reader of the log free."""
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """A webhook was made or changed."""
        self._looked.clear()
        self._woken.set()

    def close(self, timeout_s: float = 5.0) -> None:
        """Let requests under way end, for a few seconds at most, and note the positions."""
        self._stop.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join()
        deadline = time.monotonic() + timeout_s
        with self._lock:
            sending = list(self._sending.values())
        for thread in sending:
            thread.join(max(0.0, deadline - time.monotonic()))

    def step(self) -> int:
        """Start a thread for each webhook that may have something to send; returns how many."""
        now = time.monotonic()
        self._new |= dict.fromkeys(self._arrived(), now)
        with self._database.read() as rows:
            due = call_webhooks.due(rows, now_us(), self._lease_us)
        started = 0
        for id, org in due:
            looked, again = self._looked.get(id, (0.0, 0.0))
            if again > now and self._new.get(org, 0.0) < looked:
                continue
            with self._lock:
                if id in self._sending or len(self._sending) >= self._most_webhooks:
                    continue
                thread = threading.Thread(target=self._serve, args=(id,), name="webhook", daemon=True)
                self._sending[id] = thread
            thread.start()
            started += 1
        return started

    def _run(self) -> None:
        wait_s = _POLL_S
        while not self._stop.is_set():
            self._woken.clear()
            try:
                self.step()
                wait_s = _POLL_S
            except Exception as error:  # noqa: BLE001 - the thread outlasts a database that is away
                self._note_error(f"{type(error).__name__}: {error}", error)
                wait_s = min(wait_s * 2, 15.0)
            self._woken.wait(wait_s)

    def _serve(self, id: str) -> None:
        try:
            with self._database.write(publish=False) as rows:
                webhook = call_webhooks.claim(rows, id, self.holder, now_us(), self._lease_us)
            if webhook is None:
                return
            try:
                _Run(self, webhook).send()
            except _Stopped:
                pass
            finally:
                with self._database.write(publish=False) as rows:
                    call_webhooks.release(rows, id, self.holder)
        except (DatabaseError, MetadataError, NotReady, StoreError) as error:  # its lease runs out by itself
            self._note_error(f"{type(error).__name__}: {error}", None)
            self._stop.wait(1.0)
        except Exception as error:  # noqa: BLE001
            self._note_error(f"{type(error).__name__}: {error}", error)
            self._stop.wait(5.0)
        finally:
            with self._lock:
                del self._sending[id]

    def _note_error(self, reason: str, error: Exception | None) -> None:
        if reason != self.figures.last_error:
            _log.warning("webhooks: %s", reason, exc_info=error)
        self.figures.last_error = reason


class _Run:
    """Sends for one webhook from its position to the newest call."""

    def __init__(self, sender: CallSender, webhook: StoredWebhook) -> None:
        self._sender = sender
        self._webhook = webhook
        self._noted_at = time.monotonic()
        self._noted: tuple[int, ...] = (webhook.position_us, 0, 0, webhook.attempts)
        self._progress = Progress(
            position_us=webhook.position_us, sent=0, refused=0, attempts=webhook.attempts, due_us=0,
            status=webhook.status, error=webhook.error,
        )  # fmt: skip

    def send(self) -> None:
        """Raises `_Stopped`, `StoreError`, `NotReady` or what the database raises; the position is noted before."""
        try:
            secrets = call_webhooks.secrets_of(self._sender._database.secret, self._webhook)
            filter = Filter(self._webhook.org_id, node=parse_text(self._webhook.filter))
        except (SecretError, FilterError) as error:
            self._fail(Receipt(sent=False, error=str(error)))
        with ThreadPoolExecutor(self._webhook.parallel, thread_name_prefix="webhook-post") as pool:
            try:
                for rows in self._pages(filter):
                    self._send_rows(rows, secrets, pool)
            finally:
                self._note()

    def _pages(self, filter: Filter) -> Iterator[list[dict[str, Any]]]:
        """Calls in order of arrival. The position moves past what does not match."""
        sender, webhook, progress = self._sender, self._webhook, self._progress
        least_us, window_us, most_us = _WINDOW_US
        store = sender._store()
        newest = 0
        while not sender._stop.is_set():
            if progress.position_us >= newest:
                newest = self._newest(store)
                if progress.position_us >= newest:
                    return
            after_us, until_us = progress.position_us, min(newest, progress.position_us + window_us)
            with sender._reading:
                rows = store.calls_to_send(
                    filter, after_us, until_us, _PAGE_ROWS, webhook.sample_share, webhook.only_requested
                )
            for some in by_size(rows) if webhook.with_bodies else [rows]:
                if webhook.with_bodies and some:
                    with sender._reading:
                        put_bodies(store, webhook.org_id, some)
                if some:
                    yield some
            if len(rows) < _PAGE_ROWS:
                progress.position_us = until_us
                window_us = min(4 * window_us, most_us)
            else:  # so that the next query reads little more than it returns
                window_us = max(least_us, min(4 * (progress.position_us - after_us), most_us))
            self._note_sometimes()

    def _newest(self, store: LogStore) -> int:
        """The place of the newest call that may be sent; 0 where there is nothing new."""
        sender, progress = self._sender, self._progress
        bound = {"org": self._webhook.org_id, "after_us": progress.position_us}
        looked = time.monotonic()
        with sender._reading:
            (row,) = store.read(query("arrivals_after"), bound)
        first_us, last_us = int(row["first_us"]), int(row["last_us"])
        wait_s = _RECHECK_S
        if sender._settle_us and last_us > (settled_us := now_us() - sender._settle_us):
            last_us, wait_s = settled_us, sender._settle_us / 1e6
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
        if self._noted == (progress.position_us, progress.sent, progress.refused, progress.attempts):
            return
        held_until_us = now_us() + self._sender._lease_us
        with self._sender._database.write(publish=False) as rows:
            held = call_webhooks.note(
                rows, self._webhook.id, self._sender.holder, self._webhook.revision, progress, held_until_us
            )
        progress.sent = progress.refused = 0
        self._noted = (progress.position_us, 0, 0, progress.attempts)
        self._noted_at = time.monotonic()
        if not held:
            raise _Stopped
