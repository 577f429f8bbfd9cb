"""Turn what steps, segments and tags lead to into rows of the outbox. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wcflow.actions.note import note
from wcflow.actions.registry import ENTRY_KINDS, is_marketing
from wcflow.actions.tag import tag_change, tag_state
from wcflow.database.outbox import TAGS_RULE, TagEntry
from wcflow.database.sql import dumps, stamp
from wcflow.profile import Profile, Transition, last_activity, latest_order
from wcflow.rules.codes import work_key
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import TagTarget
from wcflow.rules.model import DEFAULT_PRIORITY, Rules
from wcflow.rules.run_steps import Taken
from wcflow.rules.steps import Send, TakeCode
from wcflow.rules.workflow_run import Run
from wcflow.units import local_day

RECENT = timedelta(hours=1)
"""What happened within this time goes before everything else that is due."""


@dataclass(frozen=True, slots=True)
class EntryBuilder:
    """Makes rows for one store, from one set of rules, at one instant."""

    store: str
    rules: Rules
    secret: str
    now: datetime

    def step_entry(self, run: Run, run_id: int, taken: Taken) -> dict[str, Any] | None:
        """Return the row of a step. Tags reach the store as state, so only a dry run shows them."""
        sent = taken.result
        assert not isinstance(sent, TakeCode), "all codes are reserved before a run is saved"
        if not isinstance(sent, Send):
            if run.mode != "dry_run":
                return None
            sent = tag_change(sent)
        state = "cancelled" if sent.impossible else "dry_run" if run.mode == "dry_run" else "due"
        return self._row(
            sent,
            rule=run.rule,
            person=run.person,
            event=run.event,
            step=f"{taken.label} {taken.action}",
            run_id=run_id,
            needs=dumps(list(taken.needs)),
            state=state,
            outcome=sent.impossible,
            cancelled_by=taken.cancelled_by,
            priority=self._priority(run.workflow) if ENTRY_KINDS[sent.kind].message else 0,
        )

    def _priority(self, workflow: str) -> int:
        """Return the priority of a workflow as it is now; the usual one if it was removed."""
        same = (each.priority for each in self.rules.workflows if each.name == workflow)
        return next(same, DEFAULT_PRIORITY)

    def transition_entry(
        self, evaluated: Evaluation, transition: Transition, reason: str
    ) -> dict[str, Any] | None:
        """Return the row of the note on a segment change, if the segment has ``note = yes``."""
        rule = next((each for each in self.rules.segments if each.name == transition.segment), None)
        order = latest_order(evaluated.profile)
        if rule is None or not rule.note or order is None:
            return None
        word = "entered" if transition.entered else "left"
        day = local_day(transition.at, evaluated.profile.store.zone).isoformat()
        person, event = evaluated.memory.person, f"{transition.segment} {word} {day}"
        key = work_key(self.secret, self.store, "segment", evaluated.profile.key, event)
        text = f"Customer {word} the segment {transition.segment}: {reason}"
        return self._row(
            note(order.id, text, key),
            rule=f"segment {transition.segment}",
            person=person,
            event=event,
            step="note",
        )

    def tags_entry(self, person: int, target: TagTarget) -> dict[str, Any]:
        """Return the row with the tags that one place should show."""
        return self._row(
            tag_state(target),
            rule=TAGS_RULE,
            person=person,
            event="state",
            step=tag_step(target),
        )

    def _row(self, sent: Send, **columns: Any) -> dict[str, Any]:
        common = {
            "store": self.store,
            "channel": ENTRY_KINDS[sent.kind].channel,
            "kind": sent.kind,
            "target_id": sent.target,
            "payload": dumps(dict(sent.payload)),
            "run_id": None,
            "needs": "[]",
            "cancelled_by": None,
            "state": "due",
            "outcome": "",
            "finished_at": None,
            "due_at": stamp(self.now),
            "queued_at": stamp(self.now),
            "urgent": False,
            "priority": 0,
            "marketing": is_marketing(sent.kind, sent.payload),
            "rules_digest": self.rules.digest,
        }
        return common | columns


def is_urgent(profile: Profile, now: datetime) -> bool:
    """Return whether something just happened to a person, so that their changes go first.

    Changes from an initial import or an edited rule have no such event. The date of an order's
    last change says nothing: wcflow's own writes move it.
    """
    since, latest, account = now - RECENT, profile.latest_stamp, profile.account
    if account is not None and account.created is not None and account.created >= since:
        return True
    if latest is None or latest < since:
        return False
    return any(last_activity(each, modified=False) >= since for each in profile.orders)


def tag_step(target: TagTarget) -> str:
    """Return the step of an entry for tags: the customer, or one order."""
    return "customer" if target.kind == "customer" else f"order {target.id}"


@dataclass(frozen=True, slots=True)
class TagChanges:
    """Rows of tags to queue, and the keys (person, step) of those to cancel."""

    queue: tuple[dict[str, Any], ...]
    cancel: tuple[tuple[int, str], ...]


NO_TAG_CHANGES = TagChanges((), ())


def tag_changes(
    evaluated: Evaluation, known: Mapping[tuple[int, str], TagEntry], entry_builder: EntryBuilder
) -> TagChanges:
    """Return which places need a write and which no longer do; failed entries stay failed."""
    if not known and not any(target.differs for target in evaluated.targets):
        return NO_TAG_CHANGES
    person, urgent = evaluated.memory.person, is_urgent(evaluated.profile, entry_builder.now)
    wanted: dict[tuple[int, str], dict[str, Any]] = {
        (person, tag_step(target)): entry_builder.tags_entry(person, target) | {"urgent": urgent}
        for target in evaluated.targets
        if target.differs or _is_uncertain(known.get((person, tag_step(target))))
    }
    queue = tuple(row for key, row in wanted.items() if not _is_unchanged(known.get(key), row))
    own = (key for key, entry in known.items() if key[0] == person and entry.state != "failed")
    return TagChanges(queue, tuple(key for key in own if key not in wanted))


def _is_uncertain(entry: TagEntry | None) -> bool:
    # Only one process evaluates a store, so a claimed entry was left by one that died. What the
    # store shows is unknown then, as after a write without a response: it is looked at again.
    return entry is not None and entry.is_uncertain


def _is_unchanged(entry: TagEntry | None, row: Mapping[str, Any]) -> bool:
    if entry is None:
        return False
    # A new account with the address of a deleted one inherits its row.
    same = (entry.payload, entry.target_id) == (row["payload"], row["target_id"])
    return same and entry.state in ("due", "failed")
