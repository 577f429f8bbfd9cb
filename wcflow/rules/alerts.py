"""Which alerts to send: what is wrong now, what was sent before, and the time. Pure.

A way (e-mail, apprise) gets at most one message a day about each thing of a store, and one when it
is over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

REPEAT_AFTER = timedelta(days=1)
STALLED, HELD, FAILED, CHANNEL, REJECTED_CONFIG, QUARANTINE, POOLS, CAMPAIGNS = KINDS = (
    "stalled",
    "held",
    "failed",
    "channel",
    "rejected_config",
    "quarantine",
    "pools",
    "campaigns",
)


class Thing(NamedTuple):
    """What an alert is about: a kind of trouble of one store; without a store, of the configuration."""

    store: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Words:
    """The subjects of the messages, and what to do."""

    begins: str
    over: str
    advice: str


_WORDS = {
    STALLED: _Words(
        "the work has stopped",
        "the work continues",
        "Run 'wcflow doctor'. 'wcflow status' shows since when.",
    ),
    HELD: _Words(
        "changes wait for your approval",
        "no changes wait for your approval any more",
        "'wcflow plan' shows them, 'wcflow approve' approves them.",
    ),
    FAILED: _Words(
        "changes failed",
        "no failed changes left",
        "'wcflow outbox list --state failed' shows them; then 'wcflow outbox retry ID'.",
    ),
    CHANNEL: _Words(
        "messages cannot be sent",
        "messages can be sent again",
        "They wait until then. 'wcflow status' shows since when.",
    ),
    REJECTED_CONFIG: _Words(
        "the configuration file has problems",
        "the configuration file has no problems any more",
        "wcflow still uses the previous one, and cannot start with this one. Run 'wcflow check'.",
    ),
    QUARANTINE: _Words(
        "records cannot be read",
        "all records can be read again",
        "'wcflow status' shows them.",
    ),
    POOLS: _Words(
        "a coupon pool needs codes",
        "the coupon pools have enough codes again",
        "'wcflow pool list' shows the pools. Add codes to the file, or run 'wcflow pool import'.",
    ),
    CAMPAIGNS: _Words(
        "a campaign is not sent as it should be",
        "the campaigns are sent again",
        "'wcflow campaign list' shows the campaigns, 'wcflow outbox list --state failed' what failed.",
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """The last message about a thing by one way: its time, and whether the thing was still open."""

    at: datetime
    is_open: bool


ToldBefore = Mapping[tuple[Thing, str], Told]
"""What was told, by thing and way."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to send by one way; ``is_over`` says that a thing has ended."""

    thing: Thing
    way: str
    is_over: bool
    reason: str = ""

    @property
    def subject(self) -> str:
        words = _WORDS[self.thing.kind]
        where = f"{self.thing.store}: " if self.thing.store else ""
        return f"wcflow: {where}{words.over if self.is_over else words.begins}"

    @property
    def text(self) -> str:
        if self.is_over:
            return f"{_sentence(_WORDS[self.thing.kind].over)}\n"
        return f"{_sentence(self.reason)}\n\nWhat to do: {_WORDS[self.thing.kind].advice}\n"

    def told(self, before: ToldBefore, now: datetime) -> Told:
        """Return what to remember once it was sent."""
        if self.is_over:
            return Told(before[self.thing, self.way].at, is_open=False)
        return Told(now, is_open=True)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".removesuffix(".") + "."


def alerts_to_send(
    troubles: Mapping[Thing, str],
    watched: Collection[Thing],
    told: ToldBefore,
    ways: Iterable[str],
    now: datetime,
) -> list[Alert]:
    """Return the messages that are due, for each way.

    ``troubles`` maps what is wrong to the reason. Things that are not ``watched`` now, because their
    state is not known or the admin does not want to know, neither begin nor end.
    """
    return [each for way in ways for each in _alerts_of_way(troubles, watched, told, way, now)]


def _alerts_of_way(
    troubles: Mapping[Thing, str],
    watched: Collection[Thing],
    told: ToldBefore,
    way: str,
    now: datetime,
) -> Iterator[Alert]:
    for thing in sorted(watched):
        before = told.get((thing, way))
        if thing in troubles:
            if before is None or not _is_recent(before.at, now):
                yield Alert(thing, way, is_over=False, reason=troubles[thing])
        elif before is not None and before.is_open:
            yield Alert(thing, way, is_over=True)


def _is_recent(at: datetime, now: datetime) -> bool:
    # A time in the future comes from a wrong clock.
    return timedelta(0) <= now - at < REPEAT_AFTER
