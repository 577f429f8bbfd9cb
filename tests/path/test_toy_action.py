"""A new action is one module: every command lists and runs it without other changes."""

from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine, run_wcflow
from tests.simulation import Simulation
from tests.toy_action import Pager, registered, unregister
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
from wcflow.database.outcomes import end_entry

RULES = """
[workflow alarm]
trigger = order_paid
do =
    page desk {{ email }} bought
    add_note Paged {{ page.number }}

[pager desk]
number = 555
"""

OTHER_RULES = """
[workflow alarm]
trigger = order_paid
do = add_note Welcome
"""


@pytest.fixture(autouse=True)
def toy():
    with registered():
        yield


@pytest.fixture
def command_line(tmp_path):
    cli = CommandLine(tmp_path, RULES)
    yield cli
    cli.sim.db.close()


def plan_page(command_line):
    """Place an order that causes a page; return the output of plan."""
    command_line.run("sync", "--approve")
    command_line.sim.now = datetime.now(UTC)
    command_line.sim.place_order(email="anna@example.com")
    return command_line.run("plan")


def test_check_shows_the_step_and_the_section(command_line):
    out = command_line.run("check").out
    assert "page desk {{ email }} bought (it beeps)" in out
    assert "pager with the number 555" in out


def test_reference_lists_the_step_and_the_keys():
    out = run_wcflow("reference", "--markdown").out
    assert "| `page NAME TEXT` | send a page through [pager NAME] |" in out
    assert "| `number` | number | the number to call | `555` |" in out


def test_plan_shows_the_change(command_line):
    out = plan_page(command_line).out
    assert "1 page" in out
    assert "to 555: anna@example.com bought" in out


def test_explain_shows_the_change(command_line):
    plan_page(command_line)
    assert (
        "page: to 555: anna@example.com bought"
        in command_line.run("explain", "anna@example.com").out
    )


def test_outbox_lists_and_shows_the_change(command_line):
    plan_page(command_line)
    listed = next(
        line for line in command_line.run("outbox", "list").lines if "page: to 555" in line
    )
    shown = command_line.run("outbox", "show", listed.split()[0]).out
    assert "to 555: anna@example.com bought" in shown


def test_a_misspelled_step_gets_a_suggestion(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'page'"):
        Simulation(tmp_path, RULES.replace("    page desk", "    pag command_line"))


def test_the_keys_of_the_section_are_checked(tmp_path):
    with pytest.raises(ConfigError, match="a real number"):
        Simulation(tmp_path, RULES.replace("555", "000"))


def test_a_section_that_no_step_uses_is_a_warning(tmp_path):
    sim = Simulation(tmp_path, RULES + "\n[pager other]\nnumber = 777\n")
    assert ["no workflow uses this pager"] == [each.text for each in sim.config.warnings]


def test_the_digest_depends_on_the_section(tmp_path):
    sim = Simulation(tmp_path, RULES)
    before = sim.config.rules.digest
    sim.write_rules(RULES.replace("555", "556"))
    assert before != load_config(tmp_path / "wcflow.ini", {}).rules.digest


def test_the_action_is_delivered_once_and_later_steps_can_use_its_variables(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    order = sim.pages_after_a_purchase(pager)
    assert ["anna@example.com bought"] == pager.sent
    assert ["Paged 555"] == sim.notes(order)


def test_the_action_is_retried_until_it_succeeds(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    pager.is_down()
    sim.pages_after_a_purchase(pager)
    assert [] == pager.sent
    pager.recovers()
    sim.advance(minutes=6)
    sim.run_pass(channels={"pager": pager})
    assert ["anna@example.com bought"] == pager.sent


def test_a_permanent_error_makes_the_action_fail_and_cancels_later_steps(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    pager.rejects()
    order = sim.pages_after_a_purchase(pager)
    states = {each.kind: each.state for each in sim.outbox() if each.run_id}
    assert {"page": "failed", "note": "cancelled"} == states
    assert [] == sim.notes(order)


def test_a_bug_with_one_change_does_not_stop_the_others_and_it_is_tried_again(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    pager.has_a_bug("anna")
    order = sim.pages_after_a_purchase(pager)
    sim.place_order(email="ben@example.com")
    for _ in range(2):
        sim.run_pass(channels={"pager": pager})
    assert ["ben@example.com bought"] == pager.sent
    (page,) = [each for each in sim.outbox(states=["due"]) if each.kind == "page"]
    assert "internal error: KeyError (text hidden: it could contain customer data)" == page.outcome
    pager.has_a_bug(None)
    sim.advance(minutes=5)
    for _ in range(2):
        sim.run_pass(channels={"pager": pager})
    assert (2, ["Paged 555"]) == (len(pager.sent), sim.notes(order))


# An action that was removed from wcflow, as after a downgrade.


@pytest.fixture
def removed(command_line):
    """Return the command line after a page was planned and its action removed."""
    plan_page(command_line)
    unregister()
    command_line.config.write_text(command_line.config.read_text().replace(RULES, OTHER_RULES))
    return command_line


def sync(command_line):
    assert 0 == command_line.run("sync", "--approve").code


@pytest.mark.parametrize("deliver", [True, False])
@pytest.mark.parametrize(
    "command", [("outbox", "list"), ("plan",), ("explain", "anna@example.com")]
)
def test_commands_show_a_change_of_a_removed_action(removed, command, deliver):
    if deliver:
        sync(removed)
    result = removed.run(*command)
    assert (0, True) == (
        result.code,
        "this version of wcflow does not know this" in " ".join(result.out.split()),
    )


def test_status_lists_a_failed_change_of_a_removed_action(removed):
    (entry,) = [each for each in removed.sim.outbox() if each.kind == "page"]
    with removed.sim.db.transaction() as tx:
        end_entry(tx, entry, "failed", "the pager rejects this text", removed.sim.now)
    result = removed.run("status")
    assert (1, True) == (result.code, "the pager rejects this text" in result.out)


def test_a_change_of_a_removed_action_can_be_shown_and_cancelled(removed):
    (entry,) = [each for each in removed.sim.outbox() if each.kind == "page"]
    assert "page" in removed.run("outbox", "show", str(entry.id)).out
    assert "1 change cancelled" in removed.run("outbox", "cancel", str(entry.id)).out


def test_a_change_of_a_removed_action_is_kept_while_others_are_delivered(removed):
    sync(removed)
    removed.sim.now = datetime.now(UTC)
    order = removed.sim.place_order(email="ben@example.com")
    sync(removed)
    assert ["Welcome"] == removed.sim.notes(order)
    assert ["due"] == [each.state for each in removed.sim.outbox() if each.kind == "page"]


def test_a_run_ends_at_the_step_of_a_removed_action(tmp_path):
    sim = Simulation(tmp_path, RULES.replace("do =\n", "do =\n    wait 1d\n"))
    sim.pages_after_a_purchase(Pager())
    unregister()
    sim.write_rules(OTHER_RULES)
    sim.advance(days=2)
    sim.run_pass()
    (run,) = [each for each in sim.runs("g:anna@example.com") if each.workflow == "alarm"]
    assert ("ended", True) == (run.state, "page" in run.reason)
