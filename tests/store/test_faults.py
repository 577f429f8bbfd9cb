"""Each fault has its effect, the right number of times, on the right requests."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import BOM, CACHE_REMARK, PHP_NOTICE, Faults, TimedOut, Unreachable
from wcflow.sandbox.rest import Basic, Request, Response
from wcflow.sandbox.store import SandboxStore

NOW = datetime(2026, 11, 22, 19, 20, 8, tzinfo=UTC)
KEY = Basic(ADMIN.consumer_key, ADMIN.consumer_secret)
LIST = Request("GET", "/wc/v3/orders", auth=KEY)
NOTE = Request("POST", "/wc/v3/orders/1/notes", json={"note": "x"}, auth=KEY)


@pytest.fixture
def sandbox() -> SandboxStore:
    sandbox = SandboxStore()
    sandbox.place_order(now=NOW, status="pending")
    return sandbox


@pytest.fixture
def faults(sandbox: SandboxStore) -> Faults:
    return Faults(sandbox)


def statuses(faults: Faults, *requests: Request) -> list[int]:
    return [faults.answer(request, NOW).status for request in requests]


def test_without_faults_the_store_answers(sandbox: SandboxStore, faults: Faults):
    assert sandbox.answer(LIST, NOW) == faults.answer(LIST, NOW)


def test_a_fault_can_be_limited_to_a_number_of_requests(faults: Faults):
    faults.fail_with(times=2)

    assert [500, 500, 200] == statuses(faults, LIST, LIST, LIST)


def test_a_fault_can_be_limited_to_matching_requests(faults: Faults):
    faults.fail_with(only="POST */notes", status=502, html=True)

    assert [200, 502, 201] == statuses(faults, LIST, NOTE, NOTE)


def test_a_fault_can_begin_later(faults: Faults):
    faults.fail_with(after=1)

    assert [200, 500, 200] == statuses(faults, LIST, LIST, LIST)


def test_a_fault_without_a_limit_lasts_until_the_store_recovers(faults: Faults):
    faults.fail_with(times=None)

    before = statuses(faults, LIST, LIST, LIST)
    faults.recover()

    assert [500, 500, 500, 200] == [*before, *statuses(faults, LIST)]


def test_faults_apply_one_after_the_other(faults: Faults):
    """Of two matching faults, the older one applies first."""
    faults.throttle()
    faults.fail_with(status=500)

    assert [429, 500, 200] == statuses(faults, LIST, LIST, LIST)


def test_an_error_is_json_or_html(faults: Faults):
    faults.fail_with()
    faults.fail_with(html=True)

    first, second = faults.answer(LIST, NOW), faults.answer(LIST, NOW)

    assert "internal_server_error" == first.json["code"]
    assert ("text/html; charset=UTF-8", "<") == (second.headers["Content-Type"], second.body[0])


def test_a_throttled_response_has_retry_after(faults: Faults):
    faults.throttle(retry_after=7)

    answer = faults.answer(LIST, NOW)

    assert (429, "7") == (answer.status, answer.headers["Retry-After"])


@pytest.mark.parametrize(("accept", "kind"), [("application/json", "json"), ("*/*", "html")])
def test_maintenance_is_json_or_html_as_requested(faults: Faults, accept: str, kind: str):
    faults.enter_maintenance()

    answer = faults.answer(Request("GET", "/wc/v3/orders", auth=KEY, accept=accept), NOW)

    assert (503, "600") == (answer.status, answer.headers["Retry-After"])
    assert kind in answer.headers["Content-Type"]


def test_long_pages_fail_and_short_ones_do_not(faults: Faults):
    faults.fail_long_pages(over=25)
    requests = [
        Request("GET", "/wc/v3/orders", {"per_page": size}, auth=KEY)
        for size in ("100", "26", "25")
    ]

    assert [504, 504, 200, 200] == statuses(faults, *requests, LIST)


@pytest.mark.parametrize(("effect", "notes"), [(False, 0), (True, 1)])
def test_a_request_that_times_out_can_be_carried_out_or_not(
    sandbox: SandboxStore, faults: Faults, effect: bool, notes: int
):
    faults.time_out(effect=effect)

    with pytest.raises(TimedOut) as caught:
        faults.answer(NOTE, NOW)

    assert effect == caught.value.effect
    assert notes == len(sandbox.notes(1))


def test_a_refused_connection_has_no_effect(sandbox: SandboxStore, faults: Faults):
    faults.refuse_connections()

    with pytest.raises(Unreachable):
        faults.answer(NOTE, NOW)

    assert [] == sandbox.notes(1)


@pytest.mark.parametrize(
    "fault",
    [Faults.cut_response, Faults.prepend_text, lambda faults: faults.prepend_text(BOM)],
    ids=["cut", "notice", "bom"],
)
def test_a_damaged_response_is_200_and_not_json(faults: Faults, fault: Callable[[Faults], None]):
    """JSON parsers reject a BOM too."""
    fault(faults)

    answer = faults.answer(LIST, NOW)

    assert 200 == answer.status
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.body)


def test_a_php_notice_is_printed_before_the_json(sandbox: SandboxStore, faults: Faults):
    faults.prepend_text()

    assert PHP_NOTICE + sandbox.answer(LIST, NOW).body == faults.answer(LIST, NOW).body


def test_a_remark_of_a_cache_follows_the_answer(sandbox: SandboxStore, faults: Faults):
    faults.append_text()

    assert sandbox.answer(LIST, NOW).body + CACHE_REMARK == faults.answer(LIST, NOW).body


def test_a_redirect_has_another_location(faults: Faults):
    faults.redirect(to="https://other.example/")

    answer = faults.answer(NOTE, NOW)

    assert (301, "https://other.example/") == (answer.status, answer.headers["Location"])


def test_a_slow_response_is_the_same_response_with_a_delay(sandbox: SandboxStore, faults: Faults):
    faults.delay_response(3.5)

    answer = faults.answer(LIST, NOW)

    assert (3.5, sandbox.answer(LIST, NOW).body) == (answer.delay, answer.body)


def test_a_wrong_clock_affects_dates_of_orders_and_the_date_header(
    sandbox: SandboxStore, faults: Faults
):
    faults.shift_clock(timedelta(hours=-2))

    answer = faults.answer(Request("PUT", "/wc/v3/orders/1", json={}, auth=KEY), NOW)

    assert "Sun, 22 Nov 2026 17:20:08 GMT" == answer.headers["Date"]
    assert "2026-11-22T17:20:08" == sandbox.order(1)["date_modified_gmt"]


def test_a_wrong_date_header_does_not_affect_dates_of_orders(sandbox: SandboxStore, faults: Faults):
    faults.shift_date_header(timedelta(hours=-2))

    answer = faults.answer(Request("PUT", "/wc/v3/orders/1", json={}, auth=KEY), NOW)

    assert "Sun, 22 Nov 2026 17:20:08 GMT" == answer.headers["Date"]
    assert "2026-11-22T19:20:08" == sandbox.order(1)["date_modified_gmt"]


def test_the_store_can_change_between_two_requests(sandbox: SandboxStore, faults: Faults):
    """An order leaves the list between the first page and the second."""
    later = [sandbox.place_order(now=NOW + timedelta(days=day)) for day in range(1, 4)]
    faults.before_answer(lambda sandbox, now: sandbox.trash(later[-1], now=now), after=1)

    pages = [faults.answer(page_of_two(number), NOW).json for number in (1, 2)]

    assert [[later[2], later[1]], [1]] == [[row["id"] for row in page] for page in pages]


def test_a_row_can_be_missing_between_two_pages(sandbox: SandboxStore, faults: Faults):
    sandbox.place_order(now=NOW)
    third = sandbox.place_order(now=NOW + timedelta(days=1))
    faults.skip_first_row()

    pages = [faults.answer(page_of_two(number), NOW).json for number in (1, 2, 2)]

    assert [2, 0, 1] == [len(page) for page in pages]
    assert third == pages[0][0]["id"]


def page_of_two(number: int) -> Request:
    return Request("GET", "/wc/v3/orders", {"per_page": "2", "page": str(number)}, auth=KEY)


def test_a_half_saved_order_has_its_new_date_with_old_line_items(
    sandbox: SandboxStore, faults: Faults
):
    product = sandbox.add_product("Wallet", now=NOW)
    order = sandbox.place_order(now=NOW, items=[(product, 1)])
    sandbox.edit_items(order, [(product, 2), (product, 3)], now=NOW + timedelta(seconds=1))
    faults.show_old_items(order)
    idle = Request("GET", "/wc/v3/orders", {"_fields": "id"}, auth=KEY)

    faults.answer(idle, NOW)
    found = [row_of(order, faults.answer(LIST, NOW)) for _ in range(2)]

    assert [[1], [2, 3]] == [[line["quantity"] for line in row["line_items"]] for row in found]
    assert ["2026-11-22T19:20:09"] * 2 == [row["date_modified_gmt"] for row in found]


def test_a_half_saved_new_order_has_no_line_items_yet(sandbox: SandboxStore, faults: Faults):
    order = sandbox.place_order(now=NOW, items=[(sandbox.add_product("Wallet", now=NOW), 1)])
    faults.show_old_items(order)

    found = faults.answer(Request("GET", f"/wc/v3/orders/{order}", auth=KEY), NOW)

    assert [] == found.json["line_items"]


def row_of(order: int, answer: Response) -> dict:
    return next(row for row in answer.json if row["id"] == order)


def test_a_delay_and_a_wrong_date_can_be_combined(faults: Faults):
    """Faults that let the request through are combined."""
    faults.delay_response(1.0)
    faults.shift_date_header(timedelta(minutes=1))

    answer = faults.answer(LIST, NOW)

    assert (1.0, "Sun, 22 Nov 2026 19:21:08 GMT") == (answer.delay, answer.headers["Date"])


def test_a_plugin_can_change_a_field_of_one_row_in_every_response(
    sandbox: SandboxStore, faults: Faults
):
    """Only if the field is requested; bytes are raw JSON."""
    other = sandbox.place_order(now=NOW, email="bert@example.com")
    faults.set_field("order", 1, "billing.email", 7)
    faults.set_field("order", 1, "line_items", b"1e999")
    in_list = {row["id"]: row for row in json.loads(faults.answer(LIST, NOW).body)}
    single = json.loads(faults.answer(replace(LIST, path="/wc/v3/orders/1"), NOW).body)
    ids_only = json.loads(faults.answer(replace(LIST, params={"_fields": "id"}), NOW).body)

    assert (7, "bert@example.com", 7) == (
        in_list[1]["billing"]["email"],
        in_list[other]["billing"]["email"],
        single["billing"]["email"],
    )
    assert math.inf == in_list[1]["line_items"] == single["line_items"]
    assert {1, other} == {row["id"] for row in ids_only}
    assert [{"id"}] * 2 == [set(row) for row in ids_only]
