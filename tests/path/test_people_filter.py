"""Filters, orders and pages of people give what reading every person gives, on both databases."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from wcflow.database import people_ids
from wcflow.database.people_filter import SORTS, PeopleFilter, PeopleQuery
from wcflow.database.people_search import Belonging
from wcflow.database.sql import dumps, table_of
from wcflow.database.tables import (
    CompanyMemberRow,
    CompanyRow,
    GroupMemberRow,
    MembershipRow,
    PersonRow,
    SearchTextRow,
)

BELONGING = Belonging(frozenset(), "by_email")
SHARES = {"Everyone": 1, "Many": 0.6, "Some": 0.2, "Few": 0.03}
"""The names of segments, groups, tags and companies, and how many people have each."""
WORDS = ["anna", "ben", "clara", "maier", "adler"]


def people_of(store, random, first):
    return [
        PersonRow(
            id=first + number,
            store=store,
            present=random.random() < 0.8,
            inactive=random.random() < 0.2,
            list_key=random.choice(("", f"{number % 70:03}")),
            sort_name=" ".join(random.sample(WORDS, 2)),
            email=f"{random.choice(WORDS)}@example.com",
            company=random.choice(("", "acme ltd", "other")),
            current_tags=dumps(drawn(random)),
            total_spent=random.randrange(9),
            orders_count=random.randrange(3),
            last_order=random.choice((None, 1, 2, 3)),
            since=random.choice((None, 1, 2)),
        )
        for number in range(150)
    ]


def drawn(random):
    return [name for name, share in SHARES.items() if random.random() < share]


class Everyone:
    """Two stores of random people, in a database and in memory."""

    def __init__(self, database):
        self.database, random = database, Random(3)
        self.people = [*people_of("shop", random, 1), *people_of("other", random, 500)]
        ids = [each.id for each in self.people]
        self.segments = {each: drawn(random) for each in ids}
        self.groups = {each: drawn(random) for each in ids}
        self.by_hand = {each: random.choice((7, 0)) for each in ids if random.random() < 0.1}
        with database.transaction() as tx:
            self._save(tx)

    def _save(self, tx):
        tx.execute(insert(table_of(PersonRow)), [each.model_dump() for each in self.people])
        texts = [each for each in self.people if each.present]
        self._insert(tx, SearchTextRow, texts, lambda each: [{"words": f"\n{each.sort_name}\n"}])
        self._insert(tx, MembershipRow, self.people, self._memberships)
        self._insert(tx, GroupMemberRow, self.people, self._group_members)
        company = CompanyRow(id=7, store="shop", name="Acme", folded="acme", made_by="m", made_at=1)
        company.billing_company = "acme ltd"
        tx.execute(insert(table_of(CompanyRow)), company.model_dump())
        here = [each for each in self.people if each.id in self.by_hand]
        self._insert(tx, CompanyMemberRow, here, lambda each: [{"company": self.by_hand[each.id]}])

    def _memberships(self, each):
        return [{"segment": name} for name in self.segments[each.id]]

    def _group_members(self, each):
        return [{"name": name} for name in self.groups[each.id]]

    @staticmethod
    def _insert(tx, model, people, values_of):
        given = {"phones": "", "since": 1, "added_by": "m"}
        columns = table_of(model).columns.keys()
        rows = [
            {name: value for name, value in given.items() if name in columns}
            | {"store": each.store, "person": each.id, **values}
            for each in people
            for values in values_of(each)
        ]
        tx.execute(insert(table_of(model)), rows)

    def find(self, wanted):
        """Return the people that a filter selects, by testing each."""
        return [each for each in self.people if each.store == "shop" and self._fits(each, wanted)]

    def _fits(self, each, wanted):
        return (
            each.present
            and wanted.segment in (None, *self.segments[each.id])
            and wanted.group in (None, *self.groups[each.id])
            and (wanted.tag is None or f'"{wanted.tag}"'.lower() in each.current_tags.lower())
            and wanted.inactive in (None, each.inactive)
            and all(word in each.sort_name for word in wanted.search.split())
            and (wanted.company is None or self._is_member(each, wanted.company))
        )

    def _is_member(self, each, company):
        if company == "acme":
            return self.by_hand.get(each.id, 7 if each.company == "acme ltd" else 0) == 7
        return each.company == company


@pytest.fixture
def everyone(database):
    return Everyone(database)


NAMES = st.none() | st.sampled_from([*SHARES, "Nobody"])
FILTERS = st.builds(
    PeopleFilter,
    segment=NAMES,
    tag=NAMES | st.sampled_from(["many", "FEW", "ome"]),
    group=NAMES,
    company=st.sampled_from([None, None, None, "acme", "other", "none"]),
    inactive=st.sampled_from([None, None, True, False]),
    search=st.sampled_from(["", "", "a", "anna", "ben maier", "zzz", " "]),
)


def in_order(people, sort, descending):
    def key(each):
        value = getattr(each, SORTS[sort])
        return (value is not None, value or 0, each.id) if value != "" else (True, "", each.id)

    return [each.id for each in sorted(people, key=key, reverse=descending)]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=FILTERS,
    sort=st.sampled_from([*SORTS]),
    descending=st.booleans(),
    limit=st.sampled_from([None, 0, 1, 10, 200]),
    offset=st.sampled_from([0, 1, 30, 120, 200]),
    few=st.sampled_from([1, 5, 40, 200]),
    most_read=st.sampled_from([0, 60, 10_000]),
)
def test_a_page_is_a_part_of_all_that_the_filter_selects(
    everyone, wanted, sort, descending, limit, offset, few, most_read
):
    """``few`` and ``most_read`` decide how a page is read, and never what is on it."""
    expected = in_order(everyone.find(wanted), sort, descending)
    end = None if limit is None else offset + limit
    with pytest.MonkeyPatch.context() as patch, everyone.database.reading() as tx:
        patch.setattr(people_ids, "FEW", few)
        patch.setattr(people_ids, "_MOST_READ", most_read)
        query = PeopleQuery(tx, "shop", wanted, BELONGING, sort, descending=descending)
        assert (len(expected), expected[offset:end]) == (query.matched, query.ids(limit, offset))
