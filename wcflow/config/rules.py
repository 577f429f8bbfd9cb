"""From ``[segment]``, ``[tag]``, ``[workflow]`` and the sections of actions to rules, one at a time.

What rules say of one another is looked at in references.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wcflow.config.section import Sheet
from wcflow.profile import LIFECYCLE
from wcflow.rules.attributes.registry import Asked, Kind
from wcflow.rules.conditions import Condition
from wcflow.rules.context import Place
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import ActionSection, SectionValues
from wcflow.rules.literals import fold
from wcflow.rules.model import Rules, Segment, TagRule, Workflow
from wcflow.rules.parser import parse_attribute, parse_condition
from wcflow.rules.steps import Actions, parse_steps
from wcflow.rules.templates import Template, parse_template
from wcflow.rules.triggers import Trigger, parse_trigger
from wcflow.rules.values import lone_tag

SEGMENT_PLACE = Place()
TAG_PLACE = Place(segments=True)
ANY_PLACE = Place(order=True, item=True, tags=True, segments=True)


def place_of(trigger: Trigger) -> Place:
    """Say what a workflow's conditions and steps may ask, by what sets it off."""
    return Place(order=trigger.has_order, item=trigger.has_item, tags=True, segments=True)


def segment_of(sheet: Sheet) -> Segment | None:
    """Read a ``[segment NAME]``; None where it has problems, which are told."""
    when = _condition(sheet, "when", SEGMENT_PLACE)
    tag = _segment_tag(sheet)
    if when is None:
        return None
    return Segment(sheet.name, when, sheet["group"], tag, sheet["note"])


def _segment_tag(sheet: Sheet) -> str | None:
    if sheet.has("tag"):
        tag: str | None = sheet["tag"]
        return tag
    return _default_tag(sheet)


def _default_tag(sheet: Sheet) -> str | None:
    """Give the section's own name as its tag."""
    try:
        return lone_tag(sheet.name)
    except RuleErrors as error:
        flaw = error.flaws[0]
        sheet.tell("", RuleError(flaw.expected, flaw.got, "give it a 'tag =' of its own"))
        return None


def _condition(sheet: Sheet, key: str, place: Place) -> Condition | None:
    return sheet.understand(key, lambda text: parse_condition(text, place))


def tag_of(sheet: Sheet) -> TagRule | None:
    """Read a ``[tag NAME]``; None where it has problems, which are told."""
    when = _condition(sheet, "when", TAG_PLACE)
    for_each = _for_each(sheet)
    template = _tag_template(sheet)
    if not sheet.has("when") and not sheet.has("for_each"):
        sheet.tell("", RuleError("a key 'when' or 'for_each'", "neither"))
    if template is None or (sheet.has("when") and when is None):
        return None
    return TagRule(sheet.name, when, template, for_each, sheet["keep"] == "forever")


def _for_each(sheet: Sheet) -> Asked | None:
    def read(text: str) -> Asked:
        return parse_attribute(text, TAG_PLACE, frozenset({Kind.LIST}))

    return sheet.understand("for_each", read)


def _tag_template(sheet: Sheet) -> Template | None:
    loops = sheet.has("for_each")
    extra = frozenset({"each"}) if loops else frozenset[str]()

    def read(text: str) -> Template:
        if "," in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text):
            raise RuleErrors(RuleError("a tag without a comma", repr(text)))
        return parse_template(text, TAG_PLACE, extra)

    if sheet.has("tag"):
        return sheet.understand("tag", read)
    text = "{{ each }}" if loops else _default_tag(sheet)
    return parse_template(text, TAG_PLACE, extra) if text else None


def workflow_of(
    sheet: Sheet, actions: Actions, sections: frozenset[tuple[str, str]]
) -> Workflow | None:
    """Read a ``[workflow NAME]``; None where it has problems, which are told."""
    trigger = sheet.understand("trigger", parse_trigger)
    # Where the trigger is not known, the rest may be right; its other mistakes are told.
    place = place_of(trigger) if trigger else ANY_PLACE
    when = _condition(sheet, "when", place)
    stop_when = _condition(sheet, "stop_when", place)
    do = sheet.understand("do", lambda text: parse_steps(text, place, actions, sections))
    if trigger is not None:
        _look_at_workflow(sheet, trigger)
    if trigger is None or do is None:
        return None
    return Workflow(
        sheet.name,
        trigger,
        do,
        when,
        stop_when,
        once=sheet["once"],
        mode=sheet["mode"],
        only=sheet["only"],
        include_existing=sheet["existing"] == "include",
    )


def _look_at_workflow(sheet: Sheet, trigger: Trigger) -> None:
    """Tell of keys that say nothing with this trigger, or are missing with it."""
    if trigger.name == "customer_matches" and not sheet.has("when"):
        sheet.tell("", RuleError("a key 'when' with the trigger customer_matches", "none"))
    if sheet["once"].per == "order" and not trigger.has_order:
        flaw = RuleError(
            f"per occurrence, per customer or every … with {trigger.name}", "per order"
        )
        sheet.tell("once", flaw)
    if trigger.name == "bulk" and sheet["existing"] == "include":
        hint = "wcflow workflow run NAME runs it over those who are there"
        sheet.tell("existing", RuleError("no 'existing' with the trigger bulk", "'include'", hint))


