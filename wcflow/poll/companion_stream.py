"""Follow the streams of the companion plugin, also after it was installed anew or restored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from wcflow.database.companion import Cursor, load_cursor, push_everyone, save_cursor
from wcflow.database.connection import Database
from wcflow.store.client import Store
from wcflow.store.companion import StreamPage, read_stream
from wcflow.store.fields import Json, row_id

log = structlog.get_logger()
Handle = Callable[[Sequence[Json]], int]
"""Handles rows in their order; returns how many, at least one. The rest is read again later."""
_LIMIT = 200


def follow_stream(
    db: Database,
    client: Store,
    store: str,
    stream: str,
    handle: Handle,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Handle what is new in a stream, page by page; return how many rows that were.

    ``handle`` can get the same rows again, after a crash or a reset: each has a key. Where the
    plugin's tables are other ones, or older than what was read, the stream is read from its start,
    and everyone is pushed anew. Raises StoreError.
    """
    count = 0
    while not stopping():
        page, cursor = _next_page(db, client, store, stream)
        handled = handle(page.rows) if page.rows else 0
        if handled:
            last = page.rows[handled - 1]
            cursor = Cursor(page.epoch, row_id(last), last["key"])
            count += handled
        with db.transaction() as tx:
            save_cursor(tx, store, stream, cursor)
        if handled < len(page.rows) or not page.more or not page.rows:
            break
    return count


def _next_page(db: Database, client: Store, store: str, stream: str) -> tuple[StreamPage, Cursor]:
    """Return the next rows, and the cursor before them."""
    with db.reading() as tx:
        known = load_cursor(tx, store, stream)
    page = read_stream(client, stream, known.row_id, known.row_key, _LIMIT)
    other = known.epoch not in ("", page.epoch)
    if not other and not page.reset:
        return page, Cursor(page.epoch, known.row_id, known.row_key)
    log.warning("the companion plugin starts anew", store=store, stream=stream)
    start = Cursor(page.epoch)
    with db.transaction() as tx:
        save_cursor(tx, store, stream, start)
        push_everyone(tx, store)
    if not page.reset:  # other tables, where the row with this number is another one by chance
        page = read_stream(client, stream, 0, "", _LIMIT)
    return page, start
