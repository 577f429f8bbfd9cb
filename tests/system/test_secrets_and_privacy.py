"""Keys and personal data stay where they belong, whatever happens.

The line: nobody is ever told a key. Of people nothing is told by the log, an error, ``status``, a
crash report, the status line of the service or the process list; these name them by number. Who
asks about a person by name or number (``explain``, ``outbox``, ``plan``: what would be written to
whom) is answered, on stdout and only there.
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
COMMANDS_WITH_NAMES = {"plan", "explain", "outbox"}
"""The commands that answer whom an effect is for, as they are asked to."""


def find_leaks(text, words):
    """Give those of the words that stand in a text; a signature's name counts if a value follows."""
    text = text.replace("\\u2026", "…").replace("oauth_signature=…", "")
    return sorted({word for word in words if word.lower() in text.lower()})


class SecretsHost(DaemonHost):
    """A town in which people with known data live."""

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
        """Both buy again, which sets workflows off."""
        with self.server.lock:
            self.sandbox.edit_customer(self.anna, now=self.ago(0), first_name=ANNA["first_name"])
        self.place_order(EMAIL, customer=self.anna, billing=ANNA)
        self.place_order(GUEST, billing=ANNA | {"first_name": "Bartholomew"})

    def refuse(self, status, code, *, only="*", times=None):
        """Answer as plugins do that quote all that they were sent, and more."""
        message = (
            f"Sorry {EMAIL}, tel. {ANNA['phone']}: {KEY} ({SECRET}) may not"
            f" oauth_signature=c2VzYW1l%3D&oauth_consumer_key={KEY} https://me:{PASSWORD}@db/x"
        )
        body = json.dumps({"code": code, "message": message, "data": {"status": status}})
        rule = FaultRule(
            lambda _request, now, _next: text_response(body, now, status=status), only, times
        )
        self.faults.rules.append(rule)

    def run(self, *words):
        return run_wcflow(*words, "--config", self.config)


@pytest.fixture
def host(tmp_path):
    with ExitStack() as stack:
        yield SecretsHost(tmp_path, stack)


def leaks_of(result, words):
    """Look at what a command said; give what of it should not have been said."""
    names = () if words[0] in COMMANDS_WITH_NAMES else PEOPLE
    return find_leaks(result.out, (*CREDENTIALS, *names)) + find_leaks(
        result.err, (*CREDENTIALS, *PEOPLE)
    )


COMMANDS = (
    ("check",),
    ("doctor",),
    ("plan", "--verbose"),
    ("plan", "--json"),
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


def test_every_command_keeps_keys_and_people_to_itself(host):
    """Over http, where the signature stands in the address; with all that goes right and wrong."""
    messages = {}
    for round_ in range(2):
        for words in COMMANDS:
            result = host.run(*words)
            messages[words, round_] = leaks_of(result, words)
        host.place_new_orders()
        # In the second round each note is refused by a plugin that quotes all it knows.
        host.refuse(400, "rest_invalid_param", only="POST */notes")

    assert {} == {words: said for words, said in messages.items() if said}
    # That there was something to tell: it stands where it may.
    assert [EMAIL] == find_leaks(host.run("explain", EMAIL).out, [EMAIL])
    host.run("sync")
    given_up = host.run("status", "--json")
    assert [] == leaks_of(given_up, ("status",))
    assert "rest_invalid_param" in given_up.out
    assert '"person": ' in given_up.out


FAILURES = {
    "wrong key": lambda host: host.refuse(401, "woocommerce_rest_cannot_view"),
    "wrong secret": lambda host: host.refuse(401, "woocommerce_rest_authentication_error"),
    "not allowed": lambda host: host.refuse(403, "woocommerce_rest_cannot_view"),
    "not found": lambda host: host.refuse(404, "rest_no_route"),
    "bad request": lambda host: host.refuse(400, "rest_invalid_param"),
    "breakdown": lambda host: host.refuse(500, "internal_server_error"),
    "a code that is a key": lambda host: host.refuse(400, f"{KEY} {SECRET}"),
    "no connection": lambda host: host.faults.refuse_connections(times=None),
    "torn": lambda host: host.faults.cut_response(times=None),
    "elsewhere": lambda host: host.faults.redirect(
        f"https://me:{PASSWORD}@x.example/wp-json/?oauth_signature=abc&consumer_key={KEY}",
        times=None,
    ),
}


@pytest.mark.parametrize("trouble", FAILURES)
def test_no_error_tells_a_key_or_a_person(host, trouble):
    """Whatever the shop answers instead, also with the request in its mouth."""
    assert DONE == host.run("sync", "--approve").code
    host.place_new_orders()
    FAILURES[trouble](host)
    messages = {}
    for words in (("plan", "--verbose"), ("sync", "--verbose"), ("doctor",), ("status",)):
        result = host.run(*words)
        messages[words] = leaks_of(result, ("an error",))

    assert {} == {words: said for words, said in messages.items() if said}
    assert result.code == SOME_FAILED


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://wcflow:{}@127.0.0.1:1/wcflow",
        "postgresql://wcflow@127.0.0.1:1/wcflow?password={}",
        "postgresql://wcflow:{}@no.such.host.invalid/wcflow?connect_timeout=2",
    ],
)
@pytest.mark.parametrize("words", [("plan", "-v"), ("status",), ("run",), ("backup", "copy")])
def test_no_error_tells_the_password_of_the_database(host, database, words):
    """A server that is not there is named without the password in its address."""
    host.database = database.format(PASSWORD)
    host.write(host.store() + RULES)
    result = host.run(*words)

    assert [] == leaks_of(result, ("an error",))
    assert result.code in (TRY_LATER, BAD_CONFIG)


