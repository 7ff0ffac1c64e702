"""Servers for the contract suites. What is said of one Redis holds on each kind of server that this machine has."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache

import pytest

from proxy.kv.memory import MemoryKv
from proxy.kv.redis import RedisKv
from tests.contract.kv_stores import PATIENT, REDIS, Make, url_of
from tests.postgres_server import PostgresServer
from tests.redis_server import SERVERS, RedisServer, start_cluster


@pytest.fixture(scope="module")
def server_of() -> Iterator[Callable[[str], RedisServer]]:
    """The module's own server of a kind, by its name in `SERVERS`."""
    started: list[RedisServer] = []

    @cache
    def server(kind: str) -> RedisServer:
        started.append(RedisServer(kind))
        return started[-1]

    yield server
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def cluster_of() -> Iterator[Callable[[str], list[RedisServer]]]:
    """The module's own cluster of a kind."""
    started: list[RedisServer] = []

    @cache
    def cluster(kind: str) -> list[RedisServer]:
        made = start_cluster(kind)
        started.extend(made)
        return made

    yield cluster
    for one in started:
        one.stop()


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, server_of: Callable[[str], RedisServer]) -> RedisServer:
    return server_of(request.param)


@pytest.fixture(scope="module", params=SERVERS)
def cluster(request: pytest.FixtureRequest, cluster_of: Callable[[str], list[RedisServer]]) -> list[RedisServer]:
    return cluster_of(request.param)


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """One that a test may kill."""
    started = RedisServer()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Stores that are closed when the test is over."""
    made: list[RedisKv] = []

    def new(url: str, patience_ms: float = PATIENT, on_error: Callable[[str], None] | None = None) -> RedisKv:
        made.append(RedisKv(url, patience_ms=patience_ms, on_error=on_error))
        return made[-1]

    yield new
    for one in made:
        await one.close()


@pytest.fixture(params=REDIS)
def url(request: pytest.FixtureRequest) -> str:
    return url_of(request)


@pytest.fixture(params=["memory", *REDIS])
async def kv(request: pytest.FixtureRequest) -> AsyncIterator[MemoryKv | RedisKv]:
    if request.param == "memory":
        store: MemoryKv | RedisKv = MemoryKv()
    else:
        store = RedisKv(url_of(request), patience_ms=PATIENT)
    yield store
    await store.close()


@pytest.fixture
def org() -> str:
    """One that no other test knows."""
    return f"org-{uuid.uuid4()}"
