"""People as cases: read with all that belongs to their judgement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.database import outbox, people, runs
from wcflow.database.customers import customers
from wcflow.database.orders import order_records, orders_of_people
from wcflow.database.tags import written_in
from wcflow.evaluate.context import EvaluationContext
from wcflow.profile import Profile
from wcflow.records import Order
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.memory import Memory, surprising
from wcflow.rules.workflow_run import Run
from wcflow.units import normal_email


def load_inputs(
    tx: Connection, bench: EvaluationContext, subjects: Sequence[str]
) -> list[EvaluationInput]:
    """Read people with all that belongs to their judgement."""
    store = bench.settings.name
    remembered = people.memories(tx, store, subjects)
    profiles = load_profiles(tx, bench, subjects, remembered)
    theirs = runs.runs_of(tx, store, subjects)
    waiting = outbox.undelivered_runs(tx, store, [*theirs])
    away = _orders_elsewhere(tx, store, profiles, theirs, waiting)
    elsewhere = _seen_elsewhere(tx, bench, profiles.values())
    strange = {who: surprising(profiles[who], remembered[who]) for who in subjects}
    written = written_in(tx, store, set(chain.from_iterable(strange.values())))
    return [
        _case(
            profiles[subject],
            _known_by(remembered[subject], profiles[subject].email),
            tuple(theirs.get(subject, ())),
            _seen(theirs.get(subject, ()), profiles[subject].orders, elsewhere)
            if subject in theirs or elsewhere
            else {},
            frozenset(waiting.get(subject, ())),
            away,
            {place: written[place] for place in strange[subject] if place in written},
        )
        for subject in subjects
    ]


_case = EvaluationInput


def _orders_elsewhere(
    tx: Connection,
    store: str,
    profiles: Mapping[str, Profile],
    theirs: Mapping[str, Sequence[Run]],
    waiting: Mapping[str, Collection[int]],
) -> dict[int, Order]:
    """Read the orders for which something waits, and which are no longer of whom they were then."""
    missing: set[int] = set()
    for subject, mine in theirs.items():
        ids = waiting.get(subject, ())
        about = {run.order_id for run in mine if run.id in ids or run.state == "waiting"}
        missing |= about - {order.id for order in profiles[subject].orders} - {0}
    return order_records(tx, store, missing) if missing else {}


def _known_by(memory: Memory, email: str) -> Memory:
    return memory if memory.email == email else replace(memory, email=email)


def load_profiles(
    tx: Connection,
    bench: EvaluationContext,
    subjects: Sequence[str],
    remembered: Mapping[str, Memory],
) -> dict[str, Profile]:
    """Read people as profiles: account, orders, and the products that these name."""
    store = bench.settings.name
    ids = [int(subject[1:]) for subject in subjects if subject.startswith("c")]
    accounts = customers(tx, store, ids)
    emails = {f"c{each.id}": each.email for each in accounts.values()}
    if bench.settings.guests == "by_email":
        emails |= {subject: subject[2:] for subject in subjects if subject.startswith("g:")}
    private = set(emails.values()) - bench.settings.shared_emails - {""}
    orders = _by_subject(orders_of_people(tx, store, ids, sorted(private)), emails)
    bench.shelf.fetch(tx, orders.values(), len(subjects))
    return {
        subject: Profile(
            subject,
            normal_email(emails.get(subject, "")),
            bench.shop,
            accounts.get(int(subject[1:])) if subject.startswith("c") else None,
            tuple(orders.get(subject, ())),
            bench.shelf.products,
            remembered[subject].standing,
        )
        for subject in subjects
    }


def _by_subject(orders: Sequence[Order], emails: Mapping[str, str]) -> dict[str, list[Order]]:
    owner = {mail: subject for subject, mail in emails.items() if mail}
    found: dict[str, list[Order]] = {}
    for order in orders:
        subject = f"c{order.customer_id}" if order.customer_id else owner.get(order.email)
        if subject is not None:
            found.setdefault(subject, []).append(order)
    return found


def _seen_elsewhere(
    tx: Connection, bench: EvaluationContext, profiles: Iterable[Profile]
) -> dict[int, set[tuple[str, str]]]:
    """Give what was seen of orders that have changed since wcflow began to watch."""
    if not bench.watches:
        return {}
    since = min(watch.since for watch in bench.watches.values())
    recent = [o.id for p in profiles for o in p.orders if o.modified >= since]
    return runs.seen_of_orders(tx, bench.settings.name, recent) if recent else {}


def _seen(
    mine: Sequence[Run], orders: Sequence[Order], elsewhere: Mapping[int, set[tuple[str, str]]]
) -> dict[str, frozenset[str]]:
    names: dict[str, set[str]] = {}
    for run in mine:
        names.setdefault(run.workflow, set()).add(run.occurrence)
    for order in orders:
        for workflow, occurrence in elsewhere.get(order.id, ()):
            names.setdefault(workflow, set()).add(occurrence)
    return {workflow: frozenset(seen) for workflow, seen in names.items()}
