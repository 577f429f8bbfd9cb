"""``wcflow init``, ``check`` and ``doctor``."""

import json
import re
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.command_line import CommandLine, run_on_terminal, run_process, run_wcflow
from tests.sandbox_http import mount_sandbox
from wcflow.cli import doctor, options
from wcflow.config.files import default_ini
from wcflow.config.load import load_config
from wcflow.sandbox.auth import ADMIN, READER
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.server import serve
from wcflow.sandbox.store import SandboxStore

KEYS = ("--key", "ck_" + "1" * 40, "--secret", "cs_" + "2" * 40)
STORE = ("--url", "https://shop.example", *KEYS)
STORE_OF_SANDBOX = (
    *("--url", "https://shop.example"),
    *("--key", ADMIN.consumer_key, "--secret", ADMIN.consumer_secret),
)


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "[segment Regular]\nwhen = orders_count >= 1\n")
    yield command_line
    command_line.sim.db.close()


# init


def test_init_writes_the_default_file_with_these_values(tmp_path):
    """Only the owner can read it."""
    file = tmp_path / "wcflow.ini"
    ran = run_wcflow("init", *STORE, "--output", file)
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


def test_init_replaces_a_file_only_with_force(tmp_path):
    file = tmp_path / "wcflow.ini"
    file.write_text("mine")
    ran = run_wcflow("init", *STORE, "--output", file)
    assert (78, "mine") == (ran.code, file.read_text())
    assert "--force" in ran.err
    assert 0 == run_wcflow("init", *STORE, "--output", file, "--force").code
    assert "shop.example" in file.read_text()
    assert [file] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "the store's address is missing"),
        (["--url", "shop.example"], "Did you mean https://shop.example?"),
        (["--url", "https://shop.example/wp-admin"], "the address of its dashboard"),
        (["--url", "https://shop.example", "--key", "cs_1"], "a consumer_key that begins with ck_"),
    ],
)
def test_init_with_missing_or_wrong_values_exits_with_2_and_writes_nothing(tmp_path, args, message):
    ran = run_wcflow("init", *args, "--output", tmp_path / "wcflow.ini")
    assert (2, "", []) == (ran.code, ran.out, list(tmp_path.iterdir()))
    assert message in ran.err


def test_init_without_keys_writes_the_names_of_environment_variables(tmp_path):
    file = tmp_path / "wcflow.ini"
    ran = run_wcflow("init", "--url", "https://shop.example", "--output", file)
    assert 0 == ran.code
    (store,) = load_config(file, {"WC_KEY": "ck_1", "WC_SECRET": "cs_1"}).stores
    assert ("ck_1", "cs_1") == (store.consumer_key, store.consumer_secret)
    assert "environment variable WC_KEY" in ran.out


def test_init_asks_on_a_terminal_and_hides_the_keys(tmp_path):
    """It repeats the question after a wrong answer."""
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


def test_ctrl_d_at_a_question_of_init_writes_nothing(tmp_path):
    file = tmp_path / "wcflow.ini"
    shown = run_on_terminal("init", "--output", file, answers=[("Address of the store: ", "\x04")])
    assert "interrupted: nothing was changed" in shown
    assert "Traceback" not in shown
    assert [] == list(tmp_path.iterdir())


def test_init_into_a_missing_directory_exits_with_1(tmp_path):
    ran = run_wcflow("init", *STORE, "--output", tmp_path / "none" / "wcflow.ini")
    assert (1, "") == (ran.code, ran.out)
    assert "no such file or directory" in ran.err


def store_in_two_currencies(tmp_path):
    command_line = CommandLine(tmp_path, "[segment Regular]\nwhen = orders_count >= 1\n")
    own = command_line.sandbox.state.settings.currency
    for code in (own, "USD" if own != "USD" else "EUR", own):
        command_line.sim.place_order(email="anna@example.com", days_ago=3, currency=code)
    return command_line


@pytest.fixture
def foreign(tmp_path):
    command_line = store_in_two_currencies(tmp_path)
    yield command_line
    command_line.sim.db.close()


def init_against(cli, file, *more):
    with mount_sandbox(cli.faults, lambda: datetime.now(UTC)) as http:
        ran = run_wcflow("init", *STORE_OF_SANDBOX, "--output", file, *more)
    return ran, http


