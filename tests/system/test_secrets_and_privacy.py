"""No output contains a key, and only ``explain``, ``outbox`` and ``plan`` show personal data.

They show it on stdout. The log, errors, ``status``, crash reports, the status line of the service
and the process list refer to people by number.
"""

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.command_line import ENVIRONMENT, run_wcflow
from tests.daemon_host import DaemonHost, utcnow, wait_until
from wcflow.database.connection import open_database
from wcflow.database.stores import save_setting
from wcflow.errors import BAD_CONFIG, DONE, SOME_FAILED, TRY_LATER
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import FaultRule
from wcflow.sandbox.rest import text_response

KEY, SECRET, PASSWORD = ADMIN.consumer_key, ADMIN.consumer_secret, "sesame-street-99"
CREDENTIALS = (KEY, SECRET, PASSWORD, "oauth_signature=", "c2VzYW1l", KEY[3:], SECRET[3:])
ANNA = {
    "first_name": "Annabelle-Quine",
    "last_name": "Vandersloot",
    "phone": "+49 170 5550134",
    "address_1": "Geheimgasse 17",
    "city": "Verschwiegenheim",
    "postcode": "98765-X",
    "company": "Vandersloot & Daughters",
}
EMAIL, GUEST = "annabelle.q@private.example", "bartholomew@private.example"
ADDRESS = "203.0.113.77"
PEOPLE = (*ANNA.values(), EMAIL, GUEST, "Bartholomew", ADDRESS, "annabelle.q", "private.example")
RULES = """
[segment Regular]
group = lifecycle
note = yes
when =
    orders_count >= 1
    first_name is not empty or email is not empty

[tag city]
when = city is not empty
tag = From {{ city }}

[workflow thanks]
trigger = order_paid
do =
    create_coupon thanks
    add_note Thank you, {{ first_name }} of {{ city }} <{{ email }}>: {{ coupon.code }}
    set_meta greeting Hello {{ first_name }} {{ last_name }}

[workflow refused]
trigger = order_paid
do = set_meta {{ email }} {{ phone }}

[coupon thanks]
type = percent
amount = 10
"""
COMMANDS_WITH_NAMES = {"plan", "explain", "outbox", "customer"}
"""The commands that show personal data on stdout."""


def find_leaks(text, secrets):
    """Return the secrets that occur in a text; ``oauth_signature=…`` does not count."""
    text = text.replace("\\u2026", "…").replace("oauth_signature=…", "")
    return sorted({each for each in secrets if each.lower() in text.lower()})


class SecretsHost(DaemonHost):
    """A host whose store has orders of two people with known data."""

    def __init__(self, folder, stack):
        super().__init__(folder, stack)
        self.write(self.store() + RULES)
        self.anna = self.sandbox.register(
            EMAIL,
            now=self.ago(90),
            first_name=ANNA["first_name"],
            last_name=ANNA["last_name"],
            billing=ANNA,
        )
        self.orders = [self.place_order(EMAIL, 30, customer=self.anna, billing=ANNA)]
        self.orders += [self.place_order(GUEST, 20, billing=ANNA | {"first_name": "Bartholomew"})]
        for number in self.orders:
            self.faults.set_field("order", number, "customer_ip_address", ADDRESS, times=None)

    def ago(self, days):
        return utcnow() - timedelta(days=days)

    def place_new_orders(self):
        """Place an order of each person, which starts the workflows."""
        with self.server.lock:
            self.sandbox.edit_customer(self.anna, now=self.ago(0), first_name=ANNA["first_name"])
        self.place_order(EMAIL, customer=self.anna, billing=ANNA)
        self.place_order(GUEST, billing=ANNA | {"first_name": "Bartholomew"})

    def refuse(self, status, code, *, only="*", times=None):
        """Answer like a plugin whose message quotes the request and more."""
        message = (
            f"Sorry {EMAIL}, tel. {ANNA['phone']}: {KEY} ({SECRET}) must not"
            f" oauth_signature=c2VzYW1l%3D&oauth_consumer_key={KEY} https://me:{PASSWORD}@db/x"
        )
        body = json.dumps({"code": code, "message": message, "data": {"status": status}})
        rule = FaultRule(
            lambda _request, now, _next: text_response(body, now, status=status), only, times
        )
        self.faults.rules.append(rule)

    def run(self, *args):
        return run_wcflow(*args, "--config", self.config)


@pytest.fixture
def host(tmp_path):
    with ExitStack() as stack:
        yield SecretsHost(tmp_path, stack)


