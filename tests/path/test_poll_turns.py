"""Turns: what polls look at again shares the little that a poll may ask for besides what is new."""

from datetime import timedelta

import pytest

from tests.path.test_census import ordered
from tests.polled import mirror_equals_shop, polled
from wcflow.sandbox.store import SandboxStore

ROUND = 1200
"""Seconds for all accounts; a batch of them for each minute would take longer."""
ACCOUNTS = 4500


@pytest.fixture
def crowded(sqlite):
    """A shop with more accounts than a poll each minute can look at in time, and many old orders."""
    with polled(sqlite, SandboxStore(hpos=False), sweep_every_seconds=ROUND) as poll:
        poll.accounts = [
            poll.shop.register(f"d{number}@example.com", now=poll.now) for number in range(ACCOUNTS)
        ]
        ordered(
            poll.shop, 1200, seconds_apart=23_000, start=timedelta(days=320), status="completed"
        )
        poll.settle()
        yield poll


def hourly(poll, minutes):
    """Poll each minute; give how often customers, old orders and products were asked for in each."""
    for _ in range(minutes):
        poll.passes(minutes=1)
        requests = poll.pull().requests
        calls = poll.door.calls
        assert requests == len(calls)
        yield (
            requests,
            sum("include" in call.params for call in calls),
            sum(call.path == "/wc/v3/orders" and "after" in call.params for call in calls),
            sum(call.path == "/wc/v3/products" for call in calls),
        )


def test_four_questions_a_minute_hold_whatever_is_due(crowded):
    """Long after all of it was due: customers, old orders and products each have their turns."""
    crowded.passes(days=20)
    crowded.pull()
    requests, customers, orders, products = zip(*hourly(crowded, 90), strict=True)

    assert 4 == max(requests)
    assert sum(products) in {1, 2}
    assert sum(orders) > 3
    assert sum(customers) > 30


def test_what_polls_have_no_room_for_the_night_does(crowded):
    for number in (2000, 4444):
        crowded.shop.edit_customer(crowded.accounts[number], now=crowded.now, first_name="Dora")
    list(hourly(crowded, ROUND // 60 - 1))
    before = crowded.row().sweep_position
    crowded.reconcile()

    assert before < crowded.accounts[2500]
    assert crowded.accounts[-1] == crowded.row().sweep_position
    mirror_equals_shop(crowded)
