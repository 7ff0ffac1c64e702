"""`reprice`: prices the calls of a time again."""

import threading
from typing import Any, Final

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import echo, echo_json
from proxy.core.settings import Settings

__all__ = ["reprice"]

_POLL_S: Final = 0.5


@click.command()
@click.option("--since", default="", help="Start of the first call: a time, a day, or an age such as 30d.")
@click.option("--until", default="", help="Only calls before this time; default: now.")
@click.option("--org", default="", help="Id of another organisation, or * for all (on the control plane's machine).")
@click.option("--filter", "filter_text", default="", help="Only calls that match, as in the filter grammar.")
@click.option("--dry-run", is_flag=True, help="Only count what would change.")
@click.option("--resume", default="", metavar="ID", help="Wait for one that was started before, and print it.")
@click.option("--cancel", default="", metavar="ID", help="Stop one. What it has written stays.")
@click.option("--json", "as_json", is_flag=True, help="The whole result as JSON.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def reprice(
    settings: Settings,
    since: str,
    until: str,
    org: str,
    filter_text: str,
    dry_run: bool,
    resume: str,
    cancel: str,
    as_json: bool,
    url: str,
) -> None:
    """Compute the cost of logged calls again, with today's prices and the usage that was kept. Old figures are kept."""
    url = control_url(settings, url)
    if sum(map(bool, (since, resume, cancel))) != 1:
        refuse("expected one of --since TIME, --resume ID and --cancel ID")
    if cancel:
        run = ask(settings, url, f"/api/reprice/{cancel}", method="DELETE")
    elif resume:
        run = ask(settings, url, f"/api/reprice/{resume}")
    else:
        body = {"since": since, "until": until, "organisation": org, "filter": filter_text or None, "dry_run": dry_run}
        run = ask(settings, url, "/api/reprice", method="POST", body=body)
    run = _wait(settings, url, run)
    if as_json:
        echo_json(run, indent=2)
    else:
        from proxy.cli.reprice_sheet import print_reprice

        print_reprice(run)
    if run["state"] != "done" and not cancel:
        refuse(f"the re-pricing {run['id']} was cancelled", 1)


def _wait(settings: Settings, url: str, run: dict[str, Any]) -> dict[str, Any]:
    """Return the run once it has ended; says on stderr how far it is."""
    pause, said = threading.Event(), ""
    try:
        while run["state"] in ("queued", "running"):
            news = (
                f"{run['state']}: {run['calls']:,} calls priced, {run['changed']:,} changed, {run['written']:,} written"
            )
            news = f"waiting: {run['error']}" if run["error"] else news
            if news != said:
                echo(f"perihelion: {news}", err=True)
                said = news
            pause.wait(_POLL_S)
            run = ask(settings, url, f"/api/reprice/{run['id']}")
    except KeyboardInterrupt:
        refuse(f"it goes on; see `perihelion reprice --resume {run['id']}`, or --cancel", 1)
    return run
