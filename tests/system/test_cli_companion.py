"""wcflow companion: the plugin as a zip for WordPress, and its state."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import CommandLine, run_wcflow
from wcflow import __version__
from wcflow.config.companion_plugin import plugin_files, plugin_zip, version_words
from wcflow.database.companion import OTHER_DATABASE, push_everyone, save_companion, save_pushed
from wcflow.database.sql import stamp
from wcflow.database.stores import save_store

ROOT = Path(__file__).parents[2]
MAIN = "wcflow-companion/wcflow-companion.php"


@pytest.fixture(scope="module")
def files():
    found = plugin_files()
    assert found, "the plugin is in wcflow/companion/"
    return found


# The files


def test_the_plugin_has_the_version_of_wcflow_in_each_place(files):
    main = files[MAIN].decode()
    readme = files["wcflow-companion/readme.txt"].decode()

    header = re.search(r"^ \* Version:\s+(\S+)$", main, re.MULTILINE)[1]
    constant = re.search(r"define\( 'WCFLOW_COMPANION_VERSION', '(.+?)' \)", main)[1]
    stable = re.search(r"^Stable tag: (\S+)$", readme, re.MULTILINE)[1]
    assert [__version__] * 3 == [header, constant, stable]


def test_the_zip_is_always_the_same_and_has_one_folder(files):
    content = plugin_zip()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert files == {name: archive.read(name) for name in names}

    assert content == plugin_zip()
    assert names == sorted(names)
    assert {"wcflow-companion"} == {name.partition("/")[0] for name in names}
    assert {MAIN, "wcflow-companion/uninstall.php"} <= set(names)
    assert not [name for name in names if re.search(r"/\.|~$|\.orig$|\.py", name)]


def test_the_wheel_contains_the_plugin(files, tmp_path):
    if not os.environ.get("CI"):
        pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert {f"wcflow/companion/{name}" for name in files} <= names


# export


def test_export_writes_the_zip_where_it_is_wanted(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for words in ((), ("folder",), ("other.zip",)):
        result = run_wcflow("companion", "export", *words)
        assert (0, "") == (result.code, result.err)

    for name in ("wcflow-companion.zip", "folder/wcflow-companion.zip", "other.zip"):
        assert plugin_zip() == (tmp_path / name).read_bytes()
    assert f"Wrote the companion plugin {__version__} to other.zip" in result.out
    assert "Upload Plugin" in result.out


def test_export_says_why_it_cannot_write(files, tmp_path):
    result = run_wcflow("companion", "export", tmp_path / "missing" / "x.zip")

    assert 1 == result.code
    assert "cannot write" in result.err
    assert "no such file or directory" in result.err


# status


@pytest.fixture
def line(tmp_path):
    return CommandLine(tmp_path)


def find_plugin(line, **columns):
    """Let the database know of the plugin, as after some passes."""
    with line.sim.db.transaction() as tx:
        save_store(tx, "shop", has_companion=True)
        push_everyone(tx, "shop")
        known = {"version": __version__, "pushed_at": stamp(line.sim.now), "queued_up_to": None}
        save_companion(tx, "shop", **known | columns)


def test_status_says_that_the_store_does_not_have_the_plugin(line):
    line.sim.run_pass()
    result = line.run("companion", "status")

    assert 1 == result.code
    assert "does not have the companion plugin" in result.out
    assert "wcflow companion export" in result.out


def test_status_says_when_the_plugin_was_last_updated(line):
    line.sim.run_pass()
    find_plugin(line)
    result = line.run("companion", "status")

    assert 0 == result.code, result.out
    assert f"Plugin {__version__}, wcflow {__version__}" in result.out
    assert "Last update:" in result.out


def test_status_names_problems_and_what_to_do(line):
    line.sim.run_pass()
    find_plugin(line, version="0.0.1", problem="the plugin answered HTTP 500")
    result = line.run("companion", "status")
    found = json.loads(line.run("companion", "status", "--json").out)

    assert 1 == result.code
    assert f"The companion plugin 0.0.1 is older than wcflow {__version__}." in result.out
    assert "HTTP 500" in result.out
    assert 2 == len(found[0]["problems"])


def test_status_and_doctor_name_another_database_and_invented_addresses(line):
    settings = line.sandbox.state.settings
    line.sandbox.state.settings = replace(settings, plugins=frozenset({"companion"}))
    line.sim.run_pass()
    find_plugin(line, other_seen_at=stamp(line.sim.now), dropped_emails=1)
    result = line.run("companion", "status")

    assert 1 == result.code
    text = " ".join(result.out.split())
    assert "Another wcflow database updates the companion plugin too" in text
    assert "The companion plugin ignored 1 e-mail address from the checkout" in text
    found = json.loads(line.run("doctor", "--json").out)["stores"]["shop"]
    (about,) = [each for each in found if each["name"] == "companion plugin"]
    assert ("warning", OTHER_DATABASE) == (about["level"], about["message"])


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (__version__, ""),
        ("", ""),
        ("0.0.9", "older"),
        ("0.0.9.1", "older"),
        ("99.0", "newer"),
        ("10.2.3", "newer"),
    ],
)
def test_versions_are_compared_by_their_numbers(version, said):
    assert said in version_words(version)[0]
    assert bool(said) == bool(version_words(version)[0])


@pytest.mark.parametrize(
    ("version", "level", "said"),
    [
        ("0.0.1", "warning", "is older than wcflow"),
        ("99.1", "warning", "is newer than wcflow"),
        (__version__, "ok", f"the companion plugin {__version__}"),
    ],
)
def test_doctor_compares_the_plugin_with_wcflow(line, version, level, said):
    settings = line.sandbox.state.settings
    line.sandbox.state.settings = replace(settings, plugins=frozenset({"companion"}))
    line.sim.run_pass()
    find_plugin(line, version=version)
    found = json.loads(line.run("doctor", "--json").out)["stores"]["shop"]

    messages = [each for each in found if said in each["message"]]
    assert [level] == [each["level"] for each in messages]


def test_wcflow_status_says_why_the_plugin_is_not_up_to_date(line):
    line.sim.run_pass()
    find_plugin(line, problem="it answers with HTTP 500", problem_since=stamp(line.sim.now))
    with line.sim.db.transaction() as tx:
        save_pushed(tx, "shop", {1: "digest"}, [1], [])
    result = line.run("status")

    assert 1 == result.code
    text = " ".join(result.out.split())
    assert "the companion plugin cannot be updated: it answers with HTTP 500" in text
    assert "the companion plugin does not show 1 customer (the log says why)" in text


def test_doctor_says_that_tracking_needs_the_plugin(tmp_path):
    smtp = "[smtp]\nhost = localhost\nencryption = none\nfrom = a@shop.example\ntrack = clicks\n"
    line = CommandLine(tmp_path, smtp)
    line.sim.run_pass()
    found = json.loads(line.run("doctor", "--json").out)["stores"]["shop"]

    (about,) = [each for each in found if each["name"] == "companion plugin"]
    assert ("warning", True) == (about["level"], "is not counted" in about["message"])
