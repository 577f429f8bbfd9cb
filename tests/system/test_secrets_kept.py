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

from tests.command import ENVIRONMENT, wcflow
from tests.service import Town, eventually, utcnow
from wcflow.database.connection import open_database
from wcflow.database.stores import save_setting
from wcflow.errors import BAD_CONFIG, DONE, SOME_FAILED, TRY_LATER
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.faults import FaultRule
from wcflow.sandbox.rest import text_response
from wcflow.store import retry

KEY, SECRET, PASSWORD = ADMIN.consumer_key, ADMIN.consumer_secret, "sesame-street-99"
KEYS = (KEY, SECRET, PASSWORD, "oauth_signature=", "c2VzYW1l", KEY[3:], SECRET[3:])
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
NAMING = {"plan", "explain", "outbox"}
"""The commands that answer whom an effect is for, as they are asked to."""


def found_in(text, words):
    """Give those of the words that stand in a text; a signature's name counts if a value follows."""
    text = text.replace("\\u2026", "…").replace("oauth_signature=…", "")
    return sorted({word for word in words if word.lower() in text.lower()})


class Street(Town):
    """A town in which people with known data live."""

    def __init__(self, folder, stack):
        super().__init__(folder, stack)
        self.write(self.store() + RULES)
        self.anna = self.shop.register(
            EMAIL,
            now=self.ago(90),
            first_name=ANNA["first_name"],
            last_name=ANNA["last_name"],
            billing=ANNA,
        )
        self.orders = [self.buys(EMAIL, 30, customer=self.anna, billing=ANNA)]
        self.orders += [self.buys(GUEST, 20, billing=ANNA | {"first_name": "Bartholomew"})]
        for number in self.orders:
            self.faults.set_field("order", number, "customer_ip_address", ADDRESS, times=None)

    def ago(self, days):
        return utcnow() - timedelta(days=days)

    def news(self):
        """Both buy again, which sets workflows off."""
        with self.server.lock:
            self.shop.edit_customer(self.anna, now=self.ago(0), first_name=ANNA["first_name"])
        self.buys(EMAIL, customer=self.anna, billing=ANNA)
        self.buys(GUEST, billing=ANNA | {"first_name": "Bartholomew"})

    def refuses(self, status, code, *, only="*", times=None):
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

    def gives(self, *words):
        return wcflow(*words, "--config", self.config)


@pytest.fixture
def street(tmp_path, monkeypatch):
    # Milliseconds between the tries of a request in place of seconds.
    monkeypatch.setattr(retry, "_FIRST", 0.002)
    with ExitStack() as stack:
        yield Street(tmp_path, stack)


def kept(ran, words):
    """Look at what a command said; give what of it should not have been said."""
    names = () if words[0] in NAMING else PEOPLE
    return found_in(ran.out, (*KEYS, *names)) + found_in(ran.err, (*KEYS, *PEOPLE))


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


def test_every_command_keeps_keys_and_people_to_itself(street):
    """Over http, where the signature stands in the address; with all that goes right and wrong."""
    told = {}
    for round_ in range(2):
        for words in COMMANDS:
            ran = street.gives(*words)
            told[words, round_] = kept(ran, words)
        street.news()
        # In the second round each note is refused by a plugin that quotes all it knows.
        street.refuses(400, "rest_invalid_param", only="POST */notes")

    assert {} == {words: said for words, said in told.items() if said}
    # That there was something to tell: it stands where it may.
    assert [EMAIL] == found_in(street.gives("explain", EMAIL).out, [EMAIL])
    street.gives("sync")
    given_up = street.gives("status", "--json")
    assert [] == kept(given_up, ("status",))
    assert "rest_invalid_param" in given_up.out
    assert '"person": ' in given_up.out


TROUBLES = {
    "wrong key": lambda street: street.refuses(401, "woocommerce_rest_cannot_view"),
    "wrong secret": lambda street: street.refuses(401, "woocommerce_rest_authentication_error"),
    "not allowed": lambda street: street.refuses(403, "woocommerce_rest_cannot_view"),
    "not found": lambda street: street.refuses(404, "rest_no_route"),
    "bad request": lambda street: street.refuses(400, "rest_invalid_param"),
    "breakdown": lambda street: street.refuses(500, "internal_server_error"),
    "a code that is a key": lambda street: street.refuses(400, f"{KEY} {SECRET}"),
    "no connection": lambda street: street.faults.refuse_connections(times=None),
    "torn": lambda street: street.faults.cut_response(times=None),
    "elsewhere": lambda street: street.faults.redirect(
        f"https://me:{PASSWORD}@x.example/wp-json/?oauth_signature=abc&consumer_key={KEY}",
        times=None,
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_error_tells_a_key_or_a_person(street, trouble):
    """Whatever the shop answers instead, also with the request in its mouth."""
    assert DONE == street.gives("sync", "--approve").code
    street.news()
    TROUBLES[trouble](street)
    told = {}
    for words in (("plan", "--verbose"), ("sync", "--verbose"), ("doctor",), ("status",)):
        ran = street.gives(*words)
        told[words] = kept(ran, ("an error",))

    assert {} == {words: said for words, said in told.items() if said}
    assert ran.code == SOME_FAILED


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://wcflow:{}@127.0.0.1:1/wcflow",
        "postgresql://wcflow@127.0.0.1:1/wcflow?password={}",
        "postgresql://wcflow:{}@no.such.host.invalid/wcflow?connect_timeout=2",
    ],
)
@pytest.mark.parametrize("words", [("plan", "-v"), ("status",), ("run",), ("backup", "copy")])
def test_no_error_tells_the_password_of_the_database(street, database, words):
    """A server that is not there is named without the password in its address."""
    street.database = database.format(PASSWORD)
    street.write(street.store() + RULES)
    ran = street.gives(*words)

    assert [] == kept(ran, ("an error",))
    assert ran.code in (TRY_LATER, BAD_CONFIG)


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


