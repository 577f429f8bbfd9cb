"""All rescans together share the few requests that a poll makes besides those for changes."""

from datetime import timedelta

import pytest

from tests.path.test_initial_sync import place_orders
from tests.poll_harness import assert_database_matches_sandbox, open_poll
from wcflow.sandbox.store import SandboxStore
from wcflow.units import Duration

RESCAN_SECONDS = 1200
"""Too few for all accounts at one batch a minute."""
ACCOUNTS = 4500


@pytest.fixture
def crowded_poll(sqlite):
    """A store with many old orders, and more accounts than polls can rescan in time."""
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
    """Poll each minute; yield the requests: all, for customers, for old orders, for products."""
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


def test_a_poll_makes_at_most_four_requests_and_the_rescans_take_turns(crowded_poll):
    """All rescans are long overdue."""
    crowded_poll.advance(days=20)
    crowded_poll.pull()
    requests, customers, orders, products = zip(*poll_each_minute(crowded_poll, 90), strict=True)

    assert 4 == max(requests)
    assert sum(products) in {1, 2}
    assert sum(orders) > 3
    assert sum(customers) > 30


def test_reconcile_finishes_a_rescan_that_polls_could_not_finish(crowded_poll):
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
