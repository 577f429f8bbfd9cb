"""From ``[segment]``, ``[tag]``, ``[workflow]`` and the sections of actions to rules, one at a time.

Checks across rules are at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from wcflow.actions.registry import SECTIONS
from wcflow.config.section import ParsedSection
from wcflow.profile import LIFECYCLE
from wcflow.rules.attributes.registry import AttributeQuery, Kind
from wcflow.rules.conditions import Condition
from wcflow.rules.context import RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import NO_FILE, ActionSection, SectionValues, TextFile
from wcflow.rules.literals import fold
from wcflow.rules.model import Campaign, Rules, Segment, TagRule, Workflow
from wcflow.rules.parser import parse_attribute, parse_condition
from wcflow.rules.step_blocks import parse_steps, step_conditions
from wcflow.rules.steps import Actions, Step
from wcflow.rules.templates import Template, parse_template
from wcflow.rules.triggers import Trigger, parse_trigger
from wcflow.rules.values import lone_tag

ReadFile = Callable[[Path], bytes]

SEGMENT_SCOPE = RulePlace()
TAG_SCOPE = RulePlace(segments=True)
ANY_SCOPE = RulePlace(order=True, item=True, tags=True, segments=True)


def trigger_scope(trigger: Trigger) -> RulePlace:
    """Return what a workflow's conditions and steps can use, by its trigger."""
    return RulePlace(order=trigger.has_order, item=trigger.has_item, tags=True, segments=True)


def read_segment(section: ParsedSection) -> Segment | None:
    """Read a ``[segment NAME]``; None if it has problems, which are reported."""
    when = _read_condition(section, "when", SEGMENT_SCOPE)
    tag = _segment_tag(section)
    if when is None:
        return None
    return Segment(section.name, when, section["group"], tag, section["note"])


def _segment_tag(section: ParsedSection) -> str | None:
    if section.has("tag"):
        tag: str | None = section["tag"]
        return tag
    return _default_tag(section)


def _default_tag(section: ParsedSection) -> str | None:
    """Return the section's name as its tag."""
    try:
        return lone_tag(section.name)
    except RuleErrors as error:
        rule_error = error.rule_errors[0]
        section.report(
            "", RuleError(rule_error.expected, rule_error.got, "add 'tag =' with another text")
        )
        return None


def _read_condition(section: ParsedSection, key: str, scope: RulePlace) -> Condition | None:
    return section.parse_value(key, lambda text: parse_condition(text, scope))


def read_tag_rule(section: ParsedSection) -> TagRule | None:
    """Read a ``[tag NAME]``; None if it has problems, which are reported."""
    when = _read_condition(section, "when", TAG_SCOPE)
    for_each = _read_for_each(section)
    template = _read_tag_template(section)
    if not any(section.has(key) or section.misspelled(key) for key in ("when", "for_each")):
        section.report("", RuleError("", "missing key 'when' or 'for_each'"))
    if template is None or (section.has("when") and when is None):
        return None
    return TagRule(section.name, when, template, for_each, section["keep"] == "forever")


def _read_for_each(section: ParsedSection) -> AttributeQuery | None:
    def read(text: str) -> AttributeQuery:
        return parse_attribute(text, TAG_SCOPE, frozenset({Kind.LIST}))

    return section.parse_value("for_each", read)


def _read_tag_template(section: ParsedSection) -> Template | None:
    loops = section.has("for_each")
    extra = frozenset({"each"}) if loops else frozenset[str]()

    def read(text: str) -> Template:
        if "," in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text):
            raise RuleErrors(RuleError("a tag without a comma", repr(text)))
        return parse_template(text, TAG_SCOPE, extra)

    if section.has("tag"):
        return section.parse_value("tag", read)
    text = "{{ each }}" if loops else _default_tag(section)
    return parse_template(text, TAG_SCOPE, extra) if text else None


def read_workflow(
    section: ParsedSection, actions: Actions, sections: frozenset[tuple[str, str]]
) -> Workflow | None:
    """Read a ``[workflow NAME]``; None if it has problems, which are reported."""
    trigger = section.parse_value("trigger", parse_trigger)
    # If the trigger is unknown, the other problems are still reported.
    scope = trigger_scope(trigger) if trigger else ANY_SCOPE
    when = _read_condition(section, "when", scope)
    stop_when = _read_condition(section, "stop_when", scope)
    do = section.parse_value("do", lambda text: parse_steps(text, scope, actions, sections))
    if trigger is not None:
        _check_workflow(section, trigger)
        _check_named_section(section, trigger, sections)
    if trigger is None or do is None:
        return None
    return Workflow(
        section.name,
        trigger,
        do,
        when,
        stop_when,
        once=section["once"],
        mode=section["mode"],
        only=section["only"],
        include_existing=section["existing"] == "include",
        priority=section["priority"],
    )


