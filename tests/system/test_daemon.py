"""The daemon as a real process, with a store over HTTP and systemd's notify socket."""

from __future__ import annotations

import re
import resource
import signal
import sqlite3
import time
from itertools import pairwise

import pytest

from tests.daemon_host import RULES_INI, SHORT_RETRY_DELAYS, STOP_SECONDS, daemon_host, wait_until

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time


@pytest.fixture
def host(tmp_path):
    with daemon_host(tmp_path) as built:
        yield built


@pytest.fixture
def other_host(tmp_path_factory):
    with daemon_host(tmp_path_factory.mktemp("other")) as built:
        yield built


# Start


def test_ready_does_not_wait_for_the_store(host):
    """READY only means that the configuration and the database have no problems."""
    host.faults.delay_response(60, times=None)
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("^READY=1$")

    messages = [message for _, message in daemon.notify_socket.messages]
    assert ["STATUS=shop: not polled yet", "READY=1"] == messages


def test_a_workflow_whose_plugin_is_missing_is_logged_at_the_start(host):
    host.write(
        f"{host.store()}[workflow look]\ntrigger = product_viewed\ndo = add_note Still looking?\n"
    )
    line = host.start_daemon().wait_for_log("workflow never starts")

    assert "[workflow look] never starts" in line["why"]
    assert "Install and activate the wcflow companion plugin" in line["advice"]


def test_the_daemon_works_with_an_abstract_notify_socket(host):
    """Its address begins with @ and is not a file."""
    daemon = host.start_daemon(abstract=True)

    assert "READY=1" == daemon.notify_socket.wait_for_message("^READY=1$")


def test_a_configuration_with_problems_exits_with_78_and_lists_them_all(host):
    host.write("[segment VIP]\nwhen = total_spend > 3\n")
    daemon = host.start_daemon()
    code, log = daemon.wait_for_exit()
    output = "\n".join(line["event"] for line in log)

    assert 78 == code
    assert "total_spent" in output
    assert "[store NAME]" in output
    assert [] == daemon.notify_socket.messages


def test_if_the_only_store_is_the_wrong_one_the_daemon_exits_with_78(host):
    host.approve_initial_sync()
    host.bind_to_other_store()
    daemon = host.start_daemon()
    code, log = daemon.wait_for_exit()

    assert (78, True) == (code, any("is another store" in line["event"] for line in log))
    assert "STOPPING=1" == daemon.notify_socket.wait_for_message("STOPPING")


def test_a_wrong_store_does_not_stop_the_others(host, other_host):
    host.approve_initial_sync()
    host.bind_to_other_store()
    host.write(host.store() + host.store("second", other_host.server.url))
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("second: polled just now")
    failure = daemon.wait_for_log("store cannot be synced")

    assert ("shop", True) == (failure["store"], "is another store" in failure["why"])
    assert daemon.process.poll() is None


# Sync


def test_a_new_order_gets_a_note_and_a_coupon(host):
    host.place_order("anna@example.com")
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    order = host.place_order("ben@example.com", billing={"first_name": "Ben"})
    notes = wait_until(lambda: host.notes(order))

    assert 1 == len(notes)
    assert re.match(r"Thank you, Ben: THANKS-[A-Z0-9]+ \(ref ", notes[0])


def test_the_log_counts_the_requests_of_a_sync_with_its_deliveries(host):
    host.approve_initial_sync()
    for number in range(6):
        host.place_order(f"ben{number}@example.com")
    host.server.calls.clear()
    daemon = host.start_daemon()
    line = daemon.wait_for_log("sync finished")
    notes_and_coupons = [
        call
        for call in host.server.calls
        if call.method == "POST" and call.path.endswith(("/notes", "/coupons"))
    ]

    assert (12, True) == (len(notes_and_coupons), line["requests"] > 12)


def test_the_first_nightly_check_runs_after_the_start(host):
    """It computes percentiles and the usual gap between orders, which rules need."""
    host.place_order("anna@example.com")
    daemon = host.start_daemon()
    daemon.wait_for_log("nightly check finished")

    assert host.row().reconciled_at is not None


