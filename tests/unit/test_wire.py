"""Recorded JSON of WooCommerce becomes records; unexpected JSON is an error with its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests import malformed
from wcflow.records import Address, Coupon, Customer, LineItem, Note, Order, Product, Refund
from wcflow.store import wire
from wcflow.store.fields import WireError
from wcflow.store.http import Answer
from wcflow.store.json_body import parse_json
from wcflow.store.listing import build_listing
from wcflow.units import minor_digits

RECORDINGS = Path(__file__).parent.parent / "recordings"


def recorded(file: str) -> dict[str, Any]:
    exchanges = json.loads((RECORDINGS / f"{file}.json").read_text())
    return {each["name"]: each["response"].get("json") for each in exchanges}


def json_objects(body: Any) -> list[dict[str, Any]]:
    """Return the objects in a body: of a list, of a batch without its errors, or the single one."""
    if isinstance(body, list):
        return body
    batch = [*body.get("update", []), *body.get("create", [])]
    return [each for each in batch if "error" not in each] or ([body] if "id" in body else [])


def all_recorded(file: str, *, having: str) -> list[dict[str, Any]]:
    found = [each for body in recorded(file).values() if body for each in json_objects(body)]
    return [each for each in found if having in each]


ORDERS = all_recorded("orders", having="line_items")
CUSTOMERS = [
    *all_recorded("customers", having="billing"),
    recorded("auth")["manager_reads_customer"],
]
COUPONS = all_recorded("coupons", having="discount_type")
NOTES = all_recorded("notes", having="note")
PRODUCTS = all_recorded("products", having="sku")
REFUNDS = all_recorded("refunds", having="amount")


def order_json(**changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(ORDERS[0])) | changes


def error_of(row: Any) -> str:
    try:
        wire.parse_order(row, frozenset({"a"}))
    except WireError as error:
        return str(error)
    return ""


def at(stamp: str) -> datetime:
    return datetime.fromisoformat(f"{stamp}+00:00")


class TestRecordedRows:
    def test_the_recordings_contain_rows_of_every_kind(self) -> None:
        kinds = (ORDERS, CUSTOMERS, COUPONS, NOTES, PRODUCTS, REFUNDS)
        least = (10, 15, 6, 9, 3, 4)
        assert all(len(kind) >= count for kind, count in zip(kinds, least, strict=True))

    @pytest.mark.parametrize("row", ORDERS, ids=lambda row: row["id"])
    def test_every_order_is_read(self, row: dict[str, Any]) -> None:
        """Amounts, times and items equal the JSON."""
        order = wire.parse_order(row, frozenset({"wcflow_tags"}))
        assert (
            row["id"],
            row["number"],
            row["status"],
            Decimal(row["total"]),
            row["customer_id"],
            row["billing"]["email"].lower(),
            at(row["date_modified_gmt"]),
            [(each["id"], each["quantity"]) for each in row["line_items"]],
            {each["key"]: each["value"] for each in row["meta_data"]},
        ) == (
            order.id,
            order.number,
            order.status,
            Decimal(order.total) / 100,
            order.customer_id,
            order.email,
            order.modified,
            [(each.id, each.quantity) for each in order.items],
            order.meta,
        )

    @pytest.mark.parametrize("row", CUSTOMERS, ids=lambda row: row["id"])
    def test_every_customer_is_read(self, row: dict[str, Any]) -> None:
        customer = wire.parse_customer(row)
        assert (row["id"], row["email"], row["role"], row["billing"]["country"]) == (
            customer.id,
            customer.email,
            customer.role,
            customer.billing.country,
        )

    @pytest.mark.parametrize("row", COUPONS, ids=lambda row: row["id"])
    def test_every_coupon_is_read(self, row: dict[str, Any]) -> None:
        coupon = wire.parse_coupon(row)
        assert (row["code"], row["discount_type"], row["amount"], row["email_restrictions"]) == (
            coupon.code,
            coupon.type,
            coupon.amount,
            list(coupon.emails),
        )

    @pytest.mark.parametrize("row", NOTES, ids=lambda row: row["id"])
    def test_every_note_is_read(self, row: dict[str, Any]) -> None:
        assert Note(row["id"], row["note"], row["customer_note"]) == wire.parse_note(row)

    @pytest.mark.parametrize("row", PRODUCTS, ids=lambda row: row["id"])
    def test_every_product_is_read(self, row: dict[str, Any]) -> None:
        expected = Product(
            row["id"],
            row["name"],
            row["sku"],
            tuple(each["name"] for each in row["categories"]),
            tuple(each["name"] for each in row["tags"]),
            at(row["date_modified_gmt"]),
        )
        assert expected == wire.parse_product(row)

    @pytest.mark.parametrize("row", REFUNDS, ids=lambda row: row["id"])
    def test_every_refund_is_read(self, row: dict[str, Any]) -> None:
        expected = Refund(
            row["id"],
            int(Decimal(row["amount"]) * 100),
            row["reason"],
            at(row["date_created_gmt"]),
        )
        assert expected == wire.parse_refund(row, "USD")


class TestOrders:
    def test_every_field_of_an_order_is_read(self) -> None:
        """The order of the recording ``create_with_coupon``."""
        expected = Order(
            id=250,
            number="250",
            status="processing",
            currency="USD",
            total=14408,
            discount_total=1601,
            customer_id=5,
            email="c4@example.com",
            created=at("2026-11-22T19:20:14"),
            modified=at("2026-11-22T19:20:14"),
            paid=at("2026-11-22T19:20:14"),
            completed=None,
            billing=Address(country="DE", email="c4@example.com"),
            shipping=Address(country="AT"),
            created_via="rest-api",
            items=(
                LineItem(514, 10, 0, "Leather Wallet for men", "electronics-1", 2, 9594),
                LineItem(
                    515, 22, 0, "Women Clothing item 1 for women", "women-clothing-1", 1, 4814
                ),
            ),
            coupons=("redeem10",),
        )
        assert expected == wire.parse_order(recorded("orders")["create_with_coupon"])

    def test_refunds_are_positive_and_have_no_date(self) -> None:
        refunds = [{"id": 251, "reason": "goodwill", "total": "-1.00"}]
        order = wire.parse_order(order_json(refunds=refunds))
        assert (Refund(251, 100, "goodwill", None),) == order.refunds

    def test_the_address_of_a_guest_is_normalized(self) -> None:
        billing = {**ORDERS[0]["billing"], "email": " Guest.New@Example.com "}
        assert wire.parse_order(order_json(billing=billing)).email == "guest.new@example.com"

    def test_names_are_unescaped(self) -> None:
        items = [{**ORDERS[0]["line_items"][0], "name": "Baby &amp; Kids &#8211; 1&quot;"}]
        assert wire.parse_order(order_json(line_items=items)).items[0].name == 'Baby & Kids – 1"'

    def test_addresses_are_unescaped(self) -> None:
        billing = {**ORDERS[0]["billing"], "company": "M&uuml;ller &amp; S&ouml;hne"}
        assert wire.parse_order(order_json(billing=billing)).billing.company == "Müller & Söhne"

    def test_money_is_in_the_currency_of_the_order(self) -> None:
        read = [
            wire.parse_order(order_json(currency=c, total="1234.5")).total for c in ("JPY", "KWD")
        ]
        assert [1235, 1234500] == read

    def test_only_the_requested_meta_is_kept(self) -> None:
        meta = [{"id": 1, "key": "a", "value": "1"}, {"id": 2, "key": "b", "value": "2"}]
        assert wire.parse_order(order_json(meta_data=meta), frozenset({"b"})).meta == {"b": "2"}

    def test_meta_can_be_missing_if_it_was_not_requested(self) -> None:
        row = order_json()
        del row["meta_data"]
        assert wire.parse_order(row).meta == {}

    def test_meta_other_than_text_is_compact_json(self) -> None:
        values = [["a", 1], {"b": None}, 5, True, None]
        meta = [{"id": 1, "key": str(n), "value": value} for n, value in enumerate(values)]
        order = wire.parse_order(order_json(meta_data=meta), frozenset("01234"))
        assert {"0": '["a",1]', "1": '{"b":null}', "2": "5", "3": "true"} == order.meta

    def test_the_first_of_equal_meta_keys_counts(self) -> None:
        """WooCommerce reads and writes the first."""
        meta = [{"id": n, "key": "k", "value": value} for n, value in enumerate("ab")]
        assert wire.parse_order(order_json(meta_data=meta), frozenset({"k"})).meta == {"k": "a"}

    def test_a_list_with_gaps_is_a_list(self) -> None:
        """PHP sends a filtered list as an object."""
        items = {"0": ORDERS[0]["line_items"][0], "2": ORDERS[0]["line_items"][0]}
        assert len(wire.parse_order(order_json(line_items=items)).items) == 2

    def test_an_empty_object_can_be_a_list(self) -> None:
        assert wire.parse_order(order_json(shipping=[])).shipping == Address()

    @pytest.mark.parametrize("empty", ["", None])
    def test_missing_values_are_read_as_empty(self, empty: object) -> None:
        item = {**ORDERS[0]["line_items"][0], "product_id": empty, "sku": None}
        order = wire.parse_order(
            order_json(line_items=[item], date_paid_gmt=empty, customer_note=None)
        )
        assert (0, "", None, "") == (
            order.items[0].product_id,
            order.items[0].sku,
            order.paid,
            order.customer_note,
        )

    def test_a_draft_without_a_creation_date_has_its_modification_date(self) -> None:
        row = order_json(**{**NO_DATES, "date_modified_gmt": "2026-11-22T19:20:14"})
        assert wire.parse_order(row).created == at("2026-11-22T19:20:14")

    @pytest.mark.parametrize("zero", ["-0001-11-30T00:00:00", "0000-00-00T00:00:00"])
    def test_a_zero_date_of_mysql_is_no_date(self, zero: str) -> None:
        assert wire.parse_order(order_json(date_paid_gmt=zero)).paid is None

    def test_a_fractional_quantity_is_rounded_up(self) -> None:
        item = {**ORDERS[0]["line_items"][0], "quantity": 0.25}
        assert wire.parse_order(order_json(line_items=[item])).items[0].quantity == 1

    def test_an_order_number_can_be_a_json_number(self) -> None:
        assert wire.parse_order(order_json(number=812)).number == "812"


def odd_order(**changes: Any) -> Order:
    return wire.parse_order(order_json(**changes), frozenset({"a"}))


def odd_item(**changes: Any) -> Order:
    return odd_order(line_items=[{**ORDERS[0]["line_items"][0], **changes}])


BILLING = ORDERS[0]["billing"]
NO_DATES = dict.fromkeys(wire.DATE_FIELDS.split(","))
FIRST = {"id": 1, "key": "a", "value": "1"}


class TestOddFields:
    """An odd field never costs the order; it is read as far as it can be, and named."""

    @pytest.mark.parametrize(
        ("changes", "odd", "read"),
        [
            ({"id": "12"}, "id", {"id": 12}),
            ({"number": []}, "number", {"number": "94"}),
            ({"customer_id": "5"}, "customer_id", {"customer_id": 5}),
            ({"customer_id": True}, "customer_id", {"customer_id": 0, "email": "c26@example.com"}),
            ({"customer_id": 10**30}, "customer_id", {"customer_id": 0}),
            ({"customer_id": -1}, "customer_id", {"customer_id": 0}),
            ({"billing": "x"}, "billing", {"billing": Address(), "customer_id": 27}),
            ({"billing": None}, "billing", {"email": "", "customer_id": 27}),
            ({"shipping": None}, "shipping", {"shipping": Address()}),
            ({"billing": {**BILLING, "city": []}}, "billing.city", {"email": "c26@example.com"}),
            ({"billing": {**BILLING, "email": "x" * 321}}, "billing.email", {"email": ""}),
            ({"discount_total": ""}, "discount_total", {"discount_total": 0}),
            ({"line_items": None}, "line_items", {"items": ()}),
            ({"line_items": "x"}, "line_items", {"items": ()}),
            ({"line_items": [1]}, "line_items", {"items": ()}),
            ({"refunds": None, "coupon_lines": None}, "coupon_lines,refunds", {"refunds": ()}),
            (
                {"refunds": [{"id": 7, "refund": "late", "total": "-10.00"}]},
                "refunds.reason",
                {"refunds": (Refund(7, 1000, "late"),)},
            ),
            (
                {"refunds": [{"reason": "", "total": "-10.00"}]},
                "refunds.id",
                {"refunds": (Refund(-1, 1000),)},
            ),
            (
                {"refunds": [{"id": 7, "reason": "", "total": {}}]},
                "refunds.total",
                {"refunds": (Refund(7, 0),)},
            ),
            ({"meta_data": [FIRST, {}]}, "meta_data", {"meta": {"a": "1"}}),
            ({"meta_data": [[], None, 5, "x", FIRST]}, "meta_data", {"meta": {"a": "1"}}),
            ({"meta_data": [{"key": "a"}, FIRST]}, "meta_data", {"meta": {"a": "1"}}),
            ({"meta_data": [{"key": [], "value": 1}]}, "meta_data", {"meta": {}}),
            ({"meta_data": {"3": FIRST, "4": {}}}, "meta_data", {"meta": {"a": "1"}}),
            ({"meta_data": "none"}, "meta_data", {"meta": {}}),
            ({"meta_data": None}, "meta_data", {"meta": {}}),
            ({"date_paid_gmt": 5}, "date_paid_gmt", {"paid": None}),
            ({"date_paid_gmt": "2026-02-30T00:00:00"}, "date_paid_gmt", {"paid": None}),
            ({"date_paid_gmt": "9999-12-31T23:59:59"}, "date_paid_gmt", {"paid": None}),
            ({"payment_method": False}, "payment_method", {"payment_method": ""}),
            ({"currency": ["USD"]}, "currency", {"currency": ""}),
            ({"status": "wc-completed"}, "status", {"status": "completed"}),
            ({"discount_total": "-1 234,50"}, "discount_total", {"discount_total": -123450}),
            ({"discount_total": "1,234"}, "discount_total", {"discount_total": 0}),
            (
                {"refunds": [{"id": 7, "reason": "", "total": "-1.234,50"}]},
                "refunds.total",
                {"refunds": (Refund(7, 123450),)},
            ),
        ],
    )
    def test_an_odd_field_is_read_as_far_as_it_can_be(
        self, changes: dict[str, Any], odd: str, read: dict[str, Any]
    ) -> None:
        order = odd_order(**changes)
        assert (odd, read) == (
            ",".join(order.odd_fields),
            {name: getattr(order, name) for name in read},
        )

    @pytest.mark.parametrize(
        ("changes", "odd", "read"),
        [
            ({"id": None}, "", {"id": -1}),
            ({"product_id": "10"}, "product_id", {"product_id": 10}),
            ({"quantity": "1.5"}, "quantity", {"quantity": 2}),
            ({"quantity": "3"}, "quantity", {"quantity": 3}),
            ({"quantity": "some"}, "quantity", {"quantity": 0}),
            ({"quantity": float("inf")}, "quantity", {"quantity": 0}),
            ({"total": ""}, "total", {"total": 0}),
            ({"total": None}, "total", {"total": 0}),
            ({"total": "19,90"}, "total", {"total": 1990}),
            ({"total": "1,234"}, "total", {"total": 0}),
            ({"total": "fifty"}, "total", {"total": 0}),
            ({"total": 9.5}, "", {"total": 950}),
            ({"sku": 812}, "", {"sku": "812"}),
            ({"sku": False}, "sku", {"sku": ""}),
            ({"meta_data": {"21": FIRST, "22": {}}}, "meta_data", {"meta": {"a": "1"}}),
            ({"meta_data": None}, "meta_data", {"meta": {}}),
        ],
    )
    def test_an_odd_line_item_is_read_as_far_as_it_can_be(
        self, changes: dict[str, Any], odd: str, read: dict[str, Any]
    ) -> None:
        order = odd_item(**changes)
        (item,) = order.items
        assert ([f"line_items.{odd}"] if odd else [], read) == (
            list(order.odd_fields),
            {name: getattr(item, name) for name in read},
        )

    @pytest.mark.parametrize(
        "odd",
        [
            "2026-01-31T09:00:00Z",
            "2026-01-31T09:00:00+00:00",
            "2026-01-31T10:00:00+01:00",
            "2026-01-31T11:30:00+0230",
            "2026-01-31 09:00:00",
            " 2026-01-31T09:00:00 ",
            "2026-01-31T09:00:00 Z",
            "2026-01-31 09:00:00 UTC",
            "2026-01-31T09:00:00.000000Z",
            "2026-01-31T09:00",
            1769850000,
            {"date": "2026-01-31 09:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
        ],
    )
    def test_a_date_in_another_form_is_read(self, odd: object) -> None:
        order = odd_order(date_paid_gmt=odd)
        assert (at("2026-01-31T09:00:00"), ("date_paid_gmt",)) == (order.paid, order.odd_fields)

    @pytest.mark.parametrize("key", wire.ORDER_FIELDS.split(","))
    def test_only_four_fields_are_required(self, key: str) -> None:
        row = order_json()
        del row[key]
        assert bool(error_of(row)) is (key in {"id", "status", "total"})

    def test_an_ordinary_order_has_no_odd_fields(self) -> None:
        assert [()] * len(ORDERS) == [wire.parse_order(row).odd_fields for row in ORDERS]
        found = [wire.parse_customer(row).odd_fields for row in CUSTOMERS]
        assert [()] * len(CUSTOMERS) == found
        assert [()] * len(PRODUCTS) == [wire.parse_product(row).odd_fields for row in PRODUCTS]

    def test_a_negative_total_is_an_amount(self) -> None:
        """A swap at the till can return more money than it takes."""
        order = odd_order(total="-15.00")
        assert (-1500, ()) == (order.total, order.odd_fields)

    @pytest.mark.parametrize("written", ["usd", " Usd ", "USD"])
    def test_the_currency_is_read_in_upper_case(self, written: str) -> None:
        assert "USD" == odd_order(currency=written).currency

    def test_an_order_without_other_dates_was_created_when_it_was_paid(self) -> None:
        order = odd_order(**{**NO_DATES, "date_paid_gmt": "2026-11-22T19:20:14"})
        assert at("2026-11-22T19:20:14") == order.created == order.modified

    def test_lines_without_an_id_can_be_told_apart(self) -> None:
        line = {**ORDERS[0]["line_items"][0], "id": None}
        assert [-1, -2] == [item.id for item in odd_order(line_items=[line, line]).items]


class TestUnreadableOrders:
    """An order is unreadable for four reasons only: no id, no status, no total, no one or no date."""

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"id": 0}, "id: expected an id, got a number"),
            ({"id": "x"}, "id: expected an id, got text"),
            ({"status": ["x"]}, "status: expected text, got a list"),
            ({"status": ""}, "status: expected a short text, got one of 0 characters"),
            ({"status": "x" * 101}, "status: expected a short text, got one of 101 characters"),
            ({"total": "a lot"}, "total: expected an amount, got text that is not one"),
            ({"total": "fifty"}, "total: expected an amount, got text that is not one"),
            ({"total": "1,234"}, "total: expected an amount, got text that is not one"),
            ({"total": "1.234,50"}, "total: expected an amount, got text that is not one"),
            ({"total": ""}, "total: expected an amount, got text that is not one"),
            ({"total": None}, "total: expected an amount, got null"),
            ({"total": "1e400"}, "total: expected an amount, got text that is not one"),
            (
                {"customer_id": [], "billing": None},
                "customer_id, billing: expected one of them to be readable",
            ),
            (NO_DATES, f"{wire.DATE_FIELDS}: expected at least one date"),
        ],
    )
    def test_unexpected_json_is_an_error_with_its_place(
        self, changes: dict[str, Any], message: str
    ) -> None:
        assert message == error_of(order_json(**changes))

    def test_an_order_of_no_one_at_a_till_is_read(self) -> None:
        order = odd_order(customer_id=0, billing=dict.fromkeys(BILLING, ""))
        assert (0, "", ()) == (order.customer_id, order.email, order.odd_fields)

    def test_the_requested_fields_are_enough(self) -> None:
        cut = {key: ORDERS[0][key] for key in wire.ORDER_FIELDS.split(",")}
        assert wire.parse_order(ORDERS[0]) == wire.parse_order(cut)
        cut = {key: CUSTOMERS[0][key] for key in wire.CUSTOMER_FIELDS.split(",")}
        assert wire.parse_customer(CUSTOMERS[0]) == wire.parse_customer(cut)
        cut = {key: PRODUCTS[0][key] for key in wire.PRODUCT_FIELDS.split(",")}
        assert wire.parse_product(PRODUCTS[0]) == wire.parse_product(cut)


class TestCustomers:
    def test_every_field_of_a_customer_is_read(self) -> None:
        expected = Customer(
            id=2,
            email="c1@example.com",
            first_name="Łukasz",
            last_name="O'Brien",
            username="c1",
            role="customer",
            created=at("2026-11-22T18:56:24"),
            billing=Address(
                first_name="Łukasz",
                last_name="O'Brien",
                company="Initech",
                country="GB",
                email="c1@example.com",
                phone="+15550000001",
            ),
            shipping=Address(country="GB"),
            meta={"birthday": "1964-03-13", "wcflow_tags": "A"},
        )
        assert expected == wire.parse_customer(recorded("customers")["list_default"][0])

    def test_meta_that_the_key_cannot_read_is_none(self) -> None:
        assert wire.parse_customer(recorded("auth")["manager_reads_customer"]).meta is None
        assert wire.parse_customer(recorded("customers")["by_email"][0]).meta == {}


class TestCoupons:
    COUPON = Coupon(
        code="welcome-7q4mxk",
        type="percent",
        amount="10.00",
        expires=at("2027-01-01T08:00:00"),
        usage_limit=1,
        usage_limit_per_user=1,
        individual_use=True,
        minimum_amount="20.00",
        exclude_sale_items=True,
        product_ids=(10,),
        category_ids=(16,),
        emails=("c5@example.com",),
        description="10 % for Ann & Bob",
        key="welcome/5",
    )

    def test_a_coupon_is_read_back_as_it_was_written(self) -> None:
        """WooCommerce adds other fields, and returns the expiry in GMT."""
        written = wire.build_coupon_json(self.COUPON)
        answered = {
            **recorded("coupons")["create_for_redeem"],
            **written,
            "maximum_amount": "0.00",
            "date_expires_gmt": written["date_expires"].removesuffix("Z"),
            "description": "10 % for Ann &amp; Bob",
        }
        assert replace(self.COUPON, status="publish") == wire.parse_coupon(answered)

    def test_the_expiry_is_sent_with_a_z(self) -> None:
        assert wire.build_coupon_json(self.COUPON)["date_expires"] == "2027-01-01T08:00:00Z"

    def test_no_expiry_is_sent_as_null(self) -> None:
        assert wire.build_coupon_json(Coupon("a", "percent", "1"))["date_expires"] is None

    def test_a_coupon_without_our_meta_has_no_key(self) -> None:
        assert wire.parse_coupon(recorded("coupons")["create_for_redeem"]).key == ""


class TestProperties:
    @given(
        st.integers(0, 10**12),
        st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
    )
    def test_money_is_read_exactly(self, minor: int, currency: str) -> None:
        digits = minor_digits(currency)
        sent = f"{Decimal(minor).scaleb(-digits):.{digits}f}"
        assert minor == wire.parse_order(order_json(currency=currency, total=sent)).total

    @given(st.integers(0, 7_000_000_000))
    def test_times_are_read_exactly(self, seconds: int) -> None:
        instant = datetime.fromtimestamp(seconds, UTC)
        order = wire.parse_order(order_json(date_paid_gmt=f"{instant:%Y-%m-%dT%H:%M:%S}"))
        assert instant == order.paid

    @given(st.data())
    def test_an_order_with_an_odd_field_is_read_unless_one_of_four_is_missing(
        self, data: st.DataObject
    ) -> None:
        """Any field at any depth becomes any JSON value, or is removed."""
        row = data.draw(malformed.malformed_rows(ORDERS, remove=True))
        for each in parse_json(malformed.json_body([row])):
            assert error_of(each).partition(":")[0] in FOUR_REASONS

    @given(st.data())
    def test_a_customer_with_an_odd_field_is_read_unless_the_id_is_missing(
        self, data: st.DataObject
    ) -> None:
        row = data.draw(malformed.malformed_rows(CUSTOMERS, times=2, remove=True))
        for each in parse_json(malformed.json_body([row])):
            found = build_listing(answer([each]), wire.parse_customer)
            assert ["id"] * len(found.unreadable) == [
                row.why.partition(":")[0] for row in found.unreadable
            ]

    @given(st.data())
    def test_a_hundred_equally_odd_orders_are_read(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(list(malformed.json_paths(ORDERS[0]))[1:]))
        value = data.draw(malformed.any_json)
        row = malformed.replace_at(ORDERS[0], place, value)
        rows = [row if place == ("id",) else {**row, "id": n} for n in range(1, 101)]
        body = parse_json(malformed.json_body(rows))
        found = build_listing(answer(body), wire.parse_order)
        assert found.rows or {why.why.partition(":")[0] for why in found.unreadable} <= FOUR_REASONS


FOUR_REASONS = {"", "id", "status", "total", "customer_id, billing", wire.DATE_FIELDS}


READ_AS: dict[str, Any] = {
    "orders": lambda row: wire.parse_order(row, frozenset({"wcflow_tags", "a"})),
    "customers": wire.parse_customer,
    "products": wire.parse_product,
    "refunds": lambda row: wire.parse_refund(row, "USD"),
}
MALFORMED_ROWS = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "refunds": REFUNDS,
}


def answer(rows: Any) -> Answer:
    return Answer(rows, at("2026-11-22T12:00:00"), None, 100, {})


class TestMalformedRows:
    """A field of a recorded row, at any depth, is replaced: no other row is affected."""

    @pytest.mark.parametrize("kind", READ_AS)
    @given(st.data())
    def test_a_malformed_row_does_not_affect_the_others(
        self, kind: str, data: st.DataObject
    ) -> None:
        rows = MALFORMED_ROWS[kind]
        good, read = rows[0], READ_AS[kind]
        bad = data.draw(malformed.malformed_rows(rows, times=data.draw(st.integers(1, 2))))
        found = build_listing(answer(parse_json(malformed.json_body([good, bad, good]))), read)

        assert found.rows.count(read(good)) >= 2
        assert 3 == len(found.rows) + len(found.unreadable)
        for row in found.unreadable:
            assert len(row.why) < 200

    @given(st.data())
    def test_the_reason_never_contains_the_value(self, data: st.DataObject) -> None:
        """The value can be personal data."""
        place = data.draw(st.sampled_from(list(malformed.json_paths(ORDERS[0]))[1:]))
        secret = data.draw(st.sampled_from(["Zoë Zyx", ["Zoë Zyx"], {"Zoë": "Zyx"}]))
        row = malformed.replace_at(ORDERS[0], place, secret)
        found = build_listing(
            answer(parse_json(malformed.json_body([row]))), wire.parse_order
        ).unreadable
        assert [] == [each.why for each in found if "Zoë" in each.why or "Zyx" in each.why]


class TestUnusualValues:
    def test_unusual_values_are_kept(self) -> None:
        billing = {
            **ORDERS[0]["billing"],
            "first_name": malformed.LONG_TEXT,
            "last_name": "ליאור 🛒",
        }
        item = {**ORDERS[0]["line_items"][0], "product_id": 0, "total": "-3.00"}
        order = wire.parse_order(order_json(billing=billing, line_items=[item], currency="XQQ"))
        assert (malformed.LONG_TEXT, "ליאור 🛒", 0, -300, "XQQ") == (
            order.billing.first_name,
            order.billing.last_name,
            order.items[0].product_id,
            order.items[0].total,
            order.currency,
        )

    def test_deeply_nested_meta_is_json(self) -> None:
        item = {
            **ORDERS[0]["line_items"][0],
            "meta_data": [{"key": "a", "value": "600 brackets"}],
        }
        (row,) = parse_json(malformed.json_body([order_json(line_items=[item])]))
        assert {"a": "[" * 600 + "]" * 600} == wire.parse_order(row).items[0].meta
