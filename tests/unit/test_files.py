"""Files for other programs: whole or not at all, no formulas, no markup of others."""

import csv
import io
from decimal import Decimal

import pytest

from wcflow.cli.files import CsvFile, HtmlFile, csv_cell, new_file
from wcflow.errors import WcflowError


@pytest.mark.parametrize("text", ["=1+1", "+VIP", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_is_no_formula_for_a_spreadsheet(text):
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize("value", [-5, Decimal("-1.50"), 0])
def test_a_number_stays_a_number(value):
    assert value == csv_cell(value)


def test_a_csv_file_begins_with_a_mark_and_its_columns():
    file = io.StringIO(newline="")
    CsvFile(file, ["name", "total"]).write([['Anna, "A"', Decimal("1.50")], [None, "x\ny"]])
    text = file.getvalue()
    assert "\ufeff" == text[0]
    assert [["name", "total"], ['Anna, "A"', "1.50"], ["", "x y"]] == list(
        csv.reader(io.StringIO(text[1:]))
    )


def test_a_page_escapes_every_text():
    file = io.StringIO()
    page = HtmlFile(file, "<b>")
    page.heading("<i>")
    page.table(["<u>"], [['<script>alert(1)</script> & "x"'], [1234]])
    page.close()
    text = file.getvalue()
    assert [] == [each for each in ("<b>", "<i>", "<u>", "<script>") if each in text]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;" in text
    assert '<td class="number">1,234</td>' in text
    assert '<th scope="col">&lt;u&gt;</th>' in text
    assert text.endswith("</html>\n")
    assert "http" not in text, "the page needs no other file"


def test_numbers_are_aligned_right_with_their_heading():
    file = io.StringIO()
    HtmlFile(file, "x").table(["name", "count"], [["a", 1], ["b", 2]])
    HtmlFile(file, "x").table(["name"], [])
    text = file.getvalue()
    assert '<th scope="col">name</th><th scope="col" class="number">count</th>' in text
    assert 2 == text.count("</table>")


def test_only_the_owner_can_read_a_file(tmp_path):
    with new_file(tmp_path / "a.csv") as file:
        file.write("x")
    assert 0o600 == (tmp_path / "a.csv").stat().st_mode & 0o777


def test_a_file_is_replaced_only_when_it_is_complete(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(RuntimeError), new_file(tmp_path / "a.csv") as file:
        file.write("half")
        raise RuntimeError
    assert [("a.csv", "old")] == [(each.name, each.read_text()) for each in tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["none/a.csv", "."])
def test_a_file_that_cannot_be_written_is_named(tmp_path, name):
    with pytest.raises(WcflowError, match="cannot write") as caught, new_file(tmp_path / name):
        pass
    assert f"cannot write {tmp_path / name}: " in str(caught.value)
    assert "directory" in caught.value.advice
