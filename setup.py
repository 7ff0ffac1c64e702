"""Compiles `_speedups` and builds the dashboard.

Without a compiler or Cython, or with SPEEDUPS_PURE=1, the build goes on without the compiled modules, and prints
exactly one of "Accelerated build" and "Pure Python build". Without Node it goes on without the dashboard, with a
warning.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

NAMES = ("headers", "sse", "cachekey", "bucket", "http1")
FLAGS = [] if sys.platform == "win32" else ["-O3"]


def extensions() -> list[Extension]:
    return [Extension(f"_speedups.{name}", [f"_speedups/{name}.pyx"], extra_compile_args=FLAGS) for name in NAMES]


class Build(build_ext):
    """A failed extension does not fail the build: the plain twins do the same work, and the build says so."""

    compiled = 0

    def finalize_options(self) -> None:
        modules: list[Extension] = []
        if os.environ.get("SPEEDUPS_PURE") != "1":
            try:
                from Cython.Build import cythonize
            except ImportError:
                print("_speedups: no Cython to compile it with", file=sys.stderr)
            else:
                modules = cythonize(extensions(), language_level=3)
        for module in modules:
            module.optional = True  # a compiler's error is a warning; cythonize does not keep it
        self.distribution.ext_modules = modules
        super().finalize_options()

    def run(self) -> None:
        super().run()
        print("Accelerated build" if self.compiled == len(NAMES) else "Pure Python build")

    def build_extension(self, ext: Extension) -> None:
        super().build_extension(ext)
        self.compiled += 1


class BuildPython(build_py):
    """Puts the dashboard's files into `proxy/control/dist` of the wheel."""

    def run(self) -> None:
        super().run()
        folder = Path(__file__).resolve().parent / "dashboard"
        if self.editable_mode or not (folder / "build.py").is_file():
            return  # a checkout serves dashboard/dist; `make` builds it
        subprocess.run([sys.executable, str(folder / "build.py"), "--optional"], check=True)
        if (folder / "dist" / "index.html").is_file():
            target = Path(self.build_lib) / "proxy" / "control" / "dist"
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder / "dist", target)


if __name__ == "__main__":
    setup(
        ext_modules=extensions(),
        cmdclass={"build_ext": Build, "build_py": BuildPython},
        package_data={"_speedups": ["*.pyx", "*.pxd", "*.pxi", "*.pyi", "vectors/*.json", "py.typed", "README.md"]},
    )
