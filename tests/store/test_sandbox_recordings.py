"""The sandbox answers each recorded request as a real WooCommerce did.

Each recorded request is sent to a sandbox in the same state. Status, headers and error bodies must
equal the recording; all other bodies must have the same keys and types at every level.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from wcflow.sandbox.auth import ADMIN, MANAGER, READER
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.rest import Basic, Request, Response
from wcflow.sandbox.store import SandboxStore

RECORDINGS = Path(__file__).parent.parent / "recordings"
NOW = datetime(2026, 11, 22, 19, 20, 20, tzinfo=UTC)
IMPORTED = datetime(2026, 11, 22, 18, 56, 31, tzinfo=UTC)

HEADERS = ("Content-Type", "X-WP-Total", "X-WP-TotalPages", "Location", "Retry-After")

KEYS = {
    "read_write key of an administrator": Basic(ADMIN.consumer_key, ADMIN.consumer_secret),
    "read key of an administrator": Basic(READER.consumer_key, READER.consumer_secret),
    "read_write key of a shop manager": Basic(MANAGER.consumer_key, MANAGER.consumer_secret),
    "unknown key": Basic("ck_unknown", "cs_unknown"),
    "known key, wrong secret": Basic(ADMIN.consumer_key, "cs_wrong"),
    "no key": None,
}

# Removed from the recordings; the sandbox has some of them.
CUT = {"_links", "avatar_url", "order_key", "payment_url", "image"}

# Where the sandbox returns more than the recording, and why.
MORE = {
    "store:system_status": {
        "environment.store_id": "WooCommerce has it since 8.9; the recording was trimmed",
    },
}


@dataclass(frozen=True)
class Exchange:
    """A recorded request and its response."""

    file: str
    recorded: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.file}:{self.recorded['name']}"

    @property
    def request(self) -> Request:
        request = self.recorded["request"]
        params = {name: str(value) for name, value in request.get("params", {}).items()}
        wants_html = "without Accept" in self.recorded.get("note", "")
        return Request(
            request["method"],
            request["path"],
            params,
            request.get("json"),
            KEYS[request["key"]],
            accept="*/*" if wants_html else "application/json",
        )


EXCHANGES = [
    Exchange(path.stem, recorded)
    for path in sorted(RECORDINGS.glob("*.json"))
    for recorded in json.loads(path.read_text(encoding="utf-8"))
]


def recorded_store() -> SandboxStore:
    """Build the store of the recordings, as far as they show it."""
    sandbox = SandboxStore()
    sandbox.register("admin@shop.example", now=IMPORTED, username="admin", role="administrator")
    for number in range(1, 61):
        sandbox.register(
            f"c{number}@example.com",
            now=IMPORTED,
            username=f"c{number}",
            first_name="Łukasz",
            last_name="O'Brien",
            billing={"country": "GB", "company": "Initech"},
            shipping={"country": "GB"},
            meta={"birthday": "1964-03-13"} if number in {1, 10} else {},
        )
    for name, role in (("mgr", "shop_manager"), ("subs", "subscriber")):
        sandbox.register(f"{name}@shop.example", now=IMPORTED, username=name, role=role)
        sandbox.edit_customer_meta(sandbox.customer_ids()[-1], "nickname", None, now=IMPORTED)
    add_products(sandbox)
    place_orders(sandbox)
    return sandbox


# Products whose name and price the recordings show.
PRODUCTS = {
    10: ("Leather Wallet for men", "electronics-1", "53.3"),
    11: ("Electronics item 2", "electronics-2", "62.89"),
    22: ("Women Clothing item 1 for women", "women-clothing-1", "53.49"),
}


def add_products(sandbox: SandboxStore) -> None:
    """Add products 10 to 33 in three categories."""
    sandbox.state.numbers.skip("post", 10)
    for number in range(10, 34):
        default = (f"Baby & Kids item {number}", f"sku-{number}", f"{number}.53")
        name, sku, price = PRODUCTS.get(number, default)
        category = ("Baby & Kids", "Books", "Electronics")[number % 3]
        sandbox.add_product(name, now=IMPORTED, price=price, sku=sku, categories=[category])


ITEMS = {45: [LineItem(10, 1, total="510.49")]}


def place_orders(sandbox: SandboxStore) -> None:
    """Place orders 34 to 246, where 36 is a refund, with the timestamps of the import."""
    for number in range(34, 247):
        if number == 36:
            sandbox.refund(35, now=IMPORTED)
            continue
        placed = datetime(2025, 2, 10, 2, 8, 24, tzinfo=UTC) + timedelta(days=3 * (number - 34))
        buyer = (0, 2, 27)[(number - 40) % 3]
        sandbox.place_order(
            now=placed,
            customer=buyer,
            email="" if buyer else "g1@guest.example",
            items=ITEMS.get(number, [(10 + number % 20, 2), (12 + number % 20, 3)]),
            status="pending",
        )
        outcome = {45: "pending", 46: "on-hold"}.get(number, "completed")
        sandbox.set_status(number, outcome, now=IMPORTED + timedelta(seconds=(number - 34) // 5))


def four_notes(sandbox: SandboxStore) -> None:
    sandbox.state.numbers.skip("comment", 200)
    for second, text in (
        (17, "Segment changed: Regular → At Risk"),
        (17, "Thanks!"),
        (17, "<b>bold</b> <script>x</script> 4 < 5 back\\slash"),
        (18, ""),
    ):
        at = NOW.replace(second=second)
        for_customer = text == "Thanks!"
        sandbox.add_note(46, text, now=at, author="WooCommerce", customer_note=for_customer)


def welcome_coupon(sandbox: SandboxStore) -> None:
    sandbox.state.numbers.skip("post", 252)
    sandbox.add_coupon(
        "WELCOME-Ab12",
        now=NOW,
        discount_type="percent",
        amount="10",
        individual_use=True,
        usage_limit=1,
        usage_limit_per_user=1,
        description="10 % for new customers",
        date_expires="2027-01-01T00:00:00Z",
        email_restrictions=["C5@Example.com"],
        meta_data=[{"key": "wcflow_key", "value": "w1:5"}],
    )


def new_account(sandbox: SandboxStore) -> None:
    body = {"email": "new@example.com", "first_name": "New", "username": "newer"}
    path = "/wc/v3/customers"
    created = sandbox.answer(Request("POST", path, json=body, auth=KEYS[ADMINISTRATOR]), NOW)
    assert created.json["id"] == 64


ADMINISTRATOR = "read_write key of an administrator"


def tagged_customer(sandbox: SandboxStore) -> None:
    sandbox.edit_customer_meta(5, "wcflow_tags", "VIP, Repeat Buyer", now=NOW)


def redeem_coupon(sandbox: SandboxStore) -> None:
    sandbox.state.numbers.skip("post", 249)
    sandbox.add_coupon("REDEEM10", now=NOW, discount_type="percent", amount="10")


def partial_refund(sandbox: SandboxStore) -> None:
    sandbox.refund(45, "1.00", now=NOW, reason="goodwill")


def draft_order(sandbox: SandboxStore) -> None:
    for email, status in (
        ("guest@example.com", "pending"),
        ("draft@example.com", "checkout-draft"),
    ):
        sandbox.place_order(now=NOW, email=email, status=status, created_via="rest-api")


Prepare = Callable[[SandboxStore], object]

# What happened between the import and an exchange, where it matters.
BEFORE: dict[str, Prepare] = {
    "coupons:duplicate": welcome_coupon,
    "coupons:by_code": welcome_coupon,
    "coupons:delete": welcome_coupon,
    "coupons:batch_partial_failure": welcome_coupon,
    "customers:put_meta_again": tagged_customer,
    "customers:put_meta_underscore": tagged_customer,
    "customers:put_meta_null_deletes": tagged_customer,
    "customers:create_duplicate_email": new_account,
    "customers:delete_without_force": new_account,
    "customers:delete": new_account,
    "notes:list": four_notes,
    "notes:list_internal": four_notes,
    "notes:delete": four_notes,
    "orders:put_same_meta_again": lambda sandbox: sandbox.edit_order_meta(
        40, "wcflow_tags", "VIP, First-time Buyer", now=NOW
    ),
    "orders:get_trashed": lambda sandbox: sandbox.trash(43, now=NOW),
    "orders:list_trash": lambda sandbox: sandbox.trash(43, now=NOW),
    "orders:any_excludes_trash": lambda sandbox: sandbox.trash(43, now=NOW),
    "orders:any_and_trash_together": lambda sandbox: sandbox.trash(43, now=NOW),
    "orders:get_deleted": lambda sandbox: sandbox.delete_order(44),
    "orders:list_checkout_draft": draft_order,
    "orders:any_includes_checkout_draft": draft_order,
    "orders:create_with_coupon": redeem_coupon,
    "orders:after_refund": partial_refund,
    "refunds:of_order": partial_refund,
    "refunds:all": partial_refund,
}


def answer_to(exchange: Exchange) -> Response:
    sandbox = recorded_store()
    if exchange.name in BEFORE:
        BEFORE[exchange.name](sandbox)
    faults = Faults(sandbox)
    if "maintenance" in exchange.name:
        faults.enter_maintenance()
    return faults.answer(exchange.request, NOW)


def without_numbers(text: str | None) -> str | None:
    return None if text is None else re.sub(r"\d+", "N", text)


def shapes(value: Any, path: str = "") -> dict[str, set[str]]:
    """Return the types found at each path; an object's type names its keys."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key not in CUT}
        found = {path: {f"object of {', '.join(sorted(kept))}"}}
        for key, each in kept.items():
            merge(found, shapes(each, f"{path}.{key}".strip(".")))
        return found
    if isinstance(value, list):
        found = {path: {"list"}}
        for each in value:
            merge(found, shapes(each, f"{path}[]"))
        return found
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
    return {path: {kinds[type(value)]}}


