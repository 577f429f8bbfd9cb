"""The evaluation of one person in progress: their previous state, tags and new memory.

``evaluate`` calls it in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from wcflow.profile import Profile, latest_order
from wcflow.records import Order
from wcflow.rules.account_fields import consent_of
from wcflow.rules.classify import NO_TAGS, Classification, shown_segment
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput, Policy, TagTarget
from wcflow.rules.model import CONSENT, MATCHING, NO_RULES, SEGMENT, TAGS, RuleName, Rules, names_of
from wcflow.rules.older_orders import changed_more, same_targets, stale_targets, with_more
from wcflow.rules.standings import standing_meta
from wcflow.rules.steps import AddTag, RemoveTag
from wcflow.rules.tags import (
    UNKNOWN_COPY,
    Memory,
    MergedTags,
    TagCopy,
    TagMeta,
    copy_of,
    known_meta,
    merge_tags,
    read_tag_meta,
)
from wcflow.rules.ternary import Ternary
from wcflow.rules.workflows import RunSteps, changed_tags, workflow_tags


class PreviousState(msgspec.Struct, frozen=True):
    """A person's state at the last evaluation.

    ``classification`` is what today's rules give for that time, if nothing has happened since.
    """

    segments: Mapping[str, datetime]
    current_tags: frozenset[str]
    matched: frozenset[str]
    classification: Classification | None = None
    consent: bool | None = None

    def still_valid(self, now: datetime) -> Classification | None:
        """Return the classification if it still holds at ``now``, or None."""
        then = self.classification
        if then is None or (then.changes_at is not None and then.changes_at <= now):
            return None
        segments = {name: self.segments.get(name, now) for name in then.segments}
        return _classification(
            segments, then.kept_forever, then.changes_at, then.tags, then.context
        )


class EvaluationState(msgspec.Struct, frozen=True):
    """An evaluation input with the rules, the settings and the tags in the store.

    ``copies`` are the tags on the customer, the latest order and the former latest one, ``newest`` is that order and
    ``on_order`` the copy on it. ``shown`` is the tag meta of the customer and of the order, None
    where unknown. ``merges`` caches merged tags by the wanted tags.
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
    def starts_at(self) -> datetime | None:
        """Just before the store was watched, if the person has never been evaluated.

        After a wrong clock: the time of the last evaluation on a right one.
        """
        memory = self.evaluation_input.memory
        if memory.evaluated_at is None:
            return self.policy.watching_since - SECOND
        return None if memory.rules_digest else memory.evaluated_at

    def changed_rules(self) -> frozenset[RuleName]:
        """Return the rules that changed after the person was last evaluated."""
        memory, changes = self.evaluation_input.memory, self.policy.rule_changes
        if memory.evaluated_at is not None and memory.rules_digest == self.rules.digest:
            return NO_RULES
        return changes.since(memory.evaluated_at or self.policy.watching_since)

    def saved_before(self) -> PreviousState:
        """Return the previous state from memory."""
        memory = self.evaluation_input.memory
        return _previous(
            memory.segments, memory.current_tags, memory.matching_workflows, None, memory.consent
        )

    def before(self, classification: Classification, present: Profile) -> PreviousState:
        """Return the state before the store was watched: the initial sync is not an event."""
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
            segments,
            current_tags,
            matched,
            classification if profile is present else None,
            consent_of(profile).value,
        )

    def with_changed_rules(
        self,
        before: PreviousState,
        changed: frozenset[RuleName],
        classification: Classification,
        present: Profile,
    ) -> PreviousState:
        """Return the previous state with what changed rules gave when they changed.

        So an added or edited rule is not an event. What the other rules gave stays as it was, so
        that an event of theirs is not lost.
        """
        memory, edited = self.evaluation_input.memory, names_of(SEGMENT, changed)
        # A rule that changes in the second of an evaluation counts as changed in the next second.
        just_before = classification.context.now - 2 * SECOND
        segments = {
            rule.name: before.segments[rule.name]
            for rule in self.rules.segments
            if rule.name in before.segments and rule.name not in edited
        } | {
            name: memory.segments.get(name, just_before)
            for name in classification.segments
            if name in edited
        }
        tags = self.merged(
            with_workflow_tags(classification.tags, memory.added_by_workflows)
        ).target
        current_tags = before.current_tags
        if (TAGS, "") in changed:
            current_tags = (current_tags | classification.tags) & tags
        matching = names_of(MATCHING, changed)
        context = classification.context.decided(tags, segments)
        matched = NO_TAGS
        if matching:
            matched = find_matching_workflows(self.rules, context) - self._new_matching_workflows()
        return _previous(
            segments,
            current_tags,
            (before.matched - matching) | (matched & matching),
            classification if classification.context.profile is present else None,
            consent_of(context.profile).value if (CONSENT, "") in changed else before.consent,
        )

    def _new_matching_workflows(self) -> frozenset[str]:
        """Return the customer_matches workflows that must also run for people who already match."""
        known = self.evaluation_input.handled
        return frozenset(
            workflow.name
            for workflow in self.rules.workflows
            if workflow.include_existing and workflow.name not in known
        )

    def profile(self, segments: Mapping[str, datetime]) -> Profile:
        """Return the profile with its saved state, after manual tag changes."""
        memory, profile = self.evaluation_input.memory, self.evaluation_input.profile
        own = with_workflow_tags(
            self.merged(memory.added_by_workflows).added_by_hand, memory.added_by_workflows
        )
        return profile.with_saved_state(memory.saved_state_with(segments, own))

    def merged(self, wanted: frozenset[str]) -> MergedTags:
        """Merge the wanted tags with manual changes on the customer and the order."""
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
        consent: bool | None,
        now: datetime,
    ) -> Memory:
        """Return the memory after this evaluation, including tags that steps added or removed."""
        memory = self.evaluation_input.memory
        tags_of_workflows = workflow_tags(memory.added_by_workflows, steps)
        final = self.merged(with_workflow_tags(classification.tags, tags_of_workflows))
        on_customer, on_order = self.shown
        # What the store shows is the new base: manual changes there have been merged.
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
            on_customer or memory.written_to_customer,
            on_order if order else None,
            order.id if order else 0,
            memory.spend_percentile,
            memory.orders_percentile,
            memory.standing,
            consent,
        )

    def targets(self, classification: Classification, memory: Memory) -> tuple[TagTarget, ...]:
        """Return the customer and order that should show the person's tags."""
        wanted = with_workflow_tags(classification.tags, memory.added_by_workflows)
        shown = (wanted - memory.removed_by_hand) | memory.added_by_hand
        shows = _written(shown, shown_segment(classification.segments, self.rules))
        account = self.evaluation_input.profile.account
        on_customer, on_order = self.shown
        more, targets = standing_meta(memory.standing), []
        if account is not None and self.policy.customer_tags:
            here = on_customer or memory.written_to_customer or EMPTY_TAG_META
            targets.append(_place("customer", account.id, wanted, with_more(shows, more), here))
        order = self.newest
        if order is not None and self.policy.order_tags != "none":
            of_guest = more if account is None else ()
            here = on_order or EMPTY_TAG_META
            latest = _place("order", order.id, wanted, with_more(shows, of_guest), here)
            targets += [latest, *self._older_targets(latest)]
        return tuple(targets)

    def _older_targets(self, latest: TagTarget) -> Iterator[TagTarget]:
        profile = self.evaluation_input.profile
        known = (profile, self.evaluation_input.written, self.rules.static_tags)
        if self.policy.order_tags == "all":
            return same_targets(*known, latest, self.policy.watching_since)
        return stale_targets(*known)


