"""Find a store whose section in the INI file has another name now, and rename its rows."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection, Table, delete, exists, select, update
from sqlmodel import SQLModel

from wcflow.database.sql import table_of
from wcflow.database.tables import CustomerRow, OrderRow, PersonRow, StoreRow
from wcflow.errors import SetupError

_STORES = table_of(StoreRow)


def find_former_name(tx: Connection, url: str, uid: str, configured: Collection[str]) -> str | None:
    """Return the name under which the database knows a store, if no section has that name now."""
    same = select(_STORES.c.name).where(_STORES.c.url == url)
    if uid:
        same = same.where(_STORES.c.uid.in_((uid, "")))
    names = tx.execute(same).scalars()
    return next((name for name in names if name not in configured), None)


def renamed_error(name: str, former: str) -> SetupError:
    """Return the error of a store that the database has under a former name."""
    command = shlex.join(["wcflow", "store", "rename", former, name])
    return SetupError(
        f"the database has the store of [store {name}] under the name {former!r}",
        f"Stop the service and run '{command}', or call the section [store {former}] again.",
    )


def load_store_names(tx: Connection) -> list[str]:
    """Return the names of all stores in the database."""
    return list(tx.execute(select(_STORES.c.name).order_by(_STORES.c.name)).scalars())


def has_records(tx: Connection, store: str) -> bool:
    """Return whether anything was read from a store under this name."""
    found = (table_of(each) for each in (PersonRow, CustomerRow, OrderRow))
    return any(
        tx.execute(select(exists().where(table.c.store == store))).scalar_one() for table in found
    )


def rename_rows(tx: Connection, old: str, new: str, digests: Mapping[str, str]) -> int:
    """Give all rows of a store another name, and return how many there were.

    What little the database has under the new name, such as a failed attempt, is replaced.
    ``digests`` are those of rules under the old name, with those of the same rules under the new.
    """
    count = 0
    for table, column in tables_with_store():
        tx.execute(delete(table).where(table.c[column] == new))
        renamed = update(table).where(table.c[column] == old).values({column: new})
        count += tx.execute(renamed).rowcount
        for name in {"digest", "rules_digest"} & set(table.c.keys()):
            for before, after in digests.items():
                here = (table.c[column] == new, table.c[name] == before)
                tx.execute(update(table).where(*here).values({name: after}))
    released = update(_STORES).where(_STORES.c.name == new)
    tx.execute(released.values(lease_holder="", lease_until=0))
    return count


def tables_with_store() -> Iterator[tuple[Table, str]]:
    """Return every table that has rows of a store, and the column with its name."""
    for table in SQLModel.metadata.sorted_tables:
        if table.name == _STORES.name:
            yield table, "name"
        elif "store" in table.c:
            yield table, "store"
