"""Orders, customers, coupons and products of the sandbox."""

from datetime import datetime
from typing import Any

import pytest

from tests.store.sandbox_requests import LATER, NOW, STAMP_LATER, place_order, send
from wcflow.sandbox.state import Mail
from wcflow.sandbox.store import SandboxStore


def test_names_are_escaped_once():
    sandbox = SandboxStore()
    product = sandbox.add_product("Baby & Kids", now=NOW, categories=["A & B"], tags=["C &amp; D"])
    order = sandbox.place_order(now=NOW, items=[(product, 1)])

    found = sandbox.product(product)
    assert "Baby &amp; Kids" == found["name"] == sandbox.order(order)["line_items"][0]["name"]
    assert ("A &amp; B", "C &amp; D") == (found["categories"][0]["name"], found["tags"][0]["name"])


def test_line_items_stay_without_their_deleted_product():
    sandbox = SandboxStore()
    order = place_order(sandbox)
    sandbox.order(order)

    sandbox.delete_product(1)

    line = sandbox.order(order)["line_items"][0]
    assert ("Books &amp; More", 0, None) == (line["name"], line["product_id"], line["sku"])


def test_an_unknown_status_becomes_pending_in_a_batch_but_is_rejected_alone():
    sandbox = SandboxStore()
    order = place_order(sandbox)
    body = {"id": order, "status": "nonsense"}

    alone = send(sandbox, "PUT", f"/wc/v3/orders/{order}", json=body)
    batch = send(sandbox, "POST", "/wc/v3/orders/batch", json={"update": [body]})

    assert (400, "rest_invalid_param") == (alone.status, alone.json["code"])
    assert "pending" == batch.json["update"][0]["status"]


def test_a_plugin_can_add_statuses():
    sandbox = SandboxStore(more_statuses={"shipped": "Shipped"})
    order = place_order(sandbox)

    sandbox.set_status(order, "shipped", now=NOW)

    rows = send(sandbox, "GET", "/wc/v3/orders", {"status": "shipped", "_fields": "status"}).json
    assert [{"status": "shipped"}] == rows


@pytest.mark.parametrize(("any_holds_drafts", "count"), [(True, 1), (False, 0)])
def test_the_status_any_can_include_drafts(any_holds_drafts: bool, count: int):
    """It did in 10.2 and does not in later releases."""
    sandbox = SandboxStore(any_holds_drafts=any_holds_drafts)
    sandbox.place_order(now=NOW, status="checkout-draft")
    sandbox.place_order(now=NOW, status="auto-draft")

    assert count == len(send(sandbox, "GET", "/wc/v3/orders", {"status": "any"}).json)


def test_an_order_set_to_refunded_is_refunded_in_full(sandbox: SandboxStore):
    order = place_order(sandbox, status="completed")
    sandbox.refund(order, "5.00", now=NOW)

    sandbox.set_status(order, "refunded", now=LATER)

    found = sandbox.order(order)
    refunds = [(refund["total"], refund["reason"]) for refund in found["refunds"]]
    assert [("-15.00", "Order fully refunded."), ("-5.00", "")] == refunds


def test_a_coupon_is_rejected_after_its_usage_limit():
    sandbox = SandboxStore()
    place_order(sandbox)
    sandbox.add_coupon("ONCE", now=NOW, amount="5", usage_limit=1)
    lines = [{"product_id": 1, "quantity": 1}]
    body = {"line_items": lines, "coupon_lines": [{"code": "Once"}]}

    first, second = (send(sandbox, "POST", "/wc/v3/orders", json=body) for _ in range(2))

    assert ("15.00", "5.00") == (first.json["total"], first.json["discount_total"])
    assert (400, "woocommerce_rest_invalid_coupon") == (second.status, second.json["code"])
    assert 1 == sandbox.coupon("once")["usage_count"]


@pytest.mark.parametrize(
    ("fields", "when"),
    [
        ({"email_restrictions": ["other@example.com"]}, NOW),
        ({"date_expires": "2026-11-22T19:30:00Z"}, LATER),
        ({"minimum_amount": "20.01"}, NOW),
    ],
)
def test_a_coupon_is_rejected_for_another_address_a_late_date_or_a_small_order(
    fields: dict[str, Any], when: datetime
):
    sandbox = SandboxStore()
    place_order(sandbox)
    sandbox.add_coupon("FIT", now=NOW, amount="5", **fields)
    body = {
        "billing": {"email": "gina@example.com"},
        "line_items": [{"product_id": 1, "quantity": 1}],
        "coupon_lines": [{"code": "fit"}],
    }

    answer = send(sandbox, "POST", "/wc/v3/orders", json=body, now=when)

    assert (400, "woocommerce_rest_invalid_coupon") == (answer.status, answer.json["code"])


def test_a_fixed_discount_is_distributed_to_the_cent():
    sandbox = SandboxStore()
    products = [sandbox.add_product(name, now=NOW, price="3.33") for name in "abc"]
    sandbox.add_coupon("TEN", now=NOW, amount="5.00")

    order = sandbox.place_order(
        now=NOW, items=[(each, 1) for each in products], coupon_codes=["TEN"], email="a@b.example"
    )

    found = sandbox.order(order)
    assert ("4.99", "5.00") == (found["total"], found["discount_total"])
    assert "5.00" == found["coupon_lines"][0]["discount"]


def test_only_customer_notes_are_e_mailed():
    sandbox = SandboxStore()
    order = place_order(sandbox)

    sandbox.add_note(order, "private", now=NOW)
    sandbox.add_note(order, "Thanks!", now=NOW, customer_note=True)

    assert [Mail("ana@example.com", f"Note on order {order}", "Thanks!")] == sandbox.mails


def test_an_order_can_have_its_own_number():
    sandbox = SandboxStore()
    order = sandbox.place_order(now=NOW, number="RE-2026-7")

    assert "RE-2026-7" == sandbox.order(order)["number"]


def test_completing_an_order_makes_a_paying_customer():
    sandbox = SandboxStore()
    order = place_order(sandbox)

    sandbox.complete(order, now=LATER)

    found = sandbox.customer(1)
    assert (True, STAMP_LATER) == (found["is_paying_customer"], found["date_modified_gmt"])
