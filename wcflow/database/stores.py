"""The mirror's rows about each shop, and about the database as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from sqlalchemy import Connection, bindparam, delete, select, true

from wcflow.database.prepared import Prepared
from wcflow.database.sql import table_of, upsert
from wcflow.database.tables import ChannelRow, ImportRange, RescanRow, SettingRow, StoreRow

_STORES = table_of(StoreRow)
_SETTINGS = table_of(SettingRow)
_SELECT_SETTING = Prepared(select(_SETTINGS.c.value).where(_SETTINGS.c.name == bindparam("name")))


def load_store_row(tx: Connection, store: str) -> StoreRow | None:
    """Give what is kept about a shop; None before its first contact."""
    row = tx.execute(select(_STORES).where(_STORES.c.name == store)).one_or_none()
    # It has the same attributes. To make an instance, the ORM would first lay out all tables.
    return cast(StoreRow | None, row)


def save_store(tx: Connection, store: str, **columns: Any) -> None:
    """Change columns of a shop's row, and make the row where there is none."""
    known = tx.execute(select(_STORES.c.url).where(_STORES.c.name == store)).scalar_one_or_none()
    upsert(tx, StoreRow, [{"url": known or "", **columns, "name": store}])


def load_setting(tx: Connection, name: str) -> str | None:
    """Give what belongs to the database as a whole under this name."""
    found = _SELECT_SETTING.rows(tx, name=name)
    return str(found[0].value) if found else None


def save_setting(tx: Connection, name: str, value: str) -> None:
    """Keep a value for the database as a whole."""
    upsert(tx, SettingRow, [{"name": name, "value": value}])


# The hold of each channel.

_CHANNELS = table_of(ChannelRow)
STORE_CHANNEL = "store"
EMPTY_ANSWER_REASON = "an empty answer from the store"
"""How a hold's reason begins when the poll, and not the number of changes, caused it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why and since when a channel is held, and whether its first changes were approved."""

    reason: str = ""
    since: int | None = None
    approved: bool = False


def saved_hold(tx: Connection, store: str, channel: str = STORE_CHANNEL) -> Hold:
    """Return the hold of a channel; an empty one before anything was saved."""
    columns = (_CHANNELS.c.hold_reason, _CHANNELS.c.held_since, _CHANNELS.c.approved)
    here = (_CHANNELS.c.store == store, _CHANNELS.c.name == channel)
    row = tx.execute(select(*columns).where(*here)).one_or_none()
    return Hold(*row) if row else Hold()


def save_hold(tx: Connection, store: str, hold: Hold, channel: str = STORE_CHANNEL) -> None:
    row = {
        "store": store,
        "name": channel,
        "hold_reason": hold.reason,
        "held_since": hold.since,
        "approved": hold.approved,
    }
    upsert(tx, ChannelRow, [row])


# How far each rescan has come.

_RESCANS = table_of(RescanRow)


@dataclass(frozen=True, slots=True)
class Rescan:
    """A rescan under way: when it began, what is left of it, and how many of its pages are done."""

    started: int
    position: int
    end: int
    done: int
    pages: int


def load_rescan(tx: Connection, store: str, name: str) -> Rescan | None:
    """Return a rescan of a store that is under way, or nothing."""
    columns = [_RESCANS.c[each.name] for each in fields(Rescan)]
    here = (_RESCANS.c.store == store, _RESCANS.c.name == name)
    row = tx.execute(select(*columns).where(*here)).one_or_none()
    return Rescan(*row) if row else None


def save_rescan(tx: Connection, store: str, name: str, rescan: Rescan) -> None:
    upsert(tx, RescanRow, [{"store": store, "name": name, **asdict(rescan)}])


# How far each part of the initial sync has come.

_RANGES = table_of(ImportRange)


def load_ranges(tx: Connection, store: str, resource: str | None = None) -> list[ImportRange]:
    """Give the slices of one part, or of all, in their order."""
    query = select(_RANGES).where(_RANGES.c.store == store).order_by(_RANGES.c.number)
    if resource is not None:
        query = query.where(_RANGES.c.resource == resource)
    return [ImportRange(**row) for row in tx.execute(query).mappings()]


def save_ranges(tx: Connection, ranges: Iterable[ImportRange]) -> None:
    """Keep slices as they are now."""
    upsert(tx, ImportRange, [each.model_dump() for each in ranges])


def delete_ranges(tx: Connection, store: str, resources: Collection[str] = ()) -> None:
    """Forget how far the census came, in all parts or in these: the next one begins anew."""
    which = _RANGES.c.resource.in_(resources) if resources else true()
    tx.execute(delete(_RANGES).where(_RANGES.c.store == store, which))
