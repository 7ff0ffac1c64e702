"""A call that the gateway and a span or a logger saw is one row, in either order, over both kinds of stores."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.control.jobs.journal import Journal
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.jobs.ship import Shipper
from proxy.control.sinks.log import LogSink
from proxy.core.clock import now_us, uuid7
from proxy.core.record import Ingested, Record, encode
from proxy.ingest.otlp.records import COVERED_SPANS
from proxy.ingest.spool import REPORTS
from proxy.logstore import Filter
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.spool.reader import Reader
from proxy.spool.writer import Writer
from tests.contract.log_stores import STORES, open_store
from tests.stack import wait_for
from tests.unit.records import PRICES

TRACE = "1" * 32
SPAN = "a" * 16
HTTP_SPAN = "b" * 16
START_US = now_us() - 60_000_000


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        yield opened


@pytest.fixture
def org(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


class Died(BaseException):
    """The process ends here."""


class Spool:
    """A spool with a gateway's segment and one of the control plane, and a shipper of it."""

    def __init__(self, folder: Path, store: ClickHouseStore, org: str) -> None:
        self.folder = folder
        self.store = store
        self.org = org
        self.gateway = Writer(folder / "spool", worker="1")
        self.control = Writer(folder / "spool", worker=REPORTS)
        self.shipper = self.start()

    def start(self) -> Shipper:
        """A shipper that knows only what the journal and the log say."""
        reader = Reader(self.folder / "spool")
        sink = LogSink(self.store, set_aside=reader.set_aside, clock=lambda: self.now_us)
        self.sink = sink
        self.shipper = Shipper(reader, Journal(self.folder / "journal.json"), RowBuilder(PRICES), sink)
        return self.shipper

    now_us = now_us()

    def proxied(self, at_s: float = 0.1, response_id: str = "resp-1", parent: str = "", **fields: Any) -> str:
        return self._append(
            self.gateway,
            at_s,
            response_id,
            sent_us=10,
            traceparent=f"00-{TRACE}-{parent}-01" if parent else "",
            **fields,
        )

    def reported(
        self, at_s: float = 0.0, response_id: str = "resp-1", source: str = "otlp", span: str = SPAN, **fields: Any
    ) -> str:
        traced = {"trace_id": TRACE, "span_id": span} if source == "otlp" else {}
        ingested = Ingested(source, **traced, **fields.pop("ingested", {}))
        return self._append(self.control, at_s, response_id, ingested=ingested, **fields)

    def _append(self, writer: Writer, at_s: float, response_id: str, **fields: Any) -> str:
        started_us = START_US + round(at_s * 1e6)
        id = fields.pop("id", uuid7(started_us))
        body = b'{"id": "%s", "choices": []}' % response_id.encode() if response_id else b'{"choices": []}'
        wanted = {"dialect": "openai", "operation": "chat", "status": 200, "ended_us": 1_000_000, **fields}
        record = Record(id=id, org=self.org, key="", started_us=started_us, response_body=body, **wanted)
        assert writer.append(encode(record))
        return str(id)

    def ids(self) -> set[str]:
        return {row["id"] for row in self.store.page(Filter(self.org))}

    def bodies(self) -> set[str]:
        sql = "SELECT id FROM bodies WHERE org = {org:String}"
        return {row["id"] for row in self.store.read(sql, {"org": self.org})}

    def expect(self, *ids: str) -> None:
        """Waits until these rows, with bodies, are all that there are: a removal is done in the background."""
        wait_for("the rows", lambda: self.ids() == self.bodies() == set(ids), 20)


@pytest.fixture
def spool(tmp_path: Path, store: ClickHouseStore, org: str) -> Spool:
    return Spool(tmp_path, store, org)


@pytest.mark.parametrize(
    ("source", "order"),
    [("otlp", "proxied first"), ("logger", "reported first"), ("otlp", "together")],
)
def test_the_same_response_id_is_one_row(spool: Spool, source: str, order: str) -> None:
    if order != "reported first":
        kept = spool.proxied()
    if order == "proxied first":
        spool.shipper.step()
    spool.reported(source=source)
    if order == "reported first":
        spool.shipper.step()
        assert len(spool.ids()) == 1
        kept = spool.proxied()
    spool.shipper.step()
    spool.expect(kept)


