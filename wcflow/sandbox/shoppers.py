"""What people do in the store, as values: when, in words, and the operation.

Randomness is used when an act is planned, never when it is performed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.people import Persona, make_persona
from wcflow.sandbox.state import Order
from wcflow.sandbox.store import SandboxStore

_ORDER_CHANNELS = {"checkout": 45, "store-api": 45, "admin": 6, "pos": 4}
_PAYMENTS = {"stripe": 55, "paypal": 25, "bacs": 12, "cod": 8}
_OUTCOMES = {
    "completed": 78,
    "refunded": 4,
    "partly refunded": 6,
    "cancelled": 4,
    "failed": 3,
    "on hold": 2,
    "pending": 3,
}
_SOURCES = ("google", "newsletter", "instagram", "(direct)")


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does at a given time."""

    at: datetime
    words: str
    operation: Callable[[SandboxStore], object]

    def perform(self, store: SandboxStore) -> None:
        self.operation(store)


@dataclass(slots=True)
class Shopper:
    """A person, with their account and favourite products."""

    persona: Persona
    favourites: list[int] = field(default_factory=list)
    account: int = 0

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.persona.first_name} {self.persona.last_name}"


def perform_acts(store: SandboxStore, acts: Iterable[Act], *, until: datetime) -> None:
    """Perform acts in order of time, up to `until`."""
    for act in sorted(acts, key=lambda act: act.at):
        if act.at <= until:
            act.perform(store)


def plan_registration(shopper: Shopper, at: datetime) -> Act:
    """Plan a registration."""
    each = shopper.persona

    def operation(store: SandboxStore) -> None:
        shopper.account = store.register(
            each.email,
            now=at,
            first_name=each.first_name,
            last_name=each.last_name,
            billing=each.billing,
            shipping=_shipping_address(each),
            meta=each.meta,
        )

    return Act(at, f"{shopper.name} opens an account", operation)


def plan_order(
    shopper: Shopper, at: datetime, random: Random, *, as_guest: bool = False
) -> list[Act]:
    """Plan an order and its fate: paid, completed, refunded or cancelled."""
    order: list[int] = []
    fate = _weighted_choice(_OUTCOMES, random)
    opening = {"pending": "pending", "failed": "failed", "cancelled": "pending"}
    payment = "bacs" if fate == "on hold" else _weighted_choice(_PAYMENTS, random)
    status = opening.get(fate, "on-hold" if payment == "bacs" else "processing")
    basket = _choose_items(shopper, random)
    way = _weighted_choice(_ORDER_CHANNELS, random)
    code = [_choose_coupon(random)] if random.random() < 0.07 else []
    meta = {"_wc_order_attribution_utm_source": random.choice(_SOURCES)} if way != "pos" else {}

    def place(store: SandboxStore) -> None:
        account = 0 if as_guest else shopper.account
        order.append(
            store.place_order(
                now=at,
                customer=account,
                email=shopper.persona.email if account else shopper.persona.typed,
                items=basket,
                status=status,
                currency=shopper.persona.currency,
                created_via=way,
                coupon_codes=code,
                meta=meta,
                billing=shopper.persona.billing,
                shipping=_shipping_address(shopper.persona),
                payment_method=payment,
            )
        )

    acts = [Act(at, f"{shopper.name} orders", place)]
    return acts + [
        Act(
            at + later,
            f"an order of {shopper.name}: {words}",
            _order_act(order, operation, at + later),
        )
        for later, words, operation in _plan_outcome(fate, random)
    ]


_OrderCall = Callable[[SandboxStore, int, datetime], object]


def _order_act(
    order: list[int], operation: _OrderCall, at: datetime
) -> Callable[[SandboxStore], object]:
    return lambda store: operation(store, order[0], at)


def _plan_outcome(fate: str, random: Random) -> list[tuple[timedelta, str, _OrderCall]]:
    paid = timedelta(minutes=random.randint(1, 40))
    sent = paid + timedelta(hours=random.uniform(8, 70))
    back = sent + timedelta(days=random.uniform(2, 20))
    share = Decimal(random.randint(15, 60)) / 100
    pay = (paid, "paid", lambda store, number, at: store.pay(number, now=at))
    send = (sent, "completed", lambda store, number, at: store.complete(number, now=at))
    stop = (sent, "cancelled", lambda store, number, at: store.cancel(number, now=at))
    after: dict[str, list[tuple[timedelta, str, _OrderCall]]] = {
        "completed": [pay, send],
        "refunded": [pay, send, (back, "refunded", refund_remaining)],
        "partly refunded": [pay, send, (back, "partly refunded", _refund_part(share))],
        "cancelled": [stop],
        "on hold": [],
        "failed": [],
        # WooCommerce cancels unpaid orders.
        "pending": [stop] if random.random() < 0.7 else [],
    }
    return after[fate]


