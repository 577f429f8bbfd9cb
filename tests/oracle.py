"""A second, simple evaluator: what the rules say about the store's JSON.

It imports nothing from wcflow, so that it does not repeat the same mistakes. It keeps no state and
evaluates everything each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

PAID = ("processing", "completed")
HIDDEN = ("trash", "checkout-draft", "auto-draft")


@dataclass(frozen=True)
class RuleSet:
    """The rules of a test: their numbers, their names, and which exist."""

    big: int = 250
    lapsed: bool = True
    dormant: str = "Dormant"
    extra: str = ""
    refunded: bool = True


@dataclass(frozen=True)
class Person:
    """An account with the guest orders under its address, or the guest orders under one address."""

    account: dict | None
    orders: tuple[dict, ...]
    email: str


def group_people(orders, customers):
    """Return the person of each order: by account id, or by address for guests."""
    accounts = {each["id"]: each for each in customers}
    under = {
        normalize_email(each["email"] or each["billing"]["email"]): each["id"] for each in customers
    }
    theirs = {each: [] for each in accounts}
    for order in orders:
        address = normalize_email(order["billing"]["email"])
        owner = order["customer_id"] or under.get(address) or address
        if owner:
            theirs.setdefault(owner, []).append(order)
    return {
        owner: Person(
            accounts.get(owner),
            tuple(some),
            normalize_email(accounts[owner]["email"]) if owner in accounts else str(owner),
        )
        for owner, some in theirs.items()
    }


def normalize_email(address):
    """Trim an address and convert it to lower case."""
    return address.strip().lower()


def parse_gmt(naive_gmt):
    """Parse a GMT date of the store."""
    return datetime.fromisoformat(naive_gmt).replace(tzinfo=UTC)


def refunded(order):
    """Return the sum of refunds."""
    return -sum((Decimal(back["total"]) for back in order["refunds"]), Decimal(0))


def is_paid(order):
    """A paid order has a paid status and is not fully refunded."""
    whole = Decimal(order["total"])
    return order["status"] in PAID and not 0 < whole <= refunded(order)


def order_date(order):
    """The date of an order is its payment, else its creation."""
    return parse_gmt(order["date_paid_gmt"] or order["date_created_gmt"])


def paid_orders(person):
    return [order for order in person.orders if is_paid(order)]


def spent(person):
    """The total of paid orders, less refunds."""
    return sum((Decimal(o["total"]) - refunded(o) for o in paid_orders(person)), Decimal(0))


def last_day(person, zone):
    """The day of the last paid order, or None."""
    days = [order_date(order).astimezone(zone).date() for order in paid_orders(person)]
    return max(days, default=None)


def latest_order(person):
    """The order that shows tags and segment: the newest that is neither draft nor in the trash."""
    shown = [order for order in person.orders if order["status"] not in HIDDEN]
    return max(shown, key=lambda o: (o["date_created_gmt"], o["id"]), default=None)


def segment(person, rule_set, now, zone):
    """The segment of the group ``lifecycle``: the first that holds."""
    today, last = now.astimezone(zone).date(), last_day(person, zone)
    if spent(person) >= rule_set.big:
        return "Big"
    if rule_set.lapsed and last is not None and last < today - timedelta(days=30):
        return "Lapsed"
    return "Buyer" if paid_orders(person) else ""


def tags(person, rule_set, now, zone):
    """All tags that the rules give."""
    today = now.astimezone(zone).date()
    paid = paid_orders(person)
    days = [order_date(order).astimezone(zone).date() for order in paid]
    worn = {segment(person, rule_set, now, zone)} - {""}
    worn |= {"Member"} if person.account else set()
    worn |= {f"Has {item['name']}" for order in paid for item in order["line_items"]}
    if sum(day >= today - timedelta(days=7) for day in days) >= 2:
        worn.add("Eager")
    if (
        rule_set.dormant
        and spent(person) > 100
        and not [d for d in days if d >= today - timedelta(30)]
    ):
        worn.add(rule_set.dormant)
    return worn
