"""Authentication and permissions of the sandbox."""

from datetime import datetime, timedelta

import pytest

from tests.store.sandbox_requests import NOW, send
from wcflow.sandbox.auth import ADMIN, MANAGER, READER, sign
from wcflow.sandbox.rest import Basic, OAuth, Request, Response
from wcflow.sandbox.store import SandboxStore


def test_basic_authentication_over_http_is_not_accepted():
    sandbox = SandboxStore()
    key = Basic(ADMIN.consumer_key, ADMIN.consumer_secret)
    request = Request("GET", "/wc/v3/orders", auth=key, base="http://shop.example")

    answer = sandbox.answer(request, NOW)

    assert (401, "woocommerce_rest_cannot_view") == (answer.status, answer.json["code"])


def signed(
    *, nonce: str = "n1", secret: str = ADMIN.consumer_secret, at: datetime = NOW, **params: str
) -> Request:
    url = "http://shop.example/wp-json/wc/v3/orders"
    signed_params = {
        **params,
        "oauth_consumer_key": ADMIN.consumer_key,
        "oauth_timestamp": str(int(at.timestamp())),
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA256",
    }
    signed_params["oauth_signature"] = sign("GET", url, signed_params, secret, "HMAC-SHA256")
    auth = OAuth(signed_params, url)
    return Request("GET", "/wc/v3/orders", params, auth=auth, base="http://shop.example")


def status_and_error(answer: Response) -> tuple[int, str]:
    return answer.status, answer.json["message"] if answer.status >= 400 else ""


def test_a_nonce_can_be_used_once():
    """So a retry needs a new signature."""
    sandbox = SandboxStore()

    answers = [sandbox.answer(signed(nonce=nonce), NOW) for nonce in ("a", "b", "a")]

    used = "Invalid nonce - nonce has already been used."
    assert [(200, ""), (200, ""), (401, used)] == [status_and_error(answer) for answer in answers]


def test_a_signature_covers_the_parameters():
    sandbox = SandboxStore()
    original = signed(status="any")
    forged = Request(
        original.method,
        original.path,
        {"status": "trash"},
        auth=OAuth({**original.auth.params, "status": "trash"}, original.auth.url),
        base=original.base,
    )

    answers = [sandbox.answer(request, NOW) for request in (forged, original)]

    wrong = "Invalid signature - provided signature does not match."
    assert [(401, wrong), (200, "")] == [status_and_error(answer) for answer in answers]


def test_a_signature_with_a_wrong_secret_is_rejected():
    answer = SandboxStore().answer(signed(secret="cs_other"), NOW)

    wrong = "Invalid signature - provided signature does not match."
    assert (401, wrong) == status_and_error(answer)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_older_or_newer_than_a_quarter_of_an_hour_is_rejected(minutes: int):
    answer = SandboxStore().answer(signed(at=NOW + timedelta(minutes=minutes)), NOW)

    assert (401, "Invalid timestamp.") == status_and_error(answer)


def test_the_index_and_the_home_page_need_no_key():
    sandbox = SandboxStore(zone="Asia/Kolkata")

    index = sandbox.answer(Request("GET", "/"), NOW).json
    home = sandbox.answer(Request("GET", "/", rest=False), NOW)

    assert (5.5, "Asia/Kolkata") == (index["gmt_offset"], index["timezone_string"])
    assert '<https://shop.example/wp-json/>; rel="https://api.w.org/"' == home.headers["Link"]


def test_a_store_without_permalinks_has_no_wp_json():
    """Paths below /wp-json are then a 404 page in HTML."""
    sandbox = SandboxStore(permalinks=False)

    index = sandbox.answer(Request("GET", "/"), NOW)
    orders = send(sandbox, "GET", "/wc/v3/orders")

    link = '<https://shop.example/index.php?rest_route=/>; rel="https://api.w.org/"'
    assert {index.headers["Link"], orders.headers["Link"]} == {link}
    assert (404, "text/html; charset=UTF-8") == (orders.status, orders.headers["Content-Type"])


def test_a_shop_manager_can_change_only_customers():
    sandbox = SandboxStore()
    editor = sandbox.register("ed@shop.example", now=NOW, role="editor")

    answer = send(sandbox, "PUT", f"/wc/v3/customers/{editor}", json={}, key=MANAGER)

    assert (403, "woocommerce_rest_cannot_edit") == (answer.status, answer.json["code"])


def test_a_shop_manager_can_batch_orders_and_coupons_but_not_customers():
    sandbox = SandboxStore()

    answers = [
        send(sandbox, "POST", f"/wc/v3/{kind}/batch", json={}, key=MANAGER)
        for kind in ("orders", "coupons", "customers")
    ]

    assert [200, 200, 403] == [answer.status for answer in answers]


def test_a_read_only_key_can_read():
    assert send(SandboxStore(), "GET", "/wc/v3/orders", key=READER).status == 200
