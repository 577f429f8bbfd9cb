"""``wcflow alerts test``: send a test alert to each address in ``[alerts]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import typer

from wcflow.channels.messages import ping
from wcflow.cli import output
from wcflow.cli.help import Typer
from wcflow.cli.options import ConfigFile, read_config
from wcflow.config.alerts import AlertSettings
from wcflow.daemon.alerts import send
from wcflow.errors import DONE, SOME_FAILED, DeliveryError, UsageError

SUBJECT = "wcflow: test"
TEXT = "This is a test. wcflow tells you here when something is wrong, and when it is over.\n"


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="Send test alerts.")
    family.command("test", epilog="Exit codes: 0 all were sent, 1 some were not.")(send_test)
    app.add_typer(family, name="alerts")


def send_test(config: ConfigFile = None) -> None:
    """Send a test alert to each address in [alerts], and show the results."""
    settings = read_config(config, need_store=False).alerts
    if settings is None:
        advice = "Add one with ping_url, email or apprise; 'wcflow reference' lists the keys."
        raise UsageError("there is no section [alerts] in the configuration", advice)
    codes = [_try(name, deed) for name, deed in _deeds(settings)]
    raise typer.Exit(max(codes))


def _deeds(settings: AlertSettings) -> Iterator[tuple[str, Callable[[], str | None]]]:
    if settings.ping_url:
        yield "ping_url", partial(ping, settings.ping_url, "success", TEXT)
    if "email" in settings.ways:
        to = ", ".join(settings.email)
        yield f"e-mail to {to}", partial(send, settings, "email", SUBJECT, TEXT)
    if "apprise" in settings.ways:
        yield "apprise", partial(send, settings, "apprise", SUBJECT, TEXT)


def _try(name: str, deed: Callable[[], str | None]) -> int:
    try:
        missed = deed()
    except DeliveryError as error:
        output.print_line(f"{name}: not sent: {error}", "red")
        if error.advice:
            output.print_line(f"What to do: {output.as_sentence(error.advice)}", indent=4)
        return SOME_FAILED
    if missed:
        output.print_line(f"{name}: not sent to all: {missed}", "red")
        return SOME_FAILED
    output.print_line(f"{name}: sent", "green")
    return DONE
