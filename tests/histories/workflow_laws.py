"""Laws of branches, waits for a condition, tasks and groups, as assertions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from tests import oracle
from tests.builders import BERLIN
from tests.histories.invariants import notes_of, sync_started
from tests.persons import person as find_person
from wcflow.database.groups import load_groups
from wcflow.database.sql import table_of
from wcflow.database.tables import RunRow
from wcflow.database.tasks import DONE, OPEN, load_tasks

DAY = timedelta(days=1)
COURSES = (
    ("first", "first, later", "joined"),
    ("again", "again, many", "joined"),
    ("again", "again, few", "joined"),
)
"""The notes of each way through the workflow ``branch``, in order."""


def check_all(sim, activity):
    """Check all laws of this module."""
    notes = [(order, text, at) for order, text, _, at in notes_of(sim)]
    check_branches(sim, activity, notes)
    check_waits_for_a_condition(sim, activity, notes)
    check_tasks(sim, activity)
    check_groups(sim, activity)
    check_subscriptions(sim, activity)


def paid_orders(sim, activity):
    """Yield each order that was paid after the initial sync, with its person if nothing about them changed.

    People whose orders or addresses changed can have been other people when a step was due.
    """
    people, since = activity.people().values(), sync_started(sim)
    changed = activity.with_changed_identity | activity.with_lost_orders
    for order in activity.orders():
        if order["status"] in oracle.HIDDEN or not order["date_paid_gmt"]:
            continue
        if oracle.parse_gmt(order["date_paid_gmt"]) >= since:
            owner = next((each for each in people if order in each.orders), None)
            address = oracle.normalize_email(order["billing"]["email"])
            certain = owner is not None and not changed & {owner.email, address}
            yield order, owner if certain else None


def check_branches(sim, activity, notes):
    """A run goes one way, from its beginning to its end, and takes each step of it once."""
    found = {}
    for order, text, _ in sorted(notes, key=lambda note: note[2]):
        name, _, number = text.rpartition(" ")
        if any(name in course for course in COURSES):
            assert number == str(order), (order, text)
            found.setdefault(order, []).append(name)
    for order, names in found.items():
        assert any(tuple(names) == course[: len(names)] for course in COURSES), (order, names)
    for order, owner in paid_orders(sim, activity):
        names = found.get(order["id"], [])
        assert names, order["id"]
        if owner is not None:
            assert names[-1] == "joined", (order["id"], names)
            assert len(owner.orders) > 1 or names[0] == "first", (order["id"], names)


def check_waits_for_a_condition(sim, activity, notes):
    """The step after a wait is taken once: when the condition holds, or after the longest wait."""
    texts = Counter(text for _, text, _ in notes if text.startswith("patient "))
    assert not [text for text, times in texts.items() if times > 1], texts
    at_times = {text: at for _, text, at in notes}
    for order, owner in paid_orders(sim, activity):
        number = order["id"]
        if owner is None:
            continue
        assert texts[f"patient {number}"] == 1, number
        paid = activity.paid_at.get(number)
        if paid is not None and len(owner.orders) <= 2:
            first = paid.astimezone(BERLIN) + 4 * DAY - timedelta(hours=1)
            assert at_times[f"patient {number}"] >= first, number


def check_tasks(sim, activity):
    """Each payment leads to one task and one notice; a finished task stays finished."""
    with sim.db.reading() as tx:
        tasks = load_tasks(tx, "shop", states=(OPEN, DONE))
    texts = Counter(task.text for task in tasks)
    assert not [text for text, times in texts.items() if times > 1], texts
    for order, _ in paid_orders(sim, activity):
        number = order["id"]
        assert texts[f"Call about {number}"] == texts[f"Paid {number}"] == 1, number
    open_ids = {task.id for task in tasks if task.state == OPEN}
    assert not open_ids & activity.finished_tasks, open_ids & activity.finished_tasks


def check_groups(sim, activity):
    """Three days after a payment the customer has moved from one group to the other."""
    owners = {order["id"]: owner for order, owner in paid_orders(sim, activity) if owner}
    with sim.db.reading() as tx:
        for number, owner in owners.items():
            key = f"c{owner.account['id']}" if owner.account else f"g:{owner.email}"
            person = find_person(tx, key)
            groups = load_groups(tx, "shop", [person]).get(person, frozenset())
            assert groups & {"Known", "Fresh"} == {"Known"}, (number, owner.email, groups)


def check_subscriptions(sim, activity):
    """Each subscription starts one run when it begins, and one when it is cancelled.

    That is at most one, if another person gets the account or the address.
    """
    runs = table_of(RunRow)
    with sim.db.reading() as tx:
        copied = runs.c.reason.startswith("already handled for the customer")
        found = Counter(tx.scalars(select(runs.c.event).where(runs.c.store == "shop", ~copied)))
    changed = activity.with_changed_identity | activity.with_lost_orders
    for number, owner in activity.subscriptions.items():
        events = (f"subscription {number} started", f"subscription {number} cancelled")
        times = tuple(found[event] for event in events)
        ended = number in activity.cancelled_subscriptions
        assert max(times) <= 1, (number, times)
        if not changed & {*owner}:
            assert times[1] == ended, (number, times)
            assert times[0] == 1 or ended, (number, times)
