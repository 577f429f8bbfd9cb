"""Keys are found where they lie, and are not repeated to anyone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.config.problem import Problem
from wcflow.config.secrets import Secret, SecretSources, redact_credentials
from wcflow.rules.errors import RuleErrors

KEY = "ck_" + "0123456789abcdef" * 2 + "01234567"


def ring(base, **env):
    return SecretSources(base, env, Path.read_bytes)


def flaw_of(found, *args):
    with pytest.raises(RuleErrors) as caught:
        found(*args)
    (rule_error,) = caught.value.rule_errors
    return rule_error.message


def test_a_key_may_stand_in_the_ini_itself(tmp_path):
    ini = tmp_path / "w.ini"
    assert Secret(KEY, ini) == ring(tmp_path).from_ini(KEY, ini)


def test_a_dollar_names_a_variable_of_the_environment(tmp_path):
    """Such a key lies in no file."""
    assert Secret(KEY) == ring(tmp_path, WC_KEY=KEY).from_ini("$WC_KEY", tmp_path / "w.ini")


@pytest.mark.parametrize("env", [{}, {"WC_KEY": ""}])
def test_a_variable_that_is_not_set_is_told(tmp_path, env):
    told = flaw_of(ring(tmp_path, **env).from_ini, "$WC_KEY", tmp_path)
    assert "the environment variable WC_KEY is not set" == told


def test_what_is_no_name_of_a_variable_is_told_and_not_repeated(tmp_path):
    told = flaw_of(ring(tmp_path).from_ini, "$pa$$word", tmp_path)
    assert "expected an environment variable such as $WC_KEY, got '$' and other signs" == told


def test_a_file_holds_one_key_and_blanks_around_it(tmp_path):
    (tmp_path / "key").write_text(f"\ufeff{KEY}\n\n")
    assert Secret(KEY, tmp_path / "key") == ring(tmp_path).from_file("key")


@pytest.mark.parametrize(
    ("content", "got"),
    [(b"", "an empty file"), (b"a b", "several words"), (b"\xff\xfe", "no UTF-8 text")],
)
def test_a_file_that_holds_anything_else_is_told(tmp_path, content, got):
    (tmp_path / "key").write_bytes(content)
    assert flaw_of(ring(tmp_path).from_file, "key").endswith(f"{tmp_path / 'key'}: {got}")


def test_a_file_that_is_not_there_is_told(tmp_path):
    told = flaw_of(ring(tmp_path).from_file, "key")
    path = tmp_path / "key"
    assert f"the file {path} cannot be read: no such file or directory" == told


def test_systemd_hands_keys_over_by_name(tmp_path):
    """The first name that is there counts; the file is systemd's own and no cause for a remark."""
    (tmp_path / "consumer_key").write_text("ck_plain")
    (tmp_path / "shop.consumer_key").write_text("ck_shop")
    keys = ring(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert Secret("ck_shop") == keys.find_credential(["shop.consumer_key", "consumer_key"])
    assert Secret("ck_plain") == keys.find_credential(["other.consumer_key", "consumer_key"])
    assert keys.find_credential(["consumer_secret"]) is None


def test_without_systemd_there_are_no_credentials(tmp_path):
    assert ring(tmp_path).find_credential(["consumer_key"]) is None


def test_a_secret_does_not_show_itself():
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
def test_what_looks_like_a_key_is_veiled_and_nothing_else(text, expected):
    assert (expected or text) == redact_credentials(text)


@given(st.text(), st.text())
def test_veiling_twice_is_veiling_once(before, after):
    text = redact_credentials(f"{before}{KEY}{after}")
    assert text == redact_credentials(text)
    assert KEY not in text


def test_a_problem_never_repeats_a_key_wherever_it_was_put():
    shown = str(Problem("w.ini", 1, KEY, KEY, KEY, KEY))
    assert "w.ini:1: [ck_…]: expected ck_…, got ck_… (ck_…)" == shown


def test_who_asks_beside_the_service_finds_the_keys_where_they_lie(tmp_path):
    """systemd takes them from beside the INI; a command by hand looks there itself."""
    (tmp_path / "consumer_key").write_text(KEY)
    found = ring(tmp_path).find_credential(["shop.consumer_key", "consumer_key"])
    assert Secret(KEY, tmp_path / "consumer_key") == found
