"""Laws of explain: every rule with its reasons, for matches and for non-matches; nothing is kept."""

import json
from datetime import UTC, datetime

import pytest

from tests.command import Desk

RULES = """
[segment VIP]
group = lifecycle
when = total_spent >= 1000 or orders_count >= 10

[segment Regular]
group = lifecycle
when = orders_count >= 1

[tag Repeat Buyer]
when = orders_count >= 2

[tag Country]
when = shipping_country is not empty
tag = Country: {{ shipping_country }}

[workflow welcome]
trigger = first_order
when = order.total >= 20
do =
    add_tag Welcomed
    wait 3d
    add_note Hello again, {{ first_name }}

[workflow large]
trigger = high_value_order 500
do = add_note large
"""


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path, RULES)
    yield made
    made.world.db.close()


@pytest.fixture
def anna(desk):
    number = desk.world.registers("anna@example.com", first_name="Anna", last_name="Schmidt")
    desk.order = desk.world.buys(customer=number, days_ago=30, total="1200.00")
    assert 0 == desk.gives("sync", "--approve").code
    return number


def told(desk, *words):
    return json.loads(desk.gives("explain", *words, "--json", mounted_at=None).out)


def test_a_person_is_found_by_id_and_by_address(desk, anna):
    """Both ways, in any case, give the same explanation."""
    by_id = desk.gives("explain", anna, mounted_at=None)
    assert 0 == by_id.code
    assert by_id.out == desk.gives("explain", "Anna@Example.com", mounted_at=None).out
    assert "Anna Schmidt <anna@example.com>, customer 1" == by_id.lines[0]
    assert "  1 paid order, 1,200.00 USD in all, the last on " in by_id.lines[1]


def test_each_part_of_a_condition_is_told(desk, anna):
    """Text, value found, answer, and the orders that it came from; also of what does not hold."""
    ran = desk.gives("explain", anna, "VIP", mounted_at=None)
    assert [
        "Segment rules",
        "  VIP: yes",
        f"      yes  total_spent >= 1000  found 1,200.00  order {desk.order}",
        f"      no   orders_count >= 10   found 1         order {desk.order}",
    ] == ran.lines[3:7]


def test_the_loser_of_a_group_is_told_who_comes_first(desk, anna):
    """Regular holds as well, and VIP stands before it."""
    ran = desk.gives("explain", anna, "Regular", mounted_at=None)
    assert "  Regular: yes, but VIP comes first" in ran.lines


def test_what_is_not_known_is_told_as_such(desk, anna):
    """No shipping address: the value is not known, and the rule does not hold."""
    (rule,) = told(desk, anna, "tag Country")["rules"]
    assert ("not known", False) == (rule["parts"][0]["found"], rule["counts"])


def test_each_tag_says_where_it_is_from(desk, anna):
    """From a segment, a workflow, by hand; and what a person took away."""
    desk.world.now = datetime.now(UTC)
    number = desk.world.registers("bob@example.com", first_name="Bob")
    desk.world.buys(customer=number)
    assert 0 == desk.gives("sync").code
    desk.shop.edit_customer_meta(number, "wcflow_tags", "Mine, Welcomed", now=datetime.now(UTC))
    desk.shop.edit_billing(max(desk.shop.order_ids()), city="Köln", now=datetime.now(UTC))
    assert 0 == desk.gives("sync").code
    found = told(desk, number)
    assert {
        "Mine": ["by hand"],
        "Welcomed": ["workflow welcome"],
    } == found["tags"]
    assert ["Regular"] == found["refused"]


def test_a_waiting_run_says_what_comes_next_and_when(desk, anna):
    """The next step and its instant stand there."""
    desk.world.now = datetime.now(UTC)
    number = desk.world.registers("bob@example.com", first_name="Bob")
    desk.world.buys(customer=number)
    assert 0 == desk.gives("sync").code
    ran = desk.gives("explain", number, "welcome", mounted_at=None)
    assert "next step 3 of 3, add_note Hello again, {{ first_name }}, on " in ran.out
    assert "first order: it has looked at that" in ran.out


def test_a_workflow_is_asked_of_its_latest_occurrence(desk, anna):
    """An order of before the workflow: said so, and its condition is shown all the same."""
    ran = desk.gives("explain", anna, "welcome", mounted_at=None)
    assert [
        "Workflows",
        "  welcome: on first_order",
        "      first order: that was before it was switched on",
        "      when: yes",
        f"        yes  order.total >= 20  found 1,200.00  order {desk.order}",
    ] == ran.lines[3:8]


def test_a_workflow_without_occurrence_is_asked_of_the_latest_order(desk, anna):
    """Nothing has set it off: which order was asked is said."""
    order = desk.world.buys(email="guest@example.com", days_ago=2, total="30.00")
    assert 0 == desk.gives("sync").code
    (workflow,) = told(desk, "guest@example.com", "large")["workflows"]
    assert (f"their latest order {order}", "nothing has set it off yet") == (
        workflow["about"],
        workflow["standing"],
    )


def test_moves_and_effects_are_told_with_reasons(desk, anna):
    """The timeline says why, the effects what became of them."""
    found = told(desk, anna)
    assert ["done", "done"] == [each["state"] for each in found["effects"]]
    desk.world.now = datetime.now(UTC)
    desk.shop.refund(desk.order, now=desk.world.now)
    assert 0 == desk.gives("sync").code
    (left,) = told(desk, anna)["moves"]
    assert ("VIP", False, "total_spent 0.00 < 1000 and orders_count 0 < 10") == (
        left["segment"],
        left["entered"],
        left["reason"],
    )


def test_explaining_keeps_nothing(desk, anna):
    """The database is the same afterwards, whatever an edited rule would do."""
    desk.edits("total_spent >= 1000", "total_spent >= 5000")
    before = list(desk.world.db._engine.raw_connection().iterdump())
    found = told(desk, anna)
    assert ["Regular"] == list(found["segments"])
    assert before == list(desk.world.db._engine.raw_connection().iterdump())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["99"], "there is no customer '99'"),
        (["nobody@example.com"], "there is no customer"),
        (["1", "VIPP"], "did you mean 'VIP'?"),
        (["1", "--store", "other"], "known: shop"),
    ],
)
def test_who_or_what_is_not_there_ends_with_2(desk, anna, words, said):
    ran = desk.gives("explain", *words, mounted_at=None)
    assert (2, "") == (ran.code, ran.out)
    assert said in ran.err
