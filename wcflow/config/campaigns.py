"""From ``[campaign NAME]`` to campaigns, and the checks across sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from wcflow.actions.control import CONTROL
from wcflow.config.rules import check_condition, unknown_segment
from wcflow.config.section import ParsedSection
from wcflow.rules.campaigns import PLACE
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.model import CAMPAIGN_PREFIX, Campaign
from wcflow.rules.parser import parse_condition
from wcflow.rules.step_blocks import parse_steps
from wcflow.rules.steps import Actions, Sections, Step

_CONTROL_WORDS = {"if", "else", "end", *(each.name for each in CONTROL.actions)}


def read_campaigns(
    sections: Iterable[ParsedSection],
    actions: Actions,
    rules: Sections,
    names: frozenset[tuple[str, str]],
    segments: Iterable[str],
) -> list[Campaign]:
    """Read the campaigns that have no problems; problems are reported.

    ``names`` are those that steps can refer to.
    """
    known = tuple(segments)
    found = (_read(one, actions, rules, names, known) for one in sections)
    return [each for each in found if each]


def _read(
    section: ParsedSection,
    actions: Actions,
    rules: Sections,
    names: frozenset[tuple[str, str]],
    segments: tuple[str, ...],
) -> Campaign | None:
    _check_keys(section)
    if section["segment"] and section["segment"] not in segments:
        section.report("segment", unknown_segment(section["segment"], segments))
    when = section.parse_value("when", lambda text: parse_condition(text, PLACE))
    if when is not None:
        check_condition(section, "when", when, segments)
    do = _read_steps(section, actions, names)
    if not do:
        return None
    _check_pools(section, do, rules)
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
    """Report that nothing says who gets it, or what is sent."""

    def given(*keys: str) -> bool:
        return any(section.has(key) or section.misspelled(key) for key in keys)

    if not given("segment", "when"):
        section.report("", RuleError("", "missing key 'segment' or 'when': who gets it?"))
    if not given("email", "channel", "text", "do"):
        section.report("", RuleError("", "missing key 'email', 'channel' or 'do': what is sent?"))
    if section.has("email") and section.has("channel"):
        section.report("channel", RuleError("either 'email' or 'channel'", "both"))
    if section.has("channel") and not given("text"):
        section.report("channel", RuleError("also a key 'text' with the message", "none"))
    if section.has("text") and not given("channel"):
        hint = "the text of an e-mail stands in its section [email NAME]"
        section.report("text", RuleError("'text' only together with 'channel'", "no channel", hint))


def _read_steps(
    section: ParsedSection, actions: Actions, names: frozenset[tuple[str, str]]
) -> tuple[Step, ...] | None:
    """Parse the rows of ``do``, and the message, which comes last and can use their results."""
    rows = [("do", row, text.strip()) for row, text in enumerate(section.text("do").split("\n"))]
    if section["email"]:
        rows.append(("email", 0, f"send_email {section['email']}"))
    if section["channel"] and section["text"]:
        text = " ".join(section["text"].split())
        rows.append(("channel", 0, f"send_message {section['channel']} {text}"))
    rows = [each for each in rows if each[2] and not _report_wait(section, each)]
    try:
        found = parse_steps("\n".join(text for _, _, text in rows), PLACE, actions, names)
    except RuleErrors as error:
        for each in error.rule_errors:
            key, row, _ = rows[each.row]
            section.report(key, replace(each, row=row))
        return None
    return tuple(each for each in found if isinstance(each, Step))


def _check_pools(section: ParsedSection, do: Iterable[Step], rules: Sections) -> None:
    """Report a pool whose codes are looked up in the store first: a campaign cannot wait for that."""
    for step in do:
        kind, name = step.section or ("", "")
        if getattr(rules.get(kind, {}).get(name), "verify", False):
            hint = f"remove 'verify = yes' from [{kind} {name}]"
            section.report("do", RuleError("a pool without verify", f"{name!r}", hint))


def _report_wait(section: ParsedSection, line: tuple[str, int, str]) -> bool:
    """Report a step that waits, branches or stops; return whether it is one."""
    key, row, text = line
    word = text.split()[0].lower()
    if key != "do" or word not in _CONTROL_WORDS:
        return False
    hint = "a campaign does not wait or branch; a workflow can"
    section.report("do", RuleError("steps that do something at once", repr(word), hint, row))
    return True


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
