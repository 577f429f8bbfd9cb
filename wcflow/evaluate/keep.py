"""Keep what was judged: people, memberships, moves, runs, and rows of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from wcflow.customer import Profile, net_total, paid_orders
from wcflow.evaluate.bench import Bench
from wcflow.evaluate.effects import TagWork, tag_work
from wcflow.mirror import people, queue, runs
from wcflow.mirror.upserts import stamp
from wcflow.rules.judge import Judged
from wcflow.rules.works import Took
from wcflow.units import minor_digits


@dataclass(slots=True)
class Evaluated:
    """What an evaluation came to: people judged, moves made, runs begun, effects queued."""

    people: int = 0
    moves: int = 0
    runs: int = 0
    queued: int = 0


def keep(
    tx: Connection,
    bench: Bench,
    judged: Sequence[Judged],
    settle: Collection[str],
    total: Evaluated,
) -> None:
    store = bench.settings.name
    gone = [j.memory.subject for j in judged if not j.profile.orders and j.profile.account is None]
    stay = [j for j in judged if j.memory.subject not in set(gone)]
    people.save_people(tx, [_columns(j, bench, settle) for j in stay])
    people.save_memberships(tx, store, {j.memory.subject: j.memory.segments for j in stay})
    moves = [(j.memory.subject, move, why) for j in judged for move, why in j.moves]
    people.save_moves(tx, store, moves)
    rows = [row for j in judged for row in _effect_rows(tx, bench, j)]
    queue.queue(tx, rows)
    tags = _queue_tags(tx, bench, judged)
    people.forget(tx, store, gone)
    total.people += len(judged)
    total.moves += len(moves)
    total.runs += sum(1 for j in judged for run, _ in j.took if run.counts and run.id is None)
    total.queued += sum(row["state"] == "due" for row in rows) + tags


def _columns(judged: Judged, bench: Bench, settle: Collection[str]) -> dict[str, Any]:
    paid = paid_orders(judged.profile)
    spent = sum((net_total(order, bench.shop) or Decimal(0) for order in paid), Decimal(0))
    again = judged.due.now and judged.memory.subject not in settle
    return people.person_row(bench.settings.name, judged.memory) | {
        "touched": int(again),
        "due_at": None if judged.due.at is None else stamp(judged.due.at),
        "spent": int(spent.scaleb(minor_digits(bench.shop.currency))),
        "orders_count": len(paid),
    }


def _effect_rows(tx: Connection, bench: Bench, judged: Judged) -> list[dict[str, Any]]:
    """Keep runs, call off what they no longer warrant, and give the rows of what they do."""
    store, rows = bench.settings.name, []
    for move, reason in judged.moves:
        if note := bench.maker.move_row(judged, move, reason):
            rows.append(note)
    for took in judged.took:
        rows += keep_run(tx, bench, judged.profile, took)
    for run in judged.withdrawn:
        runs.save_run(tx, store, run)
        queue.cancel_of_runs(tx, store, [run.id] if run.id else [], run.reason)
    return rows


def keep_run(tx: Connection, bench: Bench, profile: Profile, took: Took) -> list[dict[str, Any]]:
    """Keep a run and give the rows of the steps that it took; tags reach the shop as state."""
    run, steps = took
    run_id = runs.save_run(tx, bench.settings.name, run)
    return [
        bench.maker.step_row(run, run_id, taken, profile)
        for taken in steps
        if run.mode == "dry_run" or not taken.is_tag
    ]


def _queue_tags(tx: Connection, bench: Bench, judged: Sequence[Judged]) -> int:
    store = bench.settings.name
    known = queue.tag_entries(tx, store, [j.memory.subject for j in judged])
    mine: dict[str, dict[tuple[str, str], queue.TagEntry]] = {}
    for key, entry in known.items():
        mine.setdefault(key[0], {})[key] = entry
    work: list[TagWork] = [tag_work(j, mine.get(j.memory.subject, {}), bench.maker) for j in judged]
    rows = [row for each in work for row in each.queue]
    queue.queue_tags(tx, rows)
    queue.call_off_tags(tx, store, [key for each in work for key in each.call_off])
    return len(rows)
