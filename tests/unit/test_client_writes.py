"""The result of a write: done, rejected, not saved, unknown, or not sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses
from msgspec.structs import replace

from tests.sandbox_http import SandboxHttp, mount_sandbox
from wcflow.errors import StoreError
from wcflow.records import Coupon
from wcflow.sandbox.auth import ADMIN, MANAGER, READER
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore
from wcflow.store.client import Store
from wcflow.store.errors import is_store_wide

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://shop.example"
API = f"{URL}/wp-json/wc/v3"
DATE = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}


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


def register_customers(sandbox: SandboxStore, count: int) -> list[int]:
    return [sandbox.register(f"c{n}@example.com", now=NOW) for n in range(count)]


def tags(sandbox: SandboxStore, customer: int) -> list[Any]:
    meta = sandbox.customer(customer)["meta_data"]
    return [each["value"] for each in meta if each["key"] == "wcflow_tags"]


def tag_updates(ids: list[int], value: str | None = "VIP") -> dict[int, dict[str, str | None]]:
    return {number: {"wcflow_tags": value} for number in ids}


def batch_sizes(http: SandboxHttp) -> list[int]:
    return [len(call.json["update"]) for call in http.writes if call.path.endswith("/batch")]


def error_codes(outcome: dict[int, StoreError | None]) -> dict[int, str]:
    return {number: error.code if error else "" for number, error in outcome.items()}


class TestMeta:
    def test_meta_is_written_in_small_batches(
        self, sandbox: SandboxStore, store: Store, http: SandboxHttp
    ) -> None:
        ids = register_customers(sandbox, 60)
        assert dict.fromkeys(ids) == store.write_meta("customers", tag_updates(ids))
        assert [["VIP"]] * 60 == [tags(sandbox, each) for each in ids]
        assert [25, 25, 10] == batch_sizes(http)

    def test_none_deletes_a_key(self, sandbox: SandboxStore, store: Store) -> None:
        ids = register_customers(sandbox, 2)
        store.write_meta("customers", tag_updates(ids))
        assert dict.fromkeys(ids) == store.write_meta("customers", tag_updates(ids, None))
        assert [[], []] == [tags(sandbox, each) for each in ids]

    def test_meta_of_orders_is_written(self, sandbox: SandboxStore, store: Store) -> None:
        order = sandbox.place_order(now=NOW)
        assert {order: None} == store.write_meta("orders", tag_updates([order]))
        assert store.orders_meta([order]) == {order: {"wcflow_tags": "VIP"}}

    def test_no_values_send_no_request(self, store: Store, http: SandboxHttp) -> None:
        assert (store.write_meta("customers", {}), http.calls) == ({}, [])

    def test_one_failure_does_not_affect_the_others(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        one, two = register_customers(sandbox, 2)
        outcome = store.write_meta("customers", tag_updates([one, 999, two]))
        missing = outcome[999]
        assert {one: "", 999: "wc_user_invalid_id", two: ""} == error_codes(outcome)
        assert missing is not None
        assert (
            'the store rejected the change (PUT /customers/999: HTTP 404 wc_user_invalid_id: "Invalid user ID.")'
        ) == str(missing)
        assert (True, False, False) == (
            missing.permanent,
            missing.effect_unknown,
            is_store_wide(missing),
        )

    def test_meta_that_woocommerce_drops_is_an_error(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        (one,) = register_customers(sandbox, 1)
        outcome = store.write_meta("customers", {one: {"_hidden": "x", "wcflow_tags": "A"}})
        error = outcome[one]
        assert error is not None
        assert (
            "the store did not save the meta _hidden (PUT /customers/1)",
            True,
        ) == (
            str(error),
            error.permanent,
        )

    def test_a_batch_that_times_out_is_halved(
        self, sandbox: SandboxStore, faults: Faults, store: Store, http: SandboxHttp
    ) -> None:
        """Setting meta is idempotent, so it is sent again."""
        ids = register_customers(sandbox, 30)
        faults.time_out(effect=True, only="POST *", times=2)
        assert dict.fromkeys(ids) == store.write_meta("customers", tag_updates(ids))
        assert [25, 12, 6, 6, 6, 6, 6] == batch_sizes(http)
        assert [["VIP"]] * 30 == [tags(sandbox, each) for each in ids]

    def test_repeated_time_outs_end_the_writes(
        self, sandbox: SandboxStore, faults: Faults, store: Store, http: SandboxHttp
    ) -> None:
        ids = register_customers(sandbox, 40)
        faults.time_out(effect=False, only="POST *", times=None)
        outcome = store.write_meta("customers", tag_updates(ids))
        unknown = [number for number, error in outcome.items() if error and error.effect_unknown]
        assert (set(ids), {"wcflow_timeout"}) == (set(outcome), set(error_codes(outcome).values()))
        assert ([25, 12, 6], ids[:6]) == (batch_sizes(http), unknown)

    def test_an_unreachable_store_ends_the_writes(
        self, sandbox: SandboxStore, faults: Faults, store: Store, http: SandboxHttp
    ) -> None:
        ids = register_customers(sandbox, 60)
        faults.fail_with(status=503, only="POST *", times=None, after=1)
        outcome = store.write_meta("customers", tag_updates(ids))
        unknown = [number for number, error in outcome.items() if error and error.effect_unknown]
        assert ids[:25] == [number for number, error in outcome.items() if error is None]
        assert (ids[25:50], [25, 25]) == (unknown, batch_sizes(http))

    def test_one_server_error_does_not_stop_the_others(
        self, sandbox: SandboxStore, faults: Faults, store: Store
    ) -> None:
        ids = register_customers(sandbox, 3)
        faults.fail_with(status=500, only="POST *", times=None)
        faults.fail_with(status=500, only=f"PUT /wc/v3/customers/{ids[1]}", times=None)
        outcome = store.write_meta("customers", tag_updates(ids))
        broken = [number for number, error in outcome.items() if error]
        assert ([ids[1]], [["VIP"], [], ["VIP"]]) == (broken, [tags(sandbox, each) for each in ids])

    def test_a_shop_manager_writes_one_by_one(
        self, sandbox: SandboxStore, http: SandboxHttp
    ) -> None:
        ids = register_customers(sandbox, 3)
        store = open_client(MANAGER)
        for _ in range(2):
            assert dict.fromkeys(ids) == store.write_meta("customers", tag_updates(ids))
        methods = [call.method for call in http.writes]
        assert ["POST", *["PUT"] * 6] == methods
        assert [["VIP"]] * 3 == [tags(sandbox, each) for each in ids]

    def test_a_shop_manager_writes_orders_in_batches(
        self, sandbox: SandboxStore, http: SandboxHttp
    ) -> None:
        ids = [sandbox.place_order(now=NOW) for _ in range(3)]
        customers = register_customers(sandbox, 1)
        store = open_client(MANAGER)
        store.write_meta("customers", tag_updates(customers))
        assert dict.fromkeys(ids) == store.write_meta("orders", tag_updates(ids))
        assert [1, 3] == batch_sizes(http)

    def test_a_read_only_key_writes_nothing(self, sandbox: SandboxStore, http: SandboxHttp) -> None:
        ids = register_customers(sandbox, 60)
        outcome = open_client(READER).write_meta("customers", tag_updates(ids))
        assert {"woocommerce_rest_authentication_error"} == set(error_codes(outcome).values())
        assert (60, 1) == (len(outcome), len(http.writes))

    def test_an_item_missing_in_the_response_has_an_unknown_effect(self) -> None:
        with responses.RequestsMock() as web:
            answer = {"update": [{"id": 1, "meta_data": [{"key": "wcflow_tags", "value": "VIP"}]}]}
            web.add("POST", f"{API}/customers/batch", json=answer, headers=DATE)
            outcome = open_client(ADMIN).write_meta("customers", tag_updates([1, 2]))
        missing = outcome[2]
        assert outcome[1] is None
        assert missing is not None
        assert missing.effect_unknown


class TestNotes:
    def test_a_note_is_written_and_returned(self, sandbox: SandboxStore, store: Store) -> None:
        order = sandbox.place_order(now=NOW)
        note = store.add_note(order, "Segment: VIP")
        assert note in store.notes(order)
        assert (("Segment: VIP", False), []) == ((note.text, note.for_customer), sandbox.mails)

    def test_only_customer_notes_are_e_mailed(self, sandbox: SandboxStore, store: Store) -> None:
        order = sandbox.place_order(now=NOW, email="ann@example.com")
        assert store.add_note(order, "Thanks!", for_customer=True).for_customer
        assert ["ann@example.com"] == [mail.to for mail in sandbox.mails]

    def test_a_note_with_an_unknown_effect_is_not_sent_again(
        self, sandbox: SandboxStore, faults: Faults, store: Store
    ) -> None:
        order = sandbox.place_order(now=NOW)
        before = len(sandbox.notes(order))
        faults.time_out(effect=True, only="POST *")
        with pytest.raises(StoreError) as error:
            store.add_note(order, "once")
        assert (True, 1) == (error.value.effect_unknown, len(sandbox.notes(order)) - before)

    def test_a_note_for_a_missing_order_is_an_error(self, store: Store) -> None:
        with pytest.raises(StoreError) as error:
            store.add_note(999, "x")
        assert (True, False) == (error.value.permanent, is_store_wide(error.value))


COUPON = Coupon(
    code="WELCOME-7Q4MXK",
    type="percent",
    amount="10",
    expires=NOW + timedelta(days=30),
    usage_limit=1,
    usage_limit_per_user=1,
    individual_use=True,
    minimum_amount="20",
    emails=("Ann@Example.com",),
    description="For you",
    key="welcome/5",
)


class TestCoupons:
    def test_a_coupon_is_created_and_found_by_its_key(self, store: Store) -> None:
        created = store.create_coupon(COUPON)
        expected = replace(
            COUPON,
            code="welcome-7q4mxk",
            amount="10.00",
            minimum_amount="20.00",
            emails=("ann@example.com",),
            status="publish",
        )
        assert (expected, expected) == (created, store.coupon(COUPON.code))

    def test_an_existing_coupon_is_not_created_again(
        self, sandbox: SandboxStore, store: Store
    ) -> None:
        store.create_coupon(COUPON)
        with pytest.raises(StoreError) as error:
            store.create_coupon(COUPON)
        assert ("woocommerce_rest_coupon_code_already_exists", True, False) == (
            error.value.code,
            error.value.permanent,
            error.value.effect_unknown,
        )
        assert ["welcome-7q4mxk"] == sandbox.coupon_codes()

    def test_a_coupon_with_an_invalid_address_is_not_sent(
        self, store: Store, http: SandboxHttp
    ) -> None:
        with pytest.raises(StoreError) as error:
            store.create_coupon(replace(COUPON, emails=("ann at home",)))
        assert ("wcflow_coupon_flawed", True, []) == (
            error.value.code,
            error.value.permanent,
            http.calls,
        )
        assert "ann at home" not in str(error.value)

    def changed_response(self, **changes: Any) -> dict[str, Any]:
        """Return the response of a store with a plugin that changes coupons."""
        return {
            "id": 7,
            "code": "welcome-7q4mxk",
            "amount": "10.00",
            "discount_type": "percent",
            "date_expires_gmt": "2026-12-22T12:00:00",
            "usage_limit": 1,
            "description": "",
            "usage_limit_per_user": 1,
            "individual_use": True,
            "free_shipping": False,
            "minimum_amount": "20.00",
            "maximum_amount": "0.00",
            "exclude_sale_items": False,
            "product_ids": [],
            "product_categories": [],
            "email_restrictions": ["ann@example.com"],
            "meta_data": [{"id": 1, "key": "wcflow_key", "value": "welcome/5"}],
            **changes,
        }

    def create(self, web: responses.RequestsMock, answer: dict[str, Any]) -> StoreError:
        web.add("POST", f"{API}/coupons", status=201, json=answer, headers=DATE)
        with pytest.raises(StoreError) as error:
            open_client(ADMIN).create_coupon(COUPON)
        return error.value

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"date_expires_gmt": None}, "expires is never"),
            ({"email_restrictions": []}, "it is restricted to 0 e-mail addresses instead of 1"),
            ({"meta_data": []}, "its meta was not saved"),
            ({"usage_limit": []}, "usage_limit is None"),
            ({"code": []}, "code: expected text, got a list"),
        ],
    )
    def test_a_coupon_that_differs_is_deleted(self, change: dict[str, Any], reason: str) -> None:
        with responses.RequestsMock() as web:
            web.add("DELETE", f"{API}/coupons/7", json={"id": 7}, headers=DATE)
            error = self.create(web, self.changed_response(**change))
            assert "force=true" in str(web.calls[-1].request.url)
        assert (
            f"the store created the coupon WELCOME-7Q4MXK differently: {reason}; it was removed"
        ) == str(error)
        assert ("wcflow_coupon_differs", True, False) == (
            error.code,
            error.permanent,
            error.effect_unknown,
        )

    def test_a_coupon_that_cannot_be_deleted_becomes_a_draft(self) -> None:
        with responses.RequestsMock() as web:
            web.add("DELETE", f"{API}/coupons/7", status=403, json={"code": "no"}, headers=DATE)
            draft = web.add("PUT", f"{API}/coupons/7", json={"id": 7}, headers=DATE)
            error = self.create(web, self.changed_response(email_restrictions=[]))
            assert b'{"status":"draft"}' == web.calls[-1].request.body
        assert (1, True) == (draft.call_count, str(error).endswith("it was removed"))

    def test_a_coupon_that_cannot_be_removed_is_reported(self) -> None:
        with responses.RequestsMock() as web:
            for method in ("DELETE", "PUT"):
                web.add(method, f"{API}/coupons/7", status=403, json={"code": "no"}, headers=DATE)
            error = self.create(web, self.changed_response(email_restrictions=[]))
        assert str(error).endswith("IT IS STILL IN THE STORE")
        assert error.advice.startswith("Delete the coupon WELCOME-7Q4MXK in the store.")
        assert error.effect_unknown
