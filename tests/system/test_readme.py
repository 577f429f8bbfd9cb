"""The tables, INI examples and commands of the README are correct."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wcflow.cli import CommandGroup, app
from wcflow.config.load import load_config
from wcflow.sandbox.auth import ADMIN

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def run(*args):
    return CliRunner().invoke(app, list(args))


def commands():
    """Return every ``wcflow …`` in the README."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    found = re.findall(r"`(wcflow [^`\n]+)`", README)
    found += re.findall(r"^(wcflow [^#\n]+)", blocks, re.MULTILINE)
    return sorted({text.strip() for text in found})


def test_the_reference_tables_are_those_of_wcflow_reference():
    printed = run("reference", "--markdown").stdout.strip()
    found = re.search(r"<!-- kinds -->\n(.*?)\n<!-- /kinds -->", README, re.DOTALL)
    assert found is not None
    assert printed == found[1].strip()


def test_the_table_of_recipes_is_that_of_wcflow_recipes():
    found = re.search(r"<!-- recipes -->\n(.*?)\n<!-- /recipes -->", README, re.DOTALL)
    assert found is not None
    assert run("recipes", "--markdown").stdout.strip() == found[1].strip()


def test_the_ini_examples_of_the_readme_load(tmp_path):
    store = (
        f"[store shop]\nurl = https://shop.example\nconsumer_key = {ADMIN.consumer_key}\n"
        f"consumer_secret = {ADMIN.consumer_secret}\nconsent_meta = newsletter\n"
        "birthday_meta = birthday\n"
    )
    smtp = "[smtp]\nhost = localhost\nencryption = none\nfrom = shop@shop.example\n"
    for number, text in enumerate(re.findall(r"```ini\n(.*?)```", README, re.DOTALL)):
        file = tmp_path / f"{number}.ini"
        file.write_text(store + ("" if "[smtp]" in text else smtp) + text)
        file.chmod(0o600)
        variables = dict.fromkeys(re.findall(r"\$(\w+)", text), "json://localhost/{phone}")
        config = load_config(file, variables, read=_read_or_make_up)
        assert [] == [str(each) for each in config.warnings]


def _read_or_make_up(path):
    """Return a file's contents, or what a file that an example names could contain."""
    if path.exists():
        return path.read_bytes()
    return b"imaps://shop:secret@mail.example" if path.name == "imap_url" else b"CODE-1"


def test_the_example_of_a_mistake_has_the_current_message(tmp_path):
    example = re.search(r"^(wcflow\.ini:31: .*)$", README, re.MULTILINE)
    file = tmp_path / "wcflow.ini"
    file.write_text("\n" * 29 + "[segment VIP]\nwhen = totl_spent > 1000\n")
    with pytest.raises(Exception, match="totl_spent") as caught:
        load_config(file, {}, need_store=False)
    assert example is not None
    assert example[1] == str(caught.value).splitlines()[0].removeprefix(f"{tmp_path}/")


@pytest.mark.parametrize("command", commands())
def test_each_command_of_the_readme_exists(command):
    """So do its options."""
    args = shlex.split(re.sub(r"\[[A-Z]+\]", "", command))[1:]
    plain = [word for word in args if not word.startswith("-")]
    has_verbs = plain and hasattr(CommandGroup().get_command(None, plain[0]), "commands")
    path = plain[:2] if has_verbs else plain[:1]
    shown = run(*path, "--help")
    assert 0 == shown.exit_code
    for option in (word for word in args if word.startswith("--")):
        assert option in shown.stdout


def test_the_messages_of_the_troubleshooting_table_are_in_the_code():
    table = README.partition("| what you see |")[2].partition("\n\n")[0]
    sentences = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    source = "".join(file.read_text() for file in (ROOT / "wcflow" / "store").glob("*.py"))
    assert sentences
    assert [] == [each for each in sentences if each.rstrip(" …") not in source]


def test_the_unit_runs_what_the_readme_installs():
    unit = (ROOT / "systemd" / "wcflow.service").read_text()
    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert "/opt/wcflow/bin/wcflow run --config /etc/wcflow/wcflow.ini" == start
    assert "python3 -m venv /opt/wcflow\n" in README
    assert "--output /etc/wcflow/wcflow.ini" in README


def test_every_file_that_the_readme_names_exists():
    named = re.findall(r"`((?:wcflow|tests|config|systemd)/[\w./-]*)`", README)
    assert len(named) > 20
    assert [] == [each for each in named if not (ROOT / each).exists()]
