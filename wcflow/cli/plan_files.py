"""Write a plan to a file: a page for the browser, or a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.files import CsvFile, HtmlFile, new_file
from wcflow.cli.order_counts import currency_text
from wcflow.cli.plan_load import StorePlan
from wcflow.cli.plan_tables import (
    COLUMNS,
    TAGS_GROUP,
    Change,
    Details,
    detail_row,
    format_counts,
    group_names,
    summary,
    total_tables,
)
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.sql import chunks

CSV_COLUMNS = (
    "store",
    "part",
    "name",
    "before",
    "after",
    "added",
    "removed",
    "customer id",
    "customer",
    "e-mail",
    "where",
    "why",
    "change",
)
DRY_RUN = "Dry run, never written"


def open_reports(
    files: ExitStack, html_file: Path | None, csv_file: Path | None
) -> list[HtmlReport | CsvReport]:
    """Open the files; they are complete when ``files`` is closed. Raises WcflowError."""
    reports: list[HtmlReport | CsvReport] = []
    if html_file is not None:
        page = HtmlFile(files.enter_context(new_file(html_file)), "wcflow plan")
        files.callback(page.close)
        reports.append(HtmlReport(page))
    if csv_file is not None:
        reports.append(CsvReport(files.enter_context(new_file(csv_file))))
    return reports


class HtmlReport:
    """A page with the totals and all changes of each store."""

    def __init__(self, page: HtmlFile) -> None:
        self._page = page

    def add(self, tx: Connection, plan: StorePlan) -> None:
        """Add a store."""
        page = self._page
        page.heading(f"{plan.store}: {plan.url}")
        page.paragraph(f"As of {output.format_time(plan.at, plan.zone)}, {plan.zone}.")
        if plan.totals.people:
            page.paragraph(summary(plan.totals))
        else:
            page.paragraph("Nothing to write: the store already matches the rules.")
        for each in plan.without_rate:
            page.paragraph(output.as_sentence(currency_text(each)))
        if plan.hold_reason:
            page.paragraph(output.as_sentence(plan.hold_reason))
        for table in total_tables(plan.totals):
            page.heading(table.heading, 3)
            page.table(table.columns, table.rows)
        self._add_changes(tx, plan, plan.details, plan.totals.kinds)
        if plan.dry_run_counts:
            page.heading(f"{DRY_RUN}: {format_counts(plan.dry_run_counts)}", 3)
            self._add_changes(tx, plan, plan.dry_run, plan.dry_run_counts)

    def _add_changes(
        self, tx: Connection, plan: StorePlan, details: Details, kinds: Iterable[str]
    ) -> None:
        for group in group_names(kinds):
            self._page.heading(group, 3)
            # Tags and segments follow from the rules as a whole: no line has a reason of its own.
            kept = [at for at, name in enumerate(COLUMNS) if name != "why" or group != TAGS_GROUP]
            rows = (
                [detail_row(change, contacts)[at] for at in kept]
                for change, contacts in _with_contacts(tx, plan.store, details.lines(group))
            )
            self._page.table([COLUMNS[at] for at in kept], rows)


class CsvReport:
    """A table with the totals and all changes of each store, one kind of row after the other."""

    def __init__(self, file: TextIO) -> None:
        self._csv = CsvFile(file, CSV_COLUMNS)

    def add(self, tx: Connection, plan: StorePlan) -> None:
        """Add a store."""
        self._csv.write(_row(plan, **cells) for cells in _total_cells(plan))
        self._csv.write(_change_rows(tx, plan, plan.details, plan.totals.kinds))
        self._csv.write(_change_rows(tx, plan, plan.dry_run, plan.dry_run_counts, f" ({DRY_RUN})"))


def _total_cells(plan: StorePlan) -> Iterator[dict[str, object]]:
    totals = plan.totals
    for kind, count in totals.kinds.items():
        yield {"part": "kind of change", "name": format_counts({kind: count}), "after": count}
    for segment in totals.segments:
        yield {
            "part": "people in segment",
            "name": segment.segment,
            "before": segment.before,
            "after": segment.after,
        }
    for tag in totals.tags:
        for place, added, removed in (
            ("customers", tag.added_to_customers, tag.removed_from_customers),
            ("orders", tag.added_to_orders, tag.removed_from_orders),
        ):
            yield {"part": f"tag on {place}", "name": tag.tag, "added": added, "removed": removed}
    for rule in totals.rules:
        words = format_counts(rule.kinds)
        yield {"part": "workflow", "name": rule.rule, "after": rule.people, "change": words}


def _change_rows(
    tx: Connection, plan: StorePlan, details: Details, kinds: Iterable[str], mark: str = ""
) -> Iterator[list[object]]:
    for group in group_names(kinds):
        for change, contacts in _with_contacts(tx, plan.store, details.lines(group)):
            contact = contacts.get(change.person) or Contact("", "", 0)
            _, where, why, text = detail_row(change, contacts)
            cells = {
                "part": f"{group}{mark}",
                "customer id": contact.customer_id or None,
                "customer": contact.name,
                "e-mail": contact.email,
                "where": where,
                "why": why,
                "change": text,
            }
            yield _row(plan, **cells)


def _row(plan: StorePlan, **cells: object) -> list[object]:
    named = {"store": plan.store, **cells}
    return [named.get(column) for column in CSV_COLUMNS]


def _with_contacts(
    tx: Connection, store: str, changes: Iterable[Change]
) -> Iterator[tuple[Change, dict[int, Contact]]]:
    """Return lines with their customers, who are loaded some at a time."""
    for part in chunks(changes):
        contacts = load_contacts(tx, store, {each.person for each in part})
        for change in part:
            yield change, contacts
