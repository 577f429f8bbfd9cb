"""Builds a store with a past: products, coupons, and two years of orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from wcflow.sandbox import subscriptions
from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.people import Habit, make_persona
from wcflow.sandbox.shoppers import Act, Shopper, perform_acts, plan_order, plan_registration
from wcflow.sandbox.store import SandboxStore


@dataclass(frozen=True, slots=True)
class SeedProduct:
    """A product to add."""

    name: str
    price: str
    sku: str
    categories: tuple[str, ...]
    tags: tuple[str, ...] = ()


PRODUCTS = (
    SeedProduct("Leather Wallet", "53.30", "WAL-01", ("Accessories",), ("leather", "gift")),
    SeedProduct("Leather Wallet for Men", "59.00", "WAL-02", ("Accessories", "Men"), ("leather",)),
    SeedProduct("Card Holder", "24.50", "WAL-03", ("Accessories",), ("leather", "gift")),
    SeedProduct("Leather Belt", "39.00", "BEL-01", ("Accessories", "Men"), ("leather",)),
    SeedProduct("Canvas Tote", "19.90", "BAG-01", ("Accessories",), ("organic",)),
    SeedProduct("Weekender Bag", "149.00", "BAG-02", ("Accessories",), ("leather", "travel")),
    SeedProduct(
        "Women's Wool Coat", "189.00", "WOM-01", ("Women's Clothing",), ("winter", "women")
    ),
    SeedProduct(
        "Women's Linen Shirt", "64.90", "WOM-02", ("Women's Clothing",), ("summer", "women")
    ),
    SeedProduct(
        "Ladies' Running Shoes", "98.00", "WOM-03", ("Women's Clothing", "Sport"), ("ladies",)
    ),
    SeedProduct("Ladies' Cardigan", "72.00", "WOM-04", ("Women's Clothing",), ("ladies", "winter")),
    SeedProduct("Silk Scarf", "45.00", "WOM-05", ("Women's Clothing", "Accessories"), ("gift",)),
    SeedProduct("Men's Oxford Shirt", "58.00", "MEN-01", ("Men's Clothing",), ("men",)),
    SeedProduct("Men's Chinos", "69.00", "MEN-02", ("Men's Clothing",), ("men",)),
    SeedProduct("Merino Jumper", "89.00", "MEN-03", ("Men's Clothing",), ("winter", "men")),
    SeedProduct("Baby Blanket", "34.00", "KID-01", ("Baby & Kids",), ("organic", "gift")),
    SeedProduct("Wooden Train", "42.90", "KID-02", ("Baby & Kids", "Toys"), ("wood",)),
    SeedProduct("Kids' Rain Jacket", "49.50", "KID-03", ("Baby & Kids",), ("rain",)),
    SeedProduct("Plush Bear", "22.00", "KID-04", ("Baby & Kids", "Toys"), ("gift",)),
    SeedProduct("Building Blocks", "29.90", "KID-05", ("Baby & Kids", "Toys"), ("wood",)),
    SeedProduct("Wireless Headphones", "129.00", "ELE-01", ("Electronics",), ("audio",)),
    SeedProduct("Bluetooth Speaker", "79.00", "ELE-02", ("Electronics",), ("audio",)),
    SeedProduct("Smart Watch", "199.00", "ELE-03", ("Electronics", "Sport"), ("fit",)),
    SeedProduct("Phone Case", "17.50", "ELE-04", ("Electronics", "Accessories"), ()),
    SeedProduct("Fitness Tracker", "69.90", "ELE-05", ("Electronics", "Sport"), ("fit",)),
    SeedProduct("Yoga Mat", "35.00", "SPO-01", ("Sport",), ("fit",)),
    SeedProduct("Dumbbells, Pair", "54.00", "SPO-02", ("Sport",), ("fit",)),
    SeedProduct("Trail Backpack", "110.00", "SPO-03", ("Sport",), ("travel",)),
    SeedProduct("Espresso Cups", "28.00", "HOM-01", ("Home",), ("gift",)),
    SeedProduct("Linen Bedding", "135.00", "HOM-02", ("Home",), ("organic",)),
    SeedProduct("Scented Candle", "16.90", "HOM-03", ("Home",), ("gift",)),
    SeedProduct("Cast Iron Pan", "62.00", "HOM-04", ("Home", "Kitchen"), ()),
    SeedProduct("Chef's Knife", "84.00", "HOM-05", ("Home", "Kitchen"), ()),
    SeedProduct("Cookbook “Käse & Brot”", "31.00", "BOO-01", ("Books", "Kitchen"), ("gift",)),
    SeedProduct("Her Story: A Novel", "18.90", "BOO-02", ("Books",), ()),
    SeedProduct("Atlas of Small Islands", "44.00", "BOO-03", ("Books",), ("travel", "gift")),
    SeedProduct("Notebook, Dotted", "12.50", "BOO-04", ("Books",), ()),
    SeedProduct("Free Sample Box", "0.00", "SAM-01", ("Home",), ()),
    SeedProduct("Gift Wrapping", "3.50", "SRV-01", ("Services",), ()),
)

# Deleted since: lines of old orders have product id 0.
DISCONTINUED = SeedProduct("Teapot “Ming”", "48.00", "HOM-09", ("Home", "Kitchen"))

COUPONS = {
    "WELCOME5": {"discount_type": "fixed_cart", "amount": "5", "description": "5 off for friends"},
    "SUMMER15": {"discount_type": "percent", "amount": "15", "description": "Summer sale"},
    "KIDS10": {"discount_type": "percent", "amount": "10", "description": "Ten off for families"},
}


def add_products(store: SandboxStore, now: datetime) -> list[int]:
    """Add all products; return their ids, with the deleted one last."""
    for code, fields in COUPONS.items():
        store.add_coupon(code, now=now, **fields)
    return [
        store.add_product(
            good.name,
            now=now,
            price=good.price,
            sku=good.sku,
            categories=good.categories,
            tags=good.tags,
        )
        for good in (*PRODUCTS, DISCONTINUED)
    ]


# Two years of orders. Randomness is an argument, so the same seed makes the same store. Everything
# goes through the store's own methods, in order of time.


_HISTORY = timedelta(days=740)
_LEAST_AGE = timedelta(minutes=4)


def seed_store(
    now: datetime,
    random: Random,
    *,
    people: int = 500,
    orders: int = 2500,
    zone: str = "Europe/Berlin",
    hpos: bool = True,
    plugins: Iterable[str] = (),
) -> SandboxStore:
    """Build a store that opened two years ago, with so many people and orders."""
    store = SandboxStore(zone=zone, hpos=hpos, name="Little Things", plugins=plugins)
    *products, discontinued = add_products(store, now - _HISTORY)
    shoppers = [
        _new_shopper_from_past(products, random, number, now) for number in range(1, people + 1)
    ]
    acts = plan_odd_orders(now, random, products, discontinued, limit=orders // 20)
    shares = _order_counts(
        [each.persona.habit for each in shoppers], orders - _count_orders(acts), random
    )
    for each, often in zip(shoppers, shares, strict=True):
        acts += _plan_life(each, _order_times(each.persona.habit, often, now, random), now, random)
    perform_acts(store, acts, until=now)
    store.delete_product(discontinued)
    if "subscriptions" in store.state.settings.plugins:
        _begin_subscriptions(store, now)
    return store


def _begin_subscriptions(store: SandboxStore, now: datetime) -> None:
    """Let every tenth account have a subscription, of which one in five is cancelled."""
    for place, customer in enumerate(store.customer_ids()[::10]):
        email, cancelled = store.customer(customer)["email"], place % 5 == 4
        subscriptions.begin(
            store.state,
            now=now - timedelta(days=30 + place % 300),
            customer_id=customer,
            email=email,
            status="cancelled" if cancelled else "active",
            next_payment=None if cancelled else now + timedelta(days=1 + place % 28),
        )


def _new_shopper_from_past(
    products: Sequence[int], random: Random, number: int, now: datetime
) -> Shopper:
    return Shopper(make_persona(random, number, now), random.sample(products, 9))


def _count_orders(acts: list[Act]) -> int:
    return sum(act.words.endswith("orders") for act in acts)


def _order_counts(habits: list[Habit], orders: int, random: Random) -> list[int]:
    """Assign orders by habit; repeat buyers make up the difference."""
    shares = [random.randint(*habit.orders) for habit in habits]
    repeaters = [at for at, habit in enumerate(habits) if habit.orders[1] > 2]
    missing = orders - sum(shares)
    while repeaters and missing > 0:
        shares[random.choice(repeaters)] += 1
        missing -= 1
    while missing < 0:
        shares[random.choice([at for at, share in enumerate(shares) if share])] -= 1
        missing += 1
    return shares


def _order_times(habit: Habit, often: int, now: datetime, random: Random) -> list[datetime]:
    """Spread a person's orders over time, at a rhythm of their own."""
    start = random.uniform(habit.latest, habit.earliest)
    if often > 2:
        start = random.uniform((habit.earliest + habit.latest) / 2, habit.earliest)
    step = (start - habit.latest) / max(often, 1)
    days = [start - step * (at + random.uniform(0.0, 0.9)) for at in range(often)]
    return [_daytime(now - timedelta(days=day), now, random) for day in days]


