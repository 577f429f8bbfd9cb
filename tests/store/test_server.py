"""The HTTP server gives the store's responses to many clients, and closes cleanly."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from woocommerce import API

from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.rest import Request, Response, text_response
from wcflow.sandbox.server import Server, serve
from wcflow.sandbox.store import SandboxStore

NOW = datetime(2026, 11, 22, 19, 20, 8, tzinfo=UTC)
BASIC = (ADMIN.consumer_key, ADMIN.consumer_secret)


@pytest.fixture
def sandbox() -> SandboxStore:
    sandbox = SandboxStore()
    sandbox.register("ana@example.com", now=NOW, first_name="Łukasz")
    sandbox.place_order(now=NOW, customer=1, status="pending")
    return sandbox


@pytest.fixture
def faults(sandbox: SandboxStore) -> Faults:
    return Faults(sandbox)


@pytest.fixture
def server(sandbox: SandboxStore, faults: Faults) -> Iterator[Server]:
    # OAuth uses the real time of the client.
    with serve(sandbox, faults) as server:
        yield server


@pytest.fixture
def web() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def client(server: Server) -> API:
    return API(server.url, *BASIC, timeout=5)


def test_the_server_listens_on_loopback_only(server: Server):
    assert server.url.startswith("http://127.0.0.1:")


def test_the_server_gives_the_stores_response(sandbox: SandboxStore, server: Server):
    answer = client(server).get("orders/1")

    assert sandbox.order(1) == answer.json()


def test_the_date_header_has_the_time_of_the_servers_clock(
    sandbox: SandboxStore, web: requests.Session
):
    with serve(sandbox, clock=lambda: NOW) as server:
        answer = web.get(f"{server.url}/wp-json/")

    assert "Sun, 22 Nov 2026 19:20:08 GMT" == answer.headers["Date"]


def test_a_write_changes_the_store(sandbox: SandboxStore, server: Server):
    client(server).post("orders/1/notes", {"note": "→ ok"})

    assert ["→ ok"] == [note["note"] for note in sandbox.notes(1)]


def test_basic_authentication_is_rejected_over_http(server: Server, web: requests.Session):
    answer = web.get(f"{server.url}/wp-json/wc/v3/orders", auth=BASIC)

    assert (401, "woocommerce_rest_cannot_view") == (answer.status_code, answer.json()["code"])


def test_the_home_page_links_to_the_api(server: Server, web: requests.Session):
    answer = web.get(server.url)
    index = web.get(answer.links["https://api.w.org/"]["url"]).json()

    assert index == web.get(f"{server.url}/wp-json").json()
    assert "text/html; charset=UTF-8" == answer.headers["Content-Type"]
    assert server.url == index["url"]


def test_a_connection_stays_open_between_requests(server: Server, web: requests.Session):
    for _ in range(3):
        web.get(f"{server.url}/wp-json/")

    assert (1, 3) == (server.connections, len(server.calls))


def test_calls_are_recorded(server: Server):
    client(server).get("orders", params={"per_page": 1, "_fields": "id"})
    client(server).put("orders/1", {"customer_note": "x"})

    recorded = [(call.method, call.path, call.status, call.writes) for call in server.calls]
    assert [
        ("GET", "/wc/v3/orders", 200, False),
        ("PUT", "/wc/v3/orders/1", 200, True),
    ] == recorded
    assert {"per_page": "1", "_fields": "id"} == server.calls[0].params
    assert {"customer_note": "x"} == server.calls[1].json


def test_requests_of_many_threads_are_each_handled_once(sandbox: SandboxStore, server: Server):
    def add_note(number: int) -> int:
        return client(server).post("orders/1/notes", {"note": str(number)}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(add_note, range(40)))

    assert [201] * 40 == statuses
    assert {str(number) for number in range(40)} == {note["note"] for note in sandbox.notes(1)}


def test_a_request_can_time_out_after_its_effect(
    sandbox: SandboxStore, faults: Faults, server: Server
):
    """The server sends nothing until the client disconnects."""
    faults.time_out(effect=True)
    impatient = API(server.url, *BASIC, timeout=0.2)

    with pytest.raises(requests.exceptions.ReadTimeout):
        impatient.post("orders/1/notes", {"note": "x"})

    assert ["x"] == [note["note"] for note in sandbox.notes(1)]
    assert [0] == [call.status for call in server.calls]


def test_a_refused_connection_is_a_connection_error(faults: Faults, server: Server):
    faults.refuse_connections()

    with pytest.raises(requests.exceptions.ConnectionError):
        client(server).get("orders")


def test_a_slow_response_is_sent_after_its_delay(faults: Faults, server: Server):
    faults.delay_response(0.1)
    started = time.monotonic()

    answer = client(server).get("orders")

    assert 200 == answer.status_code
    assert time.monotonic() - started >= 0.1


def test_a_slow_response_does_not_delay_other_clients(
    faults: Faults, server: Server, web: requests.Session
):
    faults.delay_response(0.5, only="GET /wc/v3/orders")

    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(client(server).get, "orders")
        while not server.calls:
            time.sleep(0.01)
        answer = web.get(f"{server.url}/wp-json/")
        was_waiting = not slow.done()

    assert (answer.status_code, was_waiting, slow.result().status_code) == (200, True, 200)


def test_closing_does_not_wait_for_clients(sandbox: SandboxStore):
    """Idle connections, timeouts and slow responses do not delay closing."""
    faults = Faults(sandbox)
    faults.time_out(only="GET /wc/v3/orders")
    faults.delay_response(30, only="GET /wc/v3/coupons")
    before = set(threading.enumerate())
    started = time.monotonic()

    with serve(sandbox, faults) as server, ThreadPoolExecutor(2) as clients:
        idle = socket.create_connection(server.server_address[:2])
        responses = [clients.submit(client(server).get, path) for path in ("orders", "coupons")]
        while len(server.calls) < 2:
            time.sleep(0.01)
        server.close()

    idle.close()
    assert [_connection_closed(response) for response in responses] == [True, True]
    assert time.monotonic() - started < 10
    assert set(threading.enumerate()) == before


def _connection_closed(response: Future[requests.Response]) -> bool:
    return isinstance(response.exception(), requests.exceptions.ConnectionError)


class ConcurrencyCounter:
    """A store that records how many requests run at the same time."""

    def __init__(self) -> None:
        self.running = 0
        self.max_running = 0

    def answer(self, _request: Request, now: datetime) -> Response:
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        time.sleep(0.01)
        self.running -= 1
        return text_response("{}", now)


def test_the_store_handles_one_request_at_a_time():
    sandbox = ConcurrencyCounter()

    with serve(sandbox) as server, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: requests.get(server.url, timeout=5), range(8)))

    assert sandbox.max_running == 1


def test_the_store_can_change_while_it_is_served(sandbox: SandboxStore, server: Server):
    with server.lock:
        sandbox.pay(1, now=NOW)

    assert "processing" == client(server).get("orders/1").json()["status"]


def test_invalid_http_is_answered_with_400(server: Server):
    with socket.create_connection(server.server_address[:2], timeout=5) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        received = connection.recv(1024)

    assert b"400" in received.split(b"\r\n")[0]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a certificate for 127.0.0.1 with openssl."""
    path = tmp_path_factory.mktemp("tls") / "store.pem"
    openssl = shutil.which("openssl")
    assert openssl, "openssl is needed to create a certificate"
    command = [
        *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(path), "-out", f"{path}.crt"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def test_basic_authentication_is_accepted_over_https(sandbox: SandboxStore, certificate: Path):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    with serve(sandbox, clock=lambda: NOW, tls=tls) as server:
        answer = requests.get(
            f"{server.url}/wp-json/wc/v3/orders/1",
            auth=BASIC,
            verify=f"{certificate}.crt",
            timeout=5,
        )

    assert server.url.startswith("https://")
    assert sandbox.order(1) == answer.json()
