"""A bug in the evaluation of one person is reported, and affects no other person."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.simulation import Simulation
from wcflow.cli.status import load_status, print_status
from wcflow.database.quarantine import load_quarantine
from wcflow.rules.conditions import Condition

RULES = "[segment Buyer]\nwhen = orders_count > 0\n"
ANNA, BEN = "anna@example.com", "ben@example.com"


@dataclass(frozen=True)
class FailingCondition:
    """A condition that raises for one person."""

    condition: Condition

    @property
    def canonical(self):
        return self.condition.canonical

    def evaluate(self, context):
        if context.profile.email == ANNA:
            raise ArithmeticError(f"no answer for {ANNA}")
        return self.condition.evaluate(context)

    def answer(self, context):
        return self.condition.answer(context)


@pytest.fixture
def sim(tmp_path):
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    return sim


def break_rules(sim):
    (segment,) = sim.config.rules.segments
    rules = replace(
        sim.config.rules, segments=(replace(segment, when=FailingCondition(segment.when)),)
    )
    sim.config = replace(sim.config, rules=rules)


def repair_rules(sim):
    sim.write_rules(RULES)


def test_all_other_people_are_evaluated(sim):
    break_rules(sim)
    anna, ben = sim.place_order(email=ANNA), sim.place_order(email=BEN)
    sim.settle()
    assert [set(), {"Buyer"}] == [sim.tags(anna), sim.tags(ben)]


def test_status_reports_the_failure_without_personal_data(sim, capsys):
    break_rules(sim)
    anna = sim.place_order(email=ANNA)
    sim.settle()
    (settings,) = sim.config.stores
    with sim.db.reading() as tx:
        status = load_status(tx, sim.config, settings, sim.now, timedelta(hours=1))
    capsys.readouterr()
    print_status(status, sim.now)
    output = " ".join(capsys.readouterr().out.split())
    assert f"customer of order {anna}" in output
    assert "ArithmeticError" in output
    assert "1 customer cannot be evaluated. wcflow tries again every day." in output
    assert (
        "Needs attention: 1 customer cannot be evaluated because of a bug in wcflow (see the log)."
        in output
    )
    assert "could not be read" not in output
    assert ANNA not in output


def test_the_log_has_the_person_and_the_error(sim):
    break_rules(sim)
    anna = sim.place_order(email=ANNA)
    with capture_logs() as lines:
        sim.run_pass()
    logged = [line for line in lines if line["event"] == "customer skipped after an internal error"]
    assert [f"person of order {anna}"] == [line["record"] for line in logged]
    assert isinstance(logged[0]["exc_info"], ArithmeticError)


def test_a_person_whose_evaluation_failed_is_evaluated_again_a_day_later(sim):
    break_rules(sim)
    anna = sim.place_order(email=ANNA)
    sim.settle()
    repair_rules(sim)
    sim.settle()
    assert set() == sim.tags(anna)
    sim.advance(days=1)
    sim.settle()
    assert {"Buyer"} == sim.tags(anna)
    with sim.db.reading() as tx:
        assert [] == load_quarantine(tx, "shop")


def test_a_new_order_causes_another_evaluation_before_the_day_is_over(sim):
    break_rules(sim)
    sim.place_order(email=ANNA)
    sim.settle()
    repair_rules(sim)
    second = sim.place_order(email=ANNA)
    sim.settle()
    assert {"Buyer"} == sim.tags(second)
