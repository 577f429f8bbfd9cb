"""What the companion plugin has: how far its streams are read, and whose card is outdated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import uuid4

from sqlalchemy import Connection, Select, and_, delete, false, func, not_, select, update

from wcflow.database.sql import chunks, fetch_in, select_in, stamp, table_of, upsert
from wcflow.database.stores import load_store_row
from wcflow.database.tables import (
    CompanionCursorRow,
    CompanionDueRow,
    CompanionPushedRow,
    CompanionRequestRow,
    CompanionRow,
    PersonRow,
)

_COMPANION, _CURSORS = table_of(CompanionRow), table_of(CompanionCursorRow)
_DUE, _PUSHED = table_of(CompanionDueRow), table_of(CompanionPushedRow)
_PERSONS = table_of(PersonRow)
_SELECT_PUSHED = select_in(_PUSHED, "person", _PUSHED.c.person, _PUSHED.c.digest)
_REQUESTS = table_of(CompanionRequestRow)
_SELECT_REQUESTS = select_in(_REQUESTS, "key", _REQUESTS.c.key)
_FEED = 1000
FORGOTTEN_AFTER = timedelta(days=1)
PLUGIN_KEEPS = timedelta(days=14)
"""How long the plugin keeps requests and their answers."""
OTHER_DATABASE = (
    "another wcflow database updates the companion plugin too, so the dashboard shows the results of"
    " one or the other: stop one of them"
)
NOT_ACTIVE = "the companion plugin is not active in the store"
"""The problem of a plugin that was deactivated."""


def load_companion(tx: Connection, store: str) -> CompanionRow | None:
    """Return what is known of a store's plugin; None if it was never found."""
    row = tx.execute(select(_COMPANION).where(_COMPANION.c.store == store)).one_or_none()
    return cast(CompanionRow | None, row)  # as load_store_row


def load_mail_address(tx: Connection, store: str) -> str:
    """Return the store's address for links in e-mails; empty if no plugin there can answer them."""
    row, known = load_companion(tx, store), load_store_row(tx, store)
    if row is None or known is None or not known.has_companion or row.problem == NOT_ACTIVE:
        return ""
    return row.mail_url if row.settings else ""


def save_companion(tx: Connection, store: str, **columns: Any) -> None:
    """Change columns of what is known of a store's plugin; create the row if necessary."""
    upsert(tx, CompanionRow, [{**columns, "store": store}])


# How far each stream is read.


class Cursor(NamedTuple):
    """The last row of a stream that was handled, and the tables that it was in."""

    epoch: str = ""
    row_id: int = 0
    row_key: str = ""


def load_cursor(tx: Connection, store: str, stream: str) -> Cursor:
    """Return how far a stream is read; at first, nothing is."""
    columns = (_CURSORS.c.epoch, _CURSORS.c.row_id, _CURSORS.c.row_key)
    here = (_CURSORS.c.store == store, _CURSORS.c.stream == stream)
    row = tx.execute(select(*columns).where(*here)).one_or_none()
    return Cursor(*row) if row else Cursor()


def save_cursor(tx: Connection, store: str, stream: str, cursor: Cursor) -> None:
    """Save how far a stream is read."""
    upsert(tx, CompanionCursorRow, [{"store": store, "stream": stream, **cursor._asdict()}])


def load_followed_since(tx: Connection, store: str, stream: str) -> int | None:
    """Return since when a stream has been read without a gap; None if it is not read now."""
    here = (_CURSORS.c.store == store, _CURSORS.c.stream == stream)
    since: int | None = tx.scalar(select(_CURSORS.c.since).where(*here))
    return since


def save_followed_since(tx: Connection, store: str, stream: str, since: int | None) -> None:
    """Save since when a stream has been read without a gap, if it was ever read."""
    here = (_CURSORS.c.store == store, _CURSORS.c.stream == stream)
    tx.execute(update(_CURSORS).where(*here).values(since=since))


# Whose card is outdated.


def push_everyone(tx: Connection, store: str) -> None:
    """Let everyone be pushed anew: the plugin is new, or it or this database was restored."""
    row = load_companion(tx, store)
    name, _, count = (row.generation if row else "").rpartition(":")
    generation = f"{name or uuid4()}:{int(count or 0) + 1}"
    save_companion(tx, store, generation=generation, queued_up_to=0, finish_due=False)


def is_other_database(one: str, other: str) -> bool:
    """Return whether two generations are of different databases, whose numbers mean different people."""
    names = {each.rpartition(":")[0] for each in (one, other)}
    return "" not in names and len(names) > 1


def is_of_this_database(tx: Connection, store: str, generation: str) -> bool:
    """Return whether the numbers of what the plugin showed with this generation are those of here."""
    row, name = load_companion(tx, store), generation.rpartition(":")[0]
    return row is not None and name != "" and name == row.generation.rpartition(":")[0]


