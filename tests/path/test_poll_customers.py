"""Polls find new, changed and deleted customers, and keep what is remembered of each person."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.persons import person
from tests.poll_harness import START, assert_database_matches_sandbox, open_poll
from wcflow.database.identity import mark_dirty
from wcflow.database.sql import table_of, upsert
from wcflow.database.stores import EMPTY_ANSWER_REASON, Hold, save_hold
from wcflow.database.tables import PersonRow, RunRow
from wcflow.errors import StoreError
from wcflow.poll.customers import MAX_BATCHES, CustomerRescan, due_batches
from wcflow.sandbox.faults import FaultRule
from wcflow.sandbox.rest import text_response

DAY = timedelta(days=1)


@pytest.fixture
def poll(database):
    """A store with a customer and a guest; the database has both, with a tag for each."""
    with open_poll(database) as poll:
        poll.wallet = poll.sandbox.add_product("Wallet", now=START - 90 * DAY)
        poll.anna = poll.sandbox.register("anna@example.com", now=START - 40 * DAY)
        place_order(poll, customer=poll.anna, now=START - 39 * DAY)
        poll.guest_order = place_order(poll, email="bob@example.com", now=START - 38 * DAY)
        poll.settle()
        save_person(poll, f"c{poll.anna}", "anna@example.com", current_tags='["Anna"]')
        save_person(poll, "g:bob@example.com", "bob@example.com", current_tags='["Bob"]')
        poll.advance(minutes=1)
        yield poll


def place_order(poll, **more):
    return poll.sandbox.place_order(**{"now": poll.now, "items": ((poll.wallet, 1),), **more})


def save_person(poll, key, email, **columns):
    with poll.db.transaction() as tx:
        (id,) = mark_dirty(tx, "shop", {key: email}).values()
        upsert(tx, PersonRow, [{"id": id, "store": "shop", "dirty": 0, **columns}])


def saved_tags(poll):
    """Return the saved tags of each person who has any."""
    return {key: row.current_tags for key, row in poll._persons() if row.current_tags != "[]"}


def poll_for_a_day(poll, every=timedelta(hours=1)):
    for _ in range(round(DAY / every) + 2):
        poll.advance(seconds=every.total_seconds())
        poll.pull()


def hide_customers(poll, is_hidden):
    """Leave customers out of lists if ``is_hidden(id)``; requests by id still return them."""

    def filtered(request, now, following):
        response = following(request, now)
        rows = [row for row in response.json if not is_hidden(row["id"])]
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": "1"}
        return text_response(json.dumps(rows), now, headers=headers)

    def is_list(request):
        return request.method == "GET" and request.path == "/wc/v3/customers"

    poll.faults.rules.append(FaultRule(filtered, times=None, when=is_list))


class TestNewCustomers:
    def test_a_new_customer_is_read_and_marked_for_evaluation(self, poll):
        id = poll.sandbox.register("Dora@example.com", now=poll.now, first_name="Dora")
        poll.pull()

        assert {f"c{id}"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_many_customers_who_register_in_one_second_are_read(self, poll):
        ids = [poll.sandbox.register(f"d{n}@example.com", now=poll.now) for n in range(230)]
        poll.pull()

        assert {f"c{id}" for id in ids} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_accounts_with_other_roles_are_customers_too(self, poll):
        poll.sandbox.register("sub@example.com", now=poll.now, role="subscriber")
        poll.pull()

        assert_database_matches_sandbox(poll)

    def test_a_customer_who_registers_and_orders_between_two_polls_has_the_order(self, poll):
        id = poll.sandbox.register("dora@example.com", now=poll.now)
        place_order(poll, customer=id)
        poll.pull()

        assert_database_matches_sandbox(poll)
        assert {f"c{id}"} == poll.dirty_people()

    def test_a_guest_who_registers_keeps_their_tags(self, poll):
        id = poll.sandbox.register("Bob@example.com", now=poll.now)
        poll.pull()

        assert {f"c{poll.anna}": '["Anna"]', f"c{id}": '["Bob"]'} == saved_tags(poll)
        assert {f"c{id}"} == poll.dirty_people()
        assert "g:bob@example.com" not in poll.people()
        assert_database_matches_sandbox(poll)

    def test_a_guest_whose_orders_are_assigned_to_their_new_account_keeps_their_tags(self, poll):
        id = poll.sandbox.register("bob@example.com", now=poll.now)
        poll.sandbox.assign_order(poll.guest_order, id, now=poll.now)
        poll.pull()

        assert {f"c{poll.anna}": '["Anna"]', f"c{id}": '["Bob"]'} == saved_tags(poll)
        assert_database_matches_sandbox(poll)

    def test_who_registers_with_a_shared_address_is_nobody(self, database):
        with open_poll(database, shared_emails=frozenset({"till@example.com"})) as poll:
            poll.wallet = poll.sandbox.add_product("Wallet", now=START - 90 * DAY)
            place_order(poll, email="till@example.com")
            poll.sandbox.register("till@example.com", now=poll.now)
            poll.pull()

            assert {} == poll.people()


class TestChangedAddresses:
    def test_a_changed_address_joins_the_tags_of_the_account_and_of_the_guest(self, poll):
        save_person(poll, "g:ann@example.com", "ann@example.com", current_tags='["Guest"]')
        poll.sandbox.change_email(poll.anna, "ann@example.com", now=poll.now)
        place_order(poll, customer=poll.anna)
        poll.pull()

        assert '["Anna","Guest"]' == saved_tags(poll)[f"c{poll.anna}"]
        assert "g:ann@example.com" not in poll.people()
        assert_database_matches_sandbox(poll)

    def test_guest_orders_under_the_old_address_belong_to_a_guest_again(self, poll):
        place_order(poll, email="anna@example.com", now=START - 5 * DAY)
        poll.pull()
        poll.clear_dirty_marks()
        poll.sandbox.change_email(poll.anna, "ann@example.com", now=poll.now)
        poll_for_a_day(poll)
        # It is the billing address still.
        assert {f"c{poll.anna}"} == poll.dirty_people()
        billing = {"email": "ann@example.com"}
        poll.sandbox.edit_customer(poll.anna, now=poll.now, billing=billing)
        poll_for_a_day(poll)

        assert {f"c{poll.anna}", "g:anna@example.com"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_guest_orders_move_to_the_account_that_takes_over_their_address(self, poll):
        other = poll.sandbox.register("carl@example.com", now=poll.now)
        place_order(poll, email="anna@example.com", now=START - 5 * DAY)
        poll.settle()
        poll.sandbox.change_email(poll.anna, "ann@example.com", now=poll.now)
        poll.sandbox.change_email(other, "anna@example.com", now=poll.now)
        poll_for_a_day(poll)

        assert {f"c{poll.anna}", f"c{other}"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)


class TestDeletedCustomers:
    def test_a_deleted_customer_becomes_a_guest_and_keeps_their_tags(self, poll):
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll_for_a_day(poll)

        assert {"g:anna@example.com": '["Anna"]', "g:bob@example.com": '["Bob"]'} == saved_tags(
            poll
        )
        assert {"g:anna@example.com"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_the_next_poll_finds_a_deleted_customer_through_their_orders(self, poll):
        """WooCommerce removes the account from its orders, which updates their timestamps."""
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll.pull()

        assert {"g:anna@example.com"} <= poll.dirty_people()
        (order,) = [each for each in poll.orders().values() if each.email == "anna@example.com"]
        assert 0 == order.customer_id

    def test_orders_of_a_deleted_customer_move_to_the_guests_of_their_addresses(self, poll):
        id = place_order(poll, customer=poll.anna)
        poll.sandbox.edit_billing(id, now=poll.now, email="office@example.com")
        poll.settle()
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll_for_a_day(poll)

        assert {"g:anna@example.com", "g:office@example.com"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_a_deleted_customer_is_marked_for_evaluation_if_guests_are_ignored(self, database):
        with open_poll(database, guests="ignore") as poll:
            id = poll.sandbox.register("anna@example.com", now=poll.now)
            poll.settle()
            poll.sandbox.delete_customer(id, now=poll.now)
            poll_for_a_day(poll)

            assert {f"c{id}"} == poll.dirty_people()
            assert {} == poll.customers()

    def test_a_deleted_customer_who_registers_again_keeps_their_tags(self, poll):
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll_for_a_day(poll)
        id = poll.sandbox.register("anna@example.com", now=poll.now)
        poll.pull()

        assert '["Anna"]' == saved_tags(poll)[f"c{id}"]
        assert_database_matches_sandbox(poll)

    def test_runs_stay_with_a_guest_who_registers(self, poll):
        with poll.db.reading() as tx:
            bob = person(tx, "g:bob@example.com")
        run = {
            "store": "shop",
            "workflow": "welcome",
            "person": bob,
            "event": "order 1 paid",
            "event_at": 1,
            "state": "waiting",
            "steps": "[]",
            "started_at": 1,
        }
        with poll.db.transaction() as tx:
            tx.execute(table_of(RunRow).insert(), [{**RunRow(**run).model_dump(exclude={"id"})}])
        id = poll.sandbox.register("bob@example.com", now=poll.now)
        poll.pull()

        with poll.db.reading() as tx:
            assert bob == person(tx, f"c{id}")
        assert [bob] == [row.person for row in poll._rows(RunRow)]


class TestRescan:
    def test_a_changed_customer_without_a_new_order_is_found_within_a_day(self, poll):
        ids = [poll.sandbox.register(f"d{n}@example.com", now=poll.now) for n in range(250)]
        poll.settle()
        poll.sandbox.edit_customer(ids[120], now=poll.now, first_name="Dora")
        poll.sandbox.edit_customer_meta(ids[7], "wcflow_tags", "Friend", now=poll.now)
        poll.sandbox.edit_customer_meta(ids[9], "last_login", "today", now=poll.now)
        poll_for_a_day(poll)

        assert {f"c{ids[120]}", f"c{ids[7]}"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_a_rescan_requests_each_hundred_customers_once_a_day(self, poll):
        for number in range(250):
            poll.sandbox.register(f"d{number}@example.com", now=poll.now)
        poll.settle()
        requests = 0
        for _ in range(72):
            poll.advance(hours=1)
            poll.pull()
            requests += sum("include" in call.params for call in poll.http.calls)

        assert 3 * 3 == requests

    def test_the_rescan_after_a_long_pause_is_spread_over_several_polls(self, poll):
        for number in range(2300):
            poll.sandbox.register(f"d{number}@example.com", now=poll.now)
        poll.settle()
        poll.advance(days=9)
        found = poll.pull()

        assert MAX_BATCHES <= found.requests <= MAX_BATCHES + 5

    @given(
        batches=st.integers(0, 400),
        gaps=st.lists(st.floats(1, 7200), min_size=1, max_size=60),
    )
    def test_every_batch_is_due_within_the_day_and_none_too_early(self, batches, gaps):
        """This holds at whatever times the polls happen."""
        started = datetime(2026, 1, 1, tzinfo=UTC)
        now, done = started, 0
        for gap in gaps:
            now += timedelta(seconds=gap)
            share = due_batches(now, CustomerRescan(started, done, batches), DAY)
            assert 0 <= share <= batches - done
            assert done + share <= (now - started) / DAY * (batches + 1)
            done += share
        while done < batches:
            share = due_batches(started + DAY, CustomerRescan(started, done, batches), DAY)
            assert 0 < share
            done += share


class TestIncompleteAnswers:
    """A customer who is missing from a list is not deleted before the absence is confirmed."""

    @pytest.fixture
    def full(self, poll):
        """A database of thirty customers that are due for a rescan."""
        poll.ids = [poll.sandbox.register(f"d{n}@example.com", now=poll.now) for n in range(29)]
        poll.settle()
        poll.advance(hours=18)
        return poll

    def test_a_wrong_empty_answer_deletes_nothing_and_is_an_error(self, full):
        hide_customers(full, lambda id: True)
        before = full.customers()
        with pytest.raises(StoreError, match="left 30 customers out of a list"):
            full.pull()

        assert (before, set()) == (full.customers(), full.dirty_people())
        full.faults.recover()
        full.pull()
        assert_database_matches_sandbox(full)

    def test_an_answer_without_most_customers_deletes_nothing_and_is_an_error(self, full):
        hide_customers(full, lambda id: id % 4)
        before = full.customers()
        with pytest.raises(StoreError, match="customers out of a list"):
            full.pull()

        assert (before, set()) == (full.customers(), full.dirty_people())

    def test_a_few_customers_missing_from_a_list_are_requested_by_id(self, full):
        hide_customers(full, lambda id: id in full.ids[:3])
        full.sandbox.delete_customer(full.ids[1], now=full.now)
        full.pull()

        assert full.sandbox_customers() == full.customers()

    def test_a_list_shorter_than_its_total_deletes_nothing(self, full):
        def truncated(request, now, following):
            response = following(request, now)
            return text_response(json.dumps(response.json[:5]), now, headers={"X-WP-Total": "30"})

        full.faults.rules.append(
            FaultRule(
                truncated,
                times=None,
                when=lambda r: r.path == "/wc/v3/customers" and "include" in r.params,
            )
        )
        before = full.customers()
        full.pull()

        assert before == full.customers()

    def test_writes_are_held_and_nothing_is_deleted_if_all_customers_are_missing(self, full):
        before = full.customers()
        for id in full.sandbox.customer_ids():
            full.sandbox.delete_customer(id, now=full.now)
        full.pull()
        row = full.row()

        # Anna's deletion shows in her order, so it is not in doubt.
        assert before == {**full.customers(), full.anna: before[full.anna]}
        assert (
            f"{EMPTY_ANSWER_REASON}: customers: none of the 29 known with ids" in full.hold().reason
        )
        assert int(full.now.timestamp()) == full.hold().since
        assert row.polled_at == int(full.now.timestamp())

    def test_missing_customers_are_deleted_once_an_admin_approves(self, full):
        for id in full.sandbox.customer_ids():
            full.sandbox.delete_customer(id, now=full.now)
        full.pull()
        with full.db.transaction() as tx:
            save_hold(tx, "shop", Hold())
        full.pull(approved=True)

        assert_database_matches_sandbox(full)
        assert ("", None) == (full.hold().reason, full.hold().since)

    def test_the_hold_ends_by_itself_when_the_customers_are_listed_again(self, full):
        kept = dict(full.sandbox.state.customers)
        full.sandbox.state.customers.clear()
        full.pull()
        assert full.hold().reason
        full.sandbox.state.customers.update(kept)
        full.advance(minutes=1)
        full.pull()

        assert ("", None) == (full.hold().reason, full.hold().since)
        assert_database_matches_sandbox(full)

    def test_a_hold_for_another_reason_stays(self, full):
        with full.db.transaction() as tx:
            save_hold(tx, "shop", Hold("412 writes", 5))
        full.sandbox.state.customers.clear()
        full.pull()

        assert ("412 writes", 5) == (full.hold().reason, full.hold().since)


def test_customer_meta_is_unknown_if_the_key_cannot_read_it(database):
    from wcflow.sandbox.auth import MANAGER
    from wcflow.store.client import Store

    with open_poll(database) as poll:
        id = poll.sandbox.register("anna@example.com", now=poll.now, meta={"colour": "red"})
        key = MANAGER.consumer_key, MANAGER.consumer_secret
        poll.client = Store("shop", "https://shop.example", *key, sleep=lambda s: None)
        poll.pull()

        assert poll.customers()[id].meta is None


def test_an_account_that_is_deleted_between_two_requests_does_not_stop_a_poll(poll):
    """The ids of new customers are listed twice: the newest, then all that are new."""
    new = poll.sandbox.register("cora@example.com", now=poll.now)
    poll.faults.before_answer(
        lambda sandbox, now: sandbox.delete_customer(new, now=now),
        only="GET /wc/v3/customers",
        after=1,
    )
    poll.pull()
    assert_database_matches_sandbox(poll)
