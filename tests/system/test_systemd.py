"""The unit file passes the checks of systemd-analyze."""

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
MAX_EXPOSURE = 1.5


@pytest.fixture(scope="module")
def analyze():
    """A function that runs systemd-analyze; the test is skipped if that is missing."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        why = "no systemd-analyze: install Debian's package systemd"
        if os.environ.get("WCFLOW_REQUIRE_SYSTEMD") == "1":
            pytest.fail(f"{why} (WCFLOW_REQUIRE_SYSTEMD=1)")
        pytest.skip(why)

    def run(*args):
        ran = subprocess.run([tool, *map(str, args)], capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout, ran.stderr

    return run


@pytest.fixture(scope="module")
def unit():
    """The sections and keys of the unit; a key that occurs twice has both values."""

    class MultiDict(dict):
        def __setitem__(self, key, value):
            before = self.get(key)
            both = isinstance(before, list) and isinstance(value, list)
            super().__setitem__(key, before + value if both else value)

    reader = configparser.RawConfigParser(strict=False, dict_type=MultiDict, delimiters=("=",))
    reader.optionxform = str
    reader.read(UNIT)
    return {name: dict(reader[name]) for name in reader.sections()}


def test_systemd_reports_no_problem_in_the_unit(analyze, tmp_path):
    """Another program takes the place of wcflow, which is not installed here."""
    text = UNIT.read_text()
    assert COMMAND in text
    installed = tmp_path / UNIT.name
    installed.write_text(text.replace(COMMAND, sys.executable))

    assert (0, "", "") == analyze("verify", "--man=no", installed)


def test_systemd_reports_no_problem_in_the_unit_that_tells_of_a_failure(analyze, tmp_path):
    """With the line that its comment tells an admin to add to the service."""
    failed = UNIT.with_name("wcflow-failed@.service")
    (line,) = re.findall(r"^#     (OnFailure=.*)$", failed.read_text(), re.MULTILINE)
    (tmp_path / failed.name).write_text(failed.read_text())
    installed = tmp_path / UNIT.name
    text = UNIT.read_text().replace(COMMAND, sys.executable)
    installed.write_text(text.replace("[Unit]\n", f"[Unit]\n{line}\n", 1))

    assert (0, "", "") == analyze("verify", "--man=no", installed, tmp_path / failed.name)


def test_the_unit_that_tells_of_a_failure_calls_the_check(tmp_path):
    """The command itself, with the file that systemd would hand it."""
    failed = UNIT.with_name("wcflow-failed@.service").read_text()
    (command,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", failed, re.MULTILINE)
    (tmp_path / "ping_url").write_text("http://127.0.0.1:9/check\n")
    (tmp_path / "curl").write_text('#!/bin/sh\ncat\necho "$@"\n')
    (tmp_path / "curl").chmod(0o755)
    for name, value in (("$$", "$"), ("%i", "wcflow.service"), ("%H", "web1")):
        command = command.replace(name, value)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    ran = subprocess.run(
        ["/bin/sh", "-c", command], env=env, capture_output=True, text=True, check=True
    )

    config, arguments = ran.stdout.splitlines()
    assert "url = http://127.0.0.1:9/check/fail" == config
    assert "--data-raw wcflow.service has failed on web1" in arguments


def test_the_exposure_of_the_service_is_low(analyze):
    """By systemd's own measure it is below 1.5 of 10."""
    _, out, _ = analyze("security", "--offline=true", "--no-pager", UNIT)
    exposure = float(re.search(r"exposure level for wcflow\.service: ([\d.]+)", out)[1])

    assert exposure < MAX_EXPOSURE


def test_the_unit_explains_exactly_the_settings_that_systemd_criticizes(analyze):
    _, out, _ = analyze("security", "--offline=true", "--no-pager", UNIT)
    marked = {line.split()[1] for line in out.splitlines() if line.startswith("\u2717")}
    _, _, comments = UNIT.read_text().partition("# --- What stays open")
    explained = re.findall(r"^# (\S+=\S*)\n#     \S", comments, re.MULTILINE)

    assert marked == set(explained)
    assert len(marked) == len(explained)


def test_the_unit_uses_notification_credentials_and_no_restart_after_78(unit):
    """The service does not run as root."""
    service = unit["Service"]
    expected = {
        "Type": "notify",
        "ExecStart": f"{COMMAND} run --config /etc/wcflow/wcflow.ini",
        "DynamicUser": "yes",
        "StateDirectory": "wcflow",
        "Restart": "on-failure",
        "RestartPreventExitStatus": str(BAD_CONFIG),
    }

    assert expected == {key: service[key] for key in expected}
    assert service["ExecReload"].split("\n") == [
        "/bin/sh -c 'kill -HUP $MAINPID'",
        f"{COMMAND} check --quiet --config /etc/wcflow/wcflow.ini",
    ]
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
