"""Meta data: rows of key and value, and their changes by requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wcflow.sandbox.state import Counters, Meta


def meta_rows(rows: Iterable[Meta]) -> list[dict[str, Any]]:
    """Return rows as the REST API shows them."""
    return [{"id": row.id, "key": row.key, "value": row.value} for row in rows]


def set_meta(rows: list[Meta], key: str, value: Any, numbers: Counters, kind: str) -> None:
    """Set a key in place, or add a row; None deletes it."""
    present = next((row for row in rows if row.key == key), None)
    if value is None:
        rows[:] = [row for row in rows if row is not present]
    elif present:
        present.value = _stored_value(value)
    else:
        rows.append(Meta(numbers.take(kind), key, _stored_value(value)))


def update_meta(
    rows: list[Meta], requested: Iterable[Mapping[str, Any]], numbers: Counters, kind: str
) -> None:
    """Apply the `meta_data` of a request; rows are found by id, else by key."""
    for change in requested:
        row = next((row for row in rows if change.get("id") and row.id == change["id"]), None)
        value = change.get("value")
        if row is None:
            set_meta(rows, str(change.get("key", "")), value, numbers, kind)
        elif value is None:
            rows.remove(row)
        else:
            row.key, row.value = str(change.get("key") or row.key), _stored_value(value)


def _stored_value(value: Any) -> Any:
    """Return a value as the database stores it: scalars become strings, lists stay lists."""
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value) if isinstance(value, int | float) else value
