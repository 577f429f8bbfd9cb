"""The list of attributes and how one gets onto it: a decorator and a dict.

An entry carries the words that ``wcflow reference`` and the README print. What an attribute means in
figures stands with its function, in the module of its family.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from wcflow.rules.context import Context
from wcflow.units import Duration

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
class Ageing:
    """A number that grows by itself: the days since ``since``, divided by ``per``."""

    since: date
    per: Decimal

    def on(self, days: int) -> Decimal:
        """Give the number when so many days have passed."""
        return days / self.per


# A tuple: many are made for each customer, and it is made in half the time.
class Found(NamedTuple):
    """What was found: the value, the orders it came from, and when time alone may change it."""

    value: Value
    orders: tuple[int, ...] = ()
    changes_at: datetime | None = None
    ageing: Ageing | None = None


@dataclass(frozen=True, slots=True)
class Query:
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
    find: Callable[[Context, Query], Found]
    windowed: bool = False
    of_numbers: bool = False
    passing: bool = False

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

Plain = Callable[[Context], Found]
Windowed = Callable[[Context, Duration | None], Found]
Keyed = Callable[[Context, str], Found]


@dataclass(frozen=True, slots=True)
class Family:
    """Attributes that belong together: their heading, and where they may be asked."""

    title: str
    place: str = "anywhere"

    def plain(
        self, name: str, kind: Kind, meaning: str, example: str, **traits: bool
    ) -> Callable[[Plain], Plain]:
        """Enter an attribute that needs nothing beside its name."""

        def enter(function: Plain) -> Plain:
            self._enter(name, kind, meaning, example, lambda scope, _: function(scope), **traits)
            return function

        return enter

    def windowed(
        self, name: str, kind: Kind, meaning: str, example: str, **traits: bool
    ) -> Callable[[Windowed], Windowed]:
        """Enter an attribute that may be asked of the last days: ``name(30d)``."""

        def enter(function: Windowed) -> Windowed:
            def find(scope: Context, query: Query) -> Found:
                return function(scope, query.window)

            self._enter(name, kind, meaning, example, find, windowed=True, **traits)
            return function

        return enter

    def keyed(self, name: str, kind: Kind, meaning: str, example: str) -> Callable[[Keyed], Keyed]:
        """Enter an attribute whose name ends with a key: ``meta.KEY``."""

        def enter(function: Keyed) -> Keyed:
            def find(scope: Context, query: Query) -> Found:
                return function(scope, query.key)

            self._enter(name, kind, meaning, example, find)
            return function

        return enter

    def _enter(
        self,
        name: str,
        kind: Kind,
        meaning: str,
        example: str,
        find: Callable[[Context, Query], Found],
        **traits: bool,
    ) -> None:
        if name in ATTRIBUTES:
            raise ValueError(f"the attribute {name!r} is defined twice")
        ATTRIBUTES[name] = Attribute(
            name, kind, meaning, example, self.place, self.title, find, **traits
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """An attribute as a rule names it, with its key or window."""

    attribute: Attribute
    key: str = ""
    window: Duration | None = None
    text: str = field(init=False, repr=False, compare=False)
    """As a rule writes it: ``orders_count(30d)``."""
    query: Query = field(init=False, repr=False, compare=False)
    lasting: bool = field(init=False, repr=False, compare=False)
    """Whether it depends on the person and the instant alone."""

    def __post_init__(self) -> None:
        key = self.key if PLAIN_KEY.fullmatch(self.key) else quoted(self.key)
        window = f"({self.window})" if self.window else ""
        object.__setattr__(self, "text", self.attribute.stem + key + window)
        object.__setattr__(self, "query", Query(self.key, self.window))
        lasting = self.attribute.place == "anywhere" and not self.attribute.passing
        object.__setattr__(self, "lasting", lasting)

    @property
    def name(self) -> str:
        """Give the name without the window: ``order.total``, ``meta.loyalty``."""
        return self.attribute.stem + self.key

    def found(self, scope: Context) -> Found:
        """Find its value; what depends on the person and the instant alone is found once."""
        found: Found | None = scope.known.get(self.text)
        if found is None:
            found = self.attribute.find(scope, self.query)
            if self.lasting:
                scope.known[self.text] = found
        return found

    def elements(self, scope: Context) -> tuple[str, ...]:
        """Find the elements of a list; none where it is no list."""
        value = self.found(scope).value
        return value if isinstance(value, tuple) else ()


PLAIN_KEY = re.compile(r"[\w-]*(?:\.[\w-]+)*")
"""Keys that need no quotes."""


def quoted(text: str) -> str:
    """Give a text in those quotes that it does not hold."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def known_by(name: str) -> tuple[Attribute, str] | None:
    """Find an attribute by the name a rule uses, with its key; None where there is none."""
    plain = ATTRIBUTES.get(name)
    if plain is not None and not plain.keyed:
        return plain, ""
    for attribute in ATTRIBUTES.values():
        if attribute.keyed and name.startswith(attribute.stem) and name != attribute.stem:
            return attribute, name.removeprefix(attribute.stem)
    return None
