"""What may stand behind an ``=``: one function per form. Text in, value out, or a FlawError.

Conditions, templates, triggers and steps are not here: they have a language of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.model import Once
from wcflow.units import DURATION_FORM, MAX_SECONDS, Duration, normalize_email, parse_duration

T = TypeVar("T")
YES_OR_NO = {"yes": True, "no": False}
_SYNONYMS = {"true": "yes", "on": "yes", "1": "yes", "false": "no", "off": "no", "0": "no"}


def as_written(text: str) -> str:
    """Take any text but none at all."""
    if not text:
        raise RuleErrors(RuleError("a value", "nothing"))
    return text


def _refuse(expected: str, text: str, hint: str = "") -> RuleErrors:
    return RuleErrors(RuleError(expected, repr(text) if text else "nothing", hint))


def yes_or_no(text: str) -> bool:
    """Read ``yes`` or ``no``."""
    word = text.lower()
    if word not in YES_OR_NO:
        meant = _SYNONYMS.get(word)
        raise _refuse("yes or no", text, f"did you mean {meant!r}?" if meant else "")
    return YES_OR_NO[word]


def choice(*words: str) -> Callable[[str], str]:
    """Read one of ``words``, in any case."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise _refuse(_one_of(words), text, did_you_mean(text, words))
        return text.lower()

    return read


def _one_of(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


def duration(text: str) -> Duration:
    """Read a length of time that is not nothing."""
    found = parse_duration(text)
    if found is None or found.count == 0:
        raise _refuse(DURATION_FORM, text)
    if found.seconds > MAX_SECONDS:
        raise _refuse("at most 100y", text)
    return found


def seconds(text: str) -> float:
    """Read a duration of less than a day as seconds."""
    found = duration(text)
    if found.in_days:
        raise _refuse("a duration of seconds, minutes or hours", text)
    return float(found.seconds)


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Read a whole number within bounds, both included."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise _refuse(f"a whole number from {lowest} to {highest}", text)
        return int(text)

    return read


def or_none(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """Read ``none``, or what ``read`` reads."""

    def read_or_none(text: str) -> T | None:
        if text.lower() == "none":
            return None
        try:
            return read(text)
        except RuleErrors as error:
            told = (
                replace(rule_error, expected=f"{rule_error.expected}, or none")
                for rule_error in error.rule_errors
            )
            raise RuleErrors(*told) from None

    return read_or_none


def amount(text: str) -> str:
    """Read an amount without currency sign, as the decimal text a shop takes."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,4})?", text):
        raise _refuse("an amount such as 10 or 12.50", text, _amount_hint(text))
    return text


def _amount_hint(text: str) -> str:
    if "," in text:
        return "a point stands before the decimals, and nothing between the thousands"
    if "%" in text:
        return "write the number alone, and type = percent"
    return "no currency sign, no minus" if re.search(r"[0-9]", text) else ""


def parts(text: str) -> list[tuple[int, str]]:
    """Give what stands between commas and line ends, with its row."""
    # A comma at the end of a line says no more than the line's end does.
    rows = [line.removesuffix(",").split(",") for line in text.split("\n")]
    return [(row, part.strip()) for row, line in enumerate(rows) for part in line]


def each(text: str, read: Callable[[str], T]) -> list[T]:
    """Read every part of a list; raises FlawError with the flaws of all of them."""
    found: list[T] = []
    rule_errors: list[RuleError] = []
    for row, part in parts(text):
        try:
            value = read(part)
        except RuleErrors as error:
            rule_errors += [replace(rule_error, row=row) for rule_error in error.rule_errors]
            continue
        if value in found:
            rule_errors.append(RuleError("each only once", f"{part!r} twice", row=row))
        found.append(value)
    if rule_errors:
        raise RuleErrors(*rule_errors)
    return found


# A person in one of these has paid nothing, or the order is not to be seen.
_NEVER_PAID = frozenset({"refunded", "trash", "auto-draft", "checkout-draft", "any"})


def paid_statuses(text: str) -> tuple[str, ...]:
    """Read a list of order statuses, without WooCommerce's internal prefix ``wc-``."""
    return tuple(each(text, _paid_status))


def _paid_status(text: str) -> str:
    status = text.lower().removeprefix("wc-")
    if not re.fullmatch(r"[a-z0-9_-]{1,20}", status):
        raise _refuse("statuses such as processing, completed", text)
    if status in _NEVER_PAID:
        raise _refuse("statuses of orders that are paid", text)
    return status


def addresses(text: str) -> frozenset[str]:
    """Read a list of e-mail addresses in normal form."""
    return frozenset(each(text, _address))


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text):
        raise _refuse("e-mail addresses", text)
    return normalize_email(text)


def ids(text: str) -> tuple[int, ...]:
    """Read a list of the shop's ids."""
    return tuple(each(text, _id))


def _id(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        hint = "the dashboard shows it in the address of the page where you edit one"
        raise _refuse("ids such as 12, 34", text, hint)
    return int(text)


def rates(text: str) -> Mapping[str, Decimal]:
    """Read ``USD 0.92, GBP 1.17``: what one unit of a currency is worth in the store's."""
    currencies = [part[:3].upper() for _, part in parts(text)]

    def read(part: str) -> tuple[str, Decimal]:
        code, rate = _rate(part)
        if currencies.count(code) > 1:
            raise RuleErrors(RuleError("one rate for each currency", f"several for {code}"))
        return code, rate

    return dict(each(text, read))


def _rate(text: str) -> tuple[str, Decimal]:
    said = re.fullmatch(r"([A-Za-z]{3})(?:\s*=\s*|\s+)([0-9]{1,9}(?:\.[0-9]{1,9})?)", text)
    if said is None or not Decimal(said[2]):
        hint = "a point stands before the decimals" if text.isdecimal() else ""
        raise _refuse("a currency and its rate such as USD 0.92", text, hint)
    return said[1].upper(), Decimal(said[2])


def meta_key(text: str) -> str:
    """Read the key of a custom field that the shop's API shows."""
    if not text or text.startswith("_"):
        hint = "WooCommerce keeps keys that begin with '_' to itself" if text else ""
        raise _refuse("the key of a custom field", text, hint)
    return text


def patterns(text: str) -> tuple[tuple[int, str], ...]:
    """Read file patterns, each with its row."""
    each(text, as_written)
    return tuple(parts(text))


def lone_tag(text: str) -> str:
    """Read a tag that is the same for everyone."""
    if "," in text:
        raise _refuse("a tag without a comma", text)
    if "{{" in text or "{%" in text:
        hint = "templates stand in a [tag] section"
        raise _refuse("a tag that is the same for all of the segment", text, hint)
    return as_written(text)


def prefix(text: str) -> str:
    """Read what coupon codes begin with."""
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,18}[A-Za-z0-9])?", text):
        raise _refuse("at most 20 letters A to Z, digits, '-' and '_'", text)
    return text.upper()


def once(text: str) -> Once:
    """Read how often a workflow may run."""
    word, _, rest = " ".join(text.lower().split()).partition(" ")
    if word == "per" and rest in ("occurrence", "order", "customer"):
        return Once(rest)
    if word == "every":
        return Once("every", duration(rest))
    raise _refuse("'per occurrence', 'per order', 'per customer' or 'every 30d'", text)
