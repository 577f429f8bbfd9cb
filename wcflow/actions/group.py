"""Groups: the steps add_to_group and remove_from_group."""

from __future__ import annotations

from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from wcflow.actions.base import WCFLOW, ActionModule, EntryKind, Payload, Recorded
from wcflow.rules.context import Context
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.steps import (
    Action,
    Argument,
    Send,
    Step,
    StepContext,
    StepRefused,
    StepResult,
    StepScope,
    one_tag,
    parse_text,
)

if TYPE_CHECKING:
    # Only names of types: commands that record nothing start without them.
    from sqlalchemy import Connection


def _parse(rest: str, scope: StepScope) -> Argument:
    argument = parse_text(rest, scope)
    if "," in rest.partition("{{")[0]:
        raise RuleErrors(RuleError("a group without a comma", repr(rest), "one group per step"))
    return argument


def _add(step: Step, context: StepContext) -> StepResult:
    return _change(step, context, "add")


def _remove(step: Step, context: StepContext) -> StepResult:
    return _change(step, context, "remove")


def _change(step: Step, context: StepContext, verb: str) -> StepResult:
    name = one_tag(step.render(context))
    if not name:
        raise StepRefused("the name of the group is empty")
    return Send("group_change", {verb: name}, seen_as=partial(_seen, verb, name))


def _seen(verb: str, name: str, facts: Context) -> Context:
    standing = facts.profile.saved_state.standing
    others = {each for each in standing.groups if each.casefold() != name.casefold()}
    if verb == "remove":
        return facts.with_standing(replace(standing, groups=frozenset(others)))
    if others != standing.groups:
        return facts
    return facts.with_standing(replace(standing, groups=standing.groups | {name}))


ADD_TO_GROUP = Action(
    "add_to_group GROUP",
    "Add the customer to a group.",
    "add_to_group Wholesale",
    _parse,
    _add,
)
REMOVE_FROM_GROUP = Action(
    "remove_from_group GROUP",
    "Remove the customer from a group.",
    "remove_from_group Wholesale",
    _parse,
    _remove,
)


def _content(payload: Payload, _zone: tzinfo) -> str:
    if "add" in payload:
        return f"add to {payload['add']}"
    return f"remove from {payload['remove']}"


def _record(tx: Connection, entry: Recorded) -> str:
    # Imported here, because commands that record nothing start without the database.
    from wcflow.database import groups  # noqa: PLC0415

    store, person = entry.store, entry.person
    name = groups.find_group(tx, store, entry.payload.get("add") or entry.payload["remove"])
    if "add" in entry.payload:
        added = groups.add_member(tx, store, person, name, entry.rule, entry.at)
        return f"added to the group {name}" if added else f"was in the group {name} already"
    removed = groups.remove_member(tx, store, person, name)
    return f"removed from the group {name}" if removed else f"was not in the group {name}"


_KIND = EntryKind(
    "group_change",
    "group",
    "groups",
    _content,
    counted=("{} change of a group", "{} changes of groups"),
    record=_record,
    channel=WCFLOW,
)
GROUP = ActionModule((ADD_TO_GROUP, REMOVE_FROM_GROUP), (_KIND,))
