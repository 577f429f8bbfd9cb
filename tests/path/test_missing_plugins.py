"""A workflow that needs a plugin says so where the store does not have it, and works where it does."""

from dataclasses import replace

import pytest

from tests.command_line import CommandLine, run_wcflow
from tests.persons import person
from tests.simulation import Simulation
from wcflow.database.events import save_events
from wcflow.rules.event_kinds import PRODUCT_VIEWED

RULES = """
[workflow look]
trigger = product_viewed 2 times within 7d
do = add_note Still looking?
"""


@pytest.mark.parametrize(("plugins", "expected"), [((), False), (("companion",), True)])
def test_the_database_knows_whether_the_store_has_the_companion_plugin(tmp_path, plugins, expected):
    sim = Simulation(tmp_path, RULES, plugins=plugins)
    sim.run_pass()

    assert (expected, False) == (sim.row().has_companion, sim.row().has_subscriptions)


def test_views_start_a_workflow_once(tmp_path):
    sim = Simulation(tmp_path, RULES, plugins=("companion",))
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    for count in range(5):
        sim.advance(hours=1)
        with sim.db.transaction() as tx:
            one = person(tx, "g:anna@example.com")
            view = PRODUCT_VIEWED.make(f"view {count}", sim.now, "plugin", product_id=5)
            save_events(tx, "shop", {one: [view]})
        sim.run_pass()

    assert ["Still looking?"] == sim.notes(order)


def test_check_warns_of_a_workflow_that_never_starts(tmp_path):
    sim = Simulation(tmp_path, RULES)
    sim.run_pass()

    found = run_wcflow("check", "--config", tmp_path / "wcflow.ini")
    words = " ".join((found.out + found.err).split())
    assert found.code == 0
    assert "[workflow look] never starts: only the wcflow companion plugin" in words
    assert "Install and activate the wcflow companion plugin" in words


def test_doctor_calls_a_workflow_that_never_starts_a_problem(tmp_path):
    line = CommandLine(tmp_path, RULES)
    line.run("sync", "--approve")

    ran = line.run("doctor")
    words = " ".join(ran.out.split())
    assert 1 == ran.code
    assert "[workflow look] never starts" in words
    line.sandbox.state.settings = replace(
        line.sandbox.state.settings, plugins=frozenset({"companion", "subscriptions"})
    )
    ran = line.run("doctor")
    assert "WooCommerce Subscriptions: 0 subscriptions" in ran.out
    assert (0, False) == (ran.code, "never starts" in ran.out)


def test_explain_says_that_a_workflow_never_starts(tmp_path):
    line = CommandLine(tmp_path, RULES)
    line.sim.place_order(email="anna@example.com", days_ago=1)
    line.run("sync", "--approve")

    words = " ".join(line.run("explain", "anna@example.com").out.split())
    assert "never starts: the store does not have the wcflow companion plugin" in words
