"""What keeps the house in order: public faces, sizes, documents that cannot rot, nothing foreign in a file."""

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

from docs.generate import TABLES, event_schema, layout_page, page_with_tables, settings_page
from docs.make_sync_client import SYNC, sync_text
from proxy.core import errors
from proxy.providers import load, resolve
from tests.stack import ROOT

SOURCES = sorted(
    path
    for package in ("proxy", "perihelion", "_speedups", "simulator")
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts  # read by Alembic, in its own form
)
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_a_module_is_one_thing(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "common", "manager"}
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_a_public_face_names_what_is_there(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree) or not tree.body, "a module says what it promises"
    told = [
        [element.value for element in node.value.elts if isinstance(element, ast.Constant)]
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.List)
        and any(isinstance(one, ast.Name) and one.id == "__all__" for one in ast.walk(node))
    ]
    script = any(isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in tree.body)
    if not told and (path.name in ("__init__.py", "__main__.py") or script):
        return  # what is run and not imported has no face
    private = any(part.startswith("_") and part != "_speedups" for part in path.relative_to(ROOT).with_suffix("").parts)
    assert told or private, "a public module has an `__all__`"
    if not told or path.name == "__main__.py":
        return
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert [name for name in told[0] if not hasattr(module, str(name))] == []


def test_settings_are_documented() -> None:
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert written == settings_page(), "run `python docs/generate.py`"


@pytest.mark.parametrize("page", sorted({page for page, _ in TABLES.values()}))
def test_generated_tables_are_what_the_code_says(page: str) -> None:
    assert (ROOT / "docs" / page).read_text("utf-8") == page_with_tables(page), "run `python docs/generate.py`"


def test_the_client_without_await_is_made_from_the_one_with_it() -> None:
    assert SYNC.read_text("utf-8") == sync_text(), "run `python docs/generate.py`"


def test_the_layout_lists_every_module() -> None:
    assert (ROOT / "docs" / "layout.md").read_text("utf-8") == layout_page(), "run `python docs/generate.py`"


def test_the_event_schema_is_the_event() -> None:
    written = (ROOT / "docs" / "event.schema.json").read_text("utf-8")
    assert written == event_schema(), "run `python docs/generate.py`"


def test_the_pipeline_on_the_page_is_the_pipeline() -> None:
    code = (ROOT / "proxy" / "gateway" / "pipeline.py").read_text("utf-8")
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert code[code.index("async def handle") :].strip() in page, "copy `handle` to docs/architecture.md again"


def test_every_error_code_is_documented() -> None:
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    codes = {one.code for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "code")}
    for path in (ROOT / "proxy").rglob("*.py"):
        codes |= set(re.findall(r'\bcode="(\w+)"', path.read_text("utf-8")))
    for path in (ROOT / "proxy" / "upstream").rglob("*.py"):  # where codes are also handed on by position
        codes |= set(re.findall(r'"(upstream_\w+)"', path.read_text("utf-8")))
    assert sorted(code for code in codes if f"`{code}`" not in page) == []


def test_one_more_provider_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('dialect = "openai"\norigin = "https://llm.example.com"\n')
    route = resolve(load(str(tmp_path)), "", "/mine/v1/chat/completions")
    assert (route.origin.host, route.path, route.operation) == ("llm.example.com", "/v1/chat/completions", "chat")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    hosts = "|".join(["py" + "pi", "(files[.])?python" + "hosted", "npm" + "js", "deb" + "ian", "cra" + "tes"])
    registry = re.compile(rf"[/.@]({hosts})[.](org|io|com)\b")
    machine = re.compile(r"(^|[^A-Za-z0-9_])/(wo" + r"rk|fa" + r"rm)/|/tm" + r"p/[a-z]+/")
    found: list[str] = []
    for path in tracked():
        if path.suffix in (".svg", ".png"):
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if registry.search(line) or machine.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line[:100]}")
    assert found == []


def test_only_the_layout_knows_the_names_in_the_data_folder() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "proxy").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\bdata\s*/\s*f?\"", line) and path.name != "layout.py" and ".writable" not in line
    ]
    assert found == [], "add the path to proxy/core/layout.py"


def test_files_are_replaced_through_one_function() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "proxy").rglob("*.py")
        if re.search(r"os\.replace\(|draft\.replace\(|\.with_suffix\(\"\.(new|draft)\"", path.read_text("utf-8"))
        and path.name not in ("files.py", "jsonl.py")  # which renames a rotated file
    ]
    assert found == [], "use proxy.core.files.replace"
