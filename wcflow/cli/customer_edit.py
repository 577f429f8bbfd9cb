"""``wcflow customer edit``: change names and addresses of an account in WooCommerce."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from wcflow.actions.customer_fields import FIELDS, field_words
from wcflow.cli.context import edited_by, open_database_session
from wcflow.cli.customer_undo import print_outcome
from wcflow.cli.find_customer import find_customer
from wcflow.cli.options import ConfigFile, CustomerText, Reason, StoreName
from wcflow.customers.fields import edit_fields
from wcflow.customers.written import WITH_NEXT_SYNC
from wcflow.database.contacts import load_contacts
from wcflow.errors import UsageError

CopyBilling = Annotated[
    bool, typer.Option("--copy-billing", help="Use the billing address for shipping as well.")
]
_SHORT = {f"billing.{part}": part for part in ("phone", "company", "address_1", "address_2")} | {
    f"billing.{part}": part for part in ("postcode", "city", "state", "country")
}
"""Fields that can be named without the word billing."""


def edit(
    customer: CustomerText,
    copy_billing: CopyBilling = False,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    **values: str | None,
) -> None:
    """Change names and addresses of a customer in WooCommerce.

    An empty value ("") removes one. The change is an entry of the outbox: it is written with the
    next sync, unless someone has changed the same field meanwhile; 'wcflow outbox' shows what the
    store answered. Guests have no account: their details are on their orders.
    """
    fields = {name: text for name in FIELDS if (text := values[_parameter(name)]) is not None}
    if not fields and not copy_billing:
        raise UsageError("nothing to change", "'wcflow customer edit --help' lists the options.")
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        by = edited_by(session, reason)
        outcome = edit_fields(tx, who.settings, who.person, fields, by, copy_billing=copy_billing)
        contact = load_contacts(tx, who.settings.name, [who.person]).get(who.person)
    when = WITH_NEXT_SYNC.format("WooCommerce") if outcome.changed else ""
    if when and "email" in fields:
        when += " WordPress then informs the customer at their old address."
    print_outcome(contact, outcome, when)


def _parameter(field: str) -> str:
    return field.replace(".", "_")


def _option(field: str) -> Any:
    names = [f"--{_parameter(field)}"] + ([f"--{_SHORT[field]}"] if field in _SHORT else [])
    shown = [each.replace("_", "-") for each in reversed(names)]
    words = f"The {field_words(field)}."
    return Annotated[
        str | None, typer.Option(*shown, metavar="TEXT", help=words, show_default=False)
    ]


def _add_options() -> None:
    """Add an option for each field: typer reads them from the signature."""
    signature = inspect.signature(edit, eval_str=True)
    known = [each for each in signature.parameters.values() if each.kind != each.VAR_KEYWORD]
    options = [
        inspect.Parameter(
            _parameter(field),
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=_option(field),
        )
        for field in FIELDS
    ]
    parameters = [known[0], *(each.replace(kind=each.KEYWORD_ONLY) for each in known[1:])]
    found = signature.replace(parameters=[*parameters, *options])
    edit.__signature__ = found  # type: ignore[attr-defined]  # inspect reads it
    edit.__annotations__ = {each.name: each.annotation for each in found.parameters.values()}


_add_options()
