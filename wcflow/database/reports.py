"""Queries for reports: what workflows and campaigns did, and the orders that may come from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from wcflow.database.sql import fetch_in, instant, loads, select_in, stamp, table_of
from wcflow.database.tables import EventRow, OrderRow, OutboxRow, RunRow
from wcflow.rules.attribution import Touch
from wcflow.rules.model import CAMPAIGN_PREFIX
from wcflow.rules.step_tree import steps_before
from wcflow.rules.steps import Actions

_RUNS, _OUTBOX, _EVENTS = table_of(RunRow), table_of(OutboxRow), table_of(EventRow)
_ORDERS = table_of(OrderRow)
_RULE_BY_ENTRY = select_in(_OUTBOX, "id", _OUTBOX.c.id, _OUTBOX.c.rule)
OPENED, CLICKED, ASSIGNED = "email_opened", "email_clicked", "coupon_assigned"


@dataclass(slots=True)
class RunCounts:
    """How many runs of a workflow or campaign started, and how they stand.

    ``ended`` and ``skipped`` count the reasons. ``tags`` counts the tags that its steps added.
    """

    started: int = 0
    finished: int = 0
    waiting: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)


def rule_name(workflow: str) -> str:
    """Return the rule of runs: ``workflow welcome``, ``campaign sale``."""
    is_campaign = workflow.startswith(CAMPAIGN_PREFIX)
    return workflow if is_campaign else f"workflow {workflow.removeprefix('workflow ')}"


def count_runs(
    tx: Connection, store: str, since: datetime | None, actions: Actions
) -> dict[str, RunCounts]:
    """Count the live runs of each rule since then."""
    names = ("workflow", "state", "reason", "steps", "path", "progress")
    columns = [_RUNS.c[name] for name in names]
    query = select(*columns, func.count().label("number"))
    query = query.where(_RUNS.c.store == store, _RUNS.c.mode == "live")
    if since is not None:
        query = query.where(_RUNS.c.started_at >= stamp(since))
    found: dict[str, RunCounts] = {}
    for row in tx.execute(query.group_by(*columns)):
        counts = found.setdefault(rule_name(row.workflow), RunCounts())
        why = row.reason.partition(":")[0]
        if row.state == "skipped":
            counts.skipped[why] += row.number
            continue
        counts.started += row.number
        counts.finished += row.number if row.state == "done" else 0
        counts.waiting += row.number if row.state == "waiting" else 0
        if row.state == "ended":
            counts.ended[why] += row.number
        for tag in _added_tags(row.steps, row.path, row.progress, actions):
            counts.tags[tag] += row.number
    return found


def _added_tags(steps: str, path: str, progress: str, actions: Actions) -> Iterator[str]:
    """Return the tags, as they are written in the steps, that a run has added up to its path."""
    sides = {name: each["side"] for name, each in loads(progress).items() if "side" in each}
    for _, text in steps_before(loads(steps), tuple(loads(path)), sides):
        word, _, rest = text.partition(" ")
        if word in actions and actions[word].adds_tag:
            yield rest


@dataclass(slots=True)
class EntryCounts:
    """How many changes of a kind a rule made, by state; ``deferred`` messages are among the due."""

    states: Counter[str] = field(default_factory=Counter)
    deferred: int = 0


def count_entries(
    tx: Connection, store: str, since: datetime | None
) -> dict[str, dict[str, EntryCounts]]:
    """Count the changes of each rule by kind, without dry runs."""
    deferred = func.sum((_OUTBOX.c.outcome.like("waits until%")).cast(_OUTBOX.c.attempts.type))
    columns = (_OUTBOX.c.rule, _OUTBOX.c.kind, _OUTBOX.c.state)
    query = select(*columns, func.count(), deferred).where(
        _OUTBOX.c.store == store, _OUTBOX.c.state != "dry_run", _of_rules()
    )
    if since is not None:
        query = query.where(_OUTBOX.c.queued_at >= stamp(since))
    found: dict[str, dict[str, EntryCounts]] = {}
    for rule, kind, state, count, late in tx.execute(query.group_by(*columns)):
        counts = found.setdefault(rule, {}).setdefault(kind, EntryCounts())
        counts.states[state] += count
        counts.deferred += int(late or 0) if state == "due" else 0
    return found


def _of_rules() -> Any:
    return or_(_OUTBOX.c.rule.like("workflow %"), _OUTBOX.c.rule.like(f"{CAMPAIGN_PREFIX}%"))


# What could have led to an order.


def load_touches(
    tx: Connection, store: str, since: datetime | None, kinds: Collection[str]
) -> list[Touch]:
    """Return what reached people, their clicks, and the coupons they got."""
    return [*_delivered(tx, store, since, kinds), *_from_events(tx, store, since)]


def _delivered(
    tx: Connection, store: str, since: datetime | None, kinds: Collection[str]
) -> Iterator[Touch]:
    query = select(
        _OUTBOX.c.rule, _OUTBOX.c.person, _OUTBOX.c.finished_at, _OUTBOX.c.kind, _OUTBOX.c.payload
    ).where(
        _OUTBOX.c.store == store,
        _OUTBOX.c.state == "done",
        _OUTBOX.c.kind.in_(kinds),
        _OUTBOX.c.finished_at.is_not(None),
        _of_rules(),
    )
    if since is not None:
        query = query.where(_OUTBOX.c.finished_at >= stamp(since))
    for rule, person, at, kind, payload in tx.execute(query):
        code = str(loads(payload).get("code", "")).lower() if kind == "coupon" else ""
        yield Touch(rule, person, instant(at), code)


def _from_events(tx: Connection, store: str, since: datetime | None) -> Iterator[Touch]:
    for person, kind, at, data, rule in _load_events(tx, store, since, (CLICKED, ASSIGNED)):
        if kind == CLICKED:
            yield Touch(rule, person, at, is_click=True)
        else:
            yield Touch(rule, person, at, str(data.get("code", "")).lower())


def _load_events(
    tx: Connection, store: str, since: datetime | None, kinds: Collection[str]
) -> Iterator[tuple[int, str, datetime, dict[str, Any], str]]:
    """Yield person, kind, time, data and rule of events that a rule led to."""
    here = [_EVENTS.c.store == store, _EVENTS.c.kind.in_(kinds)]
    if since is not None:
        here.append(_EVENTS.c.at >= stamp(since))
    query = select(_EVENTS.c.person, _EVENTS.c.kind, _EVENTS.c.at, _EVENTS.c.data).where(*here)
    rows = [(person, kind, at, loads(data)) for person, kind, at, data in tx.execute(query)]
    entries = {int(data["entry"]) for *_, data in rows if str(data.get("entry", "")).isdecimal()}
    rules: dict[int, str] = dict(fetch_in(tx, _RULE_BY_ENTRY, store, sorted(entries)))
    for person, kind, at, data in rows:
        number = str(data.get("entry", ""))
        rule = rules.get(int(number), "") if number.isdecimal() else ""
        if named := rule or str(data.get("rule") or data.get("workflow") or ""):
            yield person, kind, instant(at), data, rule_name(named)


def count_reactions(
    tx: Connection, store: str, since: datetime | None
) -> dict[str, dict[str, int]]:
    """Count the e-mails of each rule that were opened, and those with a click, each once."""
    seen: dict[str, dict[str, set[tuple[int, str]]]] = {}
    for person, kind, _, data, rule in _load_events(tx, store, since, (OPENED, CLICKED)):
        which = (person, str(data.get("entry") or data.get("message") or ""))
        seen.setdefault(rule, {}).setdefault(kind, set()).add(which)
    return {rule: {kind: len(each) for kind, each in kinds.items()} for rule, kinds in seen.items()}


class OrderHead(NamedTuple):
    """What says whose order it is; ``discounted`` is whether a coupon took something off."""

    id: int
    customer_id: int
    email: str
    at: datetime
    discounted: bool


def load_paid_heads(
    tx: Connection, store: str, statuses: Iterable[str], start: datetime, end: datetime | None
) -> list[OrderHead]:
    """Return the orders of these statuses whose date is from ``start`` on and before ``end``."""
    dated = func.coalesce(_ORDERS.c.paid, _ORDERS.c.created)
    here = [_ORDERS.c.store == store, _ORDERS.c.status.in_(list(statuses)), dated >= stamp(start)]
    if end is not None:
        here.append(dated < stamp(end))
    columns = (_ORDERS.c.id, _ORDERS.c.customer_id, _ORDERS.c.email, dated)
    rows = tx.execute(select(*columns, _ORDERS.c.discount_total != 0).where(*here))
    return [OrderHead(row[0], row[1], row[2], instant(row[3]), bool(row[4])) for row in rows]
