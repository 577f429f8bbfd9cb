"""After any activities, faults and crashes: the right data, the right tags, each action once.

``tests.histories`` has the activities, the faults and the invariants.
"""

from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.histories import invariants
from tests.histories.fault_kinds import FAULTS, REQUESTS
from tests.histories.moved_orders import MovedOrders, check_moves
from tests.histories.rule_sets import rules_ini
from tests.histories.start import start_from_copy, start_store
from tests.histories.store_activity import ACTIVITIES, StoreActivity
from tests.oracle import RuleSet
from tests.search_settings import HISTORIES, LONG, SEED
from tests.simulation import START, ProcessKilled
from wcflow import maintenance, sync
from wcflow.errors import WcflowError

STEPS = 40 if LONG else 20

PICK = st.integers(0, 500)
AUTUMN = datetime(2026, 10, 24, 23, 40, tzinfo=UTC)
"""Twenty minutes before the repeated hour in Berlin."""


class Histories(RuleBasedStateMachine):
    """People act, time passes, requests fail, the daemon crashes; then all invariants are checked."""

    postgres = None
    """The PostgreSQL server to use, or None for SQLite."""
    first_rules, plugins = RuleSet(), ()

    @initialize(
        hpos=st.booleans(),
        page_size=st.sampled_from([3, 100]),
        start=st.sampled_from([START, START, AUTUMN]),
        fold=st.integers(0, 1),
        crash_step=st.none() | st.none() | st.none() | st.integers(0, 120),
    )
    def open_store(self, hpos, page_size, start, fold, crash_step=None):
        self.resources = ExitStack()
        folder = Path(self.resources.enter_context(TemporaryDirectory()))
        self.rule_set, self.hpos = self.first_rules, hpos
        sandbox = (folder, self.rule_set, page_size, start)
        options = {"hpos": hpos, "fold": fold, "plugins": self.plugins}
        if self.postgres:
            options["database"] = self.resources.enter_context(self.postgres.empty_database())
        can_copy = crash_step is None and not self.postgres
        self.sim = (
            start_from_copy(*sandbox, **options)
            if can_copy
            else start_store(*sandbox, crash_step=crash_step, **options)
        )
        self.activity, self.moves = self.open_activity(), MovedOrders(self.sim)
        # So that even a short history has work to do.
        self.activity.place_order(0)
        self.activity.register(1)
        self.activity.place_order(5)

    def open_activity(self):
        return StoreActivity(self.sim, self.rule_set)

    # What customers and the owner do.

    @rule(pick=PICK)
    def customer_registers(self, pick):
        self.activity.do("register", pick)

    @rule(pick=PICK)
    def customer_orders(self, pick):
        self.activity.do("place_order", pick)

    @rule(pick=PICK)
    def guest_orders(self, pick):
        self.activity.do("place_guest_order", pick)

    @rule(pick=PICK, read=st.booleans())
    def order_is_saved_before_its_lines(self, pick, read):
        self.activity.do("place_order_without_lines", pick)
        if read and self._sync() and not self.sim.faults.rules:
            # The newest order is always read again.
            self.sim.advance(seconds=5)
            self.activity.do("place_order", pick + 1)
            self._sync()
            self.activity.do("save_pending_lines", pick)
            self.sim.advance(minutes=3)
            self._sync()
            invariants.check_young_orders_complete(self.sim, self.activity)

    @rule(pick=PICK)
    def customer_orders_without_paying(self, pick):
        self.activity.do("place_unpaid_order", pick)

    @rule(pick=PICK)
    def customer_pays(self, pick):
        self.activity.do("pay", pick)

    @rule(pick=PICK)
    def payment_fails(self, pick):
        self.activity.do("fail", pick)

    @rule(pick=PICK, whole=st.booleans())
    def order_is_refunded(self, pick, whole):
        self.activity.do("refund_all" if whole else "refund_part", pick)

    @rule(pick=PICK)
    def customer_changes_their_address(self, pick):
        self.activity.do("change_email", pick)

    @rule(pick=PICK)
    def customer_deletes_their_account(self, pick):
        self.activity.do("delete_account", pick)

    @rule(
        pick=PICK,
        activity=st.sampled_from(["edit_order_email", "reassign_order", "edit_total", "complete"]),
    )
    def owner_edits_an_order(self, pick, activity):
        self.activity.do(activity, pick)

    @rule(pick=PICK, activity=st.sampled_from(["trash", "restore", "delete_order"]))
    def owner_deletes_or_restores_an_order(self, pick, activity):
        self.activity.do(activity, pick)

    @rule(pick=PICK)
    def owner_adds_a_tag(self, pick):
        self.activity.do("add_tag_by_hand", pick)

    @rule(pick=PICK)
    def owner_removes_a_tag(self, pick):
        self.activity.do("remove_tag_by_hand", pick)

    @rule(pick=PICK)
    def owner_removes_a_tag_that_wcflow_has_seen(self, pick):
        if self._sync_without_faults():
            self.activity.remove_tag_by_hand(pick, certain=True)
            self._sync_without_faults()

    @rule(pick=PICK, count=st.sampled_from([4, 7, 301] if LONG else [4, 7]), paid=st.integers(0, 4))
    def many_guests_order_in_one_second(self, pick, count, paid):
        self.place_orders_in_one_second(pick, count, paid)

    def place_orders_in_one_second(self, pick, count, paid):
        for number in range(count):
            status = "processing" if number < paid else "pending"
            self.activity.place_order(pick, status=status, as_guest=True)
        self.activity.update_removals()

    # What the admin does.

    @rule(
        change=st.sampled_from(
            [
                {"big": 100},
                {"big": 500},
                {"lapsed": False},
                {"lapsed": True},
                {"dormant": ""},
                {"dormant": "Sleeping"},
                {"dormant": "Dormant"},
                {"extra": ""},
                {"extra": "more"},
                {"extra": "renamed"},
            ]
        )
    )
    def configuration_changes(self, change):
        self.rule_set = replace(self.rule_set, **change)
        self.activity.change_rules(self.rule_set)
        self.sim.write_rules(rules_ini(self.rule_set))

    @rule(what=st.sampled_from([("orders",), ("customers",), ("orders", "customers")]))
    def admin_resyncs(self, what):
        chosen = {each: each in what for each in ("orders", "customers")}
        with suppress(WcflowError), self.sim.context() as context:
            maintenance.resync(context, **chosen)

    @rule(
        pick=PICK,
        activity=st.sampled_from(["merge_customers", "merge_customers", "split_customers"]),
    )
    def team_merges_or_splits_customers(self, pick, activity):
        self.activity.do(activity, pick)

    # What happens to wcflow.

    @rule(hours=st.sampled_from([0.001, 0.02, 0.4, 1, 30, 24 * 6, 24 * 31]))
    def time_passes(self, hours):
        if hours > 0.02:
            self.activity.save_pending_lines()
        if hours < 24 * 6 or self._found_unstamped_changes():
            self.sim.advance(hours=hours)
            self.activity.update_removals()

    def _found_unstamped_changes(self):
        """Legacy storage has no timestamp for many changes; the nightly check finds them."""
        if not self.hpos and self.activity.unstamped_change:
            self.run_nightly()
        return self.hpos or not self.activity.unstamped_change

    @rule(
        kind=st.sampled_from(sorted(FAULTS)),
        effect=st.booleans(),
        only=st.sampled_from(REQUESTS),
        after=st.integers(0, 4),
        times=st.sampled_from([1, 1, 2, 6]),
        pick=PICK,
    )
    def sync_with_faults(self, kind, effect, only, after, times, pick):
        self.activity.do("place_order", pick)  # so that there is something to write
        FAULTS[kind](self.sim.faults, effect=effect, only=only, after=after, times=times)
        self.run_pass()

    @rule(activity=st.sampled_from(ACTIVITIES), pick=PICK, after=st.integers(0, 12))
    def sync_while_people_act(self, activity, pick, after):
        """The store changes between two responses of one pass."""
        self.sim.faults.before_answer(
            lambda *_: self.activity.do(activity, pick), only="GET *", after=after
        )
        self.run_pass()

    @rule(steps=st.integers(0, 250), minutes=st.sampled_from([6, 11]), pick=PICK)
    def crash_in_sync(self, steps, minutes, pick):
        self.activity.do("place_order", pick)
        self._crash(steps, minutes, sync.sync_once)

    @rule(write=st.integers(1, 9), steps=st.integers(0, 12), pick=PICK)
    def crash_in_write(self, write, steps, pick):
        """Crash before a write is sent, before its response, or before it is recorded."""
        self.activity.do("place_order", pick)
        self._crash(steps, 11, sync.sync_once, from_write=write)

    @rule(steps=st.integers(0, 120))
    def crash_in_nightly(self, steps):
        self._crash(steps, 11, maintenance.nightly)

    @rule(steps=st.integers(0, 120))
    def crash_in_resync(self, steps):
        self._crash(steps, 11, maintenance.resync)

    def _crash(self, steps, minutes, work, **since):
        try:
            with self.sim.crash_after(steps, **since) as context:
                work(context)
        except (ProcessKilled, WcflowError):
            pass
        self.sim.reopen_database()
        self.activity.save_pending_lines()
        self.sim.advance(minutes=minutes)  # the lease expires, then the claims
        self.activity.update_removals()

    @rule()
    def run_pass(self):
        self._sync()

    def _sync(self):
        try:
            self.sim.run_pass(approve=False, check_store=False)
        except WcflowError:
            self.activity.save_pending_lines()
            self.sim.advance(minutes=6)
            self.activity.update_removals()
            return False
        self.activity.update_removals(seen=self.hpos)
        self.activity.record_pass()
        if not self.sim.faults.rules:
            invariants.check_new_orders_known(self.sim, self.activity)
        return True

    @rule()
    def run_nightly(self):
        try:
            self.sim.nightly()
        except WcflowError:
            return
        self.activity.unstamped_change = self.activity.unstamped_change and bool(
            self.sim.faults.rules
        )

    def _sync_without_faults(self):
        """Run a pass without faults; return whether everything is delivered."""
        self.sim.faults.recover()
        self.activity.save_pending_lines()
        self.sim.advance(minutes=11)
        self.activity.update_removals()
        return self._sync() and not self.sim.outbox(states=("due", "claimed"))

    # The end.

    def teardown(self):
        if not hasattr(self, "sim"):
            return
        try:
            self.run_until_quiet()
            self.check()
        finally:
            self.sim.db.close()
            self.resources.close()

    def check(self):
        invariants.check_all(self.sim, self.activity)
        check_moves(self.sim, self.moves)

    def run_until_quiet(self):
        """Remove all faults, and let time pass until everything that waits is done."""
        self.sim.faults.recover()
        self.activity.save_pending_lines()
        self.sim.advance(hours=8)
        self.sim.run_pass()
        # Before and after the end of the five-day wait.
        for hours in (8, 8, 84, 60):
            self.sim.advance(hours=hours)
            self.sim.run_pass(approve=False, check_store=False)
        self.sim.nightly()
        self.sim.run_pass()
        self.sim.advance(minutes=3)
        self.sim.run_pass(approve=False, check_store=False)


HYPOTHESIS_SETTINGS = settings(
    max_examples=HISTORIES // 4,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.mark.parametrize("half", [0, 1])
def test_every_history_keeps_the_invariants_on_sqlite(half):
    """In two halves, so that two workers can share the longest test of the suite."""

    class OnSqlite(Histories):
        pass

    run_histories(OnSqlite, half, HYPOTHESIS_SETTINGS)


def test_every_history_keeps_the_invariants_on_postgresql(postgres):
    """Fewer than on SQLite: only locks and types of rows differ."""

    class OnPostgres(Histories):
        pass

    OnPostgres.postgres = postgres
    run_histories(
        OnPostgres, 2, settings(HYPOTHESIS_SETTINGS, max_examples=max(1, HISTORIES // 15))
    )


def run_histories(machine, number, options):
    if SEED:
        seed(int(SEED) + number)(machine)
    run_state_machine_as_test(machine, settings=options)


def test_three_hundred_orders_of_one_second_keep_the_invariants():
    """They fill more than a page, and are more than the write limit."""
    history = Histories()
    history.open_store(hpos=True, page_size=100, start=START, fold=0)
    history.run_pass()
    history.place_orders_in_one_second(3, 300, 120)
    history.run_pass()
    history.teardown()
