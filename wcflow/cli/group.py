"""``wcflow group``: list groups and their members; add and remove customers."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, CustomerText, StoreName, admin_name
from wcflow.database import groups
from wcflow.database.contacts import load_contacts
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean
from wcflow.rules.steps import one_tag

GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="The name of the group.")]


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="List groups; add and remove customers.")
    family.command("list")(list_groups)
    family.command("add")(add)
    family.command("remove")(remove)
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
        raise UsageError(f"no customer is in the group {group!r}", hint)
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
    group: GroupName, customer: CustomerText, config: ConfigFile = None, store: StoreName = None
) -> None:
    """Add a customer to a group. A group that does not exist yet is made."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        name, where, person, words = _find(tx, session, store, group, customer)
        if not groups.add_member(tx, where, person, name, admin_name(), session.clock()):
            output.print_line(f"{words} is in {name} already.")
            return
        mark_persons_dirty(tx, where, [person])
    output.print_line(f"{words} is in {name} now.", "green")


def remove(
    group: GroupName, customer: CustomerText, config: ConfigFile = None, store: StoreName = None
) -> None:
    """Remove a customer from a group."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        name, where, person, words = _find(tx, session, store, group, customer)
        if not groups.remove_member(tx, where, person, name):
            known = groups.load_groups(tx, where, [person]).get(person, frozenset())
            theirs = ", ".join(sorted(known)) or "no group"
            raise UsageError(f"{words} is not in {name}", f"They are in {theirs}.")
        mark_persons_dirty(tx, where, [person])
    output.print_line(f"{words} is no longer in {name}.", "green")


def _find(
    tx: Connection, session: DatabaseSession, store: str | None, group: str, customer: list[str]
) -> tuple[str, str, int, str]:
    """Return the group, the store, the person, and the customer in words."""
    name = one_tag(group)
    if "," in group or not name:
        raise UsageError("the name of a group must not be empty or have a comma", "")
    who = find_customer(tx, session, store, " ".join(customer))
    where = who.settings.name
    contact = load_contacts(tx, where, [who.person]).get(who.person)
    return groups.find_group(tx, where, name), where, who.person, contact.short if contact else ""
