"""List people with their figures as of the last evaluation, read in batches from the local copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from wcflow.database.contacts import Contact
from wcflow.database.identity import load_person_keys
from wcflow.database.people import load_segments
from wcflow.database.people_filter import ListedRow, PeopleFilter, PeopleQuery, load_listed
from wcflow.database.people_search import Belonging
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_full_memories, load_profiles
from wcflow.profile import account_in
from wcflow.rules.as_of import without_later_orders
from wcflow.rules.conditions import Condition
from wcflow.rules.context import Context
from wcflow.rules.tags import sort_tags
from wcflow.units import to_major

BATCH = 500


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person and their figures; ``total_spent`` leaves out orders without a rate."""

    person: int
    contact: Contact
    phone: str
    inactive: bool
    orders_count: int
    total_spent: Decimal
    last_order_at: datetime | None
    since: datetime | None
    segments: Sequence[str]
    tags: Sequence[str]


@dataclass(slots=True)
class Selection:
    """Which people to list, in which order: those whom the filter selects and the condition matches.

    The filter and the order follow the last evaluation; the condition is evaluated now. ``matched``
    counts the people, also those who are not listed because of ``limit`` and ``offset``.
    """

    people: PeopleFilter = field(default_factory=PeopleFilter)
    where: Condition | None = None
    sort: str = ""
    descending: bool = False
    limit: int | None = None
    offset: int = 0
    matched: int = 0


def list_people(
    tx: Connection, evaluation_context: EvaluationContext, selection: Selection
) -> Iterator[ListedPerson]:
    """Yield the selected people; all of them are counted once the last one was asked for."""
    for persons in select_ids(tx, evaluation_context, selection):
        yield from _listed(tx, evaluation_context, persons)


def select_ids(
    tx: Connection, evaluation_context: EvaluationContext, selection: Selection
) -> Iterator[Sequence[int]]:
    """Yield the ids of the selected people in batches, and count all of them."""
    settings = evaluation_context.settings
    belonging = Belonging(settings.shared_emails, settings.guests)
    query = PeopleQuery(
        tx,
        settings.name,
        selection.people,
        belonging,
        selection.sort,
        descending=selection.descending,
    )
    if selection.where is None:
        selection.matched = query.matched
        yield from _batches(query.ids(selection.limit, selection.offset))
        return
    skip, left = selection.offset, selection.limit
    for persons in _batches(query.ids()):
        found = _matching(tx, evaluation_context, selection.where, persons)
        selection.matched += len(found)
        shown = found[skip:][:left]
        skip = max(skip - len(found), 0)
        left = None if left is None else left - len(shown)
        yield shown


def _batches(persons: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(persons), BATCH):
        yield persons[first : first + BATCH]


def _matching(
    tx: Connection,
    evaluation_context: EvaluationContext,
    where: Condition,
    persons: Sequence[int],
) -> list[int]:
    """Return the people for whom the condition is true now."""
    now = evaluation_context.now
    memories = load_full_memories(tx, evaluation_context.settings.name, persons)
    profiles = load_profiles(tx, evaluation_context, [*memories], memories)
    found = []
    for person in memories:
        profile, memory = without_later_orders(profiles[person], now), memories[person]
        context = Context(profile, now, current_tags=memory.current_tags, segments=memory.segments)
        if where.answer(context).holds:
            found.append(person)
    matching = set(found)
    return [each for each in persons if each in matching]


def _listed(
    tx: Connection, evaluation_context: EvaluationContext, persons: Sequence[int]
) -> Iterator[ListedPerson]:
    store, currency = evaluation_context.settings.name, evaluation_context.store.currency
    keys = load_person_keys(tx, store, persons)
    segments = load_segments(tx, store, persons)
    for row in load_listed(tx, store, persons):
        yield ListedPerson(
            row.person,
            _contact(row, keys),
            row.phone,
            row.inactive,
            row.orders_count,
            to_major(row.total_spent, currency),
            row.last_order,
            row.since,
            sorted(segments.get(row.person, ())),
            sort_tags(row.tags),
        )


def _contact(row: ListedRow, keys: Mapping[int, str]) -> Contact:
    return Contact(row.name, row.email, account_in(keys.get(row.person, "")) or 0)
