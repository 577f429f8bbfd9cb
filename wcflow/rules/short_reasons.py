"""Say in a few words why someone is in a segment or has a tag, in words that last.

``explain`` shows every value as of now. Here what changes from day to day is left out: ``last order
date 2026-05-01, more than 30 days ago`` is true until a rule or an order changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wcflow.profile import Profile
from wcflow.rules.attributes.registry import Kind
from wcflow.rules.classify import RuleResult
from wcflow.rules.conditions import Combined, Comparison, Not, Tree
from wcflow.rules.context import Context
from wcflow.rules.display import format_value
from wcflow.rules.literals import Literal, Number, RelativeDay, RelativeInstant
from wcflow.rules.operators import Compare, IsEmpty, IsTrue, OneOf
from wcflow.rules.ternary import combine
from wcflow.units import Duration, duration_words

_MOST_FACTS, _LONGEST = 3, 200
_NUMBERS: Mapping[str, str] = {
    ">=": "at least",
    ">": "more than",
    "<=": "at most",
    "<": "less than",
    "=": "exactly",
    "<>": "not",
}
_DATES: Mapping[str, str] = {
    ">=": "not before",
    ">": "after",
    "<=": "not after",
    "<": "before",
    "=": "on",
    "<>": "not on",
}
_AGES = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}
"""A day that is earlier is longer ago."""


def short_reason(result: RuleResult) -> str:
    """Return the facts that decided for a rule: ``total spent 1,240.00, at least 1,000``."""
    if result.when is None:
        return "everyone"
    context = result.when.visible_context(result.context)
    facts = list(dict.fromkeys(_facts(result.when.tree, context)))
    more = len(facts) - _MOST_FACTS
    shown = facts[:_MOST_FACTS] + ([f"{more} more"] if more > 0 else [])
    text = "; ".join(shown)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


def _facts(tree: Tree, context: Context) -> Iterator[str]:
    """Return the facts of the parts that decided."""
    match tree:
        case Not(operand):
            yield from _facts(operand, context)
        case Combined(word, parts):
            results = [part.evaluate(context) for part in parts]
            value = combine(results, decisive=word == "or").value
            for part, result in zip(parts, results, strict=True):
                if result.value is value:
                    yield from _facts(part, context)
        case Comparison():
            yield _fact(tree, context)


def _fact(comparison: Comparison, context: Context) -> str:
    operator, found = comparison.operator, comparison.asked.found(context)
    holds = operator.evaluate(found, context).value
    name = _name(comparison)
    kind = comparison.asked.attribute.kind
    shown = format_value(found.value, kind, context)
    if kind is Kind.MONEY and found.value is not None:
        shown += f" {context.store.currency}"
    if isinstance(operator, IsTrue):
        return name if holds else f"is not {name.removeprefix('is ')}"
    if isinstance(operator, IsEmpty):
        return f"{name} {operator.verb if holds else operator.opposite}"
    if isinstance(operator, OneOf):
        return f"{name} {shown}"
    verb = operator.verb if holds else operator.opposite
    if not isinstance(operator, Compare):
        return f"{name} {verb} {operator.format(context)}"
    expected = _expected(operator.literal, verb, context)
    if found.growth is not None:
        return f"{name} {expected}"
    return f"{name} {shown}" if verb == "=" else f"{name} {shown}, {expected}"


def _name(comparison: Comparison) -> str:
    name = comparison.asked.name
    words = name if comparison.asked.key else name.replace("_", " ").replace(".", " ")
    window = comparison.asked.window
    return f"{words} in {duration_words(window)}" if window else words


def _expected(literal: Literal, verb: str, context: Context) -> str:
    match literal:
        case Number(value):
            return f"{_NUMBERS[verb]} {value:,}"
        case RelativeDay(by, sign) if not by.count:
            return f"{_DATES[verb]} today"
        case RelativeDay(by, sign) | RelativeInstant(by, sign):
            return _relative(by, sign, verb)
        case _:
            words = _DATES if verb in _DATES else _NUMBERS
            return f"{words[verb]} {literal.format(context)}"


def _relative(by: Duration, sign: int, verb: str) -> str:
    length = duration_words(by)
    if sign < 0:
        return f"{_NUMBERS[_AGES.get(verb, verb)]} {length} ago"
    return f"in {_NUMBERS[verb]} {length}"


def reasons_of(results: list[RuleResult], profile: Profile) -> list[str]:
    """Return why someone is in their segments and has their tags, each with its name."""
    found = []
    for each in results:
        saved = profile.saved_state.segments
        if each.kind == "segment" and each.won and each.name in saved:
            found.append(f"{each.name}: {short_reason(each)}")
        elif each.kind == "tag" and each.tags and each.when and each.answer.holds:
            found.append(f"{', '.join(sorted(each.tags))}: {short_reason(each)}")
    return found