def test_init_shows_the_currencies_that_need_a_rate(foreign, tmp_path):
    """And writes nothing to the store."""
    file = tmp_path / "new.ini"
    ran, http = init_against(foreign, file)
    assert (0, "", []) == (ran.code, ran.err, http.writes)
    assert re.search(r"The store has orders in [A-Z]{3}; its own currency is [A-Z]{3}\.", ran.out)
    assert re.search(r"^# currency_rates = [A-Z]{3} RATE$", file.read_text(), re.MULTILINE)


def test_init_asks_for_rates_on_a_terminal_until_they_can_be_read(foreign, tmp_path):
    file = tmp_path / "new.ini"
    with serve(foreign.sandbox) as server:
        address = ("--url", server.url, *STORE_OF_SANDBOX[2:])
        answers = [(" worth in ", "a lot"), (" worth in ", "1.25")]
        shown = run_on_terminal("init", *address, "--output", file, answers=answers)
    (store,) = load_config(file, {}).stores
    assert [Decimal("1.25")] == list(store.currency_rates.values())
    assert "expected a currency and its rate" in shown


def test_init_takes_rates_as_an_option(foreign, tmp_path):
    file = tmp_path / "new.ini"
    ran, _ = init_against(foreign, file, "--rates", "USD 0.92, EUR 1.08")
    assert (0, False) == (ran.code, "its own currency" in ran.out)
    (store,) = load_config(file, {}).stores
    assert {"USD": Decimal("0.92"), "EUR": Decimal("1.08")} == store.currency_rates


def test_init_with_wrong_rates_writes_nothing(tmp_path):
    ran = run_wcflow("init", *STORE, "--rates", "USD 0,92", "--output", tmp_path / "x.ini")
    assert (2, []) == (ran.code, list(tmp_path.iterdir()))
    assert "Did you mean USD 0.92?" in ran.err


def test_init_writes_the_file_if_the_store_does_not_respond(cli, tmp_path):
    file = tmp_path / "new.ini"
    cli.faults.refuse_connections(times=None)
    ran, _ = init_against(cli, file)
    assert (0, True) == (ran.code, file.exists())
    assert "The currencies of the store's orders could not be read" in ran.out


def test_init_writes_the_path_of_a_ca_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    assert 0 == run_wcflow("init", "--url", "https://shop.example", "--ca-file", "ca.pem").code
    (store,) = load_config(Path("wcflow.ini"), {"WC_KEY": KEYS[1], "WC_SECRET": KEYS[3]}).stores
    assert tmp_path / "ca.pem" == store.ca_file


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_init_with_a_wrong_ca_file_writes_nothing(tmp_path, content):
    ca_file = tmp_path / "ca.pem"
    if content:
        ca_file.write_text(content)
    ran = run_wcflow("init", *STORE, "--ca-file", ca_file, "--output", tmp_path / "wcflow.ini")
    assert ran.code
    assert not (tmp_path / "wcflow.ini").exists()


# check


def test_check_shows_the_orders_whose_currency_has_no_rate(foreign):
    assert "are left out" not in foreign.run("check").err
    foreign.run("sync", "--approve")

    ran = foreign.run("check")

    assert 0 == ran.code
    assert re.search(
        r"\[store shop\]: the amounts of 1 order of 1 customer in [A-Z]{3} are left out: set"
        r" currency_rates",
        ran.err,
    )


def test_check_shows_the_rules_and_no_secret(cli):
    """It needs neither the store nor the database."""
    ran = cli.run("check", mounted_at=None)
    assert (0, "") == (ran.code, ran.err)
    assert "segment Regular: when orders_count >= 1" in ran.lines
    assert "The configuration has no problems: 1 file." == ran.lines[-1]
    assert ADMIN.consumer_key not in ran.out


def test_check_shows_all_problems_with_file_and_line_and_exits_with_78(cli):
    cli.edit_config("orders_count >= 1", "orders_cuont >= 1\ntga = x")
    ran = cli.run("check", mounted_at=None)
    assert (78, "") == (ran.code, ran.out)
    problems = [line for line in ran.err.splitlines() if f"{cli.config}:" in line]
    assert 2 == len(problems)
    assert "did you mean 'orders_count'?" in ran.err
    assert "2 problems in the configuration" in ran.err


def test_a_configuration_that_cannot_be_read_is_a_problem_of_the_configuration(cli, monkeypatch):
    """After exit code 2 systemd would start the service again and again."""

    def refuse(path, *_args, **_more):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.access", lambda *_args, **_more: False)
    monkeypatch.setattr("pathlib.Path.open", refuse)
    ran = cli.run("check", mounted_at=None)
    assert 78 == ran.code
    assert f"{cli.config}: cannot be read: permission denied (the user that runs" in ran.err


