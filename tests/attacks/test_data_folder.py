"""Every file of a used data folder, one at a time: emptied, cut, noise, a folder in its place, of a newer version.

The list of files is that of an installation which was really used and then killed, not one from memory.
"""

import contextlib
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.attacks.damage import DAMAGES
from tests.stack import Stack, get_json

pytestmark = pytest.mark.long

CHAT = "/openai/v1/chat/completions"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
LIMITED = {"Helicone-RateLimit-Policy": "1000;w=3600", "Helicone-Cache-Enabled": "true"}
MAGICS = (b"PERISEG", b"PERISNP", b"PERIKV0", b'{"version":')


def newer(path: Path) -> None:
    """The version that stands in its first bytes, or noise where it has none."""
    raw = path.read_bytes()
    for magic in MAGICS:
        if raw.startswith(magic):
            path.write_bytes(magic + b"9" + raw[len(magic) + 1 :])
            return
    DAMAGES["noise"](path)


WAYS = {name: DAMAGES[name] for name in ("empty", "cut", "noise", "flipped", "folder")} | {"newer": newer}


class Used:
    """An installation that was used and killed, to be copied."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder = folder
        self.providers = {"openai": f'origin = "{origin}"'}
        stack = Stack(folder / "used", self.providers, auth__mode="required")
        with stack:
            made = httpx.post(
                stack.control + "/api/keys",
                json={"name": "a key", "scopes": ["proxy"]},
                headers={"Authorization": f"Bearer {stack.token}"},
            )
            self.key = {"Helicone-Auth": f"Bearer {made.json()['key']}"}
            while self.call(stack).status_code == 401:  # until the gateway has the snapshot
                time.sleep(0.1)
            shipped = [self.call(stack).headers["helicone-id"] for _ in range(3)]
            stack.record(shipped[-1])
            stack.kill("control")
            self.unshipped = [self.call(stack).headers["helicone-id"] for _ in range(3)]
            assert stack.process is not None
            for pid in (*stack.processes("control"), *stack.processes("gateway"), stack.process.pid):
                os.kill(pid, signal.SIGKILL)
            stack.process.wait()
            stack.process = None
        self.data = folder / "kept"
        (folder / "used" / "data").rename(self.data)

    def call(self, stack: Stack) -> httpx.Response:
        return httpx.post(stack.gateway + CHAT, json=BODY, headers={**LIMITED, **self.key}, timeout=30)

    def files(self) -> list[str]:
        """One of each kind: of the log store's thousands, one of each name."""
        kinds: dict[str, str] = {}
        for path in sorted(self.data.rglob("*")):
            name = str(path.relative_to(self.data))
            if path.is_file():
                kind = path.name if name.startswith("log/") else name
                kinds.setdefault(re.sub(r"[0-9a-f-]{8,}|\d+", "#", kind), name)
        return list(kinds.values())


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Used]:
    yield Used(tmp_path_factory.mktemp("used"), simulator_origin)


def test_no_file_stops_the_rest(used: Used) -> None:
    problems: list[str] = []
    wanted = os.environ.get("PERIHELION_FILES", "")
    names = [name for name in used.files() if re.search(wanted, name)]
    assert len(names) > 10 or wanted
    for name in names:
        for way, damage in WAYS.items():
            problem = trouble(used, name, way, damage)
            print(f"{name} {way}: {problem or 'well'}", flush=True)
            if problem:
                problems.append(f"{name} {way}: {problem}")
            shutil.rmtree(used.folder / "used" / "data")
    assert problems == []


def trouble(used: Used, name: str, way: str, damage: object) -> str:
    """What is wrong after this damage; empty where all is as it should be."""
    case = used.folder / "used"  # at its own place: the log store has absolute paths
    shutil.copytree(used.data, case / "data", symlinks=True)
    assert callable(damage)
    damage(case / "data" / name)
    stack = Stack(case, used.providers, auth__mode="required")
    stack.output = case / "output"
    stack.output.unlink(missing_ok=True)
    ready = True
    try:
        try:
            with words_in(stack.output):
                stack.start()
        except AssertionError as error:
            if "control" not in str(error):
                return f"the gateway does not start: {error} {told(stack)}"
            ready = False
        status = used.call(stack).status_code
        if status != 200 and not (status == 401 and not ready and name.startswith("snapshot")):
            return f"a call gets {status}: {told(stack)}"
        before = stack.processes("gateway")
        time.sleep(1.5)
        if stack.processes("gateway") != before:
            return f"the gateway's processes do not last: {told(stack)}"
        if not ready:
            return "" if speaks(stack, name) else f"the control plane is not ready, and nothing says why: {told(stack)}"
        if not (name.startswith("log/") or name.endswith(".seg")):
            for id in used.unshipped:
                stack.record(id)
        rows = [row["id"] for row in stack.records()]
        if len(rows) != len(set(rows)):
            return "rows are doubled"
        get_json(stack.control + "/api/requests?limit=1", stack.token)
    except (AssertionError, httpx.HTTPError, OSError) as error:
        return f"{type(error).__name__} {error}: {told(stack)}"
    finally:
        stack.stop()
    return ""


@contextlib.contextmanager
def words_in(output: Path) -> Iterator[None]:
    """Has the processes that are started meanwhile write their errors to the file."""
    before = os.dup(2)
    with output.open("ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


def told(stack: Stack) -> str:
    assert stack.output is not None
    return stack.output.read_text(errors="replace")[-700:]


def speaks(stack: Stack, name: str) -> bool:
    """Whether a line names what cannot be used."""
    words = {"metadata.db": "metadata database", "secret.key": "secret.file", "log": "log store"}
    return next((word for part, word in words.items() if name.startswith(part)), name) in told(stack)
