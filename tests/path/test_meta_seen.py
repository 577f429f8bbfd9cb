"""Branches see the custom fields that earlier steps of the run have set."""

import pytest

from tests.simulation import Simulation

RULES = """
[workflow w]
trigger = order_paid
do =
    set_meta color red
    if {field} = 'red'
        add_tag Seen
    else
        add_tag Unseen
    end
"""


@pytest.mark.parametrize("field", ["meta.color", "order.meta.color"])
def test_a_branch_sees_the_field_that_the_step_before_it_set(tmp_path, field):
    """The field is the account's, or a guest's latest order's."""
    sim = Simulation(tmp_path, RULES.format(field=field))
    sim.run_pass()
    sim.advance(hours=1)
    anna = sim.register("anna@example.com")
    orders = sim.place_order(customer=anna), sim.place_order(email="ben@example.com")
    sim.settle()
    of_account = field == "meta.color"
    seen = [{"Seen"}, {"Unseen"}] if of_account else [{"Unseen"}, {"Seen"}]
    assert seen == [sim.tags(order) for order in orders]
    sim.advance(hours=1)
    sim.run_pass()
    assert [] == sim.writes
