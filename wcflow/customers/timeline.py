"""The timeline of a customer: everything that happened to them, dated and in plain words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.actions.registry import content_words, entry_kind, entry_words
from wcflow.database import notes, people, runs, standings, tasks
from wcflow.database.edits import Edit, load_edits, undone_ids
from wcflow.database.outbox import OutboxEntry
from wcflow.database.outbox_batches import load_entries_of_people
from wcflow.database.sql import instant
from wcflow.database.tables import TransitionRow
from wcflow.database.tasks import Task
from wcflow.profile import HIDDEN_STATUSES, Profile, StoredEvent, refund_date
from wcflow.records import SHIPPED, Order, Subscription
from wcflow.rules.event_kinds import EVENT_KINDS
from wcflow.rules.workflow_run import Run
from wcflow.standing import PointsChange
from wcflow.units import minor_digits, to_major

SOON = timedelta(hours=1)
"""An order that is paid within this time was paid at once."""
EVENT_WORDS = {
    "account_enabled": "can use their account again",
    "consent_given": "agreed to marketing",
    "consent_withdrawn": "withdrew their consent to marketing",
    "coupon_assigned": "got the coupon code {code}",
    "message_sent": "was sent {message} through {channel}",
    "email_opened": "opened the e-mail {message}",
    "email_clicked": "clicked a link in the e-mail {message}: {url}",
    "unsubscribed": "unsubscribed ({channel})",
    "bounced": "did not get a message to {address}: {reason}",
    "product_viewed": "looked at {name}",
    "category_viewed": "looked at the category {category}",
    "search": "searched for {words}",
    "logged_in": "logged in",
    "cart_updated": "changed their cart ({total})",
}
"""What a stored event says of a customer, with its data."""


class TimelineEntry(NamedTuple):
    """Something that happened: ``words`` say it, ``by`` and ``reason`` who did it and why.

    ``edit`` is the id that 'wcflow customer undo' takes; ``undone`` that it was undone already.
    """

    at: datetime
    kind: str
    words: str
    by: str = ""
    reason: str = ""
    order_id: int = 0
    edit: int | None = None
    undone: bool = False


class _Kept(NamedTuple):
    """What is kept about some people, by person, oldest first except for the entries."""

    edits: Mapping[int, Sequence[Edit]]
    undone: Collection[int]
    entries: Mapping[int, Sequence[OutboxEntry]]
    transitions: Mapping[int, Sequence[TransitionRow]]
    runs: Mapping[int, Sequence[Run]]
    points: Mapping[int, Sequence[PointsChange]]
    tasks: Mapping[int, Sequence[Task]]
    notes: Mapping[int, str]


def load_timeline(tx: Connection, store: str, profile: Profile) -> list[TimelineEntry]:
    """Return everything that happened to a customer, the newest first."""
    return load_timelines(tx, store, [profile])[profile.person]


def load_timelines(
    tx: Connection, store: str, profiles: Sequence[Profile]
) -> dict[int, list[TimelineEntry]]:
    """Return the timelines of several customers."""
    kept = _load_kept(tx, store, [each.person for each in profiles])
    return {each.person: _timeline(each, kept) for each in profiles}


def _load_kept(tx: Connection, store: str, persons: Sequence[int]) -> _Kept:
    edits: dict[int, list[Edit]] = {}
    for each in load_edits(tx, store, persons):
        edits.setdefault(each.person, []).append(each)
    return _Kept(
        edits,
        undone_ids(tx, [each.id for some in edits.values() for each in some]),
        load_entries_of_people(tx, store, persons),
        people.load_transitions_of_people(tx, store, persons),
        runs.load_runs(tx, store, persons),
        standings.load_points(tx, store, persons),
        tasks.load_tasks_of_people(tx, store, persons),
        {each.id: each.text for each in notes.load_notes(tx, store, persons)},
    )


def _timeline(profile: Profile, kept: _Kept) -> list[TimelineEntry]:
    person, zone = profile.person, profile.store.zone
    edits, entries = kept.edits.get(person, ()), kept.entries.get(person, ())
    found = [
        *_account(profile),
        *(each for order in profile.orders for each in _order(order)),
        *(each for subscription in profile.subscriptions for each in _subscription(subscription)),
        *(_segment(each) for each in kept.transitions.get(person, ())),
        *(each for run in kept.runs.get(person, ()) for each in _run(run)),
        *(each for entry in entries for each in _delivered(entry, zone)),
        *_events(profile.events, entries),
        *_points(kept.points.get(person, ()), edits),
        *_tasks(kept.tasks.get(person, ()), edits),
        *(_edit(each, kept) for each in edits),
    ]
    # Of what happened in the same second, the later in this list is the consequence.
    numbered = sorted(enumerate(found), key=lambda each: (each[1].at, each[0]), reverse=True)
    return [each for _, each in numbered]


def amount_words(minor: int, currency: str) -> str:
    """Return an amount with its currency: ``1,250.00 EUR``."""
    return f"{to_major(minor, currency):,.{minor_digits(currency)}f} {currency}"


def order_name(order: Order) -> str:
    """Return an order's id, and the number that the store shows if it is another one."""
    same = order.number in ("", str(order.id))
    return f"order {order.id}" if same else f"order {order.id} (number {order.number})"


