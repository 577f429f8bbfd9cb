"""The contract of every WooCommerce store, the sandbox and real ones.

Each test creates the records it needs, looks only at these, and deletes them at the end, so it can
run against a store that contains other data.
"""

import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol

import pytest

JSON = Any


class Answer(NamedTuple):
    """A response; header names are as the store sent them."""

    status: int
    headers: Mapping[str, str]
    json: JSON


class StoreApi(Protocol):
    """Access to a store with an administrator's read-write key."""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer: ...

    def post(self, path: str, json: JSON, params: Mapping[str, Any] | None = None) -> Answer: ...

    def put(self, path: str, json: JSON, params: Mapping[str, Any] | None = None) -> Answer: ...

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> Answer: ...


class OwnRecords:
    """Records that a test has created, to delete at its end."""

    def __init__(self, api: StoreApi, token: str) -> None:
        self.api = api
        self.token = token
        self._made: list[str] = []
        self._numbers = itertools.count(1)

    def name(self) -> str:
        """Return a unique name."""
        return f"{self.token}-{next(self._numbers)}"

    def make(self, path: str, **fields: Any) -> dict[str, Any]:
        """Create a record and keep track of it."""
        answer = self.api.post(path, fields)
        assert answer.status == 201, answer
        self._made.append(f"{path}/{answer.json['id']}")
        return dict(answer.json)

    def keep(self, path: str) -> None:
        """Keep track of a record that a test has created itself."""
        self._made.append(path)

    def customer(self, **fields: Any) -> dict[str, Any]:
        name = self.name()
        email = f"{name}@example.com"
        return self.make("/wc/v3/customers", **{"email": email, "username": name, **fields})

    def order(self, **fields: Any) -> dict[str, Any]:
        return self.make("/wc/v3/orders", **fields)

    def paid_order(self, price: str, **fields: Any) -> dict[str, Any]:
        product = self.make("/wc/v3/products", name=self.name(), regular_price=price)
        lines = [{"product_id": product["id"], "quantity": 1}]
        return self.order(**{"status": "processing", "line_items": lines, **fields})

    def coupon(self, **fields: Any) -> dict[str, Any]:
        return self.make("/wc/v3/coupons", **{"code": self.name(), "amount": "5", **fields})

    def clear(self) -> None:
        for path in reversed(self._made):
            # Older versions of WooCommerce answer 400 for an account that is gone.
            assert self.api.delete(path, {"force": "true"}).status in {200, 400, 404}


