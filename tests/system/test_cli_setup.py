"""Laws of init, check and doctor."""

import json
import stat

import pytest

from tests.command_line import CommandLine, run_on_terminal, run_process, run_wcflow
from wcflow.cli import options
from wcflow.config.files import default_ini
from wcflow.config.load import load_config
from wcflow.sandbox.auth import ADMIN, READER
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore

KEYS = ("--key", "ck_" + "1" * 40, "--secret", "cs_" + "2" * 40)
SHOP = ("--url", "https://shop.example", *KEYS)


@pytest.fixture
def cli(tmp_path):
    made = CommandLine(tmp_path, "[segment Regular]\nwhen = orders_count >= 1\n")
    yield made
    made.sim.db.close()


# init


def test_init_writes_what_load_understands(tmp_path):
    """The file is the commented default with these values, readable by its owner alone."""
    file = tmp_path / "wcflow.ini"
    ran = run_wcflow("init", *SHOP, "--output", file)
    assert (0, "") == (ran.code, ran.err)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    (store,) = load_config(file, {}).stores
    assert ("https://shop.example", KEYS[1], KEYS[3]) == (
        store.url,
        store.consumer_key,
        store.consumer_secret,
    )
    assert len(default_ini().splitlines()) == len(file.read_text().splitlines())
    assert ["check", "doctor", "plan"] == [
        line.split()[1] for line in ran.lines if line.startswith("  wcflow ")
    ]


def test_init_replaces_nothing_without_force(tmp_path):
    """A file that is there stays as it is: 78; --force replaces it."""
    file = tmp_path / "wcflow.ini"
    file.write_text("mine")
    ran = run_wcflow("init", *SHOP, "--output", file)
    assert (78, "mine") == (ran.code, file.read_text())
    assert "--force" in ran.err
    assert 0 == run_wcflow("init", *SHOP, "--output", file, "--force").code
    assert "shop.example" in file.read_text()
    assert [file] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the store's address is missing"),
        (["--url", "shop.example"], "Did you mean https://shop.example?"),
        (["--url", "https://shop.example/wp-admin"], "the address of its dashboard"),
        (["--url", "https://shop.example", "--key", "cs_1"], "a consumer_key that begins with ck_"),
    ],
)
def test_init_refuses_what_cannot_be(tmp_path, words, said):
    """What is missing or wrong is told, 2, and nothing is written."""
    ran = run_wcflow("init", *words, "--output", tmp_path / "wcflow.ini")
    assert (2, "", []) == (ran.code, ran.out, list(tmp_path.iterdir()))
    assert said in ran.err


def test_init_without_keys_names_variables(tmp_path):
    """Keys may stay in the environment: the file names where."""
    file = tmp_path / "wcflow.ini"
    ran = run_wcflow("init", "--url", "https://shop.example", "--output", file)
    assert 0 == ran.code
    (store,) = load_config(file, {"WC_KEY": "ck_1", "WC_SECRET": "cs_1"}).stores
    assert ("ck_1", "cs_1") == (store.consumer_key, store.consumer_secret)
    assert "environment variable WC_KEY" in ran.out


def test_init_asks_on_a_terminal_and_hides_the_keys(tmp_path):
    """A wrong answer is asked for again; keys are not shown as they are typed."""
    file = tmp_path / "wcflow.ini"
    answers = [
        ("Address of the store: ", "shop"),
        ("Address of the store: ", "https://shop.example"),
        ("Consumer key (ck_…): ", KEYS[1]),
        ("Consumer secret (cs_…): ", KEYS[3]),
    ]
    shown = run_on_terminal("init", "--output", file, answers=answers)
    (store,) = load_config(file, {}).stores
    assert ("https://shop.example", KEYS[1]) == (store.url, store.consumer_key)
    assert "expected the store's address such as https://shop.example, got 'shop'" in shown
    assert KEYS[1] not in shown
    assert KEYS[3] not in shown


def test_leaving_a_question_leaves_everything(tmp_path):
    """Ctrl-D where an address is asked for: no file, and no word of a bug."""
    file = tmp_path / "wcflow.ini"
    shown = run_on_terminal("init", "--output", file, answers=[("Address of the store: ", "\x04")])
    assert "interrupted: nothing was changed" in shown
    assert "Traceback" not in shown
    assert [] == list(tmp_path.iterdir())


def test_init_into_a_directory_that_is_not_there(tmp_path):
    """One sentence, no traceback."""
    ran = run_wcflow("init", *SHOP, "--output", tmp_path / "none" / "wcflow.ini")
    assert (1, "") == (ran.code, ran.out)
    assert "no such file or directory" in ran.err


