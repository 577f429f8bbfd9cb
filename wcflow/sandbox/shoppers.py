"""What people do in the shop, as values: when, in words, and the deed itself.

Chance is drawn when an act is planned, never when it is performed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from wcflow.sandbox.orders import Line
from wcflow.sandbox.people import Person, person
from wcflow.sandbox.state import Order
from wcflow.sandbox.store import Shop

_WAYS = {"checkout": 45, "store-api": 45, "admin": 6, "pos": 4}
_PAYMENTS = {"stripe": 55, "paypal": 25, "bacs": 12, "cod": 8}
_FATES = {
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
    """Something that someone does at an instant."""

    at: datetime
    words: str
    deed: Callable[[Shop], object]

    def perform(self, shop: Shop) -> None:
        """Do it."""
        self.deed(shop)


@dataclass(slots=True)
class Shopper:
    """A person at this shop: their account once they have one, and what they like."""

    person: Person
    favourites: list[int] = field(default_factory=list)
    account: int = 0

    @property
    def name(self) -> str:
        """What they are called."""
        return f"{self.person.first_name} {self.person.last_name}"


def happen(shop: Shop, acts: Iterable[Act], *, until: datetime) -> None:
    """Let acts happen in the order of their time; what lies after `until` does not happen."""
    for act in sorted(acts, key=lambda act: act.at):
        if act.at <= until:
            act.perform(shop)


def registration(shopper: Shopper, at: datetime) -> Act:
    """Plan that someone opens an account."""
    each = shopper.person

    def deed(shop: Shop) -> None:
        shopper.account = shop.register(
            each.email,
            now=at,
            first_name=each.first_name,
            last_name=each.last_name,
            billing=each.billing,
            shipping=_shipping(each),
            meta=each.meta,
        )

    return Act(at, f"{shopper.name} opens an account", deed)


def order_life(
    shopper: Shopper, at: datetime, random: Random, *, as_guest: bool = False
) -> list[Act]:
    """Plan an order and what becomes of it: paid, completed, refunded, cancelled."""
    order: list[int] = []
    fate = _drawn(_FATES, random)
    opening = {"pending": "pending", "failed": "failed", "cancelled": "pending"}
    payment = "bacs" if fate == "on hold" else _drawn(_PAYMENTS, random)
    status = opening.get(fate, "on-hold" if payment == "bacs" else "processing")
    basket = _basket(shopper, random)
    way = _drawn(_WAYS, random)
    code = [_code(random)] if random.random() < 0.07 else []
    meta = {"_wc_order_attribution_utm_source": random.choice(_SOURCES)} if way != "pos" else {}

    def place(shop: Shop) -> None:
        account = 0 if as_guest else shopper.account
        order.append(
            shop.place_order(
                now=at,
                customer=account,
                email=shopper.person.email if account else shopper.person.typed,
                items=basket,
                status=status,
                currency=shopper.person.currency,
                created_via=way,
                coupon_codes=code,
                meta=meta,
                billing=shopper.person.billing,
                shipping=_shipping(shopper.person),
                payment_method=payment,
            )
        )

    acts = [Act(at, f"{shopper.name} orders", place)]
    return acts + [
        Act(at + later, f"an order of {shopper.name}: {words}", _on(order, deed, at + later))
        for later, words, deed in _aftermath(fate, random)
    ]


_Deed = Callable[[Shop, int, datetime], object]


def _on(order: list[int], deed: _Deed, at: datetime) -> Callable[[Shop], object]:
    return lambda shop: deed(shop, order[0], at)


def _aftermath(fate: str, random: Random) -> list[tuple[timedelta, str, _Deed]]:
    paid = timedelta(minutes=random.randint(1, 40))
    sent = paid + timedelta(hours=random.uniform(8, 70))
    back = sent + timedelta(days=random.uniform(2, 20))
    share = Decimal(random.randint(15, 60)) / 100
    pay = (paid, "paid", lambda shop, number, at: shop.pay(number, now=at))
    send = (sent, "completed", lambda shop, number, at: shop.complete(number, now=at))
    stop = (sent, "cancelled", lambda shop, number, at: shop.cancel(number, now=at))
    after: dict[str, list[tuple[timedelta, str, _Deed]]] = {
        "completed": [pay, send],
        "refunded": [pay, send, (back, "refunded", refund_all)],
        "partly refunded": [pay, send, (back, "partly refunded", _refund_part(share))],
        "cancelled": [stop],
        "on hold": [],
        "failed": [],
        # The shop cancels what nobody pays for.
        "pending": [stop] if random.random() < 0.7 else [],
    }
    return after[fate]


def refund_all(shop: Shop, number: int, at: datetime) -> None:
    """Give back what remains of an order, if anything does."""
    if shop.state.orders[number].remaining > 0:
        shop.refund(number, now=at, reason="Returned")


def _refund_part(share: Decimal) -> _Deed:
    def deed(shop: Shop, number: int, at: datetime) -> None:
        amount = (shop.state.orders[number].total * share).quantize(Decimal("0.01"))
        if amount:
            shop.refund(number, amount, now=at, reason="One item returned")

    return deed


def _basket(shopper: Shopper, random: Random) -> list[Line]:
    size = random.choices((1, 2, 3, 4), (48, 30, 15, 7))[0]
    chosen = random.sample(shopper.favourites, min(size, len(shopper.favourites)))
    return [Line(product, random.choices((1, 2, 3), (75, 20, 5))[0]) for product in chosen]


def _code(random: Random) -> str:
    return random.choice(("WELCOME5", "SUMMER15", "KIDS10"))


def _shipping(each: Person) -> dict[str, str]:
    return {name: value for name, value in each.billing.items() if name not in {"phone", "email"}}


def _drawn(weights: dict[str, int], random: Random) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


# Life going on: orders that keep coming in while one watches.

_SCENES = {
    "again": 38,
    "guest": 24,
    "newcomer": 12,
    "send": 16,
    "pay": 5,
    "give back": 3,
    "drop": 2,
}


def passing(
    shop: Shop, random: Random, since: datetime, now: datetime, *, per_hour: float = 120.0
) -> list[Act]:
    """Plan what people do between two instants; nothing is done yet."""
    hours = (now - since).total_seconds() / 3600
    expected = hours * per_hour
    count = int(expected) + (random.random() < expected % 1)
    moments = sorted(since + (now - since) * random.random() for _ in range(count))
    return [act for at in moments for act in _scene(shop, random, at.replace(microsecond=0))]


def _scene(shop: Shop, random: Random, at: datetime) -> list[Act]:
    kind = random.choices(list(_SCENES), list(_SCENES.values()))[0]
    return _PLANS[kind](shop, random, at) or _guest(shop, random, at)


def _guest(shop: Shop, random: Random, at: datetime) -> list[Act]:
    shopper = _new_shopper(shop, random, at)
    return order_life(shopper, at, random, as_guest=True)[:1]


def _newcomer(shop: Shop, random: Random, at: datetime) -> list[Act]:
    shopper = _new_shopper(shop, random, at)
    return [registration(shopper, at), *order_life(shopper, at, random)[:1]]


def _again(shop: Shop, random: Random, at: datetime) -> list[Act]:
    regulars = [each for each in shop.state.customers.values() if each.role == "customer"]
    if not regulars:
        return []
    each = random.choice(regulars)
    basket = [(random.choice(list(shop.state.products)), random.randint(1, 2))]
    words = f"{each.first_name} {each.last_name} orders again"
    return [Act(at, words, lambda shop: shop.place_order(now=at, customer=each.id, items=basket))]


def _with_an_order(
    words: str, fits: Callable[[Order, datetime], bool], deed: Callable[[Shop, int, datetime], None]
) -> Callable[[Shop, Random, datetime], list[Act]]:
    """Return a plan to do something with one of the orders that it fits."""

    def plan(shop: Shop, random: Random, at: datetime) -> list[Act]:
        found = [order for order in shop.state.orders.values() if fits(order, at)]
        if not found:
            return []
        order = random.choice(found)

        def do(shop: Shop) -> None:
            # Someone else may have been there first.
            if fits(order, at):
                deed(shop, order.id, at)

        return [Act(at, f"order {order.number} is {words}", do)]

    return plan


def _awaits_money(order: Order, _at: datetime) -> bool:
    return order.status in {"pending", "on-hold"}


def _is_returnable(order: Order, at: datetime) -> bool:
    young = order.created > at - timedelta(days=30)
    return order.status == "completed" and young and order.remaining > 0


_PLANS: dict[str, Callable[[Shop, Random, datetime], list[Act]]] = {
    "again": _again,
    "guest": _guest,
    "newcomer": _newcomer,
    "send": _with_an_order(
        "completed",
        lambda order, _at: order.status == "processing",
        lambda shop, number, at: shop.complete(number, now=at),
    ),
    "pay": _with_an_order("paid", _awaits_money, lambda shop, number, at: shop.pay(number, now=at)),
    "give back": _with_an_order("refunded", _is_returnable, refund_all),
    "drop": _with_an_order(
        "cancelled",
        lambda order, _at: order.status == "pending",
        lambda shop, number, at: shop.cancel(number, now=at),
    ),
}


def _new_shopper(shop: Shop, random: Random, at: datetime) -> Shopper:
    products = list(shop.state.products)
    number = random.randint(10_000, 99_999_999)
    return Shopper(person(random, number, at), random.sample(products, min(9, len(products))))
