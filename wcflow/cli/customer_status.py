"""``wcflow customer activate`` and ``deactivate``: the status that the team gives a customer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from wcflow.cli.context import edited_by, open_database_session
from wcflow.cli.customer_undo import print_outcome
from wcflow.cli.find_customer import find_customer
from wcflow.cli.options import ConfigFile, CustomerText, Reason, StoreName
from wcflow.customers import status
from wcflow.customers.edits import Outcome
from wcflow.customers.written import status_written_when
from wcflow.database.contacts import load_contacts
from wcflow.database.edits import EditedBy


def activate(
    customer: CustomerText, config: ConfigFile = None, store: StoreName = None, reason: Reason = ""
) -> None:
    """Set a customer's status to active again.

    Workflows with the trigger customer_enabled start for them.
    """
    _set_status(status.activate, customer, config, store, reason)


def deactivate(
    customer: CustomerText, config: ConfigFile = None, store: StoreName = None, reason: Reason = ""
) -> None:
    """Set a customer's status to inactive.

    Rules can use it: status = 'inactive'. WooCommerce shows it as wcflow_status. It changes nothing
    by itself: they can still log in and order, and workflows go on unless their rules ask for it.
    """
    _set_status(status.deactivate, customer, config, store, reason)


def _set_status(
    operation: Callable[[Connection, str, int, EditedBy], Outcome],
    customer: list[str],
    config: Path | None,
    store: str | None,
    reason: str,
) -> None:
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        name, person = who.settings.name, who.person
        outcome = operation(tx, name, person, edited_by(session, reason))
        contact = load_contacts(tx, name, [person]).get(person)
        when = status_written_when(tx, who.settings, person) if outcome.changed else ""
    print_outcome(contact, outcome, when)
