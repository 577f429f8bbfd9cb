"""Laws of points and tiers, as assertions: in the end they are what the rules say of the orders."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from tests import oracle
from tests.histories.invariants import sync_started
from tests.persons import person as find_person
from wcflow.database.standings import load_points, load_tiers

PER_ORDER, PER_AMOUNT, BY_WORKFLOW = 5, 10, 3
TIERS = (("Gold", 400), ("Silver", 100))
"""The highest first, as in ``rule_sets``."""
GRACE = timedelta(days=3, hours=1)
"""With an hour more, because clocks can change."""


def check_all(sim, activity):
    """Check all laws of this module."""
    with sim.db.reading() as tx:
        for owner, person in activity.people().items():
            key = f"c{person.account['id']}" if person.account else f"g:{person.email}"
            number = find_person(tx, key)
            if number is not None:
                ledger = load_points(tx, "shop", [number]).get(number, [])
                check_ledger(sim, activity, owner, person, ledger)
                check_tier(sim, person, load_tiers(tx, "shop", [number]).get(number))


def check_ledger(sim, activity, owner, person, ledger):
    """Each change is there once; what orders earned is what they are worth now."""
    keys = Counter(change.key for change in ledger)
    assert not [key for key, times in keys.items() if times > 1], keys
    since = sync_started(sim)
    new = [o for o in oracle.paid_orders(person) if oracle.order_date(o) >= since]
    earned = {}
    for change in ledger:
        earned[change.order_id] = earned.get(change.order_id, 0) + change.amount
    by_workflow = earned.pop(0, 0)
    expected = {order["id"]: _worth(order) for order in new}
    assert expected == {order: points for order, points in earned.items() if points}, (
        person.email,
        expected,
        earned,
    )
    if not {owner, person.email} & (activity.with_changed_identity | activity.with_lost_orders):
        paid = [o for o in person.orders if o["date_paid_gmt"] and oracle.order_date(o) >= since]
        assert by_workflow == BY_WORKFLOW * len(paid), (person.email, by_workflow, len(paid))


def _worth(order):
    net = max(0, float(order["total"]) - float(oracle.refunded(order)))
    return PER_ORDER + int(net // PER_AMOUNT)


def check_tier(sim, person, tier):
    """The tier is the highest that they reach, or one that they lost less than the grace period ago."""
    names = ["", *(name for name, _ in reversed(TIERS))]
    reached = next((name for name, needed in TIERS if oracle.spent(person) >= needed), "")
    assert tier is not None, person.email
    kept = tier.below_since is not None and sim.now < tier.below_since + GRACE
    higher = names.index(tier.tier) > names.index(reached)
    assert reached == tier.tier or (kept and higher), (person.email, oracle.spent(person), tier)