SECOND = timedelta(seconds=1)
EMPTY_TAG_META = TagMeta(NO_TAGS)
_state, _previous, _classification = EvaluationState, PreviousState, Classification
_memory, _written, _target = Memory, TagMeta, TagTarget


def _place(
    kind: str, number: int, wanted: frozenset[str], shows: TagMeta, here: TagMeta
) -> TagTarget:
    more = changed_more(here, shows) if shows.more or here.more else ()
    return _target(kind, number, wanted, shows, shows != here, "", more)


def prepare_evaluation(
    evaluation_input: EvaluationInput, rules: Rules, policy: Policy
) -> EvaluationState:
    account, order, memory = (
        evaluation_input.profile.account,
        latest_order(evaluation_input.profile),
        evaluation_input.memory,
    )
    account_meta = known_meta(account.meta, account.odd_fields) if account else None
    order_meta = known_meta(order.meta, order.odd_fields) if order else None
    shown = (read_tag_meta(account_meta), read_tag_meta(order_meta))
    on_order = UNKNOWN_COPY
    if order is not None:
        on_order = copy_of(("order", order.id), order_meta, memory, evaluation_input.written)
    on_customer = UNKNOWN_COPY
    if account is not None:
        on_customer = copy_of(
            ("customer", account.id), account_meta, memory, evaluation_input.written
        )
    copies = (on_customer, on_order, *_former_copies(evaluation_input, order))
    seen = copies if policy.order_tags != "none" else copies[:1]
    return _state(evaluation_input, rules, policy, seen, order, on_order, shown)


def _former_copies(evaluation_input: EvaluationInput, newest: Order | None) -> Iterator[TagCopy]:
    """Return the tags on the order that was the latest until now: people may have changed them."""
    memory = evaluation_input.memory
    former = memory.written_order_id
    if not former or (newest is not None and newest.id == former):
        return
    for order in evaluation_input.profile.orders:
        if order.id == former:
            meta = known_meta(order.meta, order.odd_fields)
            yield copy_of(("order", former), meta, memory, evaluation_input.written)


def with_workflow_tags(tags: frozenset[str], added_by_workflows: frozenset[str]) -> frozenset[str]:
    """Return the tags together with those of workflows, without a copy if there are none."""
    return tags | added_by_workflows if added_by_workflows else tags


def find_matching_workflows(rules: Rules, context: Context) -> frozenset[str]:
    """Return the customer_matches workflows whose condition holds."""
    if not rules.matching:
        return NO_TAGS
    return holding(matching_answers(rules, context))


def matching_answers(rules: Rules, context: Context) -> dict[str, Ternary]:
    """Return the answers of the conditions of ``Rules.matching``, by workflow."""
    return {each.name: each.when.evaluate(context) for each in rules.matching if each.when}


def holding(answers: Mapping[str, Ternary]) -> frozenset[str]:
    """Return the names of the conditions that hold."""
    return frozenset([name for name, answer in answers.items() if answer.value])