def _daytime(at: datetime, now: datetime, random: Random) -> datetime:
    # People order between 8:00 and 23:00, mostly in the evening.
    hour = min(22, int(random.triangular(8, 23, 20)))
    minute, second = random.randrange(60), random.randrange(60)
    moved = at.replace(hour=hour, minute=minute, second=second, microsecond=0)
    return moved if moved < now else at - timedelta(minutes=random.randint(5, 600))


def _plan_life(each: Shopper, moments: list[datetime], now: datetime, random: Random) -> list[Act]:
    acts: list[Act] = []
    first = min(moments, default=now - timedelta(days=random.uniform(1, 600)))
    # Some order as guests before they register; some forget to log in later.
    joins = first + timedelta(days=3) if random.random() < 0.15 else first - _LEAST_AGE
    if each.persona.has_account:
        acts.append(plan_registration(each, joins))
    for at in moments:
        acts += plan_order(each, at, random, as_guest=random.random() < 0.03)
    return acts


# Unusual orders, as every real store has some.

_MARKETPLACE = "orders@marketplace.example"


def plan_odd_orders(
    now: datetime, random: Random, products: list[int], discontinued: int, *, limit: int
) -> list[Act]:
    """Plan unusual orders, up to a limit; those of the product `gone` are old."""
    old = now - timedelta(days=600)
    plans: list[tuple[datetime, dict[str, Any]]] = []
    for _ in range(4):
        some = [(random.choice(products), 1)]
        at = now - timedelta(days=random.uniform(1, 500), minutes=7)
        plans += [
            # Sold over the counter, without an address.
            (at, {"items": some, "created_via": "pos", "status": "completed"}),
            # All orders of a marketplace have the same address.
            (
                at,
                {
                    "items": some,
                    "email": _MARKETPLACE,
                    "created_via": "admin",
                    "billing": _random_name(random),
                },
            ),
            (
                old,
                {"items": [(discontinued, 1)], "email": f"old{random.randint(1, 99)}@mail.example"},
            ),
            (at, {"items": [_engraving_meta()], "email": "engraved@mail.example"}),
            (at, {"items": [], "email": "empty@mail.example", "status": "completed"}),
        ]
    young = now - timedelta(hours=3)
    last = (random.choice(products), 1)
    plans += [
        (old, {"items": [last], "email": "Bargain@Mail.Example", "fees": [("Discount", "-3.00")]}),
        (young, {"items": [last], "email": "undecided@mail.example", "status": "checkout-draft"}),
        (young, {"items": [last], "status": "checkout-draft"}),
        (young, {"items": [last], "email": "phone@mail.example", "status": "auto-draft"}),
        (
            now - timedelta(days=40),
            {"items": [last], "email": "b2b@mail.example", "number": "RE-1"},
        ),
    ]
    return [Act(at, "someone orders", _order_act(at, plan)) for at, plan in plans[:limit]]


def _random_name(random: Random) -> dict[str, str]:
    first, last = random.choice(("Mei", "Åsa", "Rhys", "José")), random.choice(("Sjöström", "Lee"))
    return {"first_name": first, "last_name": last}


def _engraving_meta() -> LineItem:
    return LineItem(name="Engraving", total="15.00", meta={"Text": "For Siân & Łukasz"})


def _order_act(at: datetime, plan: dict[str, Any]) -> Callable[[SandboxStore], object]:
    return lambda store: store.place_order(now=at, **plan)
