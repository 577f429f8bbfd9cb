"""The checks of a store, which change nothing in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
import responses

from tests.sandbox_http import mount_sandbox
from wcflow.errors import StoreError
from wcflow.rules.clocks import ClockGap
from wcflow.sandbox.auth import ADMIN, MANAGER, READER
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.rest import Request, Response
from wcflow.sandbox.store import SandboxStore
from wcflow.store.client import Store
from wcflow.store.probe import Finding, probe
from wcflow.store.store_info import (
    KeyPermissions,
    StoreInfo,
    fetch_permissions,
    fetch_store_info,
    parse_site_zone,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://shop.example"
DATE = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}
FACTS = StoreInfo(
    title="Shop",
    url=URL,
    uid="7b1c5f0e-2a64-4c39-9d6e-0f1a2b3c4d5e",
    zone=ZoneInfo("Europe/Berlin"),
    currency="USD",
    wc_version="10.2.4",
    wp_version="6.8.8",
    hpos=True,
    server_now=NOW,
    decimals=2,
)


@pytest.fixture
def sandbox() -> SandboxStore:
    sandbox = SandboxStore(store_id=FACTS.uid)
    sandbox.add_product("Kite", now=NOW)
    sandbox.register("ann@example.com", now=NOW, meta={"birthday": "1980-01-31", "optin": "yes"})
    sandbox.place_order(now=NOW, email="ann@example.com")
    return sandbox


def open_client(key: Any = ADMIN, url: str = URL) -> Store:
    options = {"sleep": lambda _seconds: None, "jitter": lambda: 0.0}
    return Store("main", url, key.consumer_key, key.consumer_secret, **options)


def probed(
    sandbox: Any, key: Any = ADMIN, *, now: datetime = NOW, **fields: Any
) -> dict[str, Finding]:
    with mount_sandbox(sandbox, lambda: NOW):
        _facts, findings = probe(open_client(key), now=now, **fields)
    return {each.name: each for each in findings}


def levels(found: dict[str, Finding]) -> dict[str, str]:
    return {name: each.level for name, each in found.items() if each.level != "ok"}


class TestStoreInfo:
    @pytest.mark.parametrize(
        ("key", "rights"),
        [
            (ADMIN, KeyPermissions(reads_meta=True, can_write=True, can_batch=True)),
            (READER, KeyPermissions(reads_meta=True, can_write=False, can_batch=False)),
            (MANAGER, KeyPermissions(reads_meta=False, can_write=True, can_batch=False)),
        ],
        ids=["administrator", "reader", "shop manager"],
    )
    def test_loading_changes_nothing(
        self, sandbox: SandboxStore, key: Any, rights: KeyPermissions
    ) -> None:
        before = (sandbox.customer(1), sandbox.order_ids(), sandbox.coupon_codes())
        with mount_sandbox(sandbox, lambda: NOW) as http:
            assert FACTS == fetch_store_info(open_client(key))
            assert rights == fetch_permissions(open_client(key), write=True)
        assert [("POST", {})] == [(call.method, call.json) for call in http.writes]
        assert before == (sandbox.customer(1), sandbox.order_ids(), sandbox.coupon_codes())

    def test_loading_what_the_store_is_takes_two_reads(self, sandbox: SandboxStore) -> None:
        with mount_sandbox(sandbox, lambda: NOW) as http:
            fetch_store_info(open_client())
        assert ["GET", "GET"] == [call.method for call in http.calls]

    def test_nothing_is_sent_to_learn_whether_a_key_can_write_if_nothing_is_to_be_written(
        self, sandbox: SandboxStore
    ) -> None:
        with mount_sandbox(sandbox, lambda: NOW) as http:
            found = fetch_permissions(open_client(READER), write=False)
        assert (KeyPermissions(reads_meta=True, can_write=None, can_batch=None), []) == (
            found,
            list(http.writes),
        )

    def test_an_empty_store_has_the_same_info(self) -> None:
        with mount_sandbox(SandboxStore(store_id=FACTS.uid), lambda: NOW):
            assert FACTS == fetch_store_info(open_client())

    def test_a_key_that_cannot_read_the_status_can_read_the_currency(
        self, sandbox: SandboxStore
    ) -> None:
        faults = Faults(sandbox)
        for path in ("system_status", "settings/general/*"):
            faults.fail_with(status=403, only=f"GET /wc/v3/{path}", times=None)
        with mount_sandbox(faults, lambda: NOW):
            known = fetch_store_info(open_client())
        missing = {"uid": "", "wc_version": "", "wp_version": "", "hpos": None, "decimals": None}
        assert replace(FACTS, **missing) == known

    def test_a_wrong_key_is_an_error(self, sandbox: SandboxStore) -> None:
        with (
            mount_sandbox(sandbox, lambda: NOW),
            pytest.raises(StoreError, match="consumer secret is wrong"),
        ):
            fetch_store_info(Store("main", URL, ADMIN.consumer_key, "cs_wrong"))

    @pytest.mark.parametrize(
        ("name", "offset", "zone"),
        [
            ("America/New_York", -5, ZoneInfo("America/New_York")),
            ("", 5.5, timezone(timedelta(hours=5, minutes=30))),
            ("", "-3.5", timezone(timedelta(hours=-3, minutes=-30))),
            ("Mars/Olympus", 1, timezone(timedelta(hours=1))),
            ("../etc/passwd", 0, UTC),
            (None, None, UTC),
            ("", "x", UTC),
            ("", 99, UTC),
        ],
    )
    def test_the_time_zone_is_read_by_name_or_offset(
        self, name: Any, offset: Any, zone: Any
    ) -> None:
        assert zone == parse_site_zone(name, offset)


class TestFindings:
    def test_a_healthy_store_has_only_good_findings(self, sandbox: SandboxStore) -> None:
        found = probed(sandbox, birthday_meta="birthday", consent_meta=("optin",))
        names = ["address", "clock", "key", "role", "version", "storage", "time zone", "currency"]
        names += ["coupons", "change detection", "products", "consent_meta", "birthday_meta"]
        assert (names, {}) == (list(found), levels(found))
        assert "consent_meta: 1 of the last 1 customers have optin" == found["consent_meta"].message

    def test_a_probe_changes_nothing(self, sandbox: SandboxStore) -> None:
        with mount_sandbox(sandbox, lambda: NOW) as http:
            probe(open_client(), now=NOW, birthday_meta="birthday")
        assert [("POST", "/wc/v3/customers/batch", {})] == [
            (call.method, call.path, call.json) for call in http.writes
        ]

    @pytest.mark.parametrize(
        ("key", "name", "level", "message", "advice"),
        [
            (
                READER,
                "key",
                "problem",
                "the key is read-only: every write will fail",
                (
                    "Give the key Read/Write permission (WooCommerce, Settings, Advanced, REST"
                    " API), or set write = no to let wcflow only read."
                ),
            ),
            (
                MANAGER,
                "role",
                "warning",
                (
                    "the key's user is not an administrator: wcflow cannot read customer meta"
                    " (consent, birthday, tags set by hand), so it writes tags only to orders, not"
                    " to customers"
                ),
                "Create a key for a user who is an administrator.",
            ),
        ],
        ids=["reader", "shop manager"],
    )
    def test_missing_permissions_are_reported(
        self, sandbox: SandboxStore, key: Any, name: str, level: Any, message: str, advice: str
    ) -> None:
        found = probed(sandbox, key)
        assert (Finding(name, level, message, advice), {name: level}) == (
            found[name],
            levels(found),
        )

    def test_a_meta_field_that_the_key_cannot_read_is_a_problem(
        self, sandbox: SandboxStore
    ) -> None:
        assert (
            probed(sandbox, MANAGER, birthday_meta="birthday")["birthday_meta"].level == "problem"
        )

    def test_a_meta_field_without_values_is_a_warning_that_lists_the_existing_ones(
        self, sandbox: SandboxStore
    ) -> None:
        expected = Finding(
            "consent_meta",
            "warning",
            "consent_meta: none of the last 1 customers has newsletter",
            "Customers have these meta keys: birthday, optin.",
        )
        assert expected == probed(sandbox, consent_meta=("newsletter",))["consent_meta"]

    def test_unreadable_birthdays_are_counted_and_shown_by_shape(self) -> None:
        sandbox = SandboxStore()
        values = ["1980-01-31", "25.12.90", "01.02.91", "31.03.92", "x 1", "y 2", "", "Anna"]
        for number, value in enumerate(values):
            sandbox.register(f"{number}@example.com", now=NOW, meta={"born": value})

        assert probed(sandbox, birthday_meta="born")["birthday_meta"] == Finding(
            "birthday_meta",
            "warning",
            "6 of the latest 7 birthdays (born) cannot be read: 99.99.99, x 9, xxxx",
            "Keep birthdays as 1990-12-31 or 31.12.1990. Years need four digits.",
        )

    def test_birthdays_with_two_meanings_need_the_format(self) -> None:
        sandbox = SandboxStore()
        sandbox.register("a@example.com", now=NOW, meta={"born": "03/04/1990"})

        found = probed(sandbox, birthday_meta="born")["birthday_meta"]
        assert (
            "Set birthday_format to dmy (the day first) or mdy (the month first)." == found.advice
        )
        with_format = probed(sandbox, birthday_meta="born", birthday_format="dmy")
        assert "ok" == with_format["birthday_meta"].level

    def test_orders_in_the_posts_table_are_a_warning(self) -> None:
        sandbox = SandboxStore(hpos=False)
        sandbox.place_order(now=NOW)
        assert {"storage": "warning", "products": "warning"} == levels(probed(sandbox))

    def test_an_empty_store_has_warnings_for_checks_that_need_data(self) -> None:
        assert {"change detection": "warning", "products": "warning"} == levels(
            probed(SandboxStore())
        )

    def test_a_read_only_key_is_right_for_a_store_that_is_only_read(
        self, sandbox: SandboxStore
    ) -> None:
        assert {} == levels(probed(sandbox, READER, write=False))

    @pytest.mark.parametrize(("creates_coupons", "level"), [(True, "problem"), (False, "ok")])
    def test_disabled_coupons_are_a_problem_if_rules_create_coupons(
        self, creates_coupons: bool, level: str
    ) -> None:
        sandbox = SandboxStore(coupons_enabled=False)
        assert level == probed(sandbox, creates_coupons=creates_coupons)["coupons"].level

    def test_an_old_woocommerce_is_a_problem(self) -> None:
        found = probed(SandboxStore(version="5.7.1"))["version"]
        assert ("problem", "Update WooCommerce to 5.8 or later.") == (found.level, found.advice)

    @pytest.mark.parametrize(
        ("seconds", "level", "message"),
        [
            (0, "ok", "the clocks agree within 1 s"),
            (59, "ok", "the clocks agree within 59 s"),
            (-300, "warning", "the store's clock is 300 s ahead of that of this machine"),
            (300, "warning", "the store's clock is 300 s behind that of this machine"),
            (301, "problem", str(ClockGap(NOW + timedelta(seconds=301), NOW))),
        ],
    )
    def test_a_clock_difference_of_minutes_is_a_warning(
        self, sandbox: SandboxStore, seconds: int, level: str, message: str
    ) -> None:
        found = probed(sandbox, now=NOW + timedelta(seconds=seconds))["clock"]
        assert (level, message) == (found.level, found.message)

    def test_a_fixed_offset_is_a_warning(self, sandbox: SandboxStore) -> None:
        found = probed(Plugin(sandbox, replaces=("Europe/Berlin", "")))["time zone"]
        message = "the store's time zone is the fixed offset UTC+01:00, without summer time"
        assert ("warning", message) == (found.level, found.message)

    def test_a_cache_in_front_of_the_api_is_found(self, sandbox: SandboxStore) -> None:
        found = probed(Plugin(sandbox, headers={"Age": "300"}))
        assert found["cache"].level == "problem"

    def test_a_store_with_more_decimals_is_reported(self, sandbox: SandboxStore) -> None:
        found = probed(
            Plugin(sandbox, replaces=('"number_of_decimals": 2', '"number_of_decimals": 4'))
        )
        assert (
            "the store uses 4 decimals for USD, wcflow 2",
            "Set the number of decimals to 2 in the store.",
        ) == (found["currency"].message, found["currency"].advice)

    def test_maintenance_is_not_mistaken_for_a_wrong_address(self, sandbox: SandboxStore) -> None:
        faults = Faults(sandbox)
        faults.enter_maintenance(times=None)
        found = probed(faults)["address"]
        advice = "Wait until the maintenance is over."
        assert ("problem", True, advice) == (found.level, found.later, found.advice)
        assert found.message.startswith("the store is in maintenance mode (GET /wp-json/: HTTP 503")

    @pytest.mark.parametrize(
        "answer",
        [
            {"status": 302, "headers": {"Location": f"{URL}/wp-json/soon", **DATE}},
            {"body": "<title>Back soon</title>", "content_type": "text/html", "headers": DATE},
            {"status": 404, "body": "", "headers": DATE},
        ],
        ids=["redirect", "page", "nothing"],
    )
    def test_maintenance_by_a_plugin_is_recognized_by_the_home_page(self, answer: Any) -> None:
        with responses.RequestsMock() as web:
            web.add("GET", f"{URL}/wp-json/", **answer)
            web.add("GET", f"{URL}/", status=503, headers=DATE)
            _info, (found,) = probe(open_client(), now=NOW)
        assert (True, "Wait until the maintenance is over.") == (found.later, found.advice)
        assert found.message.startswith("the store is in maintenance mode")

    def test_hundreds_of_orders_in_one_second_are_no_alarm(self, sandbox: SandboxStore) -> None:
        """As after an import; the newest order is not on the first page of that second."""
        for _ in range(150):
            sandbox.place_order(now=NOW, email="ann@example.com")
        assert {} == levels(probed(sandbox))

    def test_an_error_in_one_check_is_reported_as_its_finding(self, sandbox: SandboxStore) -> None:
        faults = Faults(sandbox)
        faults.fail_with(only="GET /wc/v3/products", times=None)
        found = probed(faults)
        assert {"products": "problem"} == levels(found)
        assert found["products"].advice == "Check the store's PHP error log."


class TestBounds:
    """The search by time must be exclusive, or polls would miss changes."""

    def test_a_search_that_ignores_its_bound_is_found(self, sandbox: SandboxStore) -> None:
        found = probed(Plugin(sandbox, drops="modified_after"))["change detection"]
        assert (
            "problem",
            "the search by time ignores its bound: every poll would read all orders",
        ) == (
            found.level,
            found.message,
        )

    def test_a_search_that_misses_the_newest_change_is_found(self, sandbox: SandboxStore) -> None:
        """For example if the bound is compared with local time, which skips an hour."""
        found = probed(Plugin(sandbox, shifts=timedelta(hours=1)))["change detection"]
        assert ("problem", "the search by time does not find the newest change") == (
            found.level,
            found.message,
        )

    def test_a_change_during_the_check_is_no_problem(self, sandbox: SandboxStore) -> None:
        faults = Faults(sandbox)
        later = NOW + timedelta(seconds=5)
        faults.before_answer(
            lambda store, _now: store.complete(store.order_ids()[0], now=later),
            only="GET /wc/v3/orders",
            after=1,
        )
        assert probed(faults)["change detection"].level == "ok"

    def test_constant_changes_are_a_warning(self, sandbox: SandboxStore) -> None:
        faults, minutes = Faults(sandbox), iter(range(1, 99))

        def edit(store: SandboxStore, _now: datetime) -> None:
            later = NOW + timedelta(minutes=next(minutes))
            store.edit_order_meta(store.order_ids()[0], "x", "y", now=later)

        faults.before_answer(edit, only="GET /wc/v3/orders", times=None)
        assert probed(faults)["change detection"].level == "warning"


class TestAddress:
    """The home page names the API, and the advice contains the correct url."""

    HOME = f"{URL}/"

    def finding(self, *pages: dict[str, Any], index: dict[str, Any] | None = None) -> Finding:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
            missing = {"status": 404, "body": "<html><title>Not Found</title>", "headers": DATE}
            web.add("GET", f"{URL}/wp-json/", **(index or missing))
            for page in pages:
                web.add("GET", **({"url": self.HOME, "headers": DATE} | page))
            known, findings = probe(open_client(), now=NOW)
        assert known is None
        (finding,) = findings
        assert ("address", "problem") == (finding.name, finding.level)
        return finding

    def test_the_advice_for_a_store_under_a_path_has_the_path(self) -> None:
        link = f'<{URL}/shop/wp-json/>; rel="https://api.w.org/"'
        found = self.finding({"headers": {**DATE, "Link": link}})
        assert "Set url to https://shop.example/shop." == found.advice
        assert found.message.endswith(
            "the store's API is at https://shop.example/shop, not at https://shop.example"
        )

    def test_the_advice_for_a_redirect_has_the_new_host(self) -> None:
        """The index and the home page are redirected to another host."""
        www = "https://www.shop.example/"
        link = f'<{www}wp-json/>; rel="https://api.w.org/"'
        found = self.finding(
            {"status": 301, "headers": {**DATE, "Location": www}},
            {"url": www, "headers": {**DATE, "Link": link}},
            index={"status": 301, "headers": {**DATE, "Location": f"{www}wp-json/"}},
        )
        assert "Set url to https://www.shop.example." == found.advice

    def test_plain_permalinks_are_recognized(self) -> None:
        link = f'<{URL}/?rest_route=/>; rel="https://api.w.org/"'
        found = self.finding({"headers": {**DATE, "Link": link}})
        assert "Choose Post name under Settings, Permalinks in WordPress." == found.advice

    def test_a_blocked_api_is_recognized(self) -> None:
        link = f'<{URL}/wp-json/>; rel="https://api.w.org/"'
        found = self.finding({"headers": {**DATE, "Link": link}})
        assert "Look for a security plugin that blocks the REST API (/wp-json)." == found.advice

    def test_a_site_without_wordpress_is_recognized(self) -> None:
        found = self.finding({"body": "<html>Hello"})
        assert found.message.endswith("; the page at https://shop.example names no WordPress API")

    def test_a_redirect_loop_counts_as_no_wordpress(self) -> None:
        found = self.finding({"status": 302, "headers": {**DATE, "Location": "/"}})
        assert "names no WordPress API" in found.message

    def test_a_redirect_to_an_invalid_address_counts_as_no_wordpress(self) -> None:
        found = self.finding({"status": 302, "headers": {**DATE, "Location": "http://[x"}})
        assert "names no WordPress API" in found.message

    def test_an_unreachable_home_page_is_reported(self) -> None:
        found = self.finding({"body": requests.exceptions.ConnectTimeout()})
        assert found.message.endswith(
            "could not connect to shop.example within 10 s (GET https://shop.example/)"
        )

    def test_wordpress_without_woocommerce_is_recognized(self) -> None:
        body = {"name": "Blog", "namespaces": ["wp/v2"]}
        found = self.finding(index={"json": body, "headers": DATE})
        assert "Activate WooCommerce, or correct url." == found.advice

    def test_an_unreachable_index_ends_the_probe(self) -> None:
        found = self.finding(index={"body": requests.exceptions.ConnectTimeout()})
        assert "could not connect to shop.example within 10 s (GET /wp-json/)" == found.message

    def test_http_is_a_warning(self) -> None:
        found = []
        for home in ("http://shop.example", "https://shop.example"):
            with responses.RequestsMock() as web:
                body = {"name": "Shop", "home": home, "namespaces": ["wc/v3"]}
                web.add("GET", "http://shop.example/wp-json/", json=body, headers=DATE)
                status = "http://shop.example/wp-json/wc/v3/system_status"
                web.add("GET", status, status=401, json={})
                _known, findings = probe(open_client(url="http://shop.example"), now=NOW)
            found.append(findings[0])
        assert [
            "Install a certificate in the store, and let url begin with https://.",
            "Set url to https://shop.example.",
        ] == [each.advice for each in found]

    def test_a_rejected_key_ends_the_probe(self, sandbox: SandboxStore) -> None:
        with mount_sandbox(sandbox, lambda: NOW):
            known, findings = probe(Store("main", URL, "ck_no", "cs_no"), now=NOW)
        assert (None, ["address", "clock", "key"]) == (known, [each.name for each in findings])
        assert findings[2].message.startswith(
            "the store rejected the API key (GET /system_status: HTTP 401"
        )


class Plugin:
    """A store with a plugin that changes requests and responses."""

    def __init__(
        self,
        sandbox: SandboxStore,
        *,
        drops: str = "",
        shifts: timedelta | None = None,
        headers: dict[str, str] | None = None,
        replaces: tuple[str, str] = ("", ""),
    ) -> None:
        self.sandbox, self.drops, self.shifts = sandbox, drops, shifts
        self.headers, self.replaces = headers or {}, replaces

    def answer(self, request: Request, now: datetime) -> Response:
        response = self.sandbox.answer(replace(request, params=self._params(request)), now)
        body = response.body.replace(*self.replaces) if self.replaces[0] else response.body
        return replace(response, headers={**response.headers, **self.headers}, body=body)

    def _params(self, request: Request) -> dict[str, Any]:
        params = {key: value for key, value in request.params.items() if key != self.drops}
        if self.shifts and "modified_after" in params:
            moved = datetime.fromisoformat(params["modified_after"]) + self.shifts
            params["modified_after"] = moved.isoformat()
        return params
