"""SQL of users sees its own organisation's rows and nothing else, on each engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.logstore import BodyRow, QueryLimitError, QueryLimits, QueryRefused, RequestRow, StoreError
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from tests.clickhouse_server import ClickHouseServer
from tests.contract.log_stores import STORES, open_store

START_US = 1_780_000_000_000_000


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        rows = [
            RequestRow(id=f"{org}-{number}", org=org, start=START_US + number, model="m", properties={"secret": org})
            for org in ("mine", "other")
            for number in range(3)
        ]
        insert(opened, rows, [BodyRow(id=row.id, org=row.org, start=row.start, request=row.org) for row in rows], "t")
        yield opened


def ask(store: ClickHouseStore, sql: str, **parameters: Any) -> list[list[Any]]:
    return store.read_as("mine", sql, parameters).rows


def test_a_result_has_names_types_and_rows(store: ClickHouseStore) -> None:
    result = store.read_as("mine", "SELECT id, start, count() AS n FROM requests GROUP BY ALL ORDER BY id LIMIT 1", {})
    assert (result.columns, result.types) == (["id", "start", "n"], ["String", "DateTime64(6, 'UTC')", "UInt64"])
    ((id, start, n),) = result.rows
    assert (id, start.timestamp(), n) == ("mine-0", START_US / 1e6, 1)
    assert ask(store, "SELECT id FROM requests WHERE id = {id:String} -- a comment", id="mine-1") == [["mine-1"]]
    assert store.read_as("o'ther \\", "SELECT count() FROM requests", {}).rows == [[0]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT org FROM requests",
        "SELECT DISTINCT org FROM perihelion.requests AS r",
        "SELECT DISTINCT r.org FROM requests AS r JOIN bodies AS b ON r.start = b.start",
        "SELECT DISTINCT b.request FROM requests AS r CROSS JOIN bodies AS b",
        "WITH every AS (SELECT org FROM requests) SELECT DISTINCT org FROM every",
        "SELECT DISTINCT org FROM (SELECT org FROM requests UNION ALL SELECT org FROM bodies)",
        "SELECT (SELECT groupUniqArray(org)[1] FROM requests)",
        "SELECT DISTINCT request FROM bodies PREWHERE id != '' WHERE org != 'x'",
        "SELECT DISTINCT org FROM requests WHERE org = 'other' OR 1",
        "SELECT properties['secret'] AS s FROM requests GROUP BY s",
        "(SELECT org FROM requests LIMIT 1) UNION DISTINCT (SELECT org FROM requests)",
        "SELECT org FROM requests GROUP BY org WITH CUBE HAVING org != ''",
    ],
)
def test_other_organisations_are_not_there(store: ClickHouseStore, sql: str) -> None:
    assert ask(store, sql) == [["mine"]]


def test_of_another_organisation_there_is_nothing(store: ClickHouseStore) -> None:
    assert ask(store, "SELECT count() FROM requests WHERE org = 'other'") == [[0]]
    assert ask(store, "SELECT count() FROM requests WHERE id IN (SELECT id FROM bodies WHERE org = 'other')") == [[0]]


LEAVES = (
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', 'perihelion', 'requests')",
    "SELECT * FROM remoteSecure('127.0.0.1', 'perihelion', 'requests')",
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT file('/etc/hostname')",
    "SELECT FILE('/etc/hostname')",
    "SELECT `file`('/etc/hostname')",
    "SELECT toInt64(file('/etc/hostname'))",
    "SELECT arrayMap(x -> file(x), ['/etc/hostname'])",
    "SELECT arrayMap(file, ['/etc/hostname'])",
    "SELECT editDistance(repeat('a', 60000), repeat('b', 60000))",
    "SELECT levenshteinDistance('a', 'b')",
    "SELECT arrayMap((`file`), ['/etc/hostname'])",
    "SELECT arrayMap(x -> arrayMap(file, [x]), ['/etc/hostname'])",
    "SELECT toInt64(arrayFilter(file, ['/etc/hostname'])[1])",
    "SELECT arrayFold(getSetting, ['readonly'], '')",
    "SELECT arrayMap(hostname, [1])",
    "SELECT * APPLY(file) FROM (SELECT '/etc/hostname')",
    "SELECT * REPLACE (file('/etc/hostname') AS id) FROM requests",
    "SELECT count() FROM merge('perihelion', 'requests')",
    "SELECT count() FROM merge('requests')",
    "SELECT count() FROM mergeTreeIndex('perihelion', 'requests')",
    "SELECT count() FROM mergeTreeProjection('perihelion', 'requests', 'p')",
    "SELECT * FROM system.tables",
    "SELECT * FROM System.processes",
    "SELECT * FROM `system`.`query_log`",
    "SELECT count() FROM requests WHERE id IN system.processes",
    "SELECT toInt64((SELECT any(query) FROM system.processes))",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM INFORMATION_SCHEMA.TABLES",
    "SELECT * FROM loop(requests) LIMIT 1",
    "SELECT * FROM cluster('default', 'perihelion', 'requests')",
    "SELECT * FROM clusterAllReplicas('default', 'perihelion.requests')",
    "SELECT * FROM numbers(10)",
    "SELECT * FROM view(SELECT org FROM requests)",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
    "SELECT * FROM dictionary('d')",
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('j', 'a', 1)",
    "SELECT * FROM executable('script', 'TSV', 'a String')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/key')",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM sqlite('/etc/hostname', 't')",
    "SELECT * FROM input('a String')",
    "SELECT * FROM format(JSONEachRow, '{}')",
    "SELECT * FROM Python(store)",
    "SELECT aiGenerate('x')",
    "SELECT getSetting('additional_table_filters')",
    "SELECT getMacro('x'), hostName()",
    "SELECT sleep(3)",
    "SELECT currentUser()",
    "SELECT * FROM schema_migrations",
    "SELECT count() FROM requests SETTINGS additional_table_filters = {}",
    "SELECT count() FROM (SELECT org FROM requests SETTINGS readonly = 0)",
    "SELECT 1 INTO OUTFILE '{outfile}'",
    "SELECT 1 INTO OUTFILE '{outfile}' FORMAT CSV",
    "SELECT 1) INTO OUTFILE '{outfile}' --",
    "SELECT 1 FORMAT Null",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE requests",
    "DROP TABLE requests",
    "INSERT INTO requests (id) VALUES ('x')",
    "INSERT INTO FUNCTION file('{outfile}') SELECT 1",
    "ALTER TABLE requests DELETE WHERE 1",
    "CREATE TABLE t (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (a Int8)",
    "SET readonly = 0",
    "SET ROLE owner",
    "SET ROLE ALL",
    "USE system",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "SYSTEM START LISTEN HTTP",
    "BACKUP TABLE requests TO File('{outfile}')",
    "EXECUTE AS default SELECT 1",
    "EXPLAIN SELECT * FROM requests",
    "SHOW TABLES",
    "DESCRIBE TABLE requests",
    "ATTACH DATABASE x",
    "TRUNCATE TABLE requests",
    "GRANT ALL ON *.* TO default",
    "",
    "SELECT",
    "SELECT no_such FROM requests",
    "SELECT {missing:String}",
    "SELECT 'x",
    "\0",
)


@pytest.mark.parametrize("sql", LEAVES)
def test_what_leaves_the_log_is_refused(store: ClickHouseStore, tmp_path: Path, sql: str) -> None:
    outfile = tmp_path / "written"
    with pytest.raises(QueryRefused) as caught:
        ask(store, sql.replace("{outfile}", str(outfile)))
    assert not outfile.exists()
    assert Path("/etc/hostname").read_text().strip() not in str(caught.value)
    assert ask(store, "SELECT count() FROM requests") == [[3]]


def test_our_own_reads_have_no_rights_outside_of_the_log(store: ClickHouseStore) -> None:
    """A second wall: what the engine itself refuses."""
    for sql in (
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1', 'perihelion', 'requests')",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM loop(requests) LIMIT 1",
        "SELECT * FROM executable('script', 'TSV', 'a String')",
        "SELECT * FROM sqlite('/etc/hostname', 't')",
        "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "INSERT INTO requests (id) VALUES ('x')",
        "ALTER TABLE requests DELETE WHERE 1",
        "DROP TABLE requests",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "SET readonly = 0",
        "SYSTEM FLUSH LOGS",
    ):
        with pytest.raises(StoreError):
            store.read(sql, {})


def test_sql_of_users_has_limits(store: ClickHouseStore) -> None:
    many = "SELECT arrayJoin(range(100000)) AS x FROM requests"
    assert ask(store, "SELECT count() FROM requests AS a, requests AS b, requests AS c, requests AS d") == [[81]]
    for sql, limits, cap in (
        (f"SELECT sum(cityHash64(a.x, b.x)) FROM ({many}) AS a CROSS JOIN ({many}) AS b", {"seconds": 0.5}, "seconds"),
        ("SELECT arrayJoin(range(1000000)) FROM requests", {"result_rows": 1000}, "result_rows"),
        ("SELECT groupArray(arrayJoin(range(10000000))) FROM requests", {"memory": 100 << 20}, "memory"),
    ):
        with pytest.raises(QueryLimitError) as caught:
            store.read_as("mine", sql, {}, QueryLimits(**limits))  # type: ignore[arg-type]
        assert caught.value.cap == cap
    with pytest.raises(QueryRefused):
        ask(store, "SELECT " + "(" * 5000 + "1" + ")" * 5000)


def test_usual_sql_is_accepted(store: ClickHouseStore) -> None:
    for sql in (
        "SELECT toStartOfHour(start) AS t, countIf(status >= 400) / count() FROM requests GROUP BY t ORDER BY t",
        "SELECT quantiles(0.5, 0.95)(latency_ms), uniqExact(user_id), avgOrNull(ttft_ms) FROM requests",
        "SELECT model, sum(cost_nanousd) / 1e9 AS usd FROM requests GROUP BY model ORDER BY usd DESC LIMIT 5",
        "SELECT properties['app'], mapKeys(properties) FROM requests WHERE mapContains(properties, 'app')",
        "SELECT id, row_number() OVER (PARTITION BY model ORDER BY start) FROM requests",
        "SELECT CASE WHEN status < 400 THEN 'ok' ELSE 'error' END AS c, CASE status WHEN 1 THEN 2 END FROM requests",
        "SELECT argMax(id, start), topK(3)(user_id), max(start) - interval 1 day FROM requests",
        "SELECT JSONExtractString(request, 'model'), lower(response_text) LIKE '%a%' FROM bodies",
        "SELECT count() FROM requests WHERE start > now() - INTERVAL 7 DAY AND status BETWEEN 200 AND 299",
        "SELECT arrayMap(x -> x + 1, [1, 2]), tuple(1, 'a').1, toTypeName(id) FROM requests",
        "SELECT count() FROM requests WHERE exists(SELECT 1 FROM bodies) OR id IN (SELECT id FROM bodies)",
        "SELECT sumIf(input_tokens, model = 'm'), any(match(model, '^m')) FROM requests GROUP BY model",
    ):
        assert isinstance(ask(store, sql), list), sql


def test_a_server_without_a_user_for_reading_runs_no_sql_of_users() -> None:
    server = ClickHouseServer()
    try:
        store = ClickHouseStore.open(server.url())
        with pytest.raises(StoreError, match=r"log\.reader"):
            store.read_as("mine", "SELECT 1", {})
        store.close()
    finally:
        server.stop()
