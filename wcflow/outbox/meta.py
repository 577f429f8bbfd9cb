"""Deliver tags and other meta values in batches, merged with what the store shows at that moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS
from wcflow.database import people
from wcflow.database.customers import set_customer_meta
from wcflow.database.identity import mark_persons_dirty
from wcflow.database.orders import set_order_meta
from wcflow.database.outbox import OutboxEntry
from wcflow.database.stores import load_store_row, save_store
from wcflow.database.tags import save_written_tags
from wcflow.errors import CancelledError, DeliveryError, StoreError
from wcflow.outbox.delivery import Delivery, channel_is_down
from wcflow.outbox.meta_plan import Meta, MetaPlan, MetaPlanner, ShownMeta, target_of
from wcflow.rules.tags import NO_CHANGE, TagChange, TagPlace
from wcflow.store.errors import is_store_wide
from wcflow.store.listing import UnreadableRowError

BATCH = 25
"""Large batches run into PHP's time limit on small hosts (FACTS: Batch)."""

HIDDEN = "the key cannot read what is there, and tags that people added must not be lost"

PlaceKind = Literal["customer", "order"]
_PATHS: Mapping[PlaceKind, Literal["customers", "orders"]] = {
    "customer": "customers",
    "order": "orders",
}
Results = Mapping[int, StoreError | None]
"""By customer or order: why it was refused, or None."""


def deliver_meta(delivery: Delivery, resource: PlaceKind) -> bool:
    """Deliver one batch; return whether there was any. Raises StoreError if the store is down."""
    entries = delivery.claim(
        lambda kind: kind.meta is not None and kind.resource == resource, BATCH
    )
    if not entries:
        return False
    entries = [entry for entry in entries if not _lost_its_result(delivery, entry)]
    shown, unreadable = _read_current(delivery, resource, [entry.target_id for entry in entries])
    hidden = resource == "customer" and _hides_meta(delivery, shown)
    writable = []
    with delivery.db.transaction() as tx:
        if hidden:
            save_store(tx, delivery.store_name, can_read_meta=False)
        for entry in entries:
            if entry.target_id in unreadable:
                delivery.refused(tx, entry, unreadable[entry.target_id])
            elif entry.target_id not in shown:
                delivery.cancel(tx, entry, _gone(resource, entry))
            elif hidden and ENTRY_KINDS[entry.kind].state:
                delivery.cancel(tx, entry, HIDDEN)
            elif _was_changed(entry, shown[entry.target_id]):
                delivery.cancel(tx, entry, "someone changed this field in the store meanwhile")
            else:
                writable.append(entry)
        plans = _plan(tx, delivery, writable, shown)
    results = _write(delivery, resource, plans, shown)
    with delivery.db.transaction() as tx:
        _record(tx, delivery, resource, plans, results)
    _raise_if_store_is_down(results)
    return True


def _lost_its_result(delivery: Delivery, entry: OutboxEntry) -> bool:
    """Cancel an entry that contains the result of one that was deleted; return whether it was."""
    try:
        deleted = delivery.without_result(entry)
    except CancelledError as error:
        with delivery.db.transaction() as tx:
            delivery.cancel(tx, entry, str(error))
        return True
    except DeliveryError as error:
        with delivery.db.transaction() as tx:
            delivery.refused(tx, entry, error)
        if channel_is_down(error):
            raise
        return True
    if deleted is not None:
        with delivery.db.transaction() as tx:
            delivery.deleted(tx, deleted)
    return deleted is not None


def _was_changed(entry: OutboxEntry, shown: Mapping[str, str] | None) -> bool:
    """Return whether a field has a value that its editor did not know; only some edits ask for it."""
    known = entry.payload.get("from")
    if known is None:
        return False
    now = None if shown is None else shown.get(entry.payload["key"], "")
    return now not in (*known, entry.payload["value"])


def _gone(resource: PlaceKind, entry: OutboxEntry) -> str:
    trash = " or is in the trash" if resource == "order" else ""
    return f"{resource} {entry.target_id} was deleted{trash}"


def _hides_meta(delivery: Delivery, shown: ShownMeta) -> bool:
    """Return whether the key cannot read customer meta, even if it could when it was last checked."""
    unknown = next((number for number, meta in shown.items() if meta is None), None)
    if unknown is None:
        return False
    return not delivery.deliverers.store.can_read_meta(unknown)


def _read_current(
    delivery: Delivery, resource: PlaceKind, targets: Sequence[int]
) -> tuple[ShownMeta, dict[int, StoreError]]:
    """Read what is shown now; a target that cannot be read is an error of its own."""
    remaining, unreadable = set(targets), dict[int, StoreError]()
    while remaining:
        try:
            return _shown(delivery, resource, sorted(remaining)), unreadable
        except UnreadableRowError as error:
            if error.row.id not in remaining:
                raise
            unreadable[error.row.id] = error
            remaining.remove(error.row.id)
    return {}, unreadable


def _shown(delivery: Delivery, resource: PlaceKind, targets: Sequence[int]) -> ShownMeta:
    store = delivery.deliverers.store
    return (store.customers_meta if resource == "customer" else store.orders_meta)(targets)


