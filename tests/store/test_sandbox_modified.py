"""Which changes update an order's `date_modified`, with each storage and around clock changes."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.store.sandbox_requests import LATER, NOW, STAMP, STAMP_LATER, place_order, send
from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.store import SandboxStore

Change = Callable[[SandboxStore, int], object]

ALWAYS_UPDATED: dict[str, Change] = {
    "status": lambda sandbox, order: sandbox.complete(order, now=LATER),
    "payment": lambda sandbox, order: sandbox.pay(order, now=LATER),
    "partial refund": lambda sandbox, order: sandbox.refund(order, "5.00", now=LATER),
    "full refund": lambda sandbox, order: sandbox.refund(order, now=LATER),
    "trash": lambda sandbox, order: sandbox.trash(order, now=LATER),
    "status over REST": lambda sandbox, order: send(
        sandbox, "PUT", f"/wc/v3/orders/{order}", json={"status": "failed"}, now=LATER
    ),
}

UPDATED_WITH_HPOS: dict[str, Change] = {
    "custom field": lambda sandbox, order: sandbox.edit_order_meta(order, "a", "b", now=LATER),
    "address": lambda sandbox, order: sandbox.edit_billing(order, now=LATER, city="Kraków"),
    "lines": lambda sandbox, order: sandbox.edit_items(order, [LineItem(total="1.00")], now=LATER),
    "customer": lambda sandbox, order: sandbox.assign_order(order, 0, now=LATER),
    "deletion of the account": lambda sandbox, _order: sandbox.delete_customer(1, now=LATER),
    "meta over REST": lambda sandbox, order: send(
        sandbox,
        "PUT",
        f"/wc/v3/orders/{order}",
        json={"meta_data": [{"key": "a", "value": "b"}]},
        now=LATER,
    ),
    "a save that changes nothing": lambda sandbox, order: send(
        sandbox, "PUT", f"/wc/v3/orders/{order}", json={}, now=LATER
    ),
}

NEVER_UPDATED: dict[str, Change] = {
    "note": lambda sandbox, order: sandbox.add_note(order, "found", now=LATER),
    "e-mail of the account": lambda sandbox, _order: sandbox.change_email(
        1, "a@b.example", now=LATER
    ),
    "meta of the account": lambda sandbox, _order: sandbox.edit_customer_meta(
        1, "a", "b", now=LATER
    ),
}


@pytest.mark.parametrize("change", ALWAYS_UPDATED.values(), ids=ALWAYS_UPDATED)
def test_these_changes_update_the_date_with_both_storages(sandbox: SandboxStore, change: Change):
    order = place_order(sandbox)

    change(sandbox, order)

    assert sandbox.order(order)["date_modified_gmt"] == STAMP_LATER


@pytest.mark.parametrize("change", UPDATED_WITH_HPOS.values(), ids=UPDATED_WITH_HPOS)
def test_these_changes_update_the_date_with_hpos_only(
    sandbox: SandboxStore, hpos: bool, change: Change
):
    """With posts the order changes but `date_modified` does not."""
    order = place_order(sandbox)
    before = sandbox.order(order)

    change(sandbox, order)

    assert sandbox.order(order)["date_modified_gmt"] == (STAMP_LATER if hpos else STAMP)
    assert before["id"] == sandbox.order(order)["id"]


@pytest.mark.parametrize("change", NEVER_UPDATED.values(), ids=NEVER_UPDATED)
def test_these_changes_do_not_update_the_date(sandbox: SandboxStore, change: Change):
    order = place_order(sandbox)

    change(sandbox, order)

    assert sandbox.order(order)["date_modified_gmt"] == STAMP


def test_deleting_a_refund_does_not_update_the_date(sandbox: SandboxStore):
    order = place_order(sandbox)
    refund = sandbox.refund(order, "5.00", now=NOW)

    sandbox.delete_refund(order, refund, now=LATER)

    found = sandbox.order(order)
    assert ([], STAMP) == (found["refunds"], found["date_modified_gmt"])


def test_an_order_restored_from_the_trash_has_its_old_status(sandbox: SandboxStore):
    order = place_order(sandbox)
    sandbox.trash(order, now=NOW)

    sandbox.untrash(order, now=LATER)

    found = sandbox.order(order)
    assert ("on-hold", STAMP_LATER) == (found["status"], found["date_modified_gmt"])


def test_orders_with_equal_dates_are_sorted_differently_by_each_request():
    """So page 2 within one second misses rows or repeats them."""
    sandbox = SandboxStore()
    for _ in range(40):
        sandbox.place_order(now=NOW)
    params = {"orderby": "modified", "order": "asc", "per_page": 20, "_fields": "id"}

    first = send(sandbox, "GET", "/wc/v3/orders", {**params, "page": 1}).json
    second = send(sandbox, "GET", "/wc/v3/orders", {**params, "page": 2}).json

    found = {row["id"] for row in first + second}
    assert len(found) < 40


def test_equal_stores_answer_equal_requests_equally():
    """The order of equal rows depends only on the number of requests."""

    def rows() -> str:
        sandbox = SandboxStore()
        for _ in range(9):
            sandbox.place_order(now=NOW)
        return send(sandbox, "GET", "/wc/v3/orders", {"orderby": "modified", "_fields": "id"}).body

    assert rows() == rows()


@pytest.mark.parametrize(
    ("fold", "changed_at", "stamp"),
    [
        (0, "2026-10-25T00:30:00+00:00", "2026-10-25T00:30:00"),
        (0, "2026-10-25T01:30:00+00:00", "2026-10-25T00:30:00"),
        (1, "2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00"),
        (1, "2026-10-25T01:30:00+00:00", "2026-10-25T01:30:00"),
    ],
)
def test_in_the_repeated_hour_hpos_dates_can_be_an_hour_off(fold: int, changed_at: str, stamp: str):
    """Local time is stored, so one of the two hours is read as the other."""
    hpos, legacy = SandboxStore(fold=fold), SandboxStore(fold=fold, hpos=False)
    now = datetime.fromisoformat(changed_at)

    stamps = [each.order(each.place_order(now=now))["date_modified_gmt"] for each in (hpos, legacy)]

    assert [stamp, f"{now:%Y-%m-%dT%H:%M:%S}"] == stamps


def test_a_bound_in_the_missing_hour_is_read_as_an_hour_later():
    """02:30 does not exist on that day, not even as GMT."""
    sandbox = SandboxStore()
    sandbox.place_order(now=datetime(2026, 3, 29, 3, 0, tzinfo=UTC))
    params = {"dates_are_gmt": "true", "_fields": "id"}

    after = [
        send(sandbox, "GET", "/wc/v3/orders", {**params, "modified_after": bound}).json
        for bound in ("2026-03-29T01:59:00", "2026-03-29T02:30:00")
    ]

    assert [1, 0] == [len(rows) for rows in after]
