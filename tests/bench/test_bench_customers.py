"""The cost of looking: lists and records of customers among 300,000 people, on both databases.

Run with ``pytest -s tests/bench``. A list with a filter is promised in 0.3 s and a record in 0.1 s, in
CPU time of one command after its start. The limits are three times that, as the machine can be busy.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from tests.bench.large_database import NOW, PEOPLE, build_large_database
from tests.bench.postgres_from_database import copy_to_postgres
from wcflow.cli.context import DatabaseSession
from wcflow.cli.customer_filter import FilterOptions, Status, read_filter
from wcflow.cli.find_customer import find_customer
from wcflow.customers.record import load_record, record_facts
from wcflow.database.connection import open_database
from wcflow.database.sql import table_of
from wcflow.database.tables import MembershipRow, PersonRow, SearchTextRow
from wcflow.errors import UsageError
from wcflow.evaluate.listing import Selection, list_people

LIST_SECONDS, SHOW_SECONDS, TOLERANCE = 0.3, 0.1, 3
PAGE = 50
LIMIT = 4
"""A list may take so many times as long as reading what its filters are about."""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return build_large_database(tmp_path_factory.mktemp("customers"), people=PEOPLE)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def session(request, large):
    if request.param == "sqlite":
        with large.open() as db:
            yield DatabaseSession(large.config, db, lambda: NOW)
        return
    with request.getfixturevalue("postgres").database() as url, open_database(url) as db:
        copy_to_postgres(large, db)
        yield DatabaseSession(large.config, db, lambda: NOW)


class Stopwatch:
    """CPU time in seconds: of this process, and of the server's process that answers it."""

    def __init__(self, tx):
        self._server = None
        if tx.dialect.name == "postgresql":
            tx.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))  # all in one process
            self._server = Path(f"/proc/{tx.scalar(text('SELECT pg_backend_pid()'))}/schedstat")
        self._start = self._now()

    @property
    def seconds(self):
        return self._now() - self._start

    def _now(self):
        server = int(self._server.read_text().split()[0]) if self._server else 0
        return time.process_time() + server / 1e9


@contextmanager
def timed(session):
    """Start a transaction that reads, and its stopwatch."""
    with session.db.reading() as tx:
        yield tx, Stopwatch(tx)


def read_page(tx, session, options, sort, offset=0):
    found = read_filter(tx, session, None, options)
    selection = Selection(found.people, None, sort, True, PAGE, offset)
    return len([*list_people(tx, found.contexts[0], selection)]), selection.matched


@pytest.mark.parametrize(
    ("options", "sort"),
    [
        (FilterOptions(), ""),
        (FilterOptions(), "spent"),
        (FilterOptions(segment="VIP"), "spent"),
        (FilterOptions(segment="Regular"), "name"),
        (FilterOptions(segment="At Risk"), "last-order"),
        (FilterOptions(tag="High-Value Customer"), "spent"),
        (FilterOptions(tag="Country: DE"), ""),
        (FilterOptions(status=Status.ACTIVE), "orders"),
        (FilterOptions(search="a"), ""),
        (FilterOptions(search="anna"), "name"),
        (FilterOptions(search="anna maier"), ""),
        (FilterOptions(search="no such customer"), ""),
        (FilterOptions(search="anna.maier.1234"), "email"),
        (FilterOptions(search="030 0123456"), ""),
        (FilterOptions(search="#12345"), ""),
        (FilterOptions(search="#NO-SUCH-ORDER"), ""),
        (FilterOptions(search="anna", segment="Regular", tag="Guest"), "since"),
    ],
    ids=str,
)
def test_a_page_of_a_list_is_read_at_once(session, options, sort):
    with timed(session) as (tx, watch):
        listed, matched = read_page(tx, session, options, sort)
        seconds = watch.seconds
    print(f"\n{options}, sorted by {sort or 'number'}: {listed} of {matched}: ", end="")
    print(f"{seconds * 1000:.0f} ms", end="")
    assert seconds < LIST_SECONDS * TOLERANCE


def read_plainly(tx):
    """Search each text and each list of tags for what no one has, and count a segment."""
    persons, texts, members = map(table_of, (PersonRow, SearchTextRow, MembershipRow))
    for condition in (
        texts.c.words.contains("zzz"),
        func.lower(persons.c.current_tags).contains("zzz"),
        (members.c.store == "shop") & (members.c.segment == "Regular"),
    ):
        tx.scalar(select(func.count()).where(condition))


@pytest.mark.parametrize("offset", [0, 60 * PAGE])
@pytest.mark.parametrize("sort", ["", "name", "spent", "last-order"])
@pytest.mark.parametrize("search", ["anna", "example"])
def test_filters_together_cost_little_more_than_reading_what_they_are_about(
    session, search, sort, offset
):
    """Each of the three matches tens of thousands of people; the best of three runs counts."""
    options = FilterOptions(search=search, segment="Regular", tag="Country: DE")
    costs, references = [], []
    for _ in range(3):
        with timed(session) as (tx, watch):
            listed, matched = read_page(tx, session, options, sort, offset)
            costs.append(watch.seconds)
        with timed(session) as (tx, watch):
            read_plainly(tx)
            references.append(watch.seconds)
    ratio = min(costs) / min(references)
    print(
        f"\n{search}, sorted by {sort or 'number'}, from {offset}: {listed} of {matched}: ", end=""
    )
    print(
        f"{min(costs) * 1000:.0f} ms, reading {min(references) * 1000:.0f} ms: {ratio:.1f}", end=""
    )
    assert ratio < LIMIT


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("maier.1234", "customers match"),
        ("anna maier", "more than 200 customers match"),
        ("Mira Adlr", "there is no customer"),
        ("anna.maier.12345@exmple.com", "there is no customer"),
        ("zzz", "there is no customer"),
    ],
)
def test_a_part_of_a_name_or_address_is_found_at_once_or_not_at_all(session, written, message):
    with timed(session) as (tx, watch):
        with pytest.raises(UsageError, match=message):
            find_customer(tx, session, None, written)
        seconds = watch.seconds
    print(f"\n{written}: {seconds * 1000:.0f} ms", end="")
    assert seconds < SHOW_SECONDS * TOLERANCE


@pytest.mark.parametrize("customer", ["17", "150000", "#4711", "#299999"])
def test_a_record_is_shown_at_once(session, customer):
    """Number 17 has the most orders."""
    with timed(session) as (tx, watch):
        who = find_customer(tx, session, None, customer)
        record = load_record(tx, session.config, who.settings, who.person, NOW)
        facts = record_facts(record)
        seconds = watch.seconds
    print(f"\n{customer}: {len(facts['timeline'])} entries: {seconds * 1000:.0f} ms", end="")
    assert seconds < SHOW_SECONDS * TOLERANCE
