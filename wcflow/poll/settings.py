"""What a poll is told, and what it tells. No behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

Progress = Callable[[str, int, int], object]
"""Called with a part of the census (customers, products, orders, …), how much is done, of how much;
with an empty part between the pages of other work."""


@dataclass(frozen=True, slots=True)
class PollSettings:
    """How one shop is to be read.

    ``meta_keys`` are the meta to keep, of orders and of customers, wcflow's own among them.
    ``guests`` is ``by_email``, or ``ignore``: guests are then nobody. ``zone`` is the shop's own.
    """

    store: str
    zone: tzinfo
    meta_keys: frozenset[str] = frozenset()
    shared_emails: frozenset[str] = frozenset()
    guests: str = "by_email"
    parallel: int = 2
    sweep_every_seconds: int = 86400


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a poll found: how many orders, customers and products say something new or are gone."""

    orders: int = 0
    customers: int = 0
    products: int = 0
    deleted: int = 0
    census: bool = False
    requests: int = 0
