"""People as an admin knows them: name, address and customer id."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.database.customers import load_customers
from wcflow.database.identity import load_person_keys
from wcflow.database.orders import load_orders_of_people
from wcflow.profile import Profile, account_in, email_in
from wcflow.records import Address, Customer


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer or guest; ``customer_id`` is 0 for guests."""

    name: str
    email: str
    customer_id: int

    @property
    def short(self) -> str:
        """The address, else the name, else the customer id."""
        return self.email or self.name or f"customer {self.customer_id}"

    def __str__(self) -> str:
        kind = f"customer {self.customer_id}" if self.customer_id else "guest"
        named = f"{self.name} <{self.email}>" if self.name else self.email
        return f"{named}, {kind}" if named else kind


def load_contacts(tx: Connection, store: str, persons: Collection[int]) -> dict[int, Contact]:
    """Return persons as contacts: a deleted customer has only the id, a deleted guest the address."""
    keys = load_person_keys(tx, store, persons)
    accounts = {person: account for person, key in keys.items() if (account := account_in(key))}
    emails = {person: email for person, key in keys.items() if (email := email_in(key))}
    customers = load_customers(tx, store, accounts.values())
    guest_orders = load_orders_of_people(tx, store, [], emails.values())
    names = {order.email: _full_name(order.billing) for order in guest_orders}
    found = {person: Contact(names.get(email, ""), email, 0) for person, email in emails.items()}
    for person, account in accounts.items():
        found[person] = _account_contact(customers.get(account) or Customer(account, ""))
    return found


def _account_contact(customer: Customer, *other: Address) -> Contact:
    own = Address(first_name=customer.first_name, last_name=customer.last_name)
    return Contact(_full_name(own, customer.billing, *other), customer.email, customer.id)


def contact_of_profile(profile: Profile) -> Contact:
    billing = [order.billing for order in reversed(profile.orders)]
    if profile.account is None:
        return Contact(_full_name(*billing), profile.email, 0)
    contact = _account_contact(profile.account, *billing)
    return Contact(contact.name, profile.email, contact.customer_id)


def _full_name(*addresses: Address) -> str:
    """Return the first name that is not empty."""
    names = (f"{each.first_name} {each.last_name}".strip() for each in addresses)
    return next(filter(None, names), "")


def key_order(key: str) -> tuple[int, int, tuple[tuple[int, int, str], ...]]:
    """Return what sorts customers by number, then guests by address, with numbers as numbers."""
    account = account_in(key)
    return (1, 0, _natural_order(key)) if account is None else (0, account, ())


def _natural_order(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts ``guest9`` before ``guest10``."""
    # Eighteen digits at most, because Python refuses very long numbers.
    parts = re.split(r"(\d{1,18})", text.casefold())
    return tuple((0, int(each), "") if each.isdecimal() else (1, 0, each) for each in parts)
