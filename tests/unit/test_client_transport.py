"""Keys, time-outs, redirects, retries and page sizes of requests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from wcflow import __version__
from wcflow.errors import StoreError
from wcflow.store.client import Store
from wcflow.store.companion import read_status

URL, HTTP_URL = "https://shop.example", "http://shop.example"
ORDERS = f"{URL}/wp-json/wc/v3/orders"
HTTP_ORDERS = f"{HTTP_URL}/wp-json/wc/v3/orders"
DATE = {"Date": "Sun, 22 Nov 2026 19:20:08 GMT"}
PAGE = "<!DOCTYPE html><html><head><title>Checking your browser</title></head></html>"


class FakeSleep:
    """Records waits without waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def store(url: str = URL, **options: Any) -> Store:
    options = {"sleep": FakeSleep(), "jitter": lambda: 0.5} | options
    return Store("main", url, "ck_key", "cs_secret", **options)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


def add_responses(
    web: responses.RequestsMock, *answers: Any, url: str = ORDERS, method: str = "GET"
) -> None:
    """Add responses in order: a status, an exception, or keywords."""
    for each in answers:
        if isinstance(each, Exception):
            web.add(method, url, body=each)
        elif isinstance(each, int):
            web.add(
                method, url, status=each, json=[] if each == 200 else {"code": "x"}, headers=DATE
            )
        else:
            web.add(method, url, **{"status": 200, "headers": DATE} | each)


def query(call: responses.Call) -> dict[str, str]:
    return {key: value[-1] for key, value in parse_qs(urlsplit(call.request.url).query).items()}


def failure(call: Callable[[], object]) -> StoreError:
    with pytest.raises(StoreError) as caught:
        call()
    return caught.value


class TestKeys:
    def test_the_api_of_a_plugin_takes_the_same_keys(self, web: responses.RequestsMock) -> None:
        for url in (URL, HTTP_URL):
            api = f"{url}/wp-json/wc-wcflow/v1/status"
            add_responses(web, {"json": {"protocol": 1}}, url=api)
            assert 1 == read_status(store(url)).protocol
        basic, signed = web.calls
        assert basic.request.headers["Authorization"].startswith("Basic ")
        assert "ck_key" == query(signed)["oauth_consumer_key"]

    def test_https_sends_the_key_as_basic_authentication(self, web: responses.RequestsMock) -> None:
        add_responses(web, 200)
        store().request("GET", "orders", {"status": "any"})
        request = web.calls[0].request
        assert request.headers["Authorization"] == "Basic Y2tfa2V5OmNzX3NlY3JldA=="
        assert query(web.calls[0]) == {"status": "any"}

    def test_http_requests_are_signed_and_never_contain_the_secret(
        self, web: responses.RequestsMock
    ) -> None:
        add_responses(web, 200, url=HTTP_ORDERS)
        store(HTTP_URL).request("GET", "orders", {"status": "any"})
        request, sent = web.calls[0].request, query(web.calls[0])
        assert "Authorization" not in request.headers
        assert (sent["oauth_consumer_key"], sent["status"]) == ("ck_key", "any")
        assert "cs_secret" not in str(request.url)
        assert str(request.url).count("status=any") == 1

    def test_each_attempt_over_http_has_a_new_signature(self, web: responses.RequestsMock) -> None:
        """WooCommerce accepts a nonce once."""
        add_responses(web, 500, 502, 200, url=HTTP_ORDERS)
        store(HTTP_URL).request("GET", "orders")
        nonces = {query(call)["oauth_nonce"] for call in web.calls}
        signatures = {query(call)["oauth_signature"] for call in web.calls}
        assert (3, 3) == (len(nonces), len(signatures))

    def test_nonces_do_not_come_from_a_small_range(
        self, web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The library has 100 million: among 2,000 requests two are the same once in 50 times."""
        monkeypatch.setattr("woocommerce.oauth.randint", lambda *_: 7)
        add_responses(web, 200, 200, url=HTTP_ORDERS)
        for _ in range(2):
            store(HTTP_URL).request("GET", "orders")
        assert 2 == len({query(call)["oauth_nonce"] for call in web.calls})

    def test_a_value_that_oauth_cannot_sign_is_not_sent(self) -> None:
        with responses.RequestsMock():
            error = failure(lambda: store(HTTP_URL).coupon("10/20%"))
        assert (error.permanent, error.advice) == (
            True,
            "Use https for the store, or avoid / and % in coupon codes.",
        )

    def test_the_index_is_loaded_without_a_key(self, web: responses.RequestsMock) -> None:
        add_responses(web, {"json": {"name": "Shop"}}, url=f"{URL}/wp-json/")
        store().index()
        assert "Authorization" not in web.calls[0].request.headers

    def test_the_key_in_netrc_is_not_sent(
        self, web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        """requests would use it for a request without a key."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine shop.example login other password other\n")
        monkeypatch.setenv("NETRC", str(netrc))
        add_responses(web, 200, url=HTTP_ORDERS)
        store(HTTP_URL).request("GET", "orders")
        assert "Authorization" not in web.calls[0].request.headers

    @pytest.mark.parametrize(
        "broken", [401, requests.ConnectionError(f"{HTTP_ORDERS}?oauth_signature=abc")]
    )
    def test_no_error_shows_the_signature(self, web: responses.RequestsMock, broken: Any) -> None:
        add_responses(web, *[broken] * (5 if isinstance(broken, Exception) else 1), url=HTTP_ORDERS)
        error = failure(lambda: store(HTTP_URL).request("GET", "orders"))
        assert "oauth" not in f"{error} {error.advice} {error.__cause__}"
        assert error.__suppress_context__ or error.__context__ is None


