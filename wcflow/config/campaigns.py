"""From ``[campaign NAME]`` to campaigns, and the checks across sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from wcflow.actions.control import CONTROL
from wcflow.config.rules import check_condition, unknown_segment
from wcflow.config.section import ParsedSection
from wcflow.rules.campaigns import PLACE
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.model import CAMPAIGN_PREFIX, Campaign
from wcflow.rules.parser import parse_condition
from wcflow.rules.step_blocks import parse_steps
from wcflow.rules.steps import Actions, Step

ParsedCampaign = tuple[ParsedSection, Campaign]
_CONTROL_WORDS = {"if", "else", "end", *(each.name for each in CONTROL.actions)}


def read_campaigns(
    sections: Iterable[ParsedSection], actions: Actions, names: frozenset[tuple[str, str]]
) -> list[ParsedCampaign]:
    """Read the campaigns that have no problems; problems are reported."""
    read = ((section, _read(section, actions, names)) for section in sections)
    return [(section, campaign) for section, campaign in read if campaign is not None]


def _read(
    section: ParsedSection, actions: Actions, names: frozenset[tuple[str, str]]
) -> Campaign | None:
    when = section.parse_value("when", lambda text: parse_condition(text, PLACE))
    _check_keys(section)
    do = _read_steps(section, actions, names)
    if do is None or not do:
        return None
    return Campaign(
        section.name,
        do,
        section["segment"],
        when,
        section["at"],
        section["throttle"],
        section["priority"],
        section["mode"],
        section["only"],
    )


def _check_keys(section: ParsedSection) -> None:
    """Report that nothing says who gets it."""

    def given(*keys: str) -> bool:
        return any(section.has(key) or section.misspelled(key) for key in keys)

    if not given("segment", "when"):
        section.report("", RuleError("", "missing key 'segment' or 'when': who gets it?"))


def _read_steps(
    section: ParsedSection, actions: Actions, names: frozenset[tuple[str, str]]
) -> tuple[Step, ...] | None:
    rows = [("do", row, text.strip()) for row, text in enumerate(section.text("do").split("\n"))]
    rows = [each for each in rows if each[2]]
    if _report_waits(section, rows):
        return None
    try:
        found = parse_steps("\n".join(text for _, _, text in rows), PLACE, actions, names)
    except RuleErrors as error:
        for each in error.rule_errors:
            key, row, _ = rows[each.row]
            section.report(key, replace(each, row=row))
        return None
    return tuple(each for each in found if isinstance(each, Step))


def _report_waits(section: ParsedSection, rows: Sequence[tuple[str, int, str]]) -> bool:
    """Report steps that wait, branch or stop; return whether there are any."""
    wrong = [
        (row, word)
        for key, row, text in rows
        if key == "do" and (word := text.split()[0].lower()) in _CONTROL_WORDS
    ]
    for row, word in wrong:
        expected = "steps that do something at once"
        hint = "a campaign does not wait or branch; a workflow can"
        section.report("do", RuleError(expected, f"{word!r}", hint, row))
    return bool(wrong)


def check_campaigns(campaigns: Iterable[ParsedCampaign], segments: Iterable[str]) -> None:
    """Report segments that do not exist."""
    names = tuple(segments)
    for section, campaign in campaigns:
        if campaign.segment and campaign.segment not in names:
            section.report("segment", unknown_segment(campaign.segment, names))
        if campaign.when is not None:
            check_condition(section, "when", campaign.when, names)


def check_workflow_names(sections: Iterable[ParsedSection]) -> None:
    """Report workflows whose name looks like a campaign in lists and reports."""
    for section in sections:
        if section.name.startswith(CAMPAIGN_PREFIX):
            bare = section.name.removeprefix(CAMPAIGN_PREFIX)
            got = f"{section.name!r}"
            error = RuleError("a name that does not begin with 'campaign '", got, f"such as {bare}")
            section.report("", error)


def steps_of(campaigns: Iterable[Campaign]) -> Iterator[Step]:
    for each in campaigns:
        yield from each.do
