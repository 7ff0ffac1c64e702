"""A wheel that is built on a machine without Node has a dashboard that works."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.watch import Watch
from tests.stack import ROOT, free_port, wait_for

pytestmark = pytest.mark.soak

FOLDERS = ("proxy", "perihelion", "simulator", "_speedups", "dashboard")
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")
NODE = ("node", "nodejs", "npm", "npx", "corepack")
LEFT_OUT = ("__pycache__", "node_modules", "dist", "*.so", "*.c")


def path_without_node(folder: Path) -> str:
    """A PATH with the programs of this machine, but for Node's."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).glob("*") if place else []:
            link = folder / program.name
            if program.name not in NODE and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is installed. The build's own packages come from the registry, Node among them."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    environ = {**os.environ, "PATH": path_without_node(folder / "bin"), "SPEEDUPS_PURE": "1"}
    assert shutil.which("npm", path=environ["PATH"]) is None
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", "-q", "--no-deps", "-w", str(folder), str(source)]
    done = subprocess.run(build, env=environ, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("perihelion-*.whl")
    target = folder / "installed"
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", str(target), str(wheel)], check=True, timeout=300)
    return target


@pytest.fixture(scope="module")
def control(installed: Path) -> Iterator[tuple[str, str]]:
    """A control plane of the wheel: its URL, and this machine's token."""
    data, port = installed.parent / "data", free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PERIHELION_")},
        "PYTHONPATH": str(installed),
        "PERIHELION_DATA": str(data),
        "PERIHELION_CONTROL_PORT": str(port),
    }
    process = subprocess.Popen([sys.executable, "-m", "proxy", "control"], env=environ, cwd=installed.parent)
    try:
        wait_for("the control plane", lambda: (data / "control.token").exists() and answers(port), 120)
        yield f"http://127.0.0.1:{port}", (data / "control.token").read_text()
    finally:
        process.terminate()
        process.wait(60)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_it_holds_the_pages_and_they_work(browser: Browser, installed: Path, control: tuple[str, str]) -> None:
    dist = installed / "proxy" / "control" / "dist"
    assert (dist / "index.html").is_file()
    assert list(dist.glob("assets/*.js.br")), "compressed ahead"
    url, token = control
    context = browser.new_context(base_url=url, extra_http_headers={"Authorization": f"Bearer {token}"})
    watch = Watch(context, url)
    page = context.new_page()
    page.goto("/requests")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    expect(page.locator("#main")).to_contain_text("No call has been logged yet")
    context.close()
    watch.check()
