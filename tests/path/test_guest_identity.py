"""An address that moves from a guest to an account and back gets nothing twice."""

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


def test_a_welcomed_guest_gets_no_second_welcome_after_their_account_changes_its_address(tmp_path):
    """The guest's runs belong to the account now, but the address still counts as welcomed."""
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


def test_an_old_order_that_becomes_another_persons_starts_nothing_again(tmp_path):
    """With existing = include, orders from before the workflow count as well."""
    rules = "[workflow hello]\ntrigger = order_paid\nexisting = include\ndo = add_note hello\n"
    sim = Simulation(tmp_path, rules)
    order = sim.place_order(email="anna@example.com", days_ago=30)
    sim.settle()
    account = sim.register("anna@example.com")
    sim.settle()
    sim.sandbox.change_email(account, "new@example.com", now=sim.now)
    sim.register("anna@example.com")
    for _ in range(3):
        sim.advance(hours=12)
        sim.settle()
    assert ["hello"] == sim.notes(order)
