"""Parse the value of a key: one function per form. Text in, value out, or RuleErrors.

Conditions, templates, triggers and steps have a language of their own and are not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeVar

from wcflow.rules.birth_dates import FORMATS
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.likely_values import duration_hint, plain_number
from wcflow.rules.model import Once
from wcflow.units import DURATION_FORM, MAX_SECONDS, Duration, normalize_email, parse_duration

T = TypeVar("T")
YES_OR_NO = {"yes": True, "no": False}
_SYNONYMS = dict.fromkeys(("true", "on", "1", "y", "ja", "oui", "enabled"), "yes")
_SYNONYMS |= dict.fromkeys(("false", "off", "0", "n", "nein", "non", "none", "disabled"), "no")


def as_written(text: str) -> str:
    """Accept any text that is not empty."""
    if not text:
        raise RuleErrors(RuleError("a value", "nothing"))
    return text


def _refuse(expected: str, text: str, hint: str = "") -> RuleErrors:
    return RuleErrors(RuleError(expected, repr(text) if text else "nothing", hint))


def yes_or_no(text: str) -> bool:
    """Parse ``yes`` or ``no``."""
    word = text.lower()
    if word not in YES_OR_NO:
        meant = _SYNONYMS.get(word)
        raise _refuse("yes or no", text, f"did you mean {meant!r}?" if meant else "")
    return YES_OR_NO[word]


def choice(*words: str) -> Callable[[str], str]:
    """Parse one of ``words``; case does not matter."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise _refuse(_one_of(words), text, did_you_mean(text, words))
        return text.lower()

    return read


