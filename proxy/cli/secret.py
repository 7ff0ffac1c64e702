"""`secret rotate`: seals everything with a new secret."""

import click

from proxy.cli.options import opened, refuse, with_settings
from proxy.cli.terminal import echo_lines
from proxy.core.errors import PerihelionError
from proxy.core.secret import next_file, secret_file
from proxy.core.settings import Settings

__all__ = ["secret"]


@click.group()
def secret() -> None:
    """The secret that stored credentials are sealed with."""


@secret.command()
@with_settings
def rotate(settings: Settings) -> None:
    """Make a new secret and seal everything with it. Stop the control plane first; gateways go on."""
    from proxy.control.rotation import rotate as sealed_anew

    opened(settings)
    try:
        done = sealed_anew(settings)
    except PerihelionError as error:
        refuse(str(error), 1)
    if done.credentials < 0:
        echo_lines(f"Completed an interrupted rotation from {done.old}: the secret is now {done.new}.")
    else:
        echo_lines(
            f"The secret is now {done.new} (was {done.old}). Provider credentials sealed again: {done.credentials}."
        )
    if settings.get_str("secret.key"):
        echo_lines(
            f"The old one comes from {settings.source('secret.key')}. Set it to the content of {next_file(settings)} "
            "for the control plane and for every gateway, start them again, and remove that file when all have it."
        )
    else:
        echo_lines(
            f"It is in {secret_file(settings)}: keep a copy. Start the control plane again, and give the file to the "
            "gateways of other machines; until they have it they go on with what they know."
        )
