"""The list of attributes and how one gets onto it: a decorator and a dict.

An entry carries the words that ``wcflow reference`` and the README print. What an attribute means in
figures stands with its function, in the module of its family.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.units import DURATION_FORM, Duration, parse_duration

Value = Decimal | datetime | date | str | bool | tuple[str, ...] | None
"""What an attribute can be; None: not known."""


class Kind(Enum):
    """The types of attributes, by the word an admin reads."""

    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    TEXT = "text"
    LIST = "list"
    YESNO = "yes or no"


@dataclass(frozen=True, slots=True)
class Growth:
    """A number that grows by itself: the days since ``since``, divided by ``per``."""

    since: date
    per: Decimal

    def on(self, days: int) -> Decimal:
        """Give the number when so many days have passed."""
        return days / self.per


# A tuple: many are made for each customer, and it is made in half the time.
class AttributeValue(NamedTuple):
    """What was found: the value, the orders it came from, and when time alone may change it."""

    value: Value
    orders: tuple[int, ...] = ()
    changes_at: datetime | None = None
    growth: Growth | None = None


@dataclass(frozen=True, slots=True)
class AttributeArguments:
    """What stands beside an attribute's name: the key of ``meta.KEY``, the window of ``(30d)``."""

    key: str = ""
    window: Duration | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that may be asked.

    ``place`` is where: ``anywhere``, or where there is an ``order``, an ``item``, or ``segments``.
    ``of_numbers``: a list whose elements are numbers. ``passing``: what it says depends on more
    than the person and the instant.
    """

    name: str
    kind: Kind
    meaning: str
    example: str
    place: str
    family: str
    find: Callable[[Context, AttributeArguments], AttributeValue]
    windowed: bool = False
    of_numbers: bool = False
    volatile: bool = False

    @property
    def type(self) -> str:
        """Give the type in the words of an admin."""
        return self.kind.value

    @property
    def keyed(self) -> bool:
        """Say whether a key of the admin's own choice belongs to the name."""
        return self.name.endswith(".KEY")

    @property
    def stem(self) -> str:
        """Give what stands before the key: ``meta.``."""
        return self.name.removesuffix("KEY") if self.keyed else self.name


ATTRIBUTES: dict[str, Attribute] = {}
"""All attributes by name, in the order in which they are shown."""

FindPlain = Callable[[Context], AttributeValue]
FindWindowed = Callable[[Context, Duration | None], AttributeValue]
FindKeyed = Callable[[Context, str], AttributeValue]


@dataclass(frozen=True, slots=True)
class Family:
    """Attributes that belong together: their heading, and where they may be asked."""

    title: str
    place: str = "anywhere"

    def plain(
        self, name: str, kind: Kind, meaning: str, example: str, **traits: bool
    ) -> Callable[[FindPlain], FindPlain]:
        """Enter an attribute that needs nothing beside its name."""

        def register(function: FindPlain) -> FindPlain:
            self._register(
                name, kind, meaning, example, lambda context, _: function(context), **traits
            )
            return function

        return register

    def windowed(
        self, name: str, kind: Kind, meaning: str, example: str, **traits: bool
    ) -> Callable[[FindWindowed], FindWindowed]:
        """Enter an attribute that may be asked of the last days: ``name(30d)``."""

        def register(function: FindWindowed) -> FindWindowed:
            def find(context: Context, arguments: AttributeArguments) -> AttributeValue:
                return function(context, arguments.window)

            self._register(name, kind, meaning, example, find, windowed=True, **traits)
            return function

        return register

    def keyed(
        self, name: str, kind: Kind, meaning: str, example: str
    ) -> Callable[[FindKeyed], FindKeyed]:
        """Enter an attribute whose name ends with a key: ``meta.KEY``."""

        def register(function: FindKeyed) -> FindKeyed:
            def find(context: Context, arguments: AttributeArguments) -> AttributeValue:
                return function(context, arguments.key)

            self._register(name, kind, meaning, example, find)
            return function

        return register

    def _register(
        self,
        name: str,
        kind: Kind,
        meaning: str,
        example: str,
        find: Callable[[Context, AttributeArguments], AttributeValue],
        **traits: bool,
    ) -> None:
        if name in ATTRIBUTES:
            raise ValueError(f"the attribute {name!r} is defined twice")
        ATTRIBUTES[name] = Attribute(
            name, kind, meaning, example, self.place, self.title, find, **traits
        )


