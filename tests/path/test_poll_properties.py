"""After any changes and crashes, the database equals the store and every changed person is marked."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.path.test_initial_sync import PollKilled, kill_after
from tests.poll_harness import START, assert_database_matches_sandbox, open_poll
from wcflow.database.connection import open_database
from wcflow.database.orders import load_orders_of_people
from wcflow.errors import StoreError
from wcflow.sandbox.rest import RestError
from wcflow.sandbox.store import SandboxStore

NAMES = [f"{name}@example.com" for name in ("anna", "bob", "cleo", "dora", "emil")]


class NothingToActOn(Exception):
    """There is no order or no customer yet."""


def pick_from(ids, number):
    if not ids:
        raise NothingToActOn
    return ids[number % len(ids)]


class StoreActivity:
    """What customers and the owner of a store do; ``number`` picks the order or customer."""

    def __init__(self, poll):
        self.poll, self.sandbox = poll, poll.sandbox
        long_ago = poll.now - timedelta(days=20)
        self.products = [self.sandbox.add_product(name, now=long_ago) for name in ("Cup", "Wallet")]

    def do(self, activity, number):
        """Do this activity, or nothing where it is not possible."""
        try:
            getattr(self, activity)(number, self.poll.now)
        except (NothingToActOn, RestError):
            return

    def _order(self, number):
        return pick_from(self.sandbox.order_ids(), number)

    def _customer(self, number):
        return pick_from(self.sandbox.customer_ids(), number)

    def guest_orders(self, number, now):
        email = [*NAMES, "", "till@example.com"][number % 7]
        status = ["processing", "pending", "checkout-draft", "completed"][number // 7 % 4]
        items = ((self.products[number % 2], 1 + number % 3),)
        self.sandbox.place_order(now=now, email=email, items=items, status=status)

    def customer_orders(self, number, now):
        self.sandbox.place_order(
            now=now, customer=self._customer(number), items=((self.products[number % 2], 1),)
        )

    def somebody_registers(self, number, now):
        self.sandbox.register(NAMES[number % 5], now=now)

    def address_changes(self, number, now):
        self.sandbox.change_email(self._customer(number), NAMES[number // 5 % 5], now=now)

    def customer_is_edited(self, number, now):
        self.sandbox.edit_customer(self._customer(number), now=now, first_name=f"Name {number}")

    def customer_is_deleted(self, number, now):
        self.sandbox.delete_customer(self._customer(number), now=now)

    def status_changes(self, number, now):
        status = ["processing", "completed", "cancelled", "on-hold", "failed"][number // 50 % 5]
        self.sandbox.set_status(self._order(number), status, now=now)

    def order_is_refunded(self, number, now):
        self.sandbox.refund(self._order(number), "1.00" if number % 2 else None, now=now)

    def order_is_edited(self, number, now):
        self.sandbox.edit_items(self._order(number), ((self.products[0], number % 9 + 1),), now=now)

    def order_address_changes(self, number, now):
        self.sandbox.edit_billing(self._order(number), now=now, email=NAMES[number // 50 % 5])

    def order_is_assigned(self, number, now):
        self.sandbox.assign_order(self._order(number), self._customer(number // 50), now=now)

    def order_is_trashed(self, number, now):
        self.sandbox.trash(self._order(number), now=now)

    def order_is_restored(self, number, now):
        trashed = [
            id for id in self.sandbox.order_ids() if self.sandbox.order(id)["status"] == "trash"
        ]
        self.sandbox.untrash(pick_from(trashed, number), now=now)

    def order_is_deleted(self, number, now):
        self.sandbox.delete_order(self._order(number))

    def product_is_tagged(self, number, now):
        self.sandbox.edit_product(self.products[number % 2], now=now, tags=(f"tag {number}",))


ACTIVITIES = [name for name in vars(StoreActivity) if name != "do" and not name.startswith("_")]
POLL_STEPS = ["pull", "pull", "crash", "fail", "reconcile"]
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTIVITIES) | st.sampled_from(POLL_STEPS),
        st.integers(0, 499),
        st.sampled_from([0, 0, 1, 30, 119, 121, 600, 5000, 90_000]),
    ),
    max_size=30,
)


def load_profiles(poll):
    """Return everything that rules can know of each person, from the database."""
    people, accounts = poll.people(), poll.customers()
    products = poll.products()
    profiles = {}
    with poll.db.reading() as tx:
        for key, email in people.items():
            ids = [int(key[1:])] if key.startswith("c") else []
            emails = (
                [email] if poll.sandbox_people().get(key) == email != "till@example.com" else []
            )
            orders = load_orders_of_people(tx, "shop", ids, emails)
            bought = {i.product_id: products.get(i.product_id) for o in orders for i in o.items}
            tags = {id: (each.categories, each.tags) for id, each in bought.items() if each}
            content = [
                (o.id, o.status, o.total, o.items, o.refunds, o.email, o.paid) for o in orders
            ]
            profiles[key] = (accounts.get(ids[0]) if ids else None, content, tags)
    return profiles


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(steps=steps, page_size=st.sampled_from([3, 100]), hpos=st.booleans())
def test_the_database_becomes_equal_to_the_store_and_all_changed_people_are_marked(
    tmp_path_factory, steps, page_size, hpos
):
    file = tmp_path_factory.mktemp("poll") / "wcflow.sqlite"
    shared = frozenset({"till@example.com"})
    with (
        open_database(f"sqlite:///{file}") as db,
        open_poll(db, SandboxStore(hpos=hpos), page_size=page_size, shared_emails=shared) as poll,
    ):
        activity = StoreActivity(poll)
        poll.pull()
        before = load_profiles(poll)
        poll.clear_dirty_marks()
        for step, number, seconds in steps:
            poll.advance(seconds=seconds)
            run_step(poll, step, number) if step in POLL_STEPS else activity.do(step, number)
        poll.advance(hours=1)
        poll.pull()
        poll.advance(days=2)
        poll.pull()
        poll.pull()
        poll.reconcile()
        after = load_profiles(poll)

        assert_database_matches_sandbox(poll)
        changed = {key for key in after if before.get(key) != after[key] and any(after[key])}
        assert changed <= poll.dirty_people()


def run_step(poll, step, number):
    if step == "crash":
        with pytest.raises(PollKilled):
            poll.pull(checkpoint=kill_after(number % 3))
            raise PollKilled
    elif step == "fail":
        poll.faults.fail_with(times=None, after=number % 6)
        with contextlib.suppress(StoreError):
            poll.pull()
        poll.faults.recover()
    else:
        getattr(poll, step)()


def test_every_activity_is_possible(tmp_path):
    """An activity that always fails would test nothing."""
    with open_database(f"sqlite:///{tmp_path}/wcflow.sqlite") as db, open_poll(db) as poll:
        activity = StoreActivity(poll)
        for number in range(3):
            activity.guest_orders(number, START)
            activity.somebody_registers(number, START)
        activity.order_is_trashed(1, START)
        for name in ACTIVITIES:
            getattr(activity, name)(4, poll.advance(seconds=1))
