"""Lists, single records and counts, read from the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from tests.sandbox_http import SandboxHttp, mount_sandbox
from wcflow.errors import StoreError
from wcflow.records import Note, Product, Refund
from wcflow.sandbox.auth import ADMIN, MANAGER
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore
from wcflow.store.client import Store
from wcflow.store.listing import Listing, UnreadableRow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://shop.example"
DATE = {"Date": "Sun, 22 Nov 2026 19:20:08 GMT"}


@pytest.fixture
def sandbox() -> SandboxStore:
    return SandboxStore()


@pytest.fixture
def faults(sandbox: SandboxStore) -> Faults:
    return Faults(sandbox)


@pytest.fixture
def http(faults: Faults) -> Iterator[SandboxHttp]:
    with mount_sandbox(faults, lambda: NOW) as http:
        yield http


@pytest.fixture
def store(http: SandboxHttp) -> Store:
    return open_client(ADMIN)


def open_client(key: Any, **options: Any) -> Store:
    options = {"sleep": lambda _seconds: None, "jitter": lambda: 0.0} | options
    return Store("main", URL, key.consumer_key, key.consumer_secret, **options)


def place_orders_a_minute_apart(sandbox: SandboxStore, count: int, **more: Any) -> list[int]:
    return [sandbox.place_order(now=NOW + timedelta(minutes=n), **more) for n in range(count)]


class TestOrders:
    def test_a_full_page_can_be_followed_by_another(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        placed = place_orders_a_minute_apart(sandbox, 5)
        first = store.orders(page_size=3)
        rest = store.orders(after=first.rows[-1].created, page_size=3)
        assert (placed[:3], 5, True, NOW) == (
            [order.id for order in first.rows],
            first.total,
            first.full,
            first.server_now,
        )
        assert (placed[3:], 2, False) == ([order.id for order in rest.rows], rest.total, rest.full)

    def test_orders_are_listed_by_modification_time(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        one, two, three = place_orders_a_minute_apart(sandbox, 3, status="pending")
        sandbox.pay(one, now=NOW + timedelta(hours=1))
        listed = store.order_ids(orderby="modified", modified_after=NOW)
        assert [two, three, one] == [number for number, _changed in listed.rows]
        assert listed.rows[-1] == (one, NOW + timedelta(hours=1))

    def test_time_bounds_are_exclusive(self, sandbox: SandboxStore, store: Store) -> None:
        place_orders_a_minute_apart(sandbox, 1)
        second = timedelta(seconds=1)
        counts = [
            store.count_orders(modified_after=NOW + step) for step in (second, 0 * second, -second)
        ]
        assert [0, 0, 1] == counts

    def test_counting_loads_one_id(
        self, sandbox: SandboxStore, store: Store, http: SandboxHttp
    ) -> None:
        place_orders_a_minute_apart(sandbox, 3)
        assert store.count_orders(status="processing") == 3
        assert {"per_page": "1", "_fields": "id"}.items() <= http.calls[-1].params.items()
        assert http.calls[-1].body_bytes < 20

    def test_only_used_fields_are_loaded(
        self, sandbox: SandboxStore, store: Store, http: SandboxHttp
    ) -> None:
        place_orders_a_minute_apart(sandbox, 1)
        store.orders()
        store.orders(meta_keys=frozenset({"gift"}))
        requested = ["meta_data" in call.params["_fields"].split(",") for call in http.calls]
        assert [False, True] == requested

    def test_all_given_ids_are_loaded_in_pages_of_any_size(
        self, sandbox: SandboxStore, faults: Faults, store: Store
    ) -> None:
        placed = place_orders_a_minute_apart(sandbox, 30)
        faults.fail_long_pages(over=10)
        found = store.orders(include=[*placed, 99999])
        assert (sorted(placed), 30, False) == (
            sorted(order.id for order in found.rows),
            found.total,
            found.full,
        )

    def test_an_empty_list_of_ids_is_rejected(self, store: Store) -> None:
        for load in (store.customers, store.orders_meta, store.customers_meta):
            with pytest.raises(ValueError, match="expected ids"):
                load(())

    def test_an_order_in_the_trash_exists_and_a_deleted_one_does_not(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        trashed, deleted = place_orders_a_minute_apart(sandbox, 2)
        sandbox.trash(trashed, now=NOW)
        sandbox.delete_order(deleted)
        order = store.order(trashed)
        assert order is not None
        assert (order.status, store.order(deleted)) == ("trash", None)
        assert [trashed] == [each.id for each in store.orders(status="trash").rows]

    def test_a_404_of_the_web_server_is_not_a_deleted_order(self) -> None:
        with responses.RequestsMock() as web:
            web.add("GET", f"{URL}/wp-json/wc/v3/orders/5", status=404, body="<html>", headers=DATE)
            with pytest.raises(StoreError, match="no WooCommerce API"):
                open_client(ADMIN).order(5)

    def test_a_count_without_a_total_is_an_error(self) -> None:
        with responses.RequestsMock() as web:
            web.add("GET", f"{URL}/wp-json/wc/v3/orders", json=[{"id": 1}], headers=DATE)
            with pytest.raises(StoreError, match="X-WP-Total"):
                open_client(ADMIN).count_orders()

    def test_current_meta_is_read(self, sandbox: SandboxStore, store: Store) -> None:
        one, two = place_orders_a_minute_apart(sandbox, 2)
        sandbox.edit_order_meta(one, "wcflow_tags", "VIP", now=NOW)
        sandbox.trash(two, now=NOW)
        assert {one: {"wcflow_tags": "VIP"}} == store.orders_meta([one, two])

    def test_all_notes_are_read(self, sandbox: SandboxStore, store: Store) -> None:
        (order,) = place_orders_a_minute_apart(sandbox, 1)
        written = sandbox.add_note(order, "<b>Hello</b> &amp; bye", now=NOW, customer_note=True)
        assert Note(written, "<b>Hello</b> &amp; bye", for_customer=True) in store.notes(order)


class TestUnreadableRows:
    """One malformed order does not stop the sync."""

    def page(self, rows: list[Any], **headers: str) -> Listing[Any]:
        with responses.RequestsMock() as web:
            url = f"{URL}/wp-json/wc/v3/orders"
            web.add("GET", url, json=rows, headers={**DATE, **headers})
            return open_client(ADMIN).order_ids()

    def row(self, number: Any, stamp: Any = "2026-11-22T12:00:00") -> dict[str, Any]:
        return {"id": number, "date_modified_gmt": stamp}

    def test_unreadable_rows_are_reported_and_the_others_are_read(self) -> None:
        found = self.page([self.row(1), self.row(2, "yesterday"), "x", {"id": None}, self.row(3)])
        assert (((1, NOW), (3, NOW))) == found.rows
        assert (
            UnreadableRow(
                2,
                "date_created_gmt,date_modified_gmt,date_paid_gmt,date_completed_gmt:"
                " expected at least one date",
            ),
            UnreadableRow(0, "expected an object"),
            UnreadableRow(0, "id: expected an id, got null"),
        ) == found.unreadable

    def test_a_page_without_any_readable_row_is_an_error(self) -> None:
        with pytest.raises(StoreError, match="all 10 rows are unreadable"):
            self.page([self.row(n, "nonsense") for n in range(1, 11)])

    def test_a_page_with_omitted_rows_is_full(self) -> None:
        """WooCommerce counts rows that it cannot load, and omits them."""
        incomplete = self.page([self.row(1)], **{"X-WP-Total": "2"})
        empty = self.page([], **{"X-WP-Total": "1"})
        assert (True, False) == (incomplete.full, empty.full)

    def test_rows_that_were_not_requested_are_an_error(self) -> None:
        with responses.RequestsMock() as web:
            rows = [{"id": 7, "meta_data": []}]
            web.add("GET", f"{URL}/wp-json/wc/v3/orders", json=rows, headers=DATE)
            with pytest.raises(StoreError, match="expected one of the requested ids"):
                open_client(ADMIN).orders_meta([1])


class TestRefunds:
    def test_refunds_are_read_with_their_dates(self, sandbox: SandboxStore, store: Store) -> None:
        order = sandbox.place_order(now=NOW, items=((sandbox.add_product("Kite", now=NOW), 2),))
        known = sandbox.refund(order, "1.50", now=NOW)
        new = sandbox.refund(order, "2.00", now=NOW + timedelta(hours=1), reason="late")
        orders = store.orders().rows
        expected = {new: Refund(new, 200, "late", NOW + timedelta(hours=1))}
        assert (expected, ()) == store.refunds(orders, known={known})

    def test_known_refunds_send_no_request(
        self, sandbox: SandboxStore, store: Store, http: SandboxHttp
    ) -> None:
        place_orders_a_minute_apart(sandbox, 2)
        orders = store.orders().rows
        http.clear_calls()
        assert (store.refunds(orders).found, http.calls) == ({}, [])

    def test_refunds_of_an_old_woocommerce_are_read_order_by_order(
        self, sandbox: SandboxStore, faults: Faults, store: Store, http: SandboxHttp
    ) -> None:
        product = sandbox.add_product("Kite", now=NOW)
        placed = [sandbox.place_order(now=NOW, items=((product, 2),)) for _ in range(2)]
        created = {sandbox.refund(order, "1.00", now=NOW) for order in placed}
        orders = store.orders().rows
        faults.fail_with(status=404, only="GET /wc/v3/refunds", times=None)
        store._lists_refunds = False
        http.clear_calls()
        assert created == set(store.refunds(orders).found)
        paths = sorted(call.path for call in http.calls)
        assert [f"/wc/v3/orders/{order}/refunds" for order in placed] == paths

    def test_the_missing_list_of_refunds_is_detected_once(self, sandbox: SandboxStore) -> None:
        row = {"code": "rest_no_route", "message": "No route", "data": {"status": 404}}
        product = sandbox.add_product("Kite", now=NOW)
        order = sandbox.place_order(now=NOW, items=((product, 1),))
        created = sandbox.refund(order, "1.00", now=NOW)
        with mount_sandbox(sandbox, lambda: NOW):
            orders = open_client(ADMIN).orders().rows
        refund = {
            "id": created,
            "amount": "1.00",
            "reason": "",
            "date_created_gmt": "2026-11-22T12:00:00",
        }
        with responses.RequestsMock() as web:
            listed = web.add(
                "GET", f"{URL}/wp-json/wc/v3/refunds", status=404, json=row, headers=DATE
            )
            each = web.add(
                "GET", f"{URL}/wp-json/wc/v3/orders/{order}/refunds", json=[refund], headers=DATE
            )
            store = open_client(ADMIN)
            found = [store.refunds(orders).found for _ in range(2)]
        assert [{created: Refund(created, 100, "", NOW)}] * 2 == found
        assert (1, 2) == (listed.call_count, each.call_count)


class TestCustomers:
    def test_ids_of_deleted_customers_are_not_found(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        known = [sandbox.register(f"c{n}@example.com", now=NOW) for n in range(3)]
        deleted = known.pop()
        sandbox.delete_customer(deleted, now=NOW)
        found = store.customers([*known, deleted])
        assert (known, 2, False) == ([each.id for each in found.rows], found.total, found.full)

    def test_customers_of_all_roles_are_found(self, sandbox: SandboxStore, store: Store) -> None:
        manager = sandbox.register("boss@example.com", now=NOW, role="shop_manager")
        assert ["shop_manager"] == [each.role for each in store.customers([manager]).rows]

    def test_the_newest_customers_come_first(self, sandbox: SandboxStore, store: Store) -> None:
        ids = [sandbox.register(f"c{n}@example.com", now=NOW) for n in range(4)]
        assert tuple(reversed(ids[2:])) == store.newest_customer_ids(2).rows

    def test_meta_is_none_for_a_shop_managers_key(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        ann = sandbox.register("ann@example.com", now=NOW, meta={"birthday": "1980-01-31"})
        bob = sandbox.register("bob@example.com", now=NOW)
        found = [each.customers_meta([ann, bob, 999]) for each in (store, open_client(MANAGER))]
        assert [{ann: {"birthday": "1980-01-31"}, bob: {}}, {ann: None, bob: None}] == found

    def test_a_customer_is_found_by_id(self, sandbox: SandboxStore, store: Store) -> None:
        ann = sandbox.register("ann+shop@example.com", now=NOW, first_name="Ann")
        found = store.customer(ann)
        assert found is not None
        assert ("Ann", None) == (found.first_name, store.customer(999))


class TestProductsAndCoupons:
    def test_products_have_categories_and_tags(self, sandbox: SandboxStore, store: Store) -> None:
        created = sandbox.add_product(
            "Wooden <Train>", now=NOW, sku="TOY-1", categories=("Baby & Kids",), tags=("gift",)
        )
        expected = Product(created, "Wooden <Train>", "TOY-1", ("Baby & Kids",), ("gift",), NOW)
        assert (expected,) == store.products().rows

    def test_changed_products_are_found_by_time(self, sandbox: SandboxStore, store: Store) -> None:
        old, new = (sandbox.add_product(name, now=NOW) for name in ("Kite", "Ball"))
        sandbox.edit_product(new, now=NOW + timedelta(hours=1), name="Big Ball")
        changed = store.products(modified_after=NOW).rows
        assert [(new, "Big Ball")] == [(each.id, each.name) for each in changed]
        assert {old, new} == {each.id for each in store.products(include=[old, new]).rows}

    def test_a_coupon_is_found_ignoring_case(self, sandbox: SandboxStore, store: Store) -> None:
        sandbox.add_coupon("welcome-7q4mxk", now=NOW, amount="10", discount_type="percent")
        found = store.coupon("WELCOME-7Q4MXK")
        assert found is not None
        assert ("welcome-7q4mxk", "percent", "") == (found.code, found.type, found.key)
        assert store.coupon("other") is None

    def test_an_empty_code_finds_no_coupon(self, sandbox: SandboxStore, store: Store) -> None:
        sandbox.add_coupon("any", now=NOW, amount="10")
        assert store.coupon("") is None


@pytest.mark.parametrize("code", ["welcome", "sweet & sour +1", "süß=~!*'()", "a,b;c:d@e?f#g"])
def test_every_request_over_http_has_a_valid_signature(code: str) -> None:
    """The sandbox verifies signatures with separate code."""
    url = "http://shop.example"
    with mount_sandbox(SandboxStore(), lambda: datetime.now(UTC), url=url):
        store = Store("main", url, ADMIN.consumer_key, ADMIN.consumer_secret)
        assert store.coupon(code) is None
        assert {} == store.orders_meta([1, 2, 3])
