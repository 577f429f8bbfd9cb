"""The store shows the segment of one group: ``lifecycle``, the only one, or the chosen one."""

import pytest

from tests.simulation import Simulation

TWO_GROUPS = """
[segment Regular]
group = lifecycle
when = orders_count >= 1
[segment Big]
group = size
when = total_spent >= 50
"""
ONE_GROUP = "[segment Big]\ngroup = size\nwhen = total_spent >= 50\n"
NO_LIFECYCLE = ONE_GROUP + "[segment German]\ngroup = place\nwhen = orders_count >= 1\n"


@pytest.mark.parametrize(
    ("rules", "chosen", "shown"),
    [
        (TWO_GROUPS, "", "Regular"),
        (TWO_GROUPS, "shown_group = size", "Big"),
        (ONE_GROUP, "", "Big"),
        (NO_LIFECYCLE, "", None),
        (NO_LIFECYCLE, "shown_group = place", "German"),
    ],
)
def test_the_store_shows_the_segment_of_this_group(tmp_path, rules, chosen, shown):
    sim = Simulation(tmp_path, rules, wcflow=chosen)
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert shown == sim.segment(order)


def test_another_shown_group_is_a_change_of_rules_that_is_held_and_then_written(tmp_path):
    sim = Simulation(tmp_path, TWO_GROUPS, wcflow="max_writes = 2\n")
    orders = [sim.place_order(email=f"anna{number}@example.com") for number in range(3)]
    sim.settle()
    assert ["Regular"] * 3 == [sim.segment(order) for order in orders]

    sim.advance(hours=1)
    sim.head["wcflow"] = "max_writes = 2\nshown_group = size\n"
    sim.write_rules(TWO_GROUPS)
    sim.run_pass(approve=False)
    assert "more than 2 changes at once" in sim.hold().reason
    assert ["Regular"] * 3 == [sim.segment(order) for order in orders]

    sim.settle()
    assert ["Big"] * 3 == [sim.segment(order) for order in orders]
