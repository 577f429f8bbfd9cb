"""Polling customers: who is new, who changed, who is gone, and what becomes of their memory."""

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
    """A shop with a customer, a guest, and a mirror that knows both and remembers tags of theirs."""
    with open_poll(database) as poll:
        poll.wallet = poll.sandbox.add_product("Wallet", now=START - 90 * DAY)
        poll.anna = poll.sandbox.register("anna@example.com", now=START - 40 * DAY)
        place_order(poll, customer=poll.anna, now=START - 39 * DAY)
        poll.bobs = place_order(poll, email="bob@example.com", now=START - 38 * DAY)
        poll.settle()
        save_memory(poll, f"c{poll.anna}", "anna@example.com", current_tags='["Anna"]')
        save_memory(poll, "g:bob@example.com", "bob@example.com", current_tags='["Bob"]')
        poll.advance(minutes=1)
        yield poll


def place_order(poll, **more):
    return poll.sandbox.place_order(**{"now": poll.now, "items": ((poll.wallet, 1),), **more})


def save_memory(poll, key, email, **columns):
    with poll.db.transaction() as tx:
        (id,) = mark_dirty(tx, "shop", {key: email}).values()
        upsert(tx, PersonRow, [{"id": id, "store": "shop", "dirty": 0, **columns}])


def saved_tags(poll):
    """The tags that are remembered of persons."""
    return {key: row.current_tags for key, row in poll._persons() if row.current_tags != "[]"}


def poll_for_a_day(poll, every=timedelta(hours=1)):
    for _ in range(round(DAY / every) + 2):
        poll.advance(seconds=every.total_seconds())
        poll.pull()


def hide_customers(poll, *, of, times=None):
    """Let lists of customers leave out those ``of`` whom it says so; by name they are there."""

    def deed(request, now, following):
        response = following(request, now)
        rows = [row for row in response.json if not of(row["id"])]
        import json

        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": "1"}
        return text_response(json.dumps(rows), now, headers=headers)

    def lists(request):
        return request.method == "GET" and request.path == "/wc/v3/customers"

    poll.faults.rules.append(FaultRule(deed, times=times, when=lists))


