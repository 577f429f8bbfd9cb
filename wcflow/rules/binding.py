"""Turn a parsed comparison into an operator, and check that it suits the attribute."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from lark import Token

from wcflow.rules.attributes.registry import LONGEST_SECONDS, Attribute, Kind, find_attribute
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.literals import (
    Day,
    Literal,
    Number,
    RelativeDay,
    RelativeInstant,
    Text,
    fold,
    split_words,
)
from wcflow.rules.operators import (
    COMPARISONS,
    Between,
    Compare,
    IsEmpty,
    IsTrue,
    MultipleOf,
    OneOf,
    Operator,
    Search,
)
from wcflow.units import Duration, parse_duration

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ComparisonForm:
    """A comparison as written: the name of its grammar rule, its keywords and its values."""

    name: str
    attribute: Token
    verbs: tuple[Token, ...]
    values: tuple[Token, ...] = ()
    negated: bool = False

    @property
    def verb(self) -> str:
        """Return the keywords in lower case: ``starts with``."""
        return " ".join(verb.lower() for verb in self.verbs)


def build_operator(form: ComparisonForm, attribute: Attribute) -> Operator:
    """Return the operator of a comparison; raises RuleErrors with every mistake at its token."""
    if attribute.kind not in _KINDS_BY_FAMILY[_family(form)] and not _is_number_in_text(
        form, attribute
    ):
        raise RuleErrors(_unsuitable_comparison(form, attribute))
    return _READ[form.name](form, attribute)


_SCALARS = frozenset({Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.TEXT})
_KINDS_BY_FAMILY = {
    "alone": frozenset({Kind.YESNO}),
    "compared": _SCALARS,
    "search in texts and lists": frozenset({Kind.TEXT, Kind.LIST}),
    "search": frozenset({Kind.TEXT}),
    "multiple": frozenset({Kind.NUMBER}),
    "empty": frozenset(Kind),
}


def _family(form: ComparisonForm) -> str:
    if form.name in ("between", "one_of"):
        return "compared"
    if form.verb.startswith(("contains", "mentions")):
        return "search in texts and lists"
    return form.name


def _is_number_in_text(form: ComparisonForm, attribute: Attribute) -> bool:
    return form.name == "multiple" and attribute.keyed


def _unsuitable_comparison(form: ComparisonForm, attribute: Attribute) -> RuleError:
    name, example = attribute.name, f"for example: {attribute.example}"
    if form.name == "alone":
        return error_at(form.attribute, f"a comparison after {name!r}", "none", example)
    if attribute.kind is Kind.YESNO:
        return error_at(form.verbs[0], f"{name!r} or 'not {name}' alone", f"'{form.verb}'")
    expected = f"a comparison that fits {name!r}, which is {attribute.noun}"
    return error_at(form.verbs[0], expected, f"'{form.verb}'", example)


def error_at(token: Token, expected: str, got: str, hint: str = "") -> RuleError:
    """Return an error at the position of a token."""
    return RuleError(expected, got, hint, (token.line or 1) - 1, token.column or 0)


def _read_each(
    form: ComparisonForm, attribute: Attribute, read: Callable[[Token, Attribute], T]
) -> tuple[T, ...]:
    """Parse all values; raises RuleErrors with the errors of all of them."""
    good, rule_errors = [], []
    for token in form.values:
        try:
            good.append(read(token, attribute))
        except RuleErrors as error:
            rule_errors += [
                error_at(token, rule_error.expected, rule_error.got, rule_error.hint)
                for rule_error in error.rule_errors
            ]
    if rule_errors:
        raise RuleErrors(*rule_errors)
    return tuple(good)


def _alone(_form: ComparisonForm, _attribute: Attribute) -> Operator:
    return IsTrue()


def _empty(_form: ComparisonForm, _attribute: Attribute) -> Operator:
    return IsEmpty()


_TYPOS = {"==": "=", "!=": "<>", "=<": "<=", "=>": ">="}


def _compared(form: ComparisonForm, attribute: Attribute) -> Operator:
    sign = form.verb
    if sign not in COMPARISONS:
        raise RuleErrors(error_at(form.verbs[0], f"'{_TYPOS[sign]}'", f"'{sign}'"))
    (literal,) = _read_each(form, attribute, parse_value)
    if sign in ("=", "<>"):
        _check_equality(form, [literal])
    return Compare(sign, literal)


def _check_equality(form: ComparisonForm, literals: list[Literal]) -> None:
    """Refuse values that nothing can equal."""
    for token, literal in zip(form.values, literals, strict=True):
        if isinstance(literal, RelativeInstant):
            hint = "use < or >; an exact moment never matches"
            raise RuleErrors(error_at(token, "a day to compare with", f"'{token}'", hint))
        if isinstance(literal, Text) and not literal.value.strip():
            raise RuleErrors(
                error_at(token, "a text that is not empty", str(token), "write: is empty")
            )


def _one_of(form: ComparisonForm, attribute: Attribute) -> Operator:
    literals = _read_each(form, attribute, parse_value)
    _check_equality(form, list(literals))
    return OneOf(literals)


def _between(form: ComparisonForm, attribute: Attribute) -> Operator:
    low, high = _read_each(form, attribute, parse_value)
    first, second = form.values
    if _type_name(low) != _type_name(high):
        raise RuleErrors(error_at(second, f"a value of the same type as '{first}'", f"'{second}'"))
    if _is_greater(low, high):
        hint = f"write: between {second} and {first}"
        raise RuleErrors(error_at(first, "the lower value first", f"'{first}'", hint))
    return Between(low, high)


def _type_name(literal: Literal) -> str:
    if isinstance(literal, Day | RelativeDay | RelativeInstant):
        return "date"
    return "number" if isinstance(literal, Number) else "text"


def _is_greater(low: Literal, high: Literal) -> bool:
    match low, high:
        case Number(), Number():
            return low.value > high.value
        case Text(), Text():
            return fold(low.value) > fold(high.value)
        case Day(), Day():
            return low.value > high.value
        case ((RelativeDay() | RelativeInstant()), (RelativeDay() | RelativeInstant())):
            return low.sign * low.by.seconds > high.sign * high.by.seconds
    return False


def _multiple(form: ComparisonForm, attribute: Attribute) -> Operator:
    (literal,) = _read_each(form, attribute, parse_value)
    if isinstance(literal, Number) and literal.value > 0:
        whole = literal.value == literal.value.to_integral_value()
        if whole:
            return MultipleOf(literal)
    (token,) = form.values
    raise RuleErrors(error_at(token, "a whole number above 0", f"'{token}'"))


def _search(form: ComparisonForm, attribute: Attribute) -> Operator:
    words = _read_each(form, attribute, parse_text)
    how, _, which = form.verb.partition(" ")
    if how in ("starts", "ends"):
        how, which = form.verb, ""
    if how == "mentions":
        _check_search_words(form, words)
    return Search(how, words, which)


def _check_search_words(form: ComparisonForm, words: tuple[Text | Number, ...]) -> None:
    rule_errors = [
        error_at(token, "at least one word", str(token))
        for token, word in zip(form.values, words, strict=True)
        if not split_words(word.text)
    ]
    if rule_errors:
        raise RuleErrors(*rule_errors)


_READ: dict[str, Callable[[ComparisonForm, Attribute], Operator]] = {
    "alone": _alone,
    "empty": _empty,
    "compared": _compared,
    "one_of": _one_of,
    "between": _between,
    "multiple": _multiple,
    "search": _search,
}


# Parse the values of a comparison.

VALUES = frozenset({"NUMBER", "DATE", "RELATIVE", "DURATION", "TODAY", "TEXT", "NAME"})

_DATES = frozenset({"DATE", "RELATIVE", "TODAY"})
_TOKENS_BY_KIND = {
    Kind.NUMBER: frozenset({"NUMBER"}),
    Kind.MONEY: frozenset({"NUMBER"}),
    Kind.DATE: _DATES,
    Kind.TEXT: frozenset({"TEXT"}),
    Kind.LIST: frozenset({"TEXT"}),
    Kind.YESNO: frozenset[str](),
}
_EXPECTED = {
    Kind.NUMBER: "a number",
    Kind.MONEY: "an amount such as 50 or 19.90",
    Kind.DATE: "a date such as 2026-01-31, today, -30d or +3d",
    Kind.TEXT: "a text in quotes",
    Kind.LIST: "a text in quotes",
}


def parse_value(token: Token, attribute: Attribute) -> Literal:
    """Parse a value to compare an attribute with; raises RuleErrors if the types differ."""
    if token.type not in _accepted_tokens(attribute):
        raise RuleErrors(_unsuitable_value(token, attribute))
    if token.type == "TEXT":
        return Text(str(token[1:-1]))
    if token.type == "NUMBER":
        return Number(Decimal(str(token)))
    return _date(token)


def parse_text(token: Token, attribute: Attribute) -> Text | Number:
    """Parse a text or number to search for; raises RuleErrors."""
    if attribute.of_numbers:
        if token.type != "NUMBER":
            raise RuleErrors(_value_error(token, "a number", _hint_drop_quotes(token)))
        return Number(Decimal(str(token)))
    if token.type != "TEXT":
        raise RuleErrors(_value_error(token, _EXPECTED[Kind.TEXT], _hint_add_quotes(token)))
    if not token[1:-1].strip():
        hint = f"{attribute.name} is empty" if attribute.kind is Kind.TEXT else ""
        raise RuleErrors(_value_error(token, "a text that is not empty", hint))
    return Text(str(token[1:-1]))


def _accepted_tokens(attribute: Attribute) -> frozenset[str]:
    # Meta values are texts that can hold a number or a date.
    if attribute.keyed:
        return _DATES | {"TEXT", "NUMBER"}
    return _TOKENS_BY_KIND[attribute.kind]


def _date(token: Token) -> Literal:
    text = str(token).lower()
    if token.type == "TODAY":
        return RelativeDay(Duration(0, "d"))
    if token.type == "DATE":
        return _day(token)
    sign, by = (-1 if text[0] == "-" else 1), parse_duration(text[1:])
    if by is None or by.seconds > LONGEST_SECONDS:
        raise RuleErrors(_value_error(token, "a date at most 100y away"))
    return RelativeDay(by, sign) if by.in_days else RelativeInstant(by, sign)


def _day(token: Token) -> Day:
    try:
        return Day(date.fromisoformat(str(token)))
    except ValueError:
        raise RuleErrors(_value_error(token, "a date that exists")) from None


def _unsuitable_value(token: Token, attribute: Attribute) -> RuleError:
    expected = f"{_EXPECTED[attribute.kind]} to compare {attribute.name} with"
    if token.type == "NAME" and find_attribute(str(token)):
        return _value_error(
            token, expected, "an attribute cannot be compared with another attribute"
        )
    if attribute.kind in (Kind.TEXT, Kind.LIST):
        return _value_error(token, expected, _hint_add_quotes(token))
    if attribute.kind is Kind.DATE and token.type == "DURATION":
        return _value_error(token, expected, f"-{token} is before now, +{token} is after now")
    return _value_error(token, expected, _hint_drop_quotes(token))


def _hint_add_quotes(token: Token) -> str:
    return "" if token.type == "TEXT" else f"write '{token}'"


def _hint_drop_quotes(token: Token) -> str:
    bare = str(token[1:-1]).strip()
    sound = re.fullmatch(r"[0-9]+(\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}", bare)
    return f"write it without quotes: {bare}" if token.type == "TEXT" and sound else ""


def _value_error(token: Token, expected: str, hint: str = "") -> RuleError:
    got = str(token) if token.type == "TEXT" else f"'{token}'"
    return RuleError(expected, got, hint)
