"""The registry of attributes, and the decorators that add to it.

``wcflow reference`` and the README print the texts of an entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean, unknown
from wcflow.rules.likely_values import duration_hint
from wcflow.units import DURATION_FORM, Duration, parse_duration

Value = Decimal | datetime | date | str | bool | tuple[str, ...] | None
"""The value of an attribute; None means not known."""


class Kind(Enum):
    """The types of attributes, named as the reference names them."""

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
        """Return the number after this many days."""
        return days / self.per


# A tuple takes half as long to create, and there are many for each customer.
class AttributeValue(NamedTuple):
    """A value, the ids of the orders it came from, and when time alone can change it."""

    value: Value
    orders: tuple[int, ...] = ()
    changes_at: datetime | None = None
    growth: Growth | None = None


@dataclass(frozen=True, slots=True)
class AttributeArguments:
    """What follows an attribute's name: the key in ``meta.KEY``, the window in ``(30d)``."""

    key: str = ""
    window: Duration | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    ``place`` says where it is available: ``anywhere``, or where there is an ``order``, an ``item``
    or ``segments``. ``of_numbers`` marks a list of numbers. ``volatile`` marks a value that depends
    on more than the person and the instant. ``order_meta`` are the keys of order meta it reads.
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
    order_meta: frozenset[str] = frozenset()

    @property
    def type(self) -> str:
        """Return the type as the reference names it."""
        return self.kind.value

    @property
    def noun(self) -> str:
        """Return the type with its article, for messages."""
        if self.kind is Kind.MONEY:
            return "an amount"
        return "a yes-or-no value" if self.kind is Kind.YESNO else f"a {self.type}"

    @property
    def keyed(self) -> bool:
        """Return whether the name ends with a key that the admin chooses."""
        return self.name.endswith(".KEY")

    @property
    def stem(self) -> str:
        """Return the part before the key: ``meta.``."""
        return self.name.removesuffix("KEY") if self.keyed else self.name


ATTRIBUTES: dict[str, Attribute] = {}
"""All attributes by name, in the order of the reference."""

FindPlain = Callable[[Context], AttributeValue]
FindWindowed = Callable[[Context, Duration | None], AttributeValue]
FindKeyed = Callable[[Context, str], AttributeValue]


@dataclass(frozen=True, slots=True)
class Family:
    """Attributes that belong together: their heading, and where they are available."""

    title: str
    place: str = "anywhere"

    def plain(
        self, name: str, kind: Kind, meaning: str, example: str, **traits: Any
    ) -> Callable[[FindPlain], FindPlain]:
        """Register an attribute without a window or key."""

        def register(function: FindPlain) -> FindPlain:
            self._register(
                name, kind, meaning, example, lambda context, _: function(context), **traits
            )
            return function

        return register

    def windowed(
        self, name: str, kind: Kind, meaning: str, example: str, **traits: Any
    ) -> Callable[[FindWindowed], FindWindowed]:
        """Register an attribute that can have a window: ``name(30d)``."""

        def register(function: FindWindowed) -> FindWindowed:
            def find(context: Context, arguments: AttributeArguments) -> AttributeValue:
                return function(context, arguments.window)

            self._register(name, kind, meaning, example, find, windowed=True, **traits)
            return function

        return register

    def keyed(
        self, name: str, kind: Kind, meaning: str, example: str
    ) -> Callable[[FindKeyed], FindKeyed]:
        """Register an attribute whose name ends with a key: ``meta.KEY``."""

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
        **traits: Any,
    ) -> None:
        if name in ATTRIBUTES:
            raise ValueError(f"the attribute {name!r} is defined twice")
        ATTRIBUTES[name] = Attribute(
            name, kind, meaning, example, self.place, self.title, find, **traits
        )


@dataclass(frozen=True, slots=True)
class AttributeQuery:
    """An attribute as a rule uses it, with its key or window."""

    attribute: Attribute
    key: str = ""
    window: Duration | None = None
    text: str = field(init=False, repr=False, compare=False)
    """The attribute as text: ``orders_count(30d)``."""
    arguments: AttributeArguments = field(init=False, repr=False, compare=False)
    cacheable: bool = field(init=False, repr=False, compare=False)
    """Whether the value depends only on the person and the instant."""

    def __post_init__(self) -> None:
        key = self.key if PLAIN_KEY.fullmatch(self.key) else quote(self.key)
        window = f"({self.window})" if self.window else ""
        object.__setattr__(self, "text", self.attribute.stem + key + window)
        object.__setattr__(self, "arguments", AttributeArguments(self.key, self.window))
        cacheable = self.attribute.place == "anywhere" and not self.attribute.volatile
        object.__setattr__(self, "cacheable", cacheable)

    @property
    def name(self) -> str:
        """Return the name without the window: ``order.total``, ``meta.loyalty``."""
        return self.attribute.stem + self.key

    def found(self, context: Context) -> AttributeValue:
        """Return its value, cached in the context where possible."""
        found: AttributeValue | None = context.known.get(self.text)
        if found is None:
            found = self.attribute.find(context, self.arguments)
            if self.cacheable:
                context.known[self.text] = found
        return found

    def elements(self, context: Context) -> tuple[str, ...]:
        """Return the elements of a list, or none if the value is not a list."""
        value = self.found(context).value
        return value if isinstance(value, tuple) else ()