def action_rule(sheet: Sheet, section: ActionSection) -> Any:
    """Read a section that belongs to an action, such as ``[coupon NAME]``."""
    given = frozenset(key for key in section.kind.keys if sheet.has(key))
    values = SectionValues(sheet.name, {key: sheet[key] for key in section.kind.keys}, given)
    for key, error in section.check(values):
        sheet.tell(key, error)
    return section.read(values)


# What rules say of one another: names that must be there, and tags that must not be shared.

Rule = Segment | TagRule | Workflow
Told = tuple[Sheet, Rule]


def look_at_references(rules: Sequence[Told], segments: Iterable[str]) -> None:
    """Tell of each name that is not there; ``segments`` are all names with a head of their own."""
    names = tuple(segments)
    for sheet, rule in rules:
        for key, condition in _conditions(rule):
            _look_at_condition(sheet, key, condition, names)
        if isinstance(rule, Workflow):
            _look_at_trigger(sheet, rule, names)
    _look_at_groups(rules)
    _look_at_segment_tags(rules)
    _look_at_awaited_tags(rules)


def parts_of(rules: Rules) -> Iterator[Condition | Template]:
    """Give all conditions and templates: whatever asks something of a customer."""
    every: tuple[Rule, ...] = (*rules.segments, *rules.tags, *rules.workflows)
    for rule in every:
        yield from (condition for _, condition in _conditions(rule))
        if isinstance(rule, TagRule):
            yield rule.tag
        if isinstance(rule, Workflow):
            yield from (step.template for step in rule.do if step.template is not None)


def look_at_action_sections(
    rules: Sequence[Told], section: ActionSection, sheets: Iterable[Sheet]
) -> None:
    """Remark on sections of an action that no step refers to."""
    used = {step.section for _, rule in rules if isinstance(rule, Workflow) for step in rule.do}
    for sheet in sheets:
        if (section.kind.name, sheet.name) not in used:
            sheet.remark("", section.unused, f"{section.example} {sheet.name}")


def _look_at_groups(rules: Iterable[Told]) -> None:
    """Tell of groups that differ in case alone: one of them is a slip."""
    known = {LIFECYCLE: LIFECYCLE}
    for sheet, rule in rules:
        if isinstance(rule, Segment) and rule.group:
            first = known.setdefault(fold(rule.group), rule.group)
            if first != rule.group:
                sheet.tell("group", RuleError(f"{first!r} as elsewhere", repr(rule.group)))


def _conditions(rule: Rule) -> Iterator[tuple[str, Condition]]:
    if rule.when is not None:
        yield "when", rule.when
    if isinstance(rule, Workflow) and rule.stop_when is not None:
        yield "stop_when", rule.stop_when


def _look_at_condition(
    sheet: Sheet, key: str, condition: Condition, segments: tuple[str, ...]
) -> None:
    known = {fold(name) for name in segments}
    for name in sorted(condition.segment_names):
        if fold(name) not in known:
            row = _row_of(name, sheet.text(key))
            sheet.tell(key, _no_segment(name, segments, row))


def _no_segment(name: str, segments: tuple[str, ...], row: int = 0) -> RuleError:
    hint = did_you_mean(name, segments) or f"write a section [segment {name}]"
    return RuleError("the name of a [segment …]", repr(name), hint, row)


def _row_of(name: str, text: str) -> int:
    rows = (row for row, line in enumerate(text.split("\n")) if name in line)
    return next(rows, 0)


def _look_at_trigger(sheet: Sheet, rule: Workflow, segments: tuple[str, ...]) -> None:
    name = rule.trigger.names_segment
    if name and name not in segments:
        sheet.tell("trigger", _no_segment(name, segments))
    if "," in rule.trigger.names_tag:
        sheet.tell("trigger", RuleError("a tag without a comma", repr(rule.trigger.names_tag)))


def _look_at_segment_tags(rules: Iterable[Told]) -> None:
    first: dict[str, Segment] = {}
    for sheet, rule in rules:
        if not isinstance(rule, Segment) or rule.tag is None:
            continue
        known = first.setdefault(fold(rule.tag), rule)
        if known is not rule:
            got = f"{rule.tag!r}, which is that of [segment {known.name}]"
            sheet.tell("tag", RuleError("a tag of its own", got))


def _look_at_awaited_tags(rules: Sequence[Told]) -> None:
    """Remark on a tag that is waited for and that nobody but a person can put on."""
    made = {tag for _, rule in rules for tag in _tags_made(rule)}
    for sheet, rule in rules:
        name = rule.trigger.names_tag if isinstance(rule, Workflow) else ""
        near = did_you_mean(name, made) if name and name not in made else ""
        if near:
            sheet.remark("trigger", f"no rule makes the tag {name!r}; people may", near)


def _tags_made(rule: Rule) -> Iterator[str]:
    if isinstance(rule, Segment) and rule.tag is not None:
        yield rule.tag
    if isinstance(rule, TagRule) and "{" not in rule.tag.text:
        yield rule.tag.text
    if isinstance(rule, Workflow):
        yield from (step.tag for step in rule.do if step.tag)
