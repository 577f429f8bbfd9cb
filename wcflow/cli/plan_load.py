"""Load the plan of a store: what waits for it, counted, and the first lines of the details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from sqlalchemy import Connection

from wcflow.cli.order_counts import currencies_without_rate
from wcflow.cli.plan_tables import Details, changes_of
from wcflow.database import people
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.order_counts import CurrencyCount
from wcflow.database.pauses import PauseState, load_pauses
from wcflow.database.stores import load_store_row
from wcflow.outbox.limits import any_hold
from wcflow.outbox.meta_plan import Preview
from wcflow.outbox.planned import load_plans
from wcflow.outbox.totals import PlanTotals, TotalsCounter
from wcflow.sync import SyncContext
from wcflow.units import parse_zone


@dataclass(frozen=True, slots=True)
class StorePlan:
    """The changes waiting for a store: totals, details, and why they are held.

    ``recorded`` counts by kind what steps have just changed in wcflow's own tables.
    ``waiting`` and ``waiting_dry_run`` are the changes with all their values, for JSON alone.
    """

    store: str
    url: str
    at: datetime
    zone: tzinfo
    writes: bool
    hold_reason: str
    totals: PlanTotals
    details: Details
    dry_run_counts: Mapping[str, int]
    dry_run: Details
    without_rate: Sequence[CurrencyCount]
    contacts: Mapping[int, Contact]
    paused: Mapping[str, PauseState]
    recorded: Mapping[str, int] = field(default_factory=dict)
    waiting: Sequence[Preview] = ()
    waiting_dry_run: Sequence[Preview] = ()


def load_plan(
    tx: Connection, context: SyncContext, most: int | None, *, whole: bool = False
) -> StorePlan:
    """Load the changes that wait for a store, at most ``most`` lines of each kind.

    With ``whole``, also every change with its values.
    """
    row = load_store_row(tx, context.name)
    assert row is not None, "the store is known before its plan is shown"
    zone, now = parse_zone(row.time_zone), context.clock()
    config = context.config
    waiting = _read(
        tx,
        context,
        "due",
        _Part(Details(most), TotalsCounter(config.rules.segments, config.rules.shown_group)),
        zone,
        whole,
    )
    dry_run = _read(tx, context, "dry_run", _Part(Details(most), TotalsCounter(())), zone, whole)
    persons = waiting.details.persons(most) | dry_run.details.persons(most)
    persons |= {each.entry.person for each in (*waiting.previews, *dry_run.previews)}
    return StorePlan(
        store=context.name,
        url=row.url,
        at=now,
        zone=zone,
        writes=context.settings.write,
        hold_reason=any_hold(tx, row, config.max_writes, now),
        totals=waiting.counter.totals(people.count_by_segment(tx, context.name)),
        details=waiting.details,
        dry_run_counts=dict(dry_run.counter.kinds),
        dry_run=dry_run.details,
        without_rate=currencies_without_rate(tx, row, config, context.settings),
        contacts=load_contacts(tx, context.name, persons),
        paused=load_pauses(tx, context.name),
        waiting=waiting.previews,
        waiting_dry_run=dry_run.previews,
    )


@dataclass(slots=True)
class _Part:
    """What is read of one state of the outbox."""

    details: Details
    counter: TotalsCounter
    previews: list[Preview] = field(default_factory=list)


def _read(
    tx: Connection, context: SyncContext, state: str, part: _Part, zone: tzinfo, whole: bool
) -> _Part:
    for plans in load_plans(tx, context.name, context.config, state):
        for plan in plans:
            part.counter.add(plan)
            part.details.add(changes_of(plan, zone))
            if whole:
                part.previews += plan.previews
    return part
