"""People as an admin knows them: name, address, number."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.database.customers import customers
from wcflow.database.orders import orders_of_people
from wcflow.profile import Profile
from wcflow.records import Address


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


def load_contacts(tx: Connection, store: str, subjects: Collection[str]) -> dict[str, Contact]:
    """Give who these people are, by subject; of whom nothing is left only the key tells."""
    ids = [int(subject[1:]) for subject in subjects if subject.startswith("c")]
    found = {
        f"c{each.id}": Contact(
            _full_name(Address(first_name=each.first_name, last_name=each.last_name), each.billing),
            each.email,
            each.id,
        )
        for each in customers(tx, store, ids).values()
    }
    emails = [subject[2:] for subject in subjects if subject.startswith("g:")]
    names = {o.email: _full_name(o.billing) for o in orders_of_people(tx, store, [], emails)}
    guests = {f"g:{email}": Contact(names.get(email, ""), email, 0) for email in emails}
    gone = {f"c{number}": Contact("", "", number) for number in ids}
    return gone | guests | found


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
