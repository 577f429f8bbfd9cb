"""Laws that every WooCommerce shop must keep: the sandbox, and any real one.

A subclass gives the door. Each law makes its own data, asks for nothing that others made, and
clears away behind it, so that it may run against a shop that is in use.
"""

import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import pytest

JSON = Any


class Answer(NamedTuple):
    """What a door brings back; header names are as the shop wrote them."""

    status: int
    headers: Mapping[str, str]
    json: JSON


class Door(Protocol):
    """The way into a shop, with the key of an administrator that may read and write."""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer: ...

    def post(self, path: str, json: JSON, params: Mapping[str, Any] | None = None) -> Answer: ...

    def put(self, path: str, json: JSON, params: Mapping[str, Any] | None = None) -> Answer: ...

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> Answer: ...


class Ours:
    """What a law made in the shop, to be cleared away when it is done."""

    def __init__(self, shop: Door, token: str) -> None:
        self.shop = shop
        self.token = token
        self._made: list[str] = []
        self._numbers = itertools.count(1)

    def name(self) -> str:
        """Return a name that nobody else has."""
        return f"{self.token}-{next(self._numbers)}"

    def make(self, path: str, **fields: Any) -> dict[str, Any]:
        """Make something, and remember it."""
        answer = self.shop.post(path, fields)
        assert answer.status == 201, answer
        self._made.append(f"{path}/{answer.json['id']}")
        return dict(answer.json)

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
            assert self.shop.delete(path, {"force": "true"}).status in {200, 404}


