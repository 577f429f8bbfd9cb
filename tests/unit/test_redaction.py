"""Redaction of secrets, personal data and control characters."""

import io
import json
import logging
import os
import re
import sys

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from wcflow import log
from wcflow.config.schema import LOG_FORMATS
from wcflow.errors import SetupError
from wcflow.redact import (
    printable_text,
    redact_keys,
    redact_personal_data,
    redact_text,
    redacted_traceback,
)

KEY, SECRET = f"ck_{'a1' * 20}", f"cs_{'b2' * 20}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a {KEY}, and {SECRET}.", "a ck_…, and cs_…."),
        ("postgresql://me:s/c@t@host/db is away", "postgresql://…@host/db is away"),
        ("?oauth_signature=aB%2Fc%3D&page=2", "?oauth_signature=…&page=2"),
        (f"/x?consumer_key={KEY}&consumer_secret={SECRET}", "/x?consumer_key=…&consumer_secret=…"),
        ("host=db password=sesame user=me", "host=db password=… user=me"),
        ("Authorization: Basic Y2s6Y3M9PQ==", "Authorization: Basic …"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer …"),
        ("the consumer secret is wrong: GET /orders: HTTP 401", None),
        ("consumer_key = $WC_KEY, a basic error, https://shop.example/a", None),
    ],
)
def test_only_keys_are_redacted(text, expected):
    assert (expected or text) == redact_keys(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("g:anna@example.com", "g:…"),
        ("to <Anna.B+x@mail.example.co.uk>, now", "to <…>, now"),
        ("?email=anna%40example.com&x=1", "?email=…&x=1"),
        ("call +49 (170) 555-0134 or 0049170555013", "call … or …"),
        ("order 100234567890 of 2026-01-31 09:00:00, 1,240.00 EUR", None),
        ("10.2.4 on 127.0.0.1:8080, batch of 25 @ 0.9 s", None),
    ],
)
def test_only_personal_data_is_redacted(text, expected):
    assert (expected or text) == redact_personal_data(text)


@given(st.text(), st.text())
def test_redaction_is_idempotent(before, after):
    text = redact_text(f"{before} {KEY} anna@example.com {after}")

    assert text == redact_text(text)
    assert [] == [each for each in (KEY, "anna@example.com") if each in text]


JOINERS = "\u200c\u200d" + "".join(map(chr, range(0xE0030, 0xE0080)))
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@given(st.text(), st.booleans())
def test_printable_text_has_no_control_characters(text, lines):
    """No control character, escape sequence or text direction mark is left, and no added line."""
    shown = printable_text(text, lines=lines)

    assert [] == [
        each
        for each in shown
        if not each.isprintable() and each not in JOINERS and not (lines and each == "\n")
    ]
    assert len(shown) == len(text)


@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧", "🇩🇪", "👍🏽", "❤️\u200d🔥", SCOTLAND, "می\u200cخواهم"]
)
def test_joined_emoji_and_words_stay_whole(text):
    assert f"Anna {text}!" == printable_text(f"Anna {text}!")


@pytest.mark.parametrize(
    "text", ["\u200danna", "an\u200dna", "anna\u200d 👩", "\U000e0067", "👩\u200d\n👧"]
)
def test_a_joiner_that_joins_nothing_is_replaced(text):
    """So that an address does not hide a character."""
    assert "\N{REPLACEMENT CHARACTER}" in printable_text(text)


def test_every_kind_of_space_becomes_a_plain_space():
    """And not a replacement character."""
    assert "Anna Schmidt du Nord" == printable_text("Anna\N{NO-BREAK SPACE}Schmidt\ndu\u2028Nord")


def crash():
    someone = "anna@example.com"
    try:
        {}[someone]
    except KeyError as missing:
        try:
            int("Anna Schmidt")
        except ValueError:
            raise SetupError(f"{someone} \x1b[2J {SECRET}") from missing


def test_a_traceback_has_places_and_types_without_texts():
    with pytest.raises(SetupError) as caught:
        crash()
    output = redacted_traceback(caught.value)

    assert 2 == output.count("in crash\n")
    assert "KeyError (text hidden: it could contain customer data)\n\nwhich led to" in output
    assert output.endswith("SetupError: … \N{REPLACEMENT CHARACTER}[2J cs_…")


