"""A person's case laid out for judgement: what they were, what they wear, what is to be remembered.

Pure, as all of judging; in which order it is asked stands in judge.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wcflow.customer import Profile, latest_order
from wcflow.records import Order
from wcflow.rules.case import Case, Policy, Target
from wcflow.rules.decide import Decision, lifecycle
from wcflow.rules.memory import Memory, Written, customer_copy, order_copy, shown_by
from wcflow.rules.model import Rules
from wcflow.rules.scope import Scope
from wcflow.rules.steps import Grant, Revoke
from wcflow.rules.tags import Copy, Merged, merge
from wcflow.rules.works import Took, granted, touched_tags


@dataclass(frozen=True, slots=True)
class Before:
    """What a person was when they were last seen.

    ``decision`` is what today's rules decide of that time, where nothing has happened since.
    """

    segments: Mapping[str, datetime]
    worn: frozenset[str]
    matched: frozenset[str]
    decision: Decision | None = None

    def lasting(self, now: datetime) -> Decision | None:
        """Give the decision of then if it is certain to be that of ``now``, too."""
        then = self.decision
        if then is None or (then.changes_at is not None and then.changes_at <= now):
            return None
        return replace(then, segments=self.segments)


@dataclass(frozen=True, slots=True)
class Desk:
    """A case laid out beside the rules and the store's policy.

    ``copies`` are the places that show the tags, ``newest`` the latest order and ``on_order`` what
    that shows; ``merges`` are what the copies came to with those wanted.
    """

    case: Case
    rules: Rules
    policy: Policy
    copies: tuple[Copy, ...]
    newest: Order | None
    on_order: Copy
    merges: dict[frozenset[str], Merged] = field(default_factory=dict)

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
        return Before(memory.segments, memory.worn, memory.matched)

    def before(self, decision: Decision, present: Profile) -> Before:
        """Say what the person was, by what today's rules decide of then.

        So neither the first census nor an edited rule is taken for something that happened.
        """
        memory, profile, then = self.case.memory, decision.scope.profile, decision.scope.now
        segments = {name: memory.segments.get(name, then) for name in decision.segments}
        worn = self.merged(decision.tags | memory.granted).target
        scope = Scope(profile, then, worn=worn, segments=segments)
        matched = matching(self.rules, scope) - self._newcomers()
        return Before(segments, worn, matched, decision if profile is present else None)

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
        memory = self.case.memory
        own = self.merged(memory.granted).by_hand | memory.granted
        return self.case.profile.standing_so(memory.standing_in(segments, own))

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
        decision: Decision,
        worn: frozenset[str],
        matched: frozenset[str],
        steps: tuple[Took, ...],
        now: datetime,
    ) -> Memory:
        """Give the memory after this judgement: tags that steps added or took are in it."""
        memory = self.case.memory
        grants = granted(memory.granted, steps)
        final = self.merged(decision.tags | grants)
        account = self.case.profile.account
        # What the shop shows is the new base: what people did there has been taken in.
        order = self.newest if self.on_order.shop is not None else None
        return Memory(
            subject=memory.subject,
            email=memory.email,
            evaluated_at=now,
            digest=self.rules.digest,
            segments=decision.segments,
            by_hand=final.by_hand - touched_tags(steps, Revoke),
            refused=final.refused - touched_tags(steps, Grant),
            granted=grants,
            kept=decision.kept,
            worn=worn,
            matched=matched,
            written_customer=shown_by(account.meta if account else None) or memory.written_customer,
            written_order=shown_by(order.meta) if order else None,
            written_order_id=order.id if order else 0,
            spend_percentile=memory.spend_percentile,
            orders_percentile=memory.orders_percentile,
        )

    def targets(self, decision: Decision, memory: Memory) -> tuple[Target, ...]:
        """Give the places that should show the person's tags."""
        wanted = decision.tags | memory.granted
        shown = (wanted - memory.refused) | memory.by_hand
        shows = Written(shown, lifecycle(decision.segments, self.rules))
        account = self.case.profile.account
        targets = []
        if account is not None:
            differs = _differs(account.meta, shows, memory.written_customer)
            targets.append(Target("customer", account.id, wanted, shows, differs))
        order = self.newest
        if order is not None and self.policy.order_tags:
            targets.append(
                Target("order", order.id, wanted, shows, _differs(order.meta, shows, None))
            )
        return tuple(targets)


def desk_for(case: Case, rules: Rules, policy: Policy) -> Desk:
    on_order = order_copy(case.profile, case.memory, case.written)
    copies = (customer_copy(case.profile, case.memory, case.written), on_order)
    seen = copies if policy.order_tags else copies[:1]
    return Desk(case, rules, policy, seen, latest_order(case.profile), on_order)


def _differs(meta: Mapping[str, str] | None, shows: Written, written: Written | None) -> bool:
    return shows != (shown_by(meta) or written or Written(frozenset()))


def matching(rules: Rules, scope: Scope) -> frozenset[str]:
    """Name the customer_matches workflows whose condition holds."""
    holding = [each.name for each in rules.matching if each.when and each.when.judge(scope).value]
    return frozenset(holding)
