"""A person's case laid out for judgement: what they were, what they wear, what is to be remembered.

Pure, as all of judging; in which order it is asked stands in judge.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from wcflow.profile import Profile, latest_order
from wcflow.records import Order
from wcflow.rules.classify import NO_TAGS, Classification, lifecycle_segment
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput, Policy, TagTarget
from wcflow.rules.model import Rules
from wcflow.rules.steps import AddTag, RemoveTag
from wcflow.rules.tags import (
    UNKNOWN_COPY,
    Memory,
    MergedTags,
    TagCopy,
    TagMeta,
    copy_of,
    merge_tags,
    read_tag_meta,
)
from wcflow.rules.workflows import RunSteps, changed_tags, workflow_tags


class PreviousState(msgspec.Struct, frozen=True):
    """What a person was when they were last seen.

    ``decision`` is what today's rules decide of that time, where nothing has happened since.
    """

    segments: Mapping[str, datetime]
    current_tags: frozenset[str]
    matched: frozenset[str]
    classification: Classification | None = None

    def still_valid(self, now: datetime) -> Classification | None:
        """Give the decision of then if it is certain to be that of ``now``, too."""
        then = self.classification
        if then is None or (then.changes_at is not None and then.changes_at <= now):
            return None
        return _classification(
            self.segments, then.kept_forever, then.changes_at, then.tags, then.context
        )


class EvaluationState(msgspec.Struct, frozen=True):
    """A case laid out beside the rules and the store's policy.

    ``copies`` are the places that show the tags, ``newest`` the latest order and ``on_order`` the
    copy there; ``shown`` is what the customer and this order show, None where that cannot be known.
    ``merges`` are what the copies came to with those wanted.
    """

    evaluation_input: EvaluationInput
    rules: Rules
    policy: Policy
    copies: tuple[TagCopy, ...]
    newest: Order | None
    on_order: TagCopy
    shown: tuple[TagMeta | None, TagMeta | None]
    merges: dict[frozenset[str], MergedTags] = msgspec.field(default_factory=dict)

    @property
    def then(self) -> datetime | None:
        """When the person was last seen, if today's rules are new to them; else memory answers."""
        memory = self.evaluation_input.memory
        if memory.evaluated_at is not None and memory.digest == self.rules.digest:
            return None
        return memory.evaluated_at or self.policy.watching_since - timedelta(seconds=1)

    def saved_before(self) -> PreviousState:
        """Say from memory what the person was."""
        memory = self.evaluation_input.memory
        return _previous(memory.segments, memory.current_tags, memory.matched)

    def before(self, classification: Classification, present: Profile) -> PreviousState:
        """Say what the person was, by what today's rules decide of then.

        So neither the first census nor an edited rule is taken for something that happened.
        """
        memory, profile, then = (
            self.evaluation_input.memory,
            classification.context.profile,
            classification.context.now,
        )
        segments = {name: memory.segments.get(name, then) for name in classification.segments}
        current_tags = self.merged(
            with_workflow_tags(classification.tags, memory.added_by_workflows)
        ).target
        context = classification.context.decided(current_tags, segments)
        matched = find_matching_workflows(self.rules, context)
        if matched:
            matched -= self._new_matching_workflows()
        return _previous(
            segments, current_tags, matched, classification if profile is present else None
        )

    def _new_matching_workflows(self) -> frozenset[str]:
        """Name the customer_matches workflows that are to run also over who matches already."""
        known = self.evaluation_input.seen
        return frozenset(
            workflow.name
            for workflow in self.rules.workflows
            if workflow.include_existing and workflow.name not in known
        )

    def profile(self, segments: Mapping[str, datetime]) -> Profile:
        """Give the profile with its standing: tags of their own as people left them just now."""
        memory, profile = self.evaluation_input.memory, self.evaluation_input.profile
        own = with_workflow_tags(
            self.merged(memory.added_by_workflows).added_by_hand, memory.added_by_workflows
        )
        return profile.with_saved_state(memory.saved_state_with(segments, own))

    def merged(self, wanted: frozenset[str]) -> MergedTags:
        """Merge what is wanted with what people did, in each place that shows the tags."""
        merged = self.merges.get(wanted)
        if merged is None:
            memory = self.evaluation_input.memory
            merged = self.merges[wanted] = merge_tags(
                self.copies,
                wanted,
                memory.added_by_hand,
                memory.removed_by_hand,
                ours=self.rules.static_tags,
                respect=self.policy.respect,
            )
        return merged

    def new_memory(
        self,
        classification: Classification,
        current_tags: frozenset[str],
        matched: frozenset[str],
        steps: tuple[RunSteps, ...],
        now: datetime,
    ) -> Memory:
        """Give the memory after this judgement: tags that steps added or took are in it."""
        memory = self.evaluation_input.memory
        tags_of_workflows = workflow_tags(memory.added_by_workflows, steps)
        final = self.merged(with_workflow_tags(classification.tags, tags_of_workflows))
        on_customer, on_order = self.shown
        # What the shop shows is the new base: what people did there has been taken in.
        order = self.newest if self.on_order.store is not None else None
        return _memory(
            memory.person,
            memory.email,
            now,
            self.rules.digest,
            classification.segments,
            final.added_by_hand - changed_tags(steps, RemoveTag),
            final.removed_by_hand - changed_tags(steps, AddTag),
            tags_of_workflows,
            classification.kept_forever,
            current_tags,
            matched,
            on_customer or memory.written_customer,
            on_order if order else None,
            order.id if order else 0,
            memory.spend_percentile,
            memory.orders_percentile,
        )

    def targets(self, classification: Classification, memory: Memory) -> tuple[TagTarget, ...]:
        """Give the places that should show the person's tags."""
        wanted = with_workflow_tags(classification.tags, memory.added_by_workflows)
        shown = (wanted - memory.removed_by_hand) | memory.added_by_hand
        shows = _written(shown, lifecycle_segment(classification.segments, self.rules))
        account = self.evaluation_input.profile.account
        on_customer, on_order = self.shown
        targets = []
        if account is not None:
            differs = shows != (on_customer or memory.written_customer or EMPTY_TAG_META)
            targets.append(_target("customer", account.id, wanted, shows, differs))
        order = self.newest
        if order is not None and self.policy.order_tags:
            differs = shows != (on_order or EMPTY_TAG_META)
            targets.append(_target("order", order.id, wanted, shows, differs))
        return tuple(targets)


