"""An order is shipped when a tracking number or a status of shipped_statuses is first seen."""

import pytest

from tests.simulation import Simulation

RULES = """
[workflow shipped]
trigger = order_shipped
do = add_note On its way
"""
TRACKING = [{"tracking_provider": "DHL", "tracking_number": "00340"}]


@pytest.fixture
def sim(tmp_path):
    return Simulation(
        tmp_path,
        RULES,
        wcflow="shipped_statuses = shipped",
        more_statuses={"shipped": "Shipped"},
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_wc_shipment_tracking_items", TRACKING),
        ("_tracking_number", "1Z"),
        ("tracking_number", "1Z"),
    ],
)
def test_a_tracking_number_that_appears_is_an_event_once(sim, key, value):
    number = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.edit_order_meta(number, key, value, now=sim.now)
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.complete(number, now=sim.now)
    sim.settle()

    assert ["On its way"] == sim.notes(number)


def test_an_empty_list_of_tracking_numbers_is_none(sim):
    number = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.edit_order_meta(number, "_wc_shipment_tracking_items", [], now=sim.now)
    sim.settle()

    assert [] == sim.notes(number)


def test_a_shipped_status_is_an_event_without_a_tracking_number(sim):
    number = sim.place_order(email="anna@example.com", status="processing")
    sim.settle()
    sim.advance(hours=1)
    sim.sandbox.set_status(number, "shipped", now=sim.now)
    sim.settle()

    assert ["On its way"] == sim.notes(number)


def test_what_was_shipped_before_the_workflow_was_added_is_no_event(tmp_path):
    sim = Simulation(tmp_path, "")
    number = sim.place_order(
        email="anna@example.com", days_ago=9, meta={"_tracking_number": "1Z"}, status="processing"
    )
    sim.settle()
    sim.advance(days=1)
    sim.write_rules(RULES)
    for _ in range(3):
        sim.settle()
        sim.advance(hours=1)
    sim.sandbox.complete(number, now=sim.now)
    sim.settle()

    assert [] == sim.notes(number)


def test_a_shipped_status_that_is_added_later_is_no_event(tmp_path):
    more = {"delivered": "Delivered"}
    sim = Simulation(tmp_path, RULES, wcflow="shipped_statuses = shipped", more_statuses=more)
    sim.settle()
    sim.advance(hours=1)
    number = sim.place_order(email="anna@example.com", status="delivered")
    sim.settle()
    sim.advance(hours=1)
    sim.head["wcflow"] = "shipped_statuses = shipped, delivered"
    sim.write_rules(RULES)
    sim.settle()

    assert [] == sim.notes(number)
