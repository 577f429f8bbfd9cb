"""Show what an outbox entry would change, and entries as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.registry import content_words
from wcflow.rules.tags import SEGMENT_META, TAGS_META, join_tags, split_tags

if TYPE_CHECKING:
    # Only names of types: commands that show no previews start without these modules.
    from wcflow.database.contacts import Contact
    from wcflow.database.outbox import OutboxEntry
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
        f"{_META_NAMES.get(key, key)}: {_difference(key, before, value or '')}"
        for key, value in preview.after.items()
        if before is None or (before.get(key) or "") != (value or "")
    ]
    return "; ".join(changes) or "nothing: the store shows it already"


def _difference(key: str, before: Mapping[str, str | None] | None, after: str) -> str:
    """Return what changes; of long lists of tags only those that are added and removed."""
    if before is None:
        return f"{UNKNOWN} → {after or NOTHING}"
    old = before.get(key) or ""
    if key != TAGS_META or not old or not after:
        return f"{old or NOTHING} → {after or NOTHING}"
    old_tags, new_tags = split_tags(old), split_tags(after)
    added, removed = join_tags(new_tags - old_tags), join_tags(old_tags - new_tags)
    return ", ".join(
        f"{verb} {tags}" for verb, tags in (("add", added), ("remove", removed)) if tags
    )


def event_words(event: str) -> str:
    """Return an event; a run by hand has a time as its key."""
    return "started by hand" if event.startswith("bulk ") else event


def customer_json(contact: Contact | None) -> dict[str, object] | None:
    """Return a customer; ``id`` is the customer id in the store, None for a guest."""
    if contact is None:
        return None
    return {"id": contact.customer_id or None, "name": contact.name, "email": contact.email}


def entry_json(entry: OutboxEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "state": entry.state,
        "kind": entry.kind,
        "person": entry.person,
        "target_id": entry.target_id or None,
        "rule": entry.rule,
        "event": entry.event,
        "step": entry.step,
        "payload": entry.payload,
        "queued_at": entry.queued_at,
        "due_at": entry.due_at,
        "attempts": entry.attempts,
        "approved": entry.approved,
        "outcome": entry.outcome,
        "cancelled_by": entry.cancelled_by,
    }


def preview_json(preview: Preview, customer: Contact | None) -> dict[str, object]:
    """Return an entry with its customer, and what it would change from what to what."""
    return {
        **entry_json(preview.entry),
        "customer": customer_json(customer),
        "before": preview.before,
        "after": preview.after,
        "target_missing": preview.target_missing,
    }
