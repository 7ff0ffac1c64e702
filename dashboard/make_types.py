"""Writes the dashboard's types from the control plane's OpenAPI document: `python dashboard/make_types.py [FILE]`.

FILE is where the types go, `dashboard/src/api/schema.d.ts` if it is left out; a test compares the two.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))


def document() -> dict[str, object]:
    """The OpenAPI document of all routes, without a running control plane."""
    from litestar import Litestar, Router

    from proxy.control.api.openapi import complete
    from proxy.control.app import ROUTES

    return complete(Litestar([Router("/", route_handlers=ROUTES)]).openapi_schema.to_schema())


def write_types(target: Path) -> None:
    """Runs `openapi-typescript` from the dashboard's own packages. Raises `CalledProcessError`."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "openapi.json"
        # Sorted, because the paths of one handler come in another order in each process.
        source.write_bytes(msgspec.json.encode(document(), order="sorted"))
        tool = HERE / "node_modules" / ".bin" / "openapi-typescript"
        subprocess.run(
            [str(tool), str(source), "--default-non-nullable=false", "-o", str(target)],
            cwd=HERE,
            check=True,
            stdout=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    write_types(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else HERE / "src" / "api" / "schema.d.ts")
