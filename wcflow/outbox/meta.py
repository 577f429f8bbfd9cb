"""Deliver tags and other meta: in batches, merged with what the shop holds at that moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS
from wcflow.database import people
from wcflow.database.customers import set_customer_meta
from wcflow.database.identity import mark_dirty
from wcflow.database.orders import set_order_meta
from wcflow.database.outbox import Entry
from wcflow.database.stores import save_store, store_row
from wcflow.database.tags import save_written, written_in
from wcflow.errors import StoreError
from wcflow.outbox.delivery import Delivery
from wcflow.outbox.meta_plan import Meta, MetaPlan, meta_of, place_of, plan_tags
from wcflow.rules.memory import Memory
from wcflow.rules.tags import NOTHING, Put
from wcflow.store.errors import concerns_store
from wcflow.store.listing import UnreadableRowError

BATCH = 25
"""Large batches run into PHP's time limit on small hosts (FACTS: Batch)."""

Place = Literal["customers", "orders"]
Held = Mapping[int, Mapping[str, str] | None]


def deliver_meta(desk: Delivery, place: Place, *, released_only: bool) -> bool:
    """Deliver one batch; say whether there was any. Raises StoreError where the store is out."""
    entries = desk.claim(_kinds(place), BATCH, released_only=released_only)
    if not entries:
        return False
    held, unread = _read(desk, place, entries)
    with desk.db.transaction() as tx:
        for entry in entries:
            if entry.target in unread:
                desk.refused(tx, entry, unread[entry.target])
            elif entry.target not in held:
                _gone(tx, desk, entry, f"{place[:-1]} {entry.target} is gone from the shop")
        plans = _plans(tx, desk, [e for e in entries if e.target in held], held)
    results = _write(desk, place, plans, held)
    with desk.db.transaction() as tx:
        _record(tx, desk, place, plans, results)
    _raise_if_store_is_out(results)
    return True


def _kinds(place: Place) -> list[str]:
    return [k.name for k in ENTRY_KINDS.values() if k.meta and f"{k.place}s" == place]


def _gone(tx: Connection, desk: Delivery, entry: Entry, reason: str) -> None:
    """Let tags go with what showed them: the next poll tells where they belong now."""
    if ENTRY_KINDS[entry.kind].state:
        desk.called_off(tx, entry, reason)
    else:
        desk.failed(tx, entry, reason)


def _read(
    desk: Delivery, place: Place, entries: Sequence[Entry]
) -> tuple[Held, dict[int, StoreError]]:
    """Read what is shown now; a target that cannot be understood is an error of its own."""
    ask = desk.store.customers_meta if place == "customers" else desk.store.orders_meta
    left, unread = {entry.target for entry in entries}, dict[int, StoreError]()
    while left:
        try:
            return ask(sorted(left)), unread
        except UnreadableRowError as error:
            if error.row.id not in left:
                raise
            unread[error.row.id] = error
            left.remove(error.row.id)
    return {}, unread


def _plans(
    tx: Connection,
    desk: Delivery,
    entries: Sequence[Entry],
    held: Held,
) -> list[MetaPlan]:
    subjects = sorted({entry.subject for entry in entries})
    memories = people.memories(tx, desk.store.name, subjects)
    written = written_in(tx, desk.store.name, map(place_of, entries))
    plans = []
    for entry in entries:
        memory = memories.get(entry.subject)
        if not ENTRY_KINDS[entry.kind].state:
            plans.append(MetaPlan(entry, meta_of(entry)))
        elif memory is None:
            desk.called_off(tx, entry, "nothing is left of this person at the shop")
        else:
            shown, before = held[entry.target], written.get(place_of(entry), NOTHING)
            plan = plan_tags(entry, memory, shown, before, ours=desk.ours, respect=desk.respect)
            memories[entry.subject] = plan.memory or memory
            plans.append(plan)
    # Before it is written: whatever interrupts this, what is changed there then was us.
    put = {place: each | written.get(place, NOTHING) for place, each in _put(plans).items()}
    save_written(tx, desk.store.name, put)
    return plans


