"""Keys are found in the INI, the environment, files and systemd, and are never shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.config.problem import Problem
from wcflow.config.secrets import Secret, SecretSources, redact_credentials
from wcflow.rules.errors import RuleErrors

KEY = "ck_" + "0123456789abcdef" * 2 + "01234567"


def sources(base, **env):
    return SecretSources(base, env, Path.read_bytes)


def problem_of(look_up, *args):
    with pytest.raises(RuleErrors) as caught:
        look_up(*args)
    (rule_error,) = caught.value.rule_errors
    return rule_error.message


def test_a_key_can_be_in_the_ini(tmp_path):
    ini = tmp_path / "w.ini"
    assert Secret(KEY, ini) == sources(tmp_path).from_ini(KEY, ini)


def test_a_dollar_names_an_environment_variable(tmp_path):
    """Such a key is in no file."""
    assert Secret(KEY) == sources(tmp_path, WC_KEY=KEY).from_ini("$WC_KEY", tmp_path / "w.ini")


@pytest.mark.parametrize("env", [{}, {"WC_KEY": ""}])
def test_an_unset_variable_is_a_problem(tmp_path, env):
    problem = problem_of(sources(tmp_path, **env).from_ini, "$WC_KEY", tmp_path)
    assert "the environment variable WC_KEY is not set" == problem


def test_an_invalid_variable_name_is_a_problem_and_is_not_shown(tmp_path):
    problem = problem_of(sources(tmp_path).from_ini, "$pa$$word", tmp_path)
    assert (
        "expected an environment variable such as $WC_KEY, got '$' and other characters" == problem
    )


def test_spaces_around_a_key_in_a_file_are_ignored(tmp_path):
    (tmp_path / "key").write_text(f"\ufeff{KEY}\n\n")
    assert Secret(KEY, tmp_path / "key") == sources(tmp_path).from_file("key")


@pytest.mark.parametrize(
    ("content", "got"),
    [(b"", "an empty file"), (b"a b", "several words"), (b"\xff\xfe", "no UTF-8 text")],
)
def test_a_file_without_exactly_one_key_is_a_problem(tmp_path, content, got):
    (tmp_path / "key").write_bytes(content)
    assert problem_of(sources(tmp_path).from_file, "key").endswith(f"{tmp_path / 'key'}: {got}")


def test_a_missing_file_is_a_problem(tmp_path):
    problem = problem_of(sources(tmp_path).from_file, "key")
    path = tmp_path / "key"
    assert f"the file {path} cannot be read: no such file or directory" == problem


def test_credentials_of_systemd_are_found_by_name(tmp_path):
    """The first name with a file counts. The key has no path: systemd protects the file."""
    (tmp_path / "consumer_key").write_text("ck_plain")
    (tmp_path / "shop.consumer_key").write_text("ck_shop")
    keys = sources(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert Secret("ck_shop") == keys.find_credential(["shop.consumer_key", "consumer_key"])
    assert Secret("ck_plain") == keys.find_credential(["other.consumer_key", "consumer_key"])
    assert keys.find_credential(["consumer_secret"]) is None


def test_a_file_that_systemd_hands_over_is_read_there(tmp_path):
    """The service cannot read the file itself: only root can."""
    (tmp_path / "handed").mkdir()
    handed = sources(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path / "handed"))
    (tmp_path / "handed" / "smtp_password").write_text("hidden")
    (tmp_path / "other").write_text("plain")
    assert Secret("hidden") == handed.from_file("/etc/wcflow/smtp_password")
    assert Secret("plain", tmp_path / "other") == handed.from_file("other")


def test_without_systemd_there_are_no_credentials(tmp_path):
    assert sources(tmp_path).find_credential(["consumer_key"]) is None


def test_the_repr_of_a_secret_hides_its_value():
    assert "Secret(…, source_file=None)" == repr(Secret(KEY))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"'{KEY}'", "'ck_…'"),
        ("cs_1 and ck_2", "cs_… and ck_…"),
        ("postgresql://me:s3/cr@t@host/db", "postgresql://…@host/db"),
        ("0123456789abcdef0123456789abcdef", "…"),
        ("a consumer key (ck_…), 'orders_count' of https://shop.example/path", None),
        ("[segment An_Extraordinarily_Long_Name_For_2026]", None),
    ],
)
def test_only_text_that_looks_like_a_key_is_redacted(text, expected):
    assert (expected or text) == redact_credentials(text)


@given(st.text(), st.text())
def test_redacting_twice_equals_redacting_once(before, after):
    text = redact_credentials(f"{before}{KEY}{after}")
    assert text == redact_credentials(text)
    assert KEY not in text


def test_a_problem_never_shows_a_key():
    shown = str(Problem("w.ini", 1, KEY, KEY, KEY, KEY))
    assert "w.ini:1: [ck_…]: expected ck_…, got ck_… (ck_…)" == shown


def test_a_command_outside_the_service_finds_the_credentials_beside_the_ini(tmp_path):
    """systemd loads them from there for the service."""
    (tmp_path / "consumer_key").write_text(KEY)
    found = sources(tmp_path).find_credential(["shop.consumer_key", "consumer_key"])
    assert Secret(KEY, tmp_path / "consumer_key") == found
