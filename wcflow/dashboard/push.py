"""Push the cards of people whose card in the companion plugin is outdated, in batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from wcflow.customers.record import load_records
from wcflow.dashboard.card import Json, card, card_digest
from wcflow.database import companion
from wcflow.database.connection import Database
from wcflow.database.sql import dumps
from wcflow.evaluate.context import EvaluationContext
from wcflow.rules.classify import rule_results, shown_segment
from wcflow.rules.short_reasons import reasons_of
from wcflow.store.client import Store
from wcflow.store.companion import MOST_CARDS, finish_people, push_people

log = structlog.get_logger()
_BUGS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
_BUG = "an error in wcflow, which its log shows"
_MOST_BYTES = 800_000
"""Of the cards in one request; the plugin takes at most a megabyte."""


@dataclass(slots=True)
class PushResult:
    """How many cards were pushed and removed, those that the plugin refused, and whether all is done."""

    pushed: int = 0
    gone: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True, slots=True)
class _Batch:
    """People to push: the cards that changed, the digests of all, and those who are gone.

    ``numbers`` are those of their last changes. Of ``failed`` people no card could be made.
    """

    numbers: Mapping[int, int]
    cards: Mapping[int, Json]
    digests: Mapping[int, str]
    gone: Sequence[int]
    failed: Collection[int]


def push_outdated(
    db: Database,
    client: Store,
    context: EvaluationContext,
    generation: str,
    stopping: Callable[[], bool],
) -> PushResult:
    """Push what is outdated, the newest changes first, until ``stopping``. Raises StoreError.

    What changes during a request is pushed again with the next one.
    """
    result = PushResult()
    while not stopping():
        batch = _take(db, context, generation)
        if not batch.numbers:
            _finish(db, client, context.settings.name, generation)
            result.complete = True
            break
        _push(db, client, context.settings.name, generation, batch, result)
    return result


def _take(db: Database, context: EvaluationContext, generation: str) -> _Batch:
    store = context.settings.name
    with db.transaction() as tx:
        companion.queue_more(tx, store, MOST_CARDS)
    # One snapshot: a change after it has a higher number.
    with db.reading() as tx:
        numbers = companion.load_outdated(tx, store, MOST_CARDS)
        cards, failed = _load_each(tx, context, [*numbers])
        known = companion.load_digests(tx, store, numbers)
    digests = {person: card_digest(each, generation) for person, each in cards.items()}
    changed = {
        person: each for person, each in cards.items() if known.get(person) != digests[person]
    }
    gone = sorted(numbers.keys() - cards.keys() - failed)
    return _Batch(numbers, changed, digests, gone, failed)


def _load_each(
    tx: Connection, context: EvaluationContext, persons: Sequence[int]
) -> tuple[dict[int, Json], set[int]]:
    """Return cards, and the people of whom none could be made because of a bug."""
    try:
        return load_cards(tx, context, persons), set()
    except _BUGS:
        cards: dict[int, Json] = {}
        failed = set[int]()
        for person in persons:
            try:
                cards |= load_cards(tx, context, [person])
            except _BUGS:
                log.exception("no card for a customer", store=context.settings.name, person=person)
                failed.add(person)
        return cards, failed


def load_cards(
    tx: Connection, context: EvaluationContext, persons: Sequence[int]
) -> dict[int, Json]:
    """Return the cards of people; those whom the store no longer has are missing."""
    rules, now = context.rules, context.now
    order = [each.name for each in rules.segments]
    return {
        person: card(
            record,
            segment_order=order,
            shown=shown_segment(record.segments, rules),
            reasons=reasons_of(rule_results(profile, rules, now), profile),
        )
        for person, (profile, record) in load_records(tx, context, persons).items()
    }


def _push(
    db: Database, client: Store, store: str, generation: str, batch: _Batch, result: PushResult
) -> None:
    gone, sent = list(batch.gone), set[int]()
    for part in _parts(batch.cards):
        if not part and not gone:
            break
        pushed = push_people(client, generation, [*part.values()], gone)
        refused = {person: why for person, why in pushed.refused.items() if person in part}
        with db.transaction() as tx:
            digests = {person: batch.digests[person] for person in part}
            companion.save_pushed(tx, store, digests, refused, gone)
            _clear(tx, store, batch, [*part, *gone])
        result.pushed += len(part) - len(refused)
        result.gone += len(gone)
        result.refused |= refused
        sent |= {*part, *gone}
        gone = []
    result.refused |= dict.fromkeys(batch.failed, _BUG)
    with db.transaction() as tx:
        companion.save_pushed(tx, store, dict.fromkeys(batch.failed, ""), batch.failed, [])
        _clear(tx, store, batch, [each for each in batch.numbers if each not in sent])


def _clear(tx: Connection, store: str, batch: _Batch, persons: Sequence[int]) -> None:
    companion.clear_outdated(tx, store, {each: batch.numbers[each] for each in persons})


def _parts(cards: Mapping[int, Json]) -> Iterator[dict[int, Json]]:
    """Split cards into requests that are not too large; one without cards tells who is gone."""
    part: dict[int, Json] = {}
    size = 0
    for person, each in cards.items():
        length = len(dumps(each).encode())
        if part and size + length > _MOST_BYTES:
            yield part
            part, size = {}, 0
        part[person] = each
        size += length
    yield part


def _finish(db: Database, client: Store, store: str, generation: str) -> None:
    """Let the plugin remove older people, once everyone was pushed anew."""
    with db.reading() as tx:
        row = companion.load_companion(tx, store)
    if row is None or not row.finish_due:
        return
    finish_people(client, generation)
    with db.transaction() as tx:
        companion.save_companion(tx, store, finish_due=False)
