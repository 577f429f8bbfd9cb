"""wcflow and the dashboard of the companion plugin in a real store: cards, requests, approval."""

import json
import time

import pytest

from tests.live.conftest import RULES, Live, live_address
from wcflow import sync
from wcflow.database import companion
from wcflow.store.companion import read_status

SERVED = 3
"""Seconds after which the plugin serves a request."""
AS_ADMIN = "wp_set_current_user( get_users( array( 'role' => 'administrator' ) )[0]->ID );"


class Dashboard(Live):
    """A store with the plugin. Its dashboard is used with the plugin's own PHP."""

    php = None

    def card(self, name):
        """Return what the plugin keeps of a customer, or nothing."""
        email = json.dumps(self.email(name))
        return json.loads(
            self.php(f"echo wp_json_encode( Wcflow_People::find_by_email( {email} ) );")
        )

    def ask(self, action, name, **data):
        """Do something about a customer as an admin does; return the request's number."""
        email, given = json.dumps(self.email(name)), json.dumps(json.dumps(data))
        row = f"Wcflow_People::find_by_email( {email} )" if name else "null"
        return int(
            self.php(
                f"{AS_ADMIN} echo Wcflow_Mailbox::add( '{action}', {row}, json_decode( {given}, true ) );"
            )
        )

    def answer(self, number):
        found = json.loads(
            self.php(f"echo wp_json_encode( Wcflow_Mailbox::find_many( array( {number} ) ) );")
        )
        (row,) = found.values() if isinstance(found, dict) else found
        return row["state"], row["answer"]

    def update(self):
        """Run a pass a minute later, when the plugin serves what was asked."""
        time.sleep(SERVED)
        with self.db.transaction() as tx:
            companion.save_companion(tx, "live", pushed_at=None)
        return sync.sync_once(self.context)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory, php):
    shop = Dashboard(*live_address(), tmp_path_factory.mktemp("live"), RULES)
    shop.php = php
    sync.refresh_store_info(shop.context)
    if not shop.store_row() or not shop.store_row().has_companion:
        pytest.skip("the store does not have the companion plugin")
    shop.anna = shop.register("Anna")
    shop.place_order("Anna", total="612.50", customer=shop.anna)
    shop.place_order("Guest")
    shop.run_pass()
    shop.update()
    yield shop
    shop.close()


def test_everyone_is_in_the_plugin_and_no_one_is_sent_twice(dashboard):
    with dashboard.db.reading() as tx:
        known = companion.load_companion(tx, "live")
        counts = companion.count_pushed(tx, "live"), companion.count_outdated(tx, "live")
    status = read_status(dashboard.store)
    assert ("", known.generation, 0) == (known.problem, status.generation, counts[1])
    assert (counts[0], known.settings) == (status.people, status.settings)


def test_a_card_has_what_the_daemon_knows(dashboard):
    card = dashboard.card("Anna")
    assert ("Anna", "Live Big", "612.50", 1) == (
        card["name"],
        card["segment"],
        card["spent"],
        card["orders"],
    )
    assert card["reasons"][0].startswith("Live Big: total spent 612.50")
    assert ["612.50"] == [each["total"] for each in card["recent_orders"]]
    assert (0, "Live Small") == (
        dashboard.card("Guest")["customer_id"],
        dashboard.card("Guest")["segment"],
    )


def test_what_someone_does_in_the_dashboard_is_done_and_answered(dashboard):
    added = dashboard.ask("tag.add", "Anna", tag="Gold")
    noted = dashboard.ask("note.add", "Anna", category="Feedback", text="Likes <b>tea</b> 🍵")
    odd = dashboard.ask("note.remove", "Anna", note=999_999_999)
    dashboard.update()
    assert ("done", "Added the tag Gold.") == dashboard.answer(added)
    assert "done" == dashboard.answer(noted)[0]
    assert ("refused", "This customer does not have this note any more.") == dashboard.answer(odd)
    assert "Gold" in dashboard.tags(f"customers/{dashboard.anna}")
    card = dashboard.card("Anna")
    assert "Gold" in card["tags"]
    assert ["Likes <b>tea</b> 🍵"] == [each["text"] for each in card["notes"]]


def test_what_waits_is_approved_from_the_dashboard(dashboard):
    with dashboard.db.transaction() as tx:
        tx.exec_driver_sql("UPDATE channel SET approved = 0")
    order = dashboard.place_order("Zoe")
    time.sleep(SERVED)
    dashboard.update()
    held = json.loads(dashboard.php("echo wp_json_encode( Wcflow_Settings::summary()['held'] );"))
    assert held["count"] > 0
    assert [] == dashboard.notes(order)
    asked = dashboard.ask("held.approve", "", token=held["token"])
    dashboard.update()
    assert "done" == dashboard.answer(asked)[0]
    assert dashboard.notes(order)


def test_a_request_is_done_once_after_the_plugin_was_read_from_the_start(dashboard):
    dashboard.ask("note.add", "Anna", category="General", text="Once")
    dashboard.update()
    with dashboard.db.transaction() as tx:
        companion.save_cursor(tx, "live", "requests", companion.Cursor())
    dashboard.update()
    assert 1 == [each["text"] for each in dashboard.card("Anna")["notes"]].count("Once")


def test_in_a_new_database_requests_of_before_change_nobody_else(dashboard, tmp_path):
    anna, stranger = dashboard.card("Anna"), f"stranger.{dashboard.run_id}@example.com"
    asked = dashboard.ask("tag.add", "Guest", tag="Press")
    other = Dashboard(*live_address(), tmp_path, RULES)
    other.php, other.run_id = dashboard.php, dashboard.run_id
    row = f"array( 'person' => %d, 'customer_id' => 0, 'email' => '{stranger}', 'generation' => '%s' )"
    add = f"{AS_ADMIN} echo Wcflow_Mailbox::add( 'tag.add', {row}, array( 'tag' => 'Silver' ) );"
    try:
        other.run_pass()
        other.update()
        now = other.card("Anna")
        number = int(dashboard.php(add % (now["person"], anna["generation"])))
        other.update()
        assert ("done", "Added the tag Press.") == other.answer(asked)
        assert "refused" == other.answer(number)[0]
        assert "Silver" not in other.card("Anna")["tags"]
        assert anna["generation"] != now["generation"]
        with other.db.reading() as tx:
            assert companion.count_pushed(tx, "live") == read_status(other.store).people
    finally:
        other.close()
        dashboard.update()  # its cards are pushed again
