"""The codes of coupon pools: import, reserve, assign and release them.

A code is free, reserved for a step of a run, assigned once something with it was delivered, or
unusable. The row that is updated says who won, so a code is never given twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Text, cast, func, literal, or_, select, update
from sqlalchemy.dialects import sqlite

from wcflow.database.sql import chunks, dumps, instant, stamp, table_of, upsert
from wcflow.database.tables import CodesFileRow, PoolCodeRow
from wcflow.rules.steps import CodeRequest, NoCode, PoolCode

_CODES, _FILES = table_of(PoolCodeRow), table_of(CodesFileRow)
STATES = FREE, RESERVED, ASSIGNED, UNUSABLE = ("free", "reserved", "assigned", "unusable")
IMPORT_BATCH = 20_000
CHECK_IS_VALID = timedelta(days=1)
"""How long a code counts as usable after it was found in the store."""
AFTER_RESTORE = "it may have been given away after the backup was made"
"""Why codes are set aside when a backup is restored."""
_NOBODY: Mapping[str, Any] = {"person": None, "run_id": None, "step": ""}


# Import.


def add_codes(tx: Connection, store: str, pool: str, codes: Sequence[str], now: datetime) -> int:
    """Add codes as free ones and return how many are new; known ones stay as they are.

    The codes are one value of one statement: a million rows take seconds.
    """
    if tx.dialect.name == "sqlite":
        each = func.json_each(dumps(list(codes))).table_valued("value").c.value
        into: Any = sqlite.insert(_CODES)
    else:
        # Imported here, because it is slow and SQLite does not need it.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        into = postgresql.insert(_CODES)
        many = cast(literal(list(codes), postgresql.ARRAY(Text)), postgresql.ARRAY(Text))
        each = func.unnest(many).table_valued("value").render_derived().c.value
    fixed = {"store": store, "pool": pool, "state": FREE, "reason": "", "step": ""}
    columns: dict[str, Any] = {name: literal(value) for name, value in fixed.items()}
    columns |= {"code": func.lower(each), "shown": each}
    source = select(*columns.values(), literal(stamp(now))).where(each != "")
    new = into.from_select([*columns, "changed_at"], source, include_defaults=False)
    counted = new.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return int(tx.execute(counted).rowcount)


class CodesFile(NamedTuple):
    """The file of a pool as it was last imported; ``problem`` says why it cannot be read."""

    stamp: str
    digest: str
    imported_at: datetime
    problem: str = ""


def load_file(tx: Connection, store: str, pool: str) -> CodesFile | None:
    here = (_FILES.c.store == store, _FILES.c.pool == pool)
    row = tx.execute(select(_FILES).where(*here)).one_or_none()
    if row is None:
        return None
    return CodesFile(row.stamp, row.digest, instant(row.imported_at), row.problem)


def save_file(tx: Connection, store: str, pool: str, file: CodesFile) -> None:
    row = {"store": store, "pool": pool, "stamp": file.stamp, "digest": file.digest}
    at = stamp(file.imported_at)
    upsert(tx, CodesFileRow, [{**row, "imported_at": at, "problem": file.problem}])


# Codes for runs.


def reserve_code(
    tx: Connection, store: str, person: int, request: CodeRequest, now: datetime
) -> PoolCode | NoCode:
    """Reserve the next free code for a person; ``bind_code`` says for which run."""
    while True:
        first = _next_free(store, request, now).with_for_update(skip_locked=True)
        taken = (
            update(_CODES)
            .where(_CODES.c.id == first.scalar_subquery(), _CODES.c.state == FREE)
            .values(state=RESERVED, person=person, run_id=None, changed_at=stamp(now))
            .returning(_CODES.c.id, _CODES.c.shown)
        )
        row = tx.execute(taken).one_or_none()
        if row is not None:
            return PoolCode(row.id, row.shown)
        missing = _no_code(tx, store, request, now)
        if missing is not None:
            return missing


def _next_free(store: str, request: CodeRequest, now: datetime) -> Any:
    here = [_CODES.c.store == store, _CODES.c.state == FREE, _CODES.c.pool == request.pool]
    if request.checked:
        here.append(_CODES.c.checked_at >= stamp(now - CHECK_IS_VALID))
    return select(_CODES.c.id).where(*here).order_by(_CODES.c.id).limit(1)


def _no_code(tx: Connection, store: str, request: CodeRequest, now: datetime) -> NoCode | None:
    """Return why there is no code; None if another process was faster and there is one."""
    if tx.scalar(_next_free(store, request, now)) is not None:
        return None
    if tx.scalar(_next_free(store, request._replace(checked=False), now)) is None:
        return NoCode.EMPTY
    return NoCode.UNCHECKED


def next_code(tx: Connection, store: str, request: CodeRequest, now: datetime) -> PoolCode | NoCode:
    """Return the code that would be reserved next, without reserving it."""
    number = tx.scalar(_next_free(store, request._replace(checked=False), now))
    if number is None:
        return NoCode.EMPTY
    code = tx.scalar(select(_CODES.c.shown).where(_CODES.c.id == number))
    return PoolCode(0, str(code))


def bind_code(
    tx: Connection, code: int, person: int, run_id: int | None, step: str, now: datetime
) -> None:
    """Say for which run and step a reserved code is."""
    values = {"person": person, "run_id": run_id, "step": step, "changed_at": stamp(now)}
    tx.execute(update(_CODES).where(_CODES.c.id == code, _CODES.c.state == RESERVED).values(values))


class ReservedCode(NamedTuple):
    """A reserved code, and the run and step that it is for; run 0 if it has none."""

    id: int
    pool: str
    code: str
    person: int
    run_id: int
    step: str


def has_reserved_codes(tx: Connection, store: str) -> bool:
    query = select(_CODES.c.id).where(_CODES.c.store == store, _CODES.c.state == RESERVED)
    return tx.scalar(query.limit(1)) is not None


def load_reserved(tx: Connection, store: str) -> list[ReservedCode]:
    query = select(_CODES).where(_CODES.c.store == store, _CODES.c.state == RESERVED)
    return [
        ReservedCode(row.id, row.pool, row.shown, row.person or 0, row.run_id or 0, row.step)
        for row in tx.execute(query.order_by(_CODES.c.id))
    ]


def assign_codes(tx: Connection, ids: Iterable[int], now: datetime) -> None:
    """Record that something with these codes was delivered."""
    for part in chunks(ids):
        these = update(_CODES).where(_CODES.c.id.in_(part), _CODES.c.state == RESERVED)
        tx.execute(these.values(state=ASSIGNED, changed_at=stamp(now)))


def settle_codes_of(tx: Connection, store: str, person: int, now: datetime) -> None:
    """Keep the codes that are reserved for a person from everyone else: they may have been sent."""
    reserved = (_CODES.c.store == store, _CODES.c.state == RESERVED, _CODES.c.person == person)
    assign_codes(tx, [*tx.scalars(select(_CODES.c.id).where(*reserved))], now)


def release_codes(tx: Connection, ids: Iterable[int], now: datetime) -> None:
    """Make codes free again; where they are checked, they are looked up again first."""
    free = {"state": FREE, "checked_at": None, "changed_at": stamp(now), **_NOBODY}
    for part in chunks(ids):
        these = update(_CODES).where(_CODES.c.id.in_(part), _CODES.c.state == RESERVED)
        tx.execute(these.values(**free))


def set_aside(tx: Connection, code: int, reason: str, now: datetime) -> None:
    """Record that a code cannot be used."""
    values = {"state": UNUSABLE, "reason": reason, "changed_at": stamp(now)}
    tx.execute(update(_CODES).where(_CODES.c.id == code).values(**values))


def merge_codes(tx: Connection, store: str, old: int, new: int) -> None:
    """Give the codes of the person ``old`` to the person ``new``."""
    of_old = (_CODES.c.store == store, _CODES.c.person == old)
    tx.execute(update(_CODES).where(*of_old).values(person=new))


def move_codes_of_run(tx: Connection, removed: int, kept: int) -> None:
    tx.execute(update(_CODES).where(_CODES.c.run_id == removed).values(run_id=kept))


class GivenCode(NamedTuple):
    """A code that is not free, whatever became of it."""

    store: str
    pool: str
    code: str


def set_given_aside(tx: Connection, given: Sequence[GivenCode] | None, now: datetime) -> int:
    """Set free codes aside that are given by now; None: all of them, because it is not known which."""
    values = {"state": UNUSABLE, "reason": AFTER_RESTORE, "changed_at": stamp(now)}
    free = update(_CODES).where(_CODES.c.state == FREE)
    if given is None:
        return tx.execute(free.values(**values)).rowcount
    count = 0
    for each in given:
        here = (_CODES.c.store == each.store, _CODES.c.pool == each.pool)
        count += tx.execute(free.where(*here, _CODES.c.code == each.code).values(**values)).rowcount
    return count


# The store's answer.


def load_unchecked(
    tx: Connection, store: str, pool: str, now: datetime, limit: int
) -> list[tuple[int, str]]:
    """Return the next free codes that were not looked up lately, as id and code."""
    old = or_(_CODES.c.checked_at.is_(None), _CODES.c.checked_at < stamp(now - CHECK_IS_VALID))
    here = (_CODES.c.store == store, _CODES.c.state == FREE, _CODES.c.pool == pool)
    query = select(_CODES.c.id, _CODES.c.code).where(*here, old).order_by(_CODES.c.id)
    return [(row.id, row.code) for row in tx.execute(query.limit(limit))]


def count_checked(tx: Connection, store: str, pool: str, now: datetime) -> int:
    here = (_CODES.c.store == store, _CODES.c.state == FREE, _CODES.c.pool == pool)
    valid = _CODES.c.checked_at >= stamp(now - CHECK_IS_VALID)
    return tx.scalar(select(func.count()).where(*here, valid)) or 0


def save_checks(
    tx: Connection, found: Sequence[int], missing: Mapping[int, str], now: datetime
) -> None:
    """Save which codes are in the store, and why others are not usable."""
    for part in chunks(found):
        tx.execute(update(_CODES).where(_CODES.c.id.in_(part)).values(checked_at=stamp(now)))
    for number, reason in missing.items():
        set_aside(tx, number, reason, now)


# What admins see.


def count_codes(tx: Connection, store: str) -> dict[str, dict[str, int]]:
    """Count the codes of each pool by state."""
    query = select(_CODES.c.pool, _CODES.c.state, func.count()).where(_CODES.c.store == store)
    found: dict[str, dict[str, int]] = {}
    for pool, state, count in tx.execute(query.group_by(_CODES.c.pool, _CODES.c.state)):
        found.setdefault(pool, dict.fromkeys(STATES, 0))[state] = count
    return found


def count_free(tx: Connection, store: str, pool: str, most: int) -> int:
    """Count the free codes of a pool, up to ``most``."""
    here = (_CODES.c.store == store, _CODES.c.state == FREE, _CODES.c.pool == pool)
    some = select(_CODES.c.id).where(*here).limit(most).subquery()
    return tx.scalar(select(func.count()).select_from(some)) or 0


class Pool(Protocol):
    """What is asked of a [coupon_pool NAME]."""

    @property
    def name(self) -> str: ...
    @property
    def low_water(self) -> int: ...


def pool_problems(tx: Connection, store: str, rules: Iterable[Pool]) -> list[str]:
    """Return which pools are low or cannot read their file, in words."""
    found: list[str] = []
    for rule in rules:
        free = count_free(tx, store, rule.name, rule.low_water) if rule.low_water else 0
        if free < rule.low_water:
            codes = "no free code" if not free else f"only {free:,} free code{'s' * (free > 1)}"
            found.append(f"the coupon pool {rule.name} has {codes} (low_water {rule.low_water:,})")
        file = load_file(tx, store, rule.name)
        if file and file.problem:
            found.append(f"the coupon pool {rule.name}: {file.problem}")
    return found


def free_set_aside(tx: Connection, store: str, pool: str, reason: str, now: datetime) -> int:
    """Make codes free again that were set aside for this reason; return how many."""
    here = (_CODES.c.store == store, _CODES.c.state == UNUSABLE, _CODES.c.pool == pool)
    these = update(_CODES).where(*here, _CODES.c.reason == reason)
    return tx.execute(these.values(state=FREE, reason="", changed_at=stamp(now))).rowcount


class ShownCode(NamedTuple):
    """A code that is not free: who has it, for which run and step, since when, or why not."""

    code: str
    state: str
    person: int | None
    run_id: int | None
    step: str
    changed_at: datetime
    reason: str


def load_codes(
    tx: Connection, store: str, pool: str, states: Sequence[str], limit: int | None
) -> list[ShownCode]:
    """Return codes in these states, the latest first."""
    here = (_CODES.c.store == store, _CODES.c.pool == pool, _CODES.c.state.in_(states))
    query = select(_CODES).where(*here).order_by(_CODES.c.changed_at.desc(), _CODES.c.id.desc())
    return [
        ShownCode(
            row.shown,
            row.state,
            row.person,
            row.run_id,
            row.step,
            instant(row.changed_at),
            row.reason,
        )
        for row in tx.execute(query.limit(limit))
    ]
