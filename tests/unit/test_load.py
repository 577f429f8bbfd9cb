"""INI files are loaded as a configuration, or rejected with all their problems."""

from dataclasses import replace
from decimal import Decimal

import pytest

from wcflow.cli.check import summary_lines
from wcflow.config.files import default_ini, set_values
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
from wcflow.config.stores import StoreSettings
from wcflow.rules.counting import parse_counts_when
from wcflow.units import Duration

KEY, SECRET = f"ck_{'a' * 40}", f"cs_{'b' * 40}"
ENV = {"WC_KEY": KEY, "WC_SECRET": SECRET}
STORE = "[store shop]\nurl = https://shop.example\n"
KEYS = "consumer_key = $WC_KEY\nconsumer_secret = $WC_SECRET\n"


@pytest.fixture
def write_ini(tmp_path):
    """Return a function that writes INI files and returns the path of the main one."""

    def write(text, name="wcflow.ini", **others):
        for other, content in {name: text, **others}.items():
            path = tmp_path / other
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
            path.chmod(0o600)
        return tmp_path / name

    return write


def problems_of(path, env=ENV, **more):
    with pytest.raises(ConfigError) as caught:
        load_config(path, env, **more)
    return [str(each).replace(f"{path.parent}/", "") for each in caught.value.problems]


# Settings.


def test_a_store_needs_only_an_address_and_a_key(write_ini):
    config = load_config(write_ini(STORE + KEYS), ENV)
    expected = StoreSettings(
        name="shop",
        url="https://shop.example",
        consumer_key=KEY,
        consumer_secret=SECRET,
        ca_file=None,
        timeout=30.0,
        page_size=100,
        parallel=2,
        rescan_every=Duration(1, "d"),
        write=True,
        order_tags="latest",
        guests="by_email",
        shared_emails=frozenset(),
        child_orders="ignore",
        counts_when=None,
        amount_meta="",
        rate_meta="",
        consent_meta=(),
        birthday_meta="",
        birthday_format="",
        currency_rates={},
    )
    assert (expected,) == config.stores
    assert expected == config.store("shop")
    assert () == config.warnings


def test_every_setting_of_a_store_is_loaded(write_ini, tmp_path):
    text = (
        STORE + KEYS + "ca_file = ca.pem\ntimeout = 1min\npage_size = 50\nparallel = 4\n"
        "rescan_every = 6h\nwrite = no\norder_tags = none\nguests = ignore\n"
        "shared_emails = Till@Shop.example\nconsent_meta = news\nbirthday_meta = born\nbirthday_format = dmy\n"
        "child_orders = count\ncounts_when = order.total > 0\namount_meta = _paid\nrate_meta = _rate\n"
        "currency_rates = eur 1.08\n"
    )
    path = write_ini(text, **{"ca.pem": "-----BEGIN CERTIFICATE-----\n"})
    expected = StoreSettings(
        "shop",
        "https://shop.example",
        KEY,
        SECRET,
        tmp_path / "ca.pem",
        60.0,
        50,
        4,
        Duration(6, "h"),
        write=False,
        order_tags="none",
        guests="ignore",
        shared_emails=frozenset({"till@shop.example"}),
        child_orders="count",
        counts_when=parse_counts_when("order.total > 0"),
        amount_meta="_paid",
        rate_meta="_rate",
        consent_meta=("news",),
        birthday_meta="born",
        birthday_format="dmy",
        currency_rates={"EUR": Decimal("1.08")},
    )
    assert expected == load_config(path, ENV).store("shop")


def test_a_configuration_does_not_show_its_secrets(write_ini):
    database = "[wcflow]\ndatabase = postgresql://me:hunter2@host/shop\n"
    config = load_config(write_ini(database + STORE + KEYS), ENV)
    shown = repr(config) + "\n".join(summary_lines(config))
    assert [False] * 3 == [secret in shown for secret in (KEY, SECRET, "hunter2")]


