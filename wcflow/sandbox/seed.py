"""A shop with a past: two years of people who order, pay, complain and stay away.

Chance is an argument, so the same seed makes the same shop. Everything is done through the
shop's own verbs, in the order in which it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from wcflow.sandbox.acts import Act, Shopper, happen, order_life, registration
from wcflow.sandbox.bustle import passing
from wcflow.sandbox.goods import stock
from wcflow.sandbox.oddities import oddities
from wcflow.sandbox.people import Habit, person
from wcflow.sandbox.shop import Shop

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
