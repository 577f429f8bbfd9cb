"""Find the customer that an admin means: by id, address, name, a part of them, or an order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession
from wcflow.config.stores import StoreSettings
from wcflow.database import people
from wcflow.database.contacts import Contact, key_order, load_contacts
from wcflow.database.identity import load_person_keys
from wcflow.database.people_search import (
    MOST_FOUND,
    Belonging,
    find_by_order,
)
from wcflow.database.search_text import find_texts, likely_names
from wcflow.database.stores import load_store_row
from wcflow.errors import SetupError, UsageError

SHOWN = 20
HOW_TO_NAME = (
    "Use a customer id, an e-mail address, a name, a company, a phone number, a part of one of"
    " these, or an order such as '#1001'."
    " 'wcflow sync' reads new customers from the store."
)
_ORDER = re.compile(r"(?:#|order\s+#?)\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """A customer who fits what was asked for, and the store they are in."""

    settings: StoreSettings
    person: int


@dataclass(frozen=True, slots=True)
class CustomerFinder:
    """Searches the local copy of the stores, or of the one with this name."""

    tx: Connection
    session: DatabaseSession
    store: str | None

    def find(self, text: str) -> list[FoundCustomer]:
        """Return the customers who fit: those with this id or address, or else all others."""
        wanted = " ".join(text.split())
        return self._exact(wanted) or [
            FoundCustomer(settings, person)
            for settings in self._stores()
            for person in self._sorted(settings, self._search(settings, wanted))
        ]

    def _stores(self) -> Iterator[StoreSettings]:
        """Yield the stores that were read."""
        for settings in self.session.stores(self.store):
            if load_store_row(self.tx, settings.name):
                yield settings

    def _exact(self, text: str) -> list[FoundCustomer]:
        found = ((each, people.find_person(self.tx, each.name, text)) for each in self._stores())
        return [FoundCustomer(each, person) for each, person in found if person is not None]

    def _search(self, settings: StoreSettings, text: str) -> set[int]:
        belonging = Belonging(settings.shared_emails, settings.guests)
        order = _ORDER.fullmatch(text)
        if order or text.isdecimal():
            number = order[1] if order else text
            found = find_by_order(self.tx, settings.name, number, belonging)
            if found or order:
                return found
        return {*find_texts(self.tx, settings.name, text, MOST_FOUND + 1)}

    def _sorted(self, settings: StoreSettings, persons: set[int]) -> list[int]:
        keys = load_person_keys(self.tx, settings.name, persons)
        return sorted(keys, key=lambda person: key_order(keys[person]))

    def not_found(self, text: str) -> UsageError | SetupError:
        """Return the error for a customer who is not there, with likely ones."""
        if not any(self._stores()):
            return SetupError("the store was never read", "Run 'wcflow plan' first.")
        likely = [
            name for each in self._stores() for name in likely_names(self.tx, each.name, text)
        ]
        if likely:
            advice = f"Did you mean {' or '.join(map(repr, likely[:3]))}?"
            return UsageError(f"there is no customer {text!r} in the local copy", advice)
        if order := _ORDER.fullmatch(text.strip()):
            message = f"there is no order {order[1]!r} of a customer in the local copy"
            return UsageError(message, "'wcflow sync' reads new orders from the store.")
        return UsageError(f"there is no customer {text!r} in the local copy", HOW_TO_NAME)

    def one_of(self, found: list[FoundCustomer], text: str, *, as_json: bool) -> FoundCustomer:
        """Return the only customer found; lists several, and raises UsageError."""
        if len(found) == 1:
            return found[0]
        names = list(dict.fromkeys(each.settings.name for each in found))
        if len(found) == len(names):
            known = ", ".join(names)
            raise UsageError(f"{text!r} is in several stores", f"Add --store with one of: {known}.")
        rows = self._rows(found if as_json else found[:SHOWN])
        if as_json:
            output.print_json({"candidates": rows})
        else:
            _print_candidates(rows, more=len(found) - len(rows), stores=len(names))
        contact = rows[0]["customer"]
        assert isinstance(contact, dict)
        example = contact["id"] or contact["email"]
        number = f"more than {MOST_FOUND}" if len(found) > MOST_FOUND else f"{len(found):,}"
        raise UsageError(
            f"{number} customers match {text!r}",
            f"Choose one by id or address, such as 'wcflow explain {example}'.",
        )

    def _rows(self, found: list[FoundCustomer]) -> list[dict[str, object]]:
        contacts: dict[int, Contact] = {}
        orders: dict[int, int] = {}
        for name in {each.settings.name for each in found}:
            persons = [each.person for each in found if each.settings.name == name]
            contacts |= load_contacts(self.tx, name, persons)
            orders |= people.load_orders_counts(self.tx, name, persons)
        return [
            {
                "store": each.settings.name,
                "customer": describe.customer_json(contacts[each.person]),
                "orders_count": orders.get(each.person, 0),
            }
            for each in found
        ]


def find_customer(
    tx: Connection, session: DatabaseSession, store: str | None, text: str
) -> FoundCustomer:
    """Return the customer that an admin means; raises UsageError if there is none, or several."""
    finder = CustomerFinder(tx, session, store)
    found = finder.find(text)
    if not found:
        raise finder.not_found(text)
    return finder.one_of(found, text, as_json=False)


def _print_candidates(rows: list[dict[str, object]], *, more: int, stores: int) -> None:
    """Print the customers who fit, with their paid orders."""
    columns = ("customer", "name", "e-mail", "orders", *(["store"] if stores > 1 else []))
    table = []
    for row in rows:
        contact = row["customer"]
        assert isinstance(contact, dict)
        cells = (
            str(contact["id"] or "guest"),
            contact["name"],
            contact["email"],
            row["orders_count"],
        )
        table.append((*cells, row["store"])[: len(columns)])
    output.print_table(columns, table)
    if more > 0:
        output.print_line(f"… and {more:,} more", "dim")