def _account(profile: Profile) -> Iterator[TimelineEntry]:
    if profile.account is not None and profile.account.created is not None:
        yield TimelineEntry(profile.account.created, "account", "registered an account")


def _order(order: Order) -> Iterator[TimelineEntry]:
    if order.status in HIDDEN_STATUSES:
        return
    name = order_name(order)
    total = amount_words(order.total, order.currency)
    at_once = order.paid is not None and order.paid - order.created < SOON
    how = "placed and paid" if at_once else "placed"
    yield TimelineEntry(order.created, "order", f"{how} {name}: {total}", order_id=order.id)
    if order.paid is not None and not at_once:
        yield TimelineEntry(order.paid, "order", f"paid {name}", order_id=order.id)
    reached = {change.after for change in order.history if change.before}
    if order.completed is not None and "completed" not in reached:
        yield TimelineEntry(order.completed, "order", f"{name} was completed", order_id=order.id)
    for change in order.history:
        if change.after == SHIPPED:
            yield TimelineEntry(change.at, "order", f"{name} was shipped", order_id=order.id)
        elif change.before:
            words = f"{name} went from {change.before} to {change.after}"
            yield TimelineEntry(change.at, "order", words, order_id=order.id)
    for refund in order.refunds:
        words = f"was refunded {amount_words(refund.total, order.currency)} of {name}"
        at = refund_date(refund, order)
        yield TimelineEntry(at, "refund", words, reason=refund.reason, order_id=order.id)


def _subscription(subscription: Subscription) -> Iterator[TimelineEntry]:
    name = f"subscription {subscription.number or subscription.id}"
    products = f": {', '.join(subscription.products)}" if subscription.products else ""
    yield TimelineEntry(subscription.created, "subscription", f"began {name}{products}")
    for change in subscription.history:
        if change.before:
            words = f"{name} went from {change.before} to {change.after}"
            yield TimelineEntry(change.at, "subscription", words)


def _segment(transition: TransitionRow) -> TimelineEntry:
    words = f"{'entered' if transition.entered else 'left'} the segment {transition.segment}"
    return TimelineEntry(instant(transition.at), "segment", words, reason=transition.reason)


def _run(run: Run) -> Iterator[TimelineEntry]:
    if not run.counts:
        return
    event = "by hand" if run.event.startswith("bulk ") else run.event
    trial = " (dry run)" if run.mode == "dry_run" else ""
    ended = f"; it ended: {run.reason}" if run.state == "ended" and run.reason else ""
    words = f"{run.rule} started{trial}: {event}{ended}"
    yield TimelineEntry(run.started_at, "run", words, order_id=run.order_id)


