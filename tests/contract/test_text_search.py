"""Text search finds what a plain reading of the texts finds, with the index and without."""

import ast
import random
from collections.abc import Iterator
from typing import Any

import pytest

from proxy.control.requests_reader import RequestsReader
from proxy.logstore import BodyRow, Filter, RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.connections import connect
from proxy.logstore.exactly_once import insert
from proxy.logstore.migrate import set_text_index
from proxy.query import Binder, parse_text
from proxy.query.keyset import SortKey
from proxy.query.requests import plan_requests
from proxy.query.search import text_condition
from tests.contract.log_stores import STORES, open_store
from tests.stack import ROOT

START_US = 1_780_000_000_000_000
CHARS = 200
TEXTS = {
    "refund": ("What is your Refund-Policy?", "Our refund policy: “thirty days”, it’s simple."),
    "order": ("policy about the refund", "The order was sent—then lost."),
    "german": ("Änderung der STRASSE", "Über 5 % günstiger"),
    "chinese": ("退款政策是什么？", "我们的退款政策。"),
    "signs": ("what does -> mean in C++", "a pointer"),
    "long": ("x" * 60 + " end", "y " * 90 + "hidden"),
}


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log"), text_chars=CHARS) as opened:
        yield opened


def rows(org: str) -> list[BodyRow]:
    return [
        BodyRow(id=name, org=org, start=START_US, request=f'"{asked}"', request_text=asked, response_text=answered)
        for name, (asked, answered) in TEXTS.items()
    ]


def search(store: ClickHouseStore, org: str, text: str, *, phrase: bool = False, chars: int = CHARS) -> set[str]:
    binder = Binder()
    condition = text_condition(text, phrase=phrase, chars=chars, binder=binder)
    found = store.read(
        f"SELECT id FROM bodies WHERE org = {{org:String}} AND {condition}", {"org": org, **binder.values}
    )
    return {row["id"] for row in found}


CASES: list[tuple[str, bool, set[str]]] = [
    ("refund", False, {"refund", "order"}),
    ("POLICY refund", False, {"refund", "order"}),
    ("refund thirty", False, {"refund"}),
    ("policy lost", False, {"order"}),  # one in the prompt, one in the answer
    ("refund policy", True, {"refund"}),
    ("Refund   POLICY", True, {"refund"}),
    ("policy refund", True, set()),
    ("simple", False, {"refund"}),
    ("über", False, {"german"}),
    ("straße", False, set()),
    ("strasse ÄNDERUNG", False, {"german"}),
    ("退款", False, {"chinese"}),
    ("退款政策", True, {"chinese"}),
    ("->", False, {"signs"}),
    ("-> mean", True, {"signs"}),
    ("x" * 60, False, {"long"}),
    ("x" * 120, False, set()),
    ("nothing", False, set()),
    ("'; DROP TABLE bodies; --", False, set()),
    ("%", False, {"german"}),
]


@pytest.mark.parametrize(("text", "phrase", "names"), CASES)
def test_words_and_phrases_are_found(store: ClickHouseStore, text: str, phrase: bool, names: set[str]) -> None:
    insert(store, [], rows("found"), "found")
    assert search(store, "found", text, phrase=phrase) == names
    assert search(store, "found", text, phrase=phrase, chars=0) == names


@pytest.mark.parametrize(
    ("text", "phrase", "names"),
    [
        ("thirty", False, {"refund"}),
        ("fund", False, set()),  # the index knows whole words
        ("sent then lost", True, {"order"}),  # whatever stands between them
        ("it s", True, {"refund"}),
        ("hidden", False, set()),  # behind what is indexed
    ],
)
def test_the_index_knows_words(store: ClickHouseStore, text: str, phrase: bool, names: set[str]) -> None:
    insert(store, [], rows("words"), "words")
    assert search(store, "words", text, phrase=phrase) == names


def test_a_scan_finds_parts_of_words_and_all_of_a_text(store: ClickHouseStore) -> None:
    insert(
        store, [], [*rows("scan"), BodyRow(id="old", org="scan", start=START_US, request='{"a":"refunding"}')], "scan"
    )
    assert search(store, "scan", "fund", chars=0) == {"refund", "order", "old"}
    assert search(store, "scan", "hidden", chars=0) == {"long"}


