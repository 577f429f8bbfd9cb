"""Text from the store stays text: on a terminal, in a pipe, in JSON, in notes and in SQL.

Names, notes and error messages come from customers, admins and plugins, and wcflow prints them. They
must not move the cursor, make a link, reverse or add a line, set a colour, or become part of a
statement.
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
    "\x1b[2J\x1b[1;1H\x9b2J\x07\x08\r"  # clear, home, the same in one character, bell, backspace
    "\u202egnihton\u2066\u200f"  # right to left
    "\nFORGED 1 [31m\u2028FORGED 2\x0bFORGED 3\x85FORGED 4"  # extra lines
    "[b]M[/b] [bold red]R[/bold red] [link=http://evil.example]L[/link] :skull: "  # rich's markup
    "<script>alert(1)</script> {{ 7 * 7 }} {% for %} %s %(x)s {0.__class__} $HOME `id`"
    "'; DROP TABLE customer; -- \" \\ \u0000"
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""The only control sequences that rich sends to a terminal without progress bars."""
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
    ("customer", "list"),
    ("customer", "list", "--json"),
    ("outbox", "list"),
    ("outbox", "list", "--json"),
    ("outbox", "show", "1"),
    ("outbox", "show", "1", "--json"),
    ("workflow", "list"),
    ("workflow", "run", "thanks", "--yes"),
    ("check-database",),
)


class FakeTerminal(io.StringIO):
    """A terminal that records its output."""

    def isatty(self):
        return True


class HostileStore(CommandLine):
    """A command line for a store in which every text is hostile."""

    def __init__(self, folder):
        super().__init__(folder, RULES, name=f"Shop {HOSTILE}")
        self.sandbox.edit_product(self.sim.product, now=self.sim.now, name=f"Wallet {HOSTILE}")
        names = {"first_name": f"Anna {HOSTILE}", "last_name": f"Schmidt {HOSTILE}"}
        billing = names | {"city": f"Town {HOSTILE}", "company": HOSTILE, "address_1": HOSTILE}
        self.anna = self.sim.register(
            "anna@example.com", days_ago=90, meta={"note": HOSTILE}, billing=billing, **names
        )
        number = self.sim.place_order(
            customer=self.anna,
            days_ago=30,
            billing=billing,
            number=f"7 {HOSTILE}",
            customer_note=HOSTILE,
            payment_method=HOSTILE,
        )
        self.name_products()
        self.sandbox.edit_order_meta(number, "gift", HOSTILE, now=self.sim.now)

    def name_products(self):
        for each in self.sandbox.state.orders.values():
            for line in each.items:
                line.name = f"Wallet {HOSTILE}"

    def order_again(self):
        self.sim.now = datetime.now(UTC)
        number = self.sim.place_order(customer=self.anna, billing={"first_name": f"Anna {HOSTILE}"})
        self.name_products()
        return number

    def reject_writes(self, **counts):
        """Reject writes with a hostile error message."""
        body = json.dumps(
            {"code": f"no {HOSTILE}", "message": f"No {HOSTILE}", "data": {"status": 400}}
        )
        rule = FaultRule(
            lambda _request, now, _next: text_response(body, now, status=400), **counts
        )
        self.faults.rules.append(rule)

    def run_on_terminal(self, *words):
        """Run a command on a terminal and return its output."""
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
    hostile = HostileStore(tmp_path)
    yield hostile
    hostile.sim.db.close()


def terminal_control_in(text):
    """Return the control characters, and the lines that text of the store added."""
    controls = [each for each in text if not each.isprintable() and each != "\n"]
    return controls + [line for line in text.split("\n") if line.strip().startswith("FORGED")]


def run_all_commands(cli, run):
    """Run every command three times: at first, with a new order, and with rejected writes."""
    outputs = {}
    for run_number in range(3):
        for words in COMMANDS:
            outputs[words, run_number] = run(*words)
        cli.order_again()
        if run_number == 1:
            cli.reject_writes(only="POST *", times=None)
    return outputs


def test_text_from_the_store_does_not_control_a_pipe(cli):
    """Another program reads only lines of wcflow and valid JSON."""
    results = run_all_commands(cli, cli.run)
    texts = {words: result.out + result.err for words, result in results.items()}

    assert {} == {
        words: terminal_control_in(text)
        for words, text in texts.items()
        if terminal_control_in(text)
    }
    for (words, _), result in results.items():
        assert "--json" not in words or type(json.loads(result.out)) is dict
    everything = "".join(texts.values())
    # The text itself is printed unchanged.
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


