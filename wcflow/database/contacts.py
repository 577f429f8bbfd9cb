"""People as an admin knows them: name, address, number."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.database.customers import load_customers
from wcflow.database.identity import person_keys
from wcflow.database.orders import load_orders_of_people
from wcflow.profile import Profile, account_in, email_in
from wcflow.records import Address, Customer


@dataclass(frozen=True, slots=True)
class Contact:
    """Who somebody is; ``customer_id`` is 0 for guests."""

    name: str
    email: str
    customer_id: int

    @property
    def short(self) -> str:
        """Give the address, else the name, else the number: enough to find them again."""
        return self.email or self.name or f"customer {self.customer_id}"

    def __str__(self) -> str:
        who = f"customer {self.customer_id}" if self.customer_id else "guest"
        named = f"{self.name} <{self.email}>" if self.name else self.email
        return f"{named}, {who}" if named else who


def load_contacts(tx: Connection, store: str, persons: Collection[int]) -> dict[int, Contact]:
    """Return persons as contacts; of a person the store has nothing left of, only what they were."""
    keys = person_keys(tx, store, persons)
    accounts = {person: account for person, key in keys.items() if (account := account_in(key))}
    emails = {person: email for person, key in keys.items() if (email := email_in(key))}
    known = load_customers(tx, store, accounts.values())
    orders = load_orders_of_people(tx, store, [], emails.values())
    names = {order.email: _full_name(order.billing) for order in orders}
    found = {person: Contact(names.get(email, ""), email, 0) for person, email in emails.items()}
    for person, account in accounts.items():
        found[person] = _account_contact(known.get(account) or Customer(account, ""))
    return found


def _account_contact(customer: Customer) -> Contact:
    own = Address(first_name=customer.first_name, last_name=customer.last_name)
    return Contact(_full_name(own, customer.billing), customer.email, customer.id)


def contact_of_profile(profile: Profile) -> Contact:
    """Give who a person is."""
    account = profile.account
    bills = [order.billing for order in reversed(profile.orders)]
    if account is None:
        return Contact(_full_name(*bills), profile.email, 0)
    own = Address(first_name=account.first_name, last_name=account.last_name)
    return Contact(_full_name(own, account.billing, *bills), profile.email, account.id)


def _full_name(*addresses: Address) -> str:
    """Give the first full name there is."""
    names = (f"{each.first_name} {each.last_name}".strip() for each in addresses)
    return next(filter(None, names), "")
