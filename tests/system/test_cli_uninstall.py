"""``wcflow uninstall``: it removes what the README installs, and nothing else."""

import os
import sys

import pytest

from tests.command_line import run_wcflow
from wcflow.cli import uninstall
from wcflow.database.sqlite_files import single_instance

INI = "[store shop]\nurl = https://shop.example\n"
FAKE_SYSTEMCTL = """#!/bin/sh
echo "$@" >> {log}
case "$*" in *{failing}*) echo "Job failed." >&2; exit 1;; esac
"""


class Machine:
    """A directory with what the README installs, and a systemctl that only writes down its calls."""

    def __init__(self, root, monkeypatch):
        self.root, self.log = root / "root", root / "systemctl.log"
        self.write("etc/systemd/system/wcflow.service", "[Service]")
        self.write("etc/systemd/system/wcflow.service.d/override.conf", "[Service]")
        self.write("etc/wcflow/wcflow.ini", INI)
        self.write("etc/systemd/system/wcflow-failed@.service", "[Service]")
        self.write("etc/systemd/system/wcflow-failed@.service.d/override.conf", "[Service]")
        for name in ("consumer_key", "consumer_secret", "outlet.consumer_key", "smtp_url"):
            self.write(f"etc/wcflow/{name}", "secret")
        self.write("var/lib/private/wcflow/wcflow.sqlite3", "rows")
        self.write("var/lib/private/other/data", "of another service")
        self.link("var/lib/wcflow", "private/wcflow")
        self.link("usr/local/bin/wcflow", f"{sys.prefix}/bin/wcflow")
        (self.root / "run/systemd/system").mkdir(parents=True)
        self.tools = root / "tools"
        self.tools.mkdir()
        self.set_systemctl()
        monkeypatch.setattr(uninstall, "ROOT", self.root)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setenv("PATH", f"{self.tools}:{os.environ['PATH']}")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def link(self, name, target):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).symlink_to(target)

    def set_systemctl(self, failing="nothing"):
        file = self.tools / "systemctl"
        file.write_text(FAKE_SYSTEMCTL.format(log=self.log, failing=failing))
        file.chmod(0o755)

    def files(self):
        """Every file and link that is left."""
        return {
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if path.is_symlink() or path.is_file()
        }

    def calls(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


OTHERS = {"var/lib/private/other/data"}


def test_passwords_that_the_ini_files_name_are_removed_too(machine):
    """Those of mail servers, mailboxes, SMS services and webhooks; texts and codes stay."""
    machine.write("etc/wcflow/recipes/sms.ini", "[channel sms]\nurl_file = /etc/wcflow/sms_url\n")
    machine.write(
        "etc/wcflow/more.ini",
        "[bounces]\nimap_url_file = mailbox\n[webhook erp]\n  secret_file=erp.key\n"
        "[email hi]\nmarkdown_file = hi.md\n[coupon_pool gift]\ncodes_file = codes.csv\n",
    )
    secret = {f"etc/wcflow/{name}" for name in ("sms_url", "mailbox", "erp.key", "smtp_password")}
    other = {f"etc/wcflow/{name}" for name in ("hi.md", "codes.csv")}
    for name in secret | other:
        machine.write(name, "secret")

    assert 0 == run_wcflow("uninstall", "--yes").code
    assert (set(), other) == (secret & machine.files(), other & machine.files())


def test_it_removes_service_keys_and_database_and_keeps_the_ini(machine):
    ran = run_wcflow("uninstall", "--yes")
    assert (0, "") == (ran.code, ran.err)
    assert {"etc/wcflow/wcflow.ini", *OTHERS} == machine.files()
    assert not (machine.root / "var/lib/private/wcflow").exists()
    assert "The service is removed." == ran.lines[-1]


def test_with_purge_it_removes_the_ini_too(machine):
    assert 0 == run_wcflow("uninstall", "--yes", "--purge").code
    assert (OTHERS, False) == (machine.files(), (machine.root / "etc/wcflow").exists())


def test_it_lists_what_it_removes_and_what_stays(machine):
    shown = run_wcflow("uninstall", "--yes").out.partition("\n\n")
    removed, stays = shown[0], shown[2]
    for name in ("wcflow.service", "consumer_secret", "var/lib/private/wcflow", "bin/wcflow"):
        assert name in removed
    assert f"{machine.root}/etc/wcflow: your settings and rules (--purge removes them)" in stays
    assert f"{sys.prefix}: the program; remove it afterwards with: rm -r {sys.prefix}" in stays
    assert "tags, tiers, points, notes and coupons in the store" in stays
    assert "secret" not in removed.replace("consumer_secret", "")


def test_it_stops_the_service_before_it_removes_anything(machine):
    assert 0 == run_wcflow("uninstall", "--yes").code
    expected = ["stop wcflow", "disable wcflow", "daemon-reload", "reset-failed wcflow"]
    assert [f"--quiet {words}" for words in expected] == machine.calls()


def test_nothing_is_removed_if_the_service_does_not_stop(machine):
    machine.set_systemctl(failing="stop")
    before = machine.files()
    ran = run_wcflow("uninstall", "--yes")
    assert (1, before) == (ran.code, machine.files())
    assert "the service did not stop, and nothing was removed: Job failed." in ran.err


def test_nothing_is_removed_while_a_daemon_that_systemd_did_not_start_runs(machine):
    database = machine.root / "var/lib/private/wcflow/wcflow.sqlite3"
    with single_instance(f"sqlite:///{database}", 4711):
        ran = run_wcflow("uninstall", "--yes")
    assert (75, True) == (ran.code, database.exists())


def test_a_database_with_another_name_is_not_removed_while_it_is_in_use(machine):
    machine.write("var/lib/private/wcflow/shop.db", "rows")
    database = machine.root / "var/lib/private/wcflow/shop.db"
    with single_instance(f"sqlite:///{database}", 4711):
        ran = run_wcflow("uninstall", "--yes")
    assert (75, True) == (ran.code, database.exists())


def test_it_asks_first(machine):
    before = machine.files()
    ran = run_wcflow("uninstall")
    assert (2, before, []) == (ran.code, machine.files(), machine.calls())
    assert "no terminal to confirm on; add --yes" in ran.err


def test_only_root_can_uninstall(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    ran = run_wcflow("uninstall", "--yes")
    assert (1, []) == (ran.code, machine.calls())
    assert "only root can remove the service" in ran.err


@pytest.mark.parametrize(
    "missing",
    [
        "etc/systemd/system/wcflow.service",
        "etc/wcflow/consumer_key",
        "var/lib/wcflow",
        "usr/local/bin/wcflow",
    ],
)
def test_it_works_if_a_part_is_missing(machine, missing):
    (machine.root / missing).unlink()
    assert 0 == run_wcflow("uninstall", "--yes").code
    assert {"etc/wcflow/wcflow.ini", *OTHERS} == machine.files()


def test_a_second_time_there_is_nothing_to_remove(machine):
    run_wcflow("uninstall", "--yes", "--purge")
    ran = run_wcflow("uninstall")
    assert (0, "") == (ran.code, ran.err)
    assert "The service is not installed on this machine: there is nothing to remove." in ran.lines


def test_it_works_without_systemd(machine):
    (machine.root / "run/systemd/system").rmdir()
    assert 0 == run_wcflow("uninstall", "--yes").code
    assert ([], {"etc/wcflow/wcflow.ini", *OTHERS}) == (machine.calls(), machine.files())


@pytest.mark.parametrize("linked", ["etc/wcflow", "var/lib/private/wcflow"])
def test_what_a_link_leads_to_stays(machine, linked):
    """The link itself goes, and the list names what stays."""
    elsewhere = machine.root / "home/admin/mine"
    elsewhere.parent.mkdir(parents=True)
    (machine.root / linked).rename(elsewhere)
    machine.link(linked, elsewhere)
    before = {each.name for each in elsewhere.iterdir()}
    ran = run_wcflow("uninstall", "--yes", "--purge")
    assert 0 == ran.code
    assert before | {"wcflow.sqlite3.lock"} == {each.name for each in elsewhere.iterdir()} | {
        "wcflow.sqlite3.lock"
    }
    assert not os.path.lexists(machine.root / linked)
    assert f"{elsewhere}: where {machine.root / linked} leads to" in ran.out


def test_the_place_that_a_relative_link_leads_to_is_named_in_full(machine):
    machine.write("srv/wcflow/wcflow.sqlite3", "rows")
    (machine.root / "var/lib/wcflow").unlink()
    machine.link("var/lib/wcflow", "../../srv/wcflow")
    ran = run_wcflow("uninstall", "--yes")
    assert "srv/wcflow/wcflow.sqlite3" in machine.files()
    assert f"  {machine.root / 'srv/wcflow'}: where {machine.root / 'var/lib/wcflow'}" in ran.out


def test_a_directory_beside_the_ini_is_no_key(machine):
    machine.write("etc/wcflow/apprise/apprise.yml", "urls:")
    assert 0 == run_wcflow("uninstall", "--yes").code
    assert "etc/wcflow/apprise/apprise.yml" in machine.files()


def test_links_inside_the_state_directory_are_not_followed(machine):
    machine.write("home/admin/photos/one.jpg", "a photo")
    machine.link("var/lib/private/wcflow/photos", machine.root / "home/admin/photos")
    assert 0 == run_wcflow("uninstall", "--yes").code
    assert "home/admin/photos/one.jpg" in machine.files()


def test_another_program_of_the_same_name_stays(machine):
    (machine.root / "usr/local/bin/wcflow").unlink()
    machine.write("usr/local/bin/wcflow", "another program")
    assert 0 == run_wcflow("uninstall", "--yes").code
    assert "usr/local/bin/wcflow" in machine.files()


def test_a_database_elsewhere_stays_and_is_named_without_its_password(machine):
    address = "postgresql://wcflow:se%40cret@db.example/wcflow"
    machine.write("etc/wcflow/wcflow.ini", f"[wcflow]\ndatabase = {address}\n")
    ran = run_wcflow("uninstall", "--yes")
    assert "the database postgresql://wcflow:***@db.example/wcflow" in ran.out
    assert "cret@" not in ran.out
