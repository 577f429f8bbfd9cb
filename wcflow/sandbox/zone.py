"""The store's time zone: how it writes and parses dates."""

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
    """A time zone as in WordPress.

    `repeated` selects how WooCommerce reads local times in autumn's repeated hour: 0 as the first
    pass (timestamps of the second are an hour early), 1 as the second (timestamps of the first
    are an hour late).
    """

    name: str
    repeated: int = 0

    @property
    def info(self) -> ZoneInfo:
        return ZoneInfo(self.name)

    def hours(self, now: datetime) -> float:
        """Return the offset from GMT in hours, as in `gmt_offset`: 1, 5.5."""
        offset = now.astimezone(self.info).utcoffset()
        hours = (offset.total_seconds() if offset else 0.0) / 3600
        return int(hours) if hours == int(hours) else hours

    def stamp(self, now: datetime) -> datetime:
        """Truncate a time to seconds, in GMT."""
        return now.astimezone(UTC).replace(microsecond=0)

    def stamp_by_local_time(self, now: datetime) -> datetime:
        """Convert a time to local time and back, as WooCommerce's order tables do."""
        local = now.astimezone(self.info).replace(microsecond=0, fold=self.repeated)
        return local.astimezone(UTC)

    def local(self, stamp: datetime | None) -> str | None:
        """Format a time as `date_…`: site-local and naive."""
        return None if stamp is None else f"{stamp.astimezone(self.info):%Y-%m-%dT%H:%M:%S}"

    def read(self, text: str, *, against_gmt: bool) -> datetime | None:
        """Parse the date of a filter into the time that it is compared with.

        WordPress converts it to site-local time first. With `dates_are_gmt` it compares that local
        time with the GMT column, so only a naive GMT string is right: a date with Z is off by the
        zone's offset, and a time in spring's gap by an hour.
        """
        instant = self.instant(text)
        if instant is None:
            return None
        if not against_gmt:
            return instant
        return instant.astimezone(self.info).replace(tzinfo=UTC, fold=0)

    def instant(self, text: str) -> datetime | None:
        """Parse a date, naive ones in the site's zone; return None if invalid."""
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
    """Format a time as `date_…_gmt`: GMT and naive."""
    return None if stamp is None else f"{stamp:%Y-%m-%dT%H:%M:%S}"


def _parse_offset(text: str) -> str:
    if text == "Z":
        return "+00:00"
    return text if ":" in text else f"{text}:00"
