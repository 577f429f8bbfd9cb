"""``wcflow customer bulk``: the same change for many customers, after a preview."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.context import DatabaseSession, edited_by, open_database_session
from wcflow.cli.customer_delete import DeleteSelection, OrdersOption, delete_selected
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
from wcflow.cli.customer_selection import (
    Everyone,
    FromFile,
    check_selection,
    select_customers,
    selection_words,
)
from wcflow.cli.options import ConfigFile, Reason, StoreName, Yes, confirm, select_store
from wcflow.config.stores import StoreSettings
from wcflow.customers.bulk import (
    BulkChange,
    BulkResult,
    change_many,
    count_customers,
    find_interrupted,
)
from wcflow.customers.bulk_actions import ACTIONS, BulkAction, BulkRequest, plan_change
from wcflow.customers.erasure import Orders
from wcflow.customers.written import written_when
from wcflow.database.contacts import load_contacts
from wcflow.database.edits import load_bulk_persons
from wcflow.database.people import count_people
from wcflow.errors import UsageError
from wcflow.outbox.limits import write_limit

SHOWN = 10
EPILOG = """\b
Exit codes:
    0  done, or declined
    1  FILE cannot be read, or some customers cannot be deleted
    2  no such action, or a wrong option; or no terminal to confirm on
   78  the store was never read
"""


class Action(StrEnum):
    """What can be done; those with a preview of their own are not in ACTIONS."""

    ADD_TAG = "add-tag"
    REMOVE_TAG = "remove-tag"
    ADD_TO_GROUP = "add-to-group"
    REMOVE_FROM_GROUP = "remove-from-group"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    NOTE = "note"
    START_WORKFLOW = "start-workflow"
    DELETE = "delete"


def bulk(
    action: Annotated[Action, typer.Argument(metavar="ACTION", help=f"{', '.join(Action)}.")],
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE",
            help="The tag, the group, the text of the note, or the workflow.",
            show_default=False,
        ),
    ] = "",
    search: Search = "",
    segment: Segment = None,
    tag: Tag = None,
    group: Group = None,
    company: Company = None,
    status: StatusOption = None,
    where: Where = None,
    from_file: FromFile = None,
    everyone: Everyone = False,
    category: Annotated[
        str,
        typer.Option(
            "--category", metavar="NAME", help="The category of a note.", show_default=False
        ),
    ] = "",
    orders: OrdersOption = Orders.ANONYMIZE,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Change many customers at once.

    The options select customers as in 'customer list'. Shows how many there are and what follows,
    and asks. If it is interrupted, the same command does the rest. 'wcflow customer undo --bulk'
    takes all of it back, but not 'delete', which is the same as 'wcflow customer delete'.
    """
    options = FilterOptions(search, segment, tag, group, company, status, where)
    check_selection(options, from_file, everyone=everyone)
    if action is Action.DELETE:
        _check_deletion(value or category, everyone=everyone)
        with open_database_session(config) as session:
            selection = DeleteSelection(options, from_file)
            delete_selected(session, store, selection, orders, reason, yes=yes)
        return
    if orders is not Orders.ANONYMIZE:
        raise UsageError("only delete does something to orders", "Leave out --orders.")
    if action is Action.START_WORKFLOW:
        if not value or category:
            raise UsageError("start-workflow needs the name of a workflow, and nothing else", "")
        _start_workflow(value, options, from_file, config, store, reason, yes=yes)
        return
    with open_database_session(config) as session:
        settings = select_store(session.config, store)
        with session.db.reading() as tx:
            persons = select_customers(tx, session, settings, options, from_file)
            request = BulkRequest(settings.name, session.config, value, category)
            change = plan_change(tx, action, request, selection_words(options, from_file))
            if not persons:
                output.print_line("No customer is selected.")
                return
            _print_preview(tx, settings, persons)
            _print_consequences(tx, session, settings, ACTIONS[action])
            _print_interrupted(tx, settings.name, change)
        count = count_customers(len(persons))
        if not confirm(f"{_capital(change.doing(f'{count} of {settings.name}'))}?", yes=yes):
            output.print_line("Cancelled.")
            return
        by = edited_by(session, reason)
        result = change_many(session.db, settings.name, persons, change, by)
    _print_result(change, result)


def _check_deletion(more: str, *, everyone: bool) -> None:
    if more:
        raise UsageError("delete has neither a value nor a category", f"Leave out {more!r}.")
    if everyone:
        advice = "Select them with the options of 'customer list' or --from FILE."
        raise UsageError("delete does not take all customers at once", advice)


def _start_workflow(
    name: str,
    options: FilterOptions,
    from_file: Path | None,
    config: Path | None,
    store: str | None,
    reason: str,
    *,
    yes: bool,
) -> None:
    # Imported here, because all other actions start without the client of the store.
    from wcflow.cli.session import open_session  # noqa: PLC0415
    from wcflow.cli.workflow import run_for  # noqa: PLC0415

    with open_session(config) as session:
        settings = select_store(session.config, store)

        def select() -> list[int]:
            with session.db.reading() as tx:
                persons = select_customers(tx, session, settings, options, from_file)
                _print_preview(tx, settings, persons)
            return persons

        run_for(session, settings, name, select=select, reason=reason, yes=yes)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _print_preview(tx: Connection, settings: StoreSettings, persons: Sequence[int]) -> None:
    total = count_people(tx, settings.name)
    output.print_line(f"{settings.name}: {len(persons):,} of {count_customers(total)}", "bold")
    contacts = load_contacts(tx, settings.name, persons[:SHOWN])
    for person in persons[:SHOWN]:
        output.print_line(contacts.get(person, f"person {person}"), indent=2)
    if len(persons) > SHOWN:
        output.print_line(f"… and {len(persons) - SHOWN:,} more", "dim", indent=2)


def _print_consequences(
    tx: Connection, session: DatabaseSession, settings: StoreSettings, action: BulkAction
) -> None:
    if action.written:
        output.print_line(written_when(tx, settings, "WooCommerce"))
        if settings.write:
            limit = write_limit(count_people(tx, settings.name), session.config.max_writes)
            output.print_line(f"More than {limit:,} changes at once wait for 'wcflow approve'.")
    if action.follows:
        output.print_line(action.follows)


def _print_interrupted(tx: Connection, store: str, change: BulkChange) -> None:
    head = find_interrupted(tx, store, change)
    if head is not None:
        done = count_customers(len(load_bulk_persons(tx, store, str(head.id))))
        output.print_line(f"This was interrupted after {done}: only the rest is done.", "yellow")


def _print_result(change: BulkChange, result: BulkResult) -> None:
    words = _capital(change.done(count_customers(result.changed)))
    output.print_line(f"{words}.", "green" if result.changed else "")
    for why, number in result.reasons.most_common():
        output.print_line(f"not changed, {number:,}: {why}", indent=2)
    if result.id:
        output.print_line(f"'wcflow customer undo --bulk {result.id}' takes all of it back.", "dim")
