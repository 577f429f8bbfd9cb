"""Access by `requests` returns the store's responses, and faults as a client sees them."""

from datetime import UTC, datetime

import pytest
import requests

from tests.sandbox_http import mount_sandbox
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore

NOW = datetime(2026, 11, 22, 19, 20, 8, tzinfo=UTC)
BASIC = (ADMIN.consumer_key, ADMIN.consumer_secret)
ORDERS = "https://shop.example/wp-json/wc/v3/orders"


@pytest.fixture
def sandbox() -> SandboxStore:
    sandbox = SandboxStore()
    sandbox.place_order(now=NOW)
    return sandbox


def clock() -> datetime:
    return NOW


def test_a_request_is_answered_by_the_store(sandbox: SandboxStore):
    with mount_sandbox(sandbox, clock) as http:
        answer = requests.get(ORDERS, auth=BASIC, params={"per_page": 1}, timeout=1)

    assert [sandbox.order(1)] == answer.json()
    assert ("1", "Sun, 22 Nov 2026 19:20:08 GMT") == (
        answer.headers["X-WP-Total"],
        answer.headers["Date"],
    )
    assert [("GET", "/wc/v3/orders", {"per_page": "1"}, 200)] == [
        (call.method, call.path, call.params, call.status) for call in http.calls
    ]


def test_writes_are_recorded_separately(sandbox: SandboxStore):
    with mount_sandbox(sandbox, clock) as http:
        requests.get(ORDERS, auth=BASIC, timeout=1)
        requests.put(f"{ORDERS}/1", auth=BASIC, json={"status": "completed"}, timeout=1)

    assert [{"status": "completed"}] == [call.json for call in http.writes]


def test_a_time_out_is_a_read_timeout_of_requests(sandbox: SandboxStore):
    faults = Faults(sandbox)
    faults.time_out(effect=True)

    with mount_sandbox(faults, clock) as http, pytest.raises(requests.exceptions.ReadTimeout):
        requests.put(f"{ORDERS}/1", auth=BASIC, json={"status": "completed"}, timeout=1)

    assert ("completed", [0]) == (sandbox.order(1)["status"], [call.status for call in http.calls])


def test_a_refused_connection_is_a_connection_error_of_requests(sandbox: SandboxStore):
    faults = Faults(sandbox)
    faults.refuse_connections()

    with mount_sandbox(faults, clock), pytest.raises(requests.exceptions.ConnectionError):
        requests.get(ORDERS, auth=BASIC, timeout=1)


@pytest.mark.parametrize("timeout", [1, (9, 1)])
def test_a_response_slower_than_the_clients_timeout_is_a_time_out(sandbox: SandboxStore, timeout):
    faults = Faults(sandbox)
    faults.delay_response(2)

    with mount_sandbox(faults, clock), pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(ORDERS, auth=BASIC, timeout=timeout)


def test_no_other_host_is_reached(sandbox: SandboxStore):
    with mount_sandbox(sandbox, clock), pytest.raises(requests.exceptions.ConnectionError):
        requests.get("https://shop.example.org/", timeout=1)


def test_a_request_over_http_needs_a_signature(sandbox: SandboxStore):
    with mount_sandbox(sandbox, clock, url="http://shop.example"):
        answer = requests.get(ORDERS.replace("https", "http"), auth=BASIC, timeout=1)

    assert 401 == answer.status_code
