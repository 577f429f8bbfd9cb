"""What a census knows the mirror to have, so as not to ask it page by page. The shop is not asked.

It holds for as long as nobody else writes, and no longer than the census.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from wcflow.mirror.customers import customer_ids
from wcflow.mirror.due import accounts_touched
from wcflow.mirror.orders import Owner, newest_with
from wcflow.mirror.products import product_ids

_MOST = 100_000
"""So many guests are remembered as touched: they take about twenty megabytes."""


@dataclass(frozen=True, slots=True)
class Known:
    """Ids that the mirror has, and whose people are touched. ``orders`` says whether it had any.

    ``accounts`` and ``guests`` are touched, by id and by address; ``refunds`` are the dates of those
    that the shop has told in advance.
    """

    orders: bool
    customers: set[int]
    products: set[int]
    accounts: set[int]
    guests: set[str] = field(default_factory=set)
    refunds: dict[int, datetime] = field(default_factory=dict)

    def untouched(self, owners: Iterable[Owner]) -> set[Owner]:
        """Pick those who are not known to be touched."""
        return {
            owner
            for owner in owners
            if (
                owner.customer_id not in self.accounts
                if owner.customer_id
                else owner.email not in self.guests
            )
        }

    def note_touched(self, owners: Iterable[Owner]) -> None:
        """Note that these need not be touched again."""
        if len(self.guests) > _MOST:
            self.guests.clear()
        self.accounts.update(owner.customer_id for owner in owners if owner.customer_id)
        self.guests.update(owner.email for owner in owners if not owner.customer_id)


def known_of(tx: Connection, store: str) -> Known:
    """Learn what the mirror has."""
    return Known(
        orders=newest_with(tx, store) is not None,
        customers=customer_ids(tx, store),
        products=product_ids(tx, store),
        accounts=accounts_touched(tx, store),
    )
