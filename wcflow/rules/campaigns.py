"""Campaigns: who gets one, when it starts, and how fast it is sent. Pure.

A campaign sends something to everyone in a segment at one moment, once each.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from wcflow.profile import Profile
from wcflow.rules.as_of import as_of
from wcflow.rules.classify import answer_when
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.model import LIVE, Campaign, Throttle
from wcflow.rules.quiet_hours import QuietHours, end_of_quiet
from wcflow.rules.tags import Memory
from wcflow.rules.workflow_run import Run

PLACE = RulePlace(tags=True, segments=True)
"""What the conditions and texts of a campaign can use: no order started it."""
TOO_LATE = timedelta(days=1)
"""A campaign that could not start this long after its time does not start by itself."""
CHANGED_TO_THE_PAST = "its time was changed to one that had already passed"
TOO_LONG_AGO = "its time had passed more than a day before wcflow could start it"
WAITING, MISSED, SENDING, PAUSED, DONE, CANCELLED = (
    "waiting",
    "missed",
    "sending",
    "paused",
    "done",
    "cancelled",
)
DRY_RUN = "dry_run"
_PARTS = 1000
"""How finely the end is estimated."""


class SavedCampaign(NamedTuple):
    """What the database knows of a campaign.

    While it waits, ``started_at`` is when it was first seen, and ``audience_at`` when it will start. ``position`` is the last person that was
    queued, ``queued`` how many are, ``audience`` how many were in the segment at ``audience_at``.
    The write limit does not hold ``approved`` campaigns. ``digest`` is that of what it sends, and to
    whom.
    """

    name: str
    state: str
    started_at: datetime
    audience_at: datetime
    mode: str = LIVE
    started_by: str = ""
    position: int = 0
    queued: int = 0
    audience: int = 0
    finished_at: datetime | None = None
    approved: bool = False
    changed_at: datetime | None = None
    reason: str = ""
    digest: str = ""

    @property
    def was_sent(self) -> bool:
        """Whether it was started for real, so that it never starts again."""
        return self.mode == LIVE and self.state not in (WAITING, MISSED)

    @property
    def event(self) -> str:
        """The event of its runs. Each trial has its own, so that it can be repeated."""
        if self.mode == LIVE:
            return "campaign"
        words = "dry run" if self.mode == DRY_RUN else "test"
        return f"{words} {self.started_at:%Y-%m-%dT%H:%M:%SZ}"


def next_state(
    campaign: Campaign, saved: SavedCampaign | None, starts: datetime | None, now: datetime
) -> str:
    """Return ``sending`` if a campaign starts now, ``waiting`` or ``missed`` to save that, or nothing.

    One whose time had passed when it was first seen or changed, or long ago when it could have
    started, is not sent by itself.
    """
    if campaign.mode == "off" or starts is None or (saved is not None and saved.was_sent):
        return ""
    if saved is not None and saved.state in (SENDING, PAUSED):
        return ""
    waits = saved is not None and saved.state == WAITING
    if starts > now:
        return "" if waits and not time_changed(saved, starts) else WAITING
    if waits:
        in_time = now - starts <= TOO_LATE and not time_changed(saved, starts)
        return SENDING if in_time else MISSED
    return MISSED if saved is None else ""


def time_changed(saved: SavedCampaign | None, starts: datetime) -> bool:
    """Return whether a campaign waits for another time than this one."""
    return saved is not None and saved.state == WAITING and saved.audience_at != starts


def due_times(
    saved: SavedCampaign, throttle: Throttle | None, count: int, now: datetime
) -> list[datetime]:
    """Return when the next ``count`` customers get theirs: evenly, as the throttle allows."""
    if throttle is None:
        return [now] * count
    return [
        max(now, saved.audience_at + (saved.queued + each) * throttle.pause)
        for each in range(count)
    ]


def is_in_audience(
    campaign: Campaign, profile: Profile, memory: Memory, audience_at: datetime
) -> bool:
    """Return whether ``when`` held for a person at the moment of the start."""
    if campaign.when is None:
        return True
    facts = Context(
        as_of(profile, audience_at),
        audience_at,
        current_tags=memory.current_tags,
        segments=memory.segments,
    )
    return answer_when(campaign.when, facts).holds


def campaign_run(
    campaign: Campaign, saved: SavedCampaign, person: int, now: datetime, digest: str
) -> Run:
    """Return the run of a campaign for a person, before its first step."""
    return Run(
        workflow=campaign.rule,
        person=person,
        event=saved.event,
        event_at=saved.audience_at,
        started_at=now,
        steps=tuple(step.text for step in campaign.do),
        mode=DRY_RUN if saved.mode == DRY_RUN else LIVE,
        rules_digest=digest,
        due_at=now,
    )


def allowance(throttle: Throttle, sent: list[datetime], now: datetime) -> tuple[int, datetime]:
    """Return how many may be sent now, and when the next may be if there are more.

    ``sent`` are the times of what was sent within the throttle's time, oldest first.
    """
    length = timedelta(seconds=throttle.per.seconds)
    recent = [at for at in sent if at > now - length]
    left = throttle.count - len(recent)
    if left > 0:
        return left, now + throttle.pause
    # When so many are older than the throttle's time that another one may follow.
    return 0, max(recent[-throttle.count] + length, now + timedelta(seconds=1))


def end_time(
    count: int,
    throttle: Throttle | None,
    start: datetime,
    quiet: tuple[QuietHours, ...] = (),
    zone: tzinfo = UTC,
) -> datetime:
    """Return when about the last of ``count`` customers gets theirs, with the quiet hours."""
    at = end_of_quiet(quiet, start, zone)
    if throttle is None or count <= 1:
        return at
    part = max(1, (count - 1) // _PARTS)
    for _ in range((count - 1) // part):
        at = end_of_quiet(quiet, at + part * throttle.pause, zone)
    return at
