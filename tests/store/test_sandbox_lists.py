"""Fields, filters and pages of lists."""

from datetime import UTC, datetime

import pytest

from tests.store.sandbox_requests import LATER, NOW, STAMP, STAMP_LATER, place_order, send
from wcflow.sandbox.auth import ADMIN, MANAGER
from wcflow.sandbox.door import parse_request as read_http
from wcflow.sandbox.rest import Request
from wcflow.sandbox.store import SandboxStore


def test_fields_reach_into_objects():
    sandbox = SandboxStore()
    order = place_order(sandbox)

    rows = send(sandbox, "GET", "/wc/v3/orders", {"_fields": "id,billing.email"}).json

    assert [{"id": order, "billing": {"email": "ana@example.com"}}] == rows


def test_fields_do_not_reach_into_lists():
    """WordPress looks the key up among the list's indexes, and drops everything."""
    sandbox = SandboxStore()
    place_order(sandbox)

    rows = send(
        sandbox, "GET", "/wc/v3/orders", {"_fields": "line_items.name,billing.nonsense"}
    ).json

    assert [{"line_items": [], "billing": {}}] == rows


def test_answers_to_writes_and_notes_are_trimmed_too():
    sandbox = SandboxStore()
    order = place_order(sandbox)
    path = f"/wc/v3/orders/{order}"

    written = send(sandbox, "PUT", path, {"_fields": "id"}, {"status": "failed"}).json
    notes = send(sandbox, "GET", f"{path}/notes", {"_fields": "customer_note"}).json

    assert {"id": order} == written
    assert [{"customer_note": False}] * 2 == notes


def test_all_refunds_can_be_asked_for_by_time(sandbox: SandboxStore):
    order = place_order(sandbox)
    early, late = (sandbox.refund(order, "1.00", now=at) for at in (NOW, LATER))
    asked = {"dates_are_gmt": "true", "_fields": "id"}

    after = send(sandbox, "GET", "/wc/v3/refunds", {**asked, "after": STAMP}).json
    before = send(sandbox, "GET", "/wc/v3/refunds", {**asked, "before": STAMP_LATER}).json

    assert ([{"id": late}], [{"id": early}]) == (after, before)


def test_a_page_past_the_end_counts_under_legacy_alone(sandbox: SandboxStore, hpos: bool):
    place_order(sandbox)

    answer = send(sandbox, "GET", "/wc/v3/orders", {"page": "2"})

    assert ([], "0" if hpos else "1") == (answer.json, answer.headers["X-WP-Total"])


@pytest.mark.parametrize("kind", ["products", "coupons", "customers"])
def test_other_lists_count_past_their_end(kind: str):
    sandbox = SandboxStore()
    place_order(sandbox)
    sandbox.add_coupon("A", now=NOW)

    answer = send(sandbox, "GET", f"/wc/v3/{kind}", {"page": "2"})

    assert ([], "1") == (answer.json, answer.headers["X-WP-Total"])


def test_products_that_changed_can_be_asked_for():
    sandbox = SandboxStore()
    place_order(sandbox)
    other = sandbox.add_product("Lamp", now=NOW)
    sandbox.edit_product(other, now=LATER, tags=["light"])
    asked = {"modified_after": STAMP, "dates_are_gmt": "true", "_fields": "id"}

    assert [{"id": other}] == send(sandbox, "GET", "/wc/v3/products", asked).json


def test_a_list_shows_what_changed_since_it_was_written():
    """Every change of a row drops its cached JSON."""
    sandbox = SandboxStore()
    order = place_order(sandbox)
    send(sandbox, "GET", "/wc/v3/orders")

    sandbox.edit_order_meta(order, "wcflow_tags", "VIP", now=NOW)
    sandbox.refund(order, "5.00", now=NOW)
    row = send(sandbox, "GET", "/wc/v3/orders").json[0]

    assert sandbox.order(order) == row
    assert "VIP" == row["meta_data"][0]["value"]


def test_customers_are_written_anew_for_each_kind_of_key():
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
    wish = {"meta_data": [{"key": "_secret", "value": "y"}]}

    answer = send(sandbox, "PUT", "/wc/v3/customers/1", json=wish)

    assert [] == answer.json["meta_data"]
    assert ["x"] == [row.value for row in sandbox.state.customers[1].meta]


def test_the_date_header_is_as_http_wants_it():
    answer = SandboxStore().answer(Request("GET", "/"), datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC))

    assert "Sun, 01 Mar 2026 04:05:06 GMT" == answer.headers["Date"]


def test_malformed_json_is_refused():

    headers = {"content-type": "application/json"}
    url = "https://shop.example/wp-json/wc/v3/orders"
    sandbox = SandboxStore()

    answer = sandbox.answer(read_http("POST", url, headers, b"{"), NOW)

    assert (400, "rest_invalid_json") == (answer.status, answer.json["code"])