def test_the_status_line_shows_changes_that_need_approval(host):
    host.place_order("anna@example.com", days_ago=1)
    daemon = host.start_daemon()

    assert (
        "STATUS=shop: polled just now, 1 change waiting for approval, see wcflow status"
        == daemon.notify_socket.wait_for_message("approval")
    )


# The watchdog


def test_a_heartbeat_is_sent_at_half_of_the_watchdog_interval(host):
    daemon = host.start_daemon(watchdog=1.0)
    daemon.notify_socket.wait_for_message("READY")
    time.sleep(2.6)
    messages = list(daemon.notify_socket.messages)
    beats = [at for at, message in messages if message == "WATCHDOG=1"]

    assert len(beats) >= 4
    assert all(later - at < 0.9 for at, later in pairwise(beats))


def test_a_hung_worker_stops_the_heartbeats(host):
    """systemd then restarts the daemon."""
    prelude = "from wcflow.daemon import supervisor\nsupervisor.HUNG = 1.0"
    host.faults.delay_response(60, times=None)
    daemon = host.start_daemon(prelude=prelude, watchdog=0.5)
    daemon.notify_socket.wait_for_message("READY")
    time.sleep(2.5)
    before = len(daemon.notify_socket.messages)
    time.sleep(1.0)

    assert "WATCHDOG=1" in [message for _, message in daemon.notify_socket.messages]
    assert before == len(daemon.notify_socket.messages)


# Stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_daemon_stops_quickly(host, number):
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    code, seconds = daemon.stop(number)

    assert (0, True) == (code, seconds < STOP_SECONDS)
    assert "STOPPING=1" == daemon.notify_socket.wait_for_message("STOPPING")


def test_the_daemon_stops_quickly_while_a_store_is_slow(host):
    """A worker in the middle of a request is abandoned, and its lease is released."""
    host.approve_initial_sync()
    host.faults.delay_response(60, only="GET /wc/v3/orders", times=None)
    daemon = host.start_daemon()
    wait_until(lambda: host.row().lease_holder not in ("", "admin"))
    code, seconds = daemon.stop()

    assert (0, True, "") == (code, seconds < STOP_SECONDS, host.row().lease_holder)
    assert ["shop"] == daemon.log_entries("wcflow stopped")[0]["interrupted"]


def test_the_daemon_stops_quickly_during_an_initial_import(host):
    for number in range(3):
        host.place_order(f"person{number}@example.com")
    host.faults.delay_response(60, only="GET /wc/v3/orders", times=None, after=3)
    daemon = host.start_daemon()
    wait_until(lambda: any(call.path == "/wc/v3/orders" for call in list(host.server.calls)))
    time.sleep(0.3)
    code, seconds = daemon.stop()

    assert (0, True) == (code, seconds < STOP_SECONDS)


def test_the_daemon_stops_quickly_while_the_client_waits_to_retry(host):
    """The store asked for a pause of nearly a minute (Retry-After)."""
    host.approve_initial_sync()
    host.faults.throttle(retry_after=50, times=None)
    daemon = host.start_daemon()
    wait_until(lambda: any(call.status == 429 for call in list(host.server.calls)))
    code, seconds = daemon.stop()

    assert (0, True, []) == (
        code,
        seconds < STOP_SECONDS,
        daemon.log_entries("wcflow stopped")[0]["interrupted"],
    )


def test_the_daemon_stops_quickly_during_the_pause_after_a_failure(host):
    host.faults.fail_with(status=401, times=None)
    daemon = host.start_daemon()
    daemon.wait_for_log("store unreachable")
    code, seconds = daemon.stop()

    assert (0, True) == (code, seconds < STOP_SECONDS)


def test_a_note_in_flight_when_the_daemon_stops_is_written_once(host):
    """The store saved it but did not respond in time; the next daemon finds it there."""
    host.approve_initial_sync()
    host.faults.delay_response(60, only="POST /wc/v3/orders/*/notes")
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    order = host.place_order("ben@example.com")
    wait_until(lambda: host.notes(order))
    assert 0 == daemon.stop()[0]
    after_stop = host.outbox_states()
    with host.context() as context, context.db.transaction() as tx:
        # Ten minutes pass, and the claim expires.
        tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")
    second = host.start_daemon()
    wait_until(lambda: [("coupon", "done"), ("note", "done")] == host.outbox_states())

    assert [("coupon", "done"), ("note", "claimed")] == after_stop
    assert 1 == len(host.notes(order))
    assert second.process.poll() is None


