"""``wcflow customer delete`` and ``erase-request``: delete customers, here and in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.context import DatabaseSession, edited_by, open_database_session
from wcflow.cli.customer_erasures import print_receipt
from wcflow.cli.customer_filter import (
    Company,
    FilterOptions,
    Group,
    Search,
    Segment,
    StatusOption,
    Tag,
    Where,
)
from wcflow.cli.customer_selection import FromFile, read_names, select_customers
from wcflow.cli.find_customer import FoundCustomer, find_customer
from wcflow.cli.options import ConfigFile, StoreName, Yes, confirm, select_store
from wcflow.customers.edits import Outcome
from wcflow.customers.erasure import Held, Orders, erase, load_held
from wcflow.customers.receipt import planned_words
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.edits import EditedBy, find_edit
from wcflow.database.people import find_person
from wcflow.errors import SOME_FAILED, UsageError

EPILOG = """\b
Exit codes:
    0  done, or cancelled
    1  some customers cannot be deleted
    2  no such customer, or no terminal to confirm on; add --yes
"""
SHOWN = 20
FIRST_IN_WORDPRESS = (
    "IP addresses, reviews, the data of other plugins and what WooCommerce's analytics list of"
    " customers shows of guests are not touched. If they have to go too, first use Tools, Erase"
    " Personal Data in WordPress: afterwards it no longer finds the orders."
)
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="TEXT",
        help="Why. The receipt shows it, so don't name the customer.",
        show_default=False,
    ),
]
OrdersOption = Annotated[
    Orders,
    typer.Option(
        "--orders",
        help="Keep the orders without personal data, as WooCommerce's eraser does, or delete them.",
    ),
]


class DeleteSelection(NamedTuple):
    """Which customers to delete: those of a filter, of a file, and those who are named."""

    options: FilterOptions
    file: Path | None = None
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A customer to delete, and what is held on them."""

    who: FoundCustomer
    contact: Contact | None
    held: Held


