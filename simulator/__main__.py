"""`python -m simulator`: serves until a stop signal, and prints its address as one line of JSON."""

import argparse
import asyncio
import json
import signal
import ssl
from pathlib import Path

import msgspec
import uvloop

from simulator.script import Script
from simulator.server import Simulator


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m simulator", description="A simulated LLM provider.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--tls", action="store_true", help="self-signed, for localhost and 127.0.0.1")
    options.add_argument("--tls-cert")
    options.add_argument("--tls-key")
    options.add_argument("--tls-ca-out", help="where to write the authority that --tls makes")
    options.add_argument(
        "--replay", type=Path, action="append", default=[], help="a folder of exchanges; may be repeated"
    )
    for field in msgspec.structs.fields(Script):
        if field.name == "replay":
            continue
        options.add_argument(
            "--" + field.name.replace("_", "-"), type=field.type, default=field.default, dest=field.name
        )
    return options.parse_args()


def _tls(asked: argparse.Namespace) -> ssl.SSLContext | None:
    if not asked.tls and not asked.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if asked.tls_cert:
        context.load_cert_chain(asked.tls_cert, asked.tls_key)
        return context
    import trustme

    authority = trustme.CA()
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    if asked.tls_ca_out:
        authority.cert_pem.write_to_path(asked.tls_ca_out)
    return context


async def _serve(asked: argparse.Namespace) -> None:
    names = [field.name for field in msgspec.structs.fields(Script) if field.name != "replay"]
    simulator = Simulator(Script(**{name: getattr(asked, name) for name in names}), asked.replay)
    await simulator.start(asked.host, asked.port, _tls(asked))
    scheme, _, rest = simulator.origin.partition("://")
    told = {"scheme": scheme, "host": asked.host, "port": int(rest.rpartition(":")[2]), "origin": simulator.origin}
    print(json.dumps(told), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    uvloop.run(_serve(_options()))
