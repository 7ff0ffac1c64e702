"""One simulated provider for all attacks, as a process of its own."""

from collections.abc import Iterator

import pytest

from simulator import process


@pytest.fixture(scope="session")
def simulator_origin() -> Iterator[str]:
    provider = process.start()
    yield provider.origin
    provider.stop()
