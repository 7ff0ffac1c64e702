"""`users invite` and `users reset`: one-time links for people, since the control plane sends no mail."""

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import with_settings
from proxy.cli.terminal import echo_lines
from proxy.core.settings import Settings

__all__ = ["users"]

_url = click.option("--url", default="", help="URL of the control plane; default: from the settings.")


@click.group()
def users() -> None:
    """Invitations and new passwords."""


@users.command()
@click.argument("email")
@click.option(
    "--role",
    default="member",
    show_default=True,
    type=click.Choice(["viewer", "member", "admin", "owner"]),
    help="What the person may do.",
)
@_url
@with_settings
def invite(settings: Settings, email: str, role: str, url: str) -> None:
    """Print a link that lets somebody join. It works once, within three days."""
    base = control_url(settings, url)
    made = ask(settings, base, "/api/members", method="POST", body={"email": email, "role": role})
    echo_lines(f"Send this to {email}; it works once, within three days:\n{base}{made['path']}")


@users.command()
@click.argument("email")
@_url
@with_settings
def reset(settings: Settings, email: str, url: str) -> None:
    """Print a link that sets a new password. It works once, within a day, and ends all sessions of the user."""
    base = control_url(settings, url)
    made = ask(settings, base, "/api/password-resets", method="POST", body={"email": email})
    echo_lines(f"Send this to {email}; it works once, within a day:\n{base}{made['path']}")
