"""One simulated provider for all end-to-end tests, as a process of its own."""

from collections.abc import Iterator

import pytest

from simulator import process
from tests.redis_server import RedisServer


@pytest.fixture(scope="session")
def simulator_origin() -> Iterator[str]:
    provider = process.start()
    yield provider.origin
    provider.stop()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A Redis of the module's own."""
    server = RedisServer()
    yield server
    server.stop()