def _put(plans: Sequence[MetaPlan]) -> dict[tuple[str, int], Put]:
    return {place_of(plan.entry): plan.put for plan in plans if plan.memory is not None}


def _write(
    desk: Delivery,
    place: Place,
    plans: Sequence[MetaPlan],
    held: Held,
) -> Mapping[int, StoreError | None]:
    """Write what differs; a target that shows it already is answered without a request."""
    values: dict[int, dict[str, str | None]] = {}
    for plan in plans:
        differing = _differing(plan.meta, held[plan.entry.target])
        if differing:
            values.setdefault(plan.entry.target, {}).update(differing)
    answers: dict[int, StoreError | None] = {plan.entry.target: None for plan in plans}
    if values:
        answers |= desk.store.write_meta(place, values)
        written = {target: values[target] for target in values if answers[target] is None}
        answers |= _check_once(desk, place, written)
    return answers


def _differing(meta: Meta, shown: Mapping[str, str] | None) -> dict[str, str | None]:
    if shown is None:
        return dict(meta)
    return {key: value for key, value in meta.items() if (value or "") != shown.get(key, "")}


def _check_once(
    desk: Delivery, place: Place, written: Mapping[int, Meta]
) -> dict[int, StoreError | None]:
    """Read back the first values ever written to a store: a plugin may swallow them in silence."""
    with desk.db.reading() as tx:
        row = store_row(tx, desk.store.name)
    if not written or row is None or row.meta_checked:
        return {}
    target, meta = next(iter(written.items()))
    read = desk.store.customers_meta if place == "customers" else desk.store.orders_meta
    shown = read([target]).get(target)
    if shown is not None and _differing(meta, shown):
        error = StoreError(
            f"the store took {', '.join(meta)} for {place[:-1]} {target} and does not show it",
            "a plugin may be filtering meta data; nothing more is written until it shows",
            asked=f"POST /{place}/batch",
        )
        return dict.fromkeys(written, error)
    if shown is not None:
        with desk.db.transaction() as tx:
            save_store(tx, desk.store.name, meta_checked=True)
    return {}


def _record(
    tx: Connection,
    desk: Delivery,
    place: Place,
    plans: Sequence[MetaPlan],
    results: Mapping[int, StoreError | None],
) -> None:
    store = desk.store.name
    done = [plan for plan in plans if results[plan.entry.target] is None]
    for plan in plans:
        error = results[plan.entry.target]
        if error is None:
            desk.done(tx, plan.entry, _words(plan.meta))
        else:
            desk.refused(tx, plan.entry, error)
    values: dict[int, dict[str, str | None]] = {}
    for plan in done:
        values.setdefault(plan.entry.target, {}).update(plan.meta)
    (set_customer_meta if place == "customers" else set_order_meta)(tx, store, values)
    known = {place: replace(put, dropped=frozenset()) for place, put in _put(done).items()}
    save_written(tx, store, known)
    _remember(tx, store, [plan.memory for plan in done if plan.memory])


def _remember(tx: Connection, store: str, memories: Sequence[Memory]) -> None:
    """Keep what was written; who turned out to have been edited by hand is looked at again."""
    before = people.memories(tx, store, sorted({memory.subject for memory in memories}))
    people.save_memories(tx, store, memories)
    edited = {
        memory.subject: memory.email
        for memory in memories
        if (was := before[memory.subject])
        and (was.by_hand, was.refused) != (memory.by_hand, memory.refused)
    }
    mark_dirty(tx, store, edited)


def _words(meta: Meta) -> str:
    return "; ".join(f"{key} = {value}" if value else f"no {key}" for key, value in meta.items())


def _raise_if_store_is_out(results: Mapping[int, StoreError | None]) -> None:
    for error in results.values():
        if error is not None and concerns_store(error):
            raise error
