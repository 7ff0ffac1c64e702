"""The processes of a stack, and whose of them have outlived it."""

import os
from pathlib import Path

from tests.stack import Stack, children, command_line

__all__ = ["child", "control_worker", "gateway_worker", "living", "said"]


def child(stack: Stack, plane: str) -> int:
    """The process id of a plane's own child of `serve`."""
    assert stack.process is not None
    return next(pid for pid in children(stack.process.pid) if plane in command_line(pid))


def gateway_worker(stack: Stack) -> int:
    return children(child(stack, "gateway"))[0]


def control_worker(stack: Stack) -> int:
    return children(child(stack, "control"))[0]


def living(folder: Path) -> list[int]:
    """Every process that runs on the data folder of `folder`: children of a process have its environment."""
    wanted = f"PERIHELION_DATA={folder / 'data'}".encode()
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and int(path.name) != os.getpid():
            try:
                environ = (path / "environ").read_bytes().split(b"\0")
                ended = (path / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            except OSError:
                continue
            if wanted in environ and not ended:
                found.append(int(path.name))
    return found


def said(stack: Stack) -> str:
    """What the stack has printed, from its last start on."""
    assert stack.output is not None
    return stack.output.read_text()