@pytest.mark.parametrize("phrase", [False, True])
def test_long_questions(store: ClickHouseStore, phrase: bool) -> None:
    chance = random.Random(3)
    words = ["".join(chance.choices("abcdefgh", k=chance.randint(1, 12))) for _ in range(24)]
    texts = {"whole": words, "gap": [*words[:12], "gap", *words[12:]], "half": words[:12]}
    made = [BodyRow(id=id, org="long", start=START_US, response_text=" ".join(text)) for id, text in texts.items()]
    insert(store, [], made, "long")
    assert search(store, "long", " ".join(words), phrase=phrase) == ({"whole"} if phrase else {"whole", "gap"})
    assert search(store, "long", " ".join(words * 80), phrase=phrase) == (set() if phrase else {"whole", "gap"})


def test_the_index_is_read(store: ClickHouseStore) -> None:
    insert(store, [], rows("plan"), "plan")
    for phrase in (False, True):
        binder = Binder()
        condition = text_condition("refund policy", phrase=phrase, chars=CHARS, binder=binder)
        plan = store.read(
            f"EXPLAIN indexes = 1 SELECT id FROM {store._connections.address.tables}.bodies WHERE {condition}",
            binder.values,
        )
        assert "Name: by_text" in "\n".join(map(str, plan))


class Statements:
    """A client that notes what it is told."""

    def __init__(self, client: Any, version: str = "") -> None:
        self.client, self.version, self.told = client, version, []  # type: ignore[var-annotated]

    def command(self, statement: str) -> Any:
        self.told.append(statement)
        return self.client.command(statement)

    def query(self, sql: str, **more: Any) -> Any:
        return self.client.query(sql.replace("version()", f"'{self.version}'") if self.version else sql, **more)


def test_the_index_follows_the_setting(store: ClickHouseStore) -> None:
    insert(store, [], rows("setting"), "setting")
    told: list[int] = []
    address = store._connections.address
    owner = connect(address, address.tables)
    for chars, version in ((CHARS, ""), (100, ""), (100, ""), (0, ""), (0, ""), (CHARS, "25.8.1"), (CHARS, "")):
        client = Statements(owner, version)
        indexed = set_text_index(client, chars)
        assert indexed == (0 if version else chars)
        told.append(len(client.told))
        assert search(store, "setting", "thirty", chars=indexed) == {"refund"}
    owner.close()
    assert [count > 0 for count in told] == [False, True, False, True, False, False, True], "only on a change"


def test_a_filter_on_text_finds_calls(store: ClickHouseStore) -> None:
    org = "filter"
    made = [RequestRow(id=row.id, org=org, start=row.start, response_preview="its preview") for row in rows(org)]
    insert(store, made, rows(org), org)

    def found(text: str, **values: Any) -> set[str]:
        return {row["id"] for row in store.page(Filter(org, values, parse_text(text)))}

    assert found("refund") == {"refund", "order"}
    assert found('"refund policy"') == {"refund"}
    assert found('refund -"refund policy"') == {"order"}
    assert found("refund OR über") == {"refund", "order", "german"}
    assert found("refund", since=START_US + 1) == set()
    assert found("preview") == set()
    store.text_chars = 0  # as on a server without the index
    try:
        assert found("fund polic") == {"refund", "order"}
        assert found("preview") == set(TEXTS)
        assert found("-refund") == set(TEXTS) - {"refund", "order"}
    finally:
        store.text_chars = CHARS


def test_pages_of_a_text_follow_each_other_over_days(store: ClickHouseStore) -> None:
    """A page looks into the newest day first (`newest_parts`): it must be that of all days."""
    org, hour_us = "pages", 3_600_000_000
    made = [RequestRow(id=f"{number:03}", org=org, start=START_US + number * 5 * hour_us) for number in range(60)]
    texts = [
        BodyRow(id=row.id, org=org, start=row.start, response_text="common rare" if at % 20 == 0 else "common")
        for at, row in enumerate(made)
    ]
    insert(store, made, texts, org)

    def pages(limit: int, **asked: Any) -> list[str]:
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            plan = plan_requests(
                org=org, now_us=START_US + 295 * hour_us, columns=["id"], text_chars=CHARS, cursor=cursor, **asked
            )
            rows, cursor = RequestsReader(store).page(plan, limit)
            found += [row["id"] for row in rows]
        return found

    newest = [row.id for row in reversed(made)]
    for limit in (1, 2, 7, 100):
        assert pages(limit, filter="common") == newest
        assert pages(limit, filter="rare") == ["040", "020", "000"]
        assert pages(limit, filter="common", sort=[SortKey("start", "asc")]) == newest[::-1]
        assert pages(limit, filter="NOT rare") == [id for id in newest if int(id) % 20]


def test_every_filter_knows_of_the_index() -> None:
    """`text_chars` is left out nowhere: such a search would read all texts."""
    for path in (ROOT / "proxy").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("compile_filter", "plan_requests"):
                assert "text_chars" in {word.arg for word in node.keywords}, f"{path}:{node.lineno}"