# Reload


def test_a_changed_configuration_is_reloaded(host):
    """On SIGHUP systemd gets RELOADING and READY, and the new rules apply."""
    host.place_order("anna@example.com")
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    host.write(host.store() + "[tag Friend]\nwhen = orders_count >= 1\n")
    daemon.send_signal(signal.SIGHUP)

    assert re.fullmatch(
        r"RELOADING=1\nMONOTONIC_USEC=\d+", daemon.notify_socket.wait_for_message("RELOADING")
    )
    assert "READY=1" == daemon.notify_socket.wait_for_message("READY")
    (order,) = host.sandbox.order_ids()
    shown = wait_until(
        lambda: [
            each["value"]
            for each in host.sandbox.order(order)["meta_data"]
            if each["key"] == "wcflow_tags" and "Friend" in each["value"]
        ]
    )
    assert ["Friend"] == shown


def test_a_workflow_that_a_reload_adds_begins_then(host):
    """The orders of the time before are history, though the database has never had a workflow."""
    host.write(host.store() + "[tag Buyer]\nwhen = orders_count >= 1\n")
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    before = host.place_order("anna@example.com")
    first_rules = host.row().rules_digest
    time.sleep(1)  # stamps are whole seconds
    host.write(host.store() + RULES_INI)
    daemon.send_signal(signal.SIGHUP)
    assert wait_until(lambda: host.row().rules_digest != first_rules)
    after = host.place_order("berta@example.com")

    assert wait_until(lambda: host.notes(after))
    assert [] == host.notes(before)


def test_a_configuration_with_problems_is_not_reloaded(host):
    """The log lists the problems, and the old rules stay in use."""
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    host.write(host.store() + "[tag Friend]\nwhen = orders_cuont >= 1\n")
    daemon.send_signal(signal.SIGHUP)
    daemon.notify_socket.wait_for_message("RELOADING")
    daemon.notify_socket.wait_for_message("READY")
    line = daemon.wait_for_log("configuration not reloaded")
    order = host.place_order("ben@example.com")

    assert ["orders_count" in problem for problem in line["problems"]] == [True]
    assert wait_until(lambda: host.notes(order))
    status = daemon.notify_socket.wait_for_message("new configuration rejected")
    assert status.startswith("STATUS=new configuration rejected, the old one stays in use (")
    host.write(host.store() + "[tag Friend]\nwhen = orders_count >= 1\n")
    daemon.send_signal(signal.SIGHUP)
    daemon.notify_socket.wait_for_message("STATUS=shop: ")


def test_changing_the_database_needs_a_restart(host):
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    host.database += ".new"
    host.write(host.store())
    daemon.send_signal(signal.SIGHUP)
    line = daemon.wait_for_log("configuration not reloaded")

    assert ["changing the database needs a restart"] == line["problems"]


def test_a_store_removed_from_the_configuration_is_no_longer_polled(host, other_host):
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("shop: polled just now")
    host.write(host.store("second", other_host.server.url))
    daemon.send_signal(signal.SIGHUP)
    status = daemon.notify_socket.wait_for_message("second: polled just now")
    before = len(host.server.calls)
    time.sleep(1.5)

    assert "STATUS=second: polled just now, no changes waiting" == status
    assert before == len(host.server.calls)


# Failures


def test_each_reason_of_a_failure_is_logged_once(host):
    """The log also has one line when the store works again."""
    host.approve_initial_sync()
    host.faults.fail_with(status=401, times=None)
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    wait_until(lambda: [call.status for call in list(host.server.calls)].count(401) >= 5)
    first = [line["why"] for line in daemon.log_entries("store unreachable")]
    assert "failing for" in daemon.notify_socket.wait_for_message("failing for")
    with host.server.lock:
        host.faults.recover()
        host.faults.fail_with(status=403, times=None)
    wait_until(lambda: [call.status for call in list(host.server.calls)].count(403) >= 5)
    both = [line["why"] for line in daemon.log_entries("store unreachable")]
    with host.server.lock:
        host.faults.recover()
    daemon.wait_for_log("store reachable again")
    daemon.notify_socket.wait_for_message("polled just now")

    assert (1, 2) == (len(first), len(set(both)))
    assert 2 == len(both)
    assert 1 == len(daemon.log_entries("store reachable again"))


