"""Connect to a store, and make sure that a database is never used with another store."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from wcflow.config.stores import StoreSettings
from wcflow.database.connection import Database
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.rename_store import find_former_name, renamed_error
from wcflow.database.sql import stamp
from wcflow.database.stores import load_store_row, save_store
from wcflow.database.tables import StoreRow
from wcflow.errors import SetupError, StoreError
from wcflow.store.client import Store
from wcflow.store.store_info import StoreInfo, fetch_reads_meta, fetch_store_info
from wcflow.units import zone_name

KEY_AGE = timedelta(hours=1)
"""How long it is believed what a key can read."""


def build_client(
    settings: StoreSettings,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Store:
    """Build a client without sending a request; ``sleep`` can raise to end a wait."""
    return Store(
        settings.name,
        settings.url,
        settings.consumer_key,
        settings.consumer_secret,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
        timeout=settings.timeout,
        page_size=settings.page_size,
        sleep=sleep,
        clock=clock,
    )


def save_store_info(
    db: Database, client: Store, settings: StoreSettings, configured: Collection[str] = ()
) -> StoreInfo:
    """Read what the store is and save it; raises SetupError if it is another store than before.

    It is one too if the database has the store under a name that is not ``configured`` now.
    Whether the key can read customer meta is asked once an hour, and for a new key.
    """
    found = fetch_store_info(client)
    name, zone = settings.name, zone_name(found.zone)
    with db.reading() as tx:
        known = load_store_row(tx, name)
        check_name(tx, name, known, found, configured)
    if known is not None and known.url:
        check_binding(settings, known, found)
    key = _read_key(client, settings, known, found.server_now)
    with db.transaction() as tx:
        row = load_store_row(tx, name)
        if row is not None and row.url:
            check_binding(settings, row, found)
        save_store(
            tx,
            name,
            url=found.url,
            uid=found.uid or (row.uid if row else ""),
            title=found.title,
            time_zone=zone,
            currency=found.currency,
            version=found.wc_version,
            uses_hpos=bool(found.hpos),
            has_subscriptions=found.has_subscriptions,
            has_companion=found.has_companion,
            **key,
        )
        if row is not None and row.time_zone != zone:
            start_full_evaluation(tx, name)
    return found


def check_name(
    tx: Connection, name: str, row: StoreRow | None, found: StoreInfo, configured: Collection[str]
) -> None:
    """Raise SetupError if a new store is in the database under a name that no section has now."""
    if row is not None and row.url:
        return
    former = find_former_name(tx, found.url, found.uid, {*configured, name})
    if former is not None:
        raise renamed_error(name, former)


def _read_key(
    client: Store, settings: StoreSettings, row: StoreRow | None, now: datetime
) -> dict[str, Any]:
    """Return the columns about the key, or nothing if what is known of it is recent."""
    digest = hashlib.sha256(settings.consumer_key.encode()).hexdigest()[:16]
    if row is not None and row.key_digest == digest and row.key_read_at is not None:
        age = stamp(now) - row.key_read_at
        if 0 <= age < KEY_AGE.total_seconds():
            return {}
    # Without any customers there is nothing to read.
    reads_meta = fetch_reads_meta(client) is not False
    return {"can_read_meta": reads_meta, "key_digest": digest, "key_read_at": stamp(now)}


def require_row(tx: Connection, name: str) -> StoreRow:
    """Return the store's row; raises SetupError before the first contact."""
    row = load_store_row(tx, name)
    if row is None:
        raise SetupError(
            f"[store {name}] has never been reached", "Run 'wcflow doctor', then 'wcflow plan'."
        )
    return row


def save_failure(db: Database, name: str, error: StoreError, now: datetime) -> None:
    """Save why the store cannot be polled, or accepts no changes, and since when."""
    column = "write_error" if error.is_write else "poll_error"
    with db.transaction() as tx:
        row = load_store_row(tx, name)
        if row is not None and getattr(row, column) != str(error):
            since = getattr(row, f"{column}_since") or stamp(now)
            save_store(tx, name, **{column: str(error), f"{column}_since": since})


def check_binding(settings: StoreSettings, row: StoreRow, found: StoreInfo) -> None:
    """Raise SetupError if the store is not the one that the database belongs to."""
    same_id = not (row.uid and found.uid) or row.uid == found.uid
    same_address = _address(row.url) == _address(found.url)
    if same_id and same_address:
        return
    if same_address:
        why = f"the database belongs to an earlier store at {row.url}"
    elif _address(settings.url) == _address(found.url):
        why = f"the database belongs to {row.url}, not to {found.url}"
    else:
        why = f"the database belongs to {row.url}, but {settings.url} leads to {found.url}"
    advice = "Give the other store its own section name or its own database."
    if same_id:
        advice += f" If the same store has moved, run 'wcflow approve --moved {settings.name}'."
    raise SetupError(f"[store {settings.name}] is another store: {why}", advice)


def _address(url: str) -> str:
    """Return the part of a URL that must not change; http and https are the same store."""
    return url.split("://", 1)[-1].rstrip("/").lower()
