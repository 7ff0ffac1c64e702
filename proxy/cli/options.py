"""Options that all commands share, and how a command exits on an error."""

import errno
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from proxy.cli.terminal import echo_lines
from proxy.core.errors import SettingError
from proxy.core.masking import mask, mask_strictly
from proxy.core.private import keep_private
from proxy.core.settings import Settings, load
from proxy.upstream import check_transport

__all__ = ["opened", "refuse", "with_settings"]


def refuse(sentence: str, code: int = 2) -> NoReturn:
    """Ends the command with one line on stderr; 2 is "cannot start like this", 1 is "it failed". What it quotes is
    masked where it looks like a credential."""
    echo_lines(f"perihelion: {mask(sentence)}", err=True)
    raise SystemExit(code)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives `command` the options `-c` and `--set`, and the settings they lead to as its first argument."""

    @click.option("-c", "--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
    @click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="One setting; may be repeated.")
    @functools.wraps(command)
    def wrapped(config: Path | None, overrides: tuple[str, ...], **rest: Any) -> Any:
        given: dict[str, str] = {}
        for pair in overrides:
            name, equals, value = pair.partition("=")
            if not equals:
                refuse(f"--set {mask_strictly(pair)!r}: expected name=value, such as gateway.port=8787")
            given[name.strip()] = value
        try:
            settings = load(config, overrides=given)
            check_transport(settings.get_str("upstream.transport"), settings.source("upstream.transport"))
        except SettingError as error:
            refuse(str(error))
        return command(settings, **rest)

    return wrapped


def opened(settings: Settings) -> Settings:
    """The settings, once its data folder is known to be usable, and nobody else's on this machine."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = settings.data / f".writable-{os.getpid()}"  # both planes look at the same time
        probe.touch()
        probe.unlink()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT) and settings.data.is_dir():
            return settings  # calls go on while a disk is full
        refuse(f"setting 'data' is {str(settings.data)!r}; expected a folder that can be written ({error.strerror})")
    keep_private(settings.layout)
    return settings
