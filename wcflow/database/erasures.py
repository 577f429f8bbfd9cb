"""Receipts of deleted customers, and the hashes by which their addresses are recognized later.

Until the store has done its part, the addresses and the account of a deleted customer belong to no
one. Afterwards they belong to a new person, for whom everything is handled that was handled before.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, func, insert, select, update

from wcflow.database.sql import (
    dumps,
    fetch_in,
    instant,
    loads,
    select_in,
    stamp,
    table_of,
    upsert,
)
from wcflow.database.stores import load_secret
from wcflow.database.tables import ErasedIdentityRow, ErasureRow, OutboxRow

_ERASURES, _HASHES = table_of(ErasureRow), table_of(ErasedIdentityRow)
_OUTBOX = table_of(OutboxRow)
_BY_HASH = select_in(_HASHES, "hash", _HASHES.c.hash, _HASHES.c.person)
_RULE = "erasure {}"


class Erasure(NamedTuple):
    """A receipt. ``account`` is the customer id to delete, or 0; ``counts`` say how many of what."""

    id: int
    store: str
    mode: str
    person: int
    account: int
    counts: Mapping[str, int]
    erased_by: str
    reason: str
    at: datetime
    finished_at: datetime | None

    @property
    def rule(self) -> str:
        """What its changes in the outbox are because of: ``erasure 3``."""
        return _RULE.format(self.id)


class Place(NamedTuple):
    """A change in the store that belongs to an erasure: its kind, where, and how it went."""

    entry: int
    kind: str
    target_id: int
    state: str
    outcome: str


def identity_hash(secret: str, key: str) -> str:
    """Return the hash of an account or address; without the secret it cannot be guessed."""
    return hmac.new(secret.encode(), f"erased {key}".encode(), hashlib.sha256).hexdigest()


def save_erasure(tx: Connection, values: Mapping[str, Any], keys: Iterable[str]) -> Erasure:
    """Save a new receipt with the hashes of what belonged to the person."""
    row = {**values, "at": stamp(values["at"]), "counts": dumps(values["counts"])}
    found = tx.execute(insert(_ERASURES).returning(*_ERASURES.c), row).one()
    secret, store = load_secret(tx), values["store"]
    hashes = [
        {
            "store": store,
            "hash": identity_hash(secret, key),
            "erasure": found.id,
            "person": values["person"],
        }
        for key in sorted(keys)
    ]
    upsert(tx, ErasedIdentityRow, hashes)
    return _from_row(found)


def load_erasures(tx: Connection, store: str, *, unfinished: bool = False) -> list[Erasure]:
    """Return the receipts of a store, the oldest first."""
    query = select(_ERASURES).where(_ERASURES.c.store == store).order_by(_ERASURES.c.id)
    if unfinished:
        query = query.where(_ERASURES.c.finished_at.is_(None))
    return [_from_row(row) for row in tx.execute(query)]


def count_unfinished(tx: Connection, store: str) -> int:
    """Count the erasures for which the store has not done its part."""
    here = (_ERASURES.c.store == store, _ERASURES.c.finished_at.is_(None))
    return tx.scalar(select(func.count()).where(*here)) or 0


def find_erasure(tx: Connection, number: int) -> Erasure | None:
    """Return the receipt with this id."""
    row = tx.execute(select(_ERASURES).where(_ERASURES.c.id == number)).one_or_none()
    return None if row is None else _from_row(row)


def finish_erasure(tx: Connection, number: int, now: datetime) -> None:
    """Record that the store has done its part."""
    of_erasure = _ERASURES.c.id == number
    tx.execute(update(_ERASURES).where(of_erasure).values(finished_at=stamp(now)))


def load_places(tx: Connection, erasure: Erasure) -> list[Place]:
    """Return the changes in the store that belong to an erasure, the oldest first."""
    columns = (_OUTBOX.c.id, _OUTBOX.c.kind, _OUTBOX.c.target_id, _OUTBOX.c.state)
    here = (
        _OUTBOX.c.store == erasure.store,
        _OUTBOX.c.person == erasure.person,
        _OUTBOX.c.rule == erasure.rule,
    )
    query = select(*columns, _OUTBOX.c.outcome).where(*here).order_by(_OUTBOX.c.id)
    return [Place(*row) for row in tx.execute(query)]


def _from_row(row: Any) -> Erasure:
    return Erasure(
        row.id,
        row.store,
        row.mode,
        row.person,
        row.account,
        loads(row.counts),
        row.erased_by,
        row.reason,
        instant(row.at),
        None if row.finished_at is None else instant(row.finished_at),
    )


# Who is erased.


class OpenIdentities(NamedTuple):
    """The accounts and addresses of the erasures that are not finished, as hashes."""

    secret: str
    hashes: Collection[str]

    def __contains__(self, key: object) -> bool:
        return bool(self.hashes) and identity_hash(self.secret, str(key)) in self.hashes


def load_open_identities(tx: Connection, store: str, erasure: int | None = None) -> OpenIdentities:
    """Return what belongs to no one for now, or what belonged to the person of one erasure."""
    of_open = select(_ERASURES.c.id).where(
        _ERASURES.c.store == store, _ERASURES.c.finished_at.is_(None)
    )
    if erasure is not None:
        of_open = of_open.where(_ERASURES.c.id == erasure)
    numbers = [*tx.scalars(of_open)]
    if not numbers:
        return OpenIdentities("", ())
    here = (_HASHES.c.store == store, _HASHES.c.erasure.in_(numbers))
    return OpenIdentities(load_secret(tx), {*tx.scalars(select(_HASHES.c.hash).where(*here))})


def load_erased_at(tx: Connection, store: str, keys: Iterable[str]) -> dict[str, datetime]:
    """Return the accounts and addresses whose deletion is finished, with when it was asked for."""
    if not tx.scalar(select(exists().where(_HASHES.c.store == store))):
        return {}
    secret, finished = load_secret(tx), _ERASURES.c.finished_at.is_not(None)
    by_hash = {identity_hash(secret, key): key for key in keys}
    query = select_in(_HASHES, "hash", _HASHES.c.hash, _ERASURES.c.at)
    joined = _HASHES.join(_ERASURES, _ERASURES.c.id == _HASHES.c.erasure)
    query = query.select_from(joined).where(finished)
    found: dict[str, datetime] = {}
    for digest, at in sorted(fetch_in(tx, query, store, by_hash), key=lambda row: row.at):
        found[by_hash[digest]] = instant(at)
    return found


def find_erased(tx: Connection, store: str, keys: Iterable[str]) -> dict[str, set[int]]:
    """Return the persons who had these accounts and addresses before they were deleted."""
    if not tx.scalar(select(exists().where(_HASHES.c.store == store))):
        return {}
    secret = load_secret(tx)
    by_hash = {identity_hash(secret, key): key for key in keys}
    found: dict[str, set[int]] = {}
    for digest, person in fetch_in(tx, _BY_HASH, store, by_hash):
        found.setdefault(by_hash[digest], set()).add(person)
    return found
