"""The shop's clock face: instants as the shop writes them, and dates as it reads them.

Not a clock: what time it is comes from outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_DATE = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}(?::\d{2})?)?$"
)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone as WordPress knows it.

    `repeated` says which of the two passes of autumn's repeated hour WooCommerce takes a local
    time for: 0 the first (stamps of the second pass lie an hour in the past), 1 the second
    (stamps of the first pass lie an hour in the future).
    """

    name: str
    repeated: int = 0

    @property
    def info(self) -> ZoneInfo:
        """The zone's rules."""
        return ZoneInfo(self.name)

    def hours(self, now: datetime) -> float:
        """Return the offset from GMT in hours, as `gmt_offset` gives it: 1, 5.5."""
        offset = now.astimezone(self.info).utcoffset()
        hours = (offset.total_seconds() if offset else 0.0) / 3600
        return int(hours) if hours == int(hours) else hours

    def stamp(self, now: datetime) -> datetime:
        """Round an instant to the second, in GMT."""
        return now.astimezone(UTC).replace(microsecond=0)

    def stamp_by_local_time(self, now: datetime) -> datetime:
        """Write an instant in local time and read it back, as WooCommerce's order tables do."""
        local = now.astimezone(self.info).replace(microsecond=0, fold=self.repeated)
        return local.astimezone(UTC)

    def local(self, stamp: datetime | None) -> str | None:
        """Write a stamp as `date_…`: site-local and naive."""
        return None if stamp is None else f"{stamp.astimezone(self.info):%Y-%m-%dT%H:%M:%S}"

    def read(self, text: str, *, against_gmt: bool) -> datetime | None:
        """Read a date that a filter asks with, as the instant that it is compared with.

        WordPress turns it into site-local time first. With `dates_are_gmt` that local time is
        then held against the GMT column, so only a naive GMT string means what it says: a Z is
        off by the zone's offset, and a time in spring's gap by an hour.
        """
        instant = self.instant(text)
        if instant is None:
            return None
        if not against_gmt:
            return instant
        return instant.astimezone(self.info).replace(tzinfo=UTC, fold=0)

    def instant(self, text: str) -> datetime | None:
        """Read a date, naive ones in the site's zone; None where it is not one."""
        found = _DATE.fullmatch(text)
        if not found:
            return None
        day, clock, offset = found.groups()
        try:
            naive = datetime.fromisoformat(f"{day}T{clock}")
            aware = (
                datetime.fromisoformat(f"{day}T{clock}{_parse_offset(offset)}") if offset else None
            )
        except ValueError:
            return None
        return (aware or naive.replace(tzinfo=self.info)).astimezone(UTC)


def gmt(stamp: datetime | None) -> str | None:
    """Write a stamp as `date_…_gmt`: GMT and naive."""
    return None if stamp is None else f"{stamp:%Y-%m-%dT%H:%M:%S}"


def _parse_offset(text: str) -> str:
    if text == "Z":
        return "+00:00"
    return text if ":" in text else f"{text}:00"