class TestRequests:
    def test_a_request_names_wcflow_and_is_json(self, web: responses.RequestsMock) -> None:
        add_responses(web, {"json": {}}, method="POST")
        store().request("POST", "orders", json={"note": "→"}, shape=dict)
        request = web.calls[0].request
        expected = (f"wcflow/{__version__}", "application/json", "application/json; charset=utf-8")
        names = ("User-Agent", "Accept", "Content-Type")
        assert expected == tuple(request.headers[name] for name in names)
        assert request.body == '{"note":"→"}'.encode()

    @pytest.mark.parametrize(
        ("ca_file", "verified"), [(None, True), ("/shop/ca.pem", "/shop/ca.pem")]
    )
    def test_the_certificate_is_verified_at_every_request(
        self,
        web: responses.RequestsMock,
        monkeypatch: pytest.MonkeyPatch,
        ca_file: Any,
        verified: Any,
    ) -> None:
        """Even if the environment names another authority."""
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)
        if ca_file:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/other.pem")
        add_responses(web, 200)
        store(ca_file=ca_file, timeout=45.0).request("GET", "orders")
        options = web.calls[0].request.req_kwargs  # type: ignore[attr-defined] # added by responses
        assert (verified, (10.0, 45.0)) == (options["verify"], options["timeout"])

    def test_empty_parameters_are_not_sent(self, web: responses.RequestsMock) -> None:
        add_responses(web, 200)
        store().request("GET", "orders", {"exclude": "", "per_page": 1})
        assert query(web.calls[0]) == {"per_page": "1"}

    def test_each_thread_has_its_own_connection(self, web: responses.RequestsMock) -> None:
        add_responses(web, 200, 200, 200)
        client, sessions = store(), set()

        def send_request() -> None:
            client.request("GET", "orders")
            sessions.add(client._session())

        threads = [threading.Thread(target=send_request) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        send_request()
        assert (3, 3) == (len(sessions), client.requests)
        client.close()

    def test_requests_and_their_seconds_are_counted(self, web: responses.RequestsMock) -> None:
        add_responses(web, 500, 200)
        ticks = iter([10.0, 12.5, 20.0, 20.5])
        client = store(clock=lambda: next(ticks))
        client.request("GET", "orders")
        assert (2, 3.0) == (client.requests, client.seconds)


class TestRedirects:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_no_redirect_is_followed(self, web: responses.RequestsMock, method: str) -> None:
        """A redirect turns a POST into a GET and answers 200 with a list."""
        target = "https://www.shop.example/wp-json/wc/v3/orders?consumer_key=1"
        add_responses(web, {"status": 301, "headers": {**DATE, "Location": target}}, method=method)
        error = failure(lambda: store().request(method, "orders"))
        assert (
            "the store redirects to https://www.shop.example/wp-json/wc/v3/orders"
            f" ({method} /orders: HTTP 301)"
        ) == str(error)
        assert ("Set url to https://www.shop.example.", True) == (error.advice, error.permanent)
        assert len(web.calls) == 1

    def test_a_redirect_to_an_invalid_address_is_an_error(
        self, web: responses.RequestsMock
    ) -> None:
        add_responses(web, {"status": 302, "headers": {**DATE, "Location": "http://[x"}})
        error = failure(lambda: store().request("GET", "orders"))
        assert "the store redirects to http://[x (GET /orders: HTTP 302)" == str(error)

    def test_a_redirect_to_a_login_page_gives_general_advice(
        self, web: responses.RequestsMock
    ) -> None:
        add_responses(web, {"status": 302, "headers": {**DATE, "Location": "/wp-login.php?x=1"}})
        error = failure(lambda: store().request("GET", "orders"))
        assert (
            "Set url to the address that a browser shows for the store's home page." == error.advice
        )


class TestReads:
    def test_reads_are_retried_after_growing_waits(self, web: responses.RequestsMock) -> None:
        add_responses(web, 500, 502, 503, 504, 200)
        sleep = FakeSleep()
        assert store(sleep=sleep).request("GET", "orders").body == []
        assert [0.5, 1.0, 2.0, 4.0] == sleep.seconds

    def test_reads_are_tried_five_times(self, web: responses.RequestsMock) -> None:
        add_responses(web, 500, 500, 500, 500, 500)
        error = failure(lambda: store().request("GET", "orders"))
        assert (500, False, False) == (error.status, error.permanent, error.effect_unknown)

    @pytest.mark.parametrize(
        ("retry_after", "waited"),
        [
            ("7", 7.5),
            ("0", 0.5),
            ("Sun, 22 Nov 2026 19:20:48 GMT", 40.5),
            ("Sat, 21 Nov 2026 00:00:00 GMT", 0.5),
        ],
    )
    def test_retry_after_is_respected(
        self, web: responses.RequestsMock, retry_after: str, waited: float
    ) -> None:
        """Seconds, or a date by the store's clock."""
        add_responses(web, {"status": 429, "headers": {**DATE, "Retry-After": retry_after}}, 200)
        sleep = FakeSleep()
        store(sleep=sleep).request("GET", "orders")
        assert [waited] == sleep.seconds

    def test_a_long_retry_after_is_left_to_the_caller(self, web: responses.RequestsMock) -> None:
        body = {"code": "wp_die", "message": "Briefly unavailable.", "data": {"status": 503}}
        add_responses(web, {"status": 503, "json": body, "headers": {**DATE, "Retry-After": "600"}})
        error = failure(lambda: store().request("GET", "orders"))
        assert (503, "wp_die", 600.0, False) == (
            error.status,
            error.code,
            error.retry_after,
            error.permanent,
        )

    @pytest.mark.parametrize(
        "fault",
        [
            requests.exceptions.ConnectTimeout(),
            requests.exceptions.ReadTimeout(),
            requests.exceptions.ConnectionError(),
            requests.exceptions.ChunkedEncodingError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_a_lost_connection_is_retried(
        self, web: responses.RequestsMock, fault: Exception
    ) -> None:
        add_responses(web, fault, 200)
        assert store().request("GET", "orders").body == []

    def test_truncated_json_is_retried_and_then_an_error(self, web: responses.RequestsMock) -> None:
        add_responses(web, *[{"body": '[{"id":1,"refunds":[]'}] * 5)
        error = failure(lambda: store().request("GET", "orders"))
        assert str(error).startswith("cannot read the store's response (GET /orders: HTTP 200: ")
        assert ("wcflow_unreadable", False, False) == (
            error.code,
            error.permanent,
            error.effect_unknown,
        )

    @pytest.mark.parametrize("before", ["\ufeff", "<br />\n<b>Notice</b>: x [1]<br />\n"])
    def test_notices_before_the_json_are_ignored(
        self, web: responses.RequestsMock, before: str
    ) -> None:
        add_responses(web, {"body": f'{before}[{{"id":1}}]'})
        assert store().request("GET", "orders").body == [{"id": 1}]

    def test_a_web_page_is_an_error_with_its_title(self, web: responses.RequestsMock) -> None:
        add_responses(web, {"body": PAGE, "content_type": "text/html"})
        error = failure(lambda: store().request("GET", "orders"))
        assert ('the store sent a web page "Checking your browser" (GET /orders: HTTP 200)') == str(
            error
        )

    @pytest.mark.parametrize(
        ("shape", "body"), [(list, {"id": 1}), (dict, []), (list, 5), (list, "x")]
    )
    def test_json_of_another_shape_is_an_error(
        self, web: responses.RequestsMock, shape: Any, body: Any
    ) -> None:
        add_responses(web, {"json": body})
        error = failure(lambda: store().request("GET", "orders", shape=shape))
        expected = "a list" if shape is list else "an object"
        assert (
            f"the store's response is not what WooCommerce documents (GET /orders: expected {expected})"
        ) == str(error)

    def test_an_answer_has_the_time_and_the_total(self, web: responses.RequestsMock) -> None:
        add_responses(web, {"json": [], "headers": {**DATE, "X-WP-Total": "192"}})
        answer = store().request("GET", "orders")
        assert ("2026-11-22T19:20:08+00:00", 192) == (answer.server_now.isoformat(), answer.total)

    @pytest.mark.parametrize(
        ("age", "now"),
        [("", "19:20:08"), ("600", "19:30:08"), ("soon", "19:20:08"), ("²", "19:20:08")],
    )
    def test_the_time_of_a_cached_answer_is_that_of_the_cache_and_its_age(
        self, web: responses.RequestsMock, age: str, now: str
    ) -> None:
        """Otherwise an old page would look like a store whose clock is behind."""
        add_responses(web, {"json": [], "headers": {**DATE, "Age": age}})
        client = store(clock=lambda: 0.0)
        client.request("GET", "orders")
        assert f"2026-11-22T{now}+00:00" == str(client.store_now).replace(" ", "T")

    def test_an_answer_without_a_time_is_an_error(self, web: responses.RequestsMock) -> None:
        add_responses(web, {"json": [], "headers": {}})
        assert "expected a Date header" in str(failure(lambda: store().request("GET", "orders")))

    def test_a_wait_can_be_interrupted(self, web: responses.RequestsMock) -> None:
        """An exception of `sleep` ends the request, so the daemon can stop."""

        def stop(_seconds: float) -> None:
            raise KeyboardInterrupt

        add_responses(web, 500)
        with pytest.raises(KeyboardInterrupt):
            store(sleep=stop).request("GET", "orders")


class TestWrites:
    def post(self, client: Store) -> StoreError:
        return failure(lambda: client.request("POST", "orders", json={}, shape=dict))

    @pytest.mark.parametrize(
        "fault",
        [
            429,
            500,
            502,
            503,
            504,
            requests.exceptions.ReadTimeout(),
            requests.exceptions.ConnectionError(),
            {"body": "torn {"},
            {"body": PAGE, "content_type": "text/html"},
            {"json": []},
        ],
        ids=str,
    )
    def test_a_write_that_can_have_happened_is_not_retried(
        self, web: responses.RequestsMock, fault: Any
    ) -> None:
        add_responses(web, fault, method="POST")
        error = self.post(store())
        assert (True, False, 1) == (error.effect_unknown, error.permanent, len(web.calls))

    @pytest.mark.parametrize(
        "fault",
        [
            425,
            {"status": 503, "headers": {**DATE, "Retry-After": "2"}},
            requests.exceptions.ConnectTimeout(),
        ],
        ids=str,
    )
    def test_a_write_that_cannot_have_happened_is_retried(
        self, web: responses.RequestsMock, fault: Any
    ) -> None:
        add_responses(web, fault, {"json": {"id": 1}}, method="POST")
        assert store().request("POST", "orders", json={}, shape=dict).body == {"id": 1}

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413])
    def test_a_rejected_write_is_permanent_and_has_no_effect(
        self, web: responses.RequestsMock, status: int
    ) -> None:
        add_responses(web, status, method="POST")
        error = self.post(store())
        assert (False, True, 1) == (error.effect_unknown, error.permanent, len(web.calls))


class TestPages:
    def rows(self, count: int) -> dict[str, Any]:
        return {"json": [{"id": n} for n in range(1, count + 1)]}

    def sizes(self, web: responses.RequestsMock) -> list[int]:
        return [int(query(call)["per_page"]) for call in web.calls]

    @pytest.mark.parametrize("fault", [502, 504, requests.exceptions.ReadTimeout()], ids=str)
    def test_pages_halve_after_an_overload(self, web: responses.RequestsMock, fault: Any) -> None:
        add_responses(web, fault, fault, 200)
        store().page("orders", {}, dict)
        assert [100, 50, 25] == self.sizes(web)

    @pytest.mark.parametrize("fault", [500, 503, 429])
    def test_pages_keep_their_size_after_other_errors(
        self, web: responses.RequestsMock, fault: int
    ) -> None:
        add_responses(web, fault, 200)
        store().page("orders", {}, dict)
        assert [100, 100] == self.sizes(web)

    def test_pages_stay_small_and_grow_again(self, web: responses.RequestsMock) -> None:
        add_responses(web, 504, *[200] * 12)
        client = store()
        for _ in range(12):
            client.page("orders", {}, dict)
        assert [100, *[50] * 10, 100, 100] == self.sizes(web)

    def test_a_request_without_pages_does_not_change_the_size(
        self, web: responses.RequestsMock
    ) -> None:
        add_responses(web, 504, 200)
        client = store()
        client.request("GET", "orders", {"per_page": 1})
        assert client.pages.size == 100

    def test_a_smaller_page_can_be_full(self, web: responses.RequestsMock) -> None:
        add_responses(web, 504, self.rows(50))
        assert store().page("orders", {}, dict).full

    def test_all_ids_are_loaded_in_pages_of_any_size(self, web: responses.RequestsMock) -> None:
        add_responses(web, 504, 200, 200)
        store(page_size=12).get_by_ids("orders", range(1, 13), {}, dict)
        requested = [query(call)["include"] for call in web.calls]
        assert ["1,2,3,4,5,6,7,8,9,10,11,12", "1,2,3,4,5,6", "7,8,9,10,11,12"] == requested


@contextmanager
def listening_socket(handle: Callable[[socket.socket], object]) -> Iterator[int]:
    """Accept one connection on a loopback port and run a function on it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _address = server.accept()
            with connection:
                handle(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


class TestRealSockets:
    """Real exceptions of requests and urllib3."""

    def test_a_refused_connection_has_no_effect(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with store(f"http://127.0.0.1:{port}") as client:
            error = failure(lambda: client.request("POST", "orders", json={}, shape=dict))
        assert f"could not connect to 127.0.0.1:{port} (POST /orders)" == str(error)
        assert (False, False, 3) == (error.effect_unknown, error.permanent, client.requests)

    def test_a_write_without_a_response_has_an_unknown_effect(self) -> None:
        done = threading.Event()
        with listening_socket(lambda _connection: done.wait(5)) as port:
            with store(f"http://127.0.0.1:{port}", timeout=0.1) as client:
                error = failure(lambda: client.request("POST", "orders", json={}, shape=dict))
            done.set()
        assert f"127.0.0.1:{port} did not respond within 0.1 s (POST /orders)" == str(error)
        assert (True, "wcflow_timeout", 1) == (error.effect_unknown, error.code, client.requests)

    def test_a_write_on_a_lost_connection_has_an_unknown_effect(self) -> None:
        def close_connection(connection: socket.socket) -> None:
            connection.recv(65536)

        with (
            listening_socket(close_connection) as port,
            store(f"http://127.0.0.1:{port}", timeout=5) as client,
        ):
            error = failure(lambda: client.request("POST", "orders", json={}, shape=dict))
        assert f"the connection to 127.0.0.1:{port} was lost (POST /orders)" == str(error)
        assert (True, "wcflow_broken") == (error.effect_unknown, error.code)

    def test_a_server_without_https_is_a_permanent_error(self) -> None:
        def respond_without_tls(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        with (
            listening_socket(respond_without_tls) as port,
            store(f"https://127.0.0.1:{port}", timeout=5) as client,
        ):
            error = failure(lambda: client.request("GET", "orders"))
        assert f"127.0.0.1:{port} does not support https (GET /orders)" == str(error)
        assert error.permanent

    def test_a_missing_ca_file_is_a_permanent_error(self) -> None:
        with store("https://127.0.0.1:9", ca_file="/nowhere/ca.pem") as client:
            error = failure(lambda: client.request("GET", "orders"))
        assert "cannot read /nowhere/ca.pem (GET /orders)" == str(error)
        assert error.permanent
