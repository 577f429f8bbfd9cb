"""Lists of coupon codes are read whatever program wrote them; what is left out is counted by line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wcflow.rules.codes import CodeListError, decode_codes, read_codes


def codes_of(data):
    return read_codes(decode_codes(data)).codes


@pytest.mark.parametrize(
    "data",
    [
        b"one\ntwo\nONE\n",
        b"one\r\ntwo",
        b"\xef\xbb\xbfone\ntwo\n",
        b"code\none\ntwo\n",
        b'"Code"\r\n"one"\r\n"two"\r\n',
        b"code,amount\none,10\ntwo,10\n",
        b'Amount;Coupon Code;Note\n10;one;"a;b"\n10;two;x\n',
        b"id\tCODE\n1\tone\n2\ttwo\n",
        "code\none\ntwo\n".encode("utf-16"),
        b"\n\n  one \n two\t\n",
    ],
)
def test_the_codes_of_a_file_are_found(data):
    assert ["one", "two"] == codes_of(data)


def test_codes_keep_their_case():
    assert ["One", "TWO"] == read_codes("One\none\nTWO").codes


def test_duplicates_and_blank_lines_are_counted_with_their_first_lines():
    found = read_codes("code\none\n\nONE\ntwo\none\n \nTwo\none\n" + "x" * 300)
    assert ["one", "two"] == found.codes
    assert [
        "4 duplicates (lines 4, 6, 8, …)",
        "2 blank lines (lines 3, 7)",
        "1 line too long for a code (line 10)",
    ] == found.left_out()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it contains no code"),
        (b"code\n\n", "it contains no code"),
        (b"name,amount\na,1\n", "no column of its first line is called 'code': 'name,amount'"),
        (b"one\nt\xe9st\n", "line 2 is not UTF-8 text; save the file as UTF-8"),
        (b"PK\x03\x04\0\0\0", "it is not a text file; save the sheet as CSV (UTF-8)"),
    ],
)
def test_another_file_is_refused_with_a_reason(data, problem):
    with pytest.raises(CodeListError) as caught:
        codes_of(data)
    assert problem == str(caught.value)


codes = st.text(st.sampled_from("abcXYZ019-_"), min_size=1, max_size=8)


@given(st.lists(st.one_of(codes, st.sampled_from(["", "  "])), max_size=20), codes)
@settings(max_examples=60, deadline=None)
def test_every_line_is_a_code_or_is_counted(lines, last):
    found = read_codes("\n".join([*lines, last]))
    assert len(lines) + 1 == len(found.codes) + found.doubles.count + found.blanks.count or (
        {line.strip().lower() for line in lines} & {"code", "codes"}
    )
    assert len(found.codes) == len({code.lower() for code in found.codes})
    assert all(code == code.strip() and code for code in found.codes)
