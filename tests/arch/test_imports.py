"""Who may import whom: the walls of docs/architecture.md."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import ROOT

# A row may name a whole package or one module of it: the gateway writes the spool, the control plane reads it.
ALLOWED: dict[str, set[str]] = {
    "proxy.core": {"_speedups"},
    "proxy.providers": {"proxy.core", "_speedups"},
    "proxy.spool": {"proxy.core"},
    "proxy.ingest": {"proxy.core", "proxy.providers", "proxy.spool.segment", "proxy.spool.writer", "_speedups"},
    "proxy.net": {"proxy.core"},
    "proxy.channels": {"proxy.core", "proxy.net"},
    "proxy.alerts": {"proxy.core", "proxy.query"},
    "proxy.upstream": {"proxy.core", "proxy.net", "_speedups"},
    "proxy.query": {"proxy.core"},
    "proxy.logstore": {"proxy.core", "proxy.query"},
    "proxy.metadata": {"proxy.core"},
    "proxy.kv": {"proxy.core", "_speedups"},
    "proxy.prices": {"proxy.core", "proxy.providers"},
    "proxy.policies": {"proxy.core", "_speedups"},
    "proxy.gateway": {
        "proxy.core",
        "proxy.providers",
        "proxy.policies",
        "proxy.upstream",
        "proxy.kv",
        "proxy.ingest",
        "proxy.prices",
        "proxy.spool.writer",
        "_speedups",
    },
    "proxy.control": {
        "proxy.core",
        "proxy.alerts",
        "proxy.channels",
        "proxy.net",
        "proxy.policies.rules",
        "proxy.providers",
        "proxy.metadata",
        "proxy.ingest",
        "proxy.logstore",
        "proxy.query",
        "proxy.spool.reader",
        "proxy.prices",
        "proxy.mcp",
        "perihelion",
    },
    "perihelion": set(),
    "proxy.mcp": {"perihelion", "proxy.core"},
    "proxy.cli": {
        "proxy.core",
        "proxy.kv",
        "proxy.providers",
        "proxy.prices",
        "proxy.control",
        "proxy.gateway",
        "proxy.ingest",
        "proxy.logstore",
        "proxy.mcp",
        "proxy.query",
        "proxy.upstream",
        "perihelion",
    },
    "_speedups": set(),
    "simulator": {"proxy.core", "proxy.spool.writer"},
}
"""Package to the packages of ours it may import, beside itself."""

LAZY: dict[str, tuple[str, ...]] = {
    "proxy.cli": ("proxy.control", "proxy.gateway", "proxy.logstore", "proxy.query"),
    "proxy.gateway": ("proxy.prices",),
}
"""Package to what it may import inside functions only: `perihelion --help` starts neither plane, and a gateway loads
prices for the first limit in cents."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    "granian": ("proxy/gateway/wire/rsgi.py", "proxy/gateway/granian.py", "proxy/control/server.py"),
    "redis": ("proxy/kv/redis.py",),
    "hiredis": ("proxy/kv/wire.py",),
    "clickhouse_connect": ("proxy/logstore/",),
    "chdb": ("proxy/logstore/",),
    "litestar": ("proxy/control/",),
    "genai_prices": ("proxy/prices/",),
    "httpx": ("proxy/upstream/httpx.py", "proxy/cli/", "proxy/control/api/mcp.py", "perihelion/", "simulator/demo/"),
    "httpcore": ("proxy/net/", "proxy/upstream/httpx.py"),
    "apprise": ("proxy/channels/apprise.py", "proxy/channels/apprise_process.py"),
    "authlib": ("proxy/control/oidc.py",),
    "joserfc": ("proxy/control/oidc.py",),
    "sqlalchemy": ("proxy/metadata/",),
    "mcp": ("proxy/mcp/", "proxy/control/api/mcp.py"),
    "pydantic": ("proxy/mcp/",),
    "re2": ("proxy/query/check.py", "proxy/alerts/silences.py"),
    "google": ("proxy/ingest/otlp/decode.py", "proxy/control/otel/encode.py"),
    "opentelemetry": ("proxy/ingest/otlp/decode.py", "proxy/control/api/traces.py", "proxy/control/otel/encode.py"),
    "pyarrow": ("proxy/control/file_targets.py",),
}
"""Library to the files that may know it."""

HEAVY = (
    "apprise",
    "authlib",
    "chdb",
    "click",
    "clickhouse_connect",
    "genai_prices",
    "google.protobuf",
    "httpx",
    "litestar",
    "numpy",
    "opentelemetry",
    "pandas",
    "proxy.cli",
    "proxy.control",
    "proxy.logstore",
    "proxy.prices",
    "rich",
    "sqlalchemy",
)


def modules() -> Iterator[Path]:
    for package in ("proxy", "perihelion", "_speedups", "simulator"):
        yield from sorted((ROOT / package).rglob("*.py"))


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported: all but the insides of functions."""
    for node in ast.iter_child_nodes(tree):
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not for_types and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from at_import(node)


def imported(path: Path, *, lazily: bool = True) -> set[str]:
    """Dotted names that a module imports, relative ones resolved; without `lazily` those at import only."""
    inside = ".".join(path.relative_to(ROOT).parent.parts)
    found: set[str] = set()
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree) if lazily else at_import(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(inside.split(".")[: len(inside.split(".")) - node.level + 1]) if node.level else ""
            name = ".".join(part for part in (base, node.module or "") if part)
            found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
    return found


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def package_of(name: str) -> str | None:
    return next((package for package in ALLOWED if within(name, package)), None)


def strangers(names: set[str], own: str) -> set[str]:
    """What of ours is named there that `own` may not know. The bare package of an allowed module is no harm."""
    ours = {name for name in names if package_of(name) not in (None, own)}
    return {name for name in ours if not any(within(name, row) or within(row, name) for row in ALLOWED[own])}


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_walls_stand(path: Path) -> None:
    relative = path.relative_to(ROOT)
    own = package_of(".".join(relative.with_suffix("").parts))
    names = imported(path)
    if own is not None:
        assert strangers(names, own) == set(), f"{relative}: {own} may import {sorted(ALLOWED[own])}"
        early = {name for name in imported(path, lazily=False) if any(within(name, late) for late in LAZY.get(own, ()))}
        assert early == set(), f"{relative}: import these inside a function"
    for library, homes in ONLY_IN.items():
        if any(within(name, library) for name in names):
            assert str(relative).startswith(homes), f"{relative} imports {library}, which belongs to {homes}"


def test_the_gateway_stays_lean() -> None:
    code = (
        "import sys, proxy.gateway.launch, proxy.gateway.app\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_import_cycle_in_the_gateway() -> None:
    """Imports for types alone and inside functions count too. Only in `wire`, where a server, its connections and their
    messages hold each other, may one know another for its type."""
    paths = sorted((ROOT / "proxy" / "gateway").rglob("*.py"))
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    imports = {
        name: imported(path, lazily="wire" not in path.parts) & names.keys() - {name} for name, path in names.items()
    }
    while leaves := {name for name, found in imports.items() if not found & imports.keys()}:
        imports = {name: found for name, found in imports.items() if name not in leaves}
    assert {name: sorted(found & imports.keys()) for name, found in imports.items()} == {}
