"""The histories once more, with everything that workflows can do."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.histories import (
    bulk_activity,
    gift_laws,
    message_laws,
    standing_laws,
    team_activity,
    workflow_laws,
)
from tests.histories.bulk_activity import DEEDS as BULK_DEEDS
from tests.histories.bulk_activity import BulkTeam
from tests.histories.customer_activity import CUSTOMER_ACTIVITIES, CustomerActivity
from tests.histories.fault_kinds import FAULTS as STORE_FAULTS
from tests.histories.mail_server import FAULTS, RecordingMailServer
from tests.histories.team_activity import DEEDS, Team
from tests.oracle import RuleSet
from tests.path.test_histories import HYPOTHESIS_SETTINGS, PICK, Histories, run_histories
from tests.search_settings import HISTORIES
from wcflow.database.tasks import DONE, TASK, change_task, load_tasks

CRASH = st.none() | st.none() | st.integers(0, 60)
"""After how many steps a bulk change is interrupted, if at all."""


class WorkflowHistories(Histories):
    """Customers get e-mails and answer, mail servers fail, and the team works on its tasks."""

    first_rules, plugins = RuleSet(full=True), ("subscriptions",)

    def open_activity(self):
        self.server = RecordingMailServer(self.sim)
        self.sim.open_channels = self.server.open_channels
        activity = CustomerActivity(self.sim, self.rule_set)
        self.team = Team(self.sim, activity)
        self.bulk_team = BulkTeam(self.sim, activity, self.team)
        return activity

    @rule(activity=st.sampled_from(CUSTOMER_ACTIVITIES), pick=PICK)
    def customer_acts(self, activity, pick):
        self.activity.do(activity, pick)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3))
    def mail_server_fails(self, faults):
        self.server.faults = faults
        self.run_pass()
        self.server.faults = []

    @rule(activity=st.sampled_from(CUSTOMER_ACTIVITIES), pick=PICK, after=st.integers(0, 12))
    def sync_while_customers_act(self, activity, pick, after):
        """They act between two responses of one pass."""
        self.sim.faults.before_answer(
            lambda *_: self.activity.do(activity, pick), only="GET *", after=after
        )
        self.run_pass()

    @rule(deeds=st.lists(st.tuples(st.sampled_from(DEEDS), PICK), min_size=1, max_size=3))
    def team_works_with_customers(self, deeds):
        for deed, pick in deeds:
            self.team.do(deed, pick)

    @rule(
        deed=st.sampled_from(DEEDS),
        pick=PICK,
        kind=st.sampled_from(sorted(STORE_FAULTS)),
        effect=st.booleans(),
        only=st.sampled_from(["PUT *", "POST /wc/v3/*/batch", "GET /wc/v3/customers*"]),
        times=st.sampled_from([1, 1, 3]),
    )
    def team_works_while_the_store_fails(self, deed, pick, kind, effect, only, times):
        self.team.do(deed, pick)
        STORE_FAULTS[kind](self.sim.faults, effect=effect, only=only, after=0, times=times)
        self.run_pass()
        self.team.do(deed, pick + 1)

    @rule(
        deed=st.sampled_from(DEEDS), pick=PICK, only=st.sampled_from(["PUT *", "POST *", "GET *"])
    )
    def team_works_during_a_pass(self, deed, pick, only):
        """They act between a request and its response."""
        self.team.do("edit_name", pick)
        self.sim.faults.before_answer(lambda *_: self.team.do(deed, pick), only=only, times=1)
        self.run_pass()

    @rule(
        deeds=st.lists(
            st.tuples(st.sampled_from(BULK_DEEDS), PICK, CRASH, st.sampled_from([1, 2, 500])),
            min_size=2,
            max_size=4,
        )
    )
    def team_changes_many_customers(self, deeds):
        """It is killed halfway, or not; what was interrupted can be continued later."""
        self.run_pass()  # so that wcflow knows everyone
        for deed, pick, crash, size in deeds:
            self.bulk_team.do(deed, pick, crash, size)

    @rule(
        deed=st.sampled_from(BULK_DEEDS),
        pick=PICK,
        kind=st.sampled_from(sorted(STORE_FAULTS)),
        effect=st.booleans(),
        only=st.sampled_from(["PUT *", "POST /wc/v3/*/batch", "GET /wc/v3/customers*"]),
        times=st.sampled_from([1, 1, 3]),
    )
    def team_changes_many_while_the_store_fails(self, deed, pick, kind, effect, only, times):
        self.bulk_team.do(deed, pick)
        STORE_FAULTS[kind](self.sim.faults, effect=effect, only=only, after=0, times=times)
        self.run_pass()
        self.bulk_team.do("undo", pick)

    @rule(
        deed=st.sampled_from(BULK_DEEDS),
        pick=PICK,
        only=st.sampled_from(["PUT *", "POST *", "GET *"]),
    )
    def team_changes_many_during_a_pass(self, deed, pick, only):
        """They act between a request and its response."""
        self.bulk_team.do("add-tag", pick)
        self.sim.faults.before_answer(
            lambda *_: self.bulk_team.do(deed, pick, size=1), only=only, times=1
        )
        self.run_pass()

    @rule(pick=PICK)
    def team_finishes_a_task(self, pick):
        with self.sim.db.transaction() as tx:
            tasks = [each for each in load_tasks(tx, "shop") if each.kind == TASK]
            if tasks:
                task = tasks[pick % len(tasks)]
                change_task(tx, task.id, state=DONE, done_by="sam", done_at=self.sim.now)
                self.activity.finished_tasks.add(task.id)

    def run_until_quiet(self):
        """Before, the team makes every kind of bulk change for everyone."""
        self.sim.faults.recover()
        self.run_pass()
        self.bulk_team.do_everything()
        super().run_until_quiet()

    def check(self):
        super().check()
        workflow_laws.check_all(self.sim, self.activity)
        message_laws.check_all(self.sim, self.activity, self.server)
        gift_laws.check_all(self.sim, self.activity, self.server)
        standing_laws.check_all(self.sim, self.activity)
        team_activity.check_all(self.sim, self.activity, self.team)
        bulk_activity.check_all(self.sim, self.activity, self.bulk_team)


SETTINGS = settings(HYPOTHESIS_SETTINGS, max_examples=max(1, HISTORIES // 5))


@pytest.mark.parametrize("half", [0, 1])
def test_every_history_keeps_the_laws_of_workflows(half):
    class OnSqlite(WorkflowHistories):
        pass

    run_histories(OnSqlite, 3 + half, SETTINGS)


def test_every_history_keeps_the_laws_of_workflows_on_postgresql(postgres):
    class OnPostgres(WorkflowHistories):
        pass

    OnPostgres.postgres = postgres
    run_histories(OnPostgres, 5, settings(SETTINGS, max_examples=max(1, HISTORIES // 30)))
