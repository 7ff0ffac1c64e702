"""The folder alone: copied out, built with and without a compiler, and used as its README shows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import _speedups
from tests.twins.conftest import EXPECTED, MODULES

FOLDER = Path(_speedups.__file__).parent
ROOT = FOLDER.parent
README = (FOLDER / "README.md").read_text()
COMPILED = all(list(FOLDER.glob(f"{name}.*.so")) + list(FOLDER.glob(f"{name}.*.pyd")) for name in MODULES)
LOOK = (
    "import _speedups, sys; _speedups.parse([('a', 'b')]); _speedups.gcra(0, 0, 1, 1); "
    "print(_speedups.__file__, _speedups.IMPLEMENTATION, sorted(m for m in sys.modules if m.startswith('proxy')))"
)

needs_compiled = pytest.mark.skipif(not COMPILED and not EXPECTED, reason="_speedups is not compiled here")
needs_compiler = pytest.mark.skipif(
    not EXPECTED and shutil.which(os.environ.get("CC", "cc").split()[0]) is None, reason="no C compiler here"
)


def run(folder: Path, *command: str, **environ: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SPEEDUPS_PURE", "CFLAGS")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=kept | environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def copied(to: Path, *but: str) -> Path:
    """A copy of the folder without the files `but`, and nothing else of the project."""
    shutil.copytree(FOLDER, to / "_speedups", ignore=shutil.ignore_patterns("__pycache__", *but))
    return to


def build(folder: Path, **environ: str) -> list[str]:
    """Builds a copy in place; returns the words it says of itself and the modules it made."""
    shutil.copy(ROOT / "setup.py", folder)
    said = re.findall(
        "Accelerated build|Pure Python build", run(folder, "setup.py", "build_ext", "--inplace", **environ)
    )
    return [*said, *sorted(path.name.split(".")[0] for path in (folder / "_speedups").glob("*.so"))]


def test_the_modules_are_compiled_where_that_was_expected() -> None:
    if EXPECTED:
        assert COMPILED, "PERIHELION_EXPECT_COMPILED=1, and `python setup.py build_ext --inplace` was not run or failed"
        assert _speedups.IMPLEMENTATION == "cython" or os.environ.get("SPEEDUPS_PURE") == "1"


def test_the_public_names_are_exact() -> None:
    assert sorted(_speedups.__all__) == sorted(set(_speedups.__all__))
    modules = {*MODULES, "_accepted", "_names", "_pure", "os", "TYPE_CHECKING", "annotations"}
    public = {name for name in vars(_speedups) if not name.startswith("__")}
    assert public - modules == set(_speedups.__all__)


@pytest.mark.parametrize("kind", ["python", pytest.param("cython", marks=needs_compiled)])
def test_the_folder_works_copied_out_alone(tmp_path: Path, kind: str) -> None:
    copied(tmp_path, *(["*.so", "*.pyd", "*.c"] if kind == "python" else []))
    assert run(tmp_path, "-c", LOOK).split() == [str(tmp_path / "_speedups/__init__.py"), kind, "[]"]


@needs_compiled
def test_the_environment_forces_the_plain_twins() -> None:
    assert run(ROOT, "-c", LOOK, SPEEDUPS_PURE="1").split()[1] == "python"


@needs_compiled
def test_one_missing_module_puts_all_back_to_plain(tmp_path: Path) -> None:
    assert run(copied(tmp_path, "bucket*.so", "bucket*.pyd"), "-c", LOOK).split()[1] == "python"


@pytest.mark.soak
@needs_compiler
def test_a_build_compiles_without_a_warning(tmp_path: Path) -> None:
    copied(tmp_path, "*.so", "*.c")
    assert build(tmp_path, CFLAGS="-Wall -Wextra -Werror") == ["Accelerated build", *sorted(MODULES)]


@pytest.mark.parametrize("environ", [{"CC": "/nowhere/cc"}, {"SPEEDUPS_PURE": "1"}])
def test_a_build_without_a_compiler_works_and_says_so(tmp_path: Path, environ: dict[str, str]) -> None:
    assert build(copied(tmp_path, "*.so", "*.c"), **environ) == ["Pure Python build"]
    assert run(tmp_path, "-c", LOOK).split()[1] == "python"


def test_the_examples_of_the_readme_hold() -> None:
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(examples) == 6
    for example in examples:
        run(ROOT, "-c", example, PYTHONPATH=str(ROOT))


@pytest.mark.soak
@needs_compiler
def test_a_wheel_of_the_project_gives_the_folder_to_another_service(tmp_path: Path) -> None:
    source, installed = tmp_path / "perihelion", tmp_path / "installed"
    copied(source, "*.so", "*.pyd", "*.c")
    for folder in ("proxy", "simulator"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(tmp_path, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", ".", str(source))
    (wheel,) = tmp_path.glob("perihelion-*.whl")
    run(tmp_path, "-m", "pip", "install", "-q", "--no-deps", "--target", str(installed), str(wheel))
    assert run(tmp_path, "-c", LOOK, PYTHONPATH=str(installed)).split() == [
        str(installed / "_speedups/__init__.py"), "cython", "[]",
    ]  # fmt: skip
    assert {"http1.pxd", "README.md"} <= {path.name for path in (installed / "_speedups").iterdir()}
    first = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    assert run(tmp_path, "-c", first, PYTHONPATH=str(installed)).strip() == "cython"


@pytest.mark.soak
@needs_compiled
@needs_compiler
def test_the_example_of_the_readme_that_uses_the_c_face_holds(tmp_path: Path) -> None:
    (example,) = re.findall(r"```cython\n(.*?)```", README, re.DOTALL)
    (tmp_path / "embedder.pyx").write_text(example)
    (tmp_path / "setup.py").write_text(
        "from Cython.Build import cythonize\nfrom setuptools import setup\n"
        f"setup(ext_modules=cythonize('embedder.pyx', include_path=[{str(ROOT)!r}]))\n"
    )
    run(tmp_path, "setup.py", "build_ext", "--inplace")
    shown = run(
        tmp_path,
        "-c",
        "import embedder as e; print(e.calls_let_pass(10**15, 3, 10**6, 9), e.user_of([('Helicone-User-Id', 'ada')]), "
        "e.events_of(b'data: 1\\n\\n'), e.canonical(b' [1.0] '), "
        "e.method_of(b'GET / HTTP/1.1\\r\\n\\r\\n'))",
        PYTHONPATH=str(ROOT),
    )
    assert shown.strip() == "(3, 3) ada 1 b'[1]' GET"
