"""The mirror's rows about each shop, and about the database as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, cast

from sqlalchemy import Connection, bindparam, delete, select, true

from wcflow.database.prepared import Prepared
from wcflow.database.sql import table_of, upsert
from wcflow.database.tables import ImportRange, Setting, StoreRow

_STORES = table_of(StoreRow)
_SETTINGS = table_of(Setting)
_SETTING = Prepared(select(_SETTINGS.c.value).where(_SETTINGS.c.name == bindparam("name")))

EMPTY_ANSWER = "an empty answer where the mirror is full"
"""How ``StoreRow.held`` begins when the poll, and not the number of writes, set the brake."""


def store_row(tx: Connection, store: str) -> StoreRow | None:
    """Give what is kept about a shop; None before its first contact."""
    row = tx.execute(select(_STORES).where(_STORES.c.name == store)).one_or_none()
    # It has the same attributes. To make an instance, the ORM would first lay out all tables.
    return cast(StoreRow | None, row)


def save_store(tx: Connection, store: str, **columns: Any) -> None:
    """Change columns of a shop's row, and make the row where there is none."""
    known = tx.execute(select(_STORES.c.url).where(_STORES.c.name == store)).scalar_one_or_none()
    upsert(tx, StoreRow, [{"url": known or "", **columns, "name": store}])


def setting(tx: Connection, name: str) -> str | None:
    """Give what belongs to the database as a whole under this name."""
    found = _SETTING.rows(tx, name=name)
    return str(found[0].value) if found else None


def drop_setting(tx: Connection, name: str) -> None:
    """Forget a value."""
    tx.execute(delete(_SETTINGS).where(_SETTINGS.c.name == name))


def save_setting(tx: Connection, name: str, value: str) -> None:
    """Keep a value for the database as a whole."""
    upsert(tx, Setting, [{"name": name, "value": value}])


# How far each part of the first census has come.

_SLICES = table_of(ImportRange)


def slices(tx: Connection, store: str, part: str | None = None) -> list[ImportRange]:
    """Give the slices of one part, or of all, in their order."""
    asked = select(_SLICES).where(_SLICES.c.store == store).order_by(_SLICES.c.number)
    if part is not None:
        asked = asked.where(_SLICES.c.part == part)
    return [ImportRange(**row) for row in tx.execute(asked).mappings()]


def save_slices(tx: Connection, told: Iterable[ImportRange]) -> None:
    """Keep slices as they are now."""
    upsert(tx, ImportRange, [each.model_dump() for each in told])


def drop_slices(tx: Connection, store: str, parts: Collection[str] = ()) -> None:
    """Forget how far the census came, in all parts or in these: the next one begins anew."""
    which = _SLICES.c.part.in_(parts) if parts else true()
    tx.execute(delete(_SLICES).where(_SLICES.c.store == store, which))
