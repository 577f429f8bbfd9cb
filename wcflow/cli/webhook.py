"""``wcflow webhook test``: send a test to the address of a webhook."""

from __future__ import annotations

import json
import secrets
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.help import Typer
from wcflow.cli.options import ConfigFile, read_config, utcnow
from wcflow.errors import SOME_FAILED, DeliveryError, UsageError
from wcflow.rules.errors import did_you_mean


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="Send a test to a webhook.")
    family.command("test", epilog="Exit codes: 0 it was accepted, 1 it was not.")(send_test)
    app.add_typer(family, name="webhook")


def send_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The NAME of [webhook NAME].")],
    config: ConfigFile = None,
) -> None:
    """Send a signed test to the address of a webhook, and show the answer.

    Its type is wcflow.test, and its data contain no customer.
    """
    # Imported here, because it loads the HTTP client.
    from wcflow.channels.webhook import send_webhook  # noqa: PLC0415

    webhooks = read_config(config, need_store=False).webhooks
    if name not in webhooks:
        none = "Add it, with a url and a secret. 'wcflow reference' lists the keys."
        known = f"Known names: {', '.join(webhooks)}." if webhooks else none
        hint = did_you_mean(name, webhooks) or known
        raise UsageError(f"there is no [webhook {name}] in the configuration", hint)
    now = utcnow()
    body = {"type": "wcflow.test", "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}Z", "data": {}}
    try:
        answer = send_webhook(
            webhooks[name], f"wcflow_test_{secrets.token_hex(8)}", json.dumps(body), now
        )
    except DeliveryError as error:
        output.print_line(f"{name}: not accepted: {error}", "red")
        raise typer.Exit(SOME_FAILED) from None
    output.print_line(f"{name}: accepted: {answer}", "green")
