"""Customers, events and outbox entries as JSON and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wcflow.cli import output

if TYPE_CHECKING:
    from datetime import tzinfo

    # Only names of types: commands that show no previews start without these modules.
    from wcflow.database.contacts import Contact
    from wcflow.database.messages import DeferredMessages
    from wcflow.database.outbox import OutboxEntry
    from wcflow.database.pauses import PauseState
    from wcflow.outbox.meta_plan import Preview
    from wcflow.rules.workflow_run import Run


def event_words(event: str) -> str:
    """Return an event; a run by hand has a time as its key."""
    return "started by hand" if event.startswith("bulk ") else event


def pause_words(state: PauseState, verb: str = "wait") -> str:
    """Return what waits because of a pause: ``3 runs and 5 changes wait``, ``1 run waits``."""
    counts = ((state.runs, "run"), (state.changes, "change"))
    waiting = [output.format_count(count, noun) for count, noun in counts if count]
    if state.runs + state.changes == 1:
        verb += "s"
    return f"{' and '.join(waiting)} {verb}" if waiting else "nothing was waiting"


def deferred_words(found: DeferredMessages, zone: tzinfo) -> str:
    """Return why messages wait: ``2 messages wait, the first until …: message_cap 1 per 1d``."""
    reasons = ", ".join(
        f"{reason} {count:,}" if len(found.reasons) > 1 else reason
        for reason, count in found.reasons.items()
    )
    first = "" if found.first_at is None else output.format_time(found.first_at, zone)
    until = f"until {first}" if found.count == 1 else f"the first until {first}"
    wait = f"waits {until}" if found.count == 1 else f"wait, {until}"
    return f"{output.format_count(found.count, 'message')} {wait}: {reasons}"


def next_words(run: Run, zone: tzinfo) -> str:
    """Return the next step of a waiting run and when it comes; nothing for others."""
    if run.state != "waiting" or run.due_at is None:
        return ""
    label, text = run.next_step
    step = f"step {label}, {text}" if label else "the end"
    if run.awaits:
        until = datetime.fromisoformat(run.progress[label]["until"])
        return f"{step}: at the latest on {output.format_time(until, zone)}"
    return f"{step}, on {output.format_time(run.due_at, zone)}"


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


def mailbox_problem(trouble: str | None) -> Iterator[str]:
    """Return why the mailbox of [bounces] could not be read, if so."""
    if trouble:
        yield f"bounces are not read: {trouble.rstrip('.')}"


def channel_problems(errors: Mapping[str, tuple[str, int]], zone: tzinfo) -> Iterator[str]:
    """Return since when and why nothing gets through channels such as e-mail."""
    for channel, (reason, since) in errors.items():
        when = output.format_time(datetime.fromtimestamp(since, UTC), zone)
        yield f"{channel}: nothing can be sent since {when}: {reason.rstrip('.')}"


def sentence(words: str) -> str:
    """Return words as a sentence: with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."
