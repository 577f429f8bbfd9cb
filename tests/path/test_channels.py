"""Each channel has its own queue and its own hold: no channel stops another."""

import pytest

from tests.simulation import Simulation
from tests.toy_action import Pager, registered
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.stores import save_store
from wcflow.errors import StoreError
from wcflow.outbox.limits import approve
from wcflow.sync import deliver_without_store

RULES = """
[workflow alarm]
trigger = order_paid
do = page desk {{ email }} bought

[workflow welcome]
trigger = order_paid
do = add_note Welcome, {{ email }}

[pager desk]
number = 555
"""


@pytest.fixture(autouse=True)
def toy():
    with registered():
        yield


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES)
    simulation.settle()
    simulation.advance(hours=1)
    return simulation


def test_a_channel_that_is_down_does_not_stop_the_store(sim):
    pager = Pager()
    pager.is_down()
    order = sim.pages_after_a_purchase(pager)
    assert (["Welcome, anna@example.com"], []) == (sim.notes(order), pager.sent)


def test_a_store_that_refuses_writes_does_not_stop_another_channel(sim):
    pager = Pager()
    order = sim.place_order(email="anna@example.com")
    sim.faults.time_out(effect=False, only="POST /wc/v3/orders/*/notes", times=9)
    with pytest.raises(StoreError):
        sim.run_pass(channels={"pager": pager})
    assert ([], ["anna@example.com bought"]) == (sim.notes(order), pager.sent)


@pytest.fixture
def outage(sim):
    """Return the pager of a simulation with a page and a note in the outbox, and a broken poll."""
    sim.place_order(email="anna@example.com")
    sim.run_pass(approve=False, write=False)
    sim.faults.refuse_connections(only="GET /wc/v3/orders", times=None)
    return Pager()


def test_a_store_that_cannot_be_polled_does_not_stop_another_channel(sim, outage):
    with pytest.raises(StoreError):
        sim.run_pass(check_store=False, approve=False, channels={"pager": outage})
    assert ["anna@example.com bought"] == outage.sent


def test_a_store_that_cannot_be_polled_gets_no_writes(sim, outage):
    with pytest.raises(StoreError):
        sim.run_pass(check_store=False, approve=False, channels={"pager": outage})
    assert [] == sim.writes
    assert {"note": "due", "page": "done"} == {
        each.kind: each.state for each in sim.outbox() if each.run_id
    }


def test_a_sync_without_writing_delivers_nothing_during_an_outage(sim, outage):
    with pytest.raises(StoreError):
        sim.run_pass(check_store=False, approve=False, write=False, channels={"pager": outage})
    assert [] == outage.sent


def test_other_channels_are_delivered_if_the_daemon_starts_during_an_outage(sim, outage):
    with sim.context(channels={"pager": outage}) as context:
        deliver_without_store(context)
    assert ["anna@example.com bought"] == outage.sent


def test_other_channels_wait_during_an_outage_if_the_clocks_disagreed(sim, outage):
    with sim.db.transaction() as tx:
        save_store(tx, "shop", clock_here=2, clock_store=1)
    with pytest.raises(StoreError):
        sim.run_pass(check_store=False, approve=False, channels={"pager": outage})
    assert [] == outage.sent


def test_an_unfinished_evaluation_delivers_nothing_unapproved_during_an_outage(sim, outage):
    """The write limit has to see all changes of the evaluation together."""
    with sim.db.transaction() as tx:
        start_full_evaluation(tx, "shop")
    with pytest.raises(StoreError):
        sim.run_pass(check_store=False, approve=False, channels={"pager": outage})
    assert [] == outage.sent
    approve_waiting(sim)
    with pytest.raises(StoreError):
        sim.run_pass(check_store=False, approve=False, channels={"pager": outage})
    assert ["anna@example.com bought"] == outage.sent


def test_nothing_is_delivered_for_a_store_that_was_never_reached(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    with sim.context(channels={"pager": pager}) as context:
        deliver_without_store(context)
    assert ([], None) == (pager.sent, sim.row())


def test_each_channel_has_its_own_limit(tmp_path):
    """Two notes per order are above the limit, one page is not."""
    rules = RULES.replace("do = add_note", "do =\n    add_note Hello\n    add_note")
    sim, pager = Simulation(tmp_path, rules, wcflow="max_writes = 1"), Pager()
    sim.run_pass(channels={"pager": pager})
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    sim.change_settings(order_tags="none")
    sim.run_pass(approve=False, channels={"pager": pager})
    assert ([], ["anna@example.com bought"]) == (sim.notes(order), pager.sent)


def first_purchase(tmp_path):
    """Return a simulation in which the first changes of both channels wait for approval."""
    sim = Simulation(tmp_path, RULES)
    sim.run_pass(approve=False, write=False)
    sim.advance(hours=1)
    return sim, Pager(), sim.place_order(email="anna@example.com")


def approve_waiting(sim, channel=""):
    with sim.db.transaction() as tx:
        return approve(tx, sim.row(), channel)


def test_the_first_changes_of_every_channel_wait_for_approval(tmp_path):
    sim, pager, order = first_purchase(tmp_path)
    sim.run_pass(approve=False, channels={"pager": pager})
    assert ([], []) == (sim.notes(order), pager.sent)


def test_an_approval_without_a_channel_approves_all_channels(tmp_path):
    sim, pager, order = first_purchase(tmp_path)
    sim.run_pass(approve=False, write=False)
    assert 2 == approve_waiting(sim)
    sim.run_pass(approve=False, channels={"pager": pager})
    assert (["Welcome, anna@example.com"], ["anna@example.com bought"]) == (
        sim.notes(order),
        pager.sent,
    )


def test_one_channel_can_be_approved_by_itself(tmp_path):
    sim, pager, order = first_purchase(tmp_path)
    sim.run_pass(approve=False, write=False)
    assert 1 == approve_waiting(sim, "pager")
    sim.run_pass(approve=False, channels={"pager": pager})
    assert ([], ["anna@example.com bought"]) == (sim.notes(order), pager.sent)