def _one_of(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


_DATE_ORDERS = {"dayfirst": "dmy", "monthfirst": "mdy", "yearfirst": "ymd", "iso": "ymd"}


def date_order(text: str) -> str:
    """Parse ``dmy``, ``mdy`` or ``ymd``."""
    if text.lower() in FORMATS:
        return text.lower()
    letters = re.sub(r"[^a-z]", "", text.lower())
    meant = _DATE_ORDERS.get(letters, re.sub(r"(.)\1+", r"\1", letters))
    raise _refuse(_one_of(FORMATS), text, f"did you mean {meant!r}?" if meant in FORMATS else "")


def duration(text: str) -> Duration:
    """Parse a duration of more than zero."""
    found = parse_duration(text)
    if found is None or found.count == 0:
        raise _refuse(DURATION_FORM, text, duration_hint(text))
    if found.seconds > MAX_SECONDS:
        raise _refuse("at most 100y", text)
    return found


def seconds(text: str) -> float:
    """Parse a duration of less than a day; return seconds."""
    found = duration(text)
    if found.in_days:
        raise _refuse("a duration of seconds, minutes or hours", text)
    return float(found.seconds)


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Parse a whole number from ``lowest`` to ``highest``, both included."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            meant = plain_number(text)
            hint = f"did you mean {meant}?" if meant.isdecimal() and meant != text else ""
            raise _refuse(f"a whole number from {lowest} to {highest}", text, hint)
        return int(text)

    return read


def or_none(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """Parse ``none``, or whatever ``read`` parses."""

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
    """Parse an amount without a currency sign; return the decimal text that the store accepts."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,4})?", text):
        raise _refuse("an amount such as 10 or 12.50", text, _amount_hint(text))
    return text


def _amount_hint(text: str) -> str:
    if "%" in text:
        return "write only the number, with type = percent"
    if (meant := plain_number(text)) and meant != text and meant[0].isdecimal():
        return f"did you mean {meant}?"
    if "," in text:
        return "use a point before the decimals, and no separator between thousands"
    return "no currency sign, no minus" if re.search(r"[0-9]", text) else ""


def parts(text: str) -> list[tuple[int, str]]:
    """Return the parts between commas and line ends, each with its row."""
    # A comma at the end of a line adds nothing to the line's end.
    rows = [line.removesuffix(",").split(",") for line in text.split("\n")]
    return [(row, part.strip()) for row, line in enumerate(rows) for part in line]


def each(text: str, read: Callable[[str], T]) -> list[T]:
    """Parse every part of a list; raises RuleErrors with the errors of all of them."""
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


# In these nothing was paid, or the order is not visible.
_NEVER_PAID = frozenset({"refunded", "trash", "auto-draft", "checkout-draft", "any"})


def paid_statuses(text: str) -> tuple[str, ...]:
    """Parse a list of order statuses; WooCommerce's internal prefix ``wc-`` is dropped."""
    return tuple(each(text, _paid_status))


def statuses(text: str) -> tuple[str, ...]:
    """Parse a list of order statuses; WooCommerce's internal prefix ``wc-`` is dropped."""
    return tuple(each(text, _status))


def _paid_status(text: str) -> str:
    status = _status(text)
    if status in _NEVER_PAID:
        raise _refuse("statuses of paid orders", text)
    return status


def _status(text: str) -> str:
    status = text.lower().removeprefix("wc-")
    if not re.fullmatch(r"[a-z0-9_-]{1,20}", status):
        words = re.split(r"\s+(?:and|or)\s+|\s*;\s*", status.strip("'\"“”‘’"))
        likely = ", ".join(re.sub(r"\s+", "-", each) for each in words)
        hint = f"did you mean {likely}?" if re.fullmatch(r"[a-z0-9_, -]+", likely) else ""
        raise _refuse("statuses such as processing, completed", text, hint)
    return status


def addresses(text: str) -> frozenset[str]:
    """Parse a list of e-mail addresses; return them in normal form."""
    return frozenset(each(text, _address))


_PART = r"[^@\s'\"<>;:“”„‘’]"
_EMAIL = rf"{_PART}+@{_PART}+\.(?!\.){_PART}+"


def _address(text: str) -> str:
    if not re.fullmatch(_EMAIL, text):
        raise _refuse("e-mail addresses", text, _address_hint(text))
    return normalize_email(text)


def _address_hint(text: str) -> str:
    found, rest = re.findall(_EMAIL, text), re.sub(_EMAIL, "", text)
    # Nothing else is suggested: a part of another address can be a password.
    if rest.strip(" '\"<>;“”„‘’\t"):
        return ""
    return f"did you mean {', '.join(found)}?" if found else ""


def ids(text: str) -> tuple[int, ...]:
    """Parse a list of ids of the store."""
    return tuple(each(text, _id))


def _id(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        hint = "the dashboard shows the id in the address of the edit page"
        raise _refuse("ids such as 12, 34", text, hint)
    return int(text)


def rates(text: str) -> Mapping[str, Decimal]:
    """Parse ``USD 0.92, GBP 1.17``: the value of one unit in the store's currency."""
    meant = _likely_rates(text)
    if meant:
        raise _refuse("currencies and rates such as USD 0.92", text, f"did you mean {meant}?")
    currencies = [part[:3].upper() for _, part in parts(text)]

    def read(part: str) -> tuple[str, Decimal]:
        code, rate = _rate(part)
        if currencies.count(code) > 1:
            raise RuleErrors(RuleError("one rate for each currency", f"several for {code}"))
        return code, rate

    return dict(each(text, read))


_LOOSE_RATE = re.compile(r"([A-Za-z]{3})\s*[=:]?\s*([0-9]+(?:[.,][0-9]+)?)")


def _likely_rates(text: str) -> str:
    """Return what rates with a comma before the decimals, or without commas between them, mean."""
    found = _LOOSE_RATE.findall(text)
    likely = ", ".join(f"{code.upper()} {rate.replace(',', '.')}" for code, rate in found)
    rest = _LOOSE_RATE.sub("", text)
    odd = ":" in text or re.search(r"\d,\d|\d[^\S\n]+[A-Za-z]", text)
    return likely if found and odd and not rest.strip(" ,;\n") else ""


def _rate(text: str) -> tuple[str, Decimal]:
    said = re.fullmatch(r"([A-Za-z]{3})(?:\s*=\s*|\s+)([0-9]{1,9}(?:\.[0-9]{1,9})?)", text)
    if said is None or not Decimal(said[2]):
        bare = re.fullmatch(r"[0-9]+(\.[0-9]+)?", text)
        hint = f"put the currency first: USD {text}" if bare else ""
        raise _refuse("a currency and its rate such as USD 0.92", text, hint)
    return said[1].upper(), Decimal(said[2])


def meta_key(text: str) -> str:
    """Parse the key of a custom field that the store's API shows."""
    if not text or text.startswith("_"):
        hint = "WooCommerce hides keys that begin with '_'" if text else ""
        raise _refuse("the key of a custom field", text, hint)
    return text


def meta_keys(text: str) -> tuple[str, ...]:
    """Parse keys of custom fields that the store's API shows."""
    return tuple(each(text, meta_key))


def patterns(text: str) -> tuple[tuple[int, str], ...]:
    """Parse file patterns; return each with its row."""
    each(text, as_written)
    return tuple(parts(text))


def lone_tag(text: str) -> str:
    """Parse a tag that is the same for everyone."""
    if "," in text:
        raise _refuse("a tag without a comma", text)
    if "{{" in text or "{%" in text:
        hint = "use a [tag] section for a template"
        raise _refuse("a tag that is the same for all of the segment", text, hint)
    return as_written(text)


def prefix(text: str) -> str:
    """Parse the prefix of coupon codes."""
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,18}[A-Za-z0-9])?", text):
        bare = text.strip("-_ ")
        hint = f"did you mean {bare}?" if re.fullmatch(r"[A-Za-z0-9_-]{1,20}", bare) else ""
        raise _refuse("at most 20 letters A to Z, digits, '-' and '_'", text, hint)
    return text.upper()


_ONCE = ("per event", "per order", "per customer")


def once(text: str) -> Once:
    """Parse how often a workflow can run."""
    word, _, rest = " ".join(text.lower().split()).partition(" ")
    if word == "per" and rest in ("event", "order", "customer"):
        return Once(rest)
    if word == "every":
        return Once("every", duration(rest))
    near = get_close_matches(text.lower().removeprefix("once "), _ONCE, n=1, cutoff=0.8)
    hint = f"did you mean {near[0]!r}?" if near else ""
    if (word, rest) == ("per", "occurrence"):
        hint = "it is now called 'per event'"
    raise _refuse("'per event', 'per order', 'per customer' or 'every 30d'", text, hint)
