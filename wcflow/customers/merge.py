"""Two records of one person become one, by hand, and part again."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from datetime import UTC
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from wcflow.customers.edits import Outcome, undoes
from wcflow.customers.moved_orders import check_movable, move_back, move_orders
from wcflow.customers.parted_changes import cancel_mixed
from wcflow.database.customers import load_customers
from wcflow.database.edits import Edit, EditedBy, load_edits, save_edit, undone_ids
from wcflow.database.identity import (
    Owner,
    find_keys,
    find_persons,
    load_person_keys,
    mark_persons_dirty,
    move_identity,
    part_identity,
)
from wcflow.database.listed_people import listed_facts, save_listed_facts
from wcflow.database.orders import load_orders_of_people
from wcflow.database.part_standing import Parting, part_standing, take_standing
from wcflow.database.parting import (
    Sides,
    Snapshot,
    add_listed,
    copy_state,
    give_back,
    give_written,
    load_listed,
    take_snapshot,
)
from wcflow.database.same_person import forget_different, join, load_joined, part, with_joined
from wcflow.database.sql import table_of
from wcflow.database.stores import load_store_row
from wcflow.database.tables import PersonRow
from wcflow.errors import UsageError
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_full_memories, load_profiles
from wcflow.profile import Profile, StoreProfile, account_in, email_in
from wcflow.rules.account_fields import consent_change

MERGE, SPLIT = "merge", "split"
SYNC_FIRST = "Run 'wcflow sync' and try again."
_PERSONS = table_of(PersonRow)


class Pair(NamedTuple):
    """Two people to merge: ``kept`` stays, with the customer account if one of them has it."""

    kept: int
    joined: int


def choose_kept(tx: Connection, store: str, one: int, other: int) -> Pair:
    """Return who stays; raises UsageError if the two cannot be merged."""
    if one == other:
        raise UsageError("both are the same customer already", "")
    keys = load_person_keys(tx, store, [one, other])
    accounts = [person for person in (one, other) if account_in(keys[person])]
    if len(accounts) > 1:
        raise UsageError(
            "both have an account in WooCommerce, and a person has one account",
            "Delete the account that is no longer used under Users in WordPress. Its orders become"
            " guest orders; after 'wcflow sync', merge that guest with the customer who stays.",
        )
    kept = accounts[0] if accounts else one
    return Pair(kept, other if kept == one else one)


def merge(
    tx: Connection,
    context: EvaluationContext,
    one: int,
    other: int,
    by: EditedBy,
    *,
    move_store_orders: bool = False,
) -> Outcome:
    """Join two people: all orders and everything else of both belong to one from now on.

    A guest joins a customer, or the first of two guests. With ``move_store_orders``, WooCommerce
    shows the guest's orders in the customer's account as well. Raises UsageError for two customers.
    """
    store = context.settings.name
    pair = choose_kept(tx, store, one, other)
    moves = check_movable(tx, context.settings, *pair) if move_store_orders else None
    keys = load_person_keys(tx, store, pair)
    key, joined_key = keys[pair.kept], keys[pair.joined]
    answered = _has_just_answered(tx, context, pair)
    sides = {keys[person]: take_snapshot(tx, store, person) for person in pair}
    listed = [load_listed(tx, person) for person in pair]
    email = _leading_address(tx, store, joined_key)
    join(tx, store, email, key)
    owner = Owner(0, email)
    found = find_keys(tx, store, [owner], context.settings.shared_emails, context.settings.guests)
    if found[owner] != key:
        raise UsageError(f"the orders of {email} belong to another customer", SYNC_FIRST)
    shown = select(_PERSONS.c.email).where(_PERSONS.c.id == pair.kept)
    move_identity(tx, store, joined_key, key, tx.scalar(shown) or "")
    add_listed(tx, store, pair.kept, listed)
    forget_different(tx, store, joined_key, key)
    consent = _settle_consent(tx, context, pair.kept, answered=answered)
    data: dict[str, Any] = {"email": email, "key": key, "joined": joined_key, "sides": sides}
    data |= {"consent": consent, "together": take_standing(tx, store, pair.kept)}
    words = f"merged {_name(joined_key)} into {_name(key)}"
    outcome = Outcome(words, save_edit(tx, store, pair.kept, MERGE, words, by, data))
    if moves is not None:
        move_orders(tx, store, outcome, pair.kept, moves, by)
    return outcome


def _leading_address(tx: Connection, store: str, key: str) -> str:
    """Return the address that all others of a guest lead to."""
    email = email_in(key) or ""
    root = next((group.root for group in load_joined(tx, store, [email])), key)
    if account_in(root) is not None:
        message = f"{email} belongs to a customer who is not in the local copy"
        raise UsageError(message, SYNC_FIRST)
    return email_in(root) or email


def _name(key: str) -> str:
    return email_in(key) or f"customer {account_in(key)}"


def _has_just_answered(tx: Connection, context: EvaluationContext, pair: Pair) -> bool:
    """Return whether one of the two has agreed to marketing or withdrawn since their evaluation."""
    memories = load_full_memories(tx, context.settings.name, pair)
    profiles = load_profiles(tx, context, [*memories], memories)
    return any(
        consent_change(profiles[person], memory.consent, context.now)[1]
        for person, memory in memories.items()
    )


def _settle_consent(
    tx: Connection, context: EvaluationContext, person: int, *, answered: bool
) -> bool | None:
    """Save whether the joined person accepts marketing, so that the merge itself is not an answer.

    If one of the two has just answered, the next evaluation reads that.
    """
    store = context.settings.name
    memories = load_full_memories(tx, store, [person])
    profile = load_profiles(tx, context, [person], memories)[person]
    saved = memories[person].consent
    found = consent_change(profile, saved, context.now)[0]
    if answered:
        return saved
    here = (_PERSONS.c.store == store, _PERSONS.c.id == person)
    tx.execute(update(_PERSONS).where(*here).values(consent=found))
    return found


# They part again.


def find_merges(tx: Connection, store: str, person: int) -> list[Edit]:
    """Return the merges of a person that were not taken back, the latest first."""
    found = [
        each
        for each in load_edits(tx, store, [person])
        if each.kind == MERGE and each.undoes is None
    ]
    undone = undone_ids(tx, [each.id for each in found])
    return [each for each in reversed(found) if each.id not in undone]


class _Belonging(NamedTuple):
    """What decides which person an order belongs to, as the last poll applied it."""

    shared: frozenset[str]
    guests: str


def _belonging(tx: Connection, store: str) -> _Belonging:
    row = load_store_row(tx, store)
    if row is None or row.applied_settings is None:
        raise UsageError("the store was never read", SYNC_FIRST)
    guests, shared, *_ = ast.literal_eval(row.applied_settings)
    return _Belonging(frozenset(shared), guests)


@undoes(MERGE)
def _undo_merge(tx: Connection, edit: Edit, by: EditedBy) -> str:
    email, store, belonging = str(edit.data["email"]), edit.store, _belonging(tx, edit.store)
    emails = {email}.union(*(each.emails for each in load_joined(tx, store, [email])))
    owners = [Owner(0, each) for each in sorted(emails)]
    before = find_keys(tx, store, owners, *belonging)
    if not part(tx, store, email):
        raise UsageError(f"{email} is no longer joined with another customer", "")
    after = find_keys(tx, store, owners, *belonging)
    persons = find_persons(tx, store, {key for key in before.values() if key})
    mark_persons_dirty(tx, store, persons.values())
    move_back(tx, edit, by)
    parted: dict[str, int] = {}
    for owner in owners:
        old, new = before[owner], after[owner]
        if old != new and old in persons and new is not None:
            parted.setdefault(new, persons[old])
    own = {owner.email for owner in owners if after[owner] == after[Owner(0, email)]}
    cancelled = 0
    for key, person in parted.items():
        addresses = {owner.email for owner in owners if after[owner] == key}
        cancelled += _part(tx, edit, by, key, person, addresses, is_joined=addresses == own)
    words = f"parted {_name(str(edit.data['joined']))} from {_name(str(edit.data['key']))}"
    if not cancelled:
        return words
    changes = "1 change" if cancelled == 1 else f"{cancelled:,} changes"
    return f"{words}, and cancelled {changes} that would have reached the wrong one"


def _part(
    tx: Connection,
    edit: Edit,
    by: EditedBy,
    key: str,
    person: int,
    addresses: Collection[str],
    *,
    is_joined: bool,
) -> int:
    """Give a key its own person again, with what they had before the merge.

    Return how many changes were cancelled because they name the other one.
    """
    store, data = edit.store, edit.data
    other, is_new = part_identity(tx, store, key, person, min(addresses))
    if other == person:
        return 0
    numbers = [number] if (number := account_in(key)) else []
    orders = {each.id for each in load_orders_of_people(tx, store, numbers, addresses)}
    sides: Mapping[str, Any] = data["sides"]
    mine, others = (data["joined"], data["key"]) if is_joined else (data["key"], data["joined"])
    if is_new:
        copy_state(tx, store, person, other, Sides(sides[mine], sides[others], data["consent"]))
        give_written(tx, store, person, other, orders)
        _part_standing(tx, edit, person, other, sides[others], sides[mine])
        stays = load_person_keys(tx, store, [person])[person]
        _list_alone(tx, store, other, key, addresses, sides[mine])
        own = {address} if (address := email_in(stays)) else set[str]()
        _list_alone(tx, store, person, stays, own, sides[others])
    give_back(tx, store, person, other, sides[mine], orders)
    words = f"parted from {_name(str(data['key']))}" if is_joined else "parted after a merge"
    save_edit(tx, store, other, SPLIT, words, by)
    before = {number for side in sides.values() for number in side["ids"].get("outbox", ())}
    return cancel_mixed(tx, store, (person, other), before, by.at)


def _part_standing(
    tx: Connection, edit: Edit, person: int, other: int, stays: Snapshot, leaves: Snapshot
) -> None:
    """Give each of the two the company and the tier that they had before the merge."""
    if "together" not in edit.data:  # a merge from before these were saved with it
        return
    ordered = [_has_ordered_since(tx, edit, each) for each in (person, other)]
    parting = Parting(stays["standing"], leaves["standing"], edit.data["together"], *ordered)
    part_standing(tx, edit.store, person, other, parting)


def _has_ordered_since(tx: Connection, edit: Edit, person: int) -> bool:
    key = load_person_keys(tx, edit.store, [person])[person]
    account, email = account_in(key), email_in(key)
    numbers, own = [account] if account else [], [email] if email else []
    emails = with_joined(tx, edit.store, own, numbers)
    orders = load_orders_of_people(tx, edit.store, numbers, emails)
    return any(order.created > edit.by.at for order in orders)


def _list_alone(
    tx: Connection, store: str, person: int, key: str, addresses: Collection[str], before: Snapshot
) -> None:
    """Let lists show only one of the two, with their figures from before, until the next evaluation."""
    account = account_in(key)
    numbers = [account] if account else []
    emails = with_joined(tx, store, addresses, numbers)
    row = load_store_row(tx, store)
    profile = Profile(
        person,
        email_in(key) or "",
        StoreProfile(store, "", UTC, row.currency if row else ""),
        load_customers(tx, store, numbers).get(account or 0),
        tuple(load_orders_of_people(tx, store, numbers, emails)),
        key=key,
    )
    totals: Mapping[str, Any] = before["listed"]
    facts = listed_facts(profile, totals["total_spent"], totals["orders_count"])
    found = facts._replace(last_order=totals["last_order"], since=totals["since"])
    save_listed_facts(tx, store, [found])
