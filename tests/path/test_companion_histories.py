"""The histories once more, in a store with the companion plugin."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.histories import companion_laws, invariants
from tests.histories.companion_activity import (
    ACCIDENTS,
    REQUESTS,
    VISITS,
    Dashboard,
    LinkedMailServer,
)
from tests.histories.customer_activity import CUSTOMER_ACTIVITIES, CustomerActivity
from tests.histories.fault_kinds import FAULTS
from tests.histories.store_activity import ACTIVITIES
from tests.oracle import RuleSet
from tests.path.test_histories import HYPOTHESIS_SETTINGS, PICK, Histories, run_histories
from tests.search_settings import HISTORIES
from wcflow import sync

DEEDS = st.lists(
    st.tuples(st.sampled_from((*REQUESTS, *VISITS, *ACCIDENTS)), PICK), min_size=1, max_size=4
)
CALLS = ("* /wc-wcflow/*", "POST /wc-wcflow/v1/people", "GET /wc-wcflow/*", "POST /wc-wcflow/*")


class CompanionHistories(Histories):
    """People use the dashboard and links in e-mails, while the plugin and databases break."""

    first_rules, plugins = RuleSet(full=True), ("companion", "subscriptions")
    # One rule for all of these, so that most steps are about the plugin.
    customer_registers = customer_orders = guest_orders = customer_pays = payment_fails = None
    customer_orders_without_paying = order_is_refunded = customer_changes_their_address = None
    customer_deletes_their_account = owner_edits_an_order = owner_adds_a_tag = None
    owner_deletes_or_restores_an_order = owner_removes_a_tag = crash_in_resync = None
    owner_removes_a_tag_that_wcflow_has_seen = many_guests_order_in_one_second = None
    order_is_saved_before_its_lines = team_merges_or_splits_customers = None

    def open_activity(self):
        self.server = LinkedMailServer(self.sim)
        self.sim.open_channels = self.server.open_channels
        activity = CustomerActivity(self.sim, self.rule_set)
        self.dashboard = Dashboard(self.sim, activity, self.server)
        return activity

    def act(self, deeds):
        for deed, pick in deeds:
            self.dashboard.do(deed, pick)

    @rule(activity=st.sampled_from((*ACTIVITIES, *CUSTOMER_ACTIVITIES)), pick=PICK)
    def customer_acts(self, activity, pick):
        self.activity.do(activity, pick)

    @rule(deeds=DEEDS)
    def people_use_the_plugin(self, deeds):
        self.act(deeds)

    @rule(deeds=DEEDS)
    def people_use_the_plugin_before_a_pass(self, deeds):
        self.act(deeds)
        self.sim.advance(minutes=1)
        self._sync()

    @rule(deeds=DEEDS, after=st.integers(0, 8), only=st.sampled_from(CALLS))
    def people_use_the_plugin_during_a_pass(self, deeds, after, only):
        """They act between a request and its response; databases are not restored just then."""
        deeds = [each for each in deeds if not each[0].endswith(("database", "erase"))]
        self.sim.advance(minutes=1)
        self.sim.faults.before_answer(lambda *_: self.act(deeds), only=only, after=after)
        self._sync()

    @rule(
        deeds=DEEDS,
        kind=st.sampled_from(sorted(FAULTS)),
        effect=st.booleans(),
        only=st.sampled_from(CALLS),
        after=st.integers(0, 4),
        times=st.sampled_from([1, 1, 3, None]),
    )
    def plugin_fails(self, deeds, kind, effect, only, after, times):
        """A plugin that fails stops neither poll nor delivery."""
        self.sim.faults.recover()
        self.act(deeds)
        self.sim.advance(minutes=1)
        FAULTS[kind](self.sim.faults, effect=effect, only=only, after=after, times=times)
        assert self._sync()
        self.sim.faults.recover()

    @rule(deeds=DEEDS, steps=st.integers(0, 120), part=st.sampled_from(["requests", "plugin"]))
    def crash_with_the_plugin(self, deeds, steps, part):
        self.act(deeds)
        self.sim.advance(minutes=1)
        work = {"requests": sync.take_requests, "plugin": sync.update_plugin}[part]
        self._crash(steps, 11, work)

    def _sync(self):
        done = super()._sync()
        if done and not self.sim.faults.rules:
            self.dashboard.note_pass()
        return done

    def run_until_quiet(self):
        self.dashboard.plugin.activate()
        self.dashboard.tag_everyone()
        super().run_until_quiet()
        for _ in range(2):
            self.sim.advance(hours=2)
            self.sim.run_pass()
        # A tag of a number of days can have changed with the last pass: then its echo is read.
        self.sim.advance(minutes=3)
        self.sim.run_pass()

    def check(self):
        companion_laws.check_all(self.sim, self.activity, self.dashboard)
        assert not self.server.violations, self.server.violations
        invariants.check_database_matches_store(self.sim, self.activity)
        invariants.check_database_consistent(self.sim)
        if not self.dashboard.restored:
            companion_laws.check_quiet(self.sim)


SETTINGS = settings(HYPOTHESIS_SETTINGS, max_examples=max(1, HISTORIES // 6))


def test_every_history_keeps_the_laws_of_the_plugin():
    class OnSqlite(CompanionHistories):
        pass

    run_histories(OnSqlite, 6, SETTINGS)


def test_every_history_keeps_the_laws_of_the_plugin_on_postgresql(postgres):
    class OnPostgres(CompanionHistories):
        pass

    OnPostgres.postgres = postgres
    run_histories(OnPostgres, 7, settings(SETTINGS, max_examples=max(1, HISTORIES // 30)))