def _plan(
    tx: Connection, delivery: Delivery, entries: Sequence[OutboxEntry], shown: ShownMeta
) -> list[MetaPlan]:
    planner = MetaPlanner(
        tx, delivery.store_name, entries, ours=delivery.ours, respect=delivery.respect
    )
    plans = []
    for entry in entries:
        plan = planner.plan(entry, shown[entry.target_id])
        if plan is None:
            delivery.cancel(tx, entry, "nothing is left of this person in the store")
        else:
            plans.append(plan)
    # Saved before it is written: if this is interrupted, what changed there was wcflow's doing.
    put = {
        resource: each | planner.written.get(resource, NO_CHANGE)
        for resource, each in _changed_tags(plans).items()
    }
    save_written_tags(tx, delivery.store_name, put)
    return plans


def _changed_tags(plans: Sequence[MetaPlan]) -> dict[TagPlace, TagChange]:
    return {target_of(plan.entry): plan.put for plan in plans if plan.memory is not None}


def _write(
    delivery: Delivery, resource: PlaceKind, plans: Sequence[MetaPlan], shown: ShownMeta
) -> Results:
    """Write what differs; a target that shows it already needs no request."""
    values: dict[int, dict[str, str | None]] = {}
    for plan in plans:
        differing = _differences(plan.meta, shown[plan.entry.target_id])
        if differing:
            values.setdefault(plan.entry.target_id, {}).update(differing)
    results: dict[int, StoreError | None] = {plan.entry.target_id: None for plan in plans}
    if values:
        results |= delivery.deliverers.store.write_meta(_PATHS[resource], values)
        written = {target: values[target] for target in values if results[target] is None}
        results |= _check_first_write(delivery, resource, written)
    return results


def _differences(meta: Meta, shown: Mapping[str, str] | None) -> dict[str, str | None]:
    if shown is None:
        return dict(meta)
    return {key: value for key, value in meta.items() if (value or "") != shown.get(key, "")}


def _check_first_write(
    delivery: Delivery, resource: PlaceKind, written: Mapping[int, Meta]
) -> dict[int, StoreError | None]:
    """Read back the first values ever written to a store: a plugin can drop them silently."""
    with delivery.db.reading() as tx:
        row = load_store_row(tx, delivery.store_name)
    if not written or row is None or row.meta_write_verified:
        return {}
    target, meta = next(iter(written.items()))
    shown = _shown(delivery, resource, [target]).get(target)
    if shown is None:
        return {}
    if _differences(meta, shown):
        error = StoreError(
            f"the store accepted {', '.join(meta)} for {resource} {target} but does not show it",
            "A plugin may be filtering meta data. wcflow will try again later.",
            request=f"POST /{_PATHS[resource]}/batch",
        )
        return dict.fromkeys(written, error)
    with delivery.db.transaction() as tx:
        save_store(tx, delivery.store_name, meta_write_verified=True)
    return {}


def _record(
    tx: Connection,
    delivery: Delivery,
    resource: PlaceKind,
    plans: Sequence[MetaPlan],
    results: Results,
) -> None:
    store, done = delivery.store_name, list[MetaPlan]()
    for plan in plans:
        error = results[plan.entry.target_id]
        if error is None:
            delivery.done(tx, plan.entry, _describe_meta(plan.meta))
            done.append(plan)
        elif error.record_is_missing:
            delivery.cancel(tx, plan.entry, _gone(resource, plan.entry))
        else:
            delivery.refused(tx, plan.entry, error)
    values: dict[int, dict[str, str | None]] = {}
    for plan in done:
        values.setdefault(plan.entry.target_id, {}).update(plan.meta)
    (set_customer_meta if resource == "customer" else set_order_meta)(tx, store, values)
    put = {where: replace(each, dropped=frozenset()) for where, each in _changed_tags(done).items()}
    save_written_tags(tx, store, put)
    _save_memories(tx, store, [plan for plan in done if plan.memory])


def _save_memories(tx: Connection, store: str, plans: Sequence[MetaPlan]) -> None:
    """Save what was written, and evaluate people again whose tags turn out to be edited by hand.

    Their memories are read again: someone of the team can have changed tags during the request.
    """
    before = people.load_memories(tx, store, sorted({plan.entry.person for plan in plans}))
    after = dict(before)
    for plan in plans:
        if (now := after.get(plan.entry.person)) is not None:
            after[now.person] = plan.memory_after(now)
    people.save_memories(tx, store, after.values())
    edited = [
        person
        for person, was in before.items()
        if (was.added_by_hand, was.removed_by_hand)
        != (after[person].added_by_hand, after[person].removed_by_hand)
    ]
    mark_persons_dirty(tx, store, edited)


def _describe_meta(meta: Meta) -> str:
    return "; ".join(f"{key} = {value}" if value else f"no {key}" for key, value in meta.items())


def _raise_if_store_is_down(results: Results) -> None:
    for error in results.values():
        if error is not None and is_store_wide(error):
            raise error