@dataclass(frozen=True, slots=True)
class AttributeQuery:
    """An attribute as a rule names it, with its key or window."""

    attribute: Attribute
    key: str = ""
    window: Duration | None = None
    text: str = field(init=False, repr=False, compare=False)
    """As a rule writes it: ``orders_count(30d)``."""
    arguments: AttributeArguments = field(init=False, repr=False, compare=False)
    cacheable: bool = field(init=False, repr=False, compare=False)
    """Whether it depends on the person and the instant alone."""

    def __post_init__(self) -> None:
        key = self.key if PLAIN_KEY.fullmatch(self.key) else quote(self.key)
        window = f"({self.window})" if self.window else ""
        object.__setattr__(self, "text", self.attribute.stem + key + window)
        object.__setattr__(self, "arguments", AttributeArguments(self.key, self.window))
        cacheable = self.attribute.place == "anywhere" and not self.attribute.volatile
        object.__setattr__(self, "cacheable", cacheable)

    @property
    def name(self) -> str:
        """Give the name without the window: ``order.total``, ``meta.loyalty``."""
        return self.attribute.stem + self.key

    def found(self, context: Context) -> AttributeValue:
        """Find its value; what depends on the person and the instant alone is found once."""
        found: AttributeValue | None = context.known.get(self.text)
        if found is None:
            found = self.attribute.find(context, self.arguments)
            if self.cacheable:
                context.known[self.text] = found
        return found

    def elements(self, context: Context) -> tuple[str, ...]:
        """Find the elements of a list; none where it is no list."""
        value = self.found(context).value
        return value if isinstance(value, tuple) else ()


PLAIN_KEY = re.compile(r"[\w-]*(?:\.[\w-]+)*")
"""Keys that need no quotes."""


def quote(text: str) -> str:
    """Give a text in those quotes that it does not hold."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def find_attribute(name: str) -> tuple[Attribute, str] | None:
    """Find an attribute by the name a rule uses, with its key; None where there is none."""
    plain = ATTRIBUTES.get(name)
    if plain is not None and not plain.keyed:
        return plain, ""
    for attribute in ATTRIBUTES.values():
        if attribute.keyed and name.startswith(attribute.stem) and name != attribute.stem:
            return attribute, name.removeprefix(attribute.stem)
    return None


# From a name in a text to the attribute that is meant, if it may be asked where the text stands.

LONGEST_SECONDS = 100 * 365 * 86400
"""Seconds: beyond a hundred years nothing is meant, and the calendar ends."""


def resolve_attribute(
    name: str, place: RulePlace, others: Iterable[str] = ()
) -> tuple[Attribute, str]:
    """Give the attribute and its key; raises FlawError where it may not be asked at ``place``.

    ``others`` are further names that are known there, for the hint.
    """
    found = find_attribute(name)
    if found is None:
        raise RuleErrors(_unknown_attribute(name, place, others))
    attribute, key = found
    if not is_available(attribute, place):
        raise RuleErrors(
            RuleError(
                "an attribute that can be asked here",
                repr(name),
                _UNAVAILABLE_HINTS[attribute.place],
            )
        )
    if attribute.name == "meta.KEY" and key.startswith("_"):
        hint = "WooCommerce hides the meta of customers whose key begins with _"
        raise RuleErrors(RuleError("a meta key that the shop shows", repr(key), hint))
    return attribute, key


def is_available(attribute: Attribute, place: RulePlace) -> bool:
    """Say whether an attribute may be asked at a place."""
    there = {
        "anywhere": True,
        "order": place.order,
        "item": place.item,
        "segments": place.segments,
    }
    return there[attribute.place]


_UNAVAILABLE_HINTS = {
    "order": "order attributes need a trigger that has an order",
    "item": "item attributes need the trigger product_purchased",
    "segments": "a segment cannot ask for segments; tags and workflows can",
}


def _unknown_attribute(name: str, place: RulePlace, others: Iterable[str]) -> RuleError:
    if name + ".KEY" in ATTRIBUTES or name.rstrip(".") + ".KEY" in ATTRIBUTES:
        return RuleError(
            f"a key after {name!r}", "none", f"write {name.rstrip('.')}.loyalty_points"
        )
    known = [each.name for each in ATTRIBUTES.values() if is_available(each, place)]
    hint = did_you_mean(name, [*known, *others]) or _suggest_by_last_part(name, [*known, *others])
    return RuleError("an attribute", repr(name), hint)


def _suggest_by_last_part(name: str, known: Iterable[str]) -> str:
    """Find the one whose last word is meant: ``country`` for nothing, ``nth`` for order.nth."""
    last = [each for each in known if each.rpartition(".")[2] == name.lower()]
    return f"did you mean {last[0]!r}?" if last else ""


def parse_window(text: str, attribute: Attribute) -> Duration:
    """Read the window of ``orders_count(30d)``; raises FlawError where there can be none."""
    if not attribute.windowed:
        can = ", ".join(each.name for each in ATTRIBUTES.values() if each.windowed)
        raise RuleErrors(
            RuleError(f"{attribute.name!r} without a window", f"({text})", f"can: {can}")
        )
    window = parse_duration(text)
    if window is None or window.seconds > LONGEST_SECONDS:
        raise RuleErrors(RuleError(DURATION_FORM, repr(text)))
    return window


# Which attributes a condition or a template names: what the mirror must keep for it.


def attribute_names(attributes: Iterable[AttributeQuery]) -> frozenset[str]:
    """Give the names without windows: ``total_spent``, ``order.meta.gift``."""
    return frozenset(asked.name for asked in attributes)


def attribute_keys(attributes: Iterable[AttributeQuery], name: str) -> frozenset[str]:
    """Give the keys with which the attribute ``name`` (``order.meta.KEY``) is asked."""
    return frozenset(asked.key for asked in attributes if asked.attribute.name == name)
