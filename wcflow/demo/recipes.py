"""The demo with recipes: its configuration, and what happens in the store day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from wcflow.config.files import set_values
from wcflow.config.recipes import FOLDER, INCLUDE, Recipe, load_recipes, with_include
from wcflow.demo.store import INI, STORE, DemoEvent, demo_config, full_name, order_text
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean
from wcflow.sandbox.people import make_persona
from wcflow.sandbox.state import Customer
from wcflow.sandbox.store import SandboxStore

DAYS = 16
"""Long enough for a series of e-mails that takes two weeks."""

CONSENT, BIRTHDAY = "accepts_marketing", "birthday"
"""The custom fields of the made-up store's customers."""

CODES = ("GIFT-A7K2",)
"""What is left in the pools of coupon codes: so few that one runs empty."""

_GENERAL = {"agent": "team@shop.example", "message_cap": "1 per 1d"}
_SMTP = """

# The demo puts its e-mails into the directory "mails" and connects to no server.
[smtp]
host = localhost
encryption = none
from = Harbour Street Goods <hello@shop.example>
postal_address = Harbour Street 1, 20459 Hamburg
"""


def find_recipes(names: str) -> list[Recipe]:
    """Return recipes by their names with commas between, or ``all``; raises UsageError."""
    known = load_recipes()
    if names.strip() == "all":
        return list(known.values())
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            advice = did_you_mean(name, known) or "'wcflow recipes' lists them."
            raise UsageError(f"there is no recipe {name!r}", advice)
    return [known[name] for name in wanted]


def write_recipes(folder: Path, recipes: Iterable[Recipe]) -> None:
    """Copy recipes into the demo's directory, switched on; copies of an earlier demo stay."""
    for recipe in recipes:
        for path, text in recipe.contents.items():
            file = folder / FOLDER / path
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text.replace("\nmode = dry_run\n", "\n"), encoding="utf-8")


def recipes_config(folder: Path, url: str) -> str:
    """Return the demo's configuration with the recipes and what they need."""
    known = (folder / INI).exists()
    text = demo_config(folder, url)
    if known:
        return text
    store = {"consent_meta": CONSENT, "birthday_meta": BIRTHDAY}
    text = set_values(set_values(text, f"store {STORE}", store), "wcflow", _GENERAL)
    return with_include(text, INCLUDE) + _SMTP


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """Something that customers do on a day of the story, counted from 0."""

    day: int
    act: Callable[[datetime], DemoEvent]


@dataclass(slots=True)
class Story:
    """The customers who act in a store, the same ones each time."""

    store: SandboxStore
    chance: Random = field(default_factory=lambda: Random(7))  # noqa: S311  no secret

    def events(self) -> Iterator[StoryEvent]:
        """Return what happens, by day."""
        regular, refunded, lost = self._agreed_customers(3)
        newcomers = [0, 0, 0]
        yield StoryEvent(0, lambda now: self._first_order(newcomers, 0, now))
        yield StoryEvent(0, lambda now: self._leaves_checkout(regular, now))
        yield StoryEvent(1, lambda now: self._first_order(newcomers, 1, now))
        yield StoryEvent(2, lambda now: self._big_order(refunded, now))
        yield StoryEvent(4, lambda now: self._withdraws_consent(newcomers[1], now))
        yield StoryEvent(5, lambda now: self._is_refunded(refunded, now))
        yield StoryEvent(6, lambda now: self._big_order(lost, now))
        yield StoryEvent(9, lambda now: self._uses_coupon(newcomers[0], now))
        yield StoryEvent(12, lambda now: self._first_order(newcomers, 2, now))

    def _agreed_customers(self, count: int) -> Sequence[Customer]:
        """Return customers who ordered before and agreed to marketing."""
        bought = {order.customer_id for order in self.store.state.orders.values()}
        agreed = [
            each
            for each in self.store.state.customers.values()
            if each.id in bought and _meta(each, CONSENT) == "yes"
        ]
        return sorted(agreed, key=lambda each: each.id)[:count]

    def _first_order(self, newcomers: list[int], place: int, now: datetime) -> DemoEvent:
        persona = make_persona(self.chance, 9100 + place, now)
        newcomers[place] = self.store.register(
            persona.email,
            now=now,
            first_name=persona.first_name,
            last_name=persona.last_name,
            billing=persona.billing,
            meta={CONSENT: "yes"},
        )
        number = self._order(newcomers[place], now, 1)
        words = f"registers, agrees to marketing and buys: {order_text(self.store, number)}"
        return DemoEvent(f"{full_name(persona)} {words}", persona.email)

    def _leaves_checkout(self, buyer: Customer, now: datetime) -> DemoEvent:
        number = self._order(buyer.id, now, 9, status="pending")
        words = f"leaves the checkout without paying: {order_text(self.store, number)}"
        return DemoEvent(f"{full_name(buyer)} {words}", buyer.email)

    def _big_order(self, buyer: Customer, now: datetime) -> DemoEvent:
        number = self._order(buyer.id, now, *range(20, 32))
        words = f"buys a lot at once: {order_text(self.store, number)}"
        return DemoEvent(f"{full_name(buyer)} {words}", buyer.email)

    def _withdraws_consent(self, account: int, now: datetime) -> DemoEvent:
        buyer = self.store.state.customers[account]
        self.store.edit_customer_meta(account, CONSENT, "no", now=now)
        return DemoEvent(f"{full_name(buyer)} no longer wants marketing", buyer.email)

    def _is_refunded(self, buyer: Customer, now: datetime) -> DemoEvent:
        orders = self.store.state.orders.values()
        number = max(each.id for each in orders if each.customer_id == buyer.id)
        self.store.refund(number, now=now, reason="Returned")
        words = f"returns everything: {order_text(self.store, number)}"
        return DemoEvent(f"{full_name(buyer)} {words}", buyer.email)

    def _uses_coupon(self, account: int, now: datetime) -> DemoEvent:
        buyer = self.store.state.customers[account]
        made = (
            each.code
            for each in self.store.state.coupons.values()
            if buyer.email.lower() in each.emails.values()
        )
        code = next(made, "")
        number = self._order(account, now, 4, 5, codes=[code] if code else [])
        with_code = f" with the coupon {code.upper()}" if code else ""
        words = f"buys again{with_code}: {order_text(self.store, number)}"
        return DemoEvent(f"{full_name(buyer)} {words}", buyer.email)

    def _order(
        self,
        account: int,
        now: datetime,
        *shelves: int,
        status: str = "processing",
        codes: Sequence[str] = (),
    ) -> int:
        products = sorted(self.store.state.products)
        items = [(products[shelf % len(products)], 1) for shelf in shelves]
        return self.store.place_order(
            now=now, customer=account, items=items, status=status, coupon_codes=codes
        )


def _meta(customer: Customer, key: str) -> object:
    return next((each.value for each in customer.meta if each.key == key), None)
