"""A customer is enabled when a guest registers, or when an account has a role again."""

from tests.simulation import Simulation

RULES = """
[workflow hello]
trigger = customer_enabled
do = add_note Welcome back
"""


def test_an_account_that_has_a_role_again_is_enabled_once(tmp_path):
    sim = Simulation(tmp_path, RULES)
    customer = sim.register("anna@example.com", days_ago=9)
    sim.settle()
    notes = []
    for role in ("", "customer", "subscriber"):
        sim.advance(hours=1)
        sim.sandbox.state.customers[customer].role = role
        sim.sandbox.state.customers[customer].cached_json.clear()
        number = sim.place_order(customer=customer, email="anna@example.com")
        sim.settle()
        notes.append(sim.notes(number))

    assert [[], ["Welcome back"], []] == notes