def leaks_of(result, args):
    """Return the secrets that a command printed but must not print."""
    names = () if args[0] in COMMANDS_WITH_NAMES else PEOPLE
    return find_leaks(result.out, (*CREDENTIALS, *names)) + find_leaks(
        result.err, (*CREDENTIALS, *PEOPLE)
    )


COMMANDS = (
    ("check",),
    ("doctor",),
    ("plan", "--verbose"),
    ("plan", "--json"),
    ("customer", "list"),
    ("sync", "--verbose"),
    ("sync", "--approve", "--verbose"),
    ("approve", "--yes"),
    ("status",),
    ("status", "--json"),
    ("explain", EMAIL),
    ("explain", EMAIL, "--json"),
    ("explain", GUEST, "thanks"),
    ("outbox", "list"),
    ("outbox", "list", "--json"),
    ("outbox", "show", "1"),
    ("outbox", "retry", "--failed"),
    ("outbox", "cancel", "--failed"),
    ("workflow", "list"),
    ("workflow", "run", "thanks", "--yes"),
    ("check-database",),
    ("resync", "--customers"),
    ("reference",),
)


def test_no_command_shows_a_key_or_unexpected_personal_data(host):
    """Over HTTP, where the signature is in the URL, with successful and with rejected writes."""
    leaks = {}
    for round_ in range(2):
        for args in COMMANDS:
            result = host.run(*args)
            leaks[args, round_] = leaks_of(result, args)
        host.place_new_orders()
        # In the second round a plugin rejects each note, and quotes everything in its message.
        host.refuse(400, "rest_invalid_param", only="POST */notes")

    assert {} == {args: found for args, found in leaks.items() if found}
    # The data was there, and is shown where it is allowed.
    assert [EMAIL] == find_leaks(host.run("explain", EMAIL).out, [EMAIL])
    host.run("sync")
    status = host.run("status", "--json")
    assert [] == leaks_of(status, ("status",))
    assert "rest_invalid_param" in status.out
    assert '"person": ' in status.out


FAILURES = {
    "wrong key": lambda host: host.refuse(401, "woocommerce_rest_cannot_view"),
    "wrong secret": lambda host: host.refuse(401, "woocommerce_rest_authentication_error"),
    "not allowed": lambda host: host.refuse(403, "woocommerce_rest_cannot_view"),
    "not found": lambda host: host.refuse(404, "rest_no_route"),
    "bad request": lambda host: host.refuse(400, "rest_invalid_param"),
    "internal error": lambda host: host.refuse(500, "internal_server_error"),
    "a code that is a key": lambda host: host.refuse(400, f"{KEY} {SECRET}"),
    "no connection": lambda host: host.faults.refuse_connections(times=None),
    "incomplete response": lambda host: host.faults.cut_response(times=None),
    "redirect": lambda host: host.faults.redirect(
        f"https://me:{PASSWORD}@x.example/wp-json/?oauth_signature=abc&consumer_key={KEY}",
        times=None,
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_no_error_shows_a_key_or_a_person(host, failure):
    """Even if the answer of the store quotes the request."""
    assert DONE == host.run("sync", "--approve").code
    host.place_new_orders()
    FAILURES[failure](host)
    leaks = {}
    for args in (("plan", "--verbose"), ("sync", "--verbose"), ("doctor",), ("status",)):
        result = host.run(*args)
        leaks[args] = leaks_of(result, ("an error",))

    assert {} == {args: found for args, found in leaks.items() if found}
    assert result.code == SOME_FAILED


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://wcflow:{}@127.0.0.1:1/wcflow",
        "postgresql://wcflow@127.0.0.1:1/wcflow?password={}",
        "postgresql://wcflow:{}@no.such.host.invalid/wcflow?connect_timeout=2",
    ],
)
@pytest.mark.parametrize("args", [("plan", "-v"), ("status",), ("run",), ("backup", "copy")])
def test_no_error_shows_the_password_of_the_database(host, database, args):
    """The server cannot be reached; the error shows its URL without the password."""
    host.database = database.format(PASSWORD)
    host.write(host.store() + RULES)
    result = host.run(*args)

    assert [] == leaks_of(result, ("an error",))
    assert result.code in (TRY_LATER, BAD_CONFIG)


BUG = f"""
from wcflow import sync
def broken(*_args, **_more):
    consumer_secret, email = {SECRET!r}, {EMAIL!r}
    try:
        {{}}[email]
    except KeyError as missing:
        raise ValueError(f"{{email}} of {ANNA["city"]} has no {{consumer_secret}}") from missing
sync.evaluate = broken
"""


