"""A body is valid JSON or an error, and never an empty list by mistake."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.store.json_body import (
    InvalidRow,
    UnreadableError,
    html_title,
    is_html,
    parse_json,
    plain_text,
)

ROWS = [{"id": 1, "refunds": [], "meta_data": [{"key": "a", "value": "{}"}]}, {"id": 2}]
JSON = json.dumps(ROWS, separators=(",", ":")).encode()
NOTICE = (
    b"<br />\n<b>Warning</b>:  Undefined array key [0] in <b>/srv/wp/x.php</b> on line"
    b" <b>12</b><br />\n"
)
LOG_LINE = b"[22-Nov-2026 19:20:08 UTC] PHP Notice: Function {closure} was called\n"
BOM = b"\xef\xbb\xbf"

json_values = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(1, 99), "meta": st.lists(st.text(max_size=4), max_size=2)}
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\n \t",
        BOM,
        NOTICE,
        NOTICE * 2,
        LOG_LINE,
        BOM + NOTICE,
        NOTICE + BOM,
        b"debug",
        LOG_LINE + NOTICE,
    ],
)
def test_php_notices_before_the_json_are_ignored(before: bytes) -> None:
    assert ROWS == parse_json(before + JSON)


CACHED = b"\n<!-- Performance optimized by [a cache] in 0.2 seconds -->"


@pytest.mark.parametrize("before", [b"", NOTICE, LOG_LINE])
@pytest.mark.parametrize(
    "after",
    [CACHED, CACHED.strip(), NOTICE, b"\n" + LOG_LINE, b"\nNotice: no [0] in /x.php", b"0", BOM],
)
def test_text_after_the_json_is_ignored(before: bytes, after: bytes) -> None:
    assert ROWS == parse_json(before + JSON + after)
    assert ROWS[0] == parse_json(before + json.dumps(ROWS[0]).encode() + after)


@pytest.mark.parametrize("after", [CACHED, CACHED.strip(), NOTICE, b"\n" + LOG_LINE])
def test_an_empty_list_before_a_remark_is_empty(after: bytes) -> None:
    assert [] == parse_json(b"[]" + after)


@pytest.mark.parametrize(
    "after", [b"]", b"}", b",", b": 1}", b";", JSON, b" " + JSON, b"</script>"]
)
def test_json_that_goes_on_is_an_error(after: bytes) -> None:
    """It is a part of something else, and which part is the answer cannot be known."""
    with pytest.raises(UnreadableError):
        parse_json(JSON + after)


@pytest.mark.parametrize("empty", [b"[]", BOM + b"[]", NOTICE + b"[]", b"{}", NOTICE + b"{}\n"])
def test_an_empty_list_after_a_notice_is_empty(empty: bytes) -> None:
    assert not parse_json(empty)


@given(json_values, st.sampled_from([b"", BOM, NOTICE, LOG_LINE]), st.data())
def test_a_truncated_body_is_an_error(value: Any, before: bytes, data: st.DataObject) -> None:
    """Wherever it is cut."""
    complete = json.dumps(value, separators=(",", ":")).encode()
    length = data.draw(st.integers(0, len(complete) - 1))
    with pytest.raises(UnreadableError):
        parse_json(before + complete[:length])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'<html><script>{"a": []}</script></html>',
        b"Fatal error: Cannot use [] for reading",
        b"Undefined index []",
        b"[] operator not supported for strings",
        b"<!DOCTYPE html><div data-rows='[{\"id\": 1}]'></div>",
        b"\xff\xfe",
    ],
)
def test_invalid_json_is_an_error(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse_json(body)


def test_a_web_page_is_recognized_and_a_notice_is_not_one() -> None:
    page = b"<!DOCTYPE html><html><head><title>Just a &quot;moment&quot;\n </title></head>"
    found = (
        is_html("text/html", page),
        is_html("", BOM + b" <HTML>"),
        is_html("text/html", NOTICE + JSON),
    )
    assert (True, True, False) == found
    assert html_title(page.decode()) == 'Just a "moment"'
    assert html_title("<p>") == ""


def test_text_of_the_store_is_shown_plain_and_short() -> None:
    assert plain_text("<b>Sorry</b>,\n  you &amp; I  <i>cannot</i>", 20) == "Sorry, you & I cann…"


class TestInvalidRows:
    """A complete list with an invalid row is parsed row by row."""

    GOOD = b'{"id":5,"a":"x,]}\\"\\ud83d\\ude00"}'

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (b'{"id":7,"a":01}', "invalid JSON: Expecting ',' delimiter"),
            (b'{"id":7,"a":<br />x}', "invalid JSON: Expecting value"),
        ],
    )
    def test_an_invalid_row_is_reported_and_the_others_are_read(
        self, row: bytes, reason: str
    ) -> None:
        rows = parse_json(b"[" + b",".join([self.GOOD, row, self.GOOD]) + b"]")
        assert [json.loads(self.GOOD), InvalidRow(7, reason), json.loads(self.GOOD)] == rows

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            (b'"a\\u0000b"', "ab"),
            (b'"a\\\\u0000b"', "a\\u0000b"),
            (b'"a\\ud83db"', "a\ufffdb"),
            (b'"\\udc00\\ud83d\\ude00"', "\ufffd\U0001f600"),
            (b'"\\\\ud83d"', "\\ud83d"),
            (b'"a\xffb"', "a\ufffdb"),
        ],
    )
    def test_nul_and_half_surrogate_pairs_are_removed(self, text: bytes, read: str) -> None:
        assert [{"id": 1, "a": read}, {"id": 2}] == parse_json(
            b'[{"id":1,"a":' + text + b'},{"id":2}]'
        )
        assert {"id": 1, "a": read} == parse_json(b'{"id":1,"a":' + text + b"}")

    @pytest.mark.parametrize(
        "body",
        [
            b"[hello]",
            b"[hello, world]",
            b'[{"id":1},{"id":2,"a":1e999}',
            b'[{"id":1,"a":1e999}]]',
            b'[{"id":1},{"id":2}}]',
            b'[{"id":1,"a":"x',
            b'{"id":1,"a":01}',
            b"[1e999] [1]",
        ],
    )
    def test_an_incomplete_list_is_an_error(self, body: bytes) -> None:
        with pytest.raises(UnreadableError):
            parse_json(body)

    def test_valid_json_that_is_hard_to_parse_is_read(self) -> None:
        """A number beyond all bounds, a control character, and what is nested too deeply (as null)."""
        deep = b"[" * 1100 + b"]" * 1100
        row = b'{"id":7,"a":1e999,"b":"x\x07","c":' + deep + b',"d":{"e":5}}'
        for read in (parse_json(row), parse_json(b"[" + self.GOOD + b"," + row + b"]")[1]):
            assert (7, math.inf, "x\x07", {"e": 5}) == tuple(
                read[key] for key in ("id", "a", "b", "d")
            )
            assert "null" in json.dumps(read["c"])
