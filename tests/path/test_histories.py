"""Whatever people do, whenever the shop falters and wherever the daemon dies: in the end the
mirror equals the shop, everybody wears what the rules say, and each effect is there once.

What may happen stands in ``tests.histories.street`` and ``weather``, what must be so in ``laws``.
"""

import os
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.histories import laws
from tests.histories.beginning import born, relived
from tests.histories.rulebook import written
from tests.histories.street import DEEDS, Street
from tests.histories.weather import ASKED, WEATHER
from tests.naive import Book
from tests.world import BEGIN, Died
from wcflow import sync
from wcflow.errors import WcflowError

LONG = bool(os.environ.get("WCFLOW_LONG"))
EXAMPLES = int(os.environ.get("WCFLOW_EXAMPLES", "2000" if LONG else "50"))
STEPS = 40 if LONG else 20

PICK = st.integers(0, 500)
AUTUMN = datetime(2026, 10, 24, 23, 40, tzinfo=UTC)
"""Twenty minutes before clocks in Berlin show an hour twice."""


class Histories(RuleBasedStateMachine):
    """People act, time passes, the shop falters, the daemon dies; then all is looked over."""

    postgres = None
    """Where databases are lent, if it is to be lived there."""

    @initialize(
        hpos=st.booleans(),
        page_size=st.sampled_from([3, 100]),
        begin=st.sampled_from([BEGIN, BEGIN, AUTUMN]),
        fold=st.integers(0, 1),
        dies_at=st.none() | st.none() | st.none() | st.integers(0, 120),
    )
    def open_shop(self, hpos, page_size, begin, fold, dies_at=None):
        self.ground = ExitStack()
        folder = Path(self.ground.enter_context(TemporaryDirectory()))
        self.book, self.hpos = Book(), hpos
        shop = (folder, self.book, page_size, begin)
        how = {"hpos": hpos, "fold": fold}
        if self.postgres:
            how["database"] = self.ground.enter_context(self.postgres.emptied())
        lived_before = dies_at is None and not self.postgres
        self.w = relived(*shop, **how) if lived_before else born(*shop, dies_at=dies_at, **how)
        self.street = Street(self.w, self.book)
        # Something is always on its way, so that also short histories are about something.
        self.street.orders_something(0)
        self.street.registers(1)
        self.street.orders_something(5)

    # What people and the owner do.

    @rule(pick=PICK)
    def somebody_registers(self, pick):
        self.street.do("registers", pick)

    @rule(pick=PICK)
    def somebody_orders(self, pick):
        self.street.do("orders_something", pick)

    @rule(pick=PICK)
    def somebody_orders_as_a_guest(self, pick):
        self.street.do("orders_as_guest", pick)

    @rule(pick=PICK, read=st.booleans())
    def an_order_is_stamped_before_its_lines_are_saved(self, pick, read):
        self.street.do("orders_without_lines", pick)
        if read and self._walks() and not self.w.faults.rules:
            # The newest order is read again in any case.
            self.w.pass_(seconds=5)
            self.street.do("orders_something", pick + 1)
            self._walks()
            self.street.do("lines_are_saved", pick)
            self.w.pass_(minutes=3)
            self._walks()
            laws.young_orders_are_whole(self.w, self.street)

    @rule(pick=PICK)
    def somebody_orders_and_does_not_pay(self, pick):
        self.street.do("orders_unpaid", pick)

    @rule(pick=PICK)
    def somebody_pays(self, pick):
        self.street.do("pays", pick)

    @rule(pick=PICK)
    def a_payment_fails(self, pick):
        self.street.do("fails", pick)

    @rule(pick=PICK, whole=st.booleans())
    def money_is_given_back(self, pick, whole):
        self.street.do("is_given_all_back" if whole else "is_given_some_back", pick)

    @rule(pick=PICK)
    def somebody_changes_their_address(self, pick):
        self.street.do("changes_email", pick)

    @rule(pick=PICK)
    def somebody_deletes_their_account(self, pick):
        self.street.do("deletes_account", pick)

    @rule(
        pick=PICK,
        deed=st.sampled_from(
            ["edits_address_of_order", "gives_order_to", "edits_total", "completes"]
        ),
    )
    def the_owner_edits_an_order(self, pick, deed):
        self.street.do(deed, pick)

    @rule(pick=PICK, deed=st.sampled_from(["trashes", "restores", "deletes_order"]))
    def the_owner_tidies_up(self, pick, deed):
        self.street.do(deed, pick)

    @rule(pick=PICK)
    def the_owner_adds_a_tag(self, pick):
        self.street.do("adds_tag_by_hand", pick)

    @rule(pick=PICK)
    def the_owner_takes_a_tag_away(self, pick):
        self.street.do("takes_tag_away", pick)

    @rule(pick=PICK)
    def the_owner_takes_away_a_tag_that_wcflow_knows_of(self, pick):
        if self._walks_in_peace():
            self.street.takes_tag_away(pick, certain=True)
            self._walks_in_peace()

    @rule(pick=PICK, count=st.sampled_from([4, 7, 301] if LONG else [4, 7]), paid=st.integers(0, 4))
    def a_crowd_orders_in_one_second(self, pick, count, paid):
        self.crowd(pick, count, paid)

    def crowd(self, pick, count, paid):
        for number in range(count):
            status = "processing" if number < paid else "pending"
            self.street.orders_something(pick, status=status, as_guest=True)
        self.street.looks_around()

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
    def the_configuration_changes(self, change):
        self.book = replace(self.book, **change)
        self.street.changes_book(self.book)
        self.w.rules(written(self.book))

    @rule(what=st.sampled_from([("orders",), ("customers",), ("orders", "customers")]))
    def the_admin_has_the_shop_read_anew(self, what):
        chosen = {each: each in what for each in ("orders", "customers")}
        with suppress(WcflowError), self.w.line() as line:
            sync.resync(line, **chosen)

    # What befalls wcflow.

    @rule(hours=st.sampled_from([0.001, 0.02, 0.4, 1, 30, 24 * 6, 24 * 31]))
    def time_passes(self, hours):
        if hours > 0.02:
            self.street.lines_are_saved()
        if hours < 24 * 6 or self._seen_what_leaves_no_stamp():
            self.w.pass_(hours=hours)
            self.street.looks_around()

    def _seen_what_leaves_no_stamp(self):
        """The old storage stamps few changes: the night finds those, and no week is without one."""
        if not self.hpos and self.street.silent:
            self.night_comes()
        return self.hpos or not self.street.silent

    @rule(
        kind=st.sampled_from(sorted(WEATHER)),
        effect=st.booleans(),
        only=st.sampled_from(ASKED),
        after=st.integers(0, 4),
        times=st.sampled_from([1, 1, 2, 6]),
        pick=PICK,
    )
    def walk_in_bad_weather(self, kind, effect, only, after, times, pick):
        self.street.do("orders_something", pick)  # so that there is something to write
        WEATHER[kind](self.w.faults, effect=effect, only=only, after=after, times=times)
        self.walk()

    @rule(deed=st.sampled_from(DEEDS), pick=PICK, after=st.integers(0, 12))
    def walk_while_people_act(self, deed, pick, after):
        """The shop changes between two answers of one walk."""
        self.w.faults.before_answer(
            lambda *_: self.street.do(deed, pick), only="GET *", after=after
        )
        self.walk()

    @rule(steps=st.integers(0, 250), minutes=st.sampled_from([6, 11]), pick=PICK)
    def walk_and_die(self, steps, minutes, pick):
        self.street.do("orders_something", pick)
        self._mortally(steps, minutes, sync.sync_once)

    @rule(write=st.integers(1, 9), steps=st.integers(0, 12), pick=PICK)
    def walk_and_die_over_a_write(self, write, steps, pick):
        """Before it is sent, before it is answered, or before that is on record."""
        self.street.do("orders_something", pick)
        self._mortally(steps, 11, sync.sync_once, from_write=write)

    @rule(steps=st.integers(0, 120))
    def night_comes_and_wcflow_dies(self, steps):
        self._mortally(steps, 11, sync.nightly)

    @rule(steps=st.integers(0, 120))
    def wcflow_dies_while_it_reads_the_shop_anew(self, steps):
        self._mortally(steps, 11, sync.resync)

    def _mortally(self, steps, minutes, work, **since):
        try:
            with self.w.mortal(steps, **since) as line:
                work(line)
        except (Died, WcflowError):
            pass
        self.w.die()
        self.street.lines_are_saved()
        self.w.pass_(minutes=minutes)  # leases of the dead lapse, then their claims
        self.street.looks_around()

    @rule()
    def walk(self):
        self._walks()

    def _walks(self):
        try:
            self.w.walk(accept=False, know=False)
        except WcflowError:
            self.street.lines_are_saved()
            self.w.pass_(minutes=6)
            self.street.looks_around()
            return False
        self.street.looks_around(seen=self.hpos)
        self.street.was_walked()
        if not self.w.faults.rules:
            laws.new_orders_are_known(self.w, self.street)
        return True

    @rule()
    def night_comes(self):
        try:
            self.w.nightly()
        except WcflowError:
            return
        self.street.silent = self.street.silent and bool(self.w.faults.rules)

    def _walks_in_peace(self):
        """Walk until nothing is unsure: what was interrupted is done, what was done is on record."""
        self.w.faults.recover()
        self.street.lines_are_saved()
        self.w.pass_(minutes=11)
        self.street.looks_around()
        return self._walks() and not self.w.outbox(states=("due", "claimed"))

    # What must be so in the end.

    def teardown(self):
        if not hasattr(self, "w"):
            return
        try:
            self.come_to_rest()
            laws.hold(self.w, self.street)
        finally:
            self.w.db.close()
            self.ground.close()

    def come_to_rest(self):
        """Let the weather clear, and time pass until all that waits has had its turn."""
        self.w.faults.recover()
        self.street.lines_are_saved()
        self.w.pass_(hours=8)
        self.w.walk()
        # Before what waits five days is due, and after it.
        for hours in (8, 8, 84, 60):
            self.w.pass_(hours=hours)
            self.w.walk(accept=False, know=False)
        self.w.nightly()
        self.w.walk()
        self.w.pass_(minutes=3)
        self.w.walk(accept=False, know=False)


LIVED = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestHistories = Histories.TestCase
TestHistories.settings = LIVED
if "WCFLOW_SEED" in os.environ:
    TestHistories = seed(int(os.environ["WCFLOW_SEED"]))(TestHistories)


def test_histories_on_postgresql(postgres):
    """A tenth of them: what differs is how transactions and their rows are locked and typed."""

    class OnPostgres(Histories):
        pass

    OnPostgres.postgres = postgres
    if "WCFLOW_SEED" in os.environ:
        seed(int(os.environ["WCFLOW_SEED"]))(OnPostgres)
    run_state_machine_as_test(OnPostgres, settings=settings(LIVED, max_examples=EXAMPLES // 10))


def test_three_hundred_orders_of_one_second():
    """More than a page holds, and more than the brake lets pass."""
    history = Histories()
    history.open_shop(hpos=True, page_size=100, begin=BEGIN, fold=0)
    history.walk()
    history.crowd(3, 300, 120)
    history.walk()
    history.teardown()
