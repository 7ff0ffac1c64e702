"""One more of a kind is one file and its line in the registry: each test adds one in a copy of the tree and uses it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Tree:
    """A copy of the product that a test may add to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for package in ("proxy", "perihelion"):
            shutil.copytree(ROOT / package, folder / package)  # compiled modules too: most of them stay as they are
        (folder / "_speedups").symlink_to(ROOT / "_speedups")

    def add(self, path: str, text: str) -> None:
        """Write the one new file."""
        file = self.folder / path
        assert not file.exists()
        file.write_text(text)

    def register(self, path: str, before: str, module: str, line: str) -> None:
        """Put `line` before the text `before` of a registry, and the import of `module` on top where it needs one."""
        file = self.folder / path
        text = file.read_text("utf-8")
        assert text.count(before) == 1
        text = text.replace(before, line + before)
        if module:
            at = text.index("\nfrom proxy")
            text = f"{text[:at]}\n{module}{text[at:]}"
        file.write_text(text)

    def run(self, code: str) -> None:
        """Run `code` in the copy; it fails by an assertion."""
        environ = {**os.environ, "PYTHONPATH": str(self.folder)}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


DIALECT = '''"""Acme's dialect: one JSON object with `say` and `used`."""

import msgspec

from proxy.core.usage import Usage
from proxy.providers.dialects.base import CapturedExchange, Dialect, ExchangeReading, name_operation, nothing_in_path
from proxy.providers.dialects.decode import decode_exchange
from proxy.providers.dialects.fields import get_int, get_str

__all__ = ["ACME"]


def _read(exchange: CapturedExchange) -> ExchangeReading:
    decoded = decode_exchange(exchange, nothing_in_path)
    decoded.reading.text = get_str(decoded.answer.first, "say")
    if decoded.has_usage:
        decoded.reading.usage = Usage(output_tokens=get_int(decoded.answer.first, "used"))
    return decoded.reading


def _error_body(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return msgspec.json.encode({"acme": message})


def _error_event(status: int, kind: str, message: str, code: str, param: str | None) -> bytes:
    return _error_body(status, kind, message, code, param)


ACME = Dialect(
    name="acme",
    operation=lambda path: name_operation(path, {"talk": "chat"}, {}),
    model_in=nothing_in_path,
    read=_read,
    error_body=_error_body,
    error_event=_error_event,
    token_keys=(b"say",),
    done_marks=(b"over",),
    stream_mark="/live/",
    refusal_marks=(b"I would rather not",),
    rate_limit_headers=(("acme-left", "acme-again"),),
    caller_marks=("/talk",),
)
'''
USES_DIALECT = """
from types import SimpleNamespace

from proxy.core.errors import Unauthorized
from proxy.gateway.cache.entry import is_cacheable
from proxy.gateway.exchange import Exchange
from proxy.gateway.phases.refuse import refuse
from proxy.gateway.tap import Tap
from proxy.providers.address import resolve
from proxy.providers.dialects import CapturedExchange, read_exchange
from proxy.providers.index import load
from proxy.providers.retry_after import retry_after_s

route = resolve(load("catalog"), "", "/mine/v1/talk")
assert (route.dialect, route.operation, route.path) == ("acme", "chat", "/v1/talk")
answered = CapturedExchange(operation="chat", path="/v1/talk", response_body=b'{"say":"Hi","used":3}')
reading = read_exchange("acme", answered)
assert (reading.text, reading.usage.output_tokens) == ("Hi", 3)

wire = SimpleNamespace(started=False, method="POST", path="/mine/v1/talk", query="", headers=lambda: [])
assert refuse(Exchange(wire, "id", 0.0, 0), Unauthorized("No key.")).body == b'{"acme":"No key."}'

assert is_cacheable(b'{"say":"Hi"}', "", False, "acme")
assert not is_cacheable(b'{"say":"I would rather not"}', "", False, "acme")
assert retry_after_s([("acme-left", "0"), ("acme-again", "7s")], 0.0) == 7
answer = SimpleNamespace(headers=[("content-type", "application/json")])
assert Tap(answer, "acme", False, 100, "/v1/talk").plain and not Tap(answer, "acme", False, 100, "/live/talk").plain
"""


def test_one_more_dialect_is_one_file_and_one_line(tree: Tree) -> None:
    tree.add("proxy/providers/dialects/acme.py", DIALECT)
    tree.register(
        "proxy/providers/dialects/__init__.py",
        "        OLLAMA,\n",
        "from proxy.providers.dialects.acme import ACME",
        "        ACME,\n",
    )
    (tree.folder / "catalog").mkdir()
    (tree.folder / "catalog" / "mine.toml").write_text('dialect = "acme"\norigin = "https://llm.example.com"\n')
    tree.run(USES_DIALECT)