def test_a_traceback_shows_no_key_and_no_person(host):
    """It shows files, lines and types of errors, but not their messages."""
    code = f"{BUG}\nfrom wcflow.__main__ import main\nmain()"
    command = [sys.executable, "-c", code, "sync", "--approve", "--config", host.config]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)

    assert SOME_FAILED == result.returncode
    assert [] == find_leaks(result.stdout + result.stderr, (*CREDENTIALS, *PEOPLE))
    assert ["KeyError", "ValueError", "in broken", "this is a bug in wcflow"] == [
        each
        for each in ("KeyError", "ValueError", "in broken", "this is a bug in wcflow")
        if each in result.stderr
    ]


def test_the_traceback_of_another_thread_shows_no_key_and_no_person(host):
    code = (
        "import threading\nfrom wcflow import cli\n"
        f"def fails(): raise ValueError({EMAIL!r} + {SECRET!r})\n"
        "def app(**_):\n    thread = threading.Thread(target=fails)\n    thread.start()\n"
        "    thread.join()\n"
        "cli.app = app\nfrom wcflow.__main__ import main\nmain()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )

    assert [] == find_leaks(result.stdout + result.stderr, (*CREDENTIALS, *PEOPLE))
    assert "in fails" in result.stderr


# The daemon


def all_output(daemon):
    """Return its log and its messages to systemd."""
    log = json.dumps(list(daemon.log), ensure_ascii=False)
    return log + "".join(message for _, message in daemon.notify_socket.messages)


def read_proc(daemon, name):
    return Path(f"/proc/{daemon.process.pid}/{name}").read_bytes().decode(errors="replace")


def database_files(host):
    return b"".join(path.read_bytes() for path in host.folder.glob("wcflow.sqlite3*"))


@contextmanager
def run_daemon(host, **more):
    host.approve_initial_sync()
    daemon = host.start_daemon(**more)
    daemon.notify_socket.wait_for_message("READY=1")
    yield daemon


def test_the_daemon_shows_no_key_and_no_person(host):
    """Not in its log at level debug, its status line or the process list."""
    with run_daemon(host) as daemon:
        host.place_new_orders()
        daemon.wait_for_log("delivered", times=3)
        host.refuse(400, "rest_invalid_param", only="POST *", times=6)
        host.place_new_orders()
        wait_until(lambda: daemon.log_entries("failed"))
        host.faults.recover()
        host.faults.refuse_connections(times=4)
        host.refuse(401, "woocommerce_rest_cannot_view", times=20)
        wait_until(lambda: daemon.log_entries("store unreachable"))
        process_list = read_proc(daemon, "cmdline") + read_proc(daemon, "environ")
        daemon.stop()
    output = all_output(daemon)

    assert [] == find_leaks(process_list, (*CREDENTIALS, *PEOPLE))
    assert [] == find_leaks(output, (*CREDENTIALS, *PEOPLE))
    assert "rest_invalid_param" in output
    content = database_files(host).decode(errors="replace")
    # The database needs personal data, but neither keys nor IP addresses.
    assert [EMAIL] == find_leaks(content, (*CREDENTIALS, ADDRESS, EMAIL))


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_log_of_a_bug_has_the_traceback_but_no_key_and_no_person(host, form):
    text = host.config.read_text().replace("log_format = json", f"log_format = {form}")
    host.config.write_text(text)
    with run_daemon(host, prelude=BUG) as daemon:
        host.place_new_orders()
        wait_until(lambda: "in broken" in all_output(daemon))
        daemon.stop()

    assert "ValueError" in all_output(daemon)
    assert [] == find_leaks(all_output(daemon), (*CREDENTIALS, *PEOPLE))


def test_keys_from_the_environment_are_neither_shown_nor_saved(host, monkeypatch):
    text = host.config.read_text().replace(KEY, "$WC_KEY").replace(SECRET, "$WC_SECRET")
    host.config.write_text(text)
    monkeypatch.setenv("WC_KEY", KEY)
    monkeypatch.setenv("WC_SECRET", SECRET)
    leaks = {args: leaks_of(host.run(*args), args) for args in (("check",), ("sync", "-v"))}

    assert {} == {args: found for args, found in leaks.items() if found}
    assert KEY.encode() not in database_files(host)


def test_find_leaks_and_database_files_find_existing_data(host):
    """Otherwise the tests above would prove nothing."""
    with open_database(host.database) as db, db.transaction() as tx:
        save_setting(tx, "test", SECRET)

    assert SECRET.encode() in database_files(host)
    assert [EMAIL] == find_leaks(f"… {EMAIL.upper()} …", (EMAIL, GUEST))