PLAIN_KEY = re.compile(r"[\w-]*(?:\.[\w-]+)*")
"""Keys that need no quotes."""


def quote(text: str) -> str:
    """Return a text in quotes that it does not contain."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def find_attribute(name: str) -> tuple[Attribute, str] | None:
    """Return the attribute and the key for a name in a rule, or None."""
    plain = ATTRIBUTES.get(name)
    if plain is not None and not plain.keyed:
        return plain, ""
    for attribute in ATTRIBUTES.values():
        if attribute.keyed and name.startswith(attribute.stem) and name != attribute.stem:
            return attribute, name.removeprefix(attribute.stem)
    return None


# Look up names in rules.

LONGEST_SECONDS = 100 * 365 * 86400
"""The longest window in seconds: a hundred years."""


def resolve_attribute(
    name: str, place: RulePlace, others: Iterable[str] = ()
) -> tuple[Attribute, str]:
    """Return the attribute and its key; raises RuleErrors if it is not available at ``place``.

    ``others`` are further names to suggest in "did you mean".
    """
    found = find_attribute(name)
    if found is None:
        raise RuleErrors(_unknown_attribute(name, place, others))
    attribute, key = found
    if not is_available(attribute, place):
        raise RuleErrors(
            RuleError(
                "an attribute that is available here",
                repr(name),
                _UNAVAILABLE_HINTS[attribute.place],
            )
        )
    if attribute.name == "meta.KEY" and key.startswith("_"):
        hint = "WooCommerce hides customer meta whose key begins with _"
        raise RuleErrors(RuleError("a meta key that the store shows", repr(key), hint))
    return attribute, key


def is_available(attribute: Attribute, place: RulePlace) -> bool:
    """Return whether an attribute is available at a place."""
    there = {
        "anywhere": True,
        "order": place.order,
        "item": place.item,
        "segments": place.segments,
    }
    return there[attribute.place]


_UNAVAILABLE_HINTS = {
    "order": "order attributes need a trigger with an order",
    "item": "item attributes need the trigger product_purchased",
    "segments": "a segment cannot depend on segments; tags and workflows can",
}


def _unknown_attribute(name: str, place: RulePlace, others: Iterable[str]) -> RuleError:
    if name + ".KEY" in ATTRIBUTES or name.rstrip(".") + ".KEY" in ATTRIBUTES:
        return RuleError(
            f"a key after {name!r}", "none", f"write {name.rstrip('.')}.loyalty_points"
        )
    known = [each.name for each in ATTRIBUTES.values() if is_available(each, place)]
    longer = [each for each in known if each.startswith((f"{name.lower()}_", f"{name.lower()}."))]
    hint = did_you_mean(name, longer or [*known, *others]) or _suggest_by_last_part(
        name, [*known, *others]
    )
    return unknown("attribute", name, hint)


def _suggest_by_last_part(name: str, known: Iterable[str]) -> str:
    """Suggest an attribute whose last part matches: ``order.nth`` for ``nth``."""
    last = [each for each in known if each.rpartition(".")[2] == name.lower()]
    return f"did you mean {last[0]!r}?" if last else ""


def parse_window(text: str, attribute: Attribute) -> Duration:
    """Parse the window of ``orders_count(30d)``; raises RuleErrors."""
    if not attribute.windowed:
        can = ", ".join(each.name for each in ATTRIBUTES.values() if each.windowed)
        raise RuleErrors(
            RuleError(f"{attribute.name!r} without a window", f"({text})", f"can: {can}")
        )
    window = parse_duration(text)
    if window is None or window.seconds > LONGEST_SECONDS:
        raise RuleErrors(RuleError(DURATION_FORM, repr(text), duration_hint(text)))
    return window


# The attributes that a condition or template uses, for which the database must keep the data.


def attribute_names(attributes: Iterable[AttributeQuery]) -> frozenset[str]:
    """Return the names without windows: ``total_spent``, ``order.meta.gift``."""
    return frozenset(asked.name for asked in attributes)


def order_meta_read(attributes: Iterable[AttributeQuery]) -> frozenset[str]:
    """Return the keys of order meta that the attributes read."""
    attributes = list(attributes)
    fixed = frozenset[str]().union(*(asked.attribute.order_meta for asked in attributes))
    return fixed | attribute_keys(attributes, "order.meta.KEY")


def attribute_keys(attributes: Iterable[AttributeQuery], name: str) -> frozenset[str]:
    """Return the keys used with the attribute ``name``, such as ``order.meta.KEY``."""
    return frozenset(asked.key for asked in attributes if asked.attribute.name == name)
