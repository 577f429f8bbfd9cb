"""Load and save the state of each store: settings, holds, rescans and the initial sync."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from sqlalchemy import Connection, delete, select, true

from wcflow.database.sql import table_of, upsert
from wcflow.database.tables import (
    ChannelRow,
    CrowdedSecondRow,
    ImportRange,
    RescanRow,
    SettingRow,
    StoreRow,
)

_STORES = table_of(StoreRow)
_SETTINGS = table_of(SettingRow)


def load_store_row(tx: Connection, store: str) -> StoreRow | None:
    """Return the row of a store, or None before its first poll."""
    row = tx.execute(select(_STORES).where(_STORES.c.name == store)).one_or_none()
    # A Core row has the same attributes. For an instance, the ORM would first map all tables.
    return cast(StoreRow | None, row)


def save_store(tx: Connection, store: str, **columns: Any) -> None:
    """Change columns of a store's row; create the row if necessary."""
    known = tx.execute(select(_STORES.c.url).where(_STORES.c.name == store)).scalar_one_or_none()
    upsert(tx, StoreRow, [{"url": known or "", **columns, "name": store}])


MAILBOX_TROUBLE = "why the mailbox of [bounces] cannot be read"
"""The name of this setting; its value is empty if the mailbox was read the last time."""


def load_setting(tx: Connection, name: str) -> str | None:
    """Return a value that belongs to the whole database, or None."""
    value: str | None = tx.scalar(select(_SETTINGS.c.value).where(_SETTINGS.c.name == name))
    return value


def save_setting(tx: Connection, name: str, value: str) -> None:
    """Save a value that belongs to the whole database."""
    upsert(tx, SettingRow, [{"name": name, "value": value}])


def load_secret(tx: Connection) -> str:
    """Return the secret from which codes and hashes derive; make one if there is none."""
    secret = load_setting(tx, "secret")
    if secret is None:
        secret = secrets.token_hex(16)
        save_setting(tx, "secret", secret)
    return secret


# The hold of each channel.

_CHANNELS = table_of(ChannelRow)
STORE_CHANNEL = "store"
EMPTY_ANSWER_REASON = "an empty answer from the store"
"""The start of a hold's reason if the poll caused it, and not the number of changes."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The hold of a channel, if ``reason`` is not empty; ``approved`` is about its first changes."""

    reason: str = ""
    since: int | None = None
    approved: bool = False


def load_hold(tx: Connection, store: str, channel: str = STORE_CHANNEL) -> Hold:
    """Return the hold of a channel."""
    columns = (_CHANNELS.c.hold_reason, _CHANNELS.c.held_since, _CHANNELS.c.approved)
    matching = (_CHANNELS.c.store == store, _CHANNELS.c.name == channel)
    row = tx.execute(select(*columns).where(*matching)).one_or_none()
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


def load_channel_errors(tx: Connection, store: str) -> dict[str, tuple[str, int]]:
    """Return why and since when nothing gets through, by channel."""
    failing = (_CHANNELS.c.store == store, _CHANNELS.c.error != "")
    columns = (_CHANNELS.c.name, _CHANNELS.c.error, _CHANNELS.c.error_since)
    rows = tx.execute(select(*columns).where(*failing).order_by(_CHANNELS.c.name))
    return {name: (error, since or 0) for name, error, since in rows}


def save_channel_error(
    tx: Connection, store: str, channel: str, error: str, since: int | None
) -> None:
    """Save why nothing gets through a channel, or with an empty text that it works again."""
    row = {"store": store, "name": channel, "error": error, "error_since": since}
    upsert(tx, ChannelRow, [row])


# The position of each rescan.

_RESCANS = table_of(RescanRow)


@dataclass(frozen=True, slots=True)
class Rescan:
    """A running rescan: when it started, the range that is left, and how many of its pages are done."""

    started: int
    position: int
    end: int
    done: int
    pages: int


def load_rescan(tx: Connection, store: str, name: str) -> Rescan | None:
    """Return a running rescan, or None."""
    columns = [_RESCANS.c[each.name] for each in fields(Rescan)]
    matching = (_RESCANS.c.store == store, _RESCANS.c.name == name)
    row = tx.execute(select(*columns).where(*matching)).one_or_none()
    return Rescan(*row) if row else None


def save_rescan(tx: Connection, store: str, name: str, rescan: Rescan) -> None:
    upsert(tx, RescanRow, [{"store": store, "name": name, **asdict(rescan)}])


# The position of each range of the initial sync.

_RANGES = table_of(ImportRange)


def load_ranges(tx: Connection, store: str, resource: str | None = None) -> list[ImportRange]:
    """Return the ranges of one resource, or of all, by number."""
    query = select(_RANGES).where(_RANGES.c.store == store).order_by(_RANGES.c.number)
    if resource is not None:
        query = query.where(_RANGES.c.resource == resource)
    return [ImportRange(**row) for row in tx.execute(query).mappings()]


def save_ranges(tx: Connection, ranges: Iterable[ImportRange]) -> None:
    upsert(tx, ImportRange, [each.model_dump() for each in ranges])


def delete_ranges(tx: Connection, store: str, resources: Collection[str] = ()) -> None:
    """Delete the ranges of these resources, or of all: the next initial sync starts again."""
    selected = _RANGES.c.resource.in_(resources) if resources else true()
    tx.execute(delete(_RANGES).where(_RANGES.c.store == store, selected))


# The seconds in which very many orders changed, and how far polls have read each of them.

_SECONDS = table_of(CrowdedSecondRow)
_SECOND_KEY = ("store", "status", "second")


def load_crowded_seconds(tx: Connection, store: str) -> list[CrowdedSecondRow]:
    """Return the crowded seconds of a store, the oldest first."""
    query = select(_SECONDS).where(_SECONDS.c.store == store).order_by(_SECONDS.c.second)
    return [CrowdedSecondRow(**row) for row in tx.execute(query).mappings()]


def add_crowded_second(tx: Connection, row: CrowdedSecondRow) -> None:
    """Save a crowded second that is not known yet; a known one keeps its position."""
    keep = [column.name for column in _SECONDS.columns if column.name not in _SECOND_KEY]
    upsert(tx, CrowdedSecondRow, [row.model_dump()], on=_SECOND_KEY, keep=keep)


def save_crowded_second(tx: Connection, row: CrowdedSecondRow) -> None:
    upsert(tx, CrowdedSecondRow, [row.model_dump()], on=_SECOND_KEY)


def delete_crowded_second(tx: Connection, row: CrowdedSecondRow) -> None:
    tx.execute(
        delete(_SECONDS).where(
            _SECONDS.c.store == row.store,
            _SECONDS.c.status == row.status,
            _SECONDS.c.second == row.second,
        )
    )
