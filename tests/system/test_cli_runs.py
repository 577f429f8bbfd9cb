"""``wcflow workflow runs``, ``show``, ``stop``, ``pause`` and ``resume``."""

import json
from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine

RULES = """
[workflow welcome]
trigger = order_paid
do =
    add_tag New
    create_coupon thanks
    add_note Your code is {{ coupon.code }}
    wait 2d
    add_note Two days

[coupon thanks]
type = percent
amount = 10
"""


@pytest.fixture
def cli(tmp_path):
    """Anna has ordered; her run waits for its last step."""
    command_line = CommandLine(tmp_path, RULES)
    assert 0 == command_line.run("sync").code
    command_line.sim.now = datetime.now(UTC).replace(microsecond=0)  # after the initial import
    command_line.order = command_line.sim.place_order(email="anna@example.com")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def test_runs_are_listed_with_their_next_step(cli):
    shown = cli.run("workflow", "runs")
    assert (0, 3) == (shown.code, len(shown.lines))
    assert "shop: 1 run (times are " in shown.lines[0]
    row = shown.lines[2]
    assert row.startswith("  1  welcome   anna@example.com  order ")
    assert "waiting  step 5, add_note Two days, on 20" in row
    assert 1 == len(cli.run("workflow", "runs", "welcome", "--state", "done").lines)
    (found,) = json.loads(cli.run("workflow", "runs", "--json").out)["shop"]
    assert (1, "waiting", False, "5") == (
        found["id"],
        found["state"],
        found["paused"],
        found["next_step"],
    )


def test_a_run_is_shown_with_its_steps_and_changes(cli):
    shown = cli.run("workflow", "show", 1)
    assert 0 == shown.code
    assert "guest" in shown.out
    steps = [line.split() for line in shown.lines[shown.lines.index("Steps") + 2 :][:5]]
    assert ["1", "add_tag", "New", "done"] == steps[0]
    assert ["done", "done", "waiting"] == [step[-1] for step in steps[1:4]]
    assert ["5", "add_note", "Two", "days", "on"] == steps[4][:5]
    found = json.loads(cli.run("workflow", "show", 1, "--json").out)
    assert ["coupon", "note"] == [each["kind"] for each in found["changes"]]
    assert 5 == len(found["steps"])


BRANCHES = """
[workflow branches]
trigger = order_paid
do =
    if order.total >= 50
        wait until orders_count >= 2 for at most 7d
        add_note big
    else
        add_note small
    end
"""


def test_a_run_shows_its_branches_with_the_side_that_was_taken_and_why(tmp_path):
    cli = CommandLine(tmp_path, BRANCHES)
    cli.run("sync")
    cli.sim.now = datetime.now(UTC).replace(microsecond=0)
    cli.sim.place_order(email="anna@example.com")
    cli.run("sync", "--approve")
    shown = cli.run("workflow", "show", 1)
    rows = [line.split() for line in shown.lines[shown.lines.index("Steps") + 2 :]]
    assert [
        "1",
        "if",
        "order.total",
        ">=",
        "50",
        "yes:",
        "order.total",
        "100.00",
        ">=",
        "50",
    ] == rows[0]
    assert ["1.then.1", "wait", "until"] == rows[1][:3]
    assert [["else"], ["1.else.1", "add_note", "small", "not", "taken"], ["end"]] == rows[3:6]
    assert "for at most 7d: at the latest on 20" in cli.run("workflow", "runs").out
    found = json.loads(cli.run("workflow", "show", 1, "--json").out)["branches_and_waits"]
    first = {"step": "1", "side": "then", "why": "order.total 100.00 >= 50"}
    assert (first, "1.then.1", {"step", "until"}) == (found[0], found[1]["step"], {*found[1]})
    explained = cli.run("explain", "anna@example.com").out
    assert "step 1, if order.total >= 50: yes: order.total 100.00 >= 50" in explained
    assert "next step 1.then.1, wait until orders_count >= 2 for at most 7d: at the" in explained
    cli.sim.db.close()


def test_an_unknown_run_or_workflow_is_an_error_with_advice(cli):
    assert (2, "wcflow: there is no run 9") == _first(cli.run("workflow", "show", 9))
    assert (2, "wcflow: there is no run 9") == _first(cli.run("workflow", "stop", 9))
    unknown = cli.run("workflow", "pause", "welcom")
    assert (2, "wcflow: there is no [workflow welcom] in the configuration") == _first(unknown)
    assert "welcome" in unknown.err.splitlines()[1]


def _first(ran):
    return ran.code, ran.err.splitlines()[0]


def test_a_run_is_stopped(cli):
    assert "Run 1 of welcome stopped, 0 changes cancelled.\n" == cli.run("workflow", "stop", 1).out
    assert (
        "Run 1 of welcome has already ended: stopped by hand.\n"
        == cli.run("workflow", "stop", 1).out
    )
    assert "stopped by hand" in cli.run("workflow", "runs").out


def test_a_pause_is_shown_wherever_an_admin_looks(cli):
    paused = cli.run("workflow", "pause", "welcome").out
    assert "shop: welcome paused; 1 run waits.\n" == paused.partition("Events")[0]
    assert "welcome is paused already" in cli.run("workflow", "pause", "welcome").out
    assert "live, paused" in cli.run("workflow", "list").out
    assert " paused " in cli.run("workflow", "runs").out
    assert "(paused since 20" in cli.run("workflow", "show", 1).out
    status = cli.run("status")
    assert "welcome paused" in status.out
    assert "1 run waits" in status.out
    found = json.loads(cli.run("status", "--json").out)["shop"]["paused"]["welcome"]
    assert ({"since", "runs", "changes"}, 1) == ({*found}, found["runs"])
    assert "paused" in cli.run("explain", "anna@example.com").out
    assert "workflow welcome is paused since 20" in cli.run("doctor").out


def test_the_plan_leaves_out_what_waits_for_the_end_of_a_pause(cli):
    cli.sim.now = datetime.now(UTC).replace(microsecond=0)
    cli.sim.place_order(email="ben@example.com")
    assert "note" in cli.run("plan").out
    cli.run("workflow", "pause", "welcome")
    shown = cli.run("plan").out
    assert "Your code is" not in shown
    assert "The workflow welcome is paused: 2 runs and 2 changes wait." in shown


def test_a_paused_workflow_is_resumed_by_command_and_not_run_before(cli):
    cli.run("workflow", "pause", "welcome")
    refused = cli.run("workflow", "run", "welcome", "--yes")
    assert (2, "wcflow: [workflow welcome] is paused") == _first(refused)
    resumed = cli.run("workflow", "resume", "welcome").out
    assert "shop: welcome resumed; 1 run continues.\n" == resumed
    assert "welcome is not paused." in cli.run("workflow", "resume", "welcome").out
    assert "paused" not in cli.run("workflow", "list").out
