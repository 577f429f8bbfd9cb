"""What all commands have in common: help, version, usage errors and output."""

import json
import os
import re
import shlex
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path

import pytest

from tests.command_line import run_on_terminal, run_process, run_wcflow
from tests.toy_action import registered
from wcflow import __version__, cli
from wcflow.actions.registry import ACTIONS
from wcflow.cli import COMMAND_GROUPS, output
from wcflow.rules.attributes.registry import ATTRIBUTES
from wcflow.rules.triggers import TRIGGERS

ALL = {
    name: cli.CommandGroup().get_command(None, name)
    for names in COMMAND_GROUPS.values()
    for name in names
}
GROUPS = [name for name, command in ALL.items() if hasattr(command, "commands")]
COMMANDS = [name for name in ALL if name not in GROUPS]
MODULES = {file.stem for file in Path(cli.__file__).parent.glob("*.py")}


def test_help_lists_every_command():
    """There is one module per command."""
    commands = {
        name for name in MODULES if hasattr(import_module(f"wcflow.cli.{name}"), "register")
    }
    ran = run_wcflow("--help")
    listed = {line.split()[0] for line in ran.lines if line.startswith("  ") and line[2:3].strip()}
    assert {name.replace("_", "-") for name in commands} <= listed
    assert {*COMMANDS, *GROUPS} == {name.replace("_", "-") for name in commands}


def test_the_list_of_commands_has_the_first_sentence_of_each_help():
    listed = {name: text for names in COMMAND_GROUPS.values() for name, text in names.items()}
    own = {name: command.get_short_help_str(200) for name, command in ALL.items()}
    assert own == listed


@pytest.mark.parametrize("command", [*COMMANDS, *GROUPS])
def test_the_help_of_each_command_has_its_usage_and_a_sentence(command):
    ran = run_wcflow(command, "--help")
    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith(f"Usage: wcflow {command}")
    assert ran.lines[2].strip()[0].isupper()


@pytest.mark.parametrize(
    "command",
    [
        *COMMANDS,
        "alerts test",
        "webhook test",
        "outbox list",
        "outbox show",
        "outbox retry",
        "outbox cancel",
        "workflow list",
        "workflow run",
        "workflow runs",
        "workflow show",
        "workflow stop",
        "workflow pause",
        "workflow resume",
        "store rename",
        "recipes show",
        "recipes add",
    ],
)
def test_the_help_has_one_notation(command):
    """Names in capitals, [NAME] if it can be left out; within 80 columns."""
    ran = run_wcflow(*command.split(), "--help")
    assert [] == re.findall(r"[{}<>|]|\.\.\.|None", ran.out.replace("> ", ""))
    assert [] == [line for line in ran.lines if len(line) > 80]


def test_help_lists_the_exit_codes():
    ran = run_wcflow("--help")
    assert ["0", "1", "2", "75", "78", "130"] == [
        line.split()[0] for line in ran.lines if line.strip()[:1].isdigit()
    ]


def test_version_prints_the_name_and_the_version():
    assert (0, f"wcflow {__version__}\n", "") == run_wcflow("--version")


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["plan", "--nonsense"],
        ["plan", "--limit", "none"],
        ["explain"],
        ["reference", "nonsense"],
        ["reference", "--json", "--markdown"],
        ["outbox", "show", "x"],
    ],
)
def test_a_usage_error_exits_with_2_and_a_message_on_stderr(args):
    ran = run_wcflow(*args)
    assert (2, "", True) == (ran.code, ran.out, ran.err != "")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("old", "new"), [("accept", "approve"), ("kinds", "reference")])
def test_an_old_command_name_gets_the_new_one_in_the_message(old, new):
    ran = run_wcflow(old)
    assert (2, "") == (ran.code, ran.out)
    assert f"There is no command '{old}': it is now called '{new}'." in ran.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("plna", "Did you mean 'wcflow plan'?"),
        ("statsu --json", "Did you mean 'wcflow status'?"),
        ("validate", "Did you mean 'wcflow check'?"),
        ("xyzzy", "'wcflow help' lists them."),
        ("workflow rnu", "Did you mean 'run'?"),
        ("help plna", "Did you mean 'wcflow plan'?"),
        ("plan --stroe shop", "--store"),
    ],
)
def test_a_mistyped_command_or_option_gets_a_suggestion(typed, meant):
    ran = run_wcflow(*typed.split())
    assert (2, "") == (ran.code, ran.out)
    assert meant in ran.err


