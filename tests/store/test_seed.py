"""Seeded stores are reproducible and as varied as real ones."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from wcflow.sandbox.seed import DISCONTINUED, seed_store
from wcflow.sandbox.shoppers import plan_acts
from wcflow.sandbox.state import Order
from wcflow.sandbox.store import SandboxStore

NOW = datetime(2026, 11, 22, 19, 20, 8, tzinfo=UTC)
PAID = {"processing", "completed"}


@pytest.fixture(scope="module")
def sandbox() -> SandboxStore:
    """A store that no test changes."""
    return seed_store(NOW, Random(1))


def orders(sandbox: SandboxStore) -> list[Order]:
    return list(sandbox.state.orders.values())


def persons(sandbox: SandboxStore) -> dict[str, list[Order]]:
    found: dict[str, list[Order]] = {}
    for order in orders(sandbox):
        if order.billing["email"]:
            found.setdefault(order.billing["email"].lower(), []).append(order)
    return found


def test_the_same_seed_makes_the_same_store():
    first, second = (seed_store(NOW, Random(7), people=30, orders=90) for _ in range(2))

    assert first.state.orders == second.state.orders
    assert first.state.customers == second.state.customers


def test_another_seed_makes_another_store():
    first, second = (seed_store(NOW, Random(seed), people=30, orders=90) for seed in (7, 8))

    assert first.state.orders != second.state.orders


@pytest.mark.parametrize(("people", "count"), [(500, 2500), (60, 200), (3, 5)])
def test_a_store_has_the_requested_number_of_orders(people: int, count: int):
    assert count == len(seed_store(NOW, Random(3), people=people, orders=count).state.orders)


def test_no_date_is_in_the_future(sandbox: SandboxStore):
    stamps = [
        stamp
        for order in orders(sandbox)
        for stamp in (order.created, order.modified, order.paid, order.completed)
        if stamp
    ]
    registered = [customer.created for customer in sandbox.state.customers.values()]

    assert max(stamps + registered) <= NOW
    assert min(stamps + registered) > NOW - timedelta(days=745)


def test_later_orders_have_higher_numbers(sandbox: SandboxStore):
    """As in a real store, so that creation date and id sort alike."""
    ordered = sorted(orders(sandbox), key=lambda order: order.id)

    assert ordered == sorted(orders(sandbox), key=lambda order: (order.created, order.id))


def test_there_are_loyal_lost_new_and_other_people(sandbox: SandboxStore):
    kinds = Counter(_person_kind(orders) for orders in persons(sandbox).values())

    assert all(kinds[kind] >= 20 for kind in ("big", "lost", "new", "other")), kinds


def _person_kind(orders: list[Order]) -> str:
    paid = sorted(order.paid or order.created for order in orders if order.status in PAID)
    if not paid:
        return "none"
    if len(paid) >= 10:
        return "big"
    if paid[0] > NOW - timedelta(days=30):
        return "new"
    return "lost" if len(paid) > 1 and paid[-1] < NOW - timedelta(days=90) else "other"


def test_a_third_of_the_orders_are_guests(sandbox: SandboxStore):
    guests = [order for order in orders(sandbox) if order.customer_id == 0]

    assert 0.25 < len(guests) / len(orders(sandbox)) < 0.45


def test_orders_of_every_status_exist(sandbox: SandboxStore):
    statuses = {order.status for order in orders(sandbox)}

    assert statuses >= {*PAID, "refunded", "cancelled", "failed", "on-hold", "pending"}
    assert "checkout-draft" in statuses


VARIETY = {
    "two currencies": lambda sandbox: (
        {"USD", "EUR"} == {order.currency for order in orders(sandbox)}
    ),
    "partial refunds": lambda sandbox: any(
        order.refunds and order.remaining > 0 for order in orders(sandbox)
    ),
    "full refunds": lambda sandbox: any(
        order.refunds and order.remaining == 0 for order in orders(sandbox)
    ),
    "coupons": lambda sandbox: any(order.coupons for order in orders(sandbox)),
    "no e-mail": lambda sandbox: any(not order.billing["email"] for order in orders(sandbox)),
    "deleted products": lambda sandbox: any(
        (line.product_id, line.name) == (0, DISCONTINUED.name)
        for order in orders(sandbox)
        for line in order.items
    ),
    "no lines": lambda sandbox: any(not order.items for order in orders(sandbox)),
    "zero totals": lambda sandbox: any(
        order.items and not order.total for order in orders(sandbox)
    ),
    "negative fees": lambda sandbox: any(
        fee.total < 0 for order in orders(sandbox) for fee in order.fees
    ),
    "several order sources": lambda sandbox: (
        {order.created_via for order in orders(sandbox)}
        >= {"checkout", "store-api", "admin", "pos"}
    ),
    "addresses in upper case": lambda sandbox: any(
        order.billing["email"] != order.billing["email"].lower() for order in orders(sandbox)
    ),
    "guest orders of account owners": lambda sandbox: bool(
        {customer.email for customer in sandbox.state.customers.values()}
        & {order.billing["email"] for order in orders(sandbox) if order.customer_id == 0}
    ),
    "an address shared by several people": lambda sandbox: any(
        len({order.billing["last_name"] for order in orders_of_one}) > 1
        for orders_of_one in persons(sandbox).values()
    ),
    "diacritics and apostrophes": lambda sandbox: (
        {"Łukasz", "O'Brien"}
        <= {
            name
            for customer in sandbox.state.customers.values()
            for name in (customer.first_name, customer.last_name)
        }
    ),
    "several countries": lambda sandbox: (
        len({order.billing["country"] for order in orders(sandbox) if order.billing["country"]})
        >= 8
    ),
    "birthdays and consent": lambda sandbox: (
        {"birthday", "accepts_marketing"}
        <= {row.key for customer in sandbox.state.customers.values() for row in customer.meta}
    ),
    "companies": lambda sandbox: any(
        customer.billing["company"] for customer in sandbox.state.customers.values()
    ),
    "accounts without orders": lambda sandbox: bool(
        set(sandbox.state.customers) - {order.customer_id for order in orders(sandbox)}
    ),
    "custom order numbers": lambda sandbox: any(
        order.number != str(order.id) for order in orders(sandbox)
    ),
    "escaped names": lambda sandbox: (
        "Baby &amp; Kids" in {term.name for term in sandbox.state.categories.values()}
    ),
}


@pytest.mark.parametrize("exists", VARIETY.values(), ids=VARIETY)
def test_a_store_has_the_variety_of_real_stores(sandbox: SandboxStore, exists):
    assert exists(sandbox)


def test_planned_acts_are_between_two_times_and_in_order():
    """Performed, they add orders and change others."""
    sandbox = seed_store(NOW, Random(1), people=40, orders=150)
    until = NOW + timedelta(hours=1)

    acts = plan_acts(sandbox, Random(2), NOW, until, per_hour=60)
    before = len(sandbox.state.orders)
    for act in acts:
        act.perform(sandbox)

    assert acts == sorted(acts, key=lambda act: act.at)
    assert len(acts) >= 60
    assert all(NOW - timedelta(seconds=1) <= act.at <= until for act in acts)
    assert len(sandbox.state.orders) > before
    assert max(order.modified for order in orders(sandbox)) > NOW


def test_planning_acts_does_not_change_the_store():
    first, second = (seed_store(NOW, Random(1), people=40, orders=150) for _ in range(2))

    plan_acts(first, Random(2), NOW, NOW + timedelta(hours=1))

    assert first.state.orders == second.state.orders
