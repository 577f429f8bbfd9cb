"""A new action is one module: everything that lists or runs actions knows it without more."""

from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine, run_wcflow
from tests.simulation import Simulation
from tests.toy_action import Pager, registered, unregister
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
from wcflow.database.outbox import record_outcome

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
[workflow welcome]
trigger = order_paid
do = add_note Welcome
"""


@pytest.fixture(autouse=True)
def toy():
    with registered():
        yield


@pytest.fixture
def desk(tmp_path):
    made = CommandLine(tmp_path, RULES)
    yield made
    made.sim.db.close()


def bought(desk):
    """Return the desk's wcflow after it has planned a page."""
    desk.run("sync", "--approve")
    desk.sim.now = datetime.now(UTC)
    desk.sim.place_order(email="anna@example.com")
    return desk.run("plan")


def test_check_shows_its_step_and_its_section(desk):
    out = desk.run("check").out
    assert "page desk {{ email }} bought (it beeps)" in out
    assert "pager with the number 555" in out


def test_reference_lists_its_step_and_its_keys():
    out = run_wcflow("reference", "--markdown").out
    assert "| `page NAME TEXT` | send a page through [pager NAME] |" in out
    assert "| `number` | number | the number to call | `555` |" in out


def test_plan_shows_its_entries(desk):
    out = bought(desk).out
    assert "1 page" in out
    assert "to 555: anna@example.com bought" in out


def test_explain_shows_its_entries(desk):
    bought(desk)
    assert "page: to 555: anna@example.com bought" in desk.run("explain", "anna@example.com").out


def test_the_outbox_lists_and_shows_its_entries(desk):
    bought(desk)
    listed = next(line for line in desk.run("outbox", "list").lines if "page: to 555" in line)
    shown = desk.run("outbox", "show", listed.split()[0]).out
    assert "to 555: anna@example.com bought" in shown


def test_a_misspelt_step_is_recognized(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'page'"):
        Simulation(tmp_path, RULES.replace("    page desk", "    pag desk"))


def test_its_section_is_checked(tmp_path):
    with pytest.raises(ConfigError, match="a real number"):
        Simulation(tmp_path, RULES.replace("555", "000"))


def test_a_section_that_no_step_uses_is_remarked_on(tmp_path):
    sim = Simulation(tmp_path, RULES + "\n[pager other]\nnumber = 777\n")
    assert ["no workflow uses this pager"] == [each.text for each in sim.config.warnings]


def test_the_digest_depends_on_its_section(tmp_path):
    sim = Simulation(tmp_path, RULES)
    before = sim.config.rules.digest
    sim.write_rules(RULES.replace("555", "556"))
    assert before != load_config(tmp_path / "wcflow.ini", {}).rules.digest


def test_it_is_delivered_once_and_later_steps_know_what_it_made(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    order = sim.pages_after_a_purchase(pager)
    assert ["anna@example.com bought"] == pager.sent
    assert ["Paged 555"] == sim.notes(order)


def test_it_is_retried_until_it_succeeds(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    pager.is_down()
    sim.pages_after_a_purchase(pager)
    assert [] == pager.sent
    pager.recovers()
    sim.advance(minutes=2)
    sim.run_pass(channels={"pager": pager})
    assert ["anna@example.com bought"] == pager.sent


def test_an_error_that_is_not_retried_makes_it_fail(tmp_path):
    sim, pager = Simulation(tmp_path, RULES), Pager()
    pager.rejects()
    order = sim.pages_after_a_purchase(pager)
    states = {each.kind: each.state for each in sim.outbox() if each.run_id}
    assert {"page": "failed", "note": "cancelled"} == states
    assert [] == sim.notes(order)


# An action that was removed from wcflow, as after a downgrade.


@pytest.fixture
def removed(desk):
    """Return the command line after a page was planned and its action removed."""
    bought(desk)
    unregister()
    desk.config.write_text(desk.config.read_text().replace(RULES, OTHER_RULES))
    return desk


def sync(desk):
    assert 0 == desk.run("sync", "--approve").code


@pytest.mark.parametrize("deliver", [True, False])
@pytest.mark.parametrize("words", [("outbox", "list"), ("plan",), ("explain", "anna@example.com")])
def test_commands_show_a_change_of_a_removed_action(removed, words, deliver):
    if deliver:
        sync(removed)
    ran = removed.run(*words)
    assert (0, True) == (
        ran.code,
        "this version of wcflow does not know this" in " ".join(ran.out.split()),
    )


def test_status_lists_a_failed_change_of_a_removed_action(removed):
    (entry,) = [each for each in removed.sim.outbox() if each.kind == "page"]
    with removed.sim.db.transaction() as tx:
        record_outcome(tx, entry.id, "failed", "the pager rejects this text", removed.sim.now)
    ran = removed.run("status")
    assert (1, True) == (ran.code, "the pager rejects this text" in ran.out)


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
    sim.write_rules(OTHER_RULES.replace("welcome", "alarm"))
    sim.advance(days=2)
    sim.run_pass()
    (run,) = [each for each in sim.runs("g:anna@example.com") if each.workflow == "alarm"]
    assert ("ended", True) == (run.state, "page" in run.reason)
