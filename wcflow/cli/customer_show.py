"""``wcflow customer show``: the record of a customer, and the timeline of what happened to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Annotated

import typer

from wcflow.actions.registry import content_words, entry_kind
from wcflow.cli import output
from wcflow.cli.context import open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.customers.record import CustomerRecord, load_record, record_facts
from wcflow.customers.timeline import TimelineEntry, amount_words
from wcflow.records import Address, Order
from wcflow.units import local_day, minor_digits

SHOWN, TIMELINE_SHOWN = 5, 20
EPILOG = "Exit codes: 0 done, 2 there is no such customer, or several, 78 the store was never read."


def show(
    customer: Annotated[
        list[str],
        typer.Argument(
            metavar="CUSTOMER", help="Customer id, e-mail address, name, or order '#1001'."
        ),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="List all orders, notes, messages and the whole timeline.")
    ] = False,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """Show all about a customer: contact, figures, orders, notes, tasks, messages and timeline.

    Reads the local copy; the store is not contacted. Segments and tags are those of the last
    evaluation. 'wcflow customer undo' takes back what the timeline shows with the number of
    an edit.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        record = load_record(tx, session.config, who.settings, who.person, session.clock())
        zone = store_zone(tx, who.settings.name)
    if as_json:
        output.print_json(record_facts(record))
    else:
        print_record(record, zone, everything=everything)


def print_record(record: CustomerRecord, zone: tzinfo, *, everything: bool) -> None:
    """Print a record; without ``everything``, only the latest of each list."""
    most = None if everything else SHOWN
    output.print_line(record.customer, "bold")
    output.print_line(f"{_standing(record, zone)}; {output.zone_words(zone)}", indent=2)
    _print_facts("Contact", contact_facts(record))
    _print_facts("Figures", figure_facts(record, zone))
    _print_list("Orders", ("id", "placed", "status", "total", "items"), _orders(record, zone), most)
    notes = [
        (
            each.id,
            output.format_time(each.written_at, zone),
            each.category,
            each.text,
            each.written_by,
        )
        for each in record.notes
    ]
    _print_list("Notes", ("id", "when", "category", "text", "by"), notes, most)
    tasks = [
        (each.id, _day(each.shows_at, zone), each.assignee, each.text) for each in record.tasks
    ]
    _print_list("Open tasks", ("id", "due", "for", "task"), tasks, most)
    _print_list("Messages", ("when", "state", "message"), message_rows(record, zone), most)
    rows = [timeline_row(each, zone) for each in record.timeline]
    columns = ("when", "what", "by", "because", "edit")
    _print_list("Timeline", columns, rows, None if everything else TIMELINE_SHOWN)
    shown = record.timeline if everything else record.timeline[:TIMELINE_SHOWN]
    if example := next((each.edit for each in shown if each.edit and not each.undone), None):
        output.print_line(f"'wcflow customer undo {example}' takes back edit {example}.", "dim")


def _standing(record: CustomerRecord, zone: tzinfo) -> str:
    status = "inactive" if record.inactive else "active"
    return f"{status}, customer since {_day(record.since, zone)}" if record.since else status


def _day(at: datetime | None, zone: tzinfo) -> str:
    return local_day(at, zone).isoformat() if at else ""


def contact_facts(record: CustomerRecord) -> Iterator[tuple[str, str]]:
    """Yield how a customer is reached, with the names of the facts."""
    others = [value for kind, value in record.identities if kind == "email"]
    others = [each for each in others if each != record.customer.email]
    billing, shipping = address_words(record.billing), address_words(record.shipping)
    yield "e-mail", record.customer.email
    yield "other addresses", ", ".join(others)
    yield "phone", record.phone
    yield "company", company_words(record)
    yield "billing address", billing
    yield "shipping address", "as billed" if billing and shipping == billing else shipping
    yield "marketing", {True: "agreed", False: "did not agree", None: ""}[record.consent]
    for each in record.suppressed:
        yield "no messages to", f"{each.address} ({each.words})"


def company_words(record: CustomerRecord) -> str:
    """Return a customer's company with its figures, or else the billing company."""
    if record.company is None:
        return record.billing_company
    customers = output.format_count(record.company_figures.customers, "customer")
    orders = output.format_count(record.company_figures.orders, "paid order")
    revenue = amount_words(record.company_figures.spent, record.currency)
    return f"{record.company.name} ({customers}, {orders}, {revenue})"


def address_words(address: Address) -> str:
    """Return a postal address in one line."""
    name = f"{address.first_name} {address.last_name}".strip()
    city = f"{address.postcode} {address.city}".strip()
    parts = (name, address.company, address.address_1, address.address_2, city)
    return ", ".join(filter(None, (*parts, address.state, address.country)))


def figure_facts(record: CustomerRecord, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Yield what a customer has bought, and where they stand."""
    yield "paid orders", f"{record.orders_count:,}"
    if record.orders_count:
        yield "total spent", _money(record.total_spent, record.currency)
        yield "average order", _money(record.average or Decimal(0), record.currency)
        yield "last order", _day(record.last_order_at, zone)
    for name, since in sorted(record.segments.items()):
        yield "segment", f"{name}, since {_day(since, zone)}"
    yield "tags", ", ".join(record.tags)
    yield "groups", ", ".join(record.groups)
    yield "tier", record.tier
    yield "points", "" if record.points is None else f"{record.points:,}"


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{minor_digits(currency)}f} {currency}"


def _orders(record: CustomerRecord, zone: tzinfo) -> Iterator[tuple[object, ...]]:
    for order in record.orders:
        total = amount_words(order.total, order.currency)
        placed = output.format_time(order.created, zone)
        yield order.id, placed, order.status, total, item_words(order)


def item_words(order: Order) -> str:
    """Return what was ordered: ``2 × Wallet, Belt``."""
    items = ((each.quantity, each.name) for each in order.items)
    return ", ".join(f"{count} × {name}" if count != 1 else name for count, name in items)


def message_rows(record: CustomerRecord, zone: tzinfo) -> Iterator[tuple[object, ...]]:
    """Yield when messages were sent, or why not, and what they say."""
    for each in record.messages:
        at = each.finished_at or each.queued_at
        words = f"{entry_kind(each.kind).one} {content_words(each, zone)}"
        state = "sent" if each.state == "done" else each.state
        yield output.format_time(at, zone), state, words


def timeline_row(entry: TimelineEntry, zone: tzinfo) -> tuple[object, ...]:
    """Return the cells of an entry; an edit that was undone has no number any more."""
    edit = "undone" if entry.undone else entry.edit or ""
    return output.format_time(entry.at, zone), entry.words, entry.by, entry.reason, edit


def _print_facts(heading: str, facts: Iterable[tuple[str, str]]) -> None:
    rows = [each for each in facts if each[1]]
    if rows:
        output.print_heading(heading)
        output.print_table(("", ""), rows, indent=2, header=False)


def _print_list(
    heading: str, columns: Sequence[str], rows: Iterable[Sequence[object]], most: int | None
) -> None:
    known = [*rows]
    if not known:
        return
    output.print_heading(heading)
    output.print_table(columns, known[:most], indent=2)
    if most is not None and len(known) > most:
        output.print_line(f"… and {len(known) - most:,} more; --all lists them.", "dim", indent=2)