def refund_remaining(store: SandboxStore, number: int, at: datetime) -> None:
    """Refund the rest of an order, if any."""
    if store.state.orders[number].remaining > 0:
        store.refund(number, now=at, reason="Returned")


def _refund_part(share: Decimal) -> _OrderCall:
    def operation(store: SandboxStore, number: int, at: datetime) -> None:
        amount = (store.state.orders[number].total * share).quantize(Decimal("0.01"))
        if amount:
            store.refund(number, amount, now=at, reason="One item returned")

    return operation


def _choose_items(shopper: Shopper, random: Random) -> list[LineItem]:
    size = random.choices((1, 2, 3, 4), (48, 30, 15, 7))[0]
    chosen = random.sample(shopper.favourites, min(size, len(shopper.favourites)))
    return [LineItem(product, random.choices((1, 2, 3), (75, 20, 5))[0]) for product in chosen]


def _choose_coupon(random: Random) -> str:
    return random.choice(("WELCOME5", "SUMMER15", "KIDS10"))


def _shipping_address(each: Persona) -> dict[str, str]:
    return {name: value for name, value in each.billing.items() if name not in {"phone", "email"}}


def _weighted_choice(weights: dict[str, int], random: Random) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


# Ongoing activity.

_WEIGHTS = {
    "again": 38,
    "guest": 24,
    "newcomer": 12,
    "send": 16,
    "pay": 5,
    "give back": 3,
    "drop": 2,
}


def plan_acts(
    store: SandboxStore, random: Random, since: datetime, now: datetime, *, per_hour: float = 120.0
) -> list[Act]:
    """Plan what people do between two times, without doing it."""
    hours = (now - since).total_seconds() / 3600
    expected = hours * per_hour
    count = int(expected) + (random.random() < expected % 1)
    moments = sorted(since + (now - since) * random.random() for _ in range(count))
    return [act for at in moments for act in _plan_scene(store, random, at.replace(microsecond=0))]


def _plan_scene(store: SandboxStore, random: Random, at: datetime) -> list[Act]:
    kind = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    return _PLANS[kind](store, random, at) or _guest_order(store, random, at)


def _guest_order(store: SandboxStore, random: Random, at: datetime) -> list[Act]:
    shopper = _new_shopper(store, random, at)
    return plan_order(shopper, at, random, as_guest=True)[:1]


def _new_customer(store: SandboxStore, random: Random, at: datetime) -> list[Act]:
    shopper = _new_shopper(store, random, at)
    return [plan_registration(shopper, at), *plan_order(shopper, at, random)[:1]]


def _repeat_order(store: SandboxStore, random: Random, at: datetime) -> list[Act]:
    regulars = [each for each in store.state.customers.values() if each.role == "customer"]
    if not regulars:
        return []
    each = random.choice(regulars)
    basket = [(random.choice(list(store.state.products)), random.randint(1, 2))]
    words = f"{each.first_name} {each.last_name} orders again"
    return [Act(at, words, lambda store: store.place_order(now=at, customer=each.id, items=basket))]


def _plan_on_order(
    words: str,
    fits: Callable[[Order, datetime], bool],
    operation: Callable[[SandboxStore, int, datetime], None],
) -> Callable[[SandboxStore, Random, datetime], list[Act]]:
    """Return a plan to change one of the matching orders."""

    def plan(store: SandboxStore, random: Random, at: datetime) -> list[Act]:
        found = [order for order in store.state.orders.values() if fits(order, at)]
        if not found:
            return []
        order = random.choice(found)

        def do(store: SandboxStore) -> None:
            # The order may have changed in the meantime.
            if fits(order, at):
                operation(store, order.id, at)

        return [Act(at, f"order {order.number} is {words}", do)]

    return plan


def _is_unpaid(order: Order, _at: datetime) -> bool:
    return order.status in {"pending", "on-hold"}


def _is_returnable(order: Order, at: datetime) -> bool:
    young = order.created > at - timedelta(days=30)
    return order.status == "completed" and young and order.remaining > 0


_PLANS: dict[str, Callable[[SandboxStore, Random, datetime], list[Act]]] = {
    "again": _repeat_order,
    "guest": _guest_order,
    "newcomer": _new_customer,
    "send": _plan_on_order(
        "completed",
        lambda order, _at: order.status == "processing",
        lambda store, number, at: store.complete(number, now=at),
    ),
    "pay": _plan_on_order("paid", _is_unpaid, lambda store, number, at: store.pay(number, now=at)),
    "give back": _plan_on_order("refunded", _is_returnable, refund_remaining),
    "drop": _plan_on_order(
        "cancelled",
        lambda order, _at: order.status == "pending",
        lambda store, number, at: store.cancel(number, now=at),
    ),
}


def _new_shopper(store: SandboxStore, random: Random, at: datetime) -> Shopper:
    products = list(store.state.products)
    number = random.randint(10_000, 99_999_999)
    return Shopper(make_persona(random, number, at), random.sample(products, min(9, len(products))))
