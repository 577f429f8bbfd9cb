"""``wcflow customer merge`` and ``split``: two records of one person become one, and part again."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.context import edited_by, open_database_session
from wcflow.cli.customer_undo import print_outcome
from wcflow.cli.find_customer import find_customer
from wcflow.cli.options import ConfigFile, Reason, StoreName, Yes, confirm
from wcflow.customers import edits
from wcflow.customers import merge as operations
from wcflow.customers.merge_preview import Figures, MergePreview, preview_merge
from wcflow.customers.moved_orders import check_movable
from wcflow.database.contacts import load_contacts
from wcflow.database.people import find_person
from wcflow.errors import UsageError
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.units import minor_digits

One = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="Customer id, e-mail address or full name.")
]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="The one who is the same person.")]
MERGE_EPILOG = """\b
Exit codes:
    0  done, or cancelled
    2  no such customer, both have an account, or no terminal to confirm on; add --yes
"""


def merge(
    one: One,
    other: Other,
    move_orders: Annotated[
        bool,
        typer.Option(
            "--move-orders",
            help="Also give the guest's orders to the account in WooCommerce, which shows them there.",
        ),
    ] = False,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Merge two records of the same person.

    Shows what follows, and asks. All orders of both then belong to one customer: the one with an
    account, else the first one named. Orders that come later under either address do, too. The
    store's own records stay as they are without --move-orders. 'wcflow customer split' takes it back.
    """
    with open_database_session(config) as session:
        with session.db.transaction() as tx:
            who = find_customer(tx, session, store, one)
            second = find_customer(tx, session, who.settings.name, other)
            context = read_context(tx, session.config, who.settings, session.clock())
            by = edited_by(session, reason)
            preview = preview_merge(tx, context, who.person, second.person, by)
            pair = operations.choose_kept(tx, who.settings.name, who.person, second.person)
            moves = check_movable(tx, who.settings, *pair) if move_orders else (0, [])
        _print_preview(preview, context)
        if move_orders:
            moved = output.format_count(len(moves[1]), "guest order")
            output.print_line(f"Moves in WooCommerce: {moved} to customer {moves[0]}")
        question = f"Merge {preview.joined.contact.short} into {preview.kept.contact.short}?"
        if not confirm(question, yes=yes):
            output.print_line("Cancelled.")
            return
        with session.db.transaction() as tx:
            context = read_context(tx, session.config, who.settings, session.clock())
            people = (who.person, second.person)
            outcome = operations.merge(tx, context, *people, by, move_store_orders=move_orders)
    print_outcome(None, outcome)
    if moves[1]:
        output.print_line(
            "The next 'wcflow sync' moves the orders; the daemon does so within a minute."
        )


def _print_preview(preview: MergePreview, context: EvaluationContext) -> None:
    sides = (preview.kept, preview.joined, preview.after)
    rows: list[tuple[object, ...]] = [
        ("paid orders", *(each.orders for each in sides)),
        (f"spent ({context.store.currency})", *(_money(each.spent, context) for each in sides)),
        ("segments", *(", ".join(each.segments) for each in sides)),
        ("tags", *(", ".join(each.tags) for each in sides)),
        ("groups", *(", ".join(each.groups) for each in sides)),
        ("points", *("" if each.points is None else each.points for each in sides)),
        ("tier", *(each.tier for each in sides)),
        ("accepts marketing", *(_yes_no(each) for each in sides)),
        ("notes", *(each.notes for each in sides)),
        ("open tasks", *(each.tasks for each in sides)),
        ("waiting workflow runs", *(each.waiting for each in sides)),
    ]
    shown = [row for row in rows if any(cell not in ("", 0) for cell in row[1:])]
    names = (preview.kept.contact.short, preview.joined.contact.short)
    output.print_table(("", *names, "together"), shown)
    for words, found in (
        ("Enters", preview.entered),
        ("Leaves", preview.left),
        ("Starts", [f"the workflow {name}" for name in preview.starts]),
        ("Both have had, and it is not repeated", preview.in_both),
    ):
        if found:
            output.print_line(f"{words}: {', '.join(found)}")


def _money(amount: Decimal, context: EvaluationContext) -> str:
    return f"{amount:,.{minor_digits(context.store.currency)}f}"


def _yes_no(figures: Figures) -> str:
    return {True: "yes", False: "no", None: ""}[figures.consent]


def split(
    customer: One,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Take back the last merge of a customer, or the merge of this address.

    Orders go back with their addresses, and notes, tasks, points, codes, the company and the tier to
    whoever had them before. What has started already does not start again. 'wcflow customer undo ID' takes back an
    earlier merge.
    """
    with open_database_session(config) as session:
        with session.db.reading() as tx:
            who = find_customer(tx, session, store, customer)
            name = who.settings.name
            found = operations.find_merges(tx, name, who.person)
            contact = load_contacts(tx, name, [who.person]).get(who.person)
        if not found:
            raise UsageError(f"{contact} was not merged with another customer", "")
        wanted = customer.strip().lower()
        edit = next((each for each in found if each.data["email"] == wanted), found[0])
        if not confirm(f'{contact}: take back "{edit.words}" by {edit.by.name}?', yes=yes):
            output.print_line("Cancelled.")
            return
        with session.db.transaction() as tx:
            outcome = edits.undo(tx, edit, edited_by(session, reason))
            person = find_person(tx, name, str(edit.data["email"]))
            parted = load_contacts(tx, name, [person] if person else [])
    print_outcome(None, outcome._replace(edit=None))
    for each in parted.values():
        output.print_line(f"{each} is a customer of their own again.")
