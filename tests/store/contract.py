"""The contract of every WooCommerce store: the sandbox and real ones.

A subclass gives the door. Each law makes its own data, asks for nothing that others made, and
clears away behind it, so that it may run against a shop that is in use.
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
            assert self.api.delete(path, {"force": "true"}).status in {200, 404}


class StoreContract:
    """The laws; `shop` is to be overridden, and `token` where several run at one time."""

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
        """A row with exactly the requested second is not returned."""
        order = records.order(status="pending")
        stamp = order["date_modified_gmt"]

        assert is_listed(api, order, modified_after=stamp) == []
        assert is_listed(api, order, modified_before=stamp) == []
        assert [order["id"]] == is_listed(api, order, modified_after=shift_stamp(stamp, seconds=-1))
        assert [order["id"]] == is_listed(api, order, modified_before=shift_stamp(stamp, seconds=1))

    def test_a_z_with_dates_are_gmt_is_off_by_the_zone(self, api: StoreApi, records: OwnRecords):
        """The store converts it to local time and compares that with the GMT column."""
        order = records.order(status="pending")
        stamp, local = order["date_modified_gmt"], order["date_modified"]
        before = shift_stamp(stamp, seconds=-1)

        is_ahead_of_gmt = local > stamp

        expected = [] if is_ahead_of_gmt else [order["id"]]
        assert expected == is_listed(api, order, modified_after=f"{before}Z")

    def test_local_bounds_are_local(self, api: StoreApi, records: OwnRecords):
        """Without dates_are_gmt a naive bound is in the store's time zone."""
        order = records.order(status="pending")
        bound = shift_stamp(order["date_modified"], seconds=-1)
        asked = {"include": order["id"], "modified_after": bound, "_fields": "id"}

        assert [{"id": order["id"]}] == api.get("/wc/v3/orders", asked).json

    def test_what_is_no_date_is_refused(self, api: StoreApi):
        answer = api.get("/wc/v3/orders", {"modified_after": "yesterday"})

        assert (answer.status, answer.json["code"]) == (400, "rest_invalid_param")

    # Orders

    def test_a_guest_order_keeps_the_address_as_typed(self, records: OwnRecords):
        order = records.order(status="pending", billing={"email": "Gina.Guest@Example.com"})

        assert (order["customer_id"], order["billing"]["email"]) == (0, "Gina.Guest@Example.com")

    def test_any_hides_the_trash(self, api: StoreApi, records: OwnRecords):
        """Trash is a status that `any` leaves out, even when both are asked for."""
        order = records.order(status="pending")

        before = api.delete(f"/wc/v3/orders/{order['id']}").json

        assert before["status"] == "pending"
        assert is_listed(api, order) == []
        assert is_listed(api, order, status="any,trash") == []
        assert [order["id"]] == is_listed(api, order, status="trash")
        assert api.get(f"/wc/v3/orders/{order['id']}").json["status"] == "trash"

    def test_an_order_deleted_for_good_is_missing(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        api.delete(f"/wc/v3/orders/{order['id']}", {"force": "true"})

        answer = api.get(f"/wc/v3/orders/{order['id']}")

        expected = (404, "woocommerce_rest_shop_order_invalid_id")
        assert expected == (answer.status, answer.json["code"])

    def test_drafts_can_be_asked_for(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="checkout-draft", billing={"email": "draft@example.com"})

        assert [order["id"]] == is_listed(api, order, status="checkout-draft")

    def test_ids_that_are_not_there_are_passed_over(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        asked = {"include": f"{order['id']},999999999", "_fields": "id"}

        answer = api.get("/wc/v3/orders", asked)

        assert [{"id": order["id"]}] == answer.json
        assert (header(answer, "X-WP-Total"), header(answer, "X-WP-TotalPages")) == ("1", "1")

    def test_excluded_ids_do_not_come_back(self, api: StoreApi, records: OwnRecords):
        """With legacy storage this holds only without `include`."""
        one, other = records.order(status="pending"), records.order(status="pending")
        since = shift_stamp(one["date_modified_gmt"], seconds=-1)
        asked = {"modified_after": since, "dates_are_gmt": "true", "exclude": str(one["id"])}

        answer = api.get("/wc/v3/orders", {**asked, "_fields": "id"})

        assert [{"id": other["id"]}] == answer.json

    def test_a_page_past_the_end_is_empty(self, api: StoreApi, records: OwnRecords):
        """It is no error; under HPOS it also counts nothing, so its total is no total."""
        order = records.order(status="pending")

        answer = api.get("/wc/v3/orders", {"include": order["id"], "page": 9})

        assert (answer.status, answer.json) == (200, [])
        assert header(answer, "X-WP-Total") in {"0", "1"}

    @pytest.mark.parametrize(
        ("name", "value"),
        [("per_page", 101), ("per_page", 0), ("orderby", "nonsense"), ("status", "nope")],
    )
    def test_a_parameter_that_does_not_fit_is_refused(self, api: StoreApi, name: str, value: Any):
        answer = api.get("/wc/v3/orders", {name: value})

        assert (answer.status, answer.json["code"]) == (400, "rest_invalid_param")
        assert [name] == list(answer.json["data"]["params"])

    def test_a_parameter_that_nobody_knows_is_ignored(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")

        assert [order["id"]] == is_listed(api, order, nonsense="1")

    def test_only_the_fields_asked_for(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}"

        answer = api.get(path, {"_fields": "id,status"})

        told = {key: value for key, value in answer.json.items() if key != "_links"}
        assert {"id": order["id"], "status": "pending"} == told

    def test_orders_of_a_customer(self, api: StoreApi, records: OwnRecords):
        customer = records.customer()
        order = records.order(status="pending", customer_id=customer["id"])

        rows = api.get("/wc/v3/orders", {"customer": customer["id"], "_fields": "id"}).json

        assert [{"id": order["id"]}] == rows

    def test_order_meta_is_put_in_place(self, api: StoreApi, records: OwnRecords):
        """A key without an id updates its row, makes no second one, and null deletes it."""
        order = records.order(status="pending")

        first, second, gone = (
            put_meta(api, f"/wc/v3/orders/{order['id']}", value) for value in ("A", "B", None)
        )

        assert [row["value"] for row in first] == ["A"]
        assert [{**first[0], "value": "B"}] == second
        assert gone == []

    def test_paid_and_completed_orders_carry_their_dates(self, api: StoreApi, records: OwnRecords):
        """Something must be there to be sent: an order without lines is paid when completed."""
        order = records.paid_order("20.00", status="pending")
        path = f"/wc/v3/orders/{order['id']}"
        assert (order["date_paid_gmt"], order["date_completed_gmt"]) == (None, None)

        paid = api.put(path, {"status": "processing"}).json
        done = api.put(path, {"status": "completed"}).json

        assert (bool(paid["date_paid_gmt"]), bool(paid["date_completed_gmt"])) == (True, False)
        assert paid["date_paid_gmt"] == done["date_paid_gmt"]
        assert done["date_completed_gmt"]

    # Refunds

    def test_a_partial_refund_leaves_total_and_status(self, api: StoreApi, records: OwnRecords):
        order = records.paid_order("20.00")
        refund_order(api, order, "5.00")

        seen = api.get(f"/wc/v3/orders/{order['id']}").json

        refunds = [refund["total"] for refund in seen["refunds"]]
        assert (seen["total"], seen["status"], refunds) == ("20.00", "processing", ["-5.00"])

    def test_a_full_refund_is_a_status(self, api: StoreApi, records: OwnRecords):
        order = records.paid_order("20.00")
        refund_order(api, order, "5.00")
        refund_order(api, order, "15.00")

        seen = api.get(f"/wc/v3/orders/{order['id']}").json

        refunds = sorted(refund["total"] for refund in seen["refunds"])
        assert (seen["total"], seen["status"]) == ("20.00", "refunded")
        assert refunds == ["-15.00", "-5.00"]

    def test_no_more_is_given_back_than_was_paid(self, api: StoreApi, records: OwnRecords):
        order = records.paid_order("20.00")
        asked = {"amount": "20.01", "api_refund": False}

        assert api.post(f"/wc/v3/orders/{order['id']}/refunds", asked).status == 500

    # Notes

    def test_a_note_moves_no_stamp(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}"

        api.post(f"{path}/notes", {"note": "seen"})

        assert order["date_modified_gmt"] == api.get(path).json["date_modified_gmt"]

    def test_a_note_is_kept_as_sent_but_for_backslashes(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}/notes"

        made = api.post(path, {"note": "<b>4 < 5</b> → a\\b"}).json

        assert (made["note"], made["customer_note"]) == ("<b>4 < 5</b> → ab", False)
        assert [made] == [note for note in api.get(path).json if note["id"] == made["id"]]

    def test_a_note_can_be_deleted(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}/notes"
        made = api.post(path, {"note": "gone soon"}).json

        api.delete(f"{path}/{made['id']}", {"force": "true"})

        assert made["id"] not in [note["id"] for note in api.get(path).json]

    # Customers

    def test_customers_have_no_modified_filter(self, api: StoreApi, records: OwnRecords):
        """It is ignored without an error."""
        customer = records.customer()
        asked = {"include": customer["id"], "modified_after": "2099-01-01T00:00:00"}

        rows = api.get("/wc/v3/customers", {**asked, "_fields": "id"}).json

        assert [{"id": customer["id"]}] == rows

    def test_customer_meta_is_put_in_place(self, api: StoreApi, records: OwnRecords):
        path = f"/wc/v3/customers/{records.customer()['id']}"

        first, second, gone = (put_meta(api, path, value) for value in ("A", "B", None))

        assert [row["value"] for row in first] == ["A"]
        assert [{**first[0], "value": "B"}] == second
        assert gone == []

    def test_customer_meta_with_an_underscore_is_dropped(self, api: StoreApi, records: OwnRecords):
        path = f"/wc/v3/customers/{records.customer()['id']}"

        assert put_meta(api, path, "x", key="_wcflow_contract") == []

    def test_customers_are_found_by_email_in_any_role(self, api: StoreApi, records: OwnRecords):
        customer = records.customer()
        asked = {"email": customer["email"], "role": "all", "_fields": "id"}

        assert [{"id": customer["id"]}] == api.get("/wc/v3/customers", asked).json

    def test_the_newest_customer_comes_first_by_id(self, api: StoreApi, records: OwnRecords):
        newest = [records.customer(), records.customer()][1]
        asked = {"orderby": "id", "order": "desc", "role": "all", "per_page": 1, "_fields": "id"}

        assert [{"id": newest["id"]}] == api.get("/wc/v3/customers", asked).json

    def test_customers_have_no_trash(self, api: StoreApi, records: OwnRecords):
        path = f"/wc/v3/customers/{records.customer()['id']}"

        assert api.delete(path).status == 501
        assert api.delete(path, {"force": "true"}).status == 200
        assert status_and_code(api.get(path)) == (404, "wc_user_invalid_id")

    def test_orders_of_a_deleted_customer_are_guests_orders(
        self, api: StoreApi, records: OwnRecords
    ):
        customer = records.customer()
        order = records.order(status="pending", customer_id=customer["id"])

        api.delete(f"/wc/v3/customers/{customer['id']}", {"force": "true"})

        assert api.get(f"/wc/v3/orders/{order['id']}").json["customer_id"] == 0

    # Batches

    def test_a_batch_fails_item_by_item(self, api: StoreApi, records: OwnRecords):
        """The response is 200; an error replaces each failed item, the others are done."""
        one, other = records.customer(), records.customer()
        meta = [{"key": "wcflow_contract", "value": "A"}]
        ids = (one["id"], 999999999, other["id"])

        wishes = [{"id": number, "meta_data": meta} for number in ids]
        answer = api.post("/wc/v3/customers/batch", {"update": wishes})

        codes = [row.get("error", {}).get("code") for row in answer.json["update"]]
        assert (answer.status, codes) == (200, [None, "wc_user_invalid_id", None])
        assert list(ids) == [row["id"] for row in answer.json["update"]]

    def test_an_order_batch_fails_item_by_item(self, api: StoreApi, records: OwnRecords):
        order = records.order(status="pending")
        wishes = [{"id": 999999999, "status": "completed"}, {"id": order["id"], "status": "failed"}]

        rows = api.post("/wc/v3/orders/batch", {"update": wishes}).json["update"]

        assert rows[0]["error"]["code"] == "woocommerce_rest_shop_order_invalid_id"
        assert rows[1]["status"] == "failed"

    def test_a_batch_takes_a_hundred(self, api: StoreApi, records: OwnRecords):
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

    def test_a_coupon_code_can_be_had_once(self, api: StoreApi, records: OwnRecords):
        coupon = records.coupon()

        answer = api.post("/wc/v3/coupons", {"code": coupon["code"].upper(), "amount": "1"})

        assert status_and_code(answer) == (400, "woocommerce_rest_coupon_code_already_exists")

    def test_a_coupon_expires_at_the_instant_that_was_sent(self, records: OwnRecords):
        coupon = records.coupon(date_expires="2099-01-01T00:00:00Z")

        assert coupon["date_expires_gmt"] == "2099-01-01T00:00:00"

    @pytest.mark.parametrize(("minutes", "status"), [(1, 201), (-1, 400)])
    def test_a_coupon_can_be_used_until_it_expires(
        self, api: StoreApi, records: OwnRecords, minutes: int, status: int
    ):
        """At 23:59 of its last day, with midnight as its end, and no more at 00:01."""
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

    def test_a_malformed_restriction_is_dropped(self, records: OwnRecords):
        coupon = records.coupon(email_restrictions=["not an email", "Gina@Example.com"])

        # PHP writes a list with a gap in its keys as an object.
        assert coupon["email_restrictions"] == {"1": "gina@example.com"}

    def test_coupon_meta_comes_back(self, records: OwnRecords):
        coupon = records.coupon(meta_data=[{"key": "wcflow_contract", "value": "1"}])

        assert [(row["key"], row["value"]) for row in coupon["meta_data"]] == [
            ("wcflow_contract", "1")
        ]

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"code": ""}, "woocommerce_rest_empty_coupon_code"),
            ({"amount": "-5"}, "coupon_invalid_amount"),
            ({"amount": "101", "discount_type": "percent"}, "coupon_invalid_amount"),
        ],
    )
    def test_a_coupon_that_makes_no_sense_is_refused(
        self, api: StoreApi, records: OwnRecords, fields: dict[str, str], code: str
    ):
        answer = api.post("/wc/v3/coupons", {"code": records.name(), "amount": "1", **fields})

        assert (400, code) == status_and_code(answer)

    # The rest

    def test_an_unknown_route_is_missing(self, api: StoreApi):
        assert status_and_code(api.get("/wc/v3/nonsense")) == (404, "rest_no_route")

    def test_every_answer_is_dated(self, api: StoreApi):
        """The client's cursor uses the store's clock."""
        date = header(api.get("/wc/v3/orders", {"per_page": 1, "_fields": "id"}), "Date")

        assert date.endswith(" GMT")


