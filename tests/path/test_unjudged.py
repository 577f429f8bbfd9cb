"""A person over whom wcflow breaks down is put off, and told of; nobody else notices."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.world import World
from wcflow.cli.status import load_status, print_status
from wcflow.database.quarantine import quarantined_rows
from wcflow.rules.conditions import Condition

RULES = "[segment Buyer]\nwhen = orders_count > 0\n"
ANNA, BEN = "anna@example.com", "ben@example.com"


@dataclass(frozen=True)
class Brittle:
    """A condition that one person is too much for."""

    whole: Condition

    def evaluate(self, context):
        if context.profile.email == ANNA:
            raise ArithmeticError(f"nobody thought of {ANNA}")
        return self.whole.evaluate(context)

    def answer(self, context):
        return self.whole.answer(context)


@pytest.fixture
def world(tmp_path):
    w = World(tmp_path, RULES)
    w.settle()
    return w


def breaks(w):
    (segment,) = w.config.rules.segments
    rules = replace(w.config.rules, segments=(replace(segment, when=Brittle(segment.when)),))
    w.config = replace(w.config, rules=rules)


def is_mended(w):
    w.rules(RULES)


def test_all_others_are_judged(world):
    breaks(world)
    anna, ben = world.buys(email=ANNA), world.buys(email=BEN)
    world.settle()
    assert [set(), {"Buyer"}] == [world.tags(anna), world.tags(ben)]


def test_status_tells_of_it_and_names_nobody(world, capsys):
    breaks(world)
    anna = world.buys(email=ANNA)
    world.settle()
    (settings,) = world.config.stores
    with world.db.reading() as tx:
        seen = load_status(tx, settings, world.now, timedelta(hours=1), None)
    capsys.readouterr()
    print_status(seen, world.now)
    told = " ".join(capsys.readouterr().out.split())
    assert f"person of order {anna}" in told
    assert "ArithmeticError" in told
    assert "1 person cannot be judged; wcflow tries again each day." in told
    assert "Not well: 1 person cannot be judged, a bug in wcflow (the log tells where)." in told
    assert "cannot be understood" not in told
    assert ANNA not in told


def test_the_log_has_the_place_in_the_code(world):
    breaks(world)
    anna = world.buys(email=ANNA)
    with capture_logs() as lines:
        world.walk()
    told = [line for line in lines if line["event"] == "a person cannot be judged"]
    assert [f"person of order {anna}"] == [line["who"] for line in told]
    assert isinstance(told[0]["exc_info"], ArithmeticError)


def test_who_was_put_off_is_judged_a_day_later_and_not_before(world):
    breaks(world)
    anna = world.buys(email=ANNA)
    world.settle()
    is_mended(world)
    world.settle()
    assert set() == world.tags(anna)
    world.pass_(days=1)
    world.settle()
    assert {"Buyer"} == world.tags(anna)
    with world.db.reading() as tx:
        assert [] == quarantined_rows(tx, "shop")


def test_who_was_put_off_is_judged_at_once_where_something_happens(world):
    breaks(world)
    world.buys(email=ANNA)
    world.settle()
    is_mended(world)
    second = world.buys(email=ANNA)
    world.settle()
    assert {"Buyer"} == world.tags(second)
