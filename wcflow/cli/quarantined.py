"""How ``wcflow status`` shows quarantined records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from wcflow.cli import output
from wcflow.database.quarantine import PERSON_KINDS, QuarantinedRecord

QUARANTINED_SHOWN = 5


def print_quarantine(rows: Sequence[QuarantinedRecord], zone: tzinfo) -> None:
    """Print quarantined records; everything else continues."""
    output.print_heading("Quarantine")
    if bad := sum(row.kind not in PERSON_KINDS for row in rows):
        output.print_line(
            f"{output.format_count(bad, 'record')} from the store could not be read. Rules use the last"
            " readable version. wcflow tries again every night, and when the record changes.",
            indent=2,
        )
    if not_evaluated := len(rows) - bad:
        customers = output.format_count(not_evaluated, "customer")
        output.print_line(
            f"{customers} cannot be evaluated. wcflow tries again every day.", indent=2
        )
    rows_shown = [
        (_record_name(row), output.format_time(row.first_seen, zone), row.reason)
        for row in rows[:QUARANTINED_SHOWN]
    ]
    output.print_table(("record", "since", "reason"), rows_shown, indent=2)
    if len(rows) > QUARANTINED_SHOWN:
        more = len(rows) - QUARANTINED_SHOWN
        output.print_line(f"… and {more:,} more: 'wcflow status --json'", indent=2)


def quarantine_problems(rows: Sequence[QuarantinedRecord]) -> Iterator[str]:
    """Return how many records could not be read, and people not evaluated."""
    counts = Counter(row.kind for row in rows if row.kind not in PERSON_KINDS)
    for kind, count in sorted(counts.items()):
        yield f"{output.format_count(count, kind)} could not be read"
    if count := sum(row.kind in PERSON_KINDS for row in rows):
        customers = output.format_count(count, "customer")
        yield f"{customers} cannot be evaluated because of a bug in wcflow (see the log)"


def _record_name(row: QuarantinedRecord) -> str:
    kind = "customer of order" if row.kind == "person of order" else row.kind
    kind = "customer" if kind == "person of customer" else kind
    return f"{kind} {row.id}" if row.id else f"{kind} of unknown id"
