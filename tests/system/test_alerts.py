"""The daemon tells an admin what is wrong, once a day, and when it is over."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.daemon_host import SHORT_RETRY_DELAYS, daemon_host, utcnow, wait_until
from tests.mail_host import free_port, mail_host
from wcflow.database import outcomes
from wcflow.database.connection import open_database
from wcflow.database.outbox import load_entries

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time
SHORT = f"""{SHORT_RETRY_DELAYS}
from wcflow.daemon import alerts, schedule
schedule._MAX_RETRY_AFTER = timedelta(seconds=0.5)
alerts.EVERY, alerts.RETRY_AFTER, alerts.PING_EVERY = 0.1, 0.3, 0.3
alerts.STALLED_AFTER, alerts.STALLED_POLLS = timedelta(seconds=2), 1
"""
ALERTS = "\n[alerts]\nemail = me@shop.example\nsmtp_url = smtp://127.0.0.1:{port}\n{more}\n"
RULES = "[workflow thanks]\ntrigger = order_paid\ndo = add_note Thanks\n"


@pytest.fixture
def host(tmp_path):
    with daemon_host(tmp_path) as built:
        yield built


def configure(host, port, more="", rules=RULES):
    host.write(host.store() + rules + ALERTS.format(port=port, more=more))


def retry_failed(host):
    with open_database(host.database) as db, db.transaction() as tx:
        ids = [entry.id for entry in load_entries(tx, "shop", ["failed"])]
        outcomes.retry(tx, ids, utcnow())


def test_a_failed_change_is_told_once_also_after_a_restart_and_so_is_its_end(host):
    with mail_host() as (mail, port):
        configure(host, port)
        host.approve_initial_sync()
        host.faults.fail_with(status=400, only="POST /wc/v3/orders/*/notes")
        daemon = host.start_daemon(prelude=SHORT)
        daemon.notify_socket.wait_for_message("polled just now")
        host.place_order("ben@example.com")
        wait_until(lambda: mail.subjects)
        assert 0 == daemon.stop()[0]
        daemon = host.start_daemon(prelude=SHORT)
        daemon.wait_for_log("sync finished", times=3)
        assert ["wcflow: shop: changes failed"] == mail.subjects
        assert "1 change failed." in mail.messages[0].get_content()
        host.faults.recover()
        retry_failed(host)
        wait_until(lambda: len(mail.subjects) == 2)
        assert "wcflow: shop: no failed changes left" == mail.subjects[1]


def test_a_mail_server_that_is_down_delays_no_poll_and_is_logged_once(host):
    port = free_port()
    configure(host, port)
    host.approve_initial_sync()
    host.faults.fail_with(status=400, only="POST /wc/v3/orders/*/notes", times=1)
    daemon = host.start_daemon(prelude=SHORT)
    daemon.notify_socket.wait_for_message("polled just now")
    host.place_order("ben@example.com")
    why = daemon.wait_for_log("alert not sent")["why"]
    passes = len(daemon.log_entries("sync finished"))
    daemon.wait_for_log("sync finished", times=passes + 3)
    assert 1 == len(daemon.log_entries("alert not sent"))
    assert why.startswith(f"no mail through 127.0.0.1, port {port}: ")
    with mail_host(port) as (mail, _):
        wait_until(lambda: mail.subjects)


def test_polls_that_fail_for_long_are_told_and_pinged_while_the_daemon_lives(host):
    with mail_host() as (mail, port), monitor() as (pings, url):
        configure(host, port, f"ping_url = {url}\non = stalled")
        host.approve_initial_sync()
        daemon = host.start_daemon(prelude=SHORT)
        wait_until(lambda: "/check" in [path for path, _ in pings])
        host.faults.enter_maintenance(times=10_000)
        wait_until(lambda: mail.subjects)
        wait_until(lambda: pings[-1][0] == "/check/fail")
        host.faults.recover()
        wait_until(lambda: len(mail.subjects) == 2)
        wait_until(lambda: pings[-1][0] == "/check")
        assert daemon.process.poll() is None
    assert ["the work has stopped", "the work continues"] == [
        subject.removeprefix("wcflow: shop: ") for subject in mail.subjects
    ]
    assert ("/check/start", "wcflow started") == pings[0]
    failed = [body for path, body in pings if path == "/check/fail"]
    assert 1 == len(failed)
    assert "shop: not polled for " in failed[0]
    assert "maintenance" in failed[0]


def test_a_rejected_configuration_is_told_until_a_good_one_is_loaded(host):
    with mail_host() as (mail, port):
        configure(host, port, "on = rejected_config")
        host.approve_initial_sync()
        daemon = host.start_daemon(prelude=SHORT)
        daemon.notify_socket.wait_for_message("polled just now")
        configure(host, port, "on = rejected_config", rules="[workflow x]\n")
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: mail.subjects)
        configure(host, port, "on = rejected_config")
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: len(mail.subjects) == 2)
    assert [
        "wcflow: the configuration file has problems",
        "wcflow: the configuration file has no problems any more",
    ] == mail.subjects
    assert "[workflow x]" in mail.messages[0].get_content()


@contextmanager
def monitor():
    """A monitor as healthchecks.io: what was called, with which text."""
    pings = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            pings.append((self.path, body.decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield pings, f"http://127.0.0.1:{server.server_port}/check"
        finally:
            server.shutdown()
            thread.join()