def test_an_empty_file_is_a_configuration_of_defaults(write_ini):
    path = write_ini("")
    config = load_config(path, {}, need_store=False)
    assert (path,) == config.files
    assert (Duration(1, "min"), None, "respect", "info", "auto") == (
        config.poll_every,
        config.max_writes,
        config.manual_tags,
        config.log_level,
        config.log_format,
    )
    assert ("processing", "completed") == config.paid_statuses


def test_a_configuration_without_a_store_is_a_problem(write_ini):
    expected = "wcflow.ini: expected a section [store NAME], got none ('wcflow init' writes one)"
    assert [expected] == problems_of(write_ini("[wcflow]\n"))


def test_a_missing_file_is_a_problem(tmp_path):
    expected = "w.ini: cannot be read: no such file or directory"
    assert [f"{expected} ('wcflow init' writes one)"] == problems_of(tmp_path / "w.ini")


def test_a_configuration_with_problems_ends_with_78(write_ini):
    with pytest.raises(ConfigError) as caught:
        load_config(write_ini("x"), {})
    assert 78 == caught.value.exit_code


# The database.


def database_of(path, **env):
    return load_config(path, env, need_store=False).database


def test_the_database_is_beside_the_ini_by_default(write_ini, tmp_path):
    assert f"sqlite:///{tmp_path}/wcflow.sqlite3" == database_of(write_ini(""))


def test_under_systemd_the_database_is_in_the_state_directory(write_ini):
    """systemd can pass several directories; the first one counts."""
    found = database_of(write_ini(""), STATE_DIRECTORY="/var/lib/wcflow:/var/lib/other")
    assert "sqlite:////var/lib/wcflow/wcflow.sqlite3" == found


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("sqlite:///a/b.sqlite3", "sqlite:///{here}/a/b.sqlite3"),
        ("sqlite:////a/b.sqlite3", "sqlite:////a/b.sqlite3"),
        ("postgresql://me:pw@host:5433/shop", "postgresql+psycopg://me:pw@host:5433/shop"),
        ("postgres:///shop?host=/run/pg", "postgresql+psycopg:///shop?host=%2Frun%2Fpg"),
        ("$DB", "postgresql+psycopg://me@host/shop"),
    ],
)
def test_a_database_address_is_completed(write_ini, tmp_path, address, expected):
    """A relative file is beside the INI; PostgreSQL is used through psycopg."""
    path = write_ini(f"[wcflow]\ndatabase = {address}\n")
    found = database_of(path, DB="postgresql://me@host/shop")
    assert expected.format(here=tmp_path) == found


# Keys.


def test_keys_can_be_in_files_beside_the_ini(write_ini):
    text = STORE + "consumer_key_file = key\nconsumer_secret_file = secret\n"
    store = load_config(write_ini(text, key=KEY, secret=SECRET), {}).store("shop")
    assert (KEY, SECRET) == (store.consumer_key, store.consumer_secret)


def test_keys_that_are_not_in_the_ini_come_from_systemd(write_ini, tmp_path):
    path = write_ini(STORE, consumer_key=KEY, **{"shop.consumer_secret": SECRET})
    store = load_config(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).store("shop")
    assert (KEY, SECRET) == (store.consumer_key, store.consumer_secret)


