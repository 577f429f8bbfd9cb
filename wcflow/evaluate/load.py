"""Load people for an evaluation, with everything that rules can know about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import outbox, outcomes, people, runs
from wcflow.database.customers import load_customers
from wcflow.database.events import load_events
from wcflow.database.identity import Owner, find_keys, load_person_keys
from wcflow.database.orders import load_orders, load_orders_of_people
from wcflow.database.same_person import with_joined
from wcflow.database.standings import load_standings
from wcflow.database.subscriptions import load_subscriptions_of_people
from wcflow.database.tags import load_written_tags
from wcflow.evaluate.context import EvaluationContext, ProductCache, read_context
from wcflow.profile import Profile, account_in, email_in
from wcflow.records import Customer, Order, Subscription
from wcflow.rules.evaluation_input import EvaluationInput
from wcflow.rules.events import FIRST_ORDER
from wcflow.rules.older_orders import older_places
from wcflow.rules.tags import Memory, places_changed_by_hand
from wcflow.rules.workflow_run import Handled, Run
from wcflow.units import is_anonymous, is_nobody, normalize_email


def load_inputs(
    tx: Connection, evaluation_context: EvaluationContext, persons: Sequence[int]
) -> list[EvaluationInput]:
    """Load what the evaluation of these people depends on."""
    store = evaluation_context.settings.name
    memories = load_full_memories(tx, store, persons)
    profiles = load_profiles(tx, evaluation_context, persons, memories)
    runs_by_person = runs.load_runs(tx, store, persons)
    waiting = outbox.load_undelivered_runs(tx, store, [*runs_by_person])
    lost_steps = outcomes.load_lost_steps(tx, store, [*runs_by_person])
    orders_elsewhere = _load_orders_elsewhere(tx, store, profiles, runs_by_person, waiting)
    seen_events = _load_seen_events(tx, evaluation_context, profiles.values())
    changed_by_hand = {
        person: places_changed_by_hand(profiles[person], memories[person]) for person in persons
    }
    places = {
        person: changed_by_hand[person] + older_places(profiles[person], memories[person])
        for person in persons
    }
    written = load_written_tags(tx, store, set(chain.from_iterable(places.values())))
    return [
        EvaluationInput(
            profiles[person],
            _with_email(memories[person], profiles[person].email),
            tuple(runs_by_person.get(person, ())),
            _handled(
                runs_by_person.get(person, ()), profiles[person], memories[person], seen_events
            ),
            frozenset(waiting.get(person, ())),
            orders_elsewhere,
            {place: written[place] for place in places[person] if place in written},
            lost_steps.get(person, {}),
        )
        for person in persons
    ]


def load_full_memories(tx: Connection, store: str, persons: Sequence[int]) -> dict[int, Memory]:
    """Return the saved state of each person, with groups, points and tiers."""
    memories = people.load_memories(tx, store, persons)
    for person, standing in load_standings(tx, store, [*memories]).items():
        inactive = memories[person].standing.inactive
        memories[person] = replace(memories[person], standing=replace(standing, inactive=inactive))
    return memories


def _load_orders_elsewhere(
    tx: Connection,
    store: str,
    profiles: Mapping[int, Profile],
    runs_by_person: Mapping[int, Sequence[Run]],
    waiting: Mapping[int, Collection[int]],
) -> dict[int, Order]:
    """Load the orders of unfinished runs that no longer belong to the run's person."""
    missing: set[int] = set()
    for person, person_runs in runs_by_person.items():
        ids = waiting.get(person, ())
        about = {run.order_id for run in person_runs if run.id in ids or run.state == "waiting"}
        missing |= about - {order.id for order in profiles[person].orders} - {0}
    found = load_orders(tx, store, missing) if missing else {}
    # The order of an erased person is no one's: nothing more is written to it.
    return {number: order for number, order in found.items() if not is_anonymous(order.email)}


def _with_email(memory: Memory, email: str) -> Memory:
    return memory if memory.email == email else replace(memory, email=email)


def load_profiles(
    tx: Connection,
    evaluation_context: EvaluationContext,
    persons: Sequence[int],
    memories: Mapping[int, Memory],
) -> dict[int, Profile]:
    """Load people's profiles: account, orders, products and events."""
    settings = evaluation_context.settings
    store, shared = settings.name, settings.shared_emails
    keys = load_person_keys(tx, store, persons)
    account_ids = {account: person for person, key in keys.items() if (account := account_in(key))}
    found_accounts = load_customers(tx, store, account_ids)
    # Accounts with a shared address have no profile, so that evaluation clears the person.
    for number, each in found_accounts.items():
        if each.email and is_nobody(normalize_email(each.email), shared):
            del account_ids[number]
    accounts = {
        account_ids[number]: each
        for number, each in found_accounts.items()
        if number in account_ids
    }
    emails = {person: each.email for person, each in accounts.items()}
    if settings.guests == "by_email":
        emails |= {person: email for person, key in keys.items() if (email := email_in(key))}
    guests = _guest_addresses(tx, evaluation_context, keys, emails, accounts)
    found = [
        order
        for order in load_orders_of_people(tx, store, account_ids, sorted(guests))
        if not is_anonymous(order.email)
    ]
    orders = _by_person(found, account_ids, guests)
    evaluation_context.product_cache.fetch(tx, orders.values(), len(persons))
    events = load_events(tx, store, persons)
    subscriptions: dict[int, list[Subscription]] = {}
    if evaluation_context.store.has_subscriptions:
        of_people = load_subscriptions_of_people(tx, store, account_ids, sorted(guests))
        subscriptions = _by_person(of_people, account_ids, guests)
    return {
        person: Profile(
            person,
            normalize_email(emails.get(person, "")),
            evaluation_context.store,
            accounts.get(person),
            tuple(orders.get(person, ())),
            evaluation_context.product_cache.products,
            memories[person].saved_state,
            key=keys[person],
            events=events.get(person, ()),
            subscriptions=tuple(subscriptions.get(person, ())),
        )
        for person in persons
    }


