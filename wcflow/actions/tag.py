"""Tags: the steps add_tag and remove_tag, and the outbox entries that show tags at the store.

A step changes the person's tags; what their customer and latest order show then follows as state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from wcflow.actions.base import ActionModule, EntryKind, Payload
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.evaluation_input import TagTarget
from wcflow.rules.steps import (
    Action,
    AddTag,
    Argument,
    RemoveTag,
    Send,
    Step,
    StepContext,
    StepResult,
    StepScope,
    one_tag,
    parse_text,
)
from wcflow.rules.tags import POINTS_META, STATUS_META, TIER_META, TagMeta, join_tags


def _parse_tag(rest: str, scope: StepScope) -> Argument:
    argument = parse_text(rest, scope)
    if "," in rest.partition("{{")[0]:
        raise RuleErrors(RuleError("a tag without a comma", repr(rest), "commas separate tags"))
    return argument


def _add(step: Step, context: StepContext) -> StepResult:
    return AddTag(one_tag(step.render(context)))


def _remove(step: Step, context: StepContext) -> StepResult:
    return RemoveTag(one_tag(step.render(context)))


ADD_TAG = Action(
    "add_tag TAG",
    "Add a tag to the customer.",
    "add_tag First-time Buyer",
    _parse_tag,
    _add,
    adds_tag=True,
)
REMOVE_TAG = Action(
    "remove_tag TAG",
    "Remove a tag from the customer. A tag that a segment or tag rule wants stays.",
    "remove_tag First-time Buyer",
    _parse_tag,
    _remove,
)


def tag_state(target: TagTarget) -> Send:
    """Return what one place of the store should show."""
    payload: dict[str, object] = {"wanted": sorted(target.wanted), "segment": target.shows.segment}
    if target.place:
        payload["place"] = target.place
    if target.more:
        payload["more"] = dict(target.more)
    return Send(f"tags_{target.kind}", payload, target.id)


def tag_change(change: AddTag | RemoveTag) -> Send:
    """Return the change of a tag as an entry, which only a dry run shows."""
    word = "add" if isinstance(change, AddTag) else "remove"
    return Send("tag", {word: change.tag})


_NAMES = {TIER_META: "tier", POINTS_META: "points", STATUS_META: "status"}


def _content(payload: Payload, _zone: tzinfo) -> str:
    if payload.get("place") == "stale":
        return "(none, because a later order shows them)"
    segment = f"; segment {payload['segment']}" if payload["segment"] else ""
    more = (
        f"; {_NAMES.get(key, key)} {value or '(none)'}" for key, value in _more(payload).items()
    )
    return f"{join_tags(payload['wanted']) or '(none)'}{segment}{''.join(more)}"


def _phrase(payload: Payload) -> str:
    """Return ``tags on``, or ``tags and tier of`` if more than tags is written."""
    more = [_NAMES.get(key, key) for key in _more(payload)]
    if not more:
        return "tags on"
    *others, last = ["tags", *more]
    return f"{', '.join(others)} and {last} of"


def _more(payload: Payload) -> Mapping[str, str]:
    """Return the tier, the points and the status to write, by key; empty where one is removed."""
    found: Mapping[str, str] = payload.get("more", {})
    return found


def _meta(payload: Payload) -> dict[str, str | None]:
    more = {key: value or None for key, value in _more(payload).items()}
    return TagMeta(frozenset(payload["wanted"]), payload["segment"]).meta | more


def _change(payload: Payload, _zone: tzinfo) -> str:
    return f"add {payload['add']}" if "add" in payload else f"remove {payload['remove']}"


_ON_CUSTOMER = EntryKind(
    "tags_customer",
    "tags on a customer",
    "tags on customers",
    _content,
    counted=("tags on {} customer", "tags on {} customers"),
    resource="customer",
    phrase="tags on",
    phrase_of=_phrase,
    meta=_meta,
    state=True,
)
_ON_ORDER = EntryKind(
    "tags_order",
    "tags on an order",
    "tags on orders",
    _content,
    counted=("tags on {} order", "tags on {} orders"),
    resource="order",
    phrase="tags on",
    phrase_of=_phrase,
    meta=_meta,
    state=True,
)
_BY_WORKFLOW = EntryKind(
    "tag",
    "tag by a workflow",
    "tags by workflows",
    _change,
    counted=("{} tag", "{} tags by workflows"),
)
TAG = ActionModule((ADD_TAG, REMOVE_TAG), (_ON_CUSTOMER, _ON_ORDER, _BY_WORKFLOW))
