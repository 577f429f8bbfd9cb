"""``wcflow suppression``: addresses that get no messages; add or remove some."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from wcflow.actions.message import CHANNEL
from wcflow.cli import output
from wcflow.cli.context import open_database_session, store_zone
from wcflow.cli.help import Typer
from wcflow.cli.options import (
    AsJson,
    ConfigFile,
    StoreName,
    Yes,
    admin_name,
    confirm,
    select_store,
)
from wcflow.config.load import Config
from wcflow.database import suppression
from wcflow.database.suppression import EMAIL, Suppression
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean
from wcflow.rules.mailboxes import ascii_address
from wcflow.rules.phone_numbers import international_number

SHOWN = 200
Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An e-mail address, or a telephone number with +.")
]
Channel = Annotated[
    str,
    typer.Option("--channel", metavar="NAME", help="email, or the NAME of a [channel NAME]."),
]


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True, help="List addresses that get no messages; add or remove some."
    )
    family.command("list")(list_addresses)
    family.command("add")(add)
    family.command("remove")(remove)
    app.add_typer(family, name="suppression")


def list_addresses(
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
    show_all: Annotated[
        bool, typer.Option("--all", help=f"List all, not only the latest {SHOWN}.")
    ] = False,
) -> None:
    """List the addresses that get no messages, the latest first.

    Unsubscribed addresses and those that complained get no marketing. Addresses that bounced, and
    those that you added, get nothing.
    """
    limit = None if show_all or as_json else SHOWN
    with open_database_session(config) as session, session.db.reading() as tx:
        names = [each.name for each in session.stores(store)]
        found = {name: suppression.load_all(tx, name, limit) for name in names}
        zones = {name: store_zone(tx, name) for name in names}
        counts = {name: suppression.count(tx, name) for name in names}
    if as_json:
        output.print_json({name: [asdict(each) for each in some] for name, some in found.items()})
        return
    for name, some in found.items():
        zone, count = zones[name], counts[name]
        total = output.format_count(count, "address", "addresses")
        output.print_line(f"{name}: {total} ({output.zone_words(zone)})", "bold")
        rows = [
            (
                each.address,
                each.channel,
                each.words,
                output.format_time(each.at, zone),
                each.added_by,
            )
            for each in some
        ]
        if rows:
            output.print_table(("address", "channel", "why", "since", "added by"), rows)
        if count > len(rows):
            output.print_line(f"… and {count - len(rows):,} more; --all lists them.", "dim")


def add(
    address: Address,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for the list.")
    ] = "",
    channel: Channel = EMAIL,
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Send nothing to an address any more, not even transactional messages.

    If a customer answers STOP to an SMS, add their telephone number: --channel sms +4915112345678.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        address = _checked_address(session.config, channel, address)
        name = select_store(session.config, store).name
        now = session.clock()
        found = Suppression(channel, address, "manual", reason, now, admin_name())
        new = suppression.add(tx, name, found)
    if new:
        output.print_line(f"{address} gets no messages any more.", "green")
    else:
        output.print_line(f"{address} gets no messages already.")


def remove(
    address: Address,
    channel: Channel = EMAIL,
    config: ConfigFile = None,
    store: StoreName = None,
    yes: Yes = False,
) -> None:
    """Allow messages to an address again. Marketing still needs the customer's consent."""
    with open_database_session(config) as session:
        name = select_store(session.config, store).name
        address = _as_saved(session.config, channel, address)
        with session.db.reading() as tx:
            found = next(iter(suppression.load(tx, name, channel, [address]).values()), None)
        if found is None:
            advice = "'wcflow suppression list' lists the addresses."
            raise UsageError(f"{address} is not on the list", advice)
        question = f"{address} is on the list ({found.words}). Allow messages to it again?"
        if not confirm(question, yes=yes):
            output.print_line("Cancelled.")
            return
        with session.db.transaction() as tx:
            suppression.remove(tx, name, channel, address)
    output.print_line(f"{address} can get messages again.", "green")


def _checked_address(config: Config, channel: str, address: str) -> str:
    """Return an address as messages of this channel have it; raises UsageError."""
    known = [EMAIL, *config.rules.sections[CHANNEL]]
    if channel not in known:
        hint = did_you_mean(channel, known) or f"Known names: {', '.join(known)}."
        raise UsageError(f"there is no [channel {channel}] in the configuration", hint)
    if channel == EMAIL:
        try:
            ascii_address(address)
        except ValueError as error:
            raise UsageError(f"{address!r} cannot be used: {error}", "") from None
    found = _as_saved(config, channel, address)
    if not found:
        advice = "Write it with the code of its country, such as +4915112345678."
        raise UsageError(f"{address!r} is not a telephone number", advice)
    return found


def _as_saved(config: Config, channel: str, address: str) -> str:
    """Return an address as it is on the list; empty if it cannot be a telephone number."""
    rule = config.rules.sections[CHANNEL].get(channel)
    is_phone = rule is not None and rule.is_phone
    return international_number(address, "") if is_phone else address
