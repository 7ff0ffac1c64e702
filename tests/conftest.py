"""What holds for all tests: who runs them in which order, and what each of them would otherwise pay for again."""

import os
import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx._transports.default as transports
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

_FOLDERS = ("browser", "e2e", "attacks", "wire", "contract", "arch", "twins", "unit")
"""The longest modules are in the first: with many short ones left for the end, all workers end together."""
_BROWSER = "tests/browser/"
_HALF = ("test_every_page", "test_first_pages", "test_people", "test_sql")
"""Modules of the browser tests that take about as long as the others of them."""


settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # a busy machine is no fault


def pytest_configure() -> None:
    transports.create_ssl_context = _ssl_context  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    rank = {name: at for at, name in enumerate(_FOLDERS)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(here).parts[0], len(rank)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling | None":
    """A module runs in one worker, as with `--dist loadscope`, and the browser tests in two: a browser keeps a core
    busy while most other tests wait, and what is started for one browser test serves the next."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if not nodeid.startswith(_BROWSER):
                return str(super()._split_scope(nodeid))
            module = nodeid.removeprefix(_BROWSER).partition(".py::")[0]
            return _BROWSER + ("one half" if module in _HALF else "the other half")

    return Scheduling(config, log)


_create_ssl_context = transports.create_ssl_context


def _ssl_context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """What httpx makes for each client, which takes 30 ms of CPU for the certificates of all authorities, but once."""
    if verify is not True or cert is not None:
        return _create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
    return _usual_context(trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _usual_context(trust_env: bool, *_: str | None) -> ssl.SSLContext:
    return _create_ssl_context(trust_env=trust_env)
