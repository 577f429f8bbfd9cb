"""Show what an outbox entry would change, and entries as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.registry import content_words
from wcflow.rules.tags import SEGMENT_META, TAGS_META

if TYPE_CHECKING:
    # Only a name of a type: commands that show no previews start without them.
    from wcflow.outbox.meta_plan import Preview


_META_NAMES = {TAGS_META: "tags", SEGMENT_META: "segment"}
NOTHING, UNKNOWN = "(none)", "(not readable)"


def change(preview: Preview, zone: tzinfo = UTC) -> str:
    """Return what would change, from what to what."""
    if preview.target_missing:
        return "nothing: it no longer exists in the store"
    if preview.after is None:
        return content_words(preview.entry, zone)
    before = preview.before
    changes = [
        f"{_META_NAMES.get(key, key)}: {_old_value(key, before)} → {value or NOTHING}"
        for key, value in preview.after.items()
        if before is None or (before.get(key) or "") != (value or "")
    ]
    return "; ".join(changes) or "nothing: the store shows it already"


def _old_value(key: str, before: Mapping[str, str | None] | None) -> str:
    return UNKNOWN if before is None else before.get(key) or NOTHING


def entry_json(preview: Preview, who: object) -> dict[str, object]:
    entry = preview.entry
    return {
        "id": entry.id,
        "kind": entry.kind,
        "state": entry.state,
        "person": who,
        "target": entry.target_id or None,
        "rule": entry.rule,
        "event": entry.event,
        "step": entry.step,
        "payload": entry.payload,
        "before": preview.before,
        "after": preview.after,
        "gone": preview.target_missing,
        "approved": entry.approved,
        "due_at": entry.due_at,
    }
