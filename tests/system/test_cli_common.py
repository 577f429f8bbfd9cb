"""Laws of the frame of all commands: help, versions, usage errors, what goes where."""

import json
import os
import subprocess
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

GROUPS = ["outbox", "workflow"]
COMMANDS = [name for names in COMMAND_GROUPS.values() for name in names if name not in GROUPS]
MODULES = {file.stem for file in Path(cli.__file__).parent.glob("*.py")}


def test_help_lists_every_command():
    """What can be registered stands in the help, under a heading, and nothing else."""
    commands = {
        name for name in MODULES if hasattr(import_module(f"wcflow.cli.{name}"), "register")
    }
    ran = run_wcflow("--help")
    listed = {line.split()[0] for line in ran.lines if line.startswith("  ") and line[2:3].strip()}
    assert {name.replace("_", "-") for name in commands} <= listed
    assert {*COMMANDS, *GROUPS} == {name.replace("_", "-") for name in commands}


def test_the_list_says_of_each_command_what_its_own_help_begins_with():
    commands = cli.CommandGroup()
    listed = {name: told for names in COMMAND_GROUPS.values() for name, told in names.items()}
    own = {name: commands.get_command(None, name).get_short_help_str(200) for name in listed}
    assert own == listed


@pytest.mark.parametrize("command", [*COMMANDS, *GROUPS])
def test_each_command_explains_itself(command):
    """--help ends with 0, names the command and says in a sentence what it does."""
    ran = run_wcflow(command, "--help")
    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith(f"Usage: wcflow {command}")
    assert ran.lines[2].strip()[0].isupper()


def test_help_tells_the_exit_codes():
    ran = run_wcflow("--help")
    assert ["0", "1", "2", "75", "78", "130"] == [
        line.split()[0] for line in ran.lines if line.strip()[:1].isdigit()
    ]


def test_version():
    assert (0, f"wcflow {__version__}\n", "") == run_wcflow("--version")


@pytest.mark.parametrize(
    "words",
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
def test_what_is_not_understood_ends_with_2(words):
    """Usage errors are one short text on stderr."""
    ran = run_wcflow(*words)
    assert (2, "") == (ran.code, ran.out)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("old", "new"), [("accept", "approve"), ("kinds", "reference")])
def test_an_old_command_name_is_answered_with_the_new_one(old, new):
    ran = run_wcflow(old)
    assert (2, "") == (ran.code, ran.out)
    assert f"There is no command '{old}': it is now called '{new}'." in ran.err


def test_nothing_asked_is_answered_with_help():
    ran = run_wcflow()
    assert 2 == ran.code
    assert "Getting started:" in ran.out + ran.err


# kinds


def test_reference_follows_the_registry_after_its_import():
    def listed():
        steps = json.loads(run_wcflow("reference", "steps", "--json").out)["steps"]
        return [step["name"] for step in steps]

    with registered():
        assert "page" in listed()
    assert "page" not in listed()


def test_kinds_show_every_entry_of_the_registries():
    """A new attribute, trigger or step is listed the day it is born."""
    told = json.loads(run_wcflow("reference", "--json").out)
    assert list(ATTRIBUTES) == [each["name"] for each in told["attributes"]]
    assert list(TRIGGERS) == [each["name"] for each in told["triggers"]]
    assert list(ACTIONS) == [each["name"] for each in told["steps"]]


def test_kinds_in_a_pipe_are_whole():
    """No meaning is cut off where nobody looks at a terminal."""
    out = run_wcflow("reference", "attributes").out
    assert [] == [each.meaning for each in ATTRIBUTES.values() if each.meaning not in out]


def test_kinds_in_markdown_are_tables():
    ran = run_wcflow("reference", "steps", "--markdown")
    rows = [line for line in ran.lines if line.startswith("|")]
    assert ["| step | meaning | example |", "|---|---|---|"] == rows[:2]
    assert len(ACTIONS) == len(rows) - 2


# What is printed where


def test_a_name_cannot_move_the_cursor():
    """Control characters of what people typed at the shop do not reach the terminal."""
    assert "Anna\N{REPLACEMENT CHARACTER}[31m" == output.printable("Anna\x1b[31m")


def test_plain_tables_stand_aligned_and_whole():
    rows = [["Anna", 5], ["Bartholomew", 1200]]
    assert [
        "name         orders",
        "Anna              5",
        "Bartholomew    1200",
    ] == output.format_table(["name", "orders"], rows)


def test_wide_letters_take_two_columns():
    assert ["name  id", "伊藤   1"] == output.format_table(["name", "id"], [["伊藤", 1]])


def test_a_closed_pipe_is_no_error():
    """Where the reader has left, as with ``wcflow reference | head -1``, nothing is complained of."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = run_process("reference", stdout=writing, stderr=subprocess.PIPE, capture_output=False)
    os.close(writing)
    assert ("", 141) == (ran.stderr, ran.returncode)


def test_a_full_disk_under_the_output_is_told():
    """Writing to a full device ends with 75 and one sentence."""
    with Path("/dev/full").open("w") as full:
        ran = run_process("reference", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert 75 == ran.returncode
    assert "no space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_terminal_gets_tables_and_a_pipe_plain_text():
    """Rules are drawn where a person looks, and nowhere else."""
    drawn = run_on_terminal("reference", "steps")
    assert "─" in drawn
    assert "─" not in run_process("reference", "steps").stdout


def test_no_color_is_respected(tmp_path):
    """With NO_COLOR set, a terminal gets no colours."""
    words = ("check", "--config", tmp_path / "missing.ini")
    coloured, plain = run_on_terminal(*words), run_on_terminal(*words, NO_COLOR="1")
    assert "\x1b[31m" in coloured or "\x1b[1;31m" in coloured
    assert "\x1b[31m" not in plain
    assert "\x1b[1;31m" not in plain
