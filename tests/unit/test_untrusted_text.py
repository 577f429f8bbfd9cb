"""Text from the shop stays text: on a terminal, in a pipe, in JSON, in a note, in SQL.

What people type into a shop, what its owner calls things, what a plugin says when it refuses: all
of it is printed somewhere, and none of it moves the cursor, opens a link, turns the line around,
adds a line, gains a colour, or becomes a part of a statement.
"""

import ast
import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from msgspec.structs import replace

import wcflow
from tests.builders import account, item, order
from tests.command_line import CommandLine
from tests.sandbox_http import mount_sandbox
from wcflow.cli import app, output
from wcflow.cli.errors import report_error
from wcflow.database.customers import load_customers, save_customers
from wcflow.database.orders import load_orders, load_orders_of_people, save_orders
from wcflow.errors import SetupError
from wcflow.sandbox.faults import FaultRule
from wcflow.sandbox.rest import text_response

HOSTILE = (
    "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\"  # a link
    "\x1b[2J\x1b[1;1H\x9b2J\x07\x08\r"  # clear, home, the same in one sign, bell, back
    "\u202egnihton\u2066\u200f"  # turned around
    "\nFORGED 1 [31m\u2028FORGED 2\x0bFORGED 3\x85FORGED 4"  # lines of its own
    "[b]M[/b] [bold red]R[/bold red] [link=http://evil.example]L[/link] :skull: "  # rich's markup
    "<script>alert(1)</script> {{ 7 * 7 }} {% for %} %s %(x)s {0.__class__} $HOME `id`"
    "'; DROP TABLE customer; -- \" \\ \u0000"
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""All that rich itself sends to a terminal that nobody draws a bar on."""
RULES = """
[segment Regular]
group = lifecycle
note = yes
when =
    orders_count >= 1
    first_name is not empty
    product_names is not empty

[tag city]
when = city is not empty
tag = {{ city | replace(',', '') }}

[workflow thanks]
trigger = order_paid
do =
    create_coupon thanks
    add_note Thank you, {{ first_name }} {{ order.product_names }} {{ store.name }}
    set_meta greeting {{ last_name }}

[coupon thanks]
type = percent
amount = 10
"""
COMMANDS = (
    ("doctor",),
    ("plan",),
    ("plan", "--json"),
    ("plan", "--verbose"),
    ("sync", "--approve", "--verbose"),
    ("status",),
    ("status", "--json"),
    ("explain", "anna@example.com"),
    ("explain", "anna@example.com", "--json"),
    ("outbox", "list"),
    ("outbox", "list", "--json"),
    ("outbox", "show", "1"),
    ("outbox", "show", "1", "--json"),
    ("workflow", "list"),
    ("workflow", "run", "thanks", "--yes"),
    ("check-database",),
)


class FakeTerminal(io.StringIO):
    """A terminal that keeps what is sent to it."""

    def isatty(self):
        return True


class HostileStore(CommandLine):
    """A desk at a shop in which everything is called as badly as can be."""

    def __init__(self, folder):
        super().__init__(folder, RULES, name=f"Shop {HOSTILE}")
        self.sandbox.edit_product(self.sim.product, now=self.sim.now, name=f"Wallet {HOSTILE}")
        names = {"first_name": f"Anna {HOSTILE}", "last_name": f"Schmidt {HOSTILE}"}
        billing = names | {"city": f"Town {HOSTILE}", "company": HOSTILE, "address_1": HOSTILE}
        self.anna = self.sim.register(
            "anna@example.com", days_ago=90, meta={"note": HOSTILE}, billing=billing, **names
        )
        self.sim.place_order(
            customer=self.anna,
            days_ago=30,
            billing=billing,
            number=f"7 {HOSTILE}",
            customer_note=HOSTILE,
            payment_method=HOSTILE,
        )
        self.name_products()
        self.sandbox.edit_order_meta(
            1, "gift", HOSTILE, now=self.sim.now
        ) if 1 in self.sandbox.order_ids() else None

    def name_products(self):
        for each in self.sandbox.state.orders.values():
            for line in each.items:
                line.name = f"Wallet {HOSTILE}"

    def order_again(self):
        self.sim.now = datetime.now(UTC)
        number = self.sim.place_order(customer=self.anna, billing={"first_name": f"Anna {HOSTILE}"})
        self.name_products()
        return number

    def refuse_writes(self, **counts):
        """Refuse writes in words that are as bad."""
        body = json.dumps(
            {"code": f"no {HOSTILE}", "message": f"No {HOSTILE}", "data": {"status": 400}}
        )
        rule = FaultRule(
            lambda _request, now, _next: text_response(body, now, status=400), **counts
        )
        self.faults.rules.append(rule)

    def run_on_terminal(self, *words):
        """Give a command on a terminal; what stands there then."""
        screen = FakeTerminal()
        http = mount_sandbox(self.faults, lambda: datetime.now(UTC))
        try:
            with http, redirect_stdout(screen), redirect_stderr(screen):
                app([*words, "--config", str(self.config)], standalone_mode=False)
        except SystemExit:
            pass
        finally:
            structlog.reset_defaults()
        return screen.getvalue()


@pytest.fixture
def cli(tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "4000")
    made = HostileStore(tmp_path)
    yield made
    made.sim.db.close()


def terminal_control_in(text):
    """Give the signs that a terminal would obey, and the lines that the shop added."""
    signs = [sign for sign in text if not sign.isprintable() and sign != "\n"]
    return signs + [line for line in text.split("\n") if line.strip().startswith("FORGED")]


def run_all_commands(cli, give):
    """Give every command, three times over: at first, with news, and with refusals."""
    said = {}
    for round_ in range(3):
        for words in COMMANDS:
            said[words, round_] = give(*words)
        cli.order_again()
        if round_ == 1:
            cli.refuse_writes(only="POST *", times=None)
    return said


def test_nothing_from_the_shop_is_obeyed_in_a_pipe(cli):
    """Whatever reads on, it reads lines that wcflow made, and JSON that is JSON."""
    ran = run_all_commands(cli, cli.run)
    said = {words: one.out + one.err for words, one in ran.items()}

    assert {} == {
        words: terminal_control_in(one) for words, one in said.items() if terminal_control_in(one)
    }
    for (words, _), one in ran.items():
        assert "--json" not in words or type(json.loads(one.out)) is dict
    everything = "".join(said.values())
    # It was there to be printed, as it stands.
    for each in (
        "[b]M[/b]",
        "[bold red]R[/bold red]",
        ":skull:",
        "FORGED 4",
        "<script>",
        "{{ 7 * 7 }}",
    ):
        assert each in everything
    assert "wcflow_page" not in everything


def test_nothing_from_the_shop_is_obeyed_on_a_terminal(cli):
    """Nor does it gain a colour: markup is shown as it was typed."""
    said = {
        words: COLOURS.sub("", one)
        for words, one in run_all_commands(cli, cli.run_on_terminal).items()
    }

    assert {} == {
        words: terminal_control_in(one) for words, one in said.items() if terminal_control_in(one)
    }
    everything = "".join(said.values())
    for each in (
        "[b]M[/b]",
        "[bold red]R[/bold red]",
        "[link=http://evil.example]L[/link]",
        ":skull:",
    ):
        assert each in everything


def test_json_is_the_value_and_only_shows(capsys):
    """Signs that a terminal obeys are escaped; who reads the JSON gets each of them."""
    value = {"name": HOSTILE, HOSTILE: [HOSTILE, "\U000e0001 \ud83d", "Größe \N{GRINNING FACE}"]}
    output.print_json(value)
    out = capsys.readouterr().out

    assert value == json.loads(out)
    assert [] == terminal_control_in(out)
    assert "Größe \N{GRINNING FACE}" in out


def test_an_error_is_a_line(capsys):
    """Also one that repeats what the shop says of itself."""
    report_error(SetupError(f"another shop: {HOSTILE}", f"look at {HOSTILE}"))
    said = capsys.readouterr().err

    assert [] == terminal_control_in(said)
    assert 2 == said.count("\n")


def test_a_question_only_asks(monkeypatch, cli):
    """What a person is asked to confirm may name the shop's own address."""
    asked = []
    monkeypatch.setattr("sys.stdin", FakeTerminal("y\n"))
    monkeypatch.setattr("typer.confirm", lambda text, **_: asked.append(text) or True)
    from wcflow.cli.options import confirm

    assert confirm(f"Is {HOSTILE} the shop?", yes=False)
    assert [] == terminal_control_in(asked[0])


def test_a_note_holds_no_markup_of_the_shop(cli):
    """WooCommerce keeps a note's HTML as it is sent, so what people typed is escaped."""
    assert 0 == cli.run("sync", "--approve").code
    number = cli.order_again()
    assert 0 == cli.run("sync").code
    notes = [note["note"] for note in cli.sandbox.notes(number) if "(ref " in note["note"]]

    assert notes
    assert [] == [note for note in notes if "<" in note or ">" in note]
    assert "&lt;script&gt;" in "".join(notes)
    assert "{{ 7 * 7 }}" in "".join(notes)


def test_the_mirror_gives_back_what_it_was_given(database):
    """Quotes, backslashes, percent signs and comments are values in every statement."""
    evil = HOSTILE.replace("\0", "")
    email = "anna'; drop table customer; --%s@example.com"
    kept = account(email=email, first_name=evil, last_name="%s %(x)s :name ?", meta={evil: evil})
    bought = order(7, number=evil, email=email, items=(item(name=evil, sku="'", meta={"'": evil}),))
    with database.transaction() as tx:
        save_customers(tx, evil, [kept])
        save_orders(tx, evil, [bought])
    with database.reading() as tx:
        assert {12: kept} == load_customers(tx, evil, [12])
        (found,) = load_orders_of_people(tx, evil, [], [email])
        assert bought == replace(found, history=())
        assert {} == load_orders(tx, "another", [7])


STATEMENTS = {
    "text",
    "execute",
    "exec_driver_sql",
    "literal_column",
    "executescript",
    "executemany",
}
"""What turns a text into SQL."""


def is_built_from_parts(node):
    """Say whether a text is put together where it stands: f"…", "…" % x, "…" + x, "…".format(x)."""
    match node:
        case ast.JoinedStr():
            values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            # A module's constants are no text from anywhere.
            return not all(isinstance(each, ast.Name) and each.id.isupper() for each in values)
        case ast.BinOp(op=ast.Mod() | ast.Add()):
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "replace")):
            return True
    return False


def statements(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in STATEMENTS and is_built_from_parts(node.args[0]):
                yield node


FIXED = {"PRAGMA", "CREATE TABLE"}
"""Statements that take no parameters; what is put into them stands beside them in the module."""


def test_no_statement_is_put_together_from_text():
    """SQL knows values only as parameters: no text with anything inserted becomes a statement."""
    folder = Path(wcflow.__file__).parent
    found = [
        f"{path.relative_to(folder)}: {ast.unparse(node)}"
        for path in sorted(folder.rglob("*.py"))
        for node in statements(ast.parse(path.read_text()))
    ]

    assert [] == [each for each in found if not any(f"'{word} " in each for word in FIXED)]


def test_the_search_for_statements_finds_them():
    tree = ast.parse(
        "tx.execute(text(f'DELETE FROM {name}'))\ntx.exec_driver_sql('a' + b)\ntext('x')"
    )

    assert 2 == len(list(statements(tree)))