def is_listed(api: StoreApi, order: dict[str, Any], **asked: Any) -> list[int]:
    """Return the order's id where the list shows it, with GMT bounds."""
    always = {"include": order["id"], "dates_are_gmt": "true", "_fields": "id", "status": "any"}
    return [row["id"] for row in api.get("/wc/v3/orders", {**always, **asked}).json]


def put_meta(
    api: StoreApi, path: str, value: str | None, *, key: str = "wcflow_contract"
) -> list[dict[str, Any]]:
    """Set a meta row and return what is shown under its key."""
    answer = api.put(path, {"meta_data": [{"key": key, "value": value}]})
    assert answer.status == 200, answer
    return [row for row in answer.json["meta_data"] if row["key"] == key]


def refund_order(api: StoreApi, order: dict[str, Any], amount: str) -> None:
    asked = {"amount": amount, "api_refund": False}
    answer = api.post(f"/wc/v3/orders/{order['id']}/refunds", asked)
    assert (201, amount) == (answer.status, answer.json["amount"]), answer


def shift_stamp(stamp: str, *, seconds: int) -> str:
    return (datetime.fromisoformat(stamp) + timedelta(seconds=seconds)).isoformat()


def header(answer: Answer, name: str) -> str:
    return {key.lower(): value for key, value in answer.headers.items()}[name.lower()]


def status_and_code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]
