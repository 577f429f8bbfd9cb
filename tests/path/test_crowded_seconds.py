"""A second in which very many orders changed is read in parts, and costs what its orders cost."""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.path.test_initial_sync import PollKilled, kill_after, place_orders, reject_status
from tests.poll_harness import assert_database_matches_sandbox, open_poll
from tests.simulation import Simulation
from wcflow.errors import StoreError
from wcflow.poll import crowds, paginate

PAGE, COUNT = 10, 120


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    """A second with more than 20 orders is crowded, and a poll reads 3 pages of it."""
    monkeypatch.setattr(paginate, "EXCLUDED", 20)
    monkeypatch.setattr(crowds, "PAGES", 3)


@pytest.fixture
def crowd(database):
    """Return a store in which all orders changed in one second, some minutes ago."""
    with open_poll(database, page_size=PAGE) as poll:
        poll.order_ids = place_orders(poll.sandbox, COUNT, seconds_apart=3600)
        poll.settle()
        poll.advance(minutes=1)
        change_all(poll)
        poll.advance(minutes=5)
        yield poll


def place_order(poll, **more):
    return poll.sandbox.place_order(**{"now": poll.now, **more})


def change_all(poll, city="Rome"):
    for id in poll.order_ids:
        poll.sandbox.edit_billing(id, now=poll.now, city=city)


def left_to_read(poll):
    with poll.db.reading() as tx:
        return tx.scalar(text("SELECT count(*) FROM crowded_second"))


def cities_read(poll, city="Rome"):
    return sum(order.billing.city == city for order in poll.orders().values())


def pull_until_read(poll):
    """Poll each minute until the second is read; return the requests of each poll."""
    requests = []
    while not requests or left_to_read(poll):
        requests.append(poll.pull().requests)
        poll.advance(minutes=1)
        assert len(requests) < 40, "the reading does not end"
    return requests


def test_each_poll_reads_a_part_of_a_crowded_second(crowd):
    requests = pull_until_read(crowd)
    assert_database_matches_sandbox(crowd)
    assert 5 <= len(requests)
    assert 3 * 3 + 10 >= max(requests)


def test_the_requests_are_in_proportion_to_the_orders(crowd):
    assert 4 * COUNT / PAGE >= sum(pull_until_read(crowd))


def test_a_new_order_does_not_wait_for_a_crowded_second(crowd):
    new = place_order(crowd, email="new@example.com")
    crowd.pull()
    assert new in crowd.orders()
    assert 0 < cities_read(crowd) < COUNT
    assert left_to_read(crowd)


def test_a_poll_that_fails_in_a_crowded_second_goes_on_where_it_was(crowd):
    """As after a restart: only the database says how far the reading has come."""
    total = 0
    crowd.pull()
    while left_to_read(crowd):
        before = cities_read(crowd)
        crowd.faults.fail_with(status=503, only="GET /wc/v3/orders", after=4, times=9)
        with contextlib.suppress(StoreError):  # the last part is too short for it
            crowd.pull()
        total += len(crowd.http.calls)
        assert before <= cities_read(crowd)
        crowd.faults.recover()
        crowd.advance(minutes=1)
        total += crowd.pull().requests
        crowd.advance(minutes=1)
        assert 12 * COUNT / PAGE >= total
    assert_database_matches_sandbox(crowd)


def test_rows_that_leave_a_crowded_second_between_polls_hide_no_others(crowd):
    crowd.pull()
    for id in crowd.order_ids[:40]:
        crowd.sandbox.edit_billing(id, now=crowd.now, city="Oslo")
    pull_until_read(crowd)
    crowd.advance(minutes=3)
    crowd.pull()
    assert_database_matches_sandbox(crowd)


def test_a_second_that_was_crowded_a_moment_ago_is_read_once_more(crowd):
    """WooCommerce saves an order's items after its stamp."""
    pull_until_read(crowd)
    change_all(crowd, "Bonn")
    crowd.pull()
    late = crowd.order_ids[-1]
    crowd.sandbox.state.orders[late].billing["city"] = "Ulm"
    crowd.sandbox.state.orders[late].cached_json = ""
    for _ in range(12):
        crowd.advance(minutes=1)
        crowd.pull()
    assert "Ulm" == crowd.orders()[late].billing.city
    assert 0 == left_to_read(crowd)


def test_orders_trashed_in_one_second_are_read_in_parts_too(crowd):
    pull_until_read(crowd)
    for id in crowd.order_ids:
        crowd.sandbox.trash(id, now=crowd.now)
    crowd.advance(minutes=5)
    pull_until_read(crowd)
    assert_database_matches_sandbox(crowd)


def test_a_crowded_second_of_drafts_is_read_when_the_store_loses_a_status(crowd):
    """An update or a plugin that is switched off can remove one; the saved second names it."""
    pull_until_read(crowd)
    for id in crowd.order_ids:
        crowd.sandbox.trash(id, now=crowd.now)
    crowd.advance(minutes=5)
    crowd.pull()
    assert left_to_read(crowd)
    reject_status(crowd, "checkout-draft")
    pull_until_read(crowd)
    assert {"trash"} == {order.status for order in crowd.orders().values()}


def test_an_initial_import_goes_on_inside_a_crowded_second(database):
    with open_poll(database, page_size=PAGE, parallel=1) as poll:
        for number in range(COUNT):
            place_order(poll, email=f"c{number}@example.com", now=poll.now - timedelta(days=30))
        total, failures = 0, 0
        for _ in range(20):
            poll.faults.fail_with(status=503, only="GET /wc/v3/orders", after=8, times=9)
            try:
                poll.pull()
                break
            except StoreError:
                total, failures = total + len(poll.http.calls), failures + 1
                poll.faults.recover()
        poll.faults.recover()
        poll.pull()
        assert_database_matches_sandbox(poll)
        assert 2 <= failures
        assert 20 * COUNT / PAGE >= total


def test_a_poll_that_is_killed_in_a_crowded_second_goes_on_where_it_was(crowd):
    total = 0
    for _ in range(3):
        with pytest.raises(PollKilled):
            crowd.pull(checkpoint=kill_after(4))
        total += len(crowd.http.calls)
        crowd.advance(minutes=1)
    assert 4 * COUNT / PAGE >= total + sum(pull_until_read(crowd))
    assert_database_matches_sandbox(crowd)


def test_a_new_order_gets_its_tags_while_a_crowded_second_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(crowds, "PAGES", 0)
    rules = "[segment Buyer]\nwhen = orders_count > 0\n"
    sim = Simulation(tmp_path, rules)
    old = [sim.place_order(email=f"c{n}@example.com", days_ago=9) for n in range(COUNT)]
    sim.settle()
    for order in old:
        sim.sandbox.edit_billing(order, now=sim.now, city="Rome")
    sim.advance(minutes=5)
    new = sim.place_order(email="new@example.com")
    sim.run_pass(approve=False)
    assert {"Buyer"} == sim.tags(new)
    with sim.db.reading() as tx:
        assert 0 < tx.scalar(text("SELECT count(*) FROM crowded_second WHERE NOT done"))
