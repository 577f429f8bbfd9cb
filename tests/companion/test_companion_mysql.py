"""The companion plugin's tables can be made by MySQL too, whose words and limits differ from MariaDB's."""

import re

import pytest
from sqlalchemy.dialects.mysql.reserved_words import RESERVED_WORDS_MYSQL

from tests.companion.test_companion_tokens import PLUGIN

TABLES = (PLUGIN / "includes/class-wcflow-tables.php").read_text()
COLUMN = r"(?m)^([a-z_]+) ((?:big)?int|varchar|char|text|longtext|datetime|decimal)(?:\((\d+))?"
COLUMNS = {name: (kind, int(size or 0)) for name, kind, size in re.findall(COLUMN, TABLES)}
KEYS = [keys.split(",") for keys in re.findall(r"KEY +[\w$]*? ?\(([\w,$]+)\)", TABLES)]
LONGEST_COLUMN_OF_A_KEY, LONGEST_KEY = 767, 3072
"""In bytes: the first for the row format COMPACT, which databases of older servers still have."""


def size_in_key(column):
    kind, size = COLUMNS["sort_name" if column == "$column" else column]
    return size * 4 if kind in ("varchar", "char") else 9


def test_no_column_has_a_name_that_mysql_reserves():
    assert len(COLUMNS) > 30
    assert set(COLUMNS) & RESERVED_WORDS_MYSQL == set()


@pytest.mark.parametrize("key", KEYS, ids=",".join)
def test_each_key_is_short_enough(key):
    sizes = [size_in_key(column) for column in key]
    assert max(sizes) <= LONGEST_COLUMN_OF_A_KEY
    assert sum(sizes) <= LONGEST_KEY


def test_no_key_is_of_a_text_without_length():
    assert {COLUMNS[name][0] for key in KEYS for name in key if name != "$column"}.isdisjoint(
        {"text", "longtext"}
    )


def test_no_statement_uses_what_only_one_of_both_has():
    own = re.compile(
        r"\b(JSON_\w+|RETURNING|OVER\s*\(|WITH RECURSIVE|EXCEPT|INTERSECT|REGEXP|NEXTVAL|UUID)\b"
    )
    found = {
        path.name: own.findall(line)
        for path in PLUGIN.rglob("*.php")
        for line in path.read_text().splitlines()
        if re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|ALTER)\b", line) and own.search(line)
    }
    assert found == {}