_ELSEWHERE = frozenset({"points_change", "new_task", "agent_notice", "tag"})
"""Kinds of entries that other tables, or the run, tell in full."""


def has_moved_on(entry: OutboxEntry) -> bool:
    """Return whether an entry only clears an order, because a later order shows the tags."""
    return bool(entry_kind(entry.kind).state and "place" in entry.payload)


def _delivered(entry: OutboxEntry, zone: tzinfo) -> Iterator[TimelineEntry]:
    """Yield what was done or failed; what waits is not history, and a dry run did nothing."""
    kind = entry_kind(entry.kind)
    if entry.state not in ("done", "failed") or entry.kind in _ELSEWHERE or has_moved_on(entry):
        return
    failed = f" failed: {entry.outcome}" if entry.state == "failed" else ""
    words = f"{entry_words(entry)}{failed or f': {content_words(entry, zone)}'}"
    name = "message" if kind.message else "tags" if kind.state else "workflow"
    at = entry.finished_at or entry.queued_at
    yield TimelineEntry(at, name, words, by=entry.rule if entry.rule != "tags" else "wcflow")


def _events(
    events: Sequence[StoredEvent], entries: Sequence[OutboxEntry]
) -> Iterator[TimelineEntry]:
    """Yield stored events, without the messages and codes that outbox entries tell already."""
    told = {str(each.id) for each in entries}
    codes = {str(each.payload.get("code", "")) for each in entries if each.kind == "coupon"}
    for each in events:
        known = each.kind == "message_sent" and str(each.data.get("entry")) in told
        if known or (each.kind == "coupon_assigned" and str(each.data.get("code")) in codes):
            continue
        yield TimelineEntry(each.at, "event", event_words(each), by=each.source)


def event_words(event: StoredEvent) -> str:
    """Return a stored event in words; of an unknown kind, its name."""
    known = EVENT_KINDS.get(event.kind)
    if known is None or event.kind not in EVENT_WORDS:
        return event.kind.replace("_", " ")
    data: Mapping[str, object] = defaultdict(str, dict.fromkeys(known.data, "") | {**event.data})
    return EVENT_WORDS[event.kind].format_map(data).replace(" ()", "").strip(" :")


def _points(changes: Sequence[PointsChange], edits: Sequence[Edit]) -> Iterator[TimelineEntry]:
    """Yield changes of points; those that an edit made are told by the edit."""
    told = {each.data.get("points") for each in edits}
    for each in changes:
        if each.key not in told:
            points = "1 point" if abs(each.amount) == 1 else f"{abs(each.amount):,} points"
            words = f"{'got' if each.amount >= 0 else 'lost'} {points}"
            yield TimelineEntry(
                each.at, "points", words, each.changed_by, each.reason, each.order_id
            )


def _tasks(found: Sequence[Task], edits: Sequence[Edit]) -> Iterator[TimelineEntry]:
    """Yield tasks; what an edit did is told by the edit."""
    added = {each.data.get("task") for each in edits if each.data.get("added")}
    done = {each.data.get("task") for each in edits if each.data.get("done")}
    for each in found:
        whom = f" for {each.assignee}" if each.assignee else ""
        if each.id not in added:
            words = f"{each.kind} {each.id}{whom}: {each.text}"
            yield TimelineEntry(each.made_at, "task", words, by=each.made_by)
        if each.done_at is not None and each.id not in done:
            words = f"{each.kind} {each.id} was done: {each.text}"
            yield TimelineEntry(each.done_at, "task", words, by=each.done_by)


def _edit(edit: Edit, kept: _Kept) -> TimelineEntry:
    text = kept.notes.get(edit.data.get("note", 0), "") if edit.kind == "note" else ""
    words = f"{edit.words}: {text}" if text else edit.words
    number = edit.id if edit.undoes is None and edit.kind != "export" else None
    by = edit.by
    return TimelineEntry(
        by.at, edit.kind, words, by.name, by.reason, 0, number, edit.id in kept.undone
    )