def test_with_several_stores_a_credential_must_name_its_store(write_ini, tmp_path):
    """A name without a store would give the key of one store to another."""
    text = f"{STORE}[store other]\nurl = https://other.example\n"
    path = write_ini(text, consumer_key=KEY, consumer_secret=SECRET)
    problems = problems_of(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert 4 == len(problems)


def warnings_of(path, env=ENV):
    return [str(each) for each in load_config(path, env).warnings]


def test_a_file_with_a_key_that_other_users_can_read_is_warned_about(write_ini):
    path = write_ini(
        STORE + f"consumer_key = {KEY}\nconsumer_secret_file = secret\n", secret=SECRET
    )
    secret = path.parent / "secret"
    assert [] == warnings_of(path)
    path.chmod(0o640)
    secret.chmod(0o604)
    text = "it holds a key or password and can be read by other users"
    expected = [f"{each}: {text} (run: chmod 600 {each})" for each in (path, secret)]
    assert expected == warnings_of(path)


def test_a_password_in_the_database_address_is_a_secret_too(write_ini):
    path = write_ini(f"[wcflow]\ndatabase = postgresql://me:pw@host/shop\n{STORE}{KEYS}")
    path.chmod(0o644)
    assert 1 == len(warnings_of(path))


def test_a_file_without_secrets_can_be_readable_by_everyone(write_ini):
    path = write_ini(STORE + KEYS)
    path.chmod(0o644)
    assert [] == warnings_of(path)


# Several files.

INCLUDE = "[wcflow]\ninclude = recipes/*.ini\n"
RULE = "[segment {name}]\nwhen = orders_count >= {count}\n"


def test_included_files_are_read_in_the_order_of_their_names(write_ini, tmp_path):
    path = write_ini(
        INCLUDE + RULE.format(name="A", count=1),
        **{
            "recipes/b.ini": RULE.format(name="C", count=3),
            "recipes/a.ini": RULE.format(name="B", count=2),
            "recipes/c.txt": "not read",
        },
    )
    config = load_config(path, {}, need_store=False)
    assert ["A", "B", "C"] == [segment.name for segment in config.rules.segments]
    assert (path, tmp_path / "recipes/a.ini", tmp_path / "recipes/b.ini") == config.files


def test_problems_of_all_files_are_listed_in_reading_order(write_ini):
    path = write_ini(
        INCLUDE + "[segment A]\nwen = 1\n",
        **{"recipes/b.ini": "[segment a]\nwhen = is_guest\n", "recipes/a.ini": "x\n"},
    )
    expected = """\
wcflow.ini:4: [segment A]: unknown key 'wen' (did you mean 'when'?)
recipes/a.ini:1: expected a section header such as [wcflow] first, got a line before any section
recipes/b.ini:1: [segment a]: expected one [segment a], got a second one (the first is at \
wcflow.ini:3)"""
    assert expected.split("\n") == problems_of(path, need_store=False)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_file_in_another_encoding_is_one_problem(write_ini, encoding):
    path = write_ini("")
    path.write_bytes("[segment A]\nwhen = is_guest\n".encode(encoding))

    (only,) = problems_of(path)
    assert "UTF-8 text, got UTF-16" in only


def test_an_included_file_in_another_encoding_is_one_problem(write_ini):
    path = write_ini(
        "[wcflow]\ninclude = b.ini\n[workflow w]\ntrigger = segment_left B\ndo = stop\n",
        **{"b.ini": ""},
    )
    (path.parent / "b.ini").write_bytes("[segment B]\nwhen = city = 'Köln'".encode("latin-1"))

    assert [
        "b.ini:2: expected UTF-8 text, got bytes of another encoding (save the file as UTF-8)"
    ] == problems_of(path, need_store=False)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("wcflow.ini", "which is this file itself"),
        ("recipes", "which is a directory (write recipes/*.ini)"),
        ("recipes/a.ini, recipes/*.ini", "which is already included"),
    ],
)
def test_an_include_without_effect_is_a_problem_with_its_reason(write_ini, pattern, why):
    path = write_ini(f"[wcflow]\ninclude = {pattern}\n", **{"recipes/a.ini": "[wcflow]\n"})

    assert why in problems_of(path, need_store=False)[0]


def test_the_main_file_is_read_once_even_if_a_pattern_matches_it(write_ini):
    path = write_ini("[wcflow]\ninclude = *.ini\n", **{"more.ini": RULE.format(name="A", count=1)})
    assert ["wcflow.ini", "more.ini"] == [
        each.name for each in load_config(path, {}, need_store=False).files
    ]


def test_a_pattern_without_a_match_is_a_problem_of_its_line(write_ini):
    path = write_ini("[wcflow]\ninclude =\n  a.ini\n  b/*.ini\n", **{"a.ini": ""})
    expected = (
        "wcflow.ini:4: [wcflow]: expected files to include, got 'b/*.ini', which matches none"
    )
    assert [expected] == problems_of(path, need_store=False)


