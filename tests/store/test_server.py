"""The HTTP server answers as the store does, to many clients at once, and closes cleanly."""

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


def test_it_listens_on_loopback_alone(server: Server):
    assert server.url.startswith("http://127.0.0.1:")


def test_it_answers_as_the_shop_does(sandbox: SandboxStore, server: Server):
    answer = client(server).get("orders/1")

    assert sandbox.order(1) == answer.json()


def test_it_tells_the_time_of_its_clock(sandbox: SandboxStore, web: requests.Session):
    with serve(sandbox, clock=lambda: NOW) as server:
        answer = web.get(f"{server.url}/wp-json/")

    assert "Sun, 22 Nov 2026 19:20:08 GMT" == answer.headers["Date"]


def test_what_is_written_is_there(sandbox: SandboxStore, server: Server):
    client(server).post("orders/1/notes", {"note": "→ ok"})

    assert ["→ ok"] == [note["note"] for note in sandbox.notes(1)]


def test_basic_is_not_taken_over_http(server: Server, web: requests.Session):
    answer = web.get(f"{server.url}/wp-json/wc/v3/orders", auth=BASIC)

    assert (401, "woocommerce_rest_cannot_view") == (answer.status_code, answer.json()["code"])


def test_the_home_page_tells_where_the_api_is(server: Server, web: requests.Session):
    answer = web.get(server.url)
    index = web.get(answer.links["https://api.w.org/"]["url"]).json()

    assert index == web.get(f"{server.url}/wp-json").json()
    assert "text/html; charset=UTF-8" == answer.headers["Content-Type"]
    assert server.url == index["url"]


def test_a_connection_is_kept(server: Server, web: requests.Session):
    """Connections are kept open between requests."""
    for _ in range(3):
        web.get(f"{server.url}/wp-json/")

    assert (1, 3) == (server.connections, len(server.calls))


def test_calls_are_recorded(server: Server):
    client(server).get("orders", params={"per_page": 1, "_fields": "id"})
    client(server).put("orders/1", {"customer_note": "x"})

    seen = [(call.method, call.path, call.status, call.writes) for call in server.calls]
    assert [
        ("GET", "/wc/v3/orders", 200, False),
        ("PUT", "/wc/v3/orders/1", 200, True),
    ] == seen
    assert {"per_page": "1", "_fields": "id"} == server.calls[0].params
    assert {"customer_note": "x"} == server.calls[1].json


def test_many_at_once_lose_nothing(sandbox: SandboxStore, server: Server):
    """Requests of many threads are answered one at a time, each once."""

    def visit(number: int) -> int:
        return client(server).post("orders/1/notes", {"note": str(number)}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(visit, range(40)))

    assert [201] * 40 == statuses
    assert {str(number) for number in range(40)} == {note["note"] for note in sandbox.notes(1)}


def test_a_time_out_is_the_clients(sandbox: SandboxStore, faults: Faults, server: Server):
    """The server sends nothing until the client disconnects, but carries out the request."""
    faults.time_out(effect=True)
    hasty = API(server.url, *BASIC, timeout=0.2)

    with pytest.raises(requests.exceptions.ReadTimeout):
        hasty.post("orders/1/notes", {"note": "x"})

    assert ["x"] == [note["note"] for note in sandbox.notes(1)]
    assert [0] == [call.status for call in server.calls]


def test_a_refused_connection_is_an_error_of_connection(faults: Faults, server: Server):
    faults.refuse_connections()

    with pytest.raises(requests.exceptions.ConnectionError):
        client(server).get("orders")


def test_a_slow_answer_comes_after_its_time(faults: Faults, server: Server):
    faults.delay_response(0.1)
    begun = time.monotonic()

    answer = client(server).get("orders")

    assert 200 == answer.status_code
    assert time.monotonic() - begun >= 0.1


def test_a_slow_answer_holds_up_nobody_else(faults: Faults, server: Server, web: requests.Session):
    faults.delay_response(0.5, only="GET /wc/v3/orders")

    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(client(server).get, "orders")
        while not server.calls:
            time.sleep(0.01)
        answer = web.get(f"{server.url}/wp-json/")
        was_waiting = not slow.done()

    assert (answer.status_code, was_waiting, slow.result().status_code) == (200, True, 200)


def test_closing_time_waits_for_no_guest(sandbox: SandboxStore):
    """Idle connections, timeouts and slow responses do not delay closing."""
    faults = Faults(sandbox)
    faults.time_out(only="GET /wc/v3/orders")
    faults.delay_response(30, only="GET /wc/v3/coupons")
    before = set(threading.enumerate())
    begun = time.monotonic()

    with serve(sandbox, faults) as server, ThreadPoolExecutor(2) as guests:
        idle = socket.create_connection(server.server_address[:2])
        visits = [guests.submit(client(server).get, path) for path in ("orders", "coupons")]
        while len(server.calls) < 2:
            time.sleep(0.01)
        server.close()

    idle.close()
    assert [_connection_closed(visit) for visit in visits] == [True, True]
    assert time.monotonic() - begun < 10
    assert set(threading.enumerate()) == before


def _connection_closed(visit: Future[requests.Response]) -> bool:
    return isinstance(visit.exception(), requests.exceptions.ConnectionError)


class OneAtATime:
    """A store that notices concurrent requests."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0

    def answer(self, _request: Request, now: datetime) -> Response:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.01)
        self.inside -= 1
        return text_response("{}", now)


def test_the_shop_is_entered_one_at_a_time():
    """The server's lock protects the store."""
    sandbox = OneAtATime()

    with serve(sandbox) as server, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: requests.get(server.url, timeout=5), range(8)))

    assert sandbox.most == 1


def test_someone_acts_while_it_serves(sandbox: SandboxStore, server: Server):
    with server.lock:
        sandbox.pay(1, now=NOW)

    assert "processing" == client(server).get("orders/1").json()["status"]


def test_nonsense_is_answered(server: Server):
    """Invalid HTTP gets a response, not a traceback."""
    with socket.create_connection(server.server_address[:2], timeout=5) as guest:
        guest.sendall(b"NONSENSE\r\n\r\n")
        told = guest.recv(1024)

    assert b"400" in told.split(b"\r\n")[0]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1 with openssl."""
    made = tmp_path_factory.mktemp("tls") / "shop.pem"
    openssl = shutil.which("openssl")
    assert openssl, "openssl is needed to make a certificate"
    command = [
        *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(made), "-out", f"{made}.crt"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    made.write_text(made.read_text() + Path(f"{made}.crt").read_text())
    return made


def test_over_https_basic_is_taken(sandbox: SandboxStore, certificate: Path):
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
