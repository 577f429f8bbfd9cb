"""A person's case laid out for judgement: what they were, what they wear, what is to be remembered.

Pure, as all of judging; in which order it is asked stands in judge.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from wcflow.profile import Profile, latest_order
from wcflow.records import Order
from wcflow.rules.classify import NOTHING, Classification, lifecycle
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput, Policy, Target
from wcflow.rules.memory import UNKNOWN, Memory, Written, copy_of, shown_by
from wcflow.rules.model import Rules
from wcflow.rules.steps import AddTag, RemoveTag
from wcflow.rules.tags import Copy, Merged, merge
from wcflow.rules.workflows import RunSteps, changed_tags, workflow_tags


class Before(msgspec.Struct, frozen=True):
    """What a person was when they were last seen.

    ``decision`` is what today's rules decide of that time, where nothing has happened since.
    """

    segments: Mapping[str, datetime]
    worn: frozenset[str]
    matched: frozenset[str]
    decision: Classification | None = None

    def lasting(self, now: datetime) -> Classification | None:
        """Give the decision of then if it is certain to be that of ``now``, too."""
        then = self.decision
        if then is None or (then.changes_at is not None and then.changes_at <= now):
            return None
        return _decision(self.segments, then.kept, then.changes_at, then.tags, then.scope)


class EvaluationState(msgspec.Struct, frozen=True):
    """A case laid out beside the rules and the store's policy.

    ``copies`` are the places that show the tags, ``newest`` the latest order and ``on_order`` the
    copy there; ``shown`` is what the customer and this order show, None where that cannot be known.
    ``merges`` are what the copies came to with those wanted.
    """

    case: EvaluationInput
    rules: Rules
    policy: Policy
    copies: tuple[Copy, ...]
    newest: Order | None
    on_order: Copy
    shown: tuple[Written | None, Written | None]
    merges: dict[frozenset[str], Merged] = msgspec.field(default_factory=dict)

    @property
    def then(self) -> datetime | None:
        """When the person was last seen, if today's rules are new to them; else memory answers."""
        memory = self.case.memory
        if memory.evaluated_at is not None and memory.digest == self.rules.digest:
            return None
        return memory.evaluated_at or self.policy.watching_since - timedelta(seconds=1)

    def remembered_before(self) -> Before:
        """Say from memory what the person was."""
        memory = self.case.memory
        return _before(memory.segments, memory.worn, memory.matched)

    def before(self, decision: Classification, present: Profile) -> Before:
        """Say what the person was, by what today's rules decide of then.

        So neither the first census nor an edited rule is taken for something that happened.
        """
        memory, profile, then = self.case.memory, decision.scope.profile, decision.scope.now
        segments = {name: memory.segments.get(name, then) for name in decision.segments}
        worn = self.merged(with_granted(decision.tags, memory.granted)).target
        scope = decision.scope.decided(worn, segments)
        matched = matching(self.rules, scope)
        if matched:
            matched -= self._newcomers()
        return _before(segments, worn, matched, decision if profile is present else None)

    def _newcomers(self) -> frozenset[str]:
        """Name the customer_matches workflows that are to run also over who matches already."""
        known = self.case.seen
        return frozenset(
            workflow.name
            for workflow in self.rules.workflows
            if workflow.include_existing and workflow.name not in known
        )

    def profile(self, segments: Mapping[str, datetime]) -> Profile:
        """Give the profile with its standing: tags of their own as people left them just now."""
        memory, profile = self.case.memory, self.case.profile
        own = with_granted(self.merged(memory.granted).by_hand, memory.granted)
        return profile.with_standing(memory.standing_in(segments, own))

    def merged(self, wanted: frozenset[str]) -> Merged:
        """Merge what is wanted with what people did, in each place that shows the tags."""
        merged = self.merges.get(wanted)
        if merged is None:
            memory = self.case.memory
            merged = self.merges[wanted] = merge(
                self.copies,
                wanted,
                memory.by_hand,
                memory.refused,
                ours=self.rules.static_tags,
                respect=self.policy.respect,
            )
        return merged

    def remembered(
        self,
        decision: Classification,
        worn: frozenset[str],
        matched: frozenset[str],
        steps: tuple[RunSteps, ...],
        now: datetime,
    ) -> Memory:
        """Give the memory after this judgement: tags that steps added or took are in it."""
        memory = self.case.memory
        grants = workflow_tags(memory.granted, steps)
        final = self.merged(with_granted(decision.tags, grants))
        on_customer, on_order = self.shown
        # What the shop shows is the new base: what people did there has been taken in.
        order = self.newest if self.on_order.shop is not None else None
        return _memory(
            memory.subject,
            memory.email,
            now,
            self.rules.digest,
            decision.segments,
            final.by_hand - changed_tags(steps, RemoveTag),
            final.refused - changed_tags(steps, AddTag),
            grants,
            decision.kept,
            worn,
            matched,
            on_customer or memory.written_customer,
            on_order if order else None,
            order.id if order else 0,
            memory.spend_percentile,
            memory.orders_percentile,
        )

    def targets(self, decision: Classification, memory: Memory) -> tuple[Target, ...]:
        """Give the places that should show the person's tags."""
        wanted = with_granted(decision.tags, memory.granted)
        shown = (wanted - memory.refused) | memory.by_hand
        shows = _written(shown, lifecycle(decision.segments, self.rules))
        account = self.case.profile.account
        on_customer, on_order = self.shown
        targets = []
        if account is not None:
            differs = shows != (on_customer or memory.written_customer or NOTHING_SHOWN)
            targets.append(_target("customer", account.id, wanted, shows, differs))
        order = self.newest
        if order is not None and self.policy.order_tags:
            differs = shows != (on_order or NOTHING_SHOWN)
            targets.append(_target("order", order.id, wanted, shows, differs))
        return tuple(targets)


NOTHING_SHOWN = Written(NOTHING)
_desk, _before, _decision = EvaluationState, Before, Classification
_memory, _written, _target = Memory, Written, Target


def evaluation_state(case: EvaluationInput, rules: Rules, policy: Policy) -> EvaluationState:
    account, order, memory = case.profile.account, latest_order(case.profile), case.memory
    shown = (shown_by(account.meta if account else None), shown_by(order.meta if order else None))
    on_order = UNKNOWN
    if order is not None:
        on_order = copy_of(("order", order.id), order.meta, memory, case.written)
    on_customer = UNKNOWN
    if account is not None:
        on_customer = copy_of(("customer", account.id), account.meta, memory, case.written)
    copies = (on_customer, on_order)
    seen = copies if policy.order_tags else copies[:1]
    return _desk(case, rules, policy, seen, order, on_order, shown)


def with_granted(tags: frozenset[str], granted: frozenset[str]) -> frozenset[str]:
    """Give tags with those of workflows; of most people there are none, and nothing is made anew."""
    return tags | granted if granted else tags


def matching(rules: Rules, scope: Context) -> frozenset[str]:
    """Name the customer_matches workflows whose condition holds."""
    if not rules.matching:
        return NOTHING
    holding = [each.name for each in rules.matching if each.when and each.when.judge(scope).value]
    return frozenset(holding)
