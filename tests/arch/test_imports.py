"""Who may import whom: the walls of docs/architecture.md."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import ROOT

ALLOWED: dict[str, set[str]] = {
    "proxy.core": set(),
    "proxy.providers": {"proxy.core"},
    "proxy.spool": {"proxy.core"},
    "proxy.upstream": {"proxy.core"},
    "proxy.logstore": {"proxy.core"},
    "proxy.metadata": {"proxy.core"},
    "proxy.kv": {"proxy.core"},
    "proxy.prices": {"proxy.core", "proxy.providers"},
    "proxy.policies": {"proxy.core", "proxy.kv", "_speedups"},
    "proxy.gateway": {
        "proxy.core",
        "proxy.providers",
        "proxy.policies",
        "proxy.upstream",
        "proxy.kv",
        "proxy.spool",
        "_speedups",
    },
    "proxy.control": {
        "proxy.core",
        "proxy.providers",
        "proxy.metadata",
        "proxy.logstore",
        "proxy.spool",
        "proxy.prices",
    },
    "_speedups": set(),
    "simulator": set(),
}
"""Package to the packages of ours it may import, beside itself."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    "granian": ("proxy/gateway/wire/rsgi.py", "proxy/gateway/launch.py", "proxy/control/server.py"),
    "redis": ("proxy/kv/redis.py",),
    "clickhouse_connect": ("proxy/logstore/",),
    "chdb": ("proxy/logstore/",),
    "litestar": ("proxy/control/",),
    "genai_prices": ("proxy/prices/",),
    "httpx": ("proxy/upstream/httpx.py", "proxy/cli/", "simulator/demo.py"),
}
"""Library to the files that may know it."""

HEAVY = (
    "chdb",
    "clickhouse_connect",
    "genai_prices",
    "httpx",
    "litestar",
    "numpy",
    "pandas",
    "proxy.control",
    "proxy.logstore",
    "proxy.prices",
    "rich",
    "sqlalchemy",
)


def modules() -> Iterator[Path]:
    for package in ("proxy", "_speedups", "simulator"):
        yield from sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names that a module imports, anywhere in it; relative ones resolved."""
    inside = ".".join(path.relative_to(ROOT).parent.parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(inside.split(".")[: len(inside.split(".")) - node.level + 1]) if node.level else ""
            name = ".".join(part for part in (base, node.module or "") if part)
            found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
    return found


def package_of(name: str) -> str | None:
    return next((package for package in ALLOWED if name == package or name.startswith(package + ".")), None)


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_walls_stand(path: Path) -> None:
    relative = path.relative_to(ROOT)
    own = package_of(".".join(relative.with_suffix("").parts))
    names = imported(path)
    if own is not None:
        others = {package_of(name) for name in names} - {None, own}
        assert others <= ALLOWED[own], f"{relative} imports {sorted(map(str, others - ALLOWED[own]))}"
    for library, homes in ONLY_IN.items():
        if any(name == library or name.startswith(library + ".") for name in names):
            assert str(relative).startswith(homes), f"{relative} imports {library}, which belongs to {homes}"


def test_the_gateway_stays_lean() -> None:
    code = (
        "import sys, proxy.gateway.launch, proxy.gateway.app\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