class StoreContract:
    """Override ``api``, and ``token`` if several runs share a store."""

    @pytest.fixture
    def api(self) -> StoreApi:
        raise NotImplementedError

    @pytest.fixture
    def token(self) -> str:
        return "contract"

    @pytest.fixture
    def records(self, api: StoreApi, token: str) -> Iterator[OwnRecords]:
        records = OwnRecords(api, token)
        yield records
        records.clear()

    # Time

    def test_bounds_are_exclusive(self, api: StoreApi, records: OwnRecords):
        """An order with exactly the requested second is not returned."""
        order = records.order(status="pending")
        stamp = order["date_modified_gmt"]

        assert listed_ids(api, order, modified_after=stamp) == []
        assert listed_ids(api, order, modified_before=stamp) == []
        assert [order["id"]] == listed_ids(
            api, order, modified_after=shift_stamp(stamp, seconds=-1)
        )
        assert [order["id"]] == listed_ids(
            api, order, modified_before=shift_stamp(stamp, seconds=1)
        )

    def test_a_z_with_dates_are_gmt_is_off_by_the_zone(self, api: StoreApi, records: OwnRecords):
        """The store converts it to local time and compares that with the GMT column."""
        order = records.order(status="pending")
        stamp, local = order["date_modified_gmt"], order["date_modified"]
        before = shift_stamp(stamp, seconds=-1)

        is_ahead_of_gmt = local > stamp

        expected = [] if is_ahead_of_gmt else [order["id"]]
        assert expected == listed_ids(api, order, modified_after=f"{before}Z")

    def test_local_bounds_are_local(self, api: StoreApi, records: OwnRecords):
        """Without dates_are_gmt a naive bound is in the store's time zone."""
        order = records.order(status="pending")
        bound = shift_stamp(order["date_modified"], seconds=-1)
        params = {"include": order["id"], "modified_after": bound, "_fields": "id"}

        assert [{"id": order["id"]}] == api.get("/wc/v3/orders", params).json

    def test_a_bound_that_is_not_a_date_is_refused(self, api: StoreApi):
        answer = api.get("/wc/v3/orders", {"modified_after": "yesterday"})

        assert (answer.status, answer.json["code"]) == (400, "rest_invalid_param")

    # Orders

    def test_a_guest_order_keeps_the_address_as_typed(self, records: OwnRecords):
        order = records.order(status="pending", billing={"email": "Gina.Guest@Example.com"})

        assert (order["customer_id"], order["billing"]["email"]) == (0, "Gina.Guest@Example.com")

    def test_status_any_leaves_out_the_trash(self, api: StoreApi, records: OwnRecords):
        """Even ``any,trash`` leaves it out; trash is a status of its own."""
        order = records.order(status="pending")

        before = api.delete(f"/wc/v3/orders/{order['id']}").json

        assert before["status"] == "pending"
        assert listed_ids(api, order) == []
        assert listed_ids(api, order, status="any,trash") == []
        assert [order["id"]] == listed_ids(api, order, status="trash")
        assert api.get(f"/wc/v3/orders/{order['id']}").json["status"] == "trash"

    def test_a_permanently_deleted_order_is_not_found(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        api.delete(f"/wc/v3/orders/{order['id']}", {"force": "true"})

        answer = api.get(f"/wc/v3/orders/{order['id']}")

        expected = (404, "woocommerce_rest_shop_order_invalid_id")
        assert expected == (answer.status, answer.json["code"])

    def test_drafts_are_listed_by_their_status(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="checkout-draft", billing={"email": "draft@example.com"})

        assert [order["id"]] == listed_ids(api, order, status="checkout-draft")

    def test_unknown_ids_are_left_out_of_a_list(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        params = {"include": f"{order['id']},999999999", "_fields": "id"}

        answer = api.get("/wc/v3/orders", params)

        assert [{"id": order["id"]}] == answer.json
        assert (header(answer, "X-WP-Total"), header(answer, "X-WP-TotalPages")) == ("1", "1")

    def test_excluded_ids_are_left_out_of_a_list(self, api: StoreApi, records: OwnRecords):
        """With posts storage this is only so without ``include``."""
        one, other = records.order(status="pending"), records.order(status="pending")
        since = shift_stamp(one["date_modified_gmt"], seconds=-1)
        params = {"modified_after": since, "dates_are_gmt": "true", "exclude": str(one["id"])}

        answer = api.get("/wc/v3/orders", {**params, "_fields": "id"})

        assert [{"id": other["id"]}] == answer.json

    def test_a_page_past_the_end_is_empty(self, api: StoreApi, records: OwnRecords):
        """With HPOS its X-WP-Total is 0, which is not the number of orders."""
        order = records.order(status="pending")

        answer = api.get("/wc/v3/orders", {"include": order["id"], "page": 9})

        assert (answer.status, answer.json) == (200, [])
        assert header(answer, "X-WP-Total") in {"0", "1"}

    @pytest.mark.parametrize(
        ("name", "value"),
        [("per_page", 101), ("per_page", 0), ("orderby", "nonsense"), ("status", "nope")],
    )
    def test_an_invalid_parameter_is_refused(self, api: StoreApi, name: str, value: Any):
        answer = api.get("/wc/v3/orders", {name: value})

        assert (answer.status, answer.json["code"]) == (400, "rest_invalid_param")
        assert [name] == list(answer.json["data"]["params"])

    def test_an_unknown_parameter_is_ignored(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")

        assert [order["id"]] == listed_ids(api, order, nonsense="1")

    def test_fields_selects_what_is_returned(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}"

        answer = api.get(path, {"_fields": "id,status"})

        answer.json.pop("_links", None)
        assert {"id": order["id"], "status": "pending"} == answer.json

    def test_orders_are_listed_by_customer(self, api: StoreApi, records: OwnRecords):
        customer = records.customer()
        order = records.order(status="pending", customer_id=customer["id"])

        rows = api.get("/wc/v3/orders", {"customer": customer["id"], "_fields": "id"}).json

        assert [{"id": order["id"]}] == rows

    def test_order_meta_is_updated_in_place(self, api: StoreApi, records: OwnRecords):
        """A key without an id updates its row instead of adding one; null deletes the row."""
        order = records.order(status="pending")

        first, second, deleted = (
            put_meta(api, f"/wc/v3/orders/{order['id']}", value) for value in ("A", "B", None)
        )

        assert [row["value"] for row in first] == ["A"]
        assert [{**first[0], "value": "B"}] == second
        assert deleted == []

    def test_paying_and_completing_set_the_dates_of_an_order(
        self, api: StoreApi, records: OwnRecords
    ):
        """Without a product to ship, an order gets its payment date only when it is completed."""
        order = records.paid_order("20.00", status="pending")
        path = f"/wc/v3/orders/{order['id']}"
        assert (order["date_paid_gmt"], order["date_completed_gmt"]) == (None, None)

        paid = api.put(path, {"status": "processing"}).json
        done = api.put(path, {"status": "completed"}).json

        assert (bool(paid["date_paid_gmt"]), bool(paid["date_completed_gmt"])) == (True, False)
        assert paid["date_paid_gmt"] == done["date_paid_gmt"]
        assert done["date_completed_gmt"]

    # Refunds

    def test_a_partial_refund_changes_neither_total_nor_status(
        self, api: StoreApi, records: OwnRecords
    ):
        order = records.paid_order("20.00")
        refund_order(api, order, "5.00")

        order = api.get(f"/wc/v3/orders/{order['id']}").json

        refunds = [refund["total"] for refund in order["refunds"]]
        assert (order["total"], order["status"], refunds) == ("20.00", "processing", ["-5.00"])

    def test_a_full_refund_sets_the_status(self, api: StoreApi, records: OwnRecords):
        order = records.paid_order("20.00")
        refund_order(api, order, "5.00")
        refund_order(api, order, "15.00")

        order = api.get(f"/wc/v3/orders/{order['id']}").json

        refunds = sorted(refund["total"] for refund in order["refunds"])
        assert (order["total"], order["status"]) == ("20.00", "refunded")
        assert refunds == ["-15.00", "-5.00"]

    def test_a_refund_above_the_total_fails(self, api: StoreApi, records: OwnRecords):
        order = records.paid_order("20.00")
        refund = {"amount": "20.01", "api_refund": False}

        assert api.post(f"/wc/v3/orders/{order['id']}/refunds", refund).status == 500

    # Notes

    def test_a_note_does_not_change_date_modified(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}"

        api.post(f"{path}/notes", {"note": "text"})

        assert order["date_modified_gmt"] == api.get(path).json["date_modified_gmt"]

    def test_a_note_keeps_its_text_except_backslashes(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}/notes"

        made = api.post(path, {"note": "<b>4 < 5</b> → a\\b"}).json

        assert (made["note"], made["customer_note"]) == ("<b>4 < 5</b> → ab", False)
        assert [made] == [note for note in api.get(path).json if note["id"] == made["id"]]

    def test_a_note_can_be_deleted(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}/notes"
        made = api.post(path, {"note": "text"}).json

        api.delete(f"{path}/{made['id']}", {"force": "true"})

        assert made["id"] not in [note["id"] for note in api.get(path).json]

    def test_notes_of_a_permanently_deleted_order_are_not_found(
        self, api: StoreApi, records: OwnRecords
    ):
        """Reading them and writing one fail with different codes."""
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}/notes"
        api.delete(f"/wc/v3/orders/{order['id']}", {"force": "true"})

        read, written = api.get(path), api.post(path, {"note": "text"})

        assert status_and_code(read) == (404, "woocommerce_rest_shop_order_invalid_id")
        assert status_and_code(written) == (404, "woocommerce_rest_order_invalid_id")

    def test_an_order_in_the_trash_takes_notes_and_meta(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}"
        api.delete(path)

        assert 201 == api.post(f"{path}/notes", {"note": "text"}).status
        assert ["A"] == [row["value"] for row in put_meta(api, path, "A")]

    # Customers

    def test_customers_have_no_modified_filter(self, api: StoreApi, records: OwnRecords):
        """The parameter is ignored without an error."""
        customer = records.customer()
        params = {"include": customer["id"], "modified_after": "2099-01-01T00:00:00"}

        rows = api.get("/wc/v3/customers", {**params, "_fields": "id"}).json

        assert [{"id": customer["id"]}] == rows

    def test_customer_meta_is_updated_in_place(self, api: StoreApi, records: OwnRecords):
        path = f"/wc/v3/customers/{records.customer()['id']}"

        first, second, deleted = (put_meta(api, path, value) for value in ("A", "B", None))

        assert [row["value"] for row in first] == ["A"]
        assert [{**first[0], "value": "B"}] == second
        assert deleted == []

    def test_customer_meta_with_an_underscore_is_dropped(self, api: StoreApi, records: OwnRecords):
        path = f"/wc/v3/customers/{records.customer()['id']}"

        assert put_meta(api, path, "x", key="_wcflow_contract") == []

    def test_customers_are_found_by_email_in_any_role(self, api: StoreApi, records: OwnRecords):
        customer = records.customer()
        params = {"email": customer["email"], "role": "all", "_fields": "id"}

        assert [{"id": customer["id"]}] == api.get("/wc/v3/customers", params).json

    def test_the_newest_customer_comes_first_by_id(self, api: StoreApi, records: OwnRecords):
        newest = [records.customer(), records.customer()][1]
        params = {"orderby": "id", "order": "desc", "role": "all", "per_page": 1, "_fields": "id"}

        assert [{"id": newest["id"]}] == api.get("/wc/v3/customers", params).json

    def test_customers_have_no_trash(self, api: StoreApi, records: OwnRecords):
        path = f"/wc/v3/customers/{records.customer()['id']}"

        assert api.delete(path).status == 501
        assert api.delete(path, {"force": "true"}).status == 200
        assert status_and_code(api.get(path)) == (404, "wc_user_invalid_id")

    def test_orders_of_a_deleted_customer_become_guest_orders(
        self, api: StoreApi, records: OwnRecords
    ):
        customer = records.customer()
        order = records.order(status="pending", customer_id=customer["id"])

        api.delete(f"/wc/v3/customers/{customer['id']}", {"force": "true"})

        assert api.get(f"/wc/v3/orders/{order['id']}").json["customer_id"] == 0

    # Batches

    def test_items_of_a_customer_batch_fail_separately(self, api: StoreApi, records: OwnRecords):
        """The response is 200, with an error in place of each failed item."""
        one, other = records.customer(), records.customer()
        meta = [{"key": "wcflow_contract", "value": "A"}]
        ids = (one["id"], 999999999, other["id"])

        updates = [{"id": number, "meta_data": meta} for number in ids]
        answer = api.post("/wc/v3/customers/batch", {"update": updates})

        codes = [row.get("error", {}).get("code") for row in answer.json["update"]]
        assert (answer.status, codes) == (200, [None, "wc_user_invalid_id", None])
        assert list(ids) == [row["id"] for row in answer.json["update"]]

    def test_items_of_an_order_batch_fail_separately(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        updates = [
            {"id": 999999999, "status": "completed"},
            {"id": order["id"], "status": "failed"},
        ]

        rows = api.post("/wc/v3/orders/batch", {"update": updates}).json["update"]

        assert rows[0]["error"]["code"] == "woocommerce_rest_shop_order_invalid_id"
        assert rows[1]["status"] == "failed"

    def test_a_batch_of_more_than_a_hundred_is_refused(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")

        answer = api.post("/wc/v3/orders/batch", {"update": [{"id": order["id"]}] * 101})

        assert status_and_code(answer) == (413, "woocommerce_rest_request_entity_too_large")

    # Coupons

    def test_a_coupon_code_is_lower_cased_and_found_in_any_case(
        self, api: StoreApi, records: OwnRecords
    ):
        code = f"{records.name()}-Ab".replace("contract", "Contract")
        coupon = records.coupon(code=code)

        rows = api.get("/wc/v3/coupons", {"code": code.upper(), "_fields": "id"}).json

        assert code.lower() == coupon["code"]
        assert [{"id": coupon["id"]}] == rows

    def test_a_coupon_code_is_unique(self, api: StoreApi, records: OwnRecords):
        coupon = records.coupon()

        answer = api.post("/wc/v3/coupons", {"code": coupon["code"].upper(), "amount": "1"})

        assert status_and_code(answer) == (400, "woocommerce_rest_coupon_code_already_exists")

    def test_a_coupon_expires_at_the_requested_instant(self, records: OwnRecords):
        coupon = records.coupon(date_expires="2099-01-01T00:00:00Z")

        assert coupon["date_expires_gmt"] == "2099-01-01T00:00:00"

    @pytest.mark.parametrize(("minutes", "status"), [(1, 201), (-1, 400)])
    def test_a_coupon_can_be_used_until_it_expires(
        self, api: StoreApi, records: OwnRecords, minutes: int, status: int
    ):
        """Valid at 23:59 of its last day, invalid at 00:01 of the next."""
        now = parsedate_to_datetime(header(api.get("/wc/v3/coupons", {"per_page": 1}), "Date"))
        expires = (now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        coupon = records.coupon(date_expires=expires)
        product = records.make("/wc/v3/products", name=records.name(), regular_price="20")
        lines = [{"product_id": product["id"], "quantity": 1}]

        answer = api.post(
            "/wc/v3/orders", {"line_items": lines, "coupon_lines": [{"code": coupon["code"]}]}
        )
        if answer.status == 201:
            records.keep(f"/wc/v3/orders/{answer.json['id']}")

        assert status == answer.status, answer

    def test_a_coupon_ignores_date_expires_gmt(self, records: OwnRecords):
        coupon = records.coupon(date_expires_gmt="2099-01-01T00:00:00")

        assert (coupon["date_expires"], coupon["date_expires_gmt"]) == (None, None)

    def test_a_malformed_address_in_email_restrictions_is_dropped(self, records: OwnRecords):
        coupon = records.coupon(email_restrictions=["not an email", "Gina@Example.com"])

        # PHP encodes a list with a gap in its keys as an object.
        assert coupon["email_restrictions"] == {"1": "gina@example.com"}

    def test_coupon_meta_is_returned(self, records: OwnRecords):
        coupon = records.coupon(meta_data=[{"key": "wcflow_contract", "value": "1"}])

        assert [(row["key"], row["value"]) for row in coupon["meta_data"]] == [
            ("wcflow_contract", "1")
        ]

    def test_disabled_coupons_are_neither_listed_nor_created(
        self, api: StoreApi, records: OwnRecords
    ):
        """The errors are those of a missing permission; the setting says which it is."""
        coupon = records.coupon()
        enabled = "/wc/v3/settings/general/woocommerce_enable_coupons"
        try:
            setting = api.put(enabled, {"value": "no"}).json["value"]
            found = api.get("/wc/v3/coupons", {"code": coupon["code"]})
            created = api.post("/wc/v3/coupons", {"code": records.name(), "amount": "5"})
        finally:
            api.put(enabled, {"value": "yes"})

        assert setting == "no"
        assert status_and_code(found) == (403, "woocommerce_rest_cannot_view")
        assert status_and_code(created) == (403, "woocommerce_rest_cannot_create")
        assert api.get(enabled).json["value"] == "yes"

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"code": ""}, "woocommerce_rest_empty_coupon_code"),
            ({"amount": "-5"}, "coupon_invalid_amount"),
            ({"amount": "101", "discount_type": "percent"}, "coupon_invalid_amount"),
        ],
    )
    def test_an_invalid_coupon_is_refused(
        self, api: StoreApi, records: OwnRecords, fields: dict[str, str], code: str
    ):
        answer = api.post("/wc/v3/coupons", {"code": records.name(), "amount": "1", **fields})

        assert (400, code) == status_and_code(answer)

    # Any request

    def test_an_unknown_route_is_not_found(self, api: StoreApi):
        assert status_and_code(api.get("/wc/v3/nonsense")) == (404, "rest_no_route")

    def test_every_response_has_a_date(self, api: StoreApi):
        """The client's cursor uses the store's clock."""
        date = header(api.get("/wc/v3/orders", {"per_page": 1, "_fields": "id"}), "Date")

        assert date.endswith(" GMT")


def listed_ids(api: StoreApi, order: dict[str, Any], **params: Any) -> list[int]:
    """Return the order's id if the list contains it; bounds are in GMT."""
    defaults = {"include": order["id"], "dates_are_gmt": "true", "_fields": "id", "status": "any"}
    return [row["id"] for row in api.get("/wc/v3/orders", {**defaults, **params}).json]


def put_meta(
    api: StoreApi, path: str, value: str | None, *, key: str = "wcflow_contract"
) -> list[dict[str, Any]]:
    """Set a meta value and return the rows of its key."""
    answer = api.put(path, {"meta_data": [{"key": key, "value": value}]})
    assert answer.status == 200, answer
    return [row for row in answer.json["meta_data"] if row["key"] == key]


def refund_order(api: StoreApi, order: dict[str, Any], amount: str) -> None:
    refund = {"amount": amount, "api_refund": False}
    answer = api.post(f"/wc/v3/orders/{order['id']}/refunds", refund)
    assert (201, amount) == (answer.status, answer.json["amount"]), answer


def shift_stamp(stamp: str, *, seconds: int) -> str:
    return (datetime.fromisoformat(stamp) + timedelta(seconds=seconds)).isoformat()


def header(answer: Answer, name: str) -> str:
    return {key.lower(): value for key, value in answer.headers.items()}[name.lower()]


def status_and_code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]