UNIT = '''"""Limits in US dollars."""

from proxy.policies.base import Estimate, Spent

__all__ = ["Dollars"]


class Dollars:
    unit = "dollars"
    noun = "dollars"
    scale = 1_000_000
    decimals = True
    needs_price = True
    held = True
    concurrent = False

    def admit(self, estimate: Estimate) -> int:
        return estimate.nanousd // 1000

    def settle(self, spent: Spent) -> int:
        return spent.nanousd // 1000
'''
USES_UNIT = '''
import asyncio
from types import SimpleNamespace

from proxy.core import settings
from proxy.core.errors import BadDirective, BadRequest, Limited
from proxy.gateway.exchange import Exchange
from proxy.gateway.limits import Limits
from proxy.kv.memory import MemoryKv
from proxy.policies import Estimate
from proxy.policies.rules import parse_rules
from proxy.providers.dialects import RequestParams

(rule,) = parse_rules("1.5;w=60;u=dollars")
assert (rule.text, rule.limit) == ("1.5;w=60;u=dollars", 1_500_000)
try:
    parse_rules("1;w=60;u=yen")
except BadDirective as error:
    assert "u=request, user, org, cents, tokens, concurrent or dollars" in error.message, error.message
else:
    raise AssertionError("an unknown unit was accepted")


class Prices:
    """Stands for the meter."""

    nanousd = 400_000_000

    def estimate(self, request, route, params, priced_us):
        assert priced_us is not None
        return Estimate(nanousd=self.nanousd)


route = SimpleNamespace(provider=SimpleNamespace(name="acme"), model_in_path="")
request = SimpleNamespace(identity=SimpleNamespace(org="o", key_id="k"), route=route)


def call(name):
    return Exchange(None, name, 0.0, 0, request_params=RequestParams(model="m"))


async def main():
    limits = Limits(MemoryKv(), Prices(), settings.load(environ={}, overrides={"limits.unknown_price": "refuse"}))
    rules = limits.rules.find("1.5;w=60;u=dollars", "", "")
    for left in ("1.1", "0.7", "0.3"):
        ex = call(left)
        await limits.admit(ex, request, rules)
        assert dict(ex.outcome.response_headers)["helicone-ratelimit-remaining"] == left
    try:
        await limits.admit(call("last"), request, rules)
    except Limited as error:
        assert "1.5 dollars in 60 s" in error.message
    else:
        raise AssertionError("the limit did not hold")
    Prices.nanousd = 0
    try:
        await limits.admit(call("unpriced"), request, rules)
    except BadRequest as error:
        assert error.code == "unknown_price" and "a limit in dollars" in error.message
    else:
        raise AssertionError("a call without a price passed")


asyncio.run(main())
'''


def test_one_more_unit_of_limits_is_one_file_and_one_line(tree: Tree) -> None:
    tree.add("proxy/policies/dollars.py", UNIT)
    tree.register(
        "proxy/policies/__init__.py",
        "    )\n}\n",
        "from proxy.policies.dollars import Dollars",
        "        Dollars(),\n",
    )
    tree.run(USES_UNIT)


BACKEND = '''"""Limits and cached values under the scheme acme."""

from proxy.kv.base import StoreOptions
from proxy.kv.memory import MemoryKv

__all__ = ["AcmeStore", "open_store"]


class AcmeStore(MemoryKv):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url


def open_store(url: str, options: StoreOptions) -> AcmeStore:
    assert options.patience_ms == 50
    return AcmeStore(url)
'''
USES_BACKEND = """
import asyncio

from proxy.core import settings
from proxy.core.errors import SettingError
from proxy.gateway.app import Application
from proxy.kv import StoreOptions, check_url, open_kv


async def main():
    given = settings.load(environ={}, overrides={"kv.url": "acme://shelf", "data": "data", "gateway.workers": "2"})
    given.data.mkdir()
    application = Application(given)
    application.start(asyncio.get_running_loop())
    stores = application.gateway.kv
    assert stores.limits is stores.cache and stores.limits.url == "acme://shelf"
    await application.stop()


asyncio.run(main())
check_url("acme://shelf")
try:
    open_kv("other://shelf", StoreOptions())
except SettingError as error:
    assert "kv.url" in str(error) and "acme://" in str(error)
else:
    raise AssertionError("an unknown scheme was opened")
"""


def test_one_more_store_is_one_file_and_one_line(tree: Tree) -> None:
    tree.add("proxy/kv/acme.py", BACKEND)
    tree.register("proxy/kv/__init__.py", '    "redis": "redis",\n', "", '    "acme": "acme",\n')
    tree.run(USES_BACKEND)


TRANSPORT = '''"""Calls to providers by pigeon."""

from proxy.upstream.base import TransportLimits, TransportOptions
from proxy.upstream.direct import DirectUpstream

__all__ = ["PigeonUpstream", "open_transport"]


class PigeonUpstream(DirectUpstream):
    """Stands for another client."""


def open_transport(limits: TransportLimits, options: TransportOptions) -> PigeonUpstream:
    assert options.ca_file == "more.pem"
    return PigeonUpstream(limits)
'''
USES_TRANSPORT = """
import asyncio

from proxy.core import settings
from proxy.core.errors import SettingError
from proxy.gateway.app import Application
from proxy.upstream import check_transport


async def main():
    asked = {"upstream.transport": "pigeon", "upstream.ca_file": "more.pem", "data": "data"}
    given = settings.load(environ={}, overrides=asked)
    given.data.mkdir()
    application = Application(given)
    application.start(asyncio.get_running_loop())
    assert type(application.gateway.upstream).__name__ == "PigeonUpstream"
    await application.stop()


asyncio.run(main())
check_transport("pigeon")
try:
    check_transport("fax")
except SettingError as error:
    assert str(error).endswith("'fax'; expected one of direct, httpx, pigeon"), str(error)
else:
    raise AssertionError("an unknown transport was accepted")
"""


def test_one_more_transport_is_one_file_and_one_line(tree: Tree) -> None:
    tree.add("proxy/upstream/pigeon.py", TRANSPORT)
    tree.register("proxy/upstream/__init__.py", ')\n"""What', "", '    "pigeon",\n')
    tree.run(USES_TRANSPORT)
