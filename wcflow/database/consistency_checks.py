"""Queries for wrong rows of points, tiers, groups, tasks, coupon pools, campaigns and suppression."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select

from wcflow.database import pools, suppression, tasks
from wcflow.database.sql import table_of
from wcflow.database.tables import (
    CampaignRow,
    CompanionDueRow,
    CompanionPushedRow,
    CompanionRequestRow,
    GroupMemberRow,
    PersonRow,
    PointsRow,
    PoolCodeRow,
    SearchTextRow,
    SuppressionRow,
    TaskRow,
    TierRow,
)
from wcflow.rules import campaigns

_PERSONS, _POINTS, _TIERS = table_of(PersonRow), table_of(PointsRow), table_of(TierRow)
_GROUPS, _TASKS, _CODES = table_of(GroupMemberRow), table_of(TaskRow), table_of(PoolCodeRow)
_CAMPAIGNS, _SUPPRESSED = table_of(CampaignRow), table_of(SuppressionRow)
_TEXTS = table_of(SearchTextRow)
_DUE, _PUSHED = table_of(CompanionDueRow), table_of(CompanionPushedRow)
_REQUESTS = table_of(CompanionRequestRow)
RESTORE_ADVICE = "Restore a backup: nothing else contains the correct values."
_CAMPAIGN_STATES = (
    campaigns.WAITING,
    campaigns.MISSED,
    campaigns.SENDING,
    campaigns.PAUSED,
    campaigns.DONE,
    campaigns.CANCELLED,
)


class RowCheck(NamedTuple):
    """A query for the keys of wrong rows, and what to say about them."""

    name: str
    problem: str
    advice: str
    query: Select[Any]


def standing_checks(store: str) -> Iterator[RowCheck]:
    """Return the checks of what belongs to people, and of its states."""
    for key, words in (
        (_POINTS.c.id, "points belong"),
        (_TIERS.c.person, "tiers belong"),
        (_GROUPS.c.person, "members of groups belong"),
        (_TASKS.c.id, "tasks belong"),
        (_CODES.c.id, "codes of coupon pools belong"),
        (_TEXTS.c.person, "texts for searches belong"),
    ):
        problem = f"{words} to people who do not exist"
        query = select(key).where(key.table.c.store == store, _has_no_person(key.table))
        yield RowCheck("people", problem, RESTORE_ADVICE, query)
    original = _POINTS.alias()
    undone = and_(original.c.id == _POINTS.c.undoes, original.c.store == _POINTS.c.store)
    query = select(_POINTS.c.id).where(
        _POINTS.c.store == store,
        _POINTS.c.undoes.is_not(None),
        not_(select(original.c.id).where(undone).exists()),
    )
    problem = "points undo a change that does not exist"
    yield RowCheck("points", problem, RESTORE_ADVICE, query)
    for column, key, known, words in (
        (_TASKS.c.state, _TASKS.c.id, (tasks.OPEN, tasks.DONE), "tasks"),
        (_CAMPAIGNS.c.state, _CAMPAIGNS.c.name, _CAMPAIGN_STATES, "campaigns"),
        (_SUPPRESSED.c.kind, _SUPPRESSED.c.channel, suppression.KINDS, "suppressed addresses"),
    ):
        yield _unknown_states(store, column, key, known, words)


def search_checks(store: str) -> Iterator[RowCheck]:
    """Return the check of the texts by which people are found."""
    text = and_(_TEXTS.c.store == _PERSONS.c.store, _TEXTS.c.person == _PERSONS.c.id)
    query = select(_PERSONS.c.id).where(
        _PERSONS.c.store == store,
        _PERSONS.c.present,
        _PERSONS.c.dirty == 0,
        not_(select(_TEXTS.c.person).where(text).exists()),
    )
    problem = "people cannot be found by their names"
    yield RowCheck("searches", problem, "Run 'wcflow resync': it evaluates everyone again.", query)


def companion_checks(store: str) -> Iterator[RowCheck]:
    """Return the checks of what the companion plugin has: whoever is gone is to be removed from it."""
    states = ("done", "refused")
    yield _unknown_states(store, _REQUESTS.c.state, _REQUESTS.c.key, states, "requests")
    person = and_(_PERSONS.c.store == store, _PERSONS.c.id == _PUSHED.c.person, _PERSONS.c.present)
    due = and_(_DUE.c.store == store, _DUE.c.person == _PUSHED.c.person)
    query = select(_PUSHED.c.person).where(
        _PUSHED.c.store == store,
        not_(select(_PERSONS.c.id).where(person).exists()),
        not_(select(_DUE.c.person).where(due).exists()),
    )
    problem = "customers who are gone are shown by the companion plugin"
    advice = "Run 'wcflow resync': the next sync then removes them."
    yield RowCheck("companion plugin", problem, advice, query)


def _has_no_person(table: Any) -> ColumnElement[bool]:
    """Return whether a row is about a person who is not in the database; 0 and NULL are no person."""
    person = and_(_PERSONS.c.store == table.c.store, _PERSONS.c.id == table.c.person)
    return and_(table.c.person > 0, not_(select(_PERSONS.c.id).where(person).exists()))


def _unknown_states(
    store: str, column: Any, key: Any, known: Collection[str], words: str
) -> RowCheck:
    query = select(key).where(column.table.c.store == store, column.not_in(known))
    return RowCheck("states", f"{words} have an unknown state", RESTORE_ADVICE, query)


def pool_checks(store: str) -> Iterator[RowCheck]:
    """Return the checks of coupon pools: a code is free, or a customer has it."""
    yield _unknown_states(store, _CODES.c.state, _CODES.c.id, pools.STATES, "codes of coupon pools")
    codes = select(_CODES.c.id).where(_CODES.c.store == store)
    given = (pools.RESERVED, pools.ASSIGNED)
    yield RowCheck(
        "pools",
        "codes of coupon pools are reserved or assigned, but for no customer",
        RESTORE_ADVICE,
        codes.where(_CODES.c.state.in_(given), _CODES.c.person.is_(None)),
    )
    taken = or_(_CODES.c.person.is_not(None), _CODES.c.run_id.is_not(None))
    yield RowCheck(
        "pools",
        "codes of coupon pools are free, although a customer has them",
        RESTORE_ADVICE,
        codes.where(_CODES.c.state == pools.FREE, taken),
    )
