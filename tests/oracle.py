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
    """The rules of a test: their numbers, their names, and which exist.

    With ``full``, there are also branches, tasks, groups and whatever else workflows can do.
    """

    big: int = 250
    lapsed: bool = True
    dormant: str = "Dormant"
    extra: str = ""
    refunded: bool = True
    full: bool = False


@dataclass(frozen=True)
class Person:
    """An account with the guest orders under its addresses, or those under an address of no account."""

    account: dict | None
    orders: tuple[dict, ...]
    email: str


def group_people(orders, customers, same=()):
    """Return the person of each order: by account id, or by address for guests.

    ``same`` are pairs of an address and what someone joined it with: ``c12``, or ``g:`` and an
    address.
    """
    accounts = {each["id"]: each for each in customers}
    account_of = {
        normalize_email(each["email"] or each["billing"]["email"]): each["id"] for each in customers
    }
    billing = [(normalize_email(each["billing"]["email"]), each["id"]) for each in customers]
    alone = {address for address, _ in billing if [each for each, _ in billing].count(address) == 1}
    by_billing = {address: number for address, number in billing if address in alone}
    account_of = by_billing | account_of
    joined = find_joined(same, accounts, account_of)
    orders_of = {each: [] for each in accounts}
    for order in orders:
        address = normalize_email(order["billing"]["email"])
        owner = order["customer_id"] or account_of.get(address) or joined.get(address) or address
        if owner:
            orders_of.setdefault(owner, []).append(order)
    return {
        owner: Person(
            accounts.get(owner),
            tuple(its_orders),
            normalize_email(accounts[owner]["email"]) if owner in accounts else str(owner),
        )
        for owner, its_orders in orders_of.items()
    }


def find_joined(same, accounts, account_of):
    """Return the owner of each address that someone joined with others: an account or an address."""
    above, found = dict(same), {}
    for address in {*above, *(key[2:] for key in above.values() if key.startswith("g:"))}:
        end = address
        while end in above:
            end = above[end].removeprefix("g:")
        found.setdefault(end, set()).add(address)
    owners = {}
    for end, addresses in found.items():
        main = int(end[1:]) if "@" not in end and int(end[1:]) in accounts else None
        others = [account_of[each] for each in addresses if each in account_of]
        owner = main or min(others, default=end if "@" in end else min(addresses))
        owners |= dict.fromkeys(addresses, owner)
    return owners


def normalize_email(address):
    """Trim an address and convert it to lower case."""
    return address.strip().lower()


def parse_gmt(naive_gmt):
    """Parse a GMT date of the store."""
    return datetime.fromisoformat(naive_gmt).replace(tzinfo=UTC)


def refunded(order):
    """Return the sum of an order's refunds."""
    return -sum((Decimal(refund["total"]) for refund in order["refunds"]), Decimal(0))


def is_paid(order):
    """A paid order has a paid status and is not fully refunded."""
    total = Decimal(order["total"])
    return order["status"] in PAID and not 0 < total <= refunded(order)


def order_date(order):
    """Return the date of payment, else of creation."""
    return parse_gmt(order["date_paid_gmt"] or order["date_created_gmt"])


def paid_orders(person):
    return [order for order in person.orders if is_paid(order)]


def spent(person):
    """Return the total of paid orders, less refunds."""
    return sum((Decimal(o["total"]) - refunded(o) for o in paid_orders(person)), Decimal(0))


def last_day(person, zone):
    """Return the day of the last paid order, or None."""
    days = [order_date(order).astimezone(zone).date() for order in paid_orders(person)]
    return max(days, default=None)


def latest_order(person):
    """Return the order that shows tags and segment: the newest, without drafts and trash."""
    shown = [order for order in person.orders if order["status"] not in HIDDEN]
    return max(shown, key=lambda o: (o["date_created_gmt"], o["id"]), default=None)


def segment(person, rule_set, now, zone):
    """Return the segment in the group ``lifecycle``: the first whose condition is true."""
    today, last = now.astimezone(zone).date(), last_day(person, zone)
    if spent(person) >= rule_set.big:
        return "Big"
    if rule_set.lapsed and last is not None and last < today - timedelta(days=30):
        return "Lapsed"
    return "Buyer" if paid_orders(person) else ""


def tags(person, rule_set, now, zone):
    """Return all tags that the rules give a person."""
    today = now.astimezone(zone).date()
    paid = paid_orders(person)
    days = [order_date(order).astimezone(zone).date() for order in paid]
    found = {segment(person, rule_set, now, zone)} - {""}
    found |= {"Member"} if person.account else set()
    found |= {f"Has {item['name']}" for order in paid for item in order["line_items"]}
    if sum(day >= today - timedelta(days=7) for day in days) >= 2:
        found.add("Eager")
    if (
        rule_set.dormant
        and spent(person) > 100
        and not [d for d in days if d >= today - timedelta(30)]
    ):
        found.add(rule_set.dormant)
    return found
