"""What waits in the outbox, person by person, with what it would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection

from wcflow.actions.registry import entry_kind
from wcflow.config.load import Config
from wcflow.database import people
from wcflow.database.identity import load_person_keys
from wcflow.database.outbox import OutboxEntry
from wcflow.database.outbox_batches import load_batches
from wcflow.outbox.meta_plan import Preview, previews
from wcflow.outbox.totals import PersonPlan


def load_plans(
    tx: Connection, store: str, config: Config, state: str = "due"
) -> Iterator[list[PersonPlan]]:
    """Yield what waits for people, in batches; each person's changes are in one."""
    for entries in load_batches(tx, store, state):
        yield _plans(tx, store, config, entries)


def _plans(
    tx: Connection, store: str, config: Config, entries: Sequence[OutboxEntry]
) -> list[PersonPlan]:
    persons = sorted({entry.person for entry in entries})
    keys = load_person_keys(tx, store, persons)
    memories = people.load_memories(tx, store, persons)
    found = previews(tx, store, config, entries)
    return [
        PersonPlan(person, keys.get(person, ""), memories.get(person), sorted(some, key=_place))
        for person, some in groupby(found, attrgetter("entry.person"))
    ]


def _place(preview: Preview) -> tuple[bool, int, int]:
    """Sort a person's changes: the customer, then orders by number, then in the order of the steps."""
    entry = preview.entry
    return entry_kind(entry.kind).resource != "customer", entry.target_id, entry.id
