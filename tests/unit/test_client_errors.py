"""Each failed request becomes a sentence with advice, and is permanent or not."""

from __future__ import annotations

import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from wcflow.errors import StoreError
from wcflow.store.errors import (
    ConnectionInfo,
    connection_error,
    is_overload,
    is_store_wide,
    response_error,
)
from wcflow.store.response import StoreResponse, parse_retry_after

RECORDINGS = Path(__file__).parent.parent / "recordings"
STORE_URL = "https://shop.example"
PAGE = "<!DOCTYPE html><html><head><title>{}</title></head><body></body></html>"


def response(status: int, body: Any = "", **headers: str) -> StoreResponse:
    content = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if content.startswith("<") else "application/json"
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return StoreResponse(status, {"Content-Type": kind, **names}, content.encode())


def recorded_response(file: str, name: str) -> StoreResponse:
    exchanges = {
        each["name"]: each for each in json.loads((RECORDINGS / f"{file}.json").read_text())
    }
    response = exchanges[name]["response"]
    content = response.get("text") or json.dumps(response["json"])
    return StoreResponse(response["status"], response["headers"], content.encode())


def error_of(
    answer: StoreResponse, *, store_url: str = STORE_URL, wrote: bool = False
) -> StoreError:
    request = "POST /coupons" if wrote else "GET /orders"
    return response_error(request, answer, store_url=store_url, wrote=wrote)


class TestRecordings:
    @pytest.mark.parametrize(
        ("file", "name", "wrote", "sentence", "permanent"),
        [
            (
                "auth",
                "unknown_key",
                False,
                (
                    "the store rejected the API key (GET /orders: HTTP 401 woocommerce_rest_cannot_view:"
                    ' "Sorry, you cannot list resources.")'
                ),
                True,
            ),
            (
                "auth",
                "wrong_secret",
                False,
                (
                    "the consumer secret is wrong (GET /orders: HTTP 401"
                    ' woocommerce_rest_authentication_error: "Consumer secret is invalid.")'
                ),
                True,
            ),
            (
                "auth",
                "read_key_writes",
                True,
                (
                    "the key is read-only (POST /coupons: HTTP 401 woocommerce_rest_authentication_error:"
                    ' "The API key provided does not have write permissions.")'
                ),
                True,
            ),
            (
                "auth",
                "manager_batches_customers",
                True,
                (
                    "the key's user does not have permission (POST /coupons: HTTP 403"
                    ' woocommerce_rest_cannot_batch: "Sorry, you are not allowed to batch manipulate this resource.")'
                ),
                True,
            ),
            (
                "auth",
                "maintenance_json",
                False,
                (
                    "the store is in maintenance mode (GET /orders: HTTP 503 wp_die:"
                    ' "Briefly unavailable for scheduled maintenance. Check back in a minute.")'
                ),
                False,
            ),
            (
                "auth",
                "maintenance_html",
                False,
                'the store is in maintenance mode (GET /orders: HTTP 503, web page "Maintenance")',
                False,
            ),
            (
                "store",
                "no_such_route",
                False,
                (
                    "the store's API does not have this route (GET /orders: HTTP 404 rest_no_route:"
                    ' "No route was found matching the URL and request method.")'
                ),
                True,
            ),
            (
                "orders",
                "bad_orderby",
                False,
                (
                    "the store rejected the request (GET /orders: HTTP 400 rest_invalid_param:"
                    ' "Invalid parameter(s): orderby orderby is not one of date, id, include, title, slug,'
                    ' and modified.")'
                ),
                True,
            ),
            (
                "orders",
                "missing",
                False,
                (
                    "not found in the store (GET /orders: HTTP 404"
                    ' woocommerce_rest_shop_order_invalid_id: "Invalid ID.")'
                ),
                True,
            ),
            (
                "customers",
                "batch_over_100",
                True,
                (
                    "the request was too large for the store (POST /coupons: HTTP 413"
                    " woocommerce_rest_request_entity_too_large:"
                    ' "Unable to accept more than 100 items for this request.")'
                ),
                True,
            ),
        ],
    )
    def test_an_error_of_woocommerce_becomes_a_sentence(
        self, file: str, name: str, wrote: bool, sentence: str, permanent: bool
    ) -> None:
        error = error_of(recorded_response(file, name), wrote=wrote)
        assert (sentence, permanent) == (str(error), error.permanent)

    def test_maintenance_has_retry_after(self) -> None:
        for name in ("maintenance_json", "maintenance_html"):
            error = error_of(recorded_response("auth", name), wrote=True)
            assert (600.0, False) == (error.retry_after, error.effect_unknown)


