"""Steps that change wcflow's own tables: once, with the run that leads to them, and in the outbox."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow import sync
from wcflow.database.groups import load_groups
from wcflow.database.identity import move_identity
from wcflow.database.tasks import load_tasks

RULES = """
[workflow wholesale]
trigger = order_paid
do =
    add_to_group Wholesale
    create_task Call {{ email }} about what is due assign to nobody assign to sam@shop.example due 2d
    notify_agent {{ email }} ordered

[segment Wholesale Customer]
when = groups contains 'Wholesale'
"""
ANNA = "g:anna@example.com"


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES)
    simulation.run_pass()
    simulation.advance(hours=1)
    yield simulation
    simulation.db.close()


def groups_of(sim, key):
    with sim.db.reading() as tx:
        number = person(tx, key)
        return sorted(load_groups(tx, "shop", [number]).get(number, ()))


def tasks(sim):
    with sim.db.reading() as tx:
        return load_tasks(tx, "shop", states=("open", "done"))


def recorded(sim):
    return [
        (each.kind, each.state, each.outcome)
        for each in sim.outbox()
        if each.kind in ("group_change", "new_task", "agent_notice")
    ]


DONE = [
    ("group_change", "done", "added to the group Wholesale"),
    ("new_task", "done", "task 1"),
    ("agent_notice", "done", "notice 2"),
]


def test_a_step_is_recorded_with_its_run_and_shown_as_done(sim):
    sim.place_order(email="anna@example.com")
    sim.run_pass()
    assert (DONE, ["Wholesale"]) == (recorded(sim), groups_of(sim, ANNA))
    assert [
        (
            "task",
            "Call anna@example.com about what is due assign to nobody",
            "sam@shop.example",
            2,
        ),
        ("notice", "anna@example.com ordered", "", None),
    ] == [
        (each.kind, each.text, each.assignee, each.due_at and (each.due_at - sim.now).days)
        for each in tasks(sim)
    ]


def test_a_group_that_a_step_changed_is_seen_by_segments_in_the_same_pass(sim):
    order = sim.place_order(email="anna@example.com")
    sim.run_pass()
    assert "Wholesale Customer" in sim.tags(order)


def test_recorded_steps_neither_wait_for_approval_nor_count_as_changes_to_write(tmp_path):
    sim = Simulation(tmp_path, f"{RULES}[tag Buyer]\nwhen = orders_count >= 1\n")
    sim.place_order(email="ben@example.com", days_ago=9)
    sim.run_pass(approve=False)
    sim.advance(hours=1)
    sim.place_order(email="anna@example.com")
    result = sim.run_pass(approve=False)
    assert DONE == recorded(sim)
    assert "the first 2 changes wait for your approval" == result.delivered.held


@pytest.mark.parametrize("setting", ["mode = dry_run", "write = no"])
def test_a_dry_run_records_nothing(tmp_path, setting):
    store = setting if setting == "write = no" else ""
    rules = RULES if store else RULES.replace("do =", f"{setting}\ndo =")
    sim = Simulation(tmp_path, rules, store=store)
    sim.run_pass(write=False)
    sim.advance(hours=1)
    sim.place_order(email="anna@example.com")
    sim.run_pass(write=False)
    assert (["dry_run"] * 3, [], []) == (
        [state for _, state, _ in recorded(sim)],
        groups_of(sim, ANNA),
        tasks(sim),
    )


def test_after_a_crash_a_step_is_recorded_once(tmp_path):
    for steps in range(1, 40):
        folder = tmp_path / str(steps)
        folder.mkdir()
        sim = Simulation(folder, RULES)
        sim.run_pass()
        sim.advance(hours=1)
        sim.place_order(email="anna@example.com")
        crashed = False
        with sim.crash_after(steps) as context:
            try:
                sync.sync_once(context)
            except BaseException as error:  # noqa: BLE001  the simulated kill
                crashed = "Crash" in type(error).__name__
        sim.reopen_database()
        sim.advance(minutes=15)
        sim.run_pass()
        assert (2, ["Wholesale"]) == (len(tasks(sim)), groups_of(sim, ANNA))
        sim.db.close()
        if not crashed:
            return
    pytest.fail("every pass crashed")


def test_a_merged_person_is_in_both_groups_and_keeps_the_tasks(sim):
    sim.place_order(email="anna@example.com")
    sim.place_order(email="ben@example.com")
    sim.run_pass()
    with sim.db.transaction() as tx:
        move_identity(tx, "shop", ANNA, "g:ben@example.com", "ben@example.com")
    assert ["Wholesale"] == groups_of(sim, "g:ben@example.com")
    with sim.db.reading() as tx:
        assert 4 == len(load_tasks(tx, "shop", person=person(tx, "g:ben@example.com")))


def test_a_customer_leaves_a_group_by_a_step(tmp_path):
    rules = RULES.replace("trigger = order_paid", "trigger = order_paid\nwhen = order.nth = 1")
    leave = "\n[workflow leave]\ntrigger = order_paid\nwhen = order.nth = 2\ndo = remove_from_group wholesale\n"
    sim = Simulation(tmp_path, rules + leave)
    sim.run_pass()
    for _ in range(2):
        sim.advance(hours=1)
        sim.place_order(email="anna@example.com")
        sim.run_pass()
    assert [] == groups_of(sim, ANNA)
    assert "removed from the group Wholesale" == sim.outbox()[-1].outcome or any(
        each.outcome == "removed from the group Wholesale" for each in sim.outbox()
    )
