"""``wcflow group``: groups and their members."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import edited_by, open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import (
    AsJson,
    ConfigFile,
    CustomerText,
    Reason,
    StoreName,
    Yes,
    confirm,
    select_store,
)
from wcflow.customers import groups as operations
from wcflow.database import groups
from wcflow.database.contacts import load_contacts
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean

GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="The name of the group.")]


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True, help="List, create and rename groups; add and remove customers."
    )
    family.command("list")(list_groups)
    family.command("add")(add)
    family.command("remove")(remove)
    family.command("create")(create)
    family.command("rename")(rename)
    family.command("delete")(remove_group)
    app.add_typer(family, name="group")


def list_groups(
    group: Annotated[
        str | None,
        typer.Argument(metavar="GROUP", help="List its customers.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """List the groups, or the customers of one of them.

    Workflows put customers into groups with add_to_group, and you with 'wcflow group add'.
    Conditions use them: groups contains 'Wholesale'.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        names = [each.name for each in session.stores(store)]
        counts = {name: groups.count_by_group(tx, name) for name in names}
        if group is not None:
            _list_members(tx, counts, group, as_json=as_json)
        elif as_json:
            output.print_json(counts)
        else:
            for name, found in counts.items():
                output.print_line(f"{name}: {output.format_count(len(found), 'group')}", "bold")
                if found:
                    output.print_table(("group", "customers"), list(found.items()))


def _list_members(
    tx: Connection, counts: dict[str, dict[str, int]], group: str, *, as_json: bool
) -> None:
    known = sorted({name for found in counts.values() for name in found})
    name = next((each for each in known if each.casefold() == group.casefold()), None)
    if name is None:
        hint = did_you_mean(group, known) or "'wcflow group list' shows the groups."
        raise UsageError(f"there is no group {group!r}", hint)
    found = {store: groups.load_group_members(tx, store, name) for store in counts}
    contacts = {
        store: load_contacts(tx, store, {each.person for each in some})
        for store, some in found.items()
    }
    if as_json:
        output.print_json(
            {
                store: [
                    {
                        "customer": describe.customer_json(contacts[store].get(each.person)),
                        "since": each.since,
                        "added_by": each.added_by,
                    }
                    for each in some
                ]
                for store, some in found.items()
            }
        )
        return
    for store, some in found.items():
        zone = store_zone(tx, store)
        count = output.format_count(len(some), "customer")
        output.print_line(f"{store}: {count} in {name} ({output.zone_words(zone)})", "bold")
        rows = [
            (
                contacts[store].get(each.person, f"person {each.person}"),
                output.format_time(each.since, zone),
                each.added_by,
            )
            for each in some
        ]
        if rows:
            output.print_table(("customer", "since", "added by"), rows)


def add(
    group: GroupName,
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
) -> None:
    """Add a customer to a group. A group that does not exist yet is made."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        by = edited_by(session, reason)
        outcome = operations.add_to_group(tx, who.settings.name, who.person, group, by)
        contact = load_contacts(tx, who.settings.name, [who.person])[who.person]
    output.print_line(f"{contact.short} {outcome.words}.", "green" if outcome.changed else "")


def remove(
    group: GroupName,
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
) -> None:
    """Remove a customer from a group."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        by = edited_by(session, reason)
        outcome = operations.remove_from_group(tx, who.settings.name, who.person, group, by)
        contact = load_contacts(tx, who.settings.name, [who.person])[who.person]
    output.print_line(f"{contact.short} {outcome.words}.", "green")


def create(group: GroupName, config: ConfigFile = None, store: StoreName = None) -> None:
    """Create a group without customers."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        where = select_store(session.config, store).name
        outcome = operations.create_group(tx, where, group, edited_by(session))
    output.print_line(describe.sentence(outcome.words), "green")


def rename(
    group: GroupName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.")],
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Rename a group. Change the name in your rules too, where they use it."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        where = select_store(session.config, store).name
        outcome = operations.rename_group(tx, where, group, name, edited_by(session))
    output.print_line(describe.sentence(outcome.words), "green")
    output.print_line("Change the name in your rules too, where they use it.")


def remove_group(
    group: GroupName,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Delete a group. Its customers stay."""
    with open_database_session(config) as session:
        where = select_store(session.config, store).name
        with session.db.reading() as tx:
            name = operations.find_existing(tx, where, group)
            count = len(groups.load_group_members(tx, where, name))
        question = f"{name} has {output.format_count(count, 'customer')}. Delete the group?"
        if not confirm(question, yes=yes):
            output.print_line("Cancelled.")
            return
        with session.db.transaction() as tx:
            outcome = operations.delete_group(tx, where, name, edited_by(session, reason))
    output.print_line(f"{describe.sentence(outcome.words)} Its customers stay.", "green")
