"""The input of an evaluation, and parts of its result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from wcflow.profile import Profile
from wcflow.records import Order
from wcflow.rules.model import RuleChanges
from wcflow.rules.steps import CodeAnswers, LostStep
from wcflow.rules.tags import Memory, TagChange, TagMeta, TagPlace
from wcflow.rules.workflow_run import Handled, Run


class Policy(msgspec.Struct, frozen=True):
    """The settings of a store: since when it is watched, where tags are written, whose tags win.

    Without ``customer_tags`` only orders show tags, because the key cannot read customer meta.
    ``rule_changes`` says when rules last changed. Coupon codes and the marks of notes derive from ``secret``.
    """

    watching_since: datetime
    order_tags: str = "latest"
    customer_tags: bool = True
    respect: bool = True
    store: str = ""
    secret: str = ""
    rule_changes: RuleChanges = msgspec.field(default_factory=RuleChanges)


class EvaluationInput(msgspec.Struct, frozen=True):
    """All that the evaluation of a person needs.

    ``handled`` says by workflow what has been handled already. ``undelivered`` are the ids of runs with
    outbox entries that have not been delivered. ``elsewhere`` are orders, by id, that triggered
    such or waiting runs and belong to another person now. ``written`` are tag changes that wcflow
    may have made and that the person's memory does not contain. ``lost_steps`` are, by run and
    label, steps that failed or were cancelled. ``codes`` are reserved codes of coupon pools.
    """

    profile: Profile
    memory: Memory
    runs: tuple[Run, ...] = ()
    handled: Mapping[str, Handled] = msgspec.field(default_factory=dict)
    undelivered: frozenset[int] = frozenset()
    elsewhere: Mapping[int, Order] = msgspec.field(default_factory=dict)
    written: Mapping[TagPlace, TagChange] = msgspec.field(default_factory=dict)
    lost_steps: Mapping[int, Mapping[str, LostStep]] = msgspec.field(default_factory=dict)
    codes: CodeAnswers = msgspec.field(default_factory=dict)


class TagTarget(msgspec.Struct, frozen=True):
    """A customer or order in the store whose meta should show a person's tags and segment.

    ``wanted`` are the tags of rules and workflows, before manual changes are merged in, which
    happens again at delivery. ``shows`` is what the meta should contain as far as is known;
    ``differs`` says whether the store, as far as is known, contains something else. ``place`` is ""
    for the customer and the latest order, "older" for other orders that show the same, and "stale"
    for orders from which the tags are removed. ``more`` are the tier and the points, empty where
    one is removed.
    """

    kind: str
    id: int
    wanted: frozenset[str]
    shows: TagMeta
    differs: bool
    place: str = ""
    more: tuple[tuple[str, str], ...] = ()


class NextEvaluation(msgspec.Struct, frozen=True):
    """When to evaluate a person again; ``at`` None means only after a change.

    With ``now`` they are evaluated again immediately, because steps changed what rules depend on.
    """

    at: datetime | None
    now: bool