def _guest_addresses(
    tx: Connection,
    evaluation_context: EvaluationContext,
    keys: Mapping[int, str],
    emails: Mapping[int, str],
    accounts: Mapping[int, Customer],
) -> dict[str, int]:
    """Return the addresses whose guest orders belong to these people, with the person."""
    settings = evaluation_context.settings
    own = {normalize_email(email) for email in emails.values()}
    own |= {normalize_email(each.billing.email) for each in accounts.values()}
    numbers = [each.id for each in accounts.values()]
    wanted = {Owner(0, email) for email in with_joined(tx, settings.name, own, numbers)}
    owners = find_keys(tx, settings.name, wanted, settings.shared_emails, settings.guests)
    persons = {key: person for person, key in keys.items()}
    return {
        owner.email: persons[key]
        for owner, key in owners.items()
        if key is not None and key in persons
    }


Owned = TypeVar("Owned", Order, Subscription)


def _by_person(
    owned: Sequence[Owned], accounts: Mapping[int, int], guests: Mapping[str, int]
) -> dict[int, list[Owned]]:
    found: dict[int, list[Owned]] = {}
    for each in owned:
        of_account = each.customer_id != 0
        person = accounts.get(each.customer_id) if of_account else guests.get(each.email)
        if person is not None:
            found.setdefault(person, []).append(each)
    return found


def _load_seen_events(
    tx: Connection, evaluation_context: EvaluationContext, profiles: Collection[Profile]
) -> dict[int, list[runs.SeenEvent]]:
    """Return what workflows have seen of recent orders and of subscriptions, by their id.

    It can belong to another person's run, for example if an order moved to a new account.
    """
    if not evaluation_context.activations:
        return {}
    since = min(activation.since for activation in evaluation_context.activations.values())
    if any(each.include_existing for each in evaluation_context.rules.workflows):
        since = datetime.min.replace(tzinfo=UTC)
    known = [each.id for p in profiles for each in p.orders if each.modified >= since]
    # A reminder of a renewal comes without a change to its subscription.
    known += [each.id for p in profiles for each in p.subscriptions]
    return runs.load_seen_events(tx, evaluation_context.settings.name, known) if known else {}


@dataclass(slots=True)
class _Seen:
    """What one workflow has handled, in progress."""

    events: set[str] = field(default_factory=set)
    orders: set[int] = field(default_factory=set)
    moved_purchase: int = 0

    def handled(self) -> Handled:
        return Handled(frozenset(self.events), frozenset(self.orders), self.moved_purchase)


def _handled(
    person_runs: Sequence[Run],
    profile: Profile,
    memory: Memory,
    seen_events: Mapping[int, Sequence[runs.SeenEvent]],
) -> dict[str, Handled]:
    """Return what each workflow has handled of a person, their orders and their subscriptions."""
    if not person_runs and not seen_events:
        return {}
    found: dict[str, _Seen] = {}
    for run in person_runs:
        seen = found.setdefault(run.workflow, _Seen())
        seen.events.add(run.event)
        seen.orders.add(run.order_id)
    for order in profile.orders:
        for event in seen_events.get(order.id, ()):
            if event.person != profile.person:
                _add_seen(found.setdefault(event.workflow, _Seen()), event, order, memory)
    for subscription in profile.subscriptions:
        for event in seen_events.get(subscription.id, ()):
            found.setdefault(event.workflow, _Seen()).events.add(event.event)
    return {workflow: seen.handled() for workflow, seen in found.items()}


def _add_seen(seen: _Seen, event: runs.SeenEvent, order: Order, memory: Memory) -> None:
    """Add what was handled for another person while the order was theirs."""
    # Another person's milestone says nothing about this person's.
    if event.event == FIRST_ORDER or f" order {order.id} " in f" {event.event} ":
        seen.events.add(event.event)
    if event.has_order:
        seen.orders.add(order.id)
    elif memory.evaluated_at is None or order.modified > memory.evaluated_at:
        seen.moved_purchase = order.id


def profile_loader(
    config: Config, settings: StoreSettings, clock: Callable[[], datetime]
) -> Callable[[Connection, Sequence[int]], Mapping[int, Profile]]:
    """Return what reads people as they are at their first use, without their products."""
    found: list[EvaluationContext] = []

    def load(tx: Connection, persons: Sequence[int]) -> Mapping[int, Profile]:
        if not found:
            now = read_context(tx, config, settings, clock())
            cache = ProductCache(settings.name, is_complete=True)
            found.append(dataclasses.replace(now, product_cache=cache))
        memories = people.load_memories(tx, settings.name, persons)
        return load_profiles(tx, found[0], [*memories], memories)

    return load