BUG = f"""
from wcflow import sync
def broken(*_args, **_more):
    consumer_secret, someone = {SECRET!r}, {EMAIL!r}
    try:
        {{}}[someone]
    except KeyError as missing:
        raise ValueError(f"{{someone}} of {ANNA["city"]} has no {{consumer_secret}}") from missing
sync.evaluate = broken
"""


def test_a_crash_report_tells_where_and_not_whom(host):
    """A bug's traceback names files, lines and kinds of errors; their texts may quote the shop."""
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


def test_a_crash_in_a_thread_is_told_as_discreetly(host):
    """Whatever thread it happens in."""
    code = (
        "import threading\nfrom wcflow import cli\n"
        f"def dies(): raise ValueError({EMAIL!r} + {SECRET!r})\n"
        "def app(**_):\n    thread = threading.Thread(target=dies)\n    thread.start()\n"
        "    thread.join()\n"
        "cli.app = app\nfrom wcflow.__main__ import main\nmain()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )

    assert [] == find_leaks(result.stdout + result.stderr, (*CREDENTIALS, *PEOPLE))
    assert "in dies" in result.stderr


# The daemon


def all_output(daemon):
    """All that it ever told: the log, and systemd."""
    log = json.dumps(list(daemon.log), ensure_ascii=False)
    return log + "".join(words for _, words in daemon.notify_socket.messages)


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


def test_the_daemon_keeps_keys_and_people_to_itself(host):
    """Its log at level debug, systemd's status line, the process list, the database."""
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
        seen = read_proc(daemon, "cmdline") + read_proc(daemon, "environ")
        daemon.stop()
    said = all_output(daemon)

    assert [] == find_leaks(seen, (*CREDENTIALS, *PEOPLE))
    assert [] == find_leaks(said, (*CREDENTIALS, *PEOPLE))
    assert "rest_invalid_param" in said
    kept_in = database_files(host).decode(errors="replace")
    # The mirror knows people, for that is what it is for; keys and addresses on the net it does not.
    assert [EMAIL] == find_leaks(kept_in, (*CREDENTIALS, ADDRESS, EMAIL))


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_bug_in_the_daemon_is_told_without_whom_it_met(host, form):
    """The log has the traceback, and neither a key nor a person."""
    text = host.config.read_text().replace("log_format = json", f"log_format = {form}")
    host.config.write_text(text)
    with run_daemon(host, prelude=BUG) as daemon:
        host.place_new_orders()
        wait_until(lambda: "in broken" in all_output(daemon))
        daemon.stop()

    assert "ValueError" in all_output(daemon)
    assert [] == find_leaks(all_output(daemon), (*CREDENTIALS, *PEOPLE))


def test_keys_of_the_environment_stay_there(host, monkeypatch):
    """A key that is named in the INI and given in the environment is not passed on or repeated."""
    text = host.config.read_text().replace(KEY, "$WC_KEY").replace(SECRET, "$WC_SECRET")
    host.config.write_text(text)
    monkeypatch.setenv("WC_KEY", KEY)
    monkeypatch.setenv("WC_SECRET", SECRET)
    messages = {words: leaks_of(host.run(*words), words) for words in (("check",), ("sync", "-v"))}

    assert {} == {words: said for words, said in messages.items() if said}
    assert b"" == b"".join(each for each in [database_files(host)] if KEY.encode() in each)


def test_the_search_finds_what_is_there(host):
    """Else all of the above would prove nothing."""
    with open_database(host.database) as db, db.transaction() as tx:
        save_setting(tx, "told", SECRET)

    assert SECRET.encode() in database_files(host)
    assert [EMAIL] == find_leaks(f"… {EMAIL.upper()} …", (EMAIL, GUEST))
