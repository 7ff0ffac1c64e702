"""`perihelion store init`: its SQL is what the server understands, and its rights are enough and no more."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from proxy.cli import main
from proxy.core.clock import uuid7
from proxy.logstore import RequestRow, StoreError
from proxy.logstore.address import parse_address
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.connections import connect
from proxy.logstore.exactly_once import insert
from proxy.logstore.grants import ROW_POLICY, owner_grants, reader_grants
from tests.clickhouse_server import ClickHouseServer

ADDRESS = parse_address("clickhouse://perihelion@h/perihelion")
GRANTS = {"owner": tuple(owner_grants(ADDRESS)), "reader": tuple(reader_grants(ADDRESS))}


@pytest.fixture(scope="module")
def server() -> Iterator[ClickHouseServer]:
    started = ClickHouseServer(GRANTS, policies={"reader": ROW_POLICY})
    yield started
    started.stop()


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["store", "init", *arguments])
    return done.exit_code, done.output


def test_printed_sql_is_understood_by_the_server(server: ClickHouseServer) -> None:
    code, output = run("--url", server.url() + "?cluster=two", "--print")
    assert code == 0
    client = connect(parse_address(server.url()), "default")
    statements = [line.rstrip(";") for line in output.splitlines() if not line.startswith("--")]
    for statement in statements:
        assert client.command("SELECT formatQuery({sql:String})", parameters={"sql": statement}), statement
    assert "`perihelion_local`" in output
    owner, reader = (line.split(" = ")[1] for line in output.splitlines() if line.startswith("-- log."))
    assert parse_address(owner).password != parse_address(reader).password != ""
    assert f"BY '{parse_address(reader).password}'" in output


def test_a_server_that_takes_no_users_is_named_with_its_reason(server: ClickHouseServer) -> None:
    """As this one does, whose users are in a file."""
    code, output = run("--url", server.url("made"))
    assert (code, "storage is readonly" in output) == (2, True), output
    assert run("--url", "chdb:///x")[0] == run("--url", "postgresql://h/x")[0] == 2


def test_its_rights_are_enough_to_own_and_to_read_a_log(server: ClickHouseServer) -> None:
    store = ClickHouseStore.open(server.url(user="owner"), reader=server.url(user="reader"), ttl_days=3650)
    row = RequestRow(id=uuid7(1_780_000_000_000_000), org="o", start=1_780_000_000_000_000, model="m")
    insert(store, [row], [], "t")
    assert store.get("o", row.id) is not None
    assert store.read_as("o", "SELECT model FROM requests", {}).rows == [["m"]]
    store.remove([("o", row.start, row.id)])
    assert store.get("o", row.id) is None
    store.close()
    ClickHouseStore.open(server.url(user="owner"), ttl_days=0, text_chars=600).close()
    with pytest.raises(StoreError, match="privileges"):
        ClickHouseStore.open(server.url("another", "owner"))
    with pytest.raises(StoreError, match="privileges"):
        ClickHouseStore.open(server.url(user="reader"), ttl_days=7)


def test_the_row_policy_holds_where_filters_of_tables_do_not(server: ClickHouseServer) -> None:
    store = ClickHouseStore.open(server.url(user="owner"), reader=server.url(user="reader"))
    start = 1_780_000_000_000_000
    insert(store, [RequestRow(id=f"policy-{org}", org=org, start=start) for org in ("p1", "p2")], [], "policy")
    both = "SELECT groupArray(org) AS orgs FROM (SELECT org FROM {table} WHERE startsWith(id, 'policy-') ORDER BY org)"
    assert store.read(both.format(table="requests"), {}) == [{"orgs": ["p1", "p2"]}]
    assert store.read_as("p1", both.format(table="requests"), {}).rows == [[["p1"]]]
    reader = connect(parse_address(server.url(user="reader")))
    found = reader.query(both.format(table="merge('perihelion', '^requests$')"), settings={"log_comment": "x org=p2"})
    assert found.result_rows == [(["p2"],)]
    store.close()
