"""An address that was a guest's, an account's, and is a guest's again: nothing is done twice for it."""

from tests.world import World

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
    w = World(tmp_path, RULES)
    w.settle()
    order = w.buys(email="anna@example.com")
    w.settle()
    account = w.registers("anna@example.com")
    w.settle()
    w.shop.change_email(account, "new@example.com", now=w.now)
    for _ in range(3):
        w.pass_(hours=12)
        w.settle()
    (coupon,) = w.coupons()
    assert [f"Your code is {coupon['code'].upper()}"] == w.notes(order)