class StoreContract:
    """The laws; `shop` is to be overridden, and `token` where several run at one time."""

    @pytest.fixture
    def shop(self) -> Door:
        raise NotImplementedError

    @pytest.fixture
    def token(self) -> str:
        return "contract"

    @pytest.fixture
    def ours(self, shop: Door, token: str) -> Iterator[Ours]:
        ours = Ours(shop, token)
        yield ours
        ours.clear()

    # Time

    def test_bounds_are_exclusive(self, shop: Door, ours: Ours):
        """A row stamped with the very second that is asked after does not come back."""
        order = ours.order(status="pending")
        stamp = order["date_modified_gmt"]

        assert found(shop, order, modified_after=stamp) == []
        assert found(shop, order, modified_before=stamp) == []
        assert [order["id"]] == found(shop, order, modified_after=moved(stamp, seconds=-1))
        assert [order["id"]] == found(shop, order, modified_before=moved(stamp, seconds=1))

    def test_a_z_with_dates_are_gmt_is_off_by_the_zone(self, shop: Door, ours: Ours):
        """The shop turns it into local time and compares that with the GMT column."""
        order = ours.order(status="pending")
        stamp, local = order["date_modified_gmt"], order["date_modified"]
        before = moved(stamp, seconds=-1)

        is_ahead_of_gmt = local > stamp

        expected = [] if is_ahead_of_gmt else [order["id"]]
        assert expected == found(shop, order, modified_after=f"{before}Z")

    def test_local_bounds_are_local(self, shop: Door, ours: Ours):
        """Without dates_are_gmt a naive bound is in the shop's own time."""
        order = ours.order(status="pending")
        bound = moved(order["date_modified"], seconds=-1)
        asked = {"include": order["id"], "modified_after": bound, "_fields": "id"}

        assert [{"id": order["id"]}] == shop.get("/wc/v3/orders", asked).json

    def test_what_is_no_date_is_refused(self, shop: Door):
        answer = shop.get("/wc/v3/orders", {"modified_after": "yesterday"})

        assert (answer.status, answer.json["code"]) == (400, "rest_invalid_param")

    # Orders

    def test_a_guest_order_keeps_the_address_as_typed(self, ours: Ours):
        order = ours.order(status="pending", billing={"email": "Gina.Guest@Example.com"})

        assert (order["customer_id"], order["billing"]["email"]) == (0, "Gina.Guest@Example.com")

    def test_any_hides_the_trash(self, shop: Door, ours: Ours):
        """Trash is a status that `any` leaves out, even when both are asked for."""
        order = ours.order(status="pending")

        before = shop.delete(f"/wc/v3/orders/{order['id']}").json

        assert before["status"] == "pending"
        assert found(shop, order) == []
        assert found(shop, order, status="any,trash") == []
        assert [order["id"]] == found(shop, order, status="trash")
        assert shop.get(f"/wc/v3/orders/{order['id']}").json["status"] == "trash"

    def test_an_order_deleted_for_good_is_missing(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")
        shop.delete(f"/wc/v3/orders/{order['id']}", {"force": "true"})

        answer = shop.get(f"/wc/v3/orders/{order['id']}")

        expected = (404, "woocommerce_rest_shop_order_invalid_id")
        assert expected == (answer.status, answer.json["code"])

    def test_drafts_can_be_asked_for(self, shop: Door, ours: Ours):
        order = ours.order(status="checkout-draft", billing={"email": "draft@example.com"})

        assert [order["id"]] == found(shop, order, status="checkout-draft")

    def test_ids_that_are_not_there_are_passed_over(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")
        asked = {"include": f"{order['id']},999999999", "_fields": "id"}

        answer = shop.get("/wc/v3/orders", asked)

        assert [{"id": order["id"]}] == answer.json
        assert (header(answer, "X-WP-Total"), header(answer, "X-WP-TotalPages")) == ("1", "1")

    def test_excluded_ids_do_not_come_back(self, shop: Door, ours: Ours):
        """Under legacy storage that is so only where no ids are named to include."""
        one, other = ours.order(status="pending"), ours.order(status="pending")
        since = moved(one["date_modified_gmt"], seconds=-1)
        asked = {"modified_after": since, "dates_are_gmt": "true", "exclude": str(one["id"])}

        answer = shop.get("/wc/v3/orders", {**asked, "_fields": "id"})

        assert [{"id": other["id"]}] == answer.json

    def test_a_page_past_the_end_is_empty(self, shop: Door, ours: Ours):
        """It is no error; under HPOS it also counts nothing, so its total is no total."""
        order = ours.order(status="pending")

        answer = shop.get("/wc/v3/orders", {"include": order["id"], "page": 9})

        assert (answer.status, answer.json) == (200, [])
        assert header(answer, "X-WP-Total") in {"0", "1"}

    @pytest.mark.parametrize(
        ("name", "value"),
        [("per_page", 101), ("per_page", 0), ("orderby", "nonsense"), ("status", "nope")],
    )
    def test_a_parameter_that_does_not_fit_is_refused(self, shop: Door, name: str, value: Any):
        answer = shop.get("/wc/v3/orders", {name: value})

        assert (answer.status, answer.json["code"]) == (400, "rest_invalid_param")
        assert [name] == list(answer.json["data"]["params"])

    def test_a_parameter_that_nobody_knows_is_ignored(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")

        assert [order["id"]] == found(shop, order, nonsense="1")

    def test_only_the_fields_asked_for(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}"

        answer = shop.get(path, {"_fields": "id,status"})

        told = {key: value for key, value in answer.json.items() if key != "_links"}
        assert {"id": order["id"], "status": "pending"} == told

    def test_orders_of_a_customer(self, shop: Door, ours: Ours):
        customer = ours.customer()
        order = ours.order(status="pending", customer_id=customer["id"])

        rows = shop.get("/wc/v3/orders", {"customer": customer["id"], "_fields": "id"}).json

        assert [{"id": order["id"]}] == rows

    def test_order_meta_is_put_in_place(self, shop: Door, ours: Ours):
        """A key without an id updates its row, makes no second one, and null deletes it."""
        order = ours.order(status="pending")

        first, second, gone = (
            put_meta(shop, f"/wc/v3/orders/{order['id']}", value) for value in ("A", "B", None)
        )

        assert [row["value"] for row in first] == ["A"]
        assert [{**first[0], "value": "B"}] == second
        assert gone == []

    def test_paid_and_completed_orders_carry_their_dates(self, shop: Door, ours: Ours):
        """Something must be there to be sent: an order without lines is paid when completed."""
        order = ours.paid_order("20.00", status="pending")
        path = f"/wc/v3/orders/{order['id']}"
        assert (order["date_paid_gmt"], order["date_completed_gmt"]) == (None, None)

        paid = shop.put(path, {"status": "processing"}).json
        done = shop.put(path, {"status": "completed"}).json

        assert (bool(paid["date_paid_gmt"]), bool(paid["date_completed_gmt"])) == (True, False)
        assert paid["date_paid_gmt"] == done["date_paid_gmt"]
        assert done["date_completed_gmt"]

    # Refunds

    def test_a_partial_refund_leaves_total_and_status(self, shop: Door, ours: Ours):
        order = ours.paid_order("20.00")
        give_back(shop, order, "5.00")

        seen = shop.get(f"/wc/v3/orders/{order['id']}").json

        refunds = [refund["total"] for refund in seen["refunds"]]
        assert (seen["total"], seen["status"], refunds) == ("20.00", "processing", ["-5.00"])

    def test_a_full_refund_is_a_status(self, shop: Door, ours: Ours):
        order = ours.paid_order("20.00")
        give_back(shop, order, "5.00")
        give_back(shop, order, "15.00")

        seen = shop.get(f"/wc/v3/orders/{order['id']}").json

        refunds = sorted(refund["total"] for refund in seen["refunds"])
        assert (seen["total"], seen["status"]) == ("20.00", "refunded")
        assert refunds == ["-15.00", "-5.00"]

    def test_no_more_is_given_back_than_was_paid(self, shop: Door, ours: Ours):
        order = ours.paid_order("20.00")
        asked = {"amount": "20.01", "api_refund": False}

        assert shop.post(f"/wc/v3/orders/{order['id']}/refunds", asked).status == 500

    # Notes

    def test_a_note_moves_no_stamp(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}"

        shop.post(f"{path}/notes", {"note": "seen"})

        assert order["date_modified_gmt"] == shop.get(path).json["date_modified_gmt"]

    def test_a_note_is_kept_as_sent_but_for_backslashes(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}/notes"

        made = shop.post(path, {"note": "<b>4 < 5</b> → a\\b"}).json

        assert (made["note"], made["customer_note"]) == ("<b>4 < 5</b> → ab", False)
        assert [made] == [note for note in shop.get(path).json if note["id"] == made["id"]]

    def test_a_note_can_be_deleted(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")
        path = f"/wc/v3/orders/{order['id']}/notes"
        made = shop.post(path, {"note": "gone soon"}).json

        shop.delete(f"{path}/{made['id']}", {"force": "true"})

        assert made["id"] not in [note["id"] for note in shop.get(path).json]

    # Customers

    def test_customers_have_no_modified_filter(self, shop: Door, ours: Ours):
        """It is ignored without a word."""
        customer = ours.customer()
        asked = {"include": customer["id"], "modified_after": "2099-01-01T00:00:00"}

        rows = shop.get("/wc/v3/customers", {**asked, "_fields": "id"}).json

        assert [{"id": customer["id"]}] == rows

    def test_customer_meta_is_put_in_place(self, shop: Door, ours: Ours):
        path = f"/wc/v3/customers/{ours.customer()['id']}"

        first, second, gone = (put_meta(shop, path, value) for value in ("A", "B", None))

        assert [row["value"] for row in first] == ["A"]
        assert [{**first[0], "value": "B"}] == second
        assert gone == []

    def test_customer_meta_with_an_underscore_is_dropped(self, shop: Door, ours: Ours):
        path = f"/wc/v3/customers/{ours.customer()['id']}"

        assert put_meta(shop, path, "x", key="_wcflow_contract") == []

    def test_customers_are_found_by_email_in_any_role(self, shop: Door, ours: Ours):
        customer = ours.customer()
        asked = {"email": customer["email"], "role": "all", "_fields": "id"}

        assert [{"id": customer["id"]}] == shop.get("/wc/v3/customers", asked).json

    def test_the_newest_customer_comes_first_by_id(self, shop: Door, ours: Ours):
        newest = [ours.customer(), ours.customer()][1]
        asked = {"orderby": "id", "order": "desc", "role": "all", "per_page": 1, "_fields": "id"}

        assert [{"id": newest["id"]}] == shop.get("/wc/v3/customers", asked).json

    def test_customers_have_no_trash(self, shop: Door, ours: Ours):
        path = f"/wc/v3/customers/{ours.customer()['id']}"

        assert shop.delete(path).status == 501
        assert shop.delete(path, {"force": "true"}).status == 200
        assert status_and_code(shop.get(path)) == (404, "wc_user_invalid_id")

    def test_orders_of_a_deleted_customer_are_guests_orders(self, shop: Door, ours: Ours):
        customer = ours.customer()
        order = ours.order(status="pending", customer_id=customer["id"])

        shop.delete(f"/wc/v3/customers/{customer['id']}", {"force": "true"})

        assert shop.get(f"/wc/v3/orders/{order['id']}").json["customer_id"] == 0

    # Batches

    def test_a_batch_fails_item_by_item(self, shop: Door, ours: Ours):
        """The answer is 200; what failed stands in its item's place, the rest is done."""
        one, other = ours.customer(), ours.customer()
        meta = [{"key": "wcflow_contract", "value": "A"}]
        ids = (one["id"], 999999999, other["id"])

        wishes = [{"id": number, "meta_data": meta} for number in ids]
        answer = shop.post("/wc/v3/customers/batch", {"update": wishes})

        codes = [row.get("error", {}).get("code") for row in answer.json["update"]]
        assert (answer.status, codes) == (200, [None, "wc_user_invalid_id", None])
        assert list(ids) == [row["id"] for row in answer.json["update"]]

    def test_an_order_batch_fails_item_by_item(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")
        wishes = [{"id": 999999999, "status": "completed"}, {"id": order["id"], "status": "failed"}]

        rows = shop.post("/wc/v3/orders/batch", {"update": wishes}).json["update"]

        assert rows[0]["error"]["code"] == "woocommerce_rest_shop_order_invalid_id"
        assert rows[1]["status"] == "failed"

    def test_a_batch_takes_a_hundred(self, shop: Door, ours: Ours):
        order = ours.order(status="pending")

        answer = shop.post("/wc/v3/orders/batch", {"update": [{"id": order["id"]}] * 101})

        assert status_and_code(answer) == (413, "woocommerce_rest_request_entity_too_large")

    # Coupons

    def test_a_coupon_code_is_lower_cased_and_found_in_any_case(self, shop: Door, ours: Ours):
        code = f"{ours.name()}-Ab".replace("contract", "Contract")
        coupon = ours.coupon(code=code)

        rows = shop.get("/wc/v3/coupons", {"code": code.upper(), "_fields": "id"}).json

        assert code.lower() == coupon["code"]
        assert [{"id": coupon["id"]}] == rows

    def test_a_coupon_code_can_be_had_once(self, shop: Door, ours: Ours):
        coupon = ours.coupon()

        answer = shop.post("/wc/v3/coupons", {"code": coupon["code"].upper(), "amount": "1"})

        assert status_and_code(answer) == (400, "woocommerce_rest_coupon_code_already_exists")

    def test_a_coupon_expires_at_the_instant_that_was_sent(self, ours: Ours):
        coupon = ours.coupon(date_expires="2099-01-01T00:00:00Z")

        assert coupon["date_expires_gmt"] == "2099-01-01T00:00:00"

    def test_a_coupon_ignores_date_expires_gmt(self, ours: Ours):
        coupon = ours.coupon(date_expires_gmt="2099-01-01T00:00:00")

        assert (coupon["date_expires"], coupon["date_expires_gmt"]) == (None, None)

    def test_a_malformed_restriction_is_dropped(self, ours: Ours):
        coupon = ours.coupon(email_restrictions=["not an email", "Gina@Example.com"])

        # PHP writes a list from which something was dropped as an object.
        assert coupon["email_restrictions"] == {"1": "gina@example.com"}

    def test_coupon_meta_comes_back(self, ours: Ours):
        coupon = ours.coupon(meta_data=[{"key": "wcflow_contract", "value": "1"}])

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
        self, shop: Door, ours: Ours, fields: dict[str, str], code: str
    ):
        answer = shop.post("/wc/v3/coupons", {"code": ours.name(), "amount": "1", **fields})

        assert (400, code) == status_and_code(answer)

    # The rest

    def test_an_unknown_route_is_missing(self, shop: Door):
        assert status_and_code(shop.get("/wc/v3/nonsense")) == (404, "rest_no_route")

    def test_every_answer_is_dated(self, shop: Door):
        """The client's cursor goes by the shop's own clock."""
        date = header(shop.get("/wc/v3/orders", {"per_page": 1, "_fields": "id"}), "Date")

        assert date.endswith(" GMT")


def found(shop: Door, order: dict[str, Any], **asked: Any) -> list[int]:
    """Return the order's id where the list shows it, with GMT bounds."""
    always = {"include": order["id"], "dates_are_gmt": "true", "_fields": "id", "status": "any"}
    return [row["id"] for row in shop.get("/wc/v3/orders", {**always, **asked}).json]


def put_meta(
    shop: Door, path: str, value: str | None, *, key: str = "wcflow_contract"
) -> list[dict[str, Any]]:
    """Set a meta row and return what is shown under its key."""
    answer = shop.put(path, {"meta_data": [{"key": key, "value": value}]})
    assert answer.status == 200, answer
    return [row for row in answer.json["meta_data"] if row["key"] == key]


def give_back(shop: Door, order: dict[str, Any], amount: str) -> None:
    asked = {"amount": amount, "api_refund": False}
    answer = shop.post(f"/wc/v3/orders/{order['id']}/refunds", asked)
    assert (201, amount) == (answer.status, answer.json["amount"]), answer


def moved(stamp: str, *, seconds: int) -> str:
    return (datetime.fromisoformat(stamp) + timedelta(seconds=seconds)).isoformat()


def header(answer: Answer, name: str) -> str:
    return {key.lower(): value for key, value in answer.headers.items()}[name.lower()]


def status_and_code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]