# check


def test_check_says_what_it_understood(cli):
    """Needs neither shop nor database, and shows no secret."""
    ran = cli.run("check", mounted_at=None)
    assert (0, "") == (ran.code, ran.err)
    assert "segment Regular: when orders_count >= 1" in ran.lines
    assert "The configuration has no problems: 1 file." == ran.lines[-1]
    assert ADMIN.consumer_key not in ran.out


def test_check_tells_every_problem_at_once(cli):
    """Each with file and line, on stderr; 78."""
    cli.edit_config("orders_count >= 1", "orders_cuont >= 1\ntga = x")
    ran = cli.run("check", mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    problems = [line for line in ran.err.splitlines() if f"{cli.config}:" in line]
    assert 2 == len(problems)
    assert "did you mean 'orders_count'?" in ran.err
    assert "2 problems in the configuration" in ran.err


def test_check_warns_of_keys_that_others_can_read(cli):
    cli.config.chmod(0o644)
    ran = cli.run("check", mounted_at=None)
    assert 0 == ran.code
    assert f"chmod 600 {cli.config}" in ran.err
    assert "1 warning" in ran.lines[-1]


def test_without_config_option_the_current_directory_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    none = run_wcflow("check")
    assert (78, "") == (none.code, none.out)
    assert "wcflow init" in none.err
    system = tmp_path / "system.ini"
    monkeypatch.setattr(options, "SYSTEM_INI", system)
    system.write_text("nonsense")
    assert str(system) in run_wcflow("check").err
    run_wcflow("init", *SHOP, "--output", tmp_path / "wcflow.ini")
    assert 0 == run_process("check", cwd=tmp_path).returncode


# doctor


def test_doctor_finds_nothing_bad_with_a_healthy_shop(cli):
    """0; every finding is ok but the clock's fineness, and nothing is written to the shop."""
    ran = cli.run("doctor")
    assert (0, "", []) == (ran.code, ran.err, cli.writes)
    told = json.loads(cli.run("doctor", "--json").out)
    assert {"configuration", "database", "disk", "clock"} == {e["name"] for e in told["machine"]}
    findings = [*told["machine"], *told["stores"]["shop"]]
    assert [] == [each for each in findings if each["level"] == "problem"]


def test_doctor_says_what_to_do_about_each_finding(cli):
    """A key that may only read: a warning with the way out, and no failure."""
    cli.edit_config(ADMIN.consumer_key, READER.consumer_key)
    cli.edit_config(ADMIN.consumer_secret, READER.consumer_secret)
    ran = cli.run("doctor")
    assert 0 == ran.code
    assert "  warning  the key is read-only: wcflow can plan changes but not make them" in ran.lines
    assert "What to do: Give the key Read/Write permission" in ran.out


def test_doctor_fails_where_something_is_bad(cli):
    """A wrong key: 1."""
    cli.edit_config(ADMIN.consumer_key, "ck_wrong")
    ran = cli.run("doctor")
    assert 1 == ran.code
    assert "  problem  the store rejected the API key" in ran.out


def test_doctor_finds_the_address_through_the_home_page(cli):
    """Plain permalinks: the API is elsewhere, and what to choose is said; 1."""
    cli.faults = Faults(SandboxStore(permalinks=False))
    ran = cli.run("doctor")
    assert 1 == ran.code
    assert "plain permalinks" in ran.out
    assert "Choose Post name" in ran.out


def test_doctor_says_try_later_where_the_shop_is_out_of_reach(cli):
    """A shop that takes no connection: 75."""
    cli.faults.refuse_connections(times=None)
    assert 75 == cli.run("doctor").code


def test_doctor_does_not_make_the_database(cli, tmp_path):
    cli.edit_config("wcflow.sqlite3", "elsewhere.sqlite3")
    ran = cli.run("doctor")
    assert 0 == ran.code
    assert "does not exist yet" in ran.out
    assert not (tmp_path / "elsewhere.sqlite3").exists()


def test_init_can_put_the_keys_into_files_of_their_own(tmp_path):
    """As the service wants them: only the owner reads the keys, all may read the configuration."""
    file = tmp_path / "wcflow.ini"
    ran = run_wcflow("init", *SHOP, "--key-files", "--output", file)
    assert (0, "") == (ran.code, ran.err)
    assert KEYS[1] not in file.read_text()
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert {"wcflow.ini": 0o644, "consumer_key": 0o600, "consumer_secret": 0o600} == modes
    (store,) = load_config(file, {}).stores
    assert (KEYS[1], KEYS[3]) == (store.consumer_key, store.consumer_secret)