EMPTY_TAG_META = TagMeta(NO_TAGS)
_state, _previous, _classification = EvaluationState, PreviousState, Classification
_memory, _written, _target = Memory, TagMeta, TagTarget


def prepare_evaluation(
    evaluation_input: EvaluationInput, rules: Rules, policy: Policy
) -> EvaluationState:
    account, order, memory = (
        evaluation_input.profile.account,
        latest_order(evaluation_input.profile),
        evaluation_input.memory,
    )
    shown = (
        read_tag_meta(account.meta if account else None),
        read_tag_meta(order.meta if order else None),
    )
    on_order = UNKNOWN_COPY
    if order is not None:
        on_order = copy_of(("order", order.id), order.meta, memory, evaluation_input.written)
    on_customer = UNKNOWN_COPY
    if account is not None:
        on_customer = copy_of(
            ("customer", account.id), account.meta, memory, evaluation_input.written
        )
    copies = (on_customer, on_order)
    seen = copies if policy.order_tags else copies[:1]
    return _state(evaluation_input, rules, policy, seen, order, on_order, shown)


def with_workflow_tags(tags: frozenset[str], added_by_workflows: frozenset[str]) -> frozenset[str]:
    """Give tags with those of workflows; of most people there are none, and nothing is made anew."""
    return tags | added_by_workflows if added_by_workflows else tags


def find_matching_workflows(rules: Rules, context: Context) -> frozenset[str]:
    """Name the customer_matches workflows whose condition holds."""
    if not rules.matching:
        return NO_TAGS
    holding = [
        each.name for each in rules.matching if each.when and each.when.evaluate(context).value
    ]
    return frozenset(holding)
