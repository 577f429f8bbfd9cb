"""Recorded rows of WooCommerce with one field, at any depth, replaced by any JSON value."""

import json
import random
import sqlite3
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy import text as text_of

RECORDINGS = Path(__file__).parent / "recordings"
# Random text does not compress, so an index of PostgreSQL rejects it.
LONG_TEXT = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz", k=10_000))


def recorded_rows(file, having):
    """Return the rows of a recording's lists that have a field."""
    exchanges = json.loads((RECORDINGS / f"{file}.json").read_text())
    bodies = [each["response"].get("json") for each in exchanges]
    return [row for body in bodies if type(body) is list for row in body if having in row]


def raw_json(value):
    """Return a value for the sandbox to show, as raw JSON where Python cannot write it."""
    return _RAW_JSON.get(value, value) if type(value) is str else value


# Python cannot parse lists this deep; they are written as JSON when a row is sent.
_RAW_JSON = {f"{depth} brackets": b"[" * depth + b"]" * depth for depth in (300, 600, 1100)}
_RAW_JSON |= {"an infinite number": b"1e999", "a control character": b'"\x07"'}
_AMOUNTS = ["", "0", "-1.00", "1e999999", "1e-999999", "NaN", "Infinity", "٣", "1_000", " 5 "]
_YEARS = ["9999-12-31", "0001-01-01", "1900-01-01", "2999-12-31"]
_DATES = [f"{year}T{time}" for year in _YEARS for time in ("00:00:00", "23:59:59")]
_CHARACTERS = [
    "\0",
    "a\0b",
    "\ud83d",
    "\udc00a",
    "\u202e",
    "👩🏽‍💻",
    "\x1b[31m",
    "&#0;",
    "&amp;",
    "%s",
    ",",
]
_CODE = ["{{ 7 * 7 }}", "{% raw %}", "'; DROP TABLE orders; --", "<b>"]
_WORDS = [
    "completed",
    "trash",
    "any",
    "USD",
    "JPY",
    "a@b.com",
    "@",
    "=",
    LONG_TEXT,
    f"{LONG_TEXT}@b.com",
]
_NUMBERS = [0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63), 10**400, 0.5, 1e308, -0.0]
_EMPTY = [[], {}, [None], [[]], {"": None}, {"0": 1}]
_AWKWARD = [*_AMOUNTS, *_DATES, *_CHARACTERS, *_CODE, *_WORDS, *_NUMBERS, *_EMPTY, *_RAW_JSON]
any_json = st.sampled_from(_AWKWARD) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def json_paths(value, here=()):
    """Return every path in a JSON value, the whole value first."""
    yield here
    inner = (
        value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    )
    for key, each in inner:
        yield from json_paths(each, (*here, key))


def replace_at(row, place, value):
    """Return the row with another value at a path."""
    if not place:
        return value
    row = deepcopy(row)
    at = row
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return row


def remove_at(row, place):
    """Return the row without what is at a path."""
    row = deepcopy(row)
    at = row
    for key in place[:-1]:
        at = at[key]
    del at[place[-1]]
    return row


@st.composite
def malformed_rows(draw, rows, times=1, remove=False):
    """Return one of the rows with some fields replaced, ``times`` at most; ``remove`` can drop some."""
    row = draw(st.sampled_from(rows))
    for _ in range(times):
        place = draw(st.sampled_from(list(json_paths(row))[1:] or [()]))
        if remove and place and draw(st.booleans()):
            row = remove_at(row, place)
        else:
            row = replace_at(row, place, draw(any_json))
    return row


def json_body(rows):
    """Return rows as JSON."""
    text = json.dumps(rows).encode()
    for name, value in _RAW_JSON.items():
        text = text.replace(f'"{name}"'.encode(), value)
    return text


@contextmanager
def reject_rows_with(db, table, text):
    """Make the database reject rows that contain ``text``: SQLite by its length, PostgreSQL by a trigger."""
    if db.dialect == "sqlite":

        def limit(connection, _):
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, len(text))

        event.listen(db._engine, "connect", limit)
        db._engine.dispose()
        yield
        event.remove(db._engine, "connect", limit)
        db._engine.dispose()
        return
    reject = "RAISE EXCEPTION 'no' USING ERRCODE = '22000'"
    body = f"BEGIN IF NEW::text LIKE '%{text}%' THEN {reject}; END IF; RETURN NEW; END"
    with db.transaction() as tx:
        tx.execute(text_of(f"CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"))
        when = f"BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
        tx.execute(text_of(f"CREATE TRIGGER no {when} EXECUTE FUNCTION no()"))
    yield
    with db.transaction() as tx:
        tx.execute(text_of(f"DROP TRIGGER no ON {table}"))
        tx.execute(text_of("DROP FUNCTION no()"))
