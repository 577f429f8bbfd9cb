"""Fields, filters and pages of lists."""

from datetime import UTC, datetime

import pytest

from tests.store.sandbox_requests import LATER, NOW, STAMP, STAMP_LATER, place_order, send
from wcflow.sandbox.auth import ADMIN, MANAGER
from wcflow.sandbox.door import parse_request as read_http
from wcflow.sandbox.rest import Request
from wcflow.sandbox.store import SandboxStore


def test_fields_can_select_keys_of_objects():
    sandbox = SandboxStore()
    order = place_order(sandbox)

    rows = send(sandbox, "GET", "/wc/v3/orders", {"_fields": "id,billing.email"}).json

    assert [{"id": order, "billing": {"email": "ana@example.com"}}] == rows


def test_fields_cannot_select_keys_in_lists():
    """WordPress compares the key with the indexes of the list, and drops all items."""
    sandbox = SandboxStore()
    place_order(sandbox)

    rows = send(
        sandbox, "GET", "/wc/v3/orders", {"_fields": "line_items.name,billing.nonsense"}
    ).json

    assert [{"line_items": [], "billing": {}}] == rows


def test_fields_apply_to_writes_and_notes_too():
    sandbox = SandboxStore()
    order = place_order(sandbox)
    path = f"/wc/v3/orders/{order}"

    written = send(sandbox, "PUT", path, {"_fields": "id"}, {"status": "failed"}).json
    notes = send(sandbox, "GET", f"{path}/notes", {"_fields": "customer_note"}).json

    assert {"id": order} == written
    assert [{"customer_note": False}] * 2 == notes


def test_all_refunds_can_be_filtered_by_time(sandbox: SandboxStore):
    order = place_order(sandbox)
    early, late = (sandbox.refund(order, "1.00", now=at) for at in (NOW, LATER))
    params = {"dates_are_gmt": "true", "_fields": "id"}

    after = send(sandbox, "GET", "/wc/v3/refunds", {**params, "after": STAMP}).json
    before = send(sandbox, "GET", "/wc/v3/refunds", {**params, "before": STAMP_LATER}).json

    assert ([{"id": late}], [{"id": early}]) == (after, before)


def test_a_page_past_the_end_has_a_total_with_posts_only(sandbox: SandboxStore, hpos: bool):
    place_order(sandbox)

    answer = send(sandbox, "GET", "/wc/v3/orders", {"page": "2"})

    assert ([], "0" if hpos else "1") == (answer.json, answer.headers["X-WP-Total"])


@pytest.mark.parametrize("kind", ["products", "coupons", "customers"])
def test_other_lists_have_a_total_past_their_end(kind: str):
    sandbox = SandboxStore()
    place_order(sandbox)
    sandbox.add_coupon("A", now=NOW)

    answer = send(sandbox, "GET", f"/wc/v3/{kind}", {"page": "2"})

    assert ([], "1") == (answer.json, answer.headers["X-WP-Total"])


def test_products_can_be_filtered_by_modification_time():
    sandbox = SandboxStore()
    place_order(sandbox)
    other = sandbox.add_product("Lamp", now=NOW)
    sandbox.edit_product(other, now=LATER, tags=["light"])
    params = {"modified_after": STAMP, "dates_are_gmt": "true", "_fields": "id"}

    assert [{"id": other}] == send(sandbox, "GET", "/wc/v3/products", params).json


def test_a_list_shows_changes_since_the_last_request():
    """Every change of a row clears its cached JSON."""
    sandbox = SandboxStore()
    order = place_order(sandbox)
    send(sandbox, "GET", "/wc/v3/orders")

    sandbox.edit_order_meta(order, "wcflow_tags", "VIP", now=NOW)
    sandbox.refund(order, "5.00", now=NOW)
    row = send(sandbox, "GET", "/wc/v3/orders").json[0]

    assert sandbox.order(order) == row
    assert "VIP" == row["meta_data"][0]["value"]


def test_the_json_of_a_customer_depends_on_the_key():
    sandbox = SandboxStore()
    sandbox.register("ana@example.com", now=NOW, meta={"birthday": "1990-01-31"})

    rows = [
        send(sandbox, "GET", "/wc/v3/customers", key=key).json[0] for key in (ADMIN, MANAGER, ADMIN)
    ]

    assert [True, False, True] == ["meta_data" in row for row in rows]


def test_hidden_customer_meta_is_neither_shown_nor_changed():
    """Keys with an underscore cannot be changed."""
    sandbox = SandboxStore()
    sandbox.register("ana@example.com", now=NOW)
    sandbox.edit_customer_meta(1, "_secret", "x", now=NOW)
    body = {"meta_data": [{"key": "_secret", "value": "y"}]}

    answer = send(sandbox, "PUT", "/wc/v3/customers/1", json=body)

    assert [] == answer.json["meta_data"]
    assert ["x"] == [row.value for row in sandbox.state.customers[1].meta]


def test_the_date_header_has_the_format_of_http():
    answer = SandboxStore().answer(Request("GET", "/"), datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC))

    assert "Sun, 01 Mar 2026 04:05:06 GMT" == answer.headers["Date"]


def test_malformed_json_is_rejected():
    headers = {"content-type": "application/json"}
    url = "https://shop.example/wp-json/wc/v3/orders"
    sandbox = SandboxStore()

    answer = sandbox.answer(read_http("POST", url, headers, b"{"), NOW)

    assert (400, "rest_invalid_json") == (answer.status, answer.json["code"])