def mark_cards_outdated(tx: Connection, store: str, persons: Iterable[int]) -> None:
    """Note that what the plugin shows of these people may be outdated, if the store has it."""
    found = sorted({each for each in persons if each})
    if found and load_companion(tx, store) is not None:
        newest = select(func.max(_DUE.c.number)).where(_DUE.c.store == store)
        number = (tx.scalar(newest) or 0) + 1
        upsert(tx, CompanionDueRow, [_due(store, each, number) for each in found])


def mark_cards_of(tx: Connection, query: Select[Any]) -> None:
    """Do the same for people of any store: the query returns each store and person."""
    if tx.scalar(select(_COMPANION.c.store).limit(1)) is None:
        return
    by_store: dict[str, list[int]] = {}
    for store, person in tx.execute(query):
        by_store.setdefault(store, []).append(person)
    for store, persons in by_store.items():
        mark_cards_outdated(tx, store, persons)


def check_every_card(tx: Connection, store: str) -> None:
    """Compare everyone's card with what the plugin has, after those who changed."""
    if load_companion(tx, store) is not None:
        save_companion(tx, store, queued_up_to=0)


def _due(store: str, person: int, number: int) -> dict[str, Any]:
    return {"store": store, "person": person, "number": number}


def load_outdated(tx: Connection, store: str, limit: int) -> dict[int, int]:
    """Return the people to push next, each with the number of their last change, newest first."""
    newest = select(_DUE.c.person, _DUE.c.number).where(_DUE.c.store == store)
    newest = newest.order_by(_DUE.c.number.desc()).limit(limit)
    return {row[0]: row[1] for row in tx.execute(newest)}


def queue_more(tx: Connection, store: str, limit: int) -> None:
    """While everyone is pushed, queue the next people where fewer than ``limit`` are queued."""
    if len(load_outdated(tx, store, limit)) < limit:
        _queue_more(tx, store)


def _queue_more(tx: Connection, store: str) -> None:
    row = load_companion(tx, store)
    if row is None or row.queued_up_to is None:
        return
    here = (_PERSONS.c.store == store, _PERSONS.c.id > row.queued_up_to, _PERSONS.c.present)
    query = select(_PERSONS.c.id).where(*here).order_by(_PERSONS.c.id).limit(_FEED)
    found = list(tx.scalars(query))
    upsert(tx, CompanionDueRow, [_due(store, each, 0) for each in found], keep=["number"])
    if len(found) == _FEED:
        save_companion(tx, store, queued_up_to=found[-1])
    else:
        upsert(
            tx,
            CompanionDueRow,
            [_due(store, each, 0) for each in _absent(tx, store)],
            keep=["number"],
        )
        save_companion(tx, store, queued_up_to=None, finish_due=True)


def _absent(tx: Connection, store: str) -> list[int]:
    """Return the people whom the plugin shows although they are gone."""
    here = and_(_PERSONS.c.store == store, _PERSONS.c.id == _PUSHED.c.person, _PERSONS.c.present)
    is_gone = not_(select(_PERSONS.c.id).where(here).exists())
    query = select(_PUSHED.c.person).where(_PUSHED.c.store == store, is_gone)
    return list(tx.scalars(query.order_by(_PUSHED.c.person)))


def count_outdated(tx: Connection, store: str) -> int:
    """Count the people whose card is outdated or was never pushed."""
    of_store = _DUE.c.store == store
    count = tx.scalar(select(func.count()).where(of_store)) or 0
    row = load_companion(tx, store)
    if row is None or row.queued_up_to is None:
        return count
    later = (_PERSONS.c.store == store, _PERSONS.c.id > row.queued_up_to, _PERSONS.c.present)
    return count + (tx.scalar(select(func.count()).where(*later)) or 0)


def load_digests(tx: Connection, store: str, persons: Collection[int]) -> dict[int, str]:
    """Return the digest of the card that the plugin has of these people."""
    return {row[0]: row[1] for row in fetch_in(tx, _SELECT_PUSHED, store, persons)}


def save_pushed(
    tx: Connection,
    store: str,
    digests: Mapping[int, str],
    refused: Collection[int],
    gone: Sequence[int],
) -> None:
    """Save which cards the plugin has now, and which it refused."""
    rows = [
        {"store": store, "person": person, "digest": digest, "refused": person in refused}
        for person, digest in sorted(digests.items())
    ]
    upsert(tx, CompanionPushedRow, rows)
    for part in chunks(gone):
        here = (_PUSHED.c.store == store, _PUSHED.c.person.in_(part))
        tx.execute(delete(_PUSHED).where(*here))


def clear_outdated(tx: Connection, store: str, numbers: Mapping[int, int]) -> None:
    """Note that people are up to date, except those who changed since ``numbers`` were read."""
    by_number: dict[int, list[int]] = {}
    for person, number in numbers.items():
        by_number.setdefault(number, []).append(person)
    for number, persons in by_number.items():
        here = (_DUE.c.store == store, _DUE.c.number == number, _DUE.c.person.in_(persons))
        tx.execute(delete(_DUE).where(*here))


