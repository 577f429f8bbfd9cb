"""One tag of one person that a team adds or removes by command, as others do it in the store.

The next evaluation writes the difference. What the store shows of the tag at that moment was someone's
change before this one, so it says nothing against it later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from wcflow.rules.model import Rules
from wcflow.rules.steps import one_tag
from wcflow.rules.tags import Memory, TagMeta, TagPlace

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
ShownTags = Mapping[TagPlace, frozenset[str]]
"""The tags that places show as far as is known; unknown ones are missing."""


class HandTag(msgspec.Struct, frozen=True, array_like=True):
    """How a memory knows one tag: added by hand, removed by hand, added by a workflow."""

    added: bool = False
    removed: bool = False
    by_workflow: bool = False


ADDED, REMOVED = HandTag(added=True), HandTag(removed=True)


def hand_tag(memory: Memory, tag: str) -> HandTag:
    """Return how a memory knows one tag."""
    return HandTag(
        tag in memory.added_by_hand, tag in memory.removed_by_hand, tag in memory.added_by_workflows
    )


def tags_now(memory: Memory) -> frozenset[str]:
    """Return a person's tags, with what was changed by hand since their evaluation."""
    return (memory.current_tags - memory.removed_by_hand) | memory.added_by_hand


def is_made_by_rules(memory: Memory, tag: str) -> bool:
    """Return whether a segment or tag rule gave the tag at the last evaluation."""
    known = memory.added_by_hand | memory.added_by_workflows
    return tag in tags_now(memory) and tag not in known


def with_hand_tag(memory: Memory, tag: str, state: HandTag, shown: ShownTags) -> Memory:
    """Return the memory in which one tag is as ``state`` says."""
    changed = replace(
        memory,
        added_by_hand=_with(memory.added_by_hand, tag, wanted=state.added),
        removed_by_hand=_with(memory.removed_by_hand, tag, wanted=state.removed),
        added_by_workflows=_with(memory.added_by_workflows, tag, wanted=state.by_workflow),
    )
    for place, tags in shown.items():
        written = memory.written_in(place)
        if written is not None:
            base = _with(written.tags, tag, wanted=tag in tags)
            changed = changed.with_written(place, TagMeta(base, written.segment, written.more))
    return changed


def _with(tags: frozenset[str], tag: str, *, wanted: bool) -> frozenset[str]:
    return tags | {tag} if wanted else tags - {tag}


def rules_that_make(rules: Rules, tag: str) -> list[str]:
    """Return the sections that make a tag, as they are written: ``[segment VIP]``."""
    return list(dict.fromkeys(name for name, text in _made(rules) if _makes(text, tag)))


def _made(rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield each section that makes tags, with their text or template."""
    for segment in rules.segments:
        if segment.tag:
            yield f"[segment {segment.name}]", segment.tag
    for rule in rules.tags:
        yield f"[tag {rule.name}]", rule.tag.text
    steps = [(f"[workflow {each.name}]", each.steps) for each in rules.workflows]
    steps += [(f"[campaign {each.name}]", each.do) for each in rules.campaigns]
    for name, found in steps:
        for step in found:
            if step.action.adds_tag and step.template:
                yield name, step.template.text


def _makes(text: str, tag: str) -> bool:
    """Return whether a text makes a tag; a template can make whatever has its fixed parts."""
    fixed = [one_tag(each) for each in _TEMPLATE.split(text)]
    if len(fixed) == 1:
        return fixed[0].casefold() == tag.casefold()
    if not any(fixed):
        return False
    pattern = ".*".join(re.escape(each) for each in fixed)
    return re.fullmatch(pattern, tag, re.DOTALL | re.IGNORECASE) is not None