def test_the_error_of_a_store_is_in_the_database_until_it_works_again(host):
    """``wcflow status`` shows it."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    host.faults.fail_with(status=401, times=None)
    error = wait_until(lambda: host.row().poll_error)
    host.faults.recover()
    wait_until(lambda: not host.row().poll_error)

    assert "401" in error
    assert host.row().poll_error_since is None


def test_a_locked_database_is_logged_once_and_retried(host):
    host.approve_initial_sync()
    prelude = f"{SHORT_RETRY_DELAYS}\nfrom wcflow.database import connection\nconnection._BUSY_MILLISECONDS = 50"
    daemon = host.start_daemon(prelude=prelude)
    daemon.notify_socket.wait_for_message("polled just now")
    holder = sqlite3.connect(host.folder / "wcflow.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    failure = daemon.wait_for_log("database busy")
    time.sleep(1.0)
    holder.execute("ROLLBACK")
    holder.close()
    daemon.wait_for_log("sync works again")

    assert "in use by another process" in failure["why"]
    assert 1 == len(daemon.log_entries("database busy"))


def test_a_daemon_started_after_a_kill_waits_for_the_lease_and_says_until_when(host):
    host.approve_initial_sync()
    host.faults.delay_response(120, only="GET /wc/v3/orders")
    prelude = (
        f"{SHORT_RETRY_DELAYS}\nfrom wcflow.database import lease\n"
        "lease.DURATION, lease.RENEWAL_INTERVAL = timedelta(seconds=8), timedelta(seconds=1)"
    )
    killed = host.start_daemon(prelude=prelude)
    wait_until(lambda: host.row().lease_holder not in ("", "admin"))
    killed.stop(signal.SIGKILL)
    host.faults.recover()
    daemon = host.start_daemon(prelude=prelude)
    waiting = daemon.wait_for_log("waiting for another wcflow")
    daemon.notify_socket.wait_for_message("waiting until [0-9:]{8} UTC")
    daemon.wait_for_log("sync finished")

    assert f"(process {killed.process.pid} on " in waiting["why"]
    assert "seems to have been killed" in waiting["why"]
    assert re.fullmatch("[0-9:]{8} UTC", waiting["until"])
    assert "stop" not in waiting["advice"]


def test_a_full_disk_is_logged_once_and_retried(host):
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    _, limit = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1000, limit))
    failure = daemon.wait_for_log("database busy")
    time.sleep(1.0)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    daemon.wait_for_log("sync works again")
    order = host.place_order("ben@example.com")

    assert "the disk that holds the database" in failure["why"]
    assert 1 == len(daemon.log_entries("database busy"))
    assert wait_until(lambda: host.notes(order))


def test_a_bug_in_the_nightly_check_does_not_stop_the_sync(host):
    """It is logged once, with its traceback."""
    prelude = f"{SHORT_RETRY_DELAYS}\nfrom wcflow import maintenance\nmaintenance.nightly = lambda context: 1 / 0"
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=prelude)
    bug = daemon.wait_for_log("internal error")
    order = host.place_order("ben@example.com")

    assert wait_until(lambda: host.notes(order))
    assert ("nightly check", True) == (bug["job"], "ZeroDivisionError" in bug["exception"])
    assert 1 == len(daemon.log_entries("internal error"))


def test_a_hanging_store_does_not_delay_another(host, other_host):
    host.write(host.store() + host.store("second", other_host.server.url))
    host.faults.delay_response(60, times=None)
    daemon = host.start_daemon()
    status = daemon.notify_socket.wait_for_message("second: polled")

    assert "STATUS=shop: not polled yet; second: polled just now, no changes waiting" == status