class TestAdvice:
    @pytest.mark.parametrize(
        ("answer", "sentence", "advice", "permanent"),
        [
            (
                response(403, PAGE.format("Sucuri WebSite Firewall")),
                (
                    "a firewall or security plugin blocked the request (GET /orders: HTTP 403,"
                    ' web page "Sucuri WebSite Firewall")'
                ),
                (
                    "Allow this machine's address and the user agent wcflow in the store's firewall or"
                    " security plugin."
                ),
                False,
            ),
            (
                response(404, PAGE.format("Not Found")),
                'there is no WooCommerce API at this address (GET /orders: HTTP 404, web page "Not Found")',
                (
                    "Check url. If it is right, choose any permalink structure but Plain (WordPress,"
                    " Settings, Permalinks) and configure the web server to pass /wp-json on to"
                    " WordPress."
                ),
                True,
            ),
            (
                response(502, PAGE.format("Bad Gateway")),
                (
                    "the store's web server got no response from PHP (GET /orders: HTTP 502,"
                    ' web page "Bad Gateway")'
                ),
                "If this continues, lower page_size.",
                False,
            ),
            (
                response(429),
                "the store limits the request rate (GET /orders: HTTP 429)",
                "Raise poll_every, or ask the host for a higher limit.",
                False,
            ),
            (
                response(521, PAGE.format("Down")),
                'the store has a problem (GET /orders: HTTP 521, web page "Down")',
                "Try again later.",
                False,
            ),
            (response(418), "the store rejected the request (GET /orders: HTTP 418)", "", True),
        ],
        ids=lambda value: value.status if isinstance(value, StoreResponse) else None,
    )
    def test_errors_of_hosts_and_firewalls_are_recognized(
        self, answer: StoreResponse, sentence: str, advice: str, permanent: bool
    ) -> None:
        error = error_of(answer)
        assert (sentence, advice, permanent) == (str(error), error.advice, error.permanent)

    def test_the_advice_for_https_mentions_the_authorization_header(self) -> None:
        unknown = recorded_response("auth", "unknown_key")
        mentions_header = [
            "Authorization header" in error_of(unknown, store_url=store_url).advice
            for store_url in (STORE_URL, "http://shop.example")
        ]
        assert [True, False] == mentions_header

    @pytest.mark.parametrize(
        ("message", "sentence"),
        [
            ("Invalid timestamp.", "the store rejected the time of the request"),
            (
                "Invalid nonce - nonce has already been used.",
                "the store has already seen this request",
            ),
            ("Consumer key is invalid.", "the store rejected the API key"),
            (
                "Invalid signature - provided signature does not match.",
                "the consumer secret is wrong",
            ),
            ("Das Geheimnis ist falsch.", "the consumer secret is wrong"),
        ],
    )
    def test_oauth_errors_are_recognized(self, message: str, sentence: str) -> None:
        body = {"code": "woocommerce_rest_authentication_error", "message": message}
        assert str(error_of(response(401, body))).startswith(f"{sentence} (GET /orders: HTTP 401")

    def test_the_message_of_the_store_is_shown_plain_and_short(self) -> None:
        body = {"code": "x", "message": "<a href='#'>Nope</a>\n" + "long " * 200}
        text = str(error_of(response(400, body)))
        assert text.startswith(
            'the store rejected the request (GET /orders: HTTP 400 x: "Nope long'
        )
        assert len(text) < 350

    @pytest.mark.parametrize(
        "junk", ["", "null", "[]", '"x"', '{"data": 5}', '{"data": {"params": 1}}']
    )
    def test_an_error_without_a_message_has_a_general_sentence(self, junk: str) -> None:
        error = error_of(response(500, junk))
        assert str(error) == "the store reported an internal error (GET /orders: HTTP 500)"


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("120", 120.0),
            ("1.5", 1.5),
            ("Sun, 22 Nov 2026 19:21:08 GMT", 60.0),
            ("Sun, 22 Nov 2026 19:00:00 GMT", 0.0),
            ("", None),
            ("soon", None),
            ("-5", None),
        ],
    )
    def test_retry_after_is_seconds_or_a_date(self, value: str, seconds: float | None) -> None:
        headers = {"Retry-After": value, "Date": "Sun, 22 Nov 2026 19:20:08 GMT"}
        assert seconds == parse_retry_after(headers)


