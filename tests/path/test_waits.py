"""What waits has its turn when its time has come, whatever else happens to the person meanwhile."""

from tests.world import World

LATER = """
[workflow later]
trigger = order_paid
do =
    wait 5d
    add_note later
"""
AT_ONCE = """
[workflow at once]
trigger = order_paid
do = add_note at once
"""


def test_two_workflows_on_one_occurrence_do_not_make_each_other_forget_to_wait(tmp_path):
    w = World(tmp_path, LATER + AT_ONCE)
    w.settle()
    order = w.buys(email="anna@example.com")
    w.settle()
    w.pass_(days=6)
    w.settle()
    assert ["at once", "later"] == w.notes(order)


def test_a_workflow_that_starts_meanwhile_ends_nobodys_wait(tmp_path):
    """Here it is a later one, that looks at what happened before it was written."""
    w = World(tmp_path, LATER)
    w.settle()
    order = w.buys(email="anna@example.com")
    w.settle()
    w.rules(LATER + AT_ONCE.replace("do =", "existing = include\ndo ="))
    w.settle()
    w.pass_(days=6)
    w.settle()
    assert ["at once", "later"] == w.notes(order)


def test_a_wait_ends_where_the_order_is_another_customers_and_says_so(tmp_path):
    w = World(tmp_path, LATER)
    w.settle()
    order = w.buys(email="anna@example.com")
    w.buys(email="anna@example.com")
    w.settle()
    w.shop.edit_billing(order, now=w.now, email="ben@example.com")
    w.settle()
    w.pass_(days=6)
    w.settle()
    told = {(run.order_id, run.state, run.reason) for run in w.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} belongs to another customer now") in told


def test_a_wait_ends_where_the_order_is_gone_and_says_so(tmp_path):
    w = World(tmp_path, LATER)
    w.settle()
    order = w.buys(email="anna@example.com")
    w.buys(email="anna@example.com")
    w.settle()
    w.shop.delete_order(order)
    w.pass_(days=6)
    w.nightly()
    w.settle()
    told = {(run.order_id, run.state, run.reason) for run in w.runs("g:anna@example.com")}
    assert (order, "ended", f"order {order} no longer exists") in told