def test_text_from_the_store_does_not_control_a_terminal(cli):
    """Markup in it is shown as it was typed, without colours."""
    texts = {
        words: COLOURS.sub("", shown)
        for words, shown in run_all_commands(cli, cli.run_on_terminal).items()
    }

    assert {} == {
        words: terminal_control_in(text)
        for words, text in texts.items()
        if terminal_control_in(text)
    }
    everything = "".join(texts.values())
    for each in (
        "[b]M[/b]",
        "[bold red]R[/bold red]",
        "[link=http://evil.example]L[/link]",
        ":skull:",
    ):
        assert each in everything


def test_json_has_the_whole_value_without_control_characters(capsys):
    """They are escaped, so a JSON parser returns all of them."""
    value = {"name": HOSTILE, HOSTILE: [HOSTILE, "\U000e0001 \ud83d", "Größe \N{GRINNING FACE}"]}
    output.print_json(value)
    out = capsys.readouterr().out

    assert value == json.loads(out)
    assert [] == terminal_control_in(out)
    assert "Größe \N{GRINNING FACE}" in out


def test_an_error_with_text_from_the_store_has_one_line(capsys):
    """Its advice has another line."""
    report_error(SetupError(f"another store: {HOSTILE}", f"look at {HOSTILE}"))
    shown = capsys.readouterr().err

    assert [] == terminal_control_in(shown)
    assert 2 == shown.count("\n")


def test_text_from_the_store_does_not_control_a_question(monkeypatch, cli):
    """A question can contain the address that the store reports."""
    questions = []
    monkeypatch.setattr("sys.stdin", FakeTerminal("y\n"))
    monkeypatch.setattr("typer.confirm", lambda text, **_: questions.append(text) or True)
    from wcflow.cli.options import confirm

    assert confirm(f"Is {HOSTILE} the store?", yes=False)
    assert [] == terminal_control_in(questions[0])


def test_a_note_contains_no_markup_from_the_store(cli):
    """WooCommerce saves the HTML of a note as it is sent, so text from people is escaped."""
    assert 0 == cli.run("sync", "--approve").code
    number = cli.order_again()
    assert 0 == cli.run("sync").code
    notes = [note["note"] for note in cli.sandbox.notes(number) if "(ref " in note["note"]]

    assert notes
    assert [] == [note for note in notes if "<" in note or ">" in note]
    assert "&lt;script&gt;" in "".join(notes)
    assert "{{ 7 * 7 }}" in "".join(notes)


def test_hostile_text_is_loaded_from_the_database_as_it_was_saved(database):
    """Quotes, backslashes, percent signs and comments are values in every statement."""
    hostile = HOSTILE.replace("\0", "")
    email = "anna'; drop table customer; --%s@example.com"
    customer = account(
        email=email, first_name=hostile, last_name="%s %(x)s :name ?", meta={hostile: hostile}
    )
    bought = order(
        7, number=hostile, email=email, items=(item(name=hostile, sku="'", meta={"'": hostile}),)
    )
    with database.transaction() as tx:
        save_customers(tx, hostile, [customer])
        save_orders(tx, hostile, [bought])
    with database.reading() as tx:
        assert {12: customer} == load_customers(tx, hostile, [12])
        (found,) = load_orders_of_people(tx, hostile, [], [email])
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
"""The functions that turn a text into SQL."""


def is_built_from_parts(node):
    """Return whether a text is built from parts: f"…", "…" % x, "…" + x, "…".format(x)."""
    match node:
        case ast.JoinedStr():
            values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            # A module's constants are safe.
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
"""Statements that take no parameters; only text of the same module is inserted."""


def test_no_statement_is_built_from_text():
    """Values are always passed as parameters."""
    folder = Path(wcflow.__file__).parent
    found = [
        f"{path.relative_to(folder)}: {ast.unparse(node)}"
        for path in sorted(folder.rglob("*.py"))
        for node in statements(ast.parse(path.read_text()))
    ]

    assert [] == [each for each in found if not any(f"'{word} " in each for word in FIXED)]


def test_the_search_finds_statements_built_from_text():
    tree = ast.parse(
        "tx.execute(text(f'DELETE FROM {name}'))\ntx.exec_driver_sql('a' + b)\ntext('x')"
    )

    assert 2 == len(list(statements(tree)))
