"""Judge one person: what they are, what they wear, what their workflows do. Pure.

This is the whole of evaluation but for reading and keeping: evaluate.py lends it its hands. The
same case judged twice gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from wcflow.customer import Profile, as_of, latest_order
from wcflow.records import Order
from wcflow.rules.case import Case, Due, Policy, Target
from wcflow.rules.decide import Decision, decide, lifecycle
from wcflow.rules.memory import Memory, Written, customer_copy, order_copy, shown_by
from wcflow.rules.model import Rules
from wcflow.rules.occurrences import Sight
from wcflow.rules.runs import Make, Run, Watch
from wcflow.rules.scope import Scope
from wcflow.rules.steps import Grant, Revoke
from wcflow.rules.tags import Copy, Merged, merge
from wcflow.rules.verdict import earliest
from wcflow.rules.works import Took, Work, due, granted, took, touched_tags, withdrawn
from wcflow.segments import Move, moves


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be kept and done for one person; ``known`` is what was remembered of them.

    ``moves`` come with their reasons, ``took`` are runs that are new or went on with the steps
    they took, ``withdrawn`` runs whose waiting effects are to be called off.
    """

    decision: Decision
    profile: Profile
    known: Memory
    memory: Memory
    moves: tuple[tuple[Move, str], ...]
    took: tuple[Took, ...]
    withdrawn: tuple[Run, ...]
    targets: tuple[Target, ...]
    due: Due


def judge(
    case: Case,
    rules: Rules,
    watches: Mapping[str, Watch],
    policy: Policy,
    now: datetime,
    remember: Make,
) -> Judged:
    """Give all that follows for a person from what is known of them at ``now``."""
    desk = _desk_for(case, rules, policy)
    before = desk.before()
    profile = desk.profile(before.segments)
    decision = before.lasting(now) or decide(profile, rules, now)
    worn = desk.merged(decision.tags | case.memory.granted)
    scope = decision.scope if decision.scope.now == now else Scope(profile, now)
    scope = scope.decided(worn.target, decision.segments)
    matched = _matched(rules, scope)
    changes = moves(before.segments, decision.segments.keys(), now)
    sight = Sight(
        profile,
        now,
        dict(decision.segments),
        changes,
        worn.target - before.worn,
        before.worn - worn.target,
    )
    since = dict.fromkeys(matched - before.matched, now)
    work = Work(case, rules, watches, scope, sight, since, remember)
    steps = took(work)
    memory = desk.remembered(decision, worn.target, matched, steps, now)
    return Judged(
        decision=decision,
        profile=profile,
        known=case.memory,
        memory=memory,
        moves=tuple((move, decision.reason(move.segment)) for move in changes),
        took=steps,
        withdrawn=withdrawn(work),
        targets=desk.targets(decision, memory),
        due=Due(
            earliest((decision.changes_at, due(work, steps))),
            now=memory.granted != case.memory.granted or memory.by_hand != worn.by_hand,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Before:
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


def _desk_for(case: Case, rules: Rules, policy: Policy) -> _Desk:
    on_order = order_copy(case.profile, case.memory, case.written)
    copies = (customer_copy(case.profile, case.memory, case.written), on_order)
    seen = copies if policy.order_tags else copies[:1]
    return _Desk(case, rules, policy, seen, latest_order(case.profile), on_order)


@dataclass(frozen=True, slots=True)
class _Desk:
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

    def before(self) -> _Before:
        """Answer from memory, or by today's rules at that time where these are new to the person.

        So neither the first census nor an edited rule is taken for something that happened.
        """
        memory = self.case.memory
        if memory.evaluated_at is not None and memory.digest == self.rules.digest:
            return _Before(memory.segments, memory.worn, memory.matched)
        then = memory.evaluated_at or self.policy.watching_since - timedelta(seconds=1)
        present = self.profile(memory.segments)
        profile = as_of(present, then)
        decision = decide(profile, self.rules, then)
        segments = {name: memory.segments.get(name, then) for name in decision.segments}
        worn = self.merged(decision.tags | memory.granted).target
        scope = Scope(profile, then, worn=worn, segments=segments)
        matched = _matched(self.rules, scope) - self._newcomers()
        return _Before(segments, worn, matched, decision if profile is present else None)

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
        return replace(
            memory,
            evaluated_at=now,
            digest=self.rules.digest,
            segments=decision.segments,
            by_hand=final.by_hand - touched_tags(steps, Revoke),
            refused=final.refused - touched_tags(steps, Grant),
            granted=grants,
            kept=decision.kept,
            worn=worn,
            matched=matched,
            **self._absorbed(),
        )

    def _absorbed(self) -> dict[str, Any]:
        """Take what the shop shows as the new base: what people did there has been taken in."""
        memory, profile = self.case.memory, self.case.profile
        order, on_order = self.newest, self.on_order.shop is not None
        on_customer = shown_by(profile.account.meta if profile.account else None)
        return {
            "written_customer": on_customer or memory.written_customer,
            "written_order": shown_by(order.meta) if order and on_order else None,
            "written_order_id": order.id if order and on_order else 0,
        }

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


def _differs(meta: Mapping[str, str] | None, shows: Written, written: Written | None) -> bool:
    return shows != (shown_by(meta) or written or Written(frozenset()))


def _matched(rules: Rules, scope: Scope) -> frozenset[str]:
    """Name the customer_matches workflows whose condition holds."""
    return frozenset(
        workflow.name
        for workflow in rules.workflows
        if workflow.trigger.name == "customer_matches"
        and workflow.when is not None
        and workflow.when.ask(scope).holds
    )
