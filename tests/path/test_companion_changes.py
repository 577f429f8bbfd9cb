"""The companion plugin names what changed: polls read it at once, and rescan less."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.path.test_initial_sync import place_orders
from tests.poll_harness import assert_database_matches_sandbox, open_poll
from wcflow.database.sql import table_of
from wcflow.database.stores import save_store
from wcflow.database.tables import CompanionCursorRow
from wcflow.poll.changes import MOST_PAGES
from wcflow.poll.context import EMPTY_ANSWER_REASON
from wcflow.sandbox.store import SandboxStore

STREAM = "/wc-wcflow/v1/changes"


def open_with_plugin(db, *, hpos=False, **more):
    return open_poll(db, SandboxStore(hpos=hpos, plugins=("companion",)), **more)


def notice_plugin(poll, *, there=True):
    """Do what the check of the store does, which each daemon makes from time to time."""
    with poll.db.transaction() as tx:
        save_store(tx, "shop", has_companion=there)


@pytest.fixture
def poll(sqlite):
    """A store whose order storage stamps few changes, with an account and an order."""
    with open_with_plugin(sqlite) as poll:
        poll.anna = poll.sandbox.register("anna@example.com", now=poll.now - timedelta(days=700))
        poll.order_id = poll.sandbox.place_order(
            now=poll.now - timedelta(days=600), customer=poll.anna, status="completed"
        )
        notice_plugin(poll)
        poll.settle()
        yield poll


def pull_later(poll, **length):
    poll.advance(**(length or {"minutes": 1}))
    return poll.pull()


def requests_for(poll, path):
    return [call for call in poll.http.calls if call.path == path]


# What no stamp shows


def test_an_edit_of_an_old_order_is_found_by_the_next_poll(poll):
    poll.sandbox.edit_order_meta(poll.order_id, "colour", "red", now=poll.now)
    pull_later(poll)

    assert {"colour": "red"} == poll.order(poll.order_id).meta


def test_a_changed_account_is_found_by_the_next_poll(poll):
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Annabel")
    poll.sandbox.edit_customer_meta(poll.anna, "colour", "blue", now=poll.now)
    pull_later(poll)

    found = poll.customers()[poll.anna]
    assert ("Annabel", {"colour": "blue"}) == (found.first_name, found.meta)


def test_an_order_deleted_for_good_is_dropped_by_the_next_poll(poll):
    poll.sandbox.delete_order(poll.order_id)
    result = pull_later(poll)

    assert (1, {}) == (result.deleted, poll.orders())


def test_a_deleted_refund_is_found_by_the_next_poll(poll):
    refund = poll.sandbox.refund(poll.order_id, "0.00", now=poll.now)
    pull_later(poll)
    poll.sandbox.delete_refund(poll.order_id, refund, now=poll.now)
    pull_later(poll)

    assert_database_matches_sandbox(poll)


def test_a_deleted_account_is_dropped_and_its_orders_become_a_guests(poll):
    poll.sandbox.delete_customer(poll.anna, now=poll.now)
    pull_later(poll)

    assert {} == poll.customers()
    assert 0 == poll.order(poll.order_id).customer_id
    assert_database_matches_sandbox(poll)


def test_two_accounts_that_swap_an_address_are_both_read(poll):
    bea = poll.sandbox.register("bea@example.com", now=poll.now)
    pull_later(poll)
    poll.sandbox.change_email(poll.anna, "former@example.com", now=poll.now)
    poll.sandbox.change_email(bea, "anna@example.com", now=poll.now)
    pull_later(poll)

    assert_database_matches_sandbox(poll)


def test_many_changes_are_fetched_a_hundred_at_a_time(poll):
    ids = place_orders(poll.sandbox, 150, seconds_apart=60, status="completed")
    poll.settle()
    for each in ids:
        poll.sandbox.edit_order_meta(each, "colour", "red", now=poll.now)
    poll.advance(hours=2)  # far from the orders that every poll reads again
    poll.pull()

    assert all(poll.order(each).meta == {"colour": "red"} for each in ids)
    chosen = [call for call in requests_for(poll, "/wc/v3/orders") if "include" in call.params]
    assert 2 == len(chosen)


# What causes nothing


def test_an_echo_of_our_own_write_marks_no_one(poll):
    poll.client.write_meta("customers", {poll.anna: {"wcflow_tags": "Gold"}})
    pull_later(poll)
    poll.clear_dirty_marks()
    poll.client.write_meta("customers", {poll.anna: {"wcflow_tags": "Gold"}})
    result = pull_later(poll)

    assert (0, set()) == (result.customers, poll.dirty_people())


def test_a_note_causes_no_request_for_its_order(poll):
    pull_later(poll, hours=1)
    poll.sandbox.add_note(poll.order_id, "called", now=poll.now)
    pull_later(poll)

    chosen = [call for call in requests_for(poll, "/wc/v3/orders") if "include" in call.params]
    assert [] == chosen


def test_an_order_that_the_poll_has_just_read_is_not_read_again(sqlite):
    with open_with_plugin(sqlite, hpos=True) as poll:
        notice_plugin(poll)
        poll.settle()
        order = poll.sandbox.place_order(now=poll.now, email="g@example.com")
        poll.advance(seconds=30)
        poll.pull()

        chosen = [call for call in requests_for(poll, "/wc/v3/orders") if "include" in call.params]
        assert order in poll.orders()
        assert [] == chosen


def test_the_initial_sync_makes_older_changes_needless(sqlite):
    with open_with_plugin(sqlite) as poll:
        place_orders(poll.sandbox, 30, seconds_apart=60, status="completed")
        poll.advance(hours=3)
        notice_plugin(poll)
        poll.pull()

        chosen = [call for call in requests_for(poll, "/wc/v3/orders") if "include" in call.params]
        assert 30 == len(poll.orders())
        assert [] == chosen


# A stream that is wrong must not delete anything


def test_a_change_that_claims_a_deletion_deletes_nothing_that_the_store_has(poll):
    poll.sandbox.place_order(now=poll.now, email="g@example.com")  # the newest is always read again
    poll.settle()
    for kind, number in (("order", poll.order_id), ("customer", poll.anna)):
        fields = {"kind": kind, "object_id": number, "what": "deleted"}
        poll.sandbox.companion.tables.append("changes", poll.now, fields)
    result = pull_later(poll)

    assert 0 == result.deleted
    assert_database_matches_sandbox(poll)


def test_a_store_that_suddenly_has_no_customers_raises_the_alarm(poll):
    ids = [poll.sandbox.register(f"c{n}@example.com", now=poll.now) for n in range(12)]
    pull_later(poll)
    for each in poll.sandbox.customer_ids():
        poll.sandbox.delete_customer(each, now=poll.now)
    pull_later(poll)

    assert {*ids} <= poll.customers().keys()
    assert poll.hold().reason.startswith(f"{EMPTY_ANSWER_REASON}: customers")


def test_a_store_that_suddenly_has_no_orders_is_left_to_the_nightly_check(poll):
    place_orders(poll.sandbox, 12, seconds_apart=60, status="completed")
    poll.settle()
    for each in poll.sandbox.order_ids():
        poll.sandbox.delete_order(each)
    pull_later(poll)

    assert 13 == len(poll.orders())
    poll.reconcile()
    assert poll.hold().reason.startswith(f"{EMPTY_ANSWER_REASON}: orders")


@pytest.mark.parametrize("count", [11, 40])
def test_a_few_of_many_accounts_can_be_deleted_at_once(poll, count):
    ids = [poll.sandbox.register(f"c{n}@example.com", now=poll.now) for n in range(count)]
    pull_later(poll)
    for each in ids:
        poll.sandbox.delete_customer(each, now=poll.now)
    pull_later(poll)

    assert ({poll.anna}, "") == (set(poll.customers()), poll.hold().reason)


def test_rows_that_make_no_sense_are_passed(poll):
    for fields in (
        {"kind": "comet"},
        {"kind": "order", "object_id": "x"},
        {"kind": "order", "object_id": 10**30},
        {"kind": "customer", "object_id": 7, "what": "saved", "at": "soon"},
        {"what": None},
    ):
        poll.sandbox.companion.tables.append("changes", poll.now, dict(fields))
    poll.advance(seconds=1)
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Annabel")
    pull_later(poll)

    assert "Annabel" == poll.customers()[poll.anna].first_name


# The plugin in bad weather


def test_a_plugin_that_fails_stops_no_poll_and_loses_nothing(poll):
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Annabel")
    poll.faults.fail_with(status=500, only=f"GET {STREAM}", times=None)
    order = poll.sandbox.place_order(now=poll.now, email="g@example.com")
    pull_later(poll)

    assert order in poll.orders()
    assert "" == poll.customers()[poll.anna].first_name
    poll.faults.recover()
    pull_later(poll)
    assert "Annabel" == poll.customers()[poll.anna].first_name


def test_a_plugin_that_is_gone_stops_no_poll(poll):
    poll.sandbox.companion.deactivate()
    order = poll.sandbox.place_order(now=poll.now, email="g@example.com")
    pull_later(poll)

    assert order in poll.orders()


def test_a_new_plugin_is_noticed_within_an_hour(poll):
    notice_plugin(poll, there=False)
    for _ in range(70):
        pull_later(poll)
    assert poll.row().has_companion


def test_a_plugin_that_answers_with_an_error_is_still_there(poll):
    poll.faults.fail_with(status=500, only=f"GET {STREAM}", times=None)
    pull_later(poll)

    assert poll.row().has_companion


@pytest.mark.parametrize("how", ["installed again", "restored"])
def test_a_stream_that_starts_anew_is_read_from_its_start(poll, how):
    backup = poll.sandbox.companion.back_up()
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Annabel")
    pull_later(poll)
    if how == "restored":
        poll.sandbox.companion.restore(backup)
    else:
        poll.sandbox.companion.reinstall()
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Bella")
    pull_later(poll)

    assert "Bella" == poll.customers()[poll.anna].first_name
    pull_later(poll)
    assert 1 == len(requests_for(poll, STREAM))


def test_a_poll_that_is_killed_reads_the_same_changes_again(poll, monkeypatch):
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Annabel")
    poll.advance(minutes=1)

    def kill():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        poll.pull(checkpoint=kill)
    poll.pull()

    assert "Annabel" == poll.customers()[poll.anna].first_name


def test_one_poll_reads_a_limited_number_of_changes(poll):
    for _ in range(MOST_PAGES * 200 + 50):
        fields = {"kind": "order", "object_id": poll.order_id, "what": "note"}
        poll.sandbox.companion.tables.append("changes", poll.now, fields)
    pull_later(poll)
    assert MOST_PAGES == len(requests_for(poll, STREAM))
    pull_later(poll)
    assert 1 == len(requests_for(poll, STREAM))


# The rescan


def customer_lists(poll):
    return [call for call in requests_for(poll, "/wc/v3/customers") if "include" in call.params]


def test_customers_are_read_again_within_a_week_instead_of_a_day(poll):
    def rounds(days):
        count = 0
        for _ in range(days * 12):
            poll.advance(hours=2)
            poll.pull()
            count += len(customer_lists(poll))
        return count

    poll.advance(days=3)
    poll.pull()
    assert rounds(7) <= 2
    poll.sandbox.companion.deactivate()
    assert rounds(7) >= 6


def test_after_a_gap_everything_is_read_again_before_the_rescan_slows_down(poll):
    poll.advance(days=3)
    poll.pull()
    assert poll.context().follows_changes(timedelta(days=2))

    notice_plugin(poll, there=False)
    poll.pull()
    notice_plugin(poll)
    poll.pull()

    assert not poll.context().follows_changes(timedelta(0))


def test_a_pause_longer_than_the_plugin_keeps_rows_is_a_gap(poll):
    poll.advance(days=20)
    poll.pull()

    assert not poll.context().follows_changes(timedelta(0))


def test_the_nightly_check_reads_no_month_of_orders_again_where_changes_are_named(poll):
    def listed():
        poll.reconcile()
        calls = [call.params for call in requests_for(poll, "/wc/v3/orders")]
        return [each for each in calls if each.get("after") and "billing" in each["_fields"]]

    place_orders(poll.sandbox, 5, seconds_apart=60, status="completed")
    poll.settle()
    assert listed()
    poll.advance(days=8)
    poll.pull()
    assert [] == listed()


def test_the_net_still_finds_what_the_plugin_does_not_name(poll):
    """As an import that writes with SQL, past the hooks of WordPress."""
    poll.advance(days=3)
    poll.pull()
    customer = poll.sandbox.state.customers[poll.anna]
    customer.first_name = "Annabel"
    customer.cached_json.clear()
    for _ in range(15):
        poll.advance(days=1)
        poll.pull()

    assert "Annabel" == poll.customers()[poll.anna].first_name


def test_a_cursor_that_was_never_saved_reads_from_the_start(poll):
    with poll.db.transaction() as tx:
        tx.execute(update(table_of(CompanionCursorRow)).values(row_id=0, row_key="", epoch=""))
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Annabel")
    pull_later(poll)

    assert "Annabel" == poll.customers()[poll.anna].first_name
