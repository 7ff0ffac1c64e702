"""The command `mcp`: tools for agents on standard input and output."""

import click

from proxy.cli.client import control_url, credential
from proxy.cli.options import refuse, with_settings
from proxy.core.settings import Settings

__all__ = ["mcp"]


@click.command()
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def mcp(settings: Settings, url: str) -> None:
    """Serve tools over the log to an agent (Model Context Protocol on stdio)."""
    try:
        from proxy.mcp.server import make_server
    except ImportError as error:
        refuse(f"there is no MCP library ({error}): install perihelion[mcp]", 1)
    from perihelion.client import AsyncClient

    address = control_url(settings, url)
    key = credential(settings)
    make_server(lambda _: AsyncClient(address, key)).run("stdio")
