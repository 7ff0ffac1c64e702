"""Every test here runs over both twins: an argument of a module's name (`headers`, `sse`, …) is each in turn."""

import os
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from _speedups import _pure

MODULES = ("headers", "sse", "cachekey", "bucket", "http1")
EXPECTED = os.environ.get("PERIHELION_EXPECT_COMPILED") == "1"


def twin(name: str, kind: str) -> ModuleType:
    """The module `name` of one kind; a missing compiled one skips the test, or fails it where it was expected."""
    if kind == "python":
        return import_module(f"{_pure.__name__}.{name}")
    try:
        return import_module(f"_speedups.{name}")
    except ImportError:
        if EXPECTED:
            pytest.fail(f"_speedups.{name} is not compiled, and PERIHELION_EXPECT_COMPILED=1")
        pytest.skip(f"_speedups.{name} is not compiled here")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in MODULES:
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, ["python", "cython"], indirect=True)


@pytest.fixture
def headers(request: pytest.FixtureRequest) -> Any:
    return twin("headers", request.param)


@pytest.fixture
def sse(request: pytest.FixtureRequest) -> Any:
    return twin("sse", request.param)


@pytest.fixture
def cachekey(request: pytest.FixtureRequest) -> Any:
    return twin("cachekey", request.param)


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> Any:
    return twin("bucket", request.param)


@pytest.fixture
def http1(request: pytest.FixtureRequest) -> Any:
    return twin("http1", request.param)
