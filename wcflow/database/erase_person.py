"""Delete what wcflow itself keeps about a person, for ever.

The keys of their runs and of their changes stay, without content, so that nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, case, delete, func, or_, select, update

from wcflow.database.companion import forget_requests
from wcflow.database.outbox import ERASED_PAYLOAD
from wcflow.database.pair_edits import erase_pairs, load_shared_entries
from wcflow.database.people import delete_people
from wcflow.database.pools import settle_codes_of
from wcflow.database.sql import chunks, dumps, loads, stamp, table_of
from wcflow.database.tables import (
    CompanyMemberRow,
    CustomerNoteRow,
    EditRow,
    EventRow,
    GroupMemberRow,
    IdentityRow,
    MembershipRow,
    NotSamePersonRow,
    OutboxRow,
    PointsRow,
    PoolCodeRow,
    RunRow,
    SamePersonRow,
    TaskRow,
    TierRow,
    TransitionRow,
    WrittenTagsRow,
)

_RUNS, _OUTBOX, _EDITS = table_of(RunRow), table_of(OutboxRow), table_of(EditRow)
_DELETED: Mapping[str, Table] = {
    "notes": table_of(CustomerNoteRow),
    "tasks": table_of(TaskRow),
    "events": table_of(EventRow),
    "points": table_of(PointsRow),
    "tiers": table_of(TierRow),
    "groups": table_of(GroupMemberRow),
    "companies": table_of(CompanyMemberRow),
    "segments": table_of(MembershipRow),
    "transitions": table_of(TransitionRow),
}
"""What is deleted, by the name under which a receipt counts it."""
_EMPTIED: Mapping[str, Table] = {"edits": _EDITS, "runs": _RUNS, "changes": _OUTBOX}
"""What stays without its content."""
_KEPT: Mapping[str, Table] = {"codes": table_of(PoolCodeRow)}
_EDIT_WORDS = "changed a customer who was deleted since"


def count_held(tx: Connection, store: str, person: int) -> dict[str, int]:
    """Count what wcflow keeps about a person, by its name in a receipt."""
    return {
        name: tx.scalar(select(func.count()).where(*_of(table, store, person))) or 0
        for name, table in {**_DELETED, **_EMPTIED, **_KEPT}.items()
    }


def _of(table: Table, store: str, person: int) -> tuple[Any, ...]:
    return (table.c.store == store, table.c.person == person)


def load_coupon_codes(tx: Connection, store: str, person: int) -> list[str]:
    """Return the codes of coupons that were made for a person, or may have been."""
    made = or_(_OUTBOX.c.state == "done", _OUTBOX.c.attempts > 0)
    coupons = (*_of(_OUTBOX, store, person), _OUTBOX.c.kind == "coupon", made)
    query = select(_OUTBOX.c.payload).where(*coupons).order_by(_OUTBOX.c.id)
    found = (loads(payload) for payload in tx.scalars(query))
    return [each["code"] for each in found if each.get("emails")]


def erase_person(tx: Connection, store: str, person: int, reason: str, now: datetime) -> None:
    """Delete what is kept about a person; end their runs and cancel what was not delivered."""
    settle_codes_of(tx, store, person, now)
    end_runs(tx, store, person, reason, now)
    empty_changes(tx, store, person, reason, now)
    for table in (*_DELETED.values(), table_of(IdentityRow)):
        tx.execute(delete(table).where(*_of(table, store, person)))
    forget_requests(tx, store, person)
    emptied = {"words": _EDIT_WORDS, "kind": "erased", "reason": "", "data": "{}"}
    tx.execute(update(_EDITS).where(*_of(_EDITS, store, person)).values(**emptied))
    delete_people(tx, store, [person])


def end_runs(tx: Connection, store: str, person: int, reason: str, now: datetime) -> None:
    """End the runs of a person, and empty them."""
    waiting = _RUNS.c.state == "waiting"
    values = {
        "ended_at": case((waiting, stamp(now)), else_=_RUNS.c.ended_at),
        "state": case((waiting, "ended"), else_=_RUNS.c.state),
        "due_at": None,
        "variables": "{}",
        "progress": "{}",
        "reason": reason,
    }
    tx.execute(update(_RUNS).where(*_of(_RUNS, store, person)).values(**values))


def empty_changes(tx: Connection, store: str, person: int, reason: str, now: datetime) -> None:
    """Cancel the changes of a person that were not delivered, and empty all; not those of erasures."""
    here = (*_of(_OUTBOX, store, person), ~_OUTBOX.c.rule.startswith("erasure "))
    is_open = and_(*here, _OUTBOX.c.state.in_(("due", "claimed", "failed")))
    ended = {"state": "cancelled", "finished_at": stamp(now), "cancelled_by": None}
    tx.execute(update(_OUTBOX).where(is_open).values(**ended))
    emptied = {"payload": dumps(ERASED_PAYLOAD), "outcome": reason}
    tx.execute(update(_OUTBOX).where(*here).values(**emptied))


def empty_shared(
    tx: Connection, store: str, keys: Collection[str], person: int, reason: str
) -> list[str]:
    """Empty what was made for others while someone was one person with them.

    Return the codes of coupons with their address. Call it before the merges are forgotten.
    """
    rows = load_shared_entries(tx, store, keys, person)
    for part in chunks([each["id"] for each in rows]):
        emptied = {"payload": dumps(ERASED_PAYLOAD), "outcome": reason}
        tx.execute(update(_OUTBOX).where(_OUTBOX.c.id.in_(part)).values(**emptied))
    payloads = [loads(each["payload"]) for each in rows if each["kind"] == "coupon"]
    return [each["code"] for each in payloads if each.get("emails")]


def forget_places(
    tx: Connection, store: str, keys: Collection[str], orders: Collection[int], account: int
) -> None:
    """Forget who was joined with whom, and which tags wcflow wrote to the orders and the account.

    Merges with someone who is another customer again are filed under that one.
    """
    erase_pairs(tx, store, keys)
    links, different = table_of(SamePersonRow), table_of(NotSamePersonRow)
    emails = [key.removeprefix("g:") for key in keys if key.startswith("g:")]
    joined = or_(links.c.email.in_(emails), links.c.belongs_to.in_(keys))
    tx.execute(delete(links).where(links.c.store == store, joined))
    named = or_(different.c.one.in_(keys), different.c.other.in_(keys))
    tx.execute(delete(different).where(different.c.store == store, named))
    written = table_of(WrittenTagsRow)
    for kind, numbers in (("order", orders), ("customer", [account])):
        for part in chunks(sorted(numbers)):
            here = (written.c.store == store, written.c.kind == kind, written.c.id.in_(part))
            tx.execute(delete(written).where(*here))
