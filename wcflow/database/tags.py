"""Who has which tag, and the tags that wcflow wrote or was about to write to each place.

Those are saved by place and not by person: an order can get another person, and an older order
becomes a person's latest again if the newer one is deleted. Where the store differs from what
wcflow wrote, someone changed the tags by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, delete, func, select, update

from wcflow.database.outbox import TAGS_RULE
from wcflow.database.sql import chunks, dumps, loads, stamp, table_of, upsert
from wcflow.database.tables import OutboxRow, PersonRow, WrittenTagsRow
from wcflow.rules.tags import TagChange, TagPlace

_WRITTEN_TAGS, _OUTBOX = table_of(WrittenTagsRow), table_of(OutboxRow)
_PERSONS = table_of(PersonRow)
_LISTS = (_PERSONS.c.current_tags, _PERSONS.c.removed_by_hand, _PERSONS.c.added_by_hand)
_COLUMNS = (_WRITTEN_TAGS.c.id, _WRITTEN_TAGS.c.tags, _WRITTEN_TAGS.c.dropped)


def load_written_tags(
    tx: Connection, store: str, places: Iterable[TagPlace]
) -> dict[TagPlace, TagChange]:
    """Return what wcflow wrote to these places; a place without writes is missing."""
    by_kind: dict[str, set[int]] = {}
    for kind, number in places:
        by_kind.setdefault(kind, set()).add(number)
    found: dict[TagPlace, TagChange] = {}
    for kind, ids in by_kind.items():
        of_kind = (_WRITTEN_TAGS.c.store == store) & (_WRITTEN_TAGS.c.kind == kind)
        for part in chunks(sorted(ids)):
            query = select(*_COLUMNS).where(of_kind, _WRITTEN_TAGS.c.id.in_(part))
            for number, tags, dropped in tx.execute(query):
                change = TagChange(frozenset(loads(tags)), frozenset(loads(dropped)))
                found[kind, number] = change
    return found


def save_written_tags(tx: Connection, store: str, changes: Mapping[TagPlace, TagChange]) -> None:
    rows = [
        {
            "store": store,
            "kind": kind,
            "id": number,
            "tags": dumps(sorted(change.tags)),
            "dropped": dumps(sorted(change.dropped)),
        }
        for (kind, number), change in sorted(changes.items())
    ]
    upsert(tx, WrittenTagsRow, rows)


def count_by_tag(tx: Connection, store: str) -> dict[str, int]:
    """Count the people who have each tag, with what was changed by hand since their evaluation."""
    query = select(*_LISTS, func.count()).where(_PERSONS.c.store == store, _PERSONS.c.present)
    counts: Counter[str] = Counter()
    for *lists, number in tx.execute(query.group_by(*_LISTS)):
        for tag in _tags_in(lists):
            counts[tag] += number
    return {tag: counts[tag] for tag in sorted(counts, key=lambda tag: (tag.casefold(), tag))}


def load_people_with_tags(tx: Connection, store: str, tags: Collection[str]) -> list[int]:
    """Return everyone who has one of these tags."""
    query = select(_PERSONS.c.id, *_LISTS).where(_PERSONS.c.store == store, _PERSONS.c.present)
    rows = tx.execute(query.order_by(_PERSONS.c.id))
    wanted = frozenset(tags)
    return [person for person, *lists in rows if not wanted.isdisjoint(_tags_in(lists))]


def is_from_rules(tx: Connection, store: str, tag: str) -> bool:
    """Return whether someone has a tag that neither people nor workflows added."""
    query = select(*_LISTS, _PERSONS.c.added_by_workflows).distinct()
    for *lists, by_workflows in tx.execute(query.where(_PERSONS.c.store == store)):
        added = _parsed(lists[2]) | _parsed(by_workflows)
        if tag in _tags_in(lists) and tag not in added:
            return True
    return False


def _tags_in(lists: Sequence[str]) -> frozenset[str]:
    current, removed, added = map(_parsed, lists)
    return (current - removed) | added


# Many people have the same tags.
@lru_cache(maxsize=8192)
def _parsed(text: str) -> frozenset[str]:
    return frozenset(loads(text))


def end_failed_writes(tx: Connection, store: str, persons: Collection[int]) -> None:
    """Cancel the writes of tags that failed for good: the next evaluation queues new ones."""
    for part in chunks(sorted(persons)):
        failed = (
            _OUTBOX.c.store == store,
            _OUTBOX.c.person.in_(part),
            _OUTBOX.c.state == "failed",
            _OUTBOX.c.rule == TAGS_RULE,
        )
        values = {"state": "cancelled", "outcome": "someone changed the tags since"}
        tx.execute(update(_OUTBOX).where(*failed).values(**values))


def delete_old_tag_entries(tx: Connection, store: str, before: datetime) -> int:
    """Delete tag entries that finished before this time; return how many.

    Entries of workflows are never deleted: their keys prevent duplicates.
    """
    old = (
        _OUTBOX.c.store == store,
        _OUTBOX.c.rule == TAGS_RULE,
        _OUTBOX.c.finished_at <= stamp(before),
        _OUTBOX.c.state.in_(("done", "cancelled")),
    )
    return tx.execute(delete(_OUTBOX).where(*old)).rowcount