def load_problems(tx: Connection, store: str) -> list[str]:
    """Return why the plugin does not show everything as it is now, in words."""
    row = load_companion(tx, store)
    found = (
        [f"the companion plugin cannot be updated: {row.problem}"] if row and row.problem else []
    )
    here = (_PUSHED.c.store == store, _PUSHED.c.refused)
    if refused := tx.scalar(select(func.count()).where(*here)) or 0:
        people = "1 customer" if refused == 1 else f"{refused:,} customers"
        found.append(f"the companion plugin does not show {people} (the log says why)")
    found += [OTHER_DATABASE] if row and row.other_seen_at is not None else []
    if row and row.dropped_emails:
        several = row.dropped_emails != 1
        emails = f"{row.dropped_emails:,} e-mail address{'es' if several else ''}"
        found.append(
            f"the companion plugin ignored {emails} from the checkout in the last day: there were"
            " too many, and someone may be inventing them"
        )
    return found


def note_other_database(tx: Connection, store: str, now: datetime, *, seen: bool) -> None:
    """Save that another database updates the plugin too, or forget it after a day without one."""
    row = load_companion(tx, store)
    known = row.other_seen_at if row else None
    if seen:
        save_companion(tx, store, other_seen_at=stamp(now))
    elif known is not None and known < stamp(now - FORGOTTEN_AFTER):
        save_companion(tx, store, other_seen_at=None)


def count_pushed(tx: Connection, store: str) -> int:
    """Count the people whose card the plugin has."""
    here = (_PUSHED.c.store == store, not_(_PUSHED.c.refused))
    return tx.scalar(select(func.count()).where(*here)) or 0


def expect_anything(tx: Connection) -> None:
    """After a restore of this database: what the plugins have is not known."""
    tx.execute(update(_COMPANION).values(generation="", queued_up_to=0, finish_due=False))


# What people did in the dashboard.


def load_answered(tx: Connection, store: str, keys: Collection[str]) -> set[str]:
    """Return which of these requests were done or refused already."""
    return {row[0] for row in fetch_in(tx, _SELECT_REQUESTS, store, keys)}


def save_request(tx: Connection, row: CompanionRequestRow) -> None:
    """Save what came of a request, with the change that it made."""
    upsert(tx, CompanionRequestRow, [row.model_dump()])


def load_open_answers(tx: Connection, store: str, limit: int) -> list[CompanionRequestRow]:
    """Return the oldest answers that the plugin does not have yet."""
    waiting = (_REQUESTS.c.store == store, _REQUESTS.c.answered == false())
    query = select(_REQUESTS).where(*waiting).order_by(_REQUESTS.c.id).limit(limit)
    return [CompanionRequestRow(**row) for row in tx.execute(query).mappings()]


def mark_answered(tx: Connection, store: str, keys: Sequence[str]) -> None:
    """Record that the plugin has these answers."""
    for part in chunks(keys):
        here = (_REQUESTS.c.store == store, _REQUESTS.c.key.in_(part))
        tx.execute(update(_REQUESTS).where(*here).values(answered=True))


def answer_again(tx: Connection, store: str, keys: Sequence[str]) -> None:
    """Let the answers of requests that were read again be posted again."""
    for part in chunks(keys):
        here = (_REQUESTS.c.store == store, _REQUESTS.c.key.in_(part))
        tx.execute(update(_REQUESTS).where(*here).values(answered=False))


def answer_all_again(tx: Connection, store: str, since: datetime) -> None:
    """Let every answer since then be posted again: a restored backup of the store may lack some."""
    # Without words, which are forgotten with a customer, the plugin's own would be lost.
    here = (_REQUESTS.c.store == store, _REQUESTS.c.at >= stamp(since), _REQUESTS.c.words != "")
    tx.execute(update(_REQUESTS).where(*here).values(answered=False))


def forget_requests(tx: Connection, store: str, person: int) -> None:
    """Take out of a person's requests what was done; their keys stay, so that none is repeated."""
    here = (_REQUESTS.c.store == store, _REQUESTS.c.person == person)
    tx.execute(update(_REQUESTS).where(*here).values(words=""))


def merge_requests(tx: Connection, store: str, old: int, new: int) -> None:
    """Give the requests of the person ``old`` to the person ``new``."""
    here = (_REQUESTS.c.store == store, _REQUESTS.c.person == old)
    tx.execute(update(_REQUESTS).where(*here).values(person=new))


def delete_old_requests(tx: Connection, store: str, before: datetime) -> None:
    """Delete requests that the plugin has forgotten long ago."""
    here = (_REQUESTS.c.store == store, _REQUESTS.c.at < stamp(before))
    tx.execute(delete(_REQUESTS).where(*here))