def merge(into: dict[str, set[str]], more: dict[str, set[str]]) -> None:
    for path, kinds in more.items():
        into.setdefault(path, set()).update(kinds)


def without(body: Any, paths: dict[str, str]) -> Any:
    """Remove what the sandbox returns in addition to the recording."""
    for path in paths:
        *parents, last = path.split(".")
        inner = body
        for step in parents:
            inner = inner[step]
        del inner[last]
    return body


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_the_sandbox_answers_as_recorded(exchange: Exchange):
    """Status, headers and error bodies are equal, and all other bodies have equal keys and types."""
    recorded = exchange.recorded["response"]

    answer = answer_to(exchange)

    assert recorded["status"] == answer.status, answer.body
    assert {name: without_numbers(recorded["headers"].get(name)) for name in HEADERS} == {
        name: without_numbers(answer.headers.get(name)) for name in HEADERS
    }
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["Date"])
    if "text" in recorded:
        assert "<title>Maintenance</title>" in recorded["text"]
        assert "<title>Maintenance</title>" in answer.body
    elif recorded["status"] >= 400:
        assert recorded["json"] == answer.json
    else:
        found = without(answer.json, MORE.get(exchange.name, {}))
        assert shapes(recorded["json"]) == shapes(found)


LISTS = [each for each in EXCHANGES if isinstance(each.recorded["response"].get("json"), list)]


