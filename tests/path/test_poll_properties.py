"""Whatever people do, in whatever order, and however often the poll dies: the mirror becomes the shop.

And whoever's profile changed was touched.
"""

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
    """There is no order, or no customer, to do it with."""


def pick_from(ids, which):
    if not ids:
        raise NothingToActOn
    return ids[which % len(ids)]


class StoreActivity:
    """The people around a shop; each deed picks whom and what by number."""

    def __init__(self, poll):
        self.poll, self.sandbox = poll, poll.sandbox
        long_ago = poll.now - timedelta(days=20)
        self.products = [self.sandbox.add_product(name, now=long_ago) for name in ("Cup", "Wallet")]

    def do(self, deed, which):
        """Do it, if it can be done: nobody pays an order that is not there."""
        try:
            getattr(self, deed)(which, self.poll.now)
        except (NothingToActOn, RestError):
            return

    def _order(self, which):
        return pick_from(self.sandbox.order_ids(), which)

    def _customer(self, which):
        return pick_from(self.sandbox.customer_ids(), which)

    def guest_orders(self, which, now):
        email = [*NAMES, "", "till@example.com"][which % 7]
        status = ["processing", "pending", "checkout-draft", "completed"][which // 7 % 4]
        items = ((self.products[which % 2], 1 + which % 3),)
        self.sandbox.place_order(now=now, email=email, items=items, status=status)

    def customer_orders(self, which, now):
        self.sandbox.place_order(
            now=now, customer=self._customer(which), items=((self.products[which % 2], 1),)
        )

    def somebody_registers(self, which, now):
        self.sandbox.register(NAMES[which % 5], now=now)

    def address_changes(self, which, now):
        self.sandbox.change_email(self._customer(which), NAMES[which // 5 % 5], now=now)

    def customer_is_edited(self, which, now):
        self.sandbox.edit_customer(self._customer(which), now=now, first_name=f"Name {which}")

    def customer_is_deleted(self, which, now):
        self.sandbox.delete_customer(self._customer(which), now=now)

    def status_changes(self, which, now):
        status = ["processing", "completed", "cancelled", "on-hold", "failed"][which // 50 % 5]
        self.sandbox.set_status(self._order(which), status, now=now)

    def order_is_refunded(self, which, now):
        self.sandbox.refund(self._order(which), "1.00" if which % 2 else None, now=now)

    def order_is_edited(self, which, now):
        self.sandbox.edit_items(self._order(which), ((self.products[0], which % 9 + 1),), now=now)

    def order_moves_to(self, which, now):
        self.sandbox.edit_billing(self._order(which), now=now, email=NAMES[which // 50 % 5])

    def order_is_given(self, which, now):
        self.sandbox.assign_order(self._order(which), self._customer(which // 50), now=now)

    def order_is_trashed(self, which, now):
        self.sandbox.trash(self._order(which), now=now)

    def order_is_taken_out_of_the_trash(self, which, now):
        trashed = [
            id for id in self.sandbox.order_ids() if self.sandbox.order(id)["status"] == "trash"
        ]
        self.sandbox.untrash(pick_from(trashed, which), now=now)

    def order_is_deleted(self, which, now):
        self.sandbox.delete_order(self._order(which))

    def product_is_filed(self, which, now):
        self.sandbox.edit_product(self.products[which % 2], now=now, tags=(f"tag {which}",))


ACTIVITIES = [name for name in vars(StoreActivity) if name != "do" and not name.startswith("_")]
POLL_STEPS = ["pull", "pull", "dies", "fails", "reconcile"]
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTIVITIES) | st.sampled_from(POLL_STEPS),
        st.integers(0, 499),
        st.sampled_from([0, 0, 1, 30, 119, 121, 600, 5000, 90_000]),
    ),
    max_size=30,
)


def load_profiles(poll):
    """All that a rule could know of each person, from the mirror."""
    people, accounts = poll.people(), poll.customers()
    bought = poll.products()
    found = {}
    with poll.db.reading() as tx:
        for who, email in people.items():
            ids = [int(who[1:])] if who.startswith("c") else []
            emails = (
                [email] if poll.sandbox_people().get(who) == email != "till@example.com" else []
            )
            theirs = load_orders_of_people(tx, "shop", ids, emails)
            things = {i.product_id: bought.get(i.product_id) for o in theirs for i in o.items}
            tags = {id: (thing.categories, thing.tags) for id, thing in things.items() if thing}
            content = [
                (o.id, o.status, o.total, o.items, o.refunds, o.email, o.paid) for o in theirs
            ]
            found[who] = (accounts.get(ids[0]) if ids else None, content, tags)
    return found


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(steps=steps, page_size=st.sampled_from([3, 100]), hpos=st.booleans())
def test_the_mirror_becomes_the_shop_and_all_concerned_are_touched(
    tmp_path_factory, steps, page_size, hpos
):
    file = tmp_path_factory.mktemp("law") / "wcflow.sqlite"
    shared = frozenset({"till@example.com"})
    with (
        open_database(f"sqlite:///{file}") as db,
        open_poll(db, SandboxStore(hpos=hpos), page_size=page_size, shared_emails=shared) as poll,
    ):
        activity = StoreActivity(poll)
        poll.pull()
        before = load_profiles(poll)
        poll.clear_dirty_marks()
        for step, which, seconds in steps:
            poll.advance(seconds=seconds)
            run_step(poll, step, which) if step in POLL_STEPS else activity.do(step, which)
        poll.advance(hours=1)
        poll.pull()
        poll.advance(days=2)
        poll.pull()
        poll.pull()
        poll.reconcile()
        after = load_profiles(poll)

        assert_database_matches_sandbox(poll)
        changed = {who for who in after if before.get(who) != after[who] and any(after[who])}
        assert changed <= poll.dirty_people()


def run_step(poll, step, which):
    if step == "dies":
        with pytest.raises(PollKilled):
            poll.pull(checkpoint=kill_after(which % 3))
            raise PollKilled
    elif step == "fails":
        poll.faults.fail_with(times=None, after=which % 6)
        with contextlib.suppress(StoreError):
            poll.pull()
        poll.faults.recover()
    else:
        getattr(poll, step)()


def test_every_deed_of_the_street_can_be_done(tmp_path):
    """A deed that always fails would test nothing."""
    with open_database(f"sqlite:///{tmp_path}/wcflow.sqlite") as db, open_poll(db) as poll:
        activity = StoreActivity(poll)
        for number in range(3):
            activity.guest_orders(number, START)
            activity.somebody_registers(number, START)
        activity.order_is_trashed(1, START)
        for deed in ACTIVITIES:
            getattr(activity, deed)(4, poll.advance(seconds=1))
