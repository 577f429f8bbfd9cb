"""The figures of each day: save them, and count what they consist of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from wcflow.database.people import count_by_segment, count_people
from wcflow.database.sql import loads, stamp, table_of, upsert
from wcflow.database.tables import DailyFigureRow, OutboxRow, PersonRow, RunRow, TierRow

_FIGURES, _PERSONS, _TIERS = table_of(DailyFigureRow), table_of(PersonRow), table_of(TierRow)
_RUNS, _OUTBOX = table_of(RunRow), table_of(OutboxRow)
PEOPLE = "people"


class Figure(NamedTuple):
    """A figure of a day; money is in the minor unit of the store's currency."""

    kind: str
    name: str
    figure: str
    value: int


def save(tx: Connection, store: str, day: date, found: Iterable[Figure]) -> None:
    """Save the figures of a day; those that are there already are replaced."""
    rows = [{"store": store, "day": day.isoformat(), **each._asdict()} for each in found]
    upsert(tx, DailyFigureRow, rows)


def load(tx: Connection, store: str, day: date) -> list[Figure]:
    """Return the figures of a day."""
    here = (_FIGURES.c.store == store, _FIGURES.c.day == day.isoformat())
    columns = (_FIGURES.c.kind, _FIGURES.c.name, _FIGURES.c.figure, _FIGURES.c.value)
    rows = tx.execute(select(*columns).where(*here).order_by(*columns))
    return [Figure(*row) for row in rows]


def load_last_day(tx: Connection, store: str) -> date | None:
    """Return the last day that has figures."""
    day = tx.scalar(select(func.max(_FIGURES.c.day)).where(_FIGURES.c.store == store))
    return None if day is None else date.fromisoformat(day)


def has_sizes(tx: Connection, store: str, day: date) -> bool:
    """Return whether the sizes of a day are saved: a later count would be about another day."""
    return any(each.figure == PEOPLE for each in load(tx, store, day))


def count_sizes(tx: Connection, store: str) -> list[Figure]:
    """Return how many people there are now, in each segment and tier, and with each tag."""
    tags = Counter[str]()
    query = select(_PERSONS.c.current_tags, func.count()).where(
        _PERSONS.c.store == store, _PERSONS.c.present, _PERSONS.c.current_tags != "[]"
    )
    for text, count in tx.execute(query.group_by(_PERSONS.c.current_tags)):
        for tag in loads(text):
            tags[tag] += count
    tiers = select(_TIERS.c.tier, func.count()).where(_TIERS.c.store == store, _TIERS.c.tier != "")
    counted = {
        "segment": count_by_segment(tx, store),
        "tag": tags,
        "tier": {row[0]: row[1] for row in tx.execute(tiers.group_by(_TIERS.c.tier))},
    }
    return [
        Figure("all", "", PEOPLE, count_people(tx, store)),
        *(
            Figure(kind, name, PEOPLE, count)
            for kind, counts in counted.items()
            for name, count in counts.items()
        ),
    ]


def count_starts(tx: Connection, store: str, start: datetime, end: datetime) -> dict[str, int]:
    """Count the live runs that started from ``start`` on and before ``end``, by workflow."""
    here = (_RUNS.c.store == store, _RUNS.c.mode == "live", _RUNS.c.state != "skipped")
    within = (_RUNS.c.started_at >= stamp(start), _RUNS.c.started_at < stamp(end))
    query = select(_RUNS.c.workflow, func.count()).where(*here, *within)
    return {row[0]: row[1] for row in tx.execute(query.group_by(_RUNS.c.workflow))}


def count_sent(
    tx: Connection, store: str, kinds: Sequence[str], start: datetime, end: datetime
) -> dict[str, int]:
    """Count the changes of these kinds that were delivered in that time, by kind."""
    here = (_OUTBOX.c.store == store, _OUTBOX.c.state == "done", _OUTBOX.c.kind.in_(kinds))
    within = (_OUTBOX.c.finished_at >= stamp(start), _OUTBOX.c.finished_at < stamp(end))
    query = select(_OUTBOX.c.kind, func.count()).where(*here, *within)
    return {row[0]: row[1] for row in tx.execute(query.group_by(_OUTBOX.c.kind))}
