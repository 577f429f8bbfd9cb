"""INI files are split into sections, keys and values with their line numbers."""

from hypothesis import given
from hypothesis import strategies as st

from wcflow.config.ini import decode_text, parse_ini
from wcflow.config.problem import Findings, Problem


def parsed(text, file="w.ini"):
    """Return the sections as plain values, and the problems."""
    findings = Findings()
    sections = [
        (
            section.line,
            section.kind,
            section.name,
            {key: [(row.line, row.text) for row in e.rows] for key, e in section.entries.items()},
        )
        for section in parse_ini(text, file, findings)
    ]
    return sections, findings.problems([file])


def problem(line, section, expected, got, hint=""):
    return Problem("w.ini", line, section, expected, got, hint)


def test_a_section_has_its_keys_with_their_lines():
    """Section headers, keys and values are trimmed."""
    text = "[segment  At   Risk]\nwhen = a\ngroup=b\n\n[wcflow]\n"
    expected = [
        (1, "segment", "At Risk", {"when": [(2, "a")], "group": [(3, "b")]}),
        (5, "wcflow", "", {}),
    ]
    assert (expected, []) == parsed(text)


def test_a_value_continues_on_indented_lines():
    """Comments and empty lines between them are skipped."""
    text = "[workflow w]\ndo =\n    one\n\n  # a comment\n\ttwo = 2\nmode = off\n   [three\n"
    expected = {"do": [(3, "one"), (6, "two = 2")], "mode": [(7, "off"), (8, "[three")]}
    assert ([(1, "workflow", "w", expected)], []) == parsed(text)


def test_a_value_can_begin_on_the_line_of_its_key():
    assert ([(1, "a", "", {"b": [(2, "1"), (3, "2")]})], []) == parsed("[a]\nb = 1\n  2\n")


def test_a_value_can_contain_an_equals_sign():
    assert ([(1, "a", "", {"b": [(2, "c = d : e")]})], []) == parsed("[a]\nb = c = d : e")


def test_a_whole_file_can_be_indented():
    """Only a line that is indented more than its key continues the value."""
    text = "  [a]\n    b = 1\n    c = 2\n  [d]\n"
    expected = [(1, "a", "", {"b": [(2, "1")], "c": [(3, "2")]}), (4, "d", "", {})]
    assert (expected, []) == parsed(text)


def test_a_tab_indents_like_eight_spaces():
    text = "[a]\n    b = 1\n\t2\n        c = 3\n"
    assert ([(1, "a", "", {"b": [(2, "1"), (3, "2"), (4, "c = 3")]})], []) == parsed(text)


def test_percent_signs_and_dollars_have_no_special_meaning():
    assert ([(1, "a", "", {"b": [(2, "%(c)s ${d}")]})], []) == parsed("[a]\nb = %(c)s ${d}")


def test_keys_are_found_in_any_case_and_kept_as_written():
    findings = Findings()
    (section,) = parse_ini("[tiers]\nGold = 1\n", "w.ini", findings)
    assert ["gold"] == list(section.entries)
    assert "Gold" == section.entries["gold"].key


def test_crlf_lf_and_cr_end_a_line():
    for end in ("\n", "\r\n", "\r"):
        assert ([(2, "a", "", {"b": [(3, "1")]})], []) == parsed(end.join(["", "[a]", "b = 1", ""]))


def test_a_byte_order_mark_is_removed():
    assert "[a]" == decode_text(b"\xef\xbb\xbf[a]", "w.ini", Findings())


def test_bytes_that_are_not_utf_8_are_a_problem_of_their_line():
    findings = Findings()
    assert "" == decode_text(b"[a]\n# Gr\xfc\xdfe\n", "w.ini", findings)
    expected = problem(2, "", "UTF-8 text", "bytes of another encoding", "save the file as UTF-8")
    assert [expected] == findings.problems(["w.ini"])


def test_a_row_that_does_not_exist_has_the_line_of_its_key():
    findings = Findings()
    (section,) = parse_ini("[a]\nb =\n  c\n", "w.ini", findings)
    assert [3, 2, 1] == [section.line_of("b"), section.line_of("b", 7), section.line_of("z")]


def test_a_duplicate_key_is_a_problem():
    expected = problem(3, "a", "one 'B'", "a second one (the first is on line 2)")
    assert [expected] == parsed("[a]\nb = 1\nB = 2\n")[1]


def test_lines_before_the_first_section_are_one_problem():
    expected = problem(
        1, "", "a section header such as [wcflow] first", "a line before any section"
    )
    assert [expected] == parsed("a = 1\nb = 2\n")[1]


def test_a_line_without_an_equals_sign_is_a_problem_with_a_suggestion():
    hinted = problem(2, "a", "key = value", "a line without '='", "did you mean 'b = …'?")
    indent = problem(4, "a", "key = value", "a line without '='", "if it belongs to 'c', indent it")
    assert [hinted, indent] == parsed("[a]\nb: 1\nc = 1\nd e\n")[1]


def test_lines_of_a_value_that_are_not_indented_are_one_problem_and_belong_to_it():
    expected = problem(
        3, "a", "an indented line", "one that is not", "indent all lines that belong to 'c'"
    )
    rows = [(3, "d e"), (4, "f >= 1")]
    assert ([(1, "a", "", {"c": rows, "g": [(5, "2")]})], [expected]) == parsed(
        "[a]\nc =\nd e\nf >= 1\ng = 2\n"
    )


def test_an_unclosed_section_header_is_a_problem_and_its_section_is_skipped():
    expected = problem(1, "", "a ']' at the end of the section header", "none")
    assert ([(3, "b", "", {})], [expected]) == parsed("[a\nc = 1\n[b]\n")


def test_a_comment_after_a_section_header_is_a_problem():
    hint = "put what follows the ']' on a line of its own"
    expected = problem(1, "", "a ']' at the end of the section header", "none", hint)
    assert [expected] == parsed("[a] ; hello\n")[1]


def test_a_section_header_needs_a_name_without_brackets():
    expected = [
        problem(line, "", "a section header such as [segment VIP]", "brackets without a name")
        for line in (1, 2)
    ]
    assert ([], expected) == parsed("[ ]\n[tag [x]]\n")


def test_an_equals_sign_needs_a_key_before_it():
    assert [problem(2, "a", "a key before the '='", "none")] == parsed("[a]\n= 1\n")[1]


def test_control_characters_are_problems():
    expected = [problem(line, "a", "text", "a control character") for line in (2, 3)]
    assert [(1, "a", "", {})] == parsed("[a]\nb = \x00\nc = x\u2028y\n")[0]
    assert expected == parsed("[a]\nb = \x00\nc = x\u2028y\n")[1]


LINES = st.lists(
    st.sampled_from(["[segment A]", "[b", "k = v", "K=w", "  more", "# c", "", "x", "=", "\tj = 1"])
    | st.text(max_size=12),
    max_size=12,
)


@given(LINES)
def test_every_line_is_read_or_a_problem(lines):
    """It is a section header, a key, a row, a comment, empty, or a problem.

    Lines that belong to a problem (rows of a duplicate key, keys without a section) are part of it.
    """
    text = "\n".join(line.replace("\n", " ").replace("\r", " ") for line in lines)
    sections, problems = parsed(text)
    faulty = {each.line for each in problems}
    known = {line for line, *_ in sections}
    known |= {line for *_, keys in sections for rows in keys.values() for line, _ in rows}
    known |= {key.line for each in parse_ini(text, "", Findings()) for key in each.entries.values()}
    dependent = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and line.strip()[0] not in "#;":
            dependent = number in faulty or (dependent and number not in known)
            assert dependent or number in known