class TestScope:
    @pytest.mark.parametrize(
        ("answer", "store_wide"),
        [
            (response(301, Location="https://www.shop.example/"), True),
            (response(401, {"code": "woocommerce_rest_cannot_view"}), True),
            (response(403, PAGE.format("Firewall")), True),
            (response(404, {"code": "rest_no_route"}), True),
            (response(404, PAGE.format("Not Found")), True),
            (response(429), True),
            (response(502), True),
            (response(503), True),
            (response(504), True),
            (response(400, {"code": "rest_invalid_param"}), False),
            (response(403, {"code": "woocommerce_rest_cannot_edit"}), False),
            (response(404, {"code": "wc_user_invalid_id"}), False),
            (response(500), False),
            (response(500, PAGE.format("Error")), False),
        ],
    )
    def test_an_error_affects_the_whole_store_or_one_request(
        self, answer: StoreResponse, store_wide: bool
    ) -> None:
        assert store_wide == is_store_wide(error_of(answer, wrote=True))

    def test_a_coupon_that_was_not_sent_is_not_store_wide(self) -> None:
        assert not is_store_wide(StoreError("x", code="wcflow_coupon_flawed", permanent=True))

    def test_only_gateway_errors_and_time_outs_are_an_overload(self) -> None:
        overloads = [
            status for status in range(400, 600) if is_overload(error_of(response(status)))
        ]
        assert [502, 504, 522, 524] == overloads


def wrapped(reason: Exception) -> requests.ConnectionError:
    """Wrap a cause as urllib3 and requests do."""
    pool = urllib3.HTTPSConnectionPool("shop.example")
    return requests.ConnectionError(
        urllib3.exceptions.MaxRetryError(pool, "/?oauth_signature=s", reason)
    )


def verification(code: int, message: str) -> requests.exceptions.SSLError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return requests.exceptions.SSLError(
        urllib3.exceptions.MaxRetryError(
            urllib3.HTTPSConnectionPool("shop.example"), "/", urllib3.exceptions.SSLError(error)
        )
    )


class TestNoResponse:
    LINE = ConnectionInfo("https://user@shop.example", 10.0, 30.0, None)

    @pytest.mark.parametrize(
        ("error", "sentence", "advice", "permanent"),
        [
            (
                verification(20, "unable to get local issuer certificate"),
                (
                    "the certificate of shop.example is not trusted:"
                    " unable to get local issuer certificate (POST /coupons)"
                ),
                "Set ca_file to the certificate of the authority that signed it.",
                True,
            ),
            (
                verification(10, "certificate has expired"),
                "the certificate of shop.example is not trusted: certificate has expired (POST /coupons)",
                "Renew the store's certificate.",
                True,
            ),
            (
                verification(62, "Hostname mismatch"),
                "the certificate of shop.example is not trusted: Hostname mismatch (POST /coupons)",
                "Set url to the host name in the certificate.",
                True,
            ),
            (
                wrapped(socket.gaierror(-2, "Name or service not known")),
                "the host name shop.example could not be resolved (POST /coupons)",
                "Check url and the DNS settings of this machine.",
                False,
            ),
            (
                requests.exceptions.ConnectTimeout(),
                "could not connect to shop.example within 10 s (POST /coupons)",
                "Check url, whether the store is running, and the firewalls in between.",
                False,
            ),
            (
                requests.exceptions.InvalidURL(),
                "https://user@shop.example is not a web address (POST /coupons)",
                "Check url.",
                True,
            ),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
    )
    def test_a_request_that_was_not_sent_has_no_effect(
        self, error: Exception, sentence: str, advice: str, permanent: bool
    ) -> None:
        result = connection_error("POST /coupons", self.LINE, error, wrote=True)
        assert (sentence, advice, permanent, False, 0) == (
            str(result),
            result.advice,
            result.permanent,
            result.effect_unknown,
            result.status,
        )
        assert is_store_wide(result)

    def test_a_request_that_was_sent_has_an_unknown_effect(self) -> None:
        for error in (requests.exceptions.ReadTimeout(), requests.exceptions.ConnectionError()):
            assert connection_error("POST /coupons", self.LINE, error, wrote=True).effect_unknown
            assert not connection_error("GET /orders", self.LINE, error, wrote=False).effect_unknown
