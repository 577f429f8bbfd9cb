"""An address that was a guest's, an account's, and is a guest's again: nothing is done twice for it."""

from tests.simulation import Simulation

RULES = """
[workflow welcome]
trigger = first_order
once = per customer
do =
    create_coupon thanks
    add_note Your code is {{ coupon.code }}

[coupon thanks]
type = percent
amount = 10
"""


def test_who_was_welcomed_as_a_guest_is_not_welcomed_again_when_the_account_leaves(tmp_path):
    """The account took their memory along; what was done under the address stays done."""
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    account = sim.register("anna@example.com")
    sim.settle()
    sim.sandbox.change_email(account, "new@example.com", now=sim.now)
    for _ in range(3):
        sim.advance(hours=12)
        sim.settle()
    (coupon,) = sim.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == sim.notes(order)