class TestNew:
    def test_who_registers_is_read_and_touched(self, poll):
        id = poll.sandbox.register("Dora@example.com", now=poll.now, first_name="Dora")
        poll.pull()

        assert {f"c{id}"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_a_crowd_that_registers_at_once_is_read(self, poll):
        ids = [poll.sandbox.register(f"d{n}@example.com", now=poll.now) for n in range(230)]
        poll.pull()

        assert {f"c{id}" for id in ids} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_subscribers_and_shop_managers_are_customers_too(self, poll):
        poll.sandbox.register("sub@example.com", now=poll.now, role="subscriber")
        poll.pull()

        assert_database_matches_sandbox(poll)

    def test_who_orders_while_registering_has_their_order(self, poll):
        id = poll.sandbox.register("dora@example.com", now=poll.now)
        place_order(poll, customer=id)
        poll.pull()

        assert_database_matches_sandbox(poll)
        assert {f"c{id}"} == poll.dirty_people()

    def test_a_guest_who_registers_takes_their_memory_along(self, poll):
        id = poll.sandbox.register("Bob@example.com", now=poll.now)
        poll.pull()

        assert {f"c{poll.anna}": '["Anna"]', f"c{id}": '["Bob"]'} == saved_tags(poll)
        assert {f"c{id}"} == poll.dirty_people()
        assert "g:bob@example.com" not in poll.people()
        assert_database_matches_sandbox(poll)

    def test_a_guest_whose_orders_are_given_to_their_new_account_takes_their_memory_along(
        self, poll
    ):
        id = poll.sandbox.register("bob@example.com", now=poll.now)
        poll.sandbox.assign_order(poll.bobs, id, now=poll.now)
        poll.pull()

        assert {f"c{poll.anna}": '["Anna"]', f"c{id}": '["Bob"]'} == saved_tags(poll)
        assert_database_matches_sandbox(poll)

    def test_who_registers_with_a_shared_address_leaves_its_orders_to_nobody(self, database):
        with open_poll(database, shared_emails=frozenset({"till@example.com"})) as poll:
            poll.wallet = poll.sandbox.add_product("Wallet", now=START - 90 * DAY)
            place_order(poll, email="till@example.com")
            id = poll.sandbox.register("till@example.com", now=poll.now)
            poll.pull()

            assert {f"c{id}": "till@example.com"} == poll.people()


class TestAddresses:
    def test_a_new_address_keeps_the_memory_and_meets_the_guest_it_was(self, poll):
        save_memory(poll, "g:ann@example.com", "ann@example.com", current_tags='["Guest"]')
        poll.sandbox.change_email(poll.anna, "ann@example.com", now=poll.now)
        place_order(poll, customer=poll.anna)
        poll.pull()

        assert '["Anna","Guest"]' == saved_tags(poll)[f"c{poll.anna}"]
        assert "g:ann@example.com" not in poll.people()
        assert_database_matches_sandbox(poll)

    def test_guest_orders_under_the_address_left_behind_are_a_guests_again(self, poll):
        place_order(poll, email="anna@example.com", now=START - 5 * DAY)
        poll.pull()
        poll.clear_dirty_marks()
        poll.sandbox.change_email(poll.anna, "ann@example.com", now=poll.now)
        poll_for_a_day(poll)

        assert {f"c{poll.anna}", "g:anna@example.com"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_an_address_taken_over_by_another_account_takes_its_guest_orders_along(self, poll):
        other = poll.sandbox.register("carl@example.com", now=poll.now)
        place_order(poll, email="anna@example.com", now=START - 5 * DAY)
        poll.settle()
        poll.sandbox.change_email(poll.anna, "ann@example.com", now=poll.now)
        poll.sandbox.change_email(other, "anna@example.com", now=poll.now)
        poll_for_a_day(poll)

        assert {f"c{poll.anna}", f"c{other}"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)


class TestGone:
    def test_a_deleted_customer_is_a_guest_with_their_memory(self, poll):
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll_for_a_day(poll)

        assert {"g:anna@example.com": '["Anna"]', "g:bob@example.com": '["Bob"]'} == saved_tags(
            poll
        )
        assert {"g:anna@example.com"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_a_deleted_customer_is_found_with_an_order_of_theirs(self, poll):
        """Deleting an account stamps its orders: the next poll sees them come without it."""
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll.pull()

        assert {"g:anna@example.com"} <= poll.dirty_people()
        assert (
            0
            == next(o for o in poll.orders().values() if o.email == "anna@example.com").customer_id
        )

    def test_orders_that_stood_under_other_addresses_go_to_those(self, poll):
        id = place_order(poll, customer=poll.anna)
        poll.sandbox.edit_billing(id, now=poll.now, email="office@example.com")
        poll.settle()
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll_for_a_day(poll)

        assert {"g:anna@example.com", "g:office@example.com"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_where_guests_are_nobody_a_deleted_customer_keeps_their_key_and_is_touched(
        self, database
    ):
        with open_poll(database, guests="ignore") as poll:
            id = poll.sandbox.register("anna@example.com", now=poll.now)
            poll.settle()
            poll.sandbox.delete_customer(id, now=poll.now)
            poll_for_a_day(poll)

            assert {f"c{id}"} == poll.dirty_people()
            assert {} == poll.customers()

    def test_who_is_deleted_and_comes_back_is_remembered(self, poll):
        poll.sandbox.delete_customer(poll.anna, now=poll.now)
        poll_for_a_day(poll)
        id = poll.sandbox.register("anna@example.com", now=poll.now)
        poll.pull()

        assert '["Anna"]' == saved_tags(poll)[f"c{id}"]
        assert_database_matches_sandbox(poll)

    def test_runs_and_effects_follow_a_person_to_their_new_key(self, poll):
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


class TestSweep:
    def test_a_customer_who_changed_without_ordering_is_found_within_a_day(self, poll):
        others = [poll.sandbox.register(f"d{n}@example.com", now=poll.now) for n in range(250)]
        poll.settle()
        poll.sandbox.edit_customer(others[120], now=poll.now, first_name="Dora")
        poll.sandbox.edit_customer_meta(others[7], "wcflow_tags", "Friend", now=poll.now)
        poll.sandbox.edit_customer_meta(others[9], "last_login", "unasked", now=poll.now)
        poll_for_a_day(poll)

        assert {f"c{others[120]}", f"c{others[7]}"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_a_day_of_sweeping_asks_for_each_hundred_once(self, poll):
        for number in range(250):
            poll.sandbox.register(f"d{number}@example.com", now=poll.now)
        poll.settle()
        asked = 0
        for _ in range(72):
            poll.advance(hours=1)
            poll.pull()
            asked += sum("include" in call.params for call in poll.http.calls)

        assert 3 * 3 == asked

    def test_after_a_long_rest_everybody_is_looked_at_without_a_flood(self, poll):
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
    def test_each_batch_is_due_within_the_day(self, batches, gaps):
        """Whenever polls happen, none is left when the day is over; none is due before its time."""
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


class TestEmptyAnswers:
    """What a list leaves out is not believed to be gone where that is unlikely."""

    @pytest.fixture
    def full(self, poll):
        """A mirror of thirty customers whose turn in the sweep it is."""
        poll.many = [poll.sandbox.register(f"d{n}@example.com", now=poll.now) for n in range(29)]
        poll.settle()
        poll.advance(hours=18)
        return poll

    def test_a_falsely_empty_answer_deletes_nothing_and_is_an_error(self, full):
        hide_customers(full, of=lambda id: True)
        before = full.customers()
        with pytest.raises(StoreError, match="left 30 customers out of a list"):
            full.pull()

        assert (before, set()) == (full.customers(), full.dirty_people())
        full.faults.recover()
        full.pull()
        assert_database_matches_sandbox(full)

    def test_an_answer_that_lacks_most_deletes_nothing_and_is_an_error(self, full):
        hide_customers(full, of=lambda id: id % 4)
        before = full.customers()
        with pytest.raises(StoreError, match="customers out of a list"):
            full.pull()

        assert (before, set()) == (full.customers(), full.dirty_people())

    def test_a_few_whom_a_list_leaves_out_are_asked_for_by_name(self, full):
        hide_customers(full, of=lambda id: id in full.many[:3])
        full.sandbox.delete_customer(full.many[1], now=full.now)
        full.pull()

        assert full.sandbox_customers() == full.customers()

    def test_a_list_that_is_cut_short_proves_nothing(self, full):
        def deed(request, now, following):
            import json

            whole = following(request, now)
            return text_response(json.dumps(whole.json[:5]), now, headers={"X-WP-Total": "30"})

        full.faults.rules.append(
            FaultRule(
                deed,
                times=None,
                when=lambda r: r.path == "/wc/v3/customers" and "include" in r.params,
            )
        )
        before = full.customers()
        full.pull()

        assert before == full.customers()

    def test_when_all_are_gone_the_brake_holds_and_nothing_is_deleted(self, full):
        before = full.customers()
        for id in full.sandbox.customer_ids():
            full.sandbox.delete_customer(id, now=full.now)
        full.pull()
        row = full.row()

        assert {**before} == {**full.customers(), full.anna: before[full.anna]}
        assert (
            f"{EMPTY_ANSWER_REASON}: customers: none of the 29 known with ids" in full.hold().reason
        )
        assert int(full.now.timestamp()) == full.hold().since
        assert row.polled_at == int(full.now.timestamp())

    def test_what_an_admin_accepts_is_deleted(self, full):
        for id in full.sandbox.customer_ids():
            full.sandbox.delete_customer(id, now=full.now)
        full.pull()
        with full.db.transaction() as tx:
            save_hold(tx, "shop", Hold())
        full.pull(approved=True)

        assert_database_matches_sandbox(full)
        assert ("", None) == (full.hold().reason, full.hold().since)

    def test_the_brake_lets_go_by_itself_when_the_shop_is_sound_again(self, full):
        kept = dict(full.sandbox.state.customers)
        full.sandbox.state.customers.clear()
        full.pull()
        assert full.hold().reason
        full.sandbox.state.customers.update(kept)
        full.advance(minutes=1)
        full.pull()

        assert ("", None) == (full.hold().reason, full.hold().since)
        assert_database_matches_sandbox(full)

    def test_a_brake_that_others_hold_is_left_alone(self, full):
        with full.db.transaction() as tx:
            save_hold(tx, "shop", Hold("412 writes", 5))
        full.sandbox.state.customers.clear()
        full.pull()

        assert ("412 writes", 5) == (full.hold().reason, full.hold().since)


def test_whose_meta_a_key_may_not_read_has_none_in_the_mirror(database):
    from wcflow.sandbox.auth import MANAGER
    from wcflow.store.client import Store

    with open_poll(database) as poll:
        id = poll.sandbox.register("anna@example.com", now=poll.now, meta={"colour": "red"})
        key = MANAGER.consumer_key, MANAGER.consumer_secret
        poll.client = Store("shop", "https://shop.example", *key, sleep=lambda s: None)
        poll.pull()

        assert poll.customers()[id].meta is None
