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
from wcflow.rules.tags import Memory, places_changed_by_hand
from wcflow.rules.workflow_run import Run
from wcflow.units import normalize_email


def load_inputs(
    tx: Connection, evaluation_context: EvaluationContext, subjects: Sequence[str]
) -> list[EvaluationInput]:
    """Read people with all that belongs to their judgement."""
    store = evaluation_context.settings.name
    memories = people.memories(tx, store, subjects)
    profiles = load_profiles(tx, evaluation_context, subjects, memories)
    runs_by_person = runs.runs_of(tx, store, subjects)
    waiting = outbox.undelivered_runs(tx, store, [*runs_by_person])
    orders_elsewhere = _load_orders_elsewhere(tx, store, profiles, runs_by_person, waiting)
    handled_elsewhere = _load_handled_elsewhere(tx, evaluation_context, profiles.values())
    unexpected = {who: places_changed_by_hand(profiles[who], memories[who]) for who in subjects}
    written = written_in(tx, store, set(chain.from_iterable(unexpected.values())))
    return [
        _make_input(
            profiles[subject],
            _with_email(memories[subject], profiles[subject].email),
            tuple(runs_by_person.get(subject, ())),
            _handled_events(
                runs_by_person.get(subject, ()), profiles[subject].orders, handled_elsewhere
            )
            if subject in runs_by_person or handled_elsewhere
            else {},
            frozenset(waiting.get(subject, ())),
            orders_elsewhere,
            {place: written[place] for place in unexpected[subject] if place in written},
        )
        for subject in subjects
    ]


_make_input = EvaluationInput


def _load_orders_elsewhere(
    tx: Connection,
    store: str,
    profiles: Mapping[str, Profile],
    runs_by_person: Mapping[str, Sequence[Run]],
    waiting: Mapping[str, Collection[int]],
) -> dict[int, Order]:
    """Read the orders for which something waits, and which are no longer of whom they were then."""
    missing: set[int] = set()
    for subject, person_runs in runs_by_person.items():
        ids = waiting.get(subject, ())
        about = {run.order_id for run in person_runs if run.id in ids or run.state == "waiting"}
        missing |= about - {order.id for order in profiles[subject].orders} - {0}
    return order_records(tx, store, missing) if missing else {}


def _with_email(memory: Memory, email: str) -> Memory:
    return memory if memory.email == email else replace(memory, email=email)


def load_profiles(
    tx: Connection,
    evaluation_context: EvaluationContext,
    subjects: Sequence[str],
    memories: Mapping[str, Memory],
) -> dict[str, Profile]:
    """Read people as profiles: account, orders, and the products that these name."""
    store = evaluation_context.settings.name
    ids = [int(subject[1:]) for subject in subjects if subject.startswith("c")]
    accounts = customers(tx, store, ids)
    emails = {f"c{each.id}": each.email for each in accounts.values()}
    if evaluation_context.settings.guests == "by_email":
        emails |= {subject: subject[2:] for subject in subjects if subject.startswith("g:")}
    private = set(emails.values()) - evaluation_context.settings.shared_emails - {""}
    orders = _group_by_person(orders_of_people(tx, store, ids, sorted(private)), emails)
    evaluation_context.product_cache.fetch(tx, orders.values(), len(subjects))
    return {
        subject: Profile(
            subject,
            normalize_email(emails.get(subject, "")),
            evaluation_context.store,
            accounts.get(int(subject[1:])) if subject.startswith("c") else None,
            tuple(orders.get(subject, ())),
            evaluation_context.product_cache.products,
            memories[subject].saved_state,
        )
        for subject in subjects
    }


def _group_by_person(orders: Sequence[Order], emails: Mapping[str, str]) -> dict[str, list[Order]]:
    owner = {mail: subject for subject, mail in emails.items() if mail}
    found: dict[str, list[Order]] = {}
    for order in orders:
        subject = f"c{order.customer_id}" if order.customer_id else owner.get(order.email)
        if subject is not None:
            found.setdefault(subject, []).append(order)
    return found


def _load_handled_elsewhere(
    tx: Connection, evaluation_context: EvaluationContext, profiles: Iterable[Profile]
) -> dict[int, set[tuple[str, str]]]:
    """Give what was seen of orders that have changed since wcflow began to watch."""
    if not evaluation_context.activations:
        return {}
    since = min(activation.since for activation in evaluation_context.activations.values())
    recent = [o.id for p in profiles for o in p.orders if o.modified >= since]
    return runs.seen_of_orders(tx, evaluation_context.settings.name, recent) if recent else {}


def _handled_events(
    person_runs: Sequence[Run],
    orders: Sequence[Order],
    handled_elsewhere: Mapping[int, set[tuple[str, str]]],
) -> dict[str, frozenset[str]]:
    names: dict[str, set[str]] = {}
    for run in person_runs:
        names.setdefault(run.workflow, set()).add(run.event)
    for order in orders:
        for workflow, event in handled_elsewhere.get(order.id, ()):
            names.setdefault(workflow, set()).add(event)
    return {workflow: frozenset(seen) for workflow, seen in names.items()}