def test_a_crash_report_tells_where_and_not_whom(street):
    """A bug's traceback names files, lines and kinds of errors; their texts may quote the shop."""
    code = f"{BUG}\nfrom wcflow.__main__ import main\nmain()"
    command = [sys.executable, "-c", code, "sync", "--approve", "--config", street.config]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)

    assert SOME_FAILED == ran.returncode
    assert [] == found_in(ran.stdout + ran.stderr, (*KEYS, *PEOPLE))
    assert ["KeyError", "ValueError", "in broken", "this is a bug of wcflow"] == [
        each
        for each in ("KeyError", "ValueError", "in broken", "this is a bug of wcflow")
        if each in ran.stderr
    ]


def test_a_crash_in_a_thread_is_told_as_discreetly(street):
    """Whatever thread it happens in."""
    code = (
        "import threading\nfrom wcflow import cli\n"
        f"def dies(): raise ValueError({EMAIL!r} + {SECRET!r})\n"
        "def app(**_):\n    thread = threading.Thread(target=dies)\n    thread.start()\n"
        "    thread.join()\n"
        "cli.app = app\nfrom wcflow.__main__ import main\nmain()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )

    assert [] == found_in(ran.stdout + ran.stderr, (*KEYS, *PEOPLE))
    assert "in dies" in ran.stderr


# The daemon


def everything(daemon):
    """All that it ever told: the log, and systemd."""
    log = json.dumps(list(daemon.log), ensure_ascii=False)
    return log + "".join(words for _, words in daemon.ear.told)


def proc(daemon, name):
    return Path(f"/proc/{daemon.process.pid}/{name}").read_bytes().decode(errors="replace")


def database_files(street):
    return b"".join(path.read_bytes() for path in street.folder.glob("wcflow.sqlite3*"))


@contextmanager
def serving(street, **more):
    street.accepted()
    daemon = street.starts(**more)
    daemon.ear.hears("READY=1")
    yield daemon


def test_the_daemon_keeps_keys_and_people_to_itself(street):
    """Its log at level debug, systemd's status line, the process list, the database."""
    with serving(street) as daemon:
        street.news()
        daemon.logs("delivered", times=3, within=30)
        street.refuses(400, "rest_invalid_param", only="POST *", times=6)
        street.news()
        eventually(lambda: daemon.logged("failed"), within=30)
        street.faults.recover()
        street.faults.refuse_connections(times=4)
        street.refuses(401, "woocommerce_rest_cannot_view", times=20)
        eventually(lambda: daemon.logged("store fails"), within=30)
        seen = proc(daemon, "cmdline") + proc(daemon, "environ")
        daemon.ends()
    said = everything(daemon)

    assert [] == found_in(seen, (*KEYS, *PEOPLE))
    assert [] == found_in(said, (*KEYS, *PEOPLE))
    assert "rest_invalid_param" in said
    kept_in = database_files(street).decode(errors="replace")
    # The mirror knows people, for that is what it is for; keys and addresses on the net it does not.
    assert [EMAIL] == found_in(kept_in, (*KEYS, ADDRESS, EMAIL))


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_bug_in_the_daemon_is_told_without_whom_it_met(street, form):
    """The log has the traceback, and neither a key nor a person."""
    text = street.config.read_text().replace("log_format = json", f"log_format = {form}")
    street.config.write_text(text)
    with serving(street, prelude=BUG) as daemon:
        street.news()
        eventually(lambda: "in broken" in everything(daemon), within=30)
        daemon.ends()

    assert "ValueError" in everything(daemon)
    assert [] == found_in(everything(daemon), (*KEYS, *PEOPLE))


def test_keys_of_the_environment_stay_there(street, monkeypatch):
    """A key that is named in the INI and given in the environment is not passed on or repeated."""
    text = street.config.read_text().replace(KEY, "$WC_KEY").replace(SECRET, "$WC_SECRET")
    street.config.write_text(text)
    monkeypatch.setenv("WC_KEY", KEY)
    monkeypatch.setenv("WC_SECRET", SECRET)
    told = {words: kept(street.gives(*words), words) for words in (("check",), ("sync", "-v"))}

    assert {} == {words: said for words, said in told.items() if said}
    assert b"" == b"".join(each for each in [database_files(street)] if KEY.encode() in each)


def test_the_search_finds_what_is_there(street):
    """Else all of the above would prove nothing."""
    with open_database(street.database) as db, db.transaction() as tx:
        save_setting(tx, "told", SECRET)

    assert SECRET.encode() in database_files(street)
    assert [EMAIL] == found_in(f"… {EMAIL.upper()} …", (EMAIL, GUEST))
