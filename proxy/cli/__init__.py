"""The command `perihelion`. One file per group of commands; each is imported only when it is used.

The gateway must not load what only the control plane needs, so nothing here imports either at the top. One more
command: one function and one row in `COMMANDS`.
"""

import importlib
import keyword
from typing import Final

import click

import proxy

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = {
    "serve": ("proxy.cli.serve", "Start everything on this machine."),
    "gateway": ("proxy.cli.planes", "Start the gateway alone."),
    "control": ("proxy.cli.planes", "Start the control plane alone."),
    "ship": ("proxy.cli.planes", "Ship this machine's spool into a ClickHouse server."),
    "store": ("proxy.cli.store", "Users and database of a ClickHouse server for the log."),
    "check": ("proxy.cli.check", "Explain the configuration it would run with."),
    "requests": ("proxy.cli.calls", "The newest calls."),
    "export": ("proxy.cli.export", "All calls that match a filter, as a file."),
    "show": ("proxy.cli.calls", "Everything of one call."),
    "metrics": ("proxy.cli.metrics", "Figures of calls by time and dimension: cost, latency, errors."),
    "alerts": ("proxy.cli.alerts", "Alert rules: what fires, history, acknowledge, preview."),
    "sql": ("proxy.cli.sql", "One SELECT over the log."),
    "top": ("proxy.cli.groups", "Users, models, sessions, errors and the like, with their figures."),
    "session": ("proxy.cli.groups", "One session as a tree."),
    "import": ("proxy.cli.import_files", "Import calls that another product exported."),
    "rollup": ("proxy.cli.rollup", "Stored hourly figures of large organisations: rebuild."),
    "mcp": ("proxy.cli.mcp", "Tools over the log for agents (Model Context Protocol)."),
    "prompts": ("proxy.cli.prompts", "Managed prompts as files: pull, push."),
    "reconcile": ("proxy.cli.reconcile", "Compare the log's costs with a provider's bill."),
    "reprice": ("proxy.cli.reprice", "Compute the cost of logged calls again."),
    "users": ("proxy.cli.users", "Invitations and new passwords for people."),
    "secret": ("proxy.cli.secret", "Rotate the secret that credentials are sealed with."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        attribute = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(proxy.__version__, prog_name="perihelion")
def main() -> None:
    """Perihelion: a drop-in proxy for LLM APIs that logs, prices and limits every call."""
