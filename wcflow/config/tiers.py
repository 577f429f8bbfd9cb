"""Read ``[points]`` and ``[tiers]``, and check that what uses them finds them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal

from wcflow.config.rules import Rule, conditions_of, find_row
from wcflow.config.section import ParsedSection
from wcflow.rules.errors import RuleError
from wcflow.rules.model import Campaign, TagRule, Workflow
from wcflow.rules.points import PointsRules, Terms
from wcflow.rules.templates import Template
from wcflow.rules.tiers import TierRules

_NEEDS = {
    "points": "points",
    "points_earned": "points",
    "tier": "tiers",
    "tier_since": "tiers",
    "tier_progress": "tiers",
    "next_tier": "tiers",
    "to_next_tier": "tiers",
}
_EXAMPLES = {"points": "'per_amount = 1 per 10'", "tiers": "'by = total_spent' and 'Gold = 1000'"}


def read_points(sections: Sequence[ParsedSection]) -> PointsRules | None:
    """Return ``[points]``, or None without the section."""
    if not sections:
        return None
    section = sections[0]
    points, amount = section["per_amount"] or (Decimal(0), Decimal(1))
    return PointsRules(
        Terms(points, amount, section["per_order"], section["round"]),
        section["for_registration"],
        section["for_birthday"],
        section["for_events"],
        section["expires"],
        section["since"],
    )


def read_tiers(sections: Sequence[ParsedSection]) -> TierRules | None:
    """Return ``[tiers]``, or None without the section or with problems, which are reported."""
    if not sections:
        return None
    section = sections[0]
    levels = section.others()
    if not levels and not section.findings.has_problems:
        hint = "write a line such as 'Gold = 1000'"
        section.report("", RuleError("a tier and what it needs", "none", hint))
    _check_levels(section, levels)
    if section["by"] is None or not levels:
        return None
    ordered = sorted(levels, key=lambda level: level[1])
    return TierRules(section["by"], tuple(ordered), section["grace"])


def _check_levels(section: ParsedSection, levels: Sequence[tuple[str, Decimal]]) -> None:
    first: dict[Decimal, str] = {}
    for name, needed in levels:
        if "," in name:
            section.report(name.lower(), RuleError("a tier without a comma", repr(name)))
        known = first.setdefault(needed, name)
        if known != name:
            got = f"{needed:f}, as for {known}"
            section.report(name.lower(), RuleError("a number of its own for each tier", got))


def given_names(
    points: Sequence[ParsedSection], tiers: Sequence[ParsedSection]
) -> set[tuple[str, str]]:
    """Return what steps can refer to, as (kind, name), even where its value has a problem."""
    known = [(each, each.kind.keys) for each in tiers]
    entries = (
        (key, entry, keys) for each, keys in known for key, entry in each.section.entries.items()
    )
    found = {("tiers", entry.key) for key, entry, keys in entries if key not in keys}
    return found | ({("points", "")} if points else set())


def check_uses(
    rules: Iterable[tuple[ParsedSection, Rule | Campaign]],
    texts: Iterable[tuple[ParsedSection, Iterable[Template]]],
    given: Collection[str],
) -> None:
    """Report attributes and triggers that need a section which is not ``given``.

    ``texts`` are the sections with templates of their own, such as ``[email NAME]``.
    """
    uses = [(section, key, name) for section, rule in rules for key, name in _names(rule)]
    for section, templates in texts:
        uses += [
            (section, "", name) for name in sorted({n for each in templates for n in each.names})
        ]
    for section, key, name in uses:
        kind = _NEEDS.get(name, "")
        if kind and kind not in given:
            place = key or _key_with(section, name)
            hint = f"add it, for example with {_EXAMPLES[kind]}"
            row = find_row(name, section.text(place))
            section.report(place, RuleError(f"a section [{kind}] for {name}", "none", hint, row))


def _key_with(section: ParsedSection, name: str) -> str:
    """Return the key whose template uses an attribute; nothing if that is in a file."""
    used = re.compile(rf"\{{[{{%][^}}]*\b{name}\b")
    return next((key for key in section.kind.keys if used.search(section.text(key))), "")


def _names(rule: Rule | Campaign) -> Iterator[tuple[str, str]]:
    """Yield the attributes that a rule uses, with their key; of a campaign's texts without."""
    for key, condition in conditions_of(rule):
        yield from ((key, name) for name in sorted(condition.names))
    if isinstance(rule, TagRule):
        yield from (("tag", name) for name in sorted(rule.tag.names))
    if isinstance(rule, Workflow | Campaign):
        for step in rule.steps if isinstance(rule, Workflow) else rule.do:
            # The text of an e-mail stands in its own section.
            if step.template and step.action.section != "email":
                key = "do" if isinstance(rule, Workflow) else ""
                yield from ((key, name) for name in sorted(step.template.names))
    if isinstance(rule, Workflow) and rule.trigger.kind.names == "tier":
        yield "trigger", "tier"