def test_a_traceback_of_circular_causes_ends():
    first, second = ValueError("Anna"), KeyError("Anna")
    first.__cause__, second.__cause__ = second, first

    assert 2 == redacted_traceback(first).count("text hidden")


@pytest.mark.parametrize(
    "error", [AttributeError("'Order' object has no attribute 'totl'"), ZeroDivisionError()]
)
def test_a_traceback_has_the_text_of_safe_errors(error):
    assert redacted_traceback(error).endswith(f"{type(error).__name__}: {error}".removesuffix(": "))


@pytest.mark.parametrize("form", LOG_FORMATS)
@pytest.mark.parametrize("terminal", [True, False])
def test_no_log_line_contains_a_secret_or_another_line(form, terminal, capsys):
    """In the event, a key, a list, a mapping, an object or a bound value."""
    log.configure_logging("debug", form, terminal=terminal)
    hostile = f"anna@example.com {KEY}\n2026-01-01 [info] forged \x1b]8;;http://x\x1b\\\x9b2J\u202e"

    class Odd:
        def __repr__(self):
            return hostile

    structlog.get_logger().bind(bound=hostile).warning(
        hostile, text=hostile, nested=[hostile, {hostile: (hostile,)}], odd=Odd()
    )
    output = capsys.readouterr().err

    assert 1 == output.count("\n")
    assert [] == [each for each in ("anna@", KEY, "\x1b]8", "\x9b", "\u202e") if each in output]
    assert "forged" in output


@pytest.mark.parametrize("exc_info", ["error", True, "tuple"])
def test_the_log_has_the_traceback_without_its_text(exc_info, capsys):
    log.configure_logging("debug", "json", terminal=False)
    try:
        crash()
    except SetupError as error:
        given_as = {"error": error, "tuple": (type(error), error, error.__traceback__)}
        structlog.get_logger().error("a bug", exc_info=given_as.get(exc_info, exc_info))
    line = json.loads(capsys.readouterr().err)

    assert "in crash" in line["exception"]
    assert [] == [each for each in ("anna@", "Anna Schmidt", SECRET) if each in str(line)]


@pytest.mark.parametrize(
    ("form", "journal", "has_time"),
    [("auto", True, False), ("auto", False, True), ("text", True, True), ("json", True, True)],
)
def test_the_journal_gets_no_second_timestamp(form, journal, has_time, tmp_path, monkeypatch):
    """A ``log_format`` that is set explicitly stays as it is: a program can depend on it."""
    file = tmp_path / "stderr"
    with file.open("w") as stream:
        stat = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}" if journal else "8:1")
        monkeypatch.setattr(sys, "stderr", stream)
        log.log_to_stderr("info", form)
        structlog.get_logger().info("sync finished", orders=5)
    line = file.read_text()

    assert "sync finished" in line
    assert has_time == bool(re.search(r"\d\d:\d\d:\d\d", line))


def test_the_journal_is_recognized_by_its_device_and_inode(tmp_path):
    """A child process inherits JOURNAL_STREAM even if its output goes to a file."""
    with (tmp_path / "journal").open("w") as journal, (tmp_path / "other").open("w") as other:
        stat = os.fstat(journal.fileno())
        env = {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"}

        assert [True, False] == [log.is_journal(each, env) for each in (journal, other)]
        assert not log.is_journal(journal, {})
    assert not log.is_journal(io.StringIO(), env)


def test_numbers_in_the_log_stay_numbers(capsys):
    log.configure_logging("info", "json", terminal=False)
    structlog.get_logger().info("sync finished", orders=5, seconds=0.5, initial=False, none=None)
    line = json.loads(capsys.readouterr().err)

    assert (5, 0.5, False, None) == (line["orders"], line["seconds"], line["initial"], line["none"])


def test_log_records_of_libraries_are_not_shown():
    """Log records of urllib3 contain whole URLs."""
    assert not logging.getLogger("urllib3").isEnabledFor(logging.DEBUG)
