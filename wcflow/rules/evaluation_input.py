"""One person with all that belongs to judging them, and what comes of it. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from wcflow.profile import Profile
from wcflow.records import Order
from wcflow.rules.tags import Memory, TagChange, TagMeta, TagPlace
from wcflow.rules.workflow_run import Run


class Policy(msgspec.Struct, frozen=True):
    """How a store is served: since when, where tags are shown, whose tags win.

    Coupon codes and marks of notes derive from ``secret``.
    """

    watching_since: datetime
    order_tags: bool = True
    respect: bool = True
    store: str = ""
    secret: str = ""


class EvaluationInput(msgspec.Struct, frozen=True):
    """A person with all that belongs to their judgement.

    ``runs`` are theirs; ``seen`` maps each workflow to the occurrences it has looked at, those of
    the person's orders under other names among them. ``undelivered`` are ids of runs that have
    effects in the outbox which have not reached the shop, and ``elsewhere`` the orders, by id, that
    set these or waiting runs off and are another person's by now. ``written`` is what wcflow may have put
    in places that show tags which it does not remember of the person.
    """

    profile: Profile
    memory: Memory
    runs: tuple[Run, ...] = ()
    seen: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    undelivered: frozenset[int] = frozenset()
    elsewhere: Mapping[int, Order] = msgspec.field(default_factory=dict)
    written: Mapping[TagPlace, TagChange] = msgspec.field(default_factory=dict)


class TagTarget(msgspec.Struct, frozen=True):
    """A place of the shop that shows a person's tags and segment: ``customer`` or ``order``.

    ``wanted`` is what rules and workflows want worn, before what people did is merged in, which
    is done once more when it is written. ``shows`` is what it should show as far as is known;
    ``differs`` says whether the shop, as far as is known, shows something else.
    """

    kind: str
    id: int
    wanted: frozenset[str]
    shows: TagMeta
    differs: bool


class NextEvaluation(msgspec.Struct, frozen=True):
    """When to look at a person again; ``at`` None: not before something of theirs changes.

    ``now`` asks for another judgement at once, because steps changed what rules look at.
    """

    at: datetime | None
    now: bool