@pytest.mark.parametrize(("first", "covered"), [("proxied", False), ("reported", True)])
def test_a_proxied_call_below_a_span_is_that_span_s_call(spool: Spool, first: str, covered: bool) -> None:
    """The span itself is the parent, or one below it that has no row, as that of an HTTP client."""
    facts = {COVERED_SPANS: [HTTP_SPAN]} if covered else {}
    for which in (first, "reported" if first == "proxied" else "proxied"):
        if which == "proxied":
            kept = spool.proxied(parent=HTTP_SPAN if covered else SPAN)
        else:
            spool.reported(response_id="", facts=facts)
        spool.shipper.step()
    spool.expect(kept)


def test_what_is_not_the_same_call_stays(spool: Spool) -> None:
    proxied = spool.proxied()
    spool.shipper.step()
    kept = {
        proxied,
        spool.reported(at_s=120, span="1" * 16),  # another time
        spool.reported(response_id="resp-2", span="2" * 16),
        spool.reported(response_id="", span="3" * 16),
        spool.reported(dialect="", operation="tool", ingested={"step": True}, span="4" * 16),
        spool.proxied(at_s=0.2, response_id="resp-3", parent=SPAN),  # below a step, which is no call
        spool.reported(dialect="", operation="chain", ingested={"step": True}),
    }
    other = Spool(spool.folder / "other", spool.store, spool.org + " of another")
    elsewhere = other.reported()
    spool.shipper.step()
    other.shipper.step()
    assert spool.ids() == kept
    assert other.ids() == {elsewhere}


def test_of_two_spans_of_one_call_the_first_is_kept(spool: Spool) -> None:
    """Two instrumentations: a framework's span around that of the SDK, which ends first."""
    inner = spool.reported(at_s=0.2, ended_us=500_000, span="c" * 16)
    spool.shipper.step()
    spool.reported(at_s=0.1, ended_us=900_000, span="d" * 16)
    later = spool.reported(at_s=5, span="e" * 16)  # a provider may give an id again
    spool.shipper.step()
    assert spool.ids() == {inner, later}


def test_what_is_sent_twice_is_one_row(spool: Spool) -> None:
    id = uuid7(START_US)
    for _ in range(2):
        spool.reported(id=id)
    spool.shipper.step()
    spool.reported(id=id)
    spool.control.close()
    spool.reported(id=id)
    spool.shipper.step()
    assert [row["id"] for row in spool.store.page(Filter(spool.org))] == [id]


@pytest.mark.parametrize("when", ["before the insert", "between insert and removal", "after the removal"])
def test_a_crash_loses_and_doubles_nothing(spool: Spool, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    spool.reported()
    spool.shipper.step()
    kept = spool.proxied()
    method = "write" if when == "before the insert" else "remove"
    real = getattr(spool.store, method)

    def die(*arguments: Any) -> None:
        if when == "after the removal":
            real(*arguments)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(spool.store, method, die)
        with pytest.raises(Died):
            spool.shipper.step()
    spool.start().step()
    spool.expect(kept)


def test_a_row_that_a_crash_let_through_is_removed_when_its_batch_comes_again(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The insert was written and its answer lost; the proxied row came through another shipper in between."""
    spool.reported()
    real = spool.store.write

    def die(*arguments: Any) -> None:
        real(*arguments)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(spool.store, "write", die)
        with pytest.raises(Died):
            spool.shipper.step()
    other = Spool(spool.folder / "other", spool.store, spool.org)
    kept = other.proxied()
    other.sink.twice._waiting = {}  # its log of waiting calls is older
    other.shipper.step()
    assert len(spool.ids()) == 2
    spool.start().step()
    spool.expect(kept)


def test_a_proxied_row_of_another_shipper_is_found_later(spool: Spool) -> None:
    spool.reported()
    spool.shipper.step()
    other = Spool(spool.folder / "other", spool.store, spool.org)
    kept = other.proxied()
    other.sink.twice._waiting = {}
    other.shipper.step()
    spool.sink.check()
    assert len(spool.ids()) == 2  # not yet: it is looked up a minute after it came
    spool.now_us += 61_000_000
    spool.sink.check()
    spool.expect(kept)
    assert spool.sink.twice.removed == 1
