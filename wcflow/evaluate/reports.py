"""What came of workflows and campaigns: runs, changes, messages, orders and revenue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from wcflow.actions.registry import ACTIONS, ENTRY_KINDS
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import reports
from wcflow.database.identity import Owner, find_keys, find_persons
from wcflow.database.orders import load_orders
from wcflow.database.products import load_products
from wcflow.database.reports import EntryCounts, OrderHead, RunCounts
from wcflow.database.sql import chunks
from wcflow.database.stores import load_store_row
from wcflow.evaluate.context import build_store_profile
from wcflow.profile import (
    Profile,
    StoreProfile,
    in_store_currency,
    is_paid,
    net_total,
    order_date,
)
from wcflow.records import Order
from wcflow.rules.attribution import PaidOrder, Revenue, attribute, revenue_by_rule
from wcflow.units import window_start

_AT_ONCE = 500
TOUCHING_KINDS = ("note", "customer_note", "coupon")
"""Besides messages, what a customer gets of a rule."""


@dataclass(slots=True)
class RuleReport:
    """What came of one workflow or campaign. Amounts are in the store's currency."""

    rule: str
    runs: RunCounts = field(default_factory=RunCounts)
    entries: Mapping[str, EntryCounts] = field(default_factory=dict)
    opened: int = 0
    clicked: int = 0
    revenue: Revenue = field(default_factory=Revenue)

    def messages(self, state: str) -> int:
        """Return how many messages are in a state."""
        return sum(self.entries[kind].states[state] for kind in self._message_kinds())

    @property
    def deferred(self) -> int:
        """How many messages wait because of caps or quiet hours."""
        return sum(self.entries[kind].deferred for kind in self._message_kinds())

    def _message_kinds(self) -> Iterator[str]:
        return (k for k in self.entries if k in ENTRY_KINDS and ENTRY_KINDS[k].message)


@dataclass(slots=True)
class StoreReport:
    """The reports of a store's rules by name, with its currency and the time from which they count."""

    store: str
    currency: str
    since: datetime | None
    rules: Mapping[str, RuleReport]


def build_report(
    tx: Connection, config: Config, settings: StoreSettings, since: datetime | None
) -> StoreReport:
    """Return what came of each workflow and campaign since then; only the local copy is read."""
    row = load_store_row(tx, settings.name)
    if row is None:
        return StoreReport(settings.name, "", since, {})
    store = build_store_profile(row, config, settings)
    found: dict[str, RuleReport] = {}

    def report_of(rule: str) -> RuleReport:
        return found.setdefault(rule, RuleReport(rule))

    for workflow in config.rules.workflows:
        report_of(f"workflow {workflow.name}")
    for campaign in config.rules.campaigns:
        report_of(campaign.rule)
    for rule, runs in reports.count_runs(tx, settings.name, since, ACTIONS).items():
        report_of(rule).runs = runs
    for rule, entries in reports.count_entries(tx, settings.name, since).items():
        report_of(rule).entries = entries
    for rule, reactions in reports.count_reactions(tx, settings.name, since).items():
        report_of(rule).opened = reactions.get(reports.OPENED, 0)
        report_of(rule).clicked = reactions.get(reports.CLICKED, 0)
    for rule, revenue in _revenue(tx, config, settings, store, since).items():
        report_of(rule).revenue = revenue
    return StoreReport(settings.name, store.currency, since, found)


def _revenue(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    store: StoreProfile,
    since: datetime | None,
) -> dict[str, Revenue]:
    kinds = [each.name for each in ENTRY_KINDS.values() if each.message]
    touches = reports.load_touches(tx, settings.name, since, [*kinds, *TOUCHING_KINDS])
    if not touches:
        return {}
    start = min(each.at for each in touches)
    heads = reports.load_paid_heads(tx, settings.name, config.paid_statuses, start, None)
    persons = _find_owners(tx, settings, heads)
    touched = {each.person for each in touches}
    some = [each for each in heads if each.discounted or persons.get(each) in touched]
    orders = [
        paid_order(order, persons.get(head, 0), store)
        for head, order in _load_counted(tx, settings, store, some)
    ]
    begin = {each.id: window_start(each.at, config.attribution, store.zone) for each in orders}
    return revenue_by_rule(attribute(orders, touches, begin))


def _find_owners(
    tx: Connection, settings: StoreSettings, heads: Sequence[OrderHead]
) -> dict[OrderHead, int]:
    """Return the person of each order; orders of nobody are left out."""
    owners = {
        each: Owner(each.customer_id, "" if each.customer_id else each.email) for each in heads
    }
    found: dict[OrderHead, int] = {}
    keys: dict[Owner, str | None] = {}
    for part in chunks(sorted(set(owners.values())), 5000):
        keys |= find_keys(tx, settings.name, part, settings.shared_emails, settings.guests)
    persons = find_persons(tx, settings.name, {each for each in keys.values() if each})
    for head, owner in owners.items():
        person = persons.get(keys[owner] or "")
        if person is not None:
            found[head] = person
    return found


def _load_counted(
    tx: Connection, settings: StoreSettings, store: StoreProfile, heads: Sequence[OrderHead]
) -> Iterator[tuple[OrderHead, Order]]:
    """Yield the orders that count as paid; those refunded in full do not."""
    by_id = {each.id: each for each in heads}
    for ids in chunks(sorted(by_id), _AT_ONCE):
        orders = load_orders(tx, settings.name, ids)
        products = {}
        if settings.counts_when:
            wanted = {item.product_id for each in orders.values() for item in each.items}
            products = load_products(tx, settings.name, wanted)
        nobody = Profile(person=0, email="", store=store, products=products)
        for key, order in orders.items():
            if is_paid(order, nobody):
                yield by_id[key], order


def paid_order(order: Order, person: int, store: StoreProfile) -> PaidOrder:
    """Return an order as attribution sees it, with what each coupon took off."""
    discounts: dict[str, Decimal | None] = {
        code: in_store_currency(amount, order, store)
        for code, amount in zip(order.coupons, _taken_off(order), strict=True)
    }
    return PaidOrder(order.id, person, order_date(order), net_total(order, store), discounts)


def _taken_off(order: Order) -> Sequence[int]:
    """Return what each coupon took off, in minor units.

    An earlier version did not save that: then all count as the same.
    """
    several = len(order.coupons)
    if len(order.coupon_discounts) == several:
        return order.coupon_discounts
    share, rest = divmod(order.discount_total, several)
    return [share + (number < rest) for number in range(several)]


def load_day_orders(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    store: StoreProfile,
    start: datetime,
    end: datetime,
) -> Iterator[Order]:
    """Yield the paid orders dated from ``start`` on and before ``end``."""
    heads = reports.load_paid_heads(tx, settings.name, config.paid_statuses, start, end)
    for _, order in _load_counted(tx, settings, store, heads):
        yield order
