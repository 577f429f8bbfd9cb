"""A change for an order that was deleted for good is cancelled, because it is no failure."""

import pytest

from tests.simulation import Simulation
from wcflow.errors import StoreError

RULES = """
[workflow welcome]
trigger = order_paid
do =
    {step}
    create_coupon thanks

[coupon thanks]
type = percent
amount = 10
"""


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        ("add_note Hello", "order {} was deleted from the store"),
        ("set_meta campaign spring", "order {} was deleted or is in the trash"),
    ],
)
def test_a_change_of_a_deleted_order_is_cancelled(tmp_path, step, outcome):
    sim = Simulation(tmp_path, RULES.format(step=step))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.run_pass(write=False)
    sim.sandbox.delete_order(order)
    sim.run_pass()
    first = sim.outbox()[0]
    assert ("cancelled", outcome.format(order)) == (first.state, first.outcome)
    assert [] == sim.outbox(states=["failed"])


def test_a_note_that_may_have_been_written_to_a_deleted_order_is_cancelled(tmp_path):
    """The second attempt looks for the first one's note, and that fails with another code."""
    sim = Simulation(tmp_path, RULES.format(step="add_note Hello"))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.faults.time_out(only="POST /wc/v3/orders/*/notes")
    with pytest.raises(StoreError):
        sim.run_pass()
    sim.sandbox.delete_order(order)
    sim.advance(minutes=5)
    sim.run_pass(approve=False)
    first = sim.outbox(kinds=["note"])[0]
    assert ("cancelled", f"order {order} was deleted from the store") == (
        first.state,
        first.outcome,
    )
