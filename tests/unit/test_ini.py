"""The form of an INI file: sections, entries, rows and their lines."""

from hypothesis import given
from hypothesis import strategies as st

from wcflow.config.ini import decode_text, parse_ini
from wcflow.config.problem import Findings, Problem


def seen(text, file="w.ini"):
    """Give sections as plain values, and the problems."""
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


def test_a_section_holds_its_keys_with_their_lines():
    """Heads, keys and values are trimmed; each row of a value knows its line."""
    text = "[segment  At   Risk]\nwhen = a\ngroup=b\n\n[wcflow]\n"
    expected = [
        (1, "segment", "At Risk", {"when": [(2, "a")], "group": [(3, "b")]}),
        (5, "wcflow", "", {}),
    ]
    assert (expected, []) == seen(text)


def test_a_value_goes_on_over_indented_lines():
    """Rows deeper than their key belong to it; comments and empty lines between them do not."""
    text = "[workflow w]\ndo =\n    one\n\n  # not me\n\ttwo = 2\nmode = off\n   [three\n"
    expected = {"do": [(3, "one"), (6, "two = 2")], "mode": [(7, "off"), (8, "[three")]}
    assert ([(1, "workflow", "w", expected)], []) == seen(text)


def test_a_value_may_begin_on_the_line_of_its_key():
    assert ([(1, "a", "", {"b": [(2, "1"), (3, "2")]})], []) == seen("[a]\nb = 1\n  2\n")


def test_an_equals_sign_in_a_value_is_the_values_own():
    assert ([(1, "a", "", {"b": [(2, "c = d : e")]})], []) == seen("[a]\nb = c = d : e")


def test_a_file_may_be_indented_as_a_whole():
    """What is not deeper than the key before it is a line of its own."""
    text = "  [a]\n    b = 1\n    c = 2\n  [d]\n"
    expected = [(1, "a", "", {"b": [(2, "1")], "c": [(3, "2")]}), (4, "d", "", {})]
    assert (expected, []) == seen(text)


def test_a_percent_sign_and_a_dollar_stand_for_themselves():
    assert ([(1, "a", "", {"b": [(2, "%(c)s ${d}")]})], []) == seen("[a]\nb = %(c)s ${d}")


def test_keys_are_known_in_any_case_and_kept_as_written():
    findings = Findings()
    (section,) = parse_ini("[tiers]\nGold = 1\n", "w.ini", findings)
    assert ["gold"] == list(section.entries)
    assert "Gold" == section.entries["gold"].key


def test_line_ends_of_every_system_count_the_same():
    """CRLF, LF and CR end a line, and nothing else does."""
    for end in ("\n", "\r\n", "\r"):
        assert ([(2, "a", "", {"b": [(3, "1")]})], []) == seen(end.join(["", "[a]", "b = 1", ""]))


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert "[a]" == decode_text(b"\xef\xbb\xbf[a]", "w.ini", Findings())


def test_bytes_that_are_not_utf_8_are_told_with_their_line():
    findings = Findings()
    assert "" == decode_text(b"[a]\n# Gr\xfc\xdfe\n", "w.ini", findings)
    expected = problem(2, "", "UTF-8 text", "bytes of another encoding", "save the file as UTF-8")
    assert [expected] == findings.problems(["w.ini"])


def test_a_row_beyond_the_value_is_on_the_line_of_its_key():
    findings = Findings()
    (section,) = parse_ini("[a]\nb =\n  c\n", "w.ini", findings)
    assert [3, 2, 1] == [section.line_of("b"), section.line_of("b", 7), section.line_of("z")]


def test_a_second_key_of_the_same_name_is_told():
    expected = problem(3, "a", "one 'B'", "a second one (the first is on line 2)")
    assert [expected] == seen("[a]\nb = 1\nB = 2\n")[1]


def test_a_line_before_any_head_is_told_once():
    expected = problem(
        1, "", "a section header such as [wcflow] first", "a line before any section"
    )
    assert [expected] == seen("a = 1\nb = 2\n")[1]


def test_a_line_without_an_equals_sign_is_told_with_what_may_be_meant():
    hinted = problem(2, "a", "key = value", "a line without '='", "did you mean 'b = …'?")
    indent = problem(4, "a", "key = value", "a line without '='", "if it belongs to 'c', indent it")
    assert [hinted, indent] == seen("[a]\nb: 1\nc =\nd e\n")[1]


def test_a_head_that_is_not_closed_is_told_and_what_stands_below_it_is_left_alone():
    expected = problem(1, "", "a ']' at the end of the section header", "none")
    assert ([(3, "b", "", {})], [expected]) == seen("[a\nc = 1\n[b]\n")


def test_a_comment_behind_a_head_is_told():
    hint = "put what follows the ']' on a line of its own"
    expected = problem(1, "", "a ']' at the end of the section header", "none", hint)
    assert [expected] == seen("[a] ; hello\n")[1]


def test_a_head_needs_a_name_without_brackets():
    expected = [
        problem(line, "", "a section header such as [segment VIP]", "brackets without a name")
        for line in (1, 2)
    ]
    assert ([], expected) == seen("[ ]\n[tag [x]]\n")


def test_an_equals_sign_needs_a_key_before_it():
    assert [problem(2, "a", "a key before the '='", "none")] == seen("[a]\n= 1\n")[1]


def test_control_characters_are_told():
    expected = [problem(line, "a", "text", "a control character") for line in (2, 3)]
    assert [(1, "a", "", {})] == seen("[a]\nb = \x00\nc = x\u2028y\n")[0]
    assert expected == seen("[a]\nb = \x00\nc = x\u2028y\n")[1]


LINES = st.lists(
    st.sampled_from(["[segment A]", "[b", "k = v", "K=w", "  more", "# c", "", "x", "=", "\tj = 1"])
    | st.text(max_size=12),
    max_size=12,
)


@given(LINES)
def test_every_line_is_understood_or_told(lines):
    """No line is lost in silence: it is a head, a key, a row, a comment, empty, or a problem.

    What hangs on a line that was told (rows of a second key, keys of no head) is told with it.
    """
    text = "\n".join(line.replace("\n", " ").replace("\r", " ") for line in lines)
    sections, problems = seen(text)
    told = {one.line for one in problems}
    known = {line for line, *_ in sections}
    known |= {line for *_, keys in sections for rows in keys.values() for line, _ in rows}
    known |= {key.line for one in parse_ini(text, "", Findings()) for key in one.entries.values()}
    hanging = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and line.strip()[0] not in "#;":
            hanging = number in told or (hanging and number not in known)
            assert hanging or number in known