def _check_workflow(section: ParsedSection, trigger: Trigger) -> None:
    """Report keys that have no meaning with this trigger, or are missing."""
    if trigger.name == "customer_matches" and not (
        section.has("when") or section.misspelled("when")
    ):
        section.report(
            "", RuleError("", "missing key 'when', which the trigger customer_matches needs")
        )
    if section["once"].per == "order" and not trigger.has_order:
        rule_error = RuleError(
            f"per event, per customer or every … with {trigger.name}", "per order"
        )
        section.report("once", rule_error)
    if trigger.name == "bulk" and section["existing"] == "include":
        hint = "'wcflow workflow run NAME' runs it for existing customers"
        section.report(
            "existing", RuleError("no 'existing' with the trigger bulk", "'include'", hint)
        )


def _check_named_section(
    section: ParsedSection, trigger: Trigger, sections: Collection[tuple[str, str]]
) -> None:
    """Report a trigger that names a section which does not exist: it would never happen."""
    kind, name = trigger.kind.section, trigger.argument
    if kind not in SECTIONS or name is None or (kind, name) in sections:
        return
    known = sorted(each for other, each in sections if other == kind)
    hint = did_you_mean(name, known) or f"write a section [{kind} {name}]"
    section.report("trigger", RuleError(f"the name of a section [{kind} …]", repr(name), hint))


def action_rule(section: ParsedSection, of: ActionSection, read: ReadFile) -> Any:
    """Read a section that belongs to an action, such as ``[coupon NAME]``, and the files it names."""
    given = frozenset(key for key in of.kind.keys if section.has(key))
    texts = {key: _read_text_file(section, key, read) for key in of.files}
    values = {key: section[key] for key in of.kind.keys} | texts
    rule_values = SectionValues(section.name, values, given)
    for key, error in of.check(rule_values):
        if isinstance(file := values.get(key), TextFile):
            section.findings.problem(file.path, error.row + 1, section.section.head, error)
        else:
            section.report(key, error)
    return of.read(rule_values)


