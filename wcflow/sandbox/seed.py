"""What the seeded shop sells, and the coupons it once gave out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from wcflow.sandbox.orders import Line
from wcflow.sandbox.people import Habit, person
from wcflow.sandbox.shoppers import Act, Shopper, happen, order_life, passing, registration
from wcflow.sandbox.store import Shop


@dataclass(frozen=True, slots=True)
class Good:
    """A product to be put on the shelf."""

    name: str
    price: str
    sku: str
    categories: tuple[str, ...]
    tags: tuple[str, ...] = ()


GOODS = (
    Good("Leather Wallet", "53.30", "WAL-01", ("Accessories",), ("leather", "gift")),
    Good("Leather Wallet for Men", "59.00", "WAL-02", ("Accessories", "Men"), ("leather",)),
    Good("Card Holder", "24.50", "WAL-03", ("Accessories",), ("leather", "gift")),
    Good("Leather Belt", "39.00", "BEL-01", ("Accessories", "Men"), ("leather",)),
    Good("Canvas Tote", "19.90", "BAG-01", ("Accessories",), ("organic",)),
    Good("Weekender Bag", "149.00", "BAG-02", ("Accessories",), ("leather", "travel")),
    Good("Women's Wool Coat", "189.00", "WOM-01", ("Women's Clothing",), ("winter", "women")),
    Good("Women's Linen Shirt", "64.90", "WOM-02", ("Women's Clothing",), ("summer", "women")),
    Good("Ladies' Running Shoes", "98.00", "WOM-03", ("Women's Clothing", "Sport"), ("ladies",)),
    Good("Ladies' Cardigan", "72.00", "WOM-04", ("Women's Clothing",), ("ladies", "winter")),
    Good("Silk Scarf", "45.00", "WOM-05", ("Women's Clothing", "Accessories"), ("gift",)),
    Good("Men's Oxford Shirt", "58.00", "MEN-01", ("Men's Clothing",), ("men",)),
    Good("Men's Chinos", "69.00", "MEN-02", ("Men's Clothing",), ("men",)),
    Good("Merino Jumper", "89.00", "MEN-03", ("Men's Clothing",), ("winter", "men")),
    Good("Baby Blanket", "34.00", "KID-01", ("Baby & Kids",), ("organic", "gift")),
    Good("Wooden Train", "42.90", "KID-02", ("Baby & Kids", "Toys"), ("wood",)),
    Good("Kids' Rain Jacket", "49.50", "KID-03", ("Baby & Kids",), ("rain",)),
    Good("Plush Bear", "22.00", "KID-04", ("Baby & Kids", "Toys"), ("gift",)),
    Good("Building Blocks", "29.90", "KID-05", ("Baby & Kids", "Toys"), ("wood",)),
    Good("Wireless Headphones", "129.00", "ELE-01", ("Electronics",), ("audio",)),
    Good("Bluetooth Speaker", "79.00", "ELE-02", ("Electronics",), ("audio",)),
    Good("Smart Watch", "199.00", "ELE-03", ("Electronics", "Sport"), ("fit",)),
    Good("Phone Case", "17.50", "ELE-04", ("Electronics", "Accessories"), ()),
    Good("Fitness Tracker", "69.90", "ELE-05", ("Electronics", "Sport"), ("fit",)),
    Good("Yoga Mat", "35.00", "SPO-01", ("Sport",), ("fit",)),
    Good("Dumbbells, Pair", "54.00", "SPO-02", ("Sport",), ("fit",)),
    Good("Trail Backpack", "110.00", "SPO-03", ("Sport",), ("travel",)),
    Good("Espresso Cups", "28.00", "HOM-01", ("Home",), ("gift",)),
    Good("Linen Bedding", "135.00", "HOM-02", ("Home",), ("organic",)),
    Good("Scented Candle", "16.90", "HOM-03", ("Home",), ("gift",)),
    Good("Cast Iron Pan", "62.00", "HOM-04", ("Home", "Kitchen"), ()),
    Good("Chef's Knife", "84.00", "HOM-05", ("Home", "Kitchen"), ()),
    Good("Cookbook “Käse & Brot”", "31.00", "BOO-01", ("Books", "Kitchen"), ("gift",)),
    Good("Her Story: A Novel", "18.90", "BOO-02", ("Books",), ()),
    Good("Atlas of Small Islands", "44.00", "BOO-03", ("Books",), ("travel", "gift")),
    Good("Notebook, Dotted", "12.50", "BOO-04", ("Books",), ()),
    Good("Free Sample Box", "0.00", "SAM-01", ("Home",), ()),
    Good("Gift Wrapping", "3.50", "SRV-01", ("Services",), ()),
)

# On sale once, gone from the catalogue since: lines of old orders then say product 0.
DISCONTINUED = Good("Teapot “Ming”", "48.00", "HOM-09", ("Home", "Kitchen"))

COUPONS = {
    "WELCOME5": {"discount_type": "fixed_cart", "amount": "5", "description": "5 off for friends"},
    "SUMMER15": {"discount_type": "percent", "amount": "15", "description": "Summer sale"},
    "KIDS10": {"discount_type": "percent", "amount": "10", "description": "Ten off for families"},
}


def stock(shop: Shop, now: datetime) -> list[int]:
    """Put everything on the shelf; return the products' ids, the discontinued one last."""
    for code, fields in COUPONS.items():
        shop.add_coupon(code, now=now, **fields)
    return [
        shop.add_product(
            good.name,
            now=now,
            price=good.price,
            sku=good.sku,
            categories=good.categories,
            tags=good.tags,
        )
        for good in (*GOODS, DISCONTINUED)
    ]


