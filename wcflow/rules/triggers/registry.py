"""The registry of triggers: how each is written, what it means, and which events it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from wcflow.rules import arguments
from wcflow.rules.errors import RuleErrors, did_you_mean, unknown
from wcflow.rules.events import Event, TriggerContext


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger with its argument, as a workflow uses it."""

    name: str
    argument: Any = None

    @property
    def kind(self) -> TriggerKind:
        return TRIGGERS[self.name]

    @property
    def has_order(self) -> bool:
        return self.kind.has_order

    @property
    def has_item(self) -> bool:
        return self.kind.has_item

    @property
    def follows_order_stamps(self) -> bool:
        """Return whether every event falls on a timestamp of an order."""
        return self.kind.has_order and self.kind.next_at is None

    @property
    def names_segment(self) -> str:
        return self.argument if self.kind.names == "segment" else ""

    @property
    def names_tag(self) -> str:
        return self.argument if self.kind.names == "tag" else ""

    @property
    def names_statuses(self) -> tuple[str, ...]:
        """Return the order statuses that it names."""
        named = self.argument if self.name == "order_status_changed" else ()
        return tuple(filter(None, named))

    @property
    def watches_state(self) -> bool:
        """Return whether it depends on what rules decide, so that an edited rule must not count as an event."""
        return bool(self.kind.names) or self.name == "customer_matches"

    @property
    def canonical(self) -> str:
        return f"{self.name} {self.argument}"

    @property
    def text(self) -> str:
        """Return it as written in the INI, with its defaults: ``order_refunded either``."""
        if self.argument is None:
            return self.name
        if self.name == "order_status_changed":
            before, after = (status or "any" for status in self.argument)
            return f"{self.name} from {before} to {after}"
        words = self.argument if isinstance(self.argument, tuple) else (self.argument,)
        return f"{self.name} {', '.join(str(word) for word in words)}"

    def events(self, context: TriggerContext) -> Iterable[Event]:
        """Return all events of this kind in the person's history."""
        return self.kind.events(context, self.argument)

    def next_at(self, context: TriggerContext) -> datetime | None:
        """Return when the next event will happen through time alone, or None."""
        return self.kind.next_at(context, self.argument) if self.kind.next_at else None


COMPANION, SUBSCRIPTIONS = "companion", "subscriptions"


@dataclass(frozen=True, slots=True)
class TriggerKind:
    """What the registry holds about a trigger.

    ``names`` is ``segment`` or ``tag`` if its argument is one, ``section`` the kind of
    another section that it can name. ``counts_orders`` says that an event
    is named by the order's number among the person's orders, and not by the order: each order then
    counts once. ``for_all_matching`` is a trigger that happens to everyone who matches ``when``;
    it and ``customer_matches`` remember since when that is so (``remembers_match``).
    ``needs`` says what a store must have for it: COMPANION or SUBSCRIPTIONS. ``order_meta`` are the
    keys of order meta that it reads.
    """

    name: str
    form: str
    meaning: str
    example: str
    read: Callable[[str], Any]
    events: Callable[[TriggerContext, Any], Iterable[Event]]
    has_order: bool = False
    has_item: bool = False
    counts_orders: bool = False
    names: str = ""
    section: str = ""
    remembers_match: bool = False
    for_all_matching: bool = False
    needs: str = ""
    order_meta: frozenset[str] = frozenset()
    next_at: Callable[[TriggerContext, Any], datetime | None] | None = None


TRIGGERS: dict[str, TriggerKind] = {}
FindEvents = Callable[[TriggerContext, Any], Iterable[Event]]


def trigger(
    form: str,
    meaning: str,
    example: str,
    read: Callable[[str], Any] = arguments.no_argument,
    **more: Any,
) -> Callable[[FindEvents], FindEvents]:
    """Register a function under the first word of ``form``."""

    def register(function: FindEvents) -> FindEvents:
        name = form.split(maxsplit=1)[0]
        TRIGGERS[name] = TriggerKind(name, form, meaning, example, read, function, **more)
        return function

    return register


@lru_cache(maxsize=512)
def parse_trigger(text: str) -> Trigger:
    """Parse ``order_milestone 5, 10``; raises RuleErrors."""
    name, _, rest = text.strip().partition(" ")
    kind = TRIGGERS.get(name.lower())
    if kind is None:
        raise RuleErrors(unknown("trigger", name, did_you_mean(name, TRIGGERS)))
    return Trigger(kind.name, kind.read(rest.strip()))
