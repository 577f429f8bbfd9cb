"""Deleting customers in a real WooCommerce, with their orders anonymized or deleted."""

from datetime import UTC, datetime

import pytest

from tests.persons import person
from wcflow.customers import erasure
from wcflow.customers.erasure import Orders
from wcflow.database.edits import EditedBy
from wcflow.database.erasures import load_erasures
from wcflow.database.orders import load_orders
from wcflow.profile import account_key, guest_key

BILLING = {
    "last_name": "Meier",
    "company": "Meier GmbH",
    "address_1": "Weg 1",
    "city": "Berlin",
    "postcode": "10115",
    "state": "DE-BE",
    "country": "DE",
    "phone": "+49 30 123-45",
}


def place_order(live, name, customer=0):
    billing = {**BILLING, "first_name": name, "email": live.email(name)}
    fields = {"billing": billing, "shipping": {**BILLING, "first_name": name}}
    return live.place_order(name, customer=customer, customer_note="Ring twice", **fields)


def erase(live, key, orders):
    store, settings = live.context.name, live.context.settings
    with live.db.transaction() as tx:
        who = person(tx, key, store)
        erasure.erase(tx, settings, who, EditedBy("live", datetime.now(UTC)), orders=orders)


def finish(live):
    for _ in range(3):
        live.run_pass()
    with live.db.reading() as tx:
        assert all(each.finished_at for each in load_erasures(tx, live.context.name))


@pytest.mark.parametrize("registered", [True, False])
def test_orders_stay_without_personal_data(live, registered):
    name = "Petra" if registered else "Paula"
    customer = live.register(name) if registered else 0
    number = place_order(live, name, customer)
    live.run_pass()
    live.run_pass()
    key = account_key(customer) if registered else guest_key(live.email(name))
    erase(live, key, Orders.ANONYMIZE)
    finish(live)
    order = live.request("GET", f"orders/{number}")
    texts = ("first_name", "last_name", "company", "address_1", "city", "postcode")
    for group in ("billing", "shipping"):
        assert {"[deleted]"} == {order[group][each] for each in texts}
        assert ("", "") == (order[group]["state"], order[group]["country"])
        assert not {*"123456789"} & {*order[group]["phone"]}
    assert "deleted@site.invalid" == order["billing"]["email"]
    assert (0, "[deleted]", "30.00") == (
        order["customer_id"],
        order["customer_note"],
        order["total"],
    )
    assert [] == [each for each in order["meta_data"] if each["key"].startswith("wcflow_")]
    notes = live.request("GET", f"orders/{number}/notes")
    assert ["Personal data removed."] == [each["note"] for each in notes]
    if registered:
        assert 404 == live.send("GET", f"customers/{customer}").status_code
    with live.db.reading() as tx:
        assert "deleted@site.invalid" == load_orders(tx, live.context.name, [number])[number].email
    assert 0 == live.run_pass()


def test_orders_are_deleted_with_the_customer(live):
    customer = live.register("Dina")
    number = place_order(live, "Dina", customer)
    live.run_pass()
    live.run_pass()
    erase(live, account_key(customer), Orders.DELETE)
    finish(live)
    assert 404 == live.send("GET", f"orders/{number}").status_code
    assert 404 == live.send("GET", f"customers/{customer}").status_code
    with live.db.reading() as tx:
        assert {} == load_orders(tx, live.context.name, [number])


def test_whoever_comes_back_gets_no_second_coupon(live):
    customer = live.register("Bella")
    place_order(live, "Bella", customer)
    live.run_pass()
    live.run_pass()
    (coupon,) = [each["id"] for each in live.coupons("Bella")]
    erase(live, account_key(customer), Orders.ANONYMIZE)
    finish(live)
    again = live.register("Bella")
    place_order(live, "Bella", again)
    live.run_pass()
    live.run_pass()
    # The first coupon no longer has the address, so it is not found here.
    assert [] == live.coupons("Bella")
    assert ["deleted@site.invalid"] == live.request("GET", f"coupons/{coupon}")[
        "email_restrictions"
    ]
