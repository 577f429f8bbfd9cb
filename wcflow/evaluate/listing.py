"""List people with their figures, read in batches from the local copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from wcflow.database import people
from wcflow.database.contacts import Contact, contact_of_profile, key_order
from wcflow.database.identity import load_person_keys
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_full_memories, load_profiles
from wcflow.profile import (
    Profile,
    net_total,
    order_date,
    paid_orders,
)
from wcflow.rules.as_of import without_later_orders
from wcflow.rules.conditions import Condition
from wcflow.rules.context import Context
from wcflow.rules.literals import fold
from wcflow.rules.tags import Memory, sort_tags

BATCH = 500


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person and their figures; ``total_spent`` leaves out orders without a rate."""

    person: int
    contact: Contact
    orders_count: int
    total_spent: Decimal
    last_order_at: datetime | None
    segments: Sequence[str]
    tags: Sequence[str]


@dataclass(slots=True)
class Selection:
    """Which people to list: by segment, tag or condition. None means any.

    Segments and tags are those of the last evaluation. ``matched`` counts the people, also those
    who are not listed because there are too many.
    """

    segment: str | None = None
    tag: str | None = None
    where: Condition | None = None
    matched: int = 0

    def has_tag(self, memory: Memory) -> bool:
        """Return whether a person has the tag."""
        return self.tag is None or fold(self.tag) in map(fold, memory.current_tags)


def list_people(
    tx: Connection, evaluation_context: EvaluationContext, selection: Selection, most: int | None
) -> Iterator[ListedPerson]:
    """Yield the selected people, customers by number and then guests by address, at most ``most``.

    All of them are counted.
    """
    store, left = evaluation_context.settings.name, most
    for persons in _sorted_batches(tx, store, selection.segment):
        memories = load_full_memories(tx, store, persons)
        found = [each for each in persons if each in memories and selection.has_tag(memories[each])]
        if selection.where is None:
            selection.matched += len(found)
            found = found[:left]
        for profile in _matching(tx, evaluation_context, selection, found, memories):
            selection.matched += selection.where is not None
            if left is None or left > 0:
                yield _listed(profile, memories[profile.person])
            left = left and left - 1


def _sorted_batches(tx: Connection, store: str, segment: str | None) -> Iterator[list[int]]:
    persons = (
        people.load_person_ids(tx, store)
        if segment is None
        else people.load_members(tx, store, segment)
    )
    keys = load_person_keys(tx, store, persons)
    persons = sorted(keys, key=lambda person: key_order(keys[person]))
    for first in range(0, len(persons), BATCH):
        yield persons[first : first + BATCH]


def _matching(
    tx: Connection,
    evaluation_context: EvaluationContext,
    selection: Selection,
    persons: Sequence[int],
    memories: Mapping[int, Memory],
) -> Iterator[Profile]:
    """Yield the profiles of people for whom the condition is true now."""
    if not persons:
        return
    now = evaluation_context.now
    profiles = load_profiles(tx, evaluation_context, persons, memories)
    for person in persons:
        profile, memory = without_later_orders(profiles[person], now), memories[person]
        context = Context(profile, now, current_tags=memory.current_tags, segments=memory.segments)
        if selection.where is None or selection.where.answer(context).holds:
            yield profile


def _listed(profile: Profile, memory: Memory) -> ListedPerson:
    paid = paid_orders(profile)
    totals = (net_total(order, profile.store) for order in paid)
    return ListedPerson(
        profile.person,
        contact_of_profile(profile),
        len(paid),
        sum((total for total in totals if total is not None), Decimal(0)),
        order_date(paid[-1]) if paid else None,
        sorted(memory.segments),
        sort_tags(memory.current_tags),
    )