def delete(
    customers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CUSTOMER…", help="Customer ids, e-mail addresses, or names in quotes."
        ),
    ] = None,
    orders: OrdersOption = Orders.ANONYMIZE,
    from_file: FromFile = None,
    search: Search = "",
    segment: Segment = None,
    tag: Tag = None,
    group: Group = None,
    company: Company = None,
    status: StatusOption = None,
    where: Where = None,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Delete customers: their account, their data in orders, and what wcflow keeps about them.

    Name them, or select them with the options of 'customer list' or a file. Shows what follows, and
    asks. Nothing takes it back. Workflows stop at once and no message is sent any more; the next
    sync anonymizes or deletes the orders and then deletes the account.
    'wcflow customer erasures' shows how far it is.
    """
    options = FilterOptions(search, segment, tag, group, company, status, where)
    selection = DeleteSelection(options, from_file, customers or ())
    with open_database_session(config) as session:
        delete_selected(session, store, selection, orders, reason, yes=yes)


def delete_selected(
    session: DatabaseSession,
    store: str | None,
    selection: DeleteSelection,
    orders: Orders,
    reason: str,
    *,
    yes: bool,
) -> None:
    """Show what the deletion of these customers means, ask, and delete them.

    Raises Exit if some cannot be deleted.
    """
    with session.db.reading() as tx:
        selected = _select(tx, session, store, selection.options)
        selected += [find_customer(tx, session, store, name) for name in selection.names]
        found, problems = _choose(tx, session, store, selected, selection.file)
    for problem in problems:
        output.print_error(problem)
    if not found:
        advice = "" if problems else "Name customers, or select some; --help shows how."
        raise UsageError("there is no customer to delete", advice)
    _print_plan(found, orders)
    if not confirm(_question(found, orders), yes=yes):
        output.print_line("Cancelled.")
        return
    by = edited_by(session, reason)
    failed = [error for each in found if (error := _erase(session, each, by, orders))]
    for error in failed:
        output.print_error(error)
    if len(failed) < len(found):
        output.print_line(
            "The next 'wcflow sync' carries it out in the store; the daemon does so within a minute."
        )
    if failed or problems:
        raise typer.Exit(SOME_FAILED)


def _select(
    tx: Connection, session: DatabaseSession, store: str | None, options: FilterOptions
) -> list[FoundCustomer]:
    """Return the customers who fit a filter; none without one."""
    if options == FilterOptions():
        return []
    settings = select_store(session.config, store)
    found = select_customers(tx, session, settings, options, None)
    return [FoundCustomer(settings, person) for person in found]


def _choose(
    tx: Connection,
    session: DatabaseSession,
    store: str | None,
    selected: Sequence[FoundCustomer],
    file: Path | None,
) -> tuple[list[Chosen], list[str]]:
    """Return the customers who can be deleted, and what is wrong with the others."""
    found = [*selected]
    problems: list[str] = []
    for number, line in read_names(file) if file else ():
        persons = _find_exactly(tx, session, store, line)
        if len(persons) == 1:
            found += persons
        else:
            several = (
                "is in several stores; add --store" if persons else "is no customer's address or id"
            )
            problems.append(f"{file}:{number}: {line!r} {several}")
    different = {(each.settings.name, each.person): each for each in found}
    chosen = [_load(tx, each) for each in different.values()]
    problems += [
        f"{each.contact} cannot be deleted: {each.held.refused}"
        for each in chosen
        if each.held.refused
    ]
    return [each for each in chosen if not each.held.refused], problems


def _find_exactly(
    tx: Connection, session: DatabaseSession, store: str | None, text: str
) -> list[FoundCustomer]:
    """Return who has this id or address: a part of a name could be that of someone else."""
    stores = session.stores(store)
    found = ((each, find_person(tx, each.name, text)) for each in stores)
    return [FoundCustomer(each, person) for each, person in found if person is not None]


def _load(tx: Connection, who: FoundCustomer) -> Chosen:
    name, person = who.settings.name, who.person
    contact = load_contacts(tx, name, [person]).get(person)
    return Chosen(who, contact, load_held(tx, who.settings, person))


def _question(found: Sequence[Chosen], orders: Orders) -> str:
    whom = "this customer" if len(found) == 1 else f"these {len(found):,} customers"
    count = sum(len(each.held.orders) for each in found)
    their = f"{orders} {output.format_count(count, 'order')}"
    if ended := sum(len(each.held.subscriptions) for each in found):
        their += f" and {output.format_count(ended, 'subscription')}"
    return f"Delete {whom} and {their}? Nothing takes it back."


def _print_plan(found: Sequence[Chosen], orders: Orders) -> None:
    if len(found) == 1:
        _print_one(found[0], orders)
    else:
        rows = [
            (str(each.contact), len(each.held.orders), each.held.open_orders or "")
            for each in found[:SHOWN]
        ]
        output.print_table(("customer", "orders", "not completed"), rows)
        if len(found) > SHOWN:
            output.print_line(f"… and {len(found) - SHOWN:,} more", "dim")
    unfinished = sum(each.held.open_orders for each in found)
    if unfinished:
        count = output.format_count(unfinished, "order")
        output.print_warning(
            f"{count} not completed yet: without an address, they cannot be shipped."
        )
    output.print_line()
    output.print_line(FIRST_IN_WORDPRESS)
    output.print_line("Backups of the database keep the customer until you delete them.")


def _print_one(chosen: Chosen, orders: Orders) -> None:
    erased, kept = planned_words(chosen.held, orders)
    output.print_line(str(chosen.contact), "bold")
    for heading, lines in (("This is erased:", erased), ("This is kept:", kept)):
        output.print_heading(heading)
        for line in lines:
            output.print_line(f"- {line}", indent=2, hang=4)


def _erase(session: DatabaseSession, chosen: Chosen, by: EditedBy, orders: Orders) -> str:
    """Delete a customer; return why it was not possible, or nothing."""
    try:
        with session.db.transaction() as tx:
            outcome = erase(tx, chosen.who.settings, chosen.who.person, by, orders=orders)
            receipt = _find_receipt(tx, outcome)
    except UsageError as error:
        return f"{chosen.contact}: {error}"
    output.print_line(f"Deleted {chosen.contact} (receipt {receipt}).", "green")
    return ""


def _find_receipt(tx: Connection, outcome: Outcome) -> int:
    """Return the number of the receipt of a deletion."""
    edit = find_edit(tx, outcome.edit or 0)
    assert edit is not None, "it was just saved"
    return int(edit.data["erasure"])


def erase_request(
    customer: Annotated[
        list[str],
        typer.Argument(metavar="CUSTOMER", help="Customer id, e-mail address or name."),
    ],
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Answer a customer who wants their personal data erased (GDPR, article 17).

    Shows what is held on them and what is kept, asks, and deletes them as 'wcflow customer delete'
    does; their orders are anonymized. Prints a receipt without personal data, which can be sent to
    them.
    """
    with open_database_session(config) as session:
        with session.db.reading() as tx:
            chosen = _load(tx, find_customer(tx, session, store, " ".join(customer)))
        if chosen.held.refused:
            raise UsageError(f"{chosen.contact} cannot be deleted: {chosen.held.refused}", "")
        _print_plan([chosen], Orders.ANONYMIZE)
        if not confirm(_question([chosen], Orders.ANONYMIZE), yes=yes):
            output.print_line("Cancelled.")
            return
        settings, by = chosen.who.settings, edited_by(session, reason)
        with session.db.transaction() as tx:
            outcome = erase(tx, settings, chosen.who.person, by)
            output.print_line()
            print_receipt(tx, _find_receipt(tx, outcome))
