"""The option --where: a condition that selects customers."""

from __future__ import annotations

from wcflow.config.load import Config
from wcflow.errors import UsageError
from wcflow.rules.conditions import Condition
from wcflow.rules.context import RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.literals import fold
from wcflow.rules.parser import parse_condition


def parse_where(text: str, config: Config) -> Condition:
    """Parse the condition of --where; raises UsageError with every problem."""
    try:
        condition = parse_condition(text, RulePlace(tags=True, segments=True))
    except RuleErrors as error:
        raise _usage_error(*error.rule_errors) from None
    _check_names(condition, config)
    return condition


def _usage_error(first: RuleError, *others: RuleError) -> UsageError:
    """Return the problems in the words of 'wcflow check'; the hint of a single one is advice."""
    if not others:
        advice = first.hint or "'wcflow reference' lists all attributes."
        return UsageError(f"--where: {first.message}", advice)
    texts = [
        f"{each.message} ({each.hint})" if each.hint else each.message for each in (first, *others)
    ]
    return UsageError(f"--where: {'; '.join(texts)}", "'wcflow reference' lists all attributes.")


def _check_names(condition: Condition, config: Config) -> None:
    """Reject names that are not in the local copy: the condition would silently match no customer."""
    for name in sorted(condition.segment_names):
        check_segment(name, config, "--where: ")
    unknown = sorted(condition.meta_keys - config.meta_keys)
    if unknown:
        message = f"--where: the custom field {unknown[0]} is not imported, because no rule uses it"
        raise UsageError(message, f"Use meta.{unknown[0]} in a rule first, then run 'wcflow sync'.")


def check_segment(name: str, config: Config, where: str = "") -> str:
    """Return a segment's name as the configuration writes it; raises UsageError if there is none."""
    names = [each.name for each in config.rules.segments]
    for each in names:
        if fold(each) == fold(name):
            return each
    hint = did_you_mean(name, names) or f"Known names: {', '.join(names) or 'none'}."
    raise UsageError(f"{where}there is no [segment {name}]", hint)
