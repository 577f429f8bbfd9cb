"""``wcflow workflow preview``: what a workflow would do for one customer, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import tzinfo
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.context import open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.database.contacts import load_contacts
from wcflow.errors import UsageError
from wcflow.evaluate.context import rules_for_store
from wcflow.evaluate.preview import PreviewedChange, WorkflowPreview, preview_workflow
from wcflow.rules.errors import did_you_mean
from wcflow.rules.model import Rules, Workflow


def preview(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the workflow.")],
    customer: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="CUSTOMER",
            help="Customer id, e-mail address, name, or order '#1001'.",
            show_default=False,
        ),
    ],
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """Show what a workflow would do for a customer if it started now.

    Shows each step with its time and texts, which branches it takes, how long it waits, and whether
    when and stop_when hold. Later orders are not known, so it counts as if there are none. Nothing is
    sent or written, no coupon is made and no code is taken. It also works with mode = off.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        who = find_customer(tx, session, store, customer)
        workflow = _workflow(rules_for_store(session.config.rules, who.settings), name)
        found = preview_workflow(
            tx, session.config, who.settings, workflow, who.person, session.clock()
        )
        contact = load_contacts(tx, who.settings.name, [who.person]).get(who.person)
        zone = store_zone(tx, who.settings.name)
    if as_json:
        output.print_json({"store": who.settings.name, "person": who.person, **asdict(found)})
        return
    words = contact or f"person {who.person}"
    output.print_line(
        f"{who.settings.name}: {name} for {words} ({output.zone_words(zone)})", "bold"
    )
    output.print_table(("", ""), list(_facts(found)), indent=2, header=False)
    output.print_heading("Steps")
    output.print_table(("time", "step", "", ""), list(_rows(found, zone)), indent=2)
    output.print_line()
    then = output.format_time(found.ends, zone)
    output.print_line(f"If it started now, it would end on {then}: {found.outcome}.")
    output.print_line("This is a preview: nothing was sent or written.")


def _facts(found: WorkflowPreview) -> Iterator[tuple[str, str]]:
    if found.mode != "live":
        yield "mode", found.mode
    if found.about:
        yield "about", found.about
    yield "starts", f"no, {found.starts_not}" if found.starts_not else "yes"
    yield "when", found.when
    if found.stop_when:
        yield "stop_when", found.stop_when


def _rows(found: WorkflowPreview, zone: tzinfo) -> Iterator[tuple[str, str, str, str]]:
    """Return the rows of the table; what a step would write follows it."""
    for row in found.rows:
        at = output.format_time(row.at, zone) if row.at else ""
        yield at, row.label, row.text, row.result
        for change in row.changes:
            yield "", "", "", _change_words(change)
        for check in found.checks:
            if check.step == row.label and check.why_not:
                yield output.format_time(check.at, zone), "", "", f"ends here: {check.why_not}"


def _change_words(change: PreviewedChange) -> str:
    remark = f" ({change.remark})" if change.remark else ""
    return f"{change.what}: {change.content}{remark}"


def _workflow(rules: Rules, name: str) -> Workflow:
    names = [each.name for each in rules.workflows]
    if name not in names:
        hint = did_you_mean(name, names) or f"Known names: {', '.join(names) or 'none'}."
        raise UsageError(f"there is no [workflow {name}] in the configuration", hint)
    return rules.workflows[names.index(name)]