@pytest.mark.parametrize("words", [[], ["plan"], ["workflow"], ["workflow", "run"]])
def test_wcflow_help_prints_the_help_of_a_command(words):
    assert run_wcflow(*words, "--help") == run_wcflow("help", *words)


def test_v_prints_the_version():
    assert run_wcflow("--version") == run_wcflow("-V")


@pytest.mark.parametrize(
    "typed",
    [
        "sandbox --port 22222222",
        "sandbox --port -1",
        "sandbox --people 99999999999999999999999",
        "sandbox --seed 99999999999999999999999",
        "plan --limit 99999999999999999999999",
        "outbox list --limit 0",
        "outbox retry 99999999999999999999999",
        "outbox show 99999999999999999999999",
        "workflow show 99999999999999999999999",
    ],
)
def test_a_number_out_of_range_is_a_usage_error(typed):
    ran = run_wcflow(*typed.split())
    assert (2, "") == (ran.code, ran.out)


def test_commands_in_advice_have_the_path_of_a_wcflow_that_is_not_on_the_path(
    tmp_path, monkeypatch, capsys
):
    program = tmp_path / "my venv" / "wcflow"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(program)])
    output.program_name.cache_clear()

    output.print_error("it failed", "'wcflow plan' helps; wcflow is fine.")
    output.print_command("wcflow status --json")
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    output.program_name.cache_clear()
    output.print_command("wcflow status")
    output.program_name.cache_clear()

    shown = capsys.readouterr()
    assert f"What to do: ''{program}' plan' helps; wcflow is fine." in shown.err
    assert ["  '" + str(program) + "' status --json", "  wcflow status"] == shown.out.splitlines()


def test_wcflow_without_a_command_prints_the_help():
    ran = run_wcflow()
    assert 2 == ran.code
    assert "Getting started:" in ran.out + ran.err


# reference


def test_reference_lists_an_action_that_is_registered_later():
    def listed():
        steps = json.loads(run_wcflow("reference", "steps", "--json").out)["steps"]
        return [step["name"] for step in steps]

    with registered():
        assert "page" in listed()
    assert "page" not in listed()


def test_reference_lists_every_attribute_trigger_and_step():
    listed = json.loads(run_wcflow("reference", "--json").out)
    assert list(ATTRIBUTES) == [each["name"] for each in listed["attributes"]]
    assert list(TRIGGERS) == [each["name"] for each in listed["triggers"]]
    assert [*ACTIONS, "if"] == [each["name"] for each in listed["steps"]]


def test_reference_in_a_pipe_cuts_off_no_text():
    out = run_wcflow("reference", "attributes").out
    assert [] == [each.meaning for each in ATTRIBUTES.values() if each.meaning not in out]


def test_reference_as_markdown_has_tables():
    ran = run_wcflow("reference", "steps", "--markdown")
    rows = [line for line in ran.lines if line.startswith("|")]
    assert ["| step | meaning | example |", "|---|---|---|"] == rows[:2]
    assert len(ACTIONS) + 1 == len(rows) - 2


# Output


def test_control_characters_in_a_name_are_not_printed():
    """They could move the cursor of the terminal."""
    assert "Anna\N{REPLACEMENT CHARACTER}[31m" == output.printable("Anna\x1b[31m")


def test_plain_tables_are_aligned():
    rows = [["Anna", 5], ["Bartholomew", 1200]]
    assert [
        "name         orders",
        "Anna              5",
        "Bartholomew    1200",
    ] == output.format_table(["name", "orders"], rows)


def test_wide_letters_take_two_columns():
    assert ["name  id", "伊藤   1"] == output.format_table(["name", "id"], [["伊藤", 1]])