def test_an_included_file_cannot_have_a_wcflow_section(write_ini):
    """So files cannot include each other."""
    path = write_ini("[wcflow]\ninclude = a.ini\n", **{"a.ini": "[wcflow]\ninclude = wcflow.ini\n"})
    expected = (
        "a.ini:1: [wcflow]: expected one [wcflow], got a second one (the first is at wcflow.ini:1)"
    )
    assert [expected] == problems_of(path, need_store=False)


def test_an_absolute_pattern_is_not_relative_to_the_ini(write_ini, tmp_path):
    more = tmp_path / "more.ini"
    path = write_ini(f"[wcflow]\ninclude = {more}\n", **{"more.ini": ""})
    assert (path, more) == load_config(path, {}, need_store=False).files


# Line numbers.


def test_a_problem_in_a_value_of_several_lines_has_the_number_of_its_line(write_ini):
    """Comments and empty lines in between are counted."""
    text = (
        "[workflow w]\ntrigger = first_order\nwhen =\n\n    orders_count >= 1\n    # no\n"
        "    orders_cont >= 2\ndo =\n    add_tag A\n\n    ad_tag B\n"
    )
    places = [line.split(" ")[0] for line in problems_of(write_ini(text), need_store=False)]
    assert ["wcflow.ini:7:", "wcflow.ini:11:"] == places


# Meta keys.


def test_all_meta_keys_that_rules_use_are_collected(write_ini):
    text = f"""
{STORE}{KEYS}consent_meta = news
birthday_meta = born
[segment A]
when = meta.points > 3
[tag B]
when = is_guest
tag = {{{{ meta.colour }}}}
[workflow w]
trigger = order_paid
when = order.meta.gift = 'yes'
stop_when = meta.stop is not empty
do = add_note {{{{ order.meta.till }}}} {{{{ meta.shoe }}}}
"""
    config = load_config(write_ini(text), ENV)
    assert {"points", "colour", "stop", "shoe", "news", "born"} == config.meta_keys
    assert {"gift", "till", "news"} == config.order_meta_keys


# The default.


def test_the_default_configuration_can_be_loaded(write_ini):
    """It needs a key in the environment, and sends no e-mail to customers."""
    config = load_config(write_ini(default_ini()), ENV)
    assert ["VIP", "At Risk", "New", "Regular"] == [each.name for each in config.rules.segments]
    assert {"lifecycle"} == {each.group for each in config.rules.segments}
    assert 3 == len(config.rules.workflows)
    steps = {step.action.name for workflow in config.rules.workflows for step in workflow.do}
    assert {"create_coupon", "add_note", "add_tag"} == steps
    assert () == config.warnings


def test_values_are_set_in_the_default_without_losing_a_comment(write_ini):
    values = {"url": "http://127.0.0.1:8080", "consumer_key": "ck_1", "page_size": "50"}
    text = set_values(default_ini(), "store shop", values)
    store = load_config(write_ini(text), ENV).store("shop")
    before = load_config(write_ini(default_ini()), ENV).store("shop")
    expected = replace(before, url=values["url"], consumer_key="ck_1", page_size=50)
    assert expected == store
    comments = [line for line in default_ini().split("\n") if line.startswith("#")]
    assert comments == [line for line in text.split("\n") if line.startswith("#")]


def test_values_can_be_set_only_in_an_existing_section():
    with pytest.raises(KeyError):
        set_values("[wcflow]\n", "store shop", {"url": "x"})


@pytest.mark.parametrize("value", ["", " ", "a\nb"])
def test_a_value_that_would_be_read_back_differently_is_rejected(value):
    with pytest.raises(ValueError, match="expected a key and a value of one line"):
        set_values("[wcflow]\n", "wcflow", {"database": value})


def test_a_shown_group_without_segments_is_a_problem(write_ini):
    path = write_ini(
        "[wcflow]\nshown_group = lifecyle\n[segment A]\ngroup = lifecycle\nwhen = is_guest\n"
    )
    expected = (
        "wcflow.ini:2: [wcflow]: expected the group of a segment, got 'lifecyle'"
        " (did you mean 'lifecycle'?)"
    )
    assert [expected] == problems_of(path, need_store=False)
