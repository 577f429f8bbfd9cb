"""What rules say of one another: names that must be there, and tags that must not be shared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wcflow.config.sheet import Sheet
from wcflow.customer import LIFECYCLE
from wcflow.rules.flaw import Flaw, did_you_mean
from wcflow.rules.language import Condition
from wcflow.rules.model import Rules, Segment, TagRule, Workflow
from wcflow.rules.template import Template
from wcflow.rules.wording import fold

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


def look_at_coupons(rules: Sequence[Told], coupons: Iterable[Sheet]) -> None:
    """Remark on coupons that no workflow makes."""
    made = {step.coupon for _, rule in rules if isinstance(rule, Workflow) for step in rule.do}
    for sheet in coupons:
        if sheet.name not in made:
            sheet.remark("", "no workflow makes this coupon", f"create_coupon {sheet.name}")


def _look_at_groups(rules: Iterable[Told]) -> None:
    """Tell of groups that differ in case alone: one of them is a slip."""
    known = {LIFECYCLE: LIFECYCLE}
    for sheet, rule in rules:
        if isinstance(rule, Segment) and rule.group:
            first = known.setdefault(fold(rule.group), rule.group)
            if first != rule.group:
                sheet.tell("group", Flaw(f"{first!r} as elsewhere", repr(rule.group)))


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


def _no_segment(name: str, segments: tuple[str, ...], row: int = 0) -> Flaw:
    hint = did_you_mean(name, segments) or f"write a section [segment {name}]"
    return Flaw("the name of a [segment …]", repr(name), hint, row)


def _row_of(name: str, text: str) -> int:
    rows = (row for row, line in enumerate(text.split("\n")) if name in line)
    return next(rows, 0)


def _look_at_trigger(sheet: Sheet, rule: Workflow, segments: tuple[str, ...]) -> None:
    name = rule.trigger.names_segment
    if name and name not in segments:
        sheet.tell("trigger", _no_segment(name, segments))
    if "," in rule.trigger.names_tag:
        sheet.tell("trigger", Flaw("a tag without a comma", repr(rule.trigger.names_tag)))


def _look_at_segment_tags(rules: Iterable[Told]) -> None:
    first: dict[str, Segment] = {}
    for sheet, rule in rules:
        if not isinstance(rule, Segment) or rule.tag is None:
            continue
        known = first.setdefault(fold(rule.tag), rule)
        if known is not rule:
            got = f"{rule.tag!r}, which is that of [segment {known.name}]"
            sheet.tell("tag", Flaw("a tag of its own", got))


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
        for step in rule.do:
            if step.kind == "add_tag" and step.template and "{" not in step.template.text:
                yield step.template.text
