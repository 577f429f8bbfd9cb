"""Tags that the team adds and removes by command reach the store once, whatever else happens."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.customers import edits, tags
from wcflow.database.edits import EditedBy, find_edit
from wcflow.errors import StoreError

RULES = """
[tag Registered]
when = is_registered

[tag B2B]
when = tags contains 'Wholesale'

[workflow greet]
trigger = tag_added Wholesale
do =
    add_tag Greeted
"""


class Team:
    """A simulation with the team's operations."""

    def __init__(self, sim):
        self.sim = sim

    def add(self, tag, key="c1"):
        return self._do(tags.add_tag, key, tag)

    def remove(self, tag, key="c1"):
        return self._do(tags.remove_tag, key, tag)

    def undo(self, number):
        with self.sim.db.transaction() as tx:
            return edits.undo(tx, find_edit(tx, number), self.by)

    @property
    def by(self):
        return EditedBy("maria", self.sim.now)

    def _do(self, operation, key, tag):
        with self.sim.db.transaction() as tx:
            return operation(tx, "shop", person(tx, key), tag, self.by)


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES)
    simulation.register("anna@example.com", days_ago=90)
    simulation.place_order(customer=1, days_ago=5)
    simulation.settle()
    return simulation


@pytest.fixture
def team(sim):
    return Team(sim)


def written_tags(sim):
    """Return the tags of each write to the customer in the last pass."""
    return [
        meta["value"]
        for call in sim.writes
        if "customers" in call.path
        for row in call.json["update"]
        for meta in row["meta_data"]
        if meta["key"] == "wcflow_tags"
    ]


def test_an_added_tag_is_written_once_to_the_customer_and_their_latest_order(sim, team):
    team.add("Gold")
    sim.run_pass()
    assert ["Gold, Registered"] == written_tags(sim)
    assert {"Gold", "Registered"} == sim.customer_tags(1) == sim.tags(1 + 1)
    for _ in range(2):
        sim.nightly()
        sim.advance(days=1)
        sim.run_pass()
        assert [] == written_tags(sim)
    assert {"Gold", "Registered"} == sim.customer_tags(1)


def test_an_added_tag_counts_in_rules_and_starts_workflows(sim, team):
    team.add("Wholesale")
    sim.settle()
    assert {"Wholesale", "B2B", "Greeted", "Registered"} == sim.customer_tags(1)


def test_a_tag_of_a_guest_is_on_their_latest_order_and_moves_to_the_next(sim, team):
    first = sim.place_order(email="guest@example.com")
    sim.settle()
    team.add("Gold", "g:guest@example.com")
    sim.settle()
    assert {"Gold"} == sim.tags(first)
    second = sim.place_order(email="guest@example.com")
    sim.settle()
    assert {"Gold"} == sim.tags(second)


@pytest.mark.parametrize("took_effect", [True, False])
def test_an_added_tag_survives_a_write_without_a_response(sim, team, took_effect):
    team.add("Gold")
    sync_unanswered(sim, effect=took_effect)
    sim.settle()
    assert {"Gold", "Registered"} == sim.customer_tags(1)
    team.remove("Gold")
    sim.settle()
    assert {"Registered"} == sim.customer_tags(1)


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_tag_that_is_removed_before_its_lost_write_is_known_does_not_come_back(
    sim, team, took_effect
):
    team.add("Gold")
    sync_unanswered(sim, effect=took_effect)
    team.remove("Gold")
    for _ in range(2):
        sim.settle()
        sim.nightly()
        sim.advance(days=1)
    assert {"Registered"} == sim.customer_tags(1)


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_removed_tag_of_a_rule_stays_away_after_a_write_without_a_response(
    sim, team, took_effect
):
    team.remove("Registered")
    sync_unanswered(sim, effect=took_effect)
    sim.settle()
    assert frozenset() == sim.customer_tags(1)
    team.add("Registered")
    sim.settle()
    assert {"Registered"} == sim.customer_tags(1)


def test_a_change_in_the_store_at_the_same_moment_is_kept(sim, team):
    team.add("Gold")
    sim.sandbox.edit_customer_meta(1, "wcflow_tags", "Registered, Silver", now=sim.now)
    sim.settle()
    assert {"Gold", "Silver", "Registered"} == sim.customer_tags(1)
    team.remove("Gold")
    sim.sandbox.edit_customer_meta(1, "wcflow_tags", "Gold, Registered", now=sim.now)
    sim.settle()
    assert {"Registered"} == sim.customer_tags(1)


def test_a_tag_that_someone_removed_in_the_store_before_can_be_added_again(sim, team):
    """Also if the poll has read that already, and no evaluation has used it."""
    team.add("Gold")
    sim.settle()
    sim.sandbox.edit_order_meta(2, "wcflow_tags", "Registered", now=sim.now)
    with sim.context() as context:
        from wcflow import sync

        sync.poll_store(context)
    team.remove("Gold")
    team.add("Gold")
    sim.settle()
    assert {"Gold", "Registered"} == sim.customer_tags(1) == sim.tags(2)


@pytest.mark.parametrize("during", ["add", "remove"])
def test_a_tag_that_is_changed_during_a_request_is_not_lost(sim, team, during):
    """Delivery reads a person before its request, and saves what was written after it."""
    if during == "remove":
        team.add("Gold")
        sim.settle()
    team.add("Silver")
    answer = sim.faults.answer

    def answer_while_the_team_works(request, now):
        if request.method == "POST" and "customers" in request.path:
            sim.faults.answer = answer
            getattr(team, during)("Gold")
        return answer(request, now)

    sim.faults.answer = answer_while_the_team_works
    sim.settle()
    gold = {"Gold"} if during == "add" else set()
    assert gold | {"Silver", "Registered"} == sim.customer_tags(1) == sim.tags(2)


def test_an_undo_restores_how_a_tag_was_known(sim, team):
    removed = team.remove("Registered")
    sim.settle()
    team.undo(removed.edit)
    sim.settle()
    assert {"Registered"} == sim.customer_tags(1)
    assert frozenset() == sim.memory("c1").added_by_hand
    added = team.add("Gold")
    sim.settle()
    team.undo(added.edit)
    sim.settle()
    assert {"Registered"} == sim.customer_tags(1)


def test_a_tag_stays_with_a_guest_who_registers(sim, team):
    sim.place_order(email="guest@example.com")
    sim.settle()
    team.add("Gold", "g:guest@example.com")
    account = sim.register("guest@example.com")
    sim.settle()
    assert {"Gold", "Registered"} == sim.customer_tags(account)


def sync_unanswered(sim, *, effect):
    """Run a pass in which the first write of tags gets no response; then wait for the retry."""
    sim.faults.time_out(effect=effect, only="POST /wc/v3/*/batch")
    with pytest.raises(StoreError):
        sim.run_pass(approve=False, check_store=False)
    sim.faults.recover()
    sim.advance(minutes=11)


def test_a_tag_is_written_even_if_an_earlier_write_has_failed_for_good(sim, team):
    team.add("Gold")
    sim.faults.fail_with(status=400, only="*/wc/v3/customers/*", times=9)
    sim.run_pass()
    sim.faults.recover()
    assert "failed" in {each.state for each in sim.outbox()}
    team.add("Silver")
    sim.settle()
    assert {"Gold", "Silver", "Registered"} == sim.customer_tags(1)
