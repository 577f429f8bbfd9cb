"""Laws of the unit file, as systemd itself judges it."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wcflow.errors import BAD_CONFIG

UNIT = Path(__file__).parents[2] / "systemd" / "wcflow.service"
COMMAND = "/opt/wcflow/bin/wcflow"
EXPOSED_BELOW = 1.5


@pytest.fixture(scope="module")
def analyze():
    """The tool, asked about a unit file; skipped with the reason where it is missing."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        why = "no systemd-analyze: install Debian's package systemd"
        if os.environ.get("WCFLOW_REQUIRE_SYSTEMD") == "1":
            pytest.fail(f"{why} (WCFLOW_REQUIRE_SYSTEMD=1)")
        pytest.skip(why)

    def ask(*words):
        said = subprocess.run([tool, *map(str, words)], capture_output=True, text=True, check=False)
        return said.returncode, said.stdout, said.stderr

    return ask


@pytest.fixture(scope="module")
def unit():
    """The unit's sections and keys; one that stands twice has all its values."""

    class Several(dict):
        def __setitem__(self, key, value):
            before = self.get(key)
            both = isinstance(before, list) and isinstance(value, list)
            super().__setitem__(key, before + value if both else value)

    reader = configparser.RawConfigParser(strict=False, dict_type=Several, delimiters=("=",))
    reader.optionxform = str
    reader.read(UNIT)
    return {name: dict(reader[name]) for name in reader.sections()}


def test_unit_is_sound_where_wcflow_is_installed(analyze, tmp_path):
    """With a program in the place of wcflow's, systemd has nothing to say about the unit."""
    text = UNIT.read_text()
    assert COMMAND in text
    installed = tmp_path / UNIT.name
    installed.write_text(text.replace(COMMAND, sys.executable))

    assert (0, "", "") == analyze("verify", "--man=no", installed)


def test_unit_keeps_the_service_from_all_that_it_does_not_need(analyze):
    """systemd's own measure of exposure is below 1.5 of 10."""
    _, out, _ = analyze("security", "--offline=true", "--no-pager", UNIT)
    exposure = float(re.search(r"exposure level for wcflow\.service: ([\d.]+)", out)[1])

    assert exposure < EXPOSED_BELOW


def test_unit_gives_a_reason_for_each_thing_that_it_leaves_open(analyze):
    """What systemd still marks stands in a comment of the unit, and nothing else stands there."""
    _, out, _ = analyze("security", "--offline=true", "--no-pager", UNIT)
    marked = {line.split()[1] for line in out.splitlines() if line.startswith("\u2717")}
    _, _, open_things = UNIT.read_text().partition("# --- What stays open")
    explained = re.findall(r"^# (\S+=\S*)\n#     \S", open_things, re.MULTILINE)

    assert marked == set(explained)
    assert len(marked) == len(explained)


def test_unit_says_what_the_daemon_does(unit):
    """Ready and alive by notification, no root, keys by credential, no restart after 78."""
    service = unit["Service"]
    expected = {
        "Type": "notify",
        "ExecStart": f"{COMMAND} run --config /etc/wcflow/wcflow.ini",
        "ExecReload": "/bin/kill -HUP $MAINPID",
        "DynamicUser": "yes",
        "StateDirectory": "wcflow",
        "Restart": "on-failure",
        "RestartPreventExitStatus": str(BAD_CONFIG),
    }

    assert expected == {key: service[key] for key in expected}
    assert service["LoadCredential"].split("\n") == [
        "consumer_key:/etc/wcflow/consumer_key",
        "consumer_secret:/etc/wcflow/consumer_secret",
    ]
    assert "WatchdogSec" in service


def test_unit_waits_until_the_clock_is_set(unit):
    """A machine without a battery for its clock boots with an old time."""
    assert "time-sync.target" in unit["Unit"]["After"].split()
    wanted = " ".join(unit["Unit"]["Wants"].split("\n")).split()
    assert {"network-online.target", "time-sync.target"} <= set(wanted)
