"""Whether a message may be sent now, later or never: consent, caps and quiet hours. Pure.

A message that may not be sent yet is deferred, never dropped. Transactional messages need no
consent and are neither counted nor deferred.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.likely_values import correct_durations
from wcflow.rules.quiet_hours import QuietHours, end_of_quiet, quiet_now
from wcflow.rules.values import duration, each
from wcflow.units import Duration, local_day, shift_day, start_of_day

_FORM = "a cap such as 1 per 1d"
_MOST = 1000
LATER = timedelta(minutes=5)
"""How long a message waits for one that goes before it and is about to be sent."""
_UNTIL, _RIVAL = "waits until ", "waits for a message with a higher priority"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``count`` messages to a person within ``length``.

    Days are calendar days of the store: ``1 per 1d`` is one each day, ``3 per 14d`` three within
    any fourteen days in a row.
    """

    count: int
    length: Duration

    def __str__(self) -> str:
        return f"{self.count} per {self.length}"

    def window_start(self, now: datetime, zone: tzinfo) -> datetime:
        """Return the first moment whose messages count now."""
        if not self.length.in_days:
            return now - timedelta(seconds=self.length.seconds) + timedelta(microseconds=1)
        first = shift_day(local_day(now, zone), self.length, -1) + timedelta(days=1)
        return start_of_day(first, zone)

    def next_free(self, sent: Collection[datetime], now: datetime, zone: tzinfo) -> datetime:
        """Return the first moment from ``now`` on at which there is room for another message."""
        start = self.window_start(now, zone)
        counted = sorted(at for at in sent if at >= start)
        if len(counted) < self.count:
            return now
        return self._leaves(counted[-self.count], zone)

    def _leaves(self, sent: datetime, zone: tzinfo) -> datetime:
        """Return the first moment at which a message no longer counts."""
        if not self.length.in_days:
            return sent + timedelta(seconds=self.length.seconds)
        day = local_day(sent, zone)
        then = shift_day(day, self.length)
        # Months differ in length: step forward until the window starts after the day.
        while shift_day(then, self.length, -1) < day:
            then += timedelta(days=1)
        return start_of_day(then, zone)


@dataclass(frozen=True, slots=True)
class ContactRules:
    """``message_cap`` and ``quiet_hours``."""

    caps: tuple[Cap, ...] = ()
    quiet: tuple[QuietHours, ...] = ()

    def counted_from(self, now: datetime, zone: tzinfo) -> datetime:
        """Return from when on sent messages matter."""
        return min((cap.window_start(now, zone) for cap in self.caps), default=now)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A message that waits until a moment, and why."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that must not be sent, and why."""

    reason: str


Verdict = Deferred | Refused | None
"""What becomes of a message; None: it is sent now."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What decides about a message to a person now.

    ``consent`` is None if it is not known. ``suppressed`` says why the address gets nothing. ``sent``
    is when they got messages that count. ``ahead`` is how many others of theirs go first.
    """

    consent: bool | None
    suppressed: str = ""
    sent: Sequence[datetime] = ()
    ahead: int = 0


def decide(
    recipient: Recipient,
    rules: ContactRules,
    now: datetime,
    zone: tzinfo,
    *,
    transactional: bool = False,
    had_consent: bool = False,
) -> Verdict:
    """Return whether a message may be sent now; ``had_consent`` is whether it had when it was made."""
    if recipient.suppressed:
        return Refused(recipient.suppressed)
    if transactional:
        return None
    if not recipient.consent:
        waited = "consent was withdrawn while the message waited"
        return Refused(waited if had_consent else "no consent")
    return _defer(recipient, rules, now, zone)


def _defer(
    recipient: Recipient, rules: ContactRules, now: datetime, zone: tzinfo
) -> Deferred | None:
    until, reason = now, ""
    if quiet := quiet_now(rules.quiet, now, zone):
        until, reason = end_of_quiet(rules.quiet, now, zone), f"quiet hours {quiet}"
    for cap in rules.caps:
        free = cap.next_free(recipient.sent, now, zone)
        if free > now:
            until, reason = max(until, free), f"message_cap {cap}"
    if reason:
        until = end_of_quiet(rules.quiet, _whole_second(until), zone)
        return Deferred(until, f"{_UNTIL}{until.astimezone(zone):%Y-%m-%d %H:%M}: {reason}")
    if recipient.ahead and not _room_for(recipient, rules, now, zone):
        return Deferred(_whole_second(now) + LATER, _RIVAL)
    return None


def deferral(outcome: str) -> str:
    """Return why a message waits, without the time, from what ``Deferred`` says; else nothing."""
    if outcome == _RIVAL:
        return outcome.removeprefix("waits for ")
    return outcome.partition(": ")[2] if outcome.startswith(_UNTIL) else ""


def _room_for(recipient: Recipient, rules: ContactRules, now: datetime, zone: tzinfo) -> bool:
    """Return whether there is room for the messages that go first, and for one more."""
    sent = [*recipient.sent, *[now] * recipient.ahead]
    return all(cap.next_free(sent, now, zone) <= now for cap in rules.caps)


def _whole_second(at: datetime) -> datetime:
    """Round up: what is saved must not be earlier."""
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


def parse_caps(text: str) -> tuple[Cap, ...]:
    """Parse ``1 per 1d, 3 per 14d``."""
    return tuple(each(text, _parse_cap))


def _parse_cap(text: str) -> Cap:
    found = re.fullmatch(r"([1-9]\d{0,3})\s*(?:per|/)\s*(\S.*)", text.lower())
    if found is None or int(found[1]) > _MOST:
        hint = "" if re.match(r"\d", text) else "how many, 'per', and how long"
        raise RuleErrors(RuleError(_FORM, repr(text) if text else "nothing", hint))
    length = _WORDS.get(found[2]) or correct_durations(found[2])
    return Cap(int(found[1]), duration(length))


_WORDS = {"day": "1d", "week": "1w", "month": "1mo", "hour": "1h"}


def contact_words(rules: ContactRules) -> Iterable[str]:
    """Return the rules as lines for ``wcflow check``."""
    if rules.caps:
        yield f"messages to each customer, at most: {', '.join(map(str, rules.caps))}; others wait"
    if rules.quiet:
        hours = ", ".join(map(str, rules.quiet))
        yield f"messages wait in the quiet hours {hours}, in the store's time zone"
    elif any(cap.length.in_days for cap in rules.caps):
        yield "without quiet_hours, a message above a cap is sent at midnight"
