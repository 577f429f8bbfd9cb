"""Parse what follows a trigger's name. Each function raises RuleErrors."""

from __future__ import annotations

import re
from decimal import Decimal

from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.likely_values import duration_hint, plain_number
from wcflow.units import DURATION_FORM, MAX_SECONDS, Duration, parse_duration


def no_argument(text: str) -> None:
    """Refuse any argument."""
    if text:
        raise RuleErrors(RuleError("nothing after the trigger", repr(text)))


def name(text: str) -> str:
    """Parse the name of a segment or tag."""
    if not text:
        raise RuleErrors(RuleError("a name after the trigger", "nothing"))
    return text


def optional_name(text: str) -> str | None:
    """Parse a name, or nothing for any."""
    return text or None


def duration(text: str) -> Duration:
    """Parse ``60d``."""
    found = parse_duration(text)
    if found is None or found.count == 0:
        got = repr(text) if text else "nothing"
        raise RuleErrors(RuleError(DURATION_FORM, got, duration_hint(text)))
    if found.seconds > MAX_SECONDS:
        raise RuleErrors(RuleError("at most 100y", repr(text)))
    return found


def milestones(text: str) -> tuple[int, ...]:
    """Parse ``5, 10, 20``; return the numbers in ascending order."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        got = repr(text) if text else "nothing"
        likely = ", ".join(re.findall(r"[1-9]\d*", text))
        hint = f"did you mean {likely}?" if likely and not re.search(r"[^\d\s;,]", text) else ""
        raise RuleErrors(RuleError("whole numbers such as 5, 10, 20", got, hint))
    return tuple(sorted({int(part) for part in parts}))


def amount(text: str) -> Decimal:
    """Parse an amount without a currency sign."""
    if not re.fullmatch(r"\d{1,12}(\.\d{1,4})?", text):
        got, likely = repr(text) if text else "nothing", plain_number(text)
        hint = f"did you mean {likely}?" if likely else ""
        raise RuleErrors(RuleError("an amount such as 250", got, hint))
    return Decimal(text)


def refund_kind(text: str) -> str:
    """Parse ``partial``, ``full`` or ``either``, the default."""
    if text not in ("", "partial", "full", "either"):
        raise RuleErrors(RuleError("partial, full or either", repr(text)))
    return text or "either"


def statuses(text: str) -> tuple[str, str]:
    """Parse ``from STATUS to STATUS``; an empty status means any."""
    found = re.fullmatch(r"(?:from\s+(\S+))?\s*(?:to\s+(\S+))?", text)
    if found is None:
        hint = f"did you mean 'from {text}'?" if re.fullmatch(r"\S+ to \S+", text) else ""
        raise RuleErrors(RuleError("'from STATUS to STATUS'", repr(text), hint))
    before, after = (("" if word in (None, "any") else word) for word in found.groups())
    return before.removeprefix("wc-"), after.removeprefix("wc-")