def _read_text_file(section: ParsedSection, key: str, read: ReadFile) -> TextFile | str | None:
    """Read a text file beside the INI; None if there is a problem, which is reported."""
    name = section[key]
    if not name or name == NO_FILE:
        return NO_FILE if name else None
    path = Path(section.file).parent / name
    try:
        return TextFile(str(path), read(path).decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        section.report(key, RuleError("", f"the file {path} cannot be read: {reason}"))
    except UnicodeDecodeError:
        section.report(key, RuleError("a text file in UTF-8", f"{path} in another encoding"))
    return None


# Checks across rules: names that must exist, and tags that must not be shared.

Rule = Segment | TagRule | Workflow
ParsedRule = tuple[ParsedSection, Rule]


def check_references(rules: Sequence[ParsedRule], segments: Iterable[str]) -> None:
    """Report every name that does not exist; ``segments`` are the names of all segments."""
    names = tuple(segments)
    for section, rule in rules:
        for key, condition in conditions_of(rule):
            check_condition(section, key, condition, names)
        if isinstance(rule, Workflow):
            _check_trigger(section, rule, names)
    _check_groups(rules)
    _check_segment_tags(rules)
    _check_awaited_tags(rules)


def conditions_and_templates(rules: Rules) -> Iterator[Condition | Template]:
    """Return all conditions and templates of the rules."""
    every: tuple[Rule, ...] = (*rules.segments, *rules.tags, *rules.workflows)
    for rule in every:
        yield from (condition for _, condition in conditions_of(rule))
        if isinstance(rule, TagRule):
            yield rule.tag
        if isinstance(rule, Workflow):
            yield from (step.template for step in rule.steps if step.template is not None)
    for campaign in rules.campaigns:
        yield from filter(None, [campaign.when, *(step.template for step in campaign.do)])
    for kind, known in rules.sections.items():
        for each in known.values():
            yield from SECTIONS[kind].templates(each) if each is not None else ()


def find_shown_group(general: ParsedSection, segments: Iterable[Segment | None]) -> str:
    """Return the group that the store shows; reports one that does not exist."""
    groups = dict.fromkeys(each.group for each in segments if each and each.group)
    named: str = general["shown_group"]
    if named not in ("", LIFECYCLE, *groups) and not general.findings.has_problems:
        hint = did_you_mean(named, groups) or f"the groups are: {', '.join(groups) or 'none'}"
        general.report("shown_group", RuleError("the group of a segment", repr(named), hint))
    if named or LIFECYCLE in groups or len(groups) != 1:
        return named or LIFECYCLE
    return next(iter(groups))


def check_section_names(
    section: ParsedSection, of: ActionSection, names: Collection[tuple[str, str]]
) -> None:
    """Report a key that names a section which does not exist."""
    for key, kind in of.refers_to.items():
        name = section[key]
        if name and (kind, name) not in names:
            known = [each for one, each in names if one == kind]
            hint = did_you_mean(name, known) or f"write a section [{kind} {name}]"
            section.report(key, RuleError(f"the name of a [{kind} …]", repr(name), hint))


def check_action_sections(
    steps: Iterable[Step],
    sections: Iterable[tuple[ActionSection, Sequence[ParsedSection]]],
) -> None:
    """Warn of sections of actions that neither a step nor another section refers to."""
    pairs = [(of, section) for of, some in sections for section in some]
    used = {step.section for step in steps}
    used |= {(kind, section[key]) for of, section in pairs for key, kind in of.refers_to.items()}
    for of, section in pairs:
        if (of.kind.name, section.name) not in used:
            section.warning("", of.unused, f"{of.example} {section.name}")


def _check_groups(rules: Iterable[ParsedRule]) -> None:
    """Report groups that differ only in case: one of them is a typo."""
    known = {LIFECYCLE: LIFECYCLE}
    for section, rule in rules:
        if isinstance(rule, Segment) and rule.group:
            first = known.setdefault(fold(rule.group), rule.group)
            if first != rule.group:
                section.report("group", RuleError(f"{first!r} as elsewhere", repr(rule.group)))


def conditions_of(rule: Rule | Campaign) -> Iterator[tuple[str, Condition]]:
    """Return the conditions of a rule, each with its key: when, stop_when or do."""
    if rule.when is not None:
        yield "when", rule.when
    if isinstance(rule, Workflow):
        if rule.stop_when is not None:
            yield "stop_when", rule.stop_when
        yield from (("do", condition) for condition in step_conditions(rule.do))


def check_condition(
    section: ParsedSection, key: str, condition: Condition, segments: tuple[str, ...]
) -> None:
    """Report names of segments that do not exist."""
    known = {fold(name) for name in segments}
    for name in sorted(condition.segment_names):
        if fold(name) not in known:
            row = find_row(name, section.text(key))
            section.report(key, unknown_segment(name, segments, row))


def unknown_segment(name: str, segments: tuple[str, ...], row: int = 0) -> RuleError:
    """Return the problem of a segment that does not exist, with the likely name."""
    hint = did_you_mean(name, segments) or f"write a section [segment {name}]"
    return RuleError("the name of a [segment …]", repr(name), hint, row)


def find_row(name: str, text: str) -> int:
    rows = (row for row, line in enumerate(text.split("\n")) if name in line)
    return next(rows, 0)


def _check_trigger(section: ParsedSection, rule: Workflow, segments: tuple[str, ...]) -> None:
    name = rule.trigger.names_segment
    if name and name not in segments:
        section.report("trigger", unknown_segment(name, segments))
    if "," in rule.trigger.names_tag:
        section.report("trigger", RuleError("a tag without a comma", repr(rule.trigger.names_tag)))


def _check_segment_tags(rules: Iterable[ParsedRule]) -> None:
    first: dict[str, Segment] = {}
    for section, rule in rules:
        if not isinstance(rule, Segment) or rule.tag is None:
            continue
        known = first.setdefault(fold(rule.tag), rule)
        if known is not rule:
            if fold(known.name) == fold(rule.name):
                continue  # that there are two of this name has been reported
            got = f"{rule.tag!r}, which [segment {known.name}] already uses"
            section.report("tag", RuleError("a tag of its own", got))


def _check_awaited_tags(rules: Sequence[ParsedRule]) -> None:
    """Warn of a tag that a trigger waits for and no rule adds."""
    made = {tag for _, rule in rules for tag in _tags_added(rule)}
    for section, rule in rules:
        name = rule.trigger.names_tag if isinstance(rule, Workflow) else ""
        near = did_you_mean(name, made) if name and name not in made else ""
        if near:
            section.warning(
                "trigger", f"no rule adds the tag {name!r}; it has to be added by hand", near
            )


def _tags_added(rule: Rule) -> Iterator[str]:
    if isinstance(rule, Segment) and rule.tag is not None:
        yield rule.tag
    if isinstance(rule, TagRule) and "{" not in rule.tag.text:
        yield rule.tag.text
    if isinstance(rule, Workflow):
        yield from (step.tag for step in rule.steps if step.tag)
