"""Turns: what polls look at again shares the little that a poll may ask for besides what is new."""

from datetime import timedelta

import pytest

from tests.path.test_initial_sync import place_orders
from tests.poll_harness import assert_database_matches_sandbox, open_poll
from wcflow.sandbox.store import SandboxStore
from wcflow.units import Duration

RESCAN_SECONDS = 1200
"""Seconds for all accounts; a batch of them for each minute would take longer."""
ACCOUNTS = 4500


@pytest.fixture
def crowded_poll(sqlite):
    """A shop with more accounts than a poll each minute can look at in time, and many old orders."""
    with open_poll(
        sqlite, SandboxStore(hpos=False), rescan_every=Duration(RESCAN_SECONDS // 60, "min")
    ) as poll:
        poll.accounts = [
            poll.sandbox.register(f"d{number}@example.com", now=poll.now)
            for number in range(ACCOUNTS)
        ]
        place_orders(
            poll.sandbox, 1200, seconds_apart=23_000, start=timedelta(days=320), status="completed"
        )
        poll.settle()
        yield poll


def poll_each_minute(poll, minutes):
    """Poll each minute; give how often customers, old orders and products were asked for in each."""
    for _ in range(minutes):
        poll.advance(minutes=1)
        requests = poll.pull().requests
        calls = poll.http.calls
        assert requests == len(calls)
        yield (
            requests,
            sum("include" in call.params for call in calls),
            sum(call.path == "/wc/v3/orders" and "after" in call.params for call in calls),
            sum(call.path == "/wc/v3/products" for call in calls),
        )


def test_four_questions_a_minute_hold_whatever_is_due(crowded_poll):
    """Long after all of it was due: customers, old orders and products each have their turns."""
    crowded_poll.advance(days=20)
    crowded_poll.pull()
    requests, customers, orders, products = zip(*poll_each_minute(crowded_poll, 90), strict=True)

    assert 4 == max(requests)
    assert sum(products) in {1, 2}
    assert sum(orders) > 3
    assert sum(customers) > 30


def test_what_polls_have_no_room_for_the_night_does(crowded_poll):
    for number in (2000, 4444):
        crowded_poll.sandbox.edit_customer(
            crowded_poll.accounts[number], now=crowded_poll.now, first_name="Dora"
        )
    list(poll_each_minute(crowded_poll, RESCAN_SECONDS // 60 - 1))
    before = crowded_poll.row().customer_rescan_position
    crowded_poll.reconcile()

    assert before < crowded_poll.accounts[2500]
    assert crowded_poll.accounts[-1] == crowded_poll.row().customer_rescan_position
    assert_database_matches_sandbox(crowded_poll)