def test_check_shows_only_problems_and_warnings_with_quiet(cli):
    """systemd calls it at each reload."""
    assert (0, "", "") == cli.run("check", "--quiet", mounted_at=None)
    cli.config.chmod(0o644)
    ran = cli.run("check", "--quiet", mounted_at=None)
    assert (0, "", True) == (ran.code, ran.out, "chmod 600" in ran.err)


def test_check_warns_of_keys_that_others_can_read(cli):
    cli.config.chmod(0o644)
    ran = cli.run("check", mounted_at=None)
    assert 0 == ran.code
    assert f"chmod 600 {cli.config}" in ran.err
    assert "1 warning" in ran.lines[-1]


def test_the_configuration_in_the_current_directory_comes_before_that_of_the_system(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    without = run_wcflow("check")
    assert (78, "") == (without.code, without.out)
    assert "wcflow init" in without.err
    system = tmp_path / "system.ini"
    monkeypatch.setattr(options, "SYSTEM_INI", system)
    system.write_text("nonsense")
    assert str(system) in run_wcflow("check").err
    run_wcflow("init", *STORE, "--output", tmp_path / "wcflow.ini")
    assert 0 == run_process("check", cwd=tmp_path).returncode


# doctor


def test_doctor_finds_nothing_bad_in_a_healthy_store_and_writes_nothing(cli):
    ran = cli.run("doctor")
    assert (0, "", []) == (ran.code, ran.err, cli.writes)
    report = json.loads(cli.run("doctor", "--json").out)
    names = {each["name"] for each in report["machine"]}
    assert {"configuration", "database", "disk", "clock"} == names
    findings = [*report["machine"], *report["stores"]["shop"]]
    assert [] == [each for each in findings if each["level"] == "problem"]


def test_doctor_calls_a_read_only_key_a_problem_unless_nothing_is_written(cli):
    cli.edit_config(ADMIN.consumer_key, READER.consumer_key)
    cli.edit_config(ADMIN.consumer_secret, READER.consumer_secret)
    ran = cli.run("doctor")
    assert 1 == ran.code
    assert "  problem  the key is read-only: every write will fail" in ran.lines
    assert "What to do: Give the key Read/Write permission" in ran.out
    cli.edit_config("[segment", "write = no\n[segment")
    assert 0 == cli.run("doctor").code
    assert {"GET"} == {call.method for call in cli.calls}


def test_doctor_exits_with_1_if_the_key_is_wrong(cli):
    cli.edit_config(ADMIN.consumer_key, "ck_wrong")
    ran = cli.run("doctor")
    assert 1 == ran.code
    assert "  problem  the store rejected the API key" in ran.out


def test_doctor_recognizes_plain_permalinks_and_gives_advice(cli):
    """It finds the API through the home page."""
    cli.faults = Faults(SandboxStore(permalinks=False))
    ran = cli.run("doctor")
    assert 1 == ran.code
    assert "plain permalinks" in ran.out
    assert "Choose Post name" in ran.out


def test_doctor_exits_with_75_if_the_store_cannot_be_reached(cli):
    cli.faults.refuse_connections(times=None)
    assert 75 == cli.run("doctor").code


def test_doctor_suggests_addresses_that_look_shared(cli):
    """Five names under the address of one guest; a customer's four ways to write theirs are fine."""
    for number in range(5):
        name = {"first_name": f"Guest {number}", "last_name": "Till"}
        cli.sim.place_order(email="till@example.com", billing=name)
        cli.sim.place_order(email="known@marketplace.example", billing=name)
        name = {"first_name": ("Anna", "ANNA", "Anna ", "Anne", "A.")[number], "last_name": "Lind"}
        cli.sim.place_order(email="anna@example.com", billing=name)
    cli.edit_config("[segment", "shared_emails = *@marketplace.example\n[segment")
    cli.run("plan")
    said = [line for line in cli.run("doctor").lines if "with one address" in line]
    assert 1 == len(said)
    assert said[0].endswith("with one address: till@example.com (5 names)")


def test_doctor_does_not_create_the_database(cli, tmp_path):
    cli.edit_config("wcflow.sqlite3", "elsewhere.sqlite3")
    ran = cli.run("doctor")
    assert 0 == ran.code
    assert "does not exist yet" in ran.out
    assert not (tmp_path / "elsewhere.sqlite3").exists()


def test_init_can_write_the_keys_into_files_that_only_the_owner_can_read(tmp_path):
    """The systemd service uses them; everybody can read the configuration."""
    file = tmp_path / "wcflow.ini"
    ran = run_wcflow("init", *STORE, "--key-files", "--output", file)
    assert (0, "") == (ran.code, ran.err)
    assert KEYS[1] not in file.read_text()
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert {"wcflow.ini": 0o644, "consumer_key": 0o600, "consumer_secret": 0o600} == modes
    (store,) = load_config(file, {}).stores
    assert (KEYS[1], KEYS[3]) == (store.consumer_key, store.consumer_secret)


def finding(cli, text):
    """Return the line of doctor's output that contains a text."""
    (line,) = [line for line in cli.run("doctor").lines if text in line]
    return line.strip()


def test_doctor_ends_with_a_verdict(cli):
    assert (
        "Ready, with 1 warning. 'wcflow plan' shows what would be written."
        == (cli.run("doctor").lines[-1])
    )
    cli.sim.place_order(email="anna@example.com")
    assert "Ready. 'wcflow plan' shows what would be written." == cli.run("doctor").lines[-1]
    cli.edit_config(ADMIN.consumer_key, READER.consumer_key)
    cli.edit_config(ADMIN.consumer_secret, READER.consumer_secret)
    ran = cli.run("doctor")
    assert (
        "Not ready: 1 problem. First: the key is read-only: every write will fail."
        == (ran.lines[-1])
    )
    assert "not ready" == json.loads(cli.run("doctor", "--json").out)["verdict"]


def test_doctor_calls_another_store_a_problem(cli):
    """The next plan would refuse to work."""
    cli.run("plan")
    assert "ok       the database belongs to the store at https://shop.example" == (
        finding(cli, "the database belongs to")
    )
    cli.faults = Faults(SandboxStore(store_id="another"))
    assert finding(cli, "  [store shop] is another store").startswith(
        "problem  [store shop] is another store"
    )


def test_doctor_calls_a_database_that_cannot_be_written_a_problem(cli, tmp_path, monkeypatch):
    """Even if root runs it: a disk can be mounted read-only."""

    def refuse(dir):
        raise OSError(30, "Read-only file system", f"{dir}/tmp")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    ran = cli.run("doctor")
    message = f"cannot be written: {tmp_path}: read-only file system"
    assert (1, True) == (ran.code, f"problem  the database {cli.config.parent}" in ran.out)
    assert message in ran.out


def test_doctor_calls_disabled_coupons_a_problem_if_a_workflow_creates_some(cli):
    coupon = "[workflow w]\ntrigger = order_paid\ndo = create_coupon c\n[coupon c]\namount = 10\n"
    cli.edit_config("[segment", f"{coupon}type = percent\n[segment")
    cli.faults = Faults(SandboxStore(coupons_enabled=False))
    assert 1 == cli.run("doctor").code
    assert finding(cli, "  coupons are").startswith("problem  coupons are disabled in the store")


def test_doctor_warns_of_statuses_that_no_order_has(cli):
    """Those of WooCommerce and those that orders have are fine."""
    cli.sim.place_order(email="anna@example.com", status="completed")
    cli.edit_config("[store shop]", "paid_statuses = processing, shiped\n[store shop]")
    rules = "[workflow w]\ntrigger = order_paid\nwhen = order.status in ('on-hold', 'packed')\n"
    cli.edit_config("[segment", f"{rules}do = add_note Hello\n[segment")
    cli.run("plan")
    assert [
        "warning  no order has the status 'shiped' (paid_statuses)",
        "warning  no order has the status 'packed' (order.status)",
    ] == [line.strip() for line in cli.run("doctor").lines if "no order has" in line]


@pytest.fixture
def unit(cli, tmp_path, monkeypatch):
    """A unit file that runs wcflow with this configuration, and its two key files."""
    keys = [tmp_path / "consumer_key", tmp_path / "consumer_secret"]
    for key in keys:
        key.write_text("a key")
    credentials = "".join(f"LoadCredential={key.name}:{key}\n" for key in keys)
    file = tmp_path / "wcflow.service"
    file.write_text(f"[Service]\nExecStart=wcflow run --config {cli.config}\n{credentials}")
    monkeypatch.setattr(doctor, "UNIT_FILE", file)
    return file


def test_doctor_checks_that_the_service_can_read_its_files(cli, unit):
    cli.config.chmod(0o644)
    assert finding(cli, "the service can").startswith("ok ")
    cli.config.chmod(0o600)
    assert finding(cli, "  the service cannot read").startswith("problem ")
    unit.with_name("consumer_key").unlink()
    assert f"cannot start without {unit.parent}/consumer_key" in cli.run("doctor").out