@pytest.mark.parametrize("exchange", LISTS, ids=lambda exchange: exchange.name)
def test_a_list_has_as_many_rows_as_recorded(exchange: Exchange):
    rows = exchange.recorded["response"]["json"]

    assert len(rows) == len(answer_to(exchange).json)


# Values that follow from the request, or from rows that are as recorded.
COMPARED_EXACTLY = [
    each
    for each in EXCHANGES
    if each.name.startswith(("coupons:", "notes:create", "orders:create_", "refunds:create"))
    or each.name in {"store:settings_general", "store:currency", "store:system_status"}
    or each.name in {"orders:list_trash", "orders:get_trashed", "orders:list_checkout_draft"}
    or each.name in {"orders:include_exclude", "orders:any_includes_checkout_draft"}
    or each.name in {"notes:list", "notes:list_internal", "notes:delete"}
    or each.name in {"customers:create", "customers:delete", "orders:after_refund"}
]


def without_dates(value: Any) -> Any:
    """Replace ids and dates, but not the requested dates."""
    if isinstance(value, list):
        return [without_dates(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "set" if each and _is_volatile(key) else without_dates(each)
        for key, each in value.items()
        if key not in CUT
    }


def _is_volatile(key: str) -> bool:
    return key in {"id", "number"} or (key.startswith("date_") and "expires" not in key)


@pytest.mark.parametrize("exchange", COMPARED_EXACTLY, ids=lambda exchange: exchange.name)
def test_values_are_as_recorded(exchange: Exchange):
    """Values of created records and known rows are equal."""
    recorded = exchange.recorded["response"]["json"]

    found = without(answer_to(exchange).json, MORE.get(exchange.name, {}))

    assert without_dates(recorded) == without_dates(found)


BATCHES = [each for each in EXCHANGES if "batch_partial" in each.name]


def failures(body: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the errors of failed items, and None for the others."""
    return {
        operation: [(row["id"], row["error"]) if "error" in row else None for row in rows]
        for operation, rows in body.items()
    }


@pytest.mark.parametrize("exchange", BATCHES, ids=lambda exchange: exchange.name)
def test_failures_in_a_batch_are_as_recorded(exchange: Exchange):
    """Each error is equal, and in the place of its item."""
    recorded = exchange.recorded["response"]["json"]

    assert failures(recorded) == failures(answer_to(exchange).json)


def test_every_recording_is_used():
    """Every file is read, names are unique, and no preparation is unused."""
    names = [exchange.name for exchange in EXCHANGES]

    assert len(names) == len(set(names))
    assert {path.stem for path in RECORDINGS.glob("*.json")} == {each.file for each in EXCHANGES}
    assert set(BEFORE) | set(MORE) <= set(names)