# A shop with a past: two years of people who order, pay, complain and stay away. Chance is an argument, so the same seed makes the same shop. Everything is done through the shop's own verbs, in the order in which it happened.

__all__ = ["Act", "passing", "seeded"]

_PAST = timedelta(days=740)
_SOON = timedelta(minutes=4)


def seeded(
    now: datetime,
    random: Random,
    *,
    people: int = 500,
    orders: int = 2500,
    zone: str = "Europe/Berlin",
    hpos: bool = True,
) -> Shop:
    """Open a shop two years ago and let it live until now, with so many people and orders."""
    shop = Shop(zone=zone, hpos=hpos, name="Little Things")
    *products, gone = stock(shop, now - _PAST)
    folk = [_shopper(products, random, number, now) for number in range(1, people + 1)]
    acts = oddities(now, random, products, gone, most=orders // 20)
    shares = _shares([each.person.habit for each in folk], orders - _orders_in(acts), random)
    for each, often in zip(folk, shares, strict=True):
        acts += _life(each, _moments(each.person.habit, often, now, random), now, random)
    happen(shop, acts, until=now)
    shop.delete_product(gone)
    return shop


def _shopper(products: Sequence[int], random: Random, number: int, now: datetime) -> Shopper:
    return Shopper(person(random, number, now), random.sample(products, 9))


def _orders_in(acts: list[Act]) -> int:
    return sum(act.words.endswith("orders") for act in acts)


def _shares(habits: list[Habit], orders: int, random: Random) -> list[int]:
    """Give everyone as many orders as their habit says; repeat buyers make up the difference."""
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


def _moments(habit: Habit, often: int, now: datetime, random: Random) -> list[datetime]:
    """Spread someone's orders over their time here, in a rhythm of their own."""
    start = random.uniform(habit.latest, habit.earliest)
    if often > 2:
        start = random.uniform((habit.earliest + habit.latest) / 2, habit.earliest)
    step = (start - habit.latest) / max(often, 1)
    days = [start - step * (at + random.uniform(0.0, 0.9)) for at in range(often)]
    return [_by_day(now - timedelta(days=day), now, random) for day in days]


def _by_day(at: datetime, now: datetime, random: Random) -> datetime:
    # People shop between eight in the morning and eleven at night, most of them in the evening.
    hour = min(22, int(random.triangular(8, 23, 20)))
    minute, second = random.randrange(60), random.randrange(60)
    moved = at.replace(hour=hour, minute=minute, second=second, microsecond=0)
    return moved if moved < now else at - timedelta(minutes=random.randint(5, 600))


def _life(each: Shopper, moments: list[datetime], now: datetime, random: Random) -> list[Act]:
    acts: list[Act] = []
    first = min(moments, default=now - timedelta(days=random.uniform(1, 600)))
    # Some order as guests before they open an account, some forget to log in later.
    joins = first + timedelta(days=3) if random.random() < 0.15 else first - _SOON
    if each.person.has_account:
        acts.append(registration(each, joins))
    for at in moments:
        acts += order_life(each, at, random, as_guest=random.random() < 0.03)
    return acts


# What every real shop has some of: orders that no example in a manual looks like.

_MARKET = "orders@marketplace.example"


def oddities(
    now: datetime, random: Random, products: list[int], gone: int, *, most: int
) -> list[Act]:
    """Plan odd orders, at most so many; those for `gone` lie long ago."""
    old = now - timedelta(days=600)
    plans: list[tuple[datetime, dict[str, Any]]] = []
    for _ in range(4):
        some = [(random.choice(products), 1)]
        at = now - timedelta(days=random.uniform(1, 500), minutes=7)
        plans += [
            # Over the counter: nobody asked for an address.
            (at, {"items": some, "created_via": "pos", "status": "completed"}),
            # A marketplace's orders all carry its own address.
            (
                at,
                {"items": some, "email": _MARKET, "created_via": "admin", "billing": _name(random)},
            ),
            (old, {"items": [(gone, 1)], "email": f"old{random.randint(1, 99)}@mail.example"}),
            (at, {"items": [_engraving()], "email": "engraved@mail.example"}),
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
    return [Act(at, "someone orders", _placed(at, plan)) for at, plan in plans[:most]]


def _name(random: Random) -> dict[str, str]:
    first, last = random.choice(("Mei", "Åsa", "Rhys", "José")), random.choice(("Sjöström", "Lee"))
    return {"first_name": first, "last_name": last}


def _engraving() -> Line:
    return Line(name="Engraving", total="15.00", meta={"Text": "For Siân & Łukasz"})


def _placed(at: datetime, plan: dict[str, Any]) -> Callable[[Shop], object]:
    return lambda shop: shop.place_order(now=at, **plan)
