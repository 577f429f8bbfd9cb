"""``wcflow pool``, and how low pools show in status, doctor and alerts."""

import json
from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine
from wcflow.database.alerts import load_troubles
from wcflow.rules.alerts import POOLS, Alert, Thing

RULES = """
[coupon_pool birthday]
low_water = 3
[workflow gift]
trigger = order_paid
do =
    assign_coupon birthday else stop
    add_note {{ coupon.code }}
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    assert 0 == command_line.run("sync").code
    yield command_line
    command_line.sim.db.close()


def import_codes(cli, tmp_path, text):
    (tmp_path / "codes.csv").write_text(text)
    return cli.run("pool", "import", "birthday", tmp_path / "codes.csv")


def test_codes_are_imported_once_and_what_is_left_out_is_told(cli, tmp_path):
    text = "code\nA\nb\n\nB\nc\nd\n"
    first = import_codes(cli, tmp_path, text)
    assert (0, "shop: 4 codes added to birthday.") == (first.code, first.lines[0])
    assert ["Left out: 1 duplicate (line 5).", "Left out: 1 blank line (line 4)."] == first.lines[
        1:
    ]
    again = import_codes(cli, tmp_path, text)
    assert "shop: 0 codes added to birthday, 4 were in it already." == again.lines[0]


def test_pools_are_listed_and_shown_with_who_has_a_code(cli, tmp_path):
    import_codes(cli, tmp_path, "a\nb\nc\n")
    cli.sim.now = datetime.now(UTC).replace(microsecond=0)
    cli.sim.place_order(email="anna@example.com")
    cli.run("sync", "--approve")
    listed = cli.run("pool", "list")
    row = listed.lines[2].split()
    assert ["birthday", "2", "0", "1", "0", "low:", "fewer", "than", "3", "free"] == row
    (found,) = json.loads(cli.run("pool", "list", "--json").out)["shop"]
    assert {"name": "birthday", "free": 2, "assigned": 1, "low": True}.items() <= found.items()
    shown = cli.run("pool", "show", "birthday")
    assert "shop: birthday: 2 free, 0 reserved, 1 assigned, 0 unusable" in shown.lines[0]
    assert ["a", "assigned"] == shown.lines[2].split()[:2]
    assert "anna@example.com" in shown.lines[2]
    assert "run 1, step 1" in shown.lines[2]
    (code,) = json.loads(cli.run("pool", "show", "birthday", "--json").out)["shop"]["codes"]
    assert ("a", "anna@example.com") == (code["code"], code["customer"]["email"])
    free = json.loads(cli.run("pool", "show", "birthday", "--state", "free", "--json").out)
    assert ["b", "c"] == sorted(each["code"] for each in free["shop"]["codes"])


def test_an_unknown_pool_and_an_unreadable_file_are_errors_with_advice(cli, tmp_path):
    unknown = cli.run("pool", "show", "birthdy")
    assert (2, "wcflow: there is no [coupon_pool birthdy] in the configuration") == (
        unknown.code,
        unknown.err.splitlines()[0],
    )
    assert "did you mean 'birthday'?" in unknown.err.replace("Did", "did")
    missing = cli.run("pool", "import", "birthday", tmp_path / "nothing.csv")
    assert (1, True) == (missing.code, "no such file or directory" in missing.err)
    wrong = import_codes(cli, tmp_path, "name,amount\na,1\n")
    assert (1, True) == (wrong.code, "no column of its first line is called 'code'" in wrong.err)


def test_a_low_pool_is_a_problem_in_status_doctor_and_alerts(cli, tmp_path):
    import_codes(cli, tmp_path, "a\nb\n")
    said = "the coupon pool birthday has only 2 free codes (low_water 3)"
    assert said in " ".join(cli.run("status").out.split())
    assert said in " ".join(cli.run("doctor").out.split())
    with cli.sim.db.reading() as tx:
        from wcflow.actions.pool import pool_rules

        troubles = load_troubles(tx, "shop", cli.sim.now, pool_rules(cli.sim.config.rules).values())
    assert [said] == troubles.pools
    alert = Alert(Thing("shop", POOLS), "email", is_over=False, reason=said)
    assert "wcflow: shop: a coupon pool needs codes" == alert.subject
    import_codes(cli, tmp_path, "c\n")
    assert "birthday" not in cli.run("status").out
    assert "free codes: birthday 3" in " ".join(cli.run("doctor").out.split())


def test_codes_given_after_a_backup_are_not_given_again_after_its_restore(cli, tmp_path):
    import_codes(cli, tmp_path, "a\nb\nc\n")
    cli.sim.db.close()
    assert 0 == cli.run("backup", tmp_path / "copy", mounted_at=None).code
    cli.sim.now = datetime.now(UTC).replace(microsecond=0)
    cli.sim.place_order(email="anna@example.com")
    cli.run("sync", "--approve")
    cli.sim.db.close()
    ran = cli.run("restore", tmp_path / "copy", "--yes")
    assert "1 code of coupon pools may have been given away after the backup" in " ".join(
        ran.out.split()
    )
    (code,) = json.loads(cli.run("pool", "show", "birthday", "--json").out)["shop"]["codes"]
    assert ("a", "unusable") == (code["code"], code["state"])
    assert "1 code of birthday free again" in cli.run("pool", "free", "birthday", "--yes").out


def test_all_free_codes_are_set_aside_if_the_old_database_cannot_be_read(cli, tmp_path):
    import_codes(cli, tmp_path, "a\nb\nc\n")
    cli.sim.db.close()
    cli.run("backup", tmp_path / "copy", mounted_at=None)
    (tmp_path / "wcflow.sqlite3").write_bytes(b"damaged" * 1000)
    ran = cli.run("restore", tmp_path / "copy", "--yes")
    assert "3 codes of coupon pools may have been given away" in " ".join(ran.out.split())


def test_codes_of_an_unknown_pool_cannot_be_freed(cli):
    result = cli.run("pool", "free", "birthdy", "--yes")
    assert (2, True) == (result.code, "there is no [coupon_pool birthdy]" in result.err)