@pytest.mark.parametrize("emoji", ["👨\u200d👩\u200d👧\u200d👦", "🇩🇪", "👍🏽", "❤️"])
def test_joined_emoji_take_two_columns(emoji):
    assert ["name  id", f"{emoji}     1"] == output.format_table(["name", "id"], [[emoji, 1]])


def test_a_terminal_shows_joined_emoji_whole(monkeypatch, capsys):
    """In a table that is too wide, too."""
    family, flag = "👨\u200d👩\u200d👧\u200d👦", "🇩🇪"
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    output.print_table(["name", "text"], [[f"Anna {family}{flag}", f"{family} " * 30]])
    shown = capsys.readouterr().out
    assert (31, 1) == (shown.count(family), shown.count(flag))


@pytest.mark.parametrize("columns", [60, 81, 100])
def test_a_table_of_many_short_columns_loses_no_letter(monkeypatch, capsys, columns):
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    output.print_table(list("ABCDEFGH"), [[f"{each} abc {each}{each} xyz" for each in range(8)]])
    shown = capsys.readouterr().out
    assert [8, 8, 8] == [shown.count(each) for each in ("abc", "y", "z")]


def test_a_table_with_headings_wider_than_its_cells_loses_no_letter(monkeypatch, capsys):
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    output.print_table(
        [f"heading {each}" for each in range(4)] + ["last"], [[*"abcd", "the very end"]]
    )
    assert "end" in capsys.readouterr().out


def test_a_closed_pipe_causes_no_message():
    """For example ``wcflow reference | head -1``."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = run_process("reference", stdout=writing, stderr=subprocess.PIPE, capture_output=False)
    os.close(writing)
    assert ("", 141) == (ran.stderr, ran.returncode)


def test_output_to_a_full_disk_exits_with_75_and_a_sentence():
    with Path("/dev/full").open("w") as full:
        ran = run_process("reference", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert 75 == ran.returncode
    assert "no space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_terminal_gets_tables_and_a_pipe_plain_text():
    assert "─" in run_on_terminal("reference", "steps")
    assert "─" not in run_process("reference", "steps").stdout


@pytest.fixture
def short_folder():
    """A directory whose name leaves room for more on a line of 80 columns."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_no_line_is_wider_than_the_terminal(short_folder, columns):
    """On stdout and on stderr; a command that is too long continues after a backslash."""
    ini = short_folder / "wcflow.ini"
    keys = ("--key", f"ck_{'a1' * 20}", "--secret", f"cs_{'b2' * 20}")
    commands = [
        ("init", "--url", "https://shop.example", *keys, "--output", ini),
        ("check", "--config", ini),
        ("reference",),
        ("status", "--config", ini),
        ("check", "--config", short_folder / ("wcflow " * 12 + ".ini")),
    ]
    for words in commands:
        shown = run_on_terminal(*words, COLUMNS=columns, NO_COLOR="1")
        lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
        assert [] == [line for line in lines if len(line.rstrip()) > int(columns)]


@pytest.mark.parametrize(
    ("advice", "sentence"),
    [
        ("add --yes", "Add --yes."),
        ("Is the daemon running?", "Is the daemon running?"),
        ("Run: chmod 600 a", "Run: chmod 600 a"),
        ("run: chmod 600 a", "Run: chmod 600 a"),
    ],
)
def test_advice_is_a_sentence_or_a_command(capsys, advice, sentence):
    output.print_error("it failed", advice)


def test_a_long_command_can_be_copied(monkeypatch, capsys):
    """A shell reads the lines as the one command that they are."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    command = "wcflow explain anna@example.com --config /tmp/demo/wcflow.ini"
    output.print_command(command)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 40
    assert command.split() == shlex.split(shown.replace("\\\n", " "))


def test_a_terminal_gets_no_colours_if_no_color_is_set(tmp_path):
    args = ("check", "--config", tmp_path / "missing.ini")
    coloured, plain = run_on_terminal(*args), run_on_terminal(*args, NO_COLOR="1")
    assert "\x1b[31m" in coloured or "\x1b[1;31m" in coloured
    assert "\x1b[31m" not in plain
    assert "\x1b[1;31m" not in plain
