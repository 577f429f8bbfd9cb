"""Life going on: orders that keep coming in while one watches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from wcflow.sandbox.acts import Act, Shopper, order_life, refund_all, registration
from wcflow.sandbox.people import person
from wcflow.sandbox.shop import Shop
from wcflow.sandbox.state import Order

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
