"""``wcflow customer erasures``: the receipts of deleted customers, and how far each is."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.context import open_database_session, store_zone
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.customers.receipt import Receipt, erased_words, kept_words, load_receipt
from wcflow.database.erasures import find_erasure, load_erasures
from wcflow.errors import UsageError


def erasures(
    number: Annotated[
        int | None,
        typer.Argument(metavar="[ID]", help="Print the receipt with this id.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """List the receipts of deleted customers, or print one.

    A receipt has no personal data: it can be sent to the customer. If a change in the store failed,
    'wcflow outbox retry' goes on with it.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        names = [each.name for each in session.stores(store)]
        if number is not None:
            erasure = find_erasure(tx, number)
            if erasure is None or erasure.store not in names:
                advice = "'wcflow customer erasures' lists them."
                raise UsageError(f"there is no erasure with the id {number}", advice)
            if as_json:
                output.print_json(_json(load_receipt(tx, erasure)))
            else:
                print_receipt(tx, number)
            return
        found = {
            name: [load_receipt(tx, each) for each in load_erasures(tx, name)] for name in names
        }
        if as_json:
            output.print_json(
                {name: [_json(each) for each in some] for name, some in found.items()}
            )
            return
        for name, some in found.items():
            _print_list(tx, name, some)


def _print_list(tx: Connection, store: str, found: list[Receipt]) -> None:
    zone = store_zone(tx, store)
    count = output.format_count(len(found), "deleted customer")
    output.print_line(f"{store}: {count} ({output.zone_words(zone)})", "bold")
    rows = [
        (
            each.erasure.id,
            output.format_time(each.erasure.at, zone),
            each.erasure.erased_by,
            each.erasure.counts["orders"],
            _mode_words(each),
            each.state,
            each.erasure.reason,
        )
        for each in reversed(found)
    ]
    if rows:
        output.print_table(("id", "when", "by", "orders", "are", "state", "reason"), rows)
    for each in found:
        _print_failed(each)


def _mode_words(receipt: Receipt) -> str:
    return "anonymized" if receipt.erasure.mode == "anonymize" else "deleted"


def _print_failed(receipt: Receipt) -> None:
    for place in receipt.failed:
        output.print_warning(
            f"erasure {receipt.erasure.id}: change {place.entry} {place.state}: {place.outcome}",
            f"'wcflow outbox retry {place.entry}' tries it again.",
        )


def print_receipt(tx: Connection, number: int) -> None:
    """Print a receipt as it can be sent to the customer; what failed is on stderr."""
    erasure = find_erasure(tx, number)
    assert erasure is not None, "the caller has found it"
    receipt, zone = load_receipt(tx, erasure), store_zone(tx, erasure.store)
    output.print_line(f"Erasure of personal data: receipt {erasure.id}", "bold")
    facts = [
        ("store", erasure.store),
        ("requested", output.format_time(erasure.at, zone)),
        ("by", erasure.erased_by),
        ("reason", erasure.reason),
        ("finished", output.format_time(erasure.finished_at, zone) if erasure.finished_at else ""),
        ("state", "" if erasure.finished_at else receipt.state),
    ]
    output.print_table(("", ""), [row for row in facts if row[1]], indent=2, header=False)
    erased, kept = (
        erased_words(erasure.counts, erasure.mode),
        kept_words(erasure.counts, erasure.mode),
    )
    heading = "Erased:" if erasure.finished_at else "Erased, or about to be:"
    for title, lines in ((heading, erased), ("Kept, and why:", kept)):
        output.print_heading(title)
        for line in lines:
            output.print_line(f"- {line}", indent=2, hang=4)
    _print_failed(receipt)


def _json(receipt: Receipt) -> dict[str, object]:
    erasure = receipt.erasure
    return {
        "id": erasure.id,
        "store": erasure.store,
        "orders": erasure.mode,
        "requested_at": erasure.at,
        "requested_by": erasure.erased_by,
        "reason": erasure.reason,
        "finished_at": erasure.finished_at,
        "state": receipt.state,
        "counts": dict(erasure.counts),
        "erased": [*erased_words(erasure.counts, erasure.mode)],
        "kept": [*kept_words(erasure.counts, erasure.mode)],
        "failed": [
            {
                "change": each.entry,
                "kind": each.kind,
                "target_id": each.target_id,
                "outcome": each.outcome,
            }
            for each in receipt.failed
        ],
    }
