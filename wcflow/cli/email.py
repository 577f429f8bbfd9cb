"""``wcflow email``: list, preview and test e-mails, and check the sender's domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.actions.email_delivery import build_mail
from wcflow.channels.compose import Mail, compose
from wcflow.channels.dns_records import Finding, check_sender, resolve_text
from wcflow.channels.smtp import SmtpConnection
from wcflow.cli import output
from wcflow.cli.context import DatabaseSession, open_database_session
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, StoreName, read_config
from wcflow.config.load import Config
from wcflow.config.smtp import SmtpSettings
from wcflow.database.companion import load_mail_address
from wcflow.database.stores import load_setting
from wcflow.errors import DONE, SOME_FAILED, UsageError, WcflowError
from wcflow.evaluate.email_preview import preview_entry
from wcflow.outbox.ways import make_letterhead
from wcflow.rules.emails import EmailRule
from wcflow.rules.errors import did_you_mean
from wcflow.rules.mailboxes import Mailbox, ascii_address
from wcflow.rules.model import CAMPAIGN_PREFIX, Campaign, Workflow
from wcflow.rules.step_blocks import all_steps
from wcflow.rules.templates import TemplateError

EmailName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the [email NAME].")]
CHECK_EPILOG = "Exit codes: 0 all is well, 1 something is missing or could not be looked up."


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True, help="List, preview and test e-mails; check the sender's domain."
    )
    family.command("list")(list_emails)
    family.command("preview")(preview)
    family.command("test")(send_test)
    family.command("check", epilog=CHECK_EPILOG)(check)
    app.add_typer(family, name="email")


def list_emails(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the e-mails of the configuration."""
    loaded = read_config(config, need_store=False)
    rows = [
        {
            "name": rule.name,
            "subject": rule.subject.text,
            "transactional": rule.transactional,
            "workflows": _senders(loaded.rules.workflows, rule.name),
            "campaigns": _senders(loaded.rules.campaigns, rule.name),
        }
        for rule in _emails(loaded).values()
    ]
    if as_json:
        output.print_json({"emails": rows})
    elif not rows:
        output.print_line("There are no e-mails. 'wcflow reference' shows how to write one.")
    else:
        output.print_table(
            ("e-mail", "subject", "kind", "sent by"),
            [
                (
                    each["name"],
                    each["subject"],
                    "transactional" if each["transactional"] else "marketing",
                    _sender_words(loaded, str(each["name"])),
                )
                for each in rows
            ],
        )


def _senders(rules: Iterable[Workflow | Campaign], name: str) -> list[str]:
    return [
        rule.name
        for rule in rules
        if any(step.section == ("email", name) for step in all_steps(rule.do))
    ]


def _sender_words(config: Config, name: str) -> str:
    names = _senders(config.rules.workflows, name)
    names += (f"{CAMPAIGN_PREFIX}{each}" for each in _senders(config.rules.campaigns, name))
    return ", ".join(names) or "no workflow or campaign"


def preview(
    name: EmailName,
    customer: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="CUSTOMER",
            help="Customer id, e-mail address, name, or order '#1001'.",
        ),
    ],
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write the HTML to a file, to open it in a browser.",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Show an e-mail as a customer would get it now. Nothing is sent.

    It is about the customer's latest paid order. What an earlier step would make, such as a coupon's
    code, is an example.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        mail = _mail(tx, session, store, name, customer)
        message = message_from_bytes(compose(mail), policy=policy.default)
    _print_message(message, mail)
    if html is not None:
        _write_html(html, mail)


def _print_message(message: EmailMessage, mail: Mail) -> None:
    for header in ("From", "Reply-To", "To", "Subject", "List-Unsubscribe"):
        if message[header]:
            output.print_line(f"{header}: {message[header]}", hang=4)
    output.print_line()
    for line in mail.text.rstrip("\n").split("\n"):
        output.print_line(line)


def _write_html(file: Path, mail: Mail) -> None:
    if not mail.html:
        raise UsageError(f"[email {mail.name}] has only plain text", "")
    try:
        file.write_text(mail.html, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"{file} cannot be written: {reason}", "") from error
    output.print_line()
    output.print_line(f"The HTML is in {file}.", "green")


def send_test(
    name: EmailName,
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="The address that gets the e-mail.")
    ],
    customer: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="CUSTOMER",
            help="The customer whose data it shows. [default: the one with that address]",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Send an e-mail to an address of yours, as a customer would get it now.

    Its subject begins with [test]. Nothing is recorded: the customer can still get it.
    """
    try:
        recipient = ascii_address(to)
    except ValueError as error:
        raise UsageError(f"{to!r} cannot be used: {error}", "") from None
    with open_database_session(config) as session:
        smtp = _smtp(session.config)
        with session.db.reading() as tx:
            mail = _mail(tx, session, store, name, customer or to, is_test=customer is None)
    message = compose(_as_test(mail, to))
    connection = SmtpConnection(smtp.server)
    try:
        answer = connection.send(ascii_address(smtp.bounces_to), recipient, message, _nothing)
    finally:
        connection.close()
    output.print_line(f"Sent to {to}. The mail server answered: {answer}", "green")


def _nothing() -> None:
    """A test has no entry to mark."""


def _as_test(mail: Mail, to: str) -> Mail:
    return replace(mail, to=Mailbox("", to), subject=f"[test] {mail.subject}")


def _mail(
    tx: Connection,
    session: DatabaseSession,
    store: str | None,
    name: str,
    customer: str,
    *,
    is_test: bool = False,
) -> Mail:
    """Return the e-mail for a customer; raises UsageError."""
    rule, smtp, now = _rule(session.config, name), _smtp(session.config), session.clock()
    try:
        found = find_customer(tx, session, store, customer)
    except UsageError as error:
        if is_test:
            raise UsageError(str(error), "Add --for CUSTOMER, whose data it shows.") from None
        raise
    try:
        entry = preview_entry(tx, session.config, found.settings, rule, found.person, now)
        if entry.outcome:
            raise WcflowError(entry.outcome)
        letterhead = make_letterhead(smtp, found.settings, load_setting(tx, "secret") or "")
        letterhead = replace(letterhead, shop_url=load_mail_address(tx, found.settings.name))
        return build_mail(rule, letterhead, entry, now)
    except TemplateError as error:
        raise WcflowError(f"the e-mail cannot be written for this customer: {error}") from None


def _emails(config: Config) -> dict[str, EmailRule]:
    return dict(config.rules.sections["email"])


def _rule(config: Config, name: str) -> EmailRule:
    emails = _emails(config)
    if name not in emails:
        hint = did_you_mean(name, emails) or f"Known names: {', '.join(emails) or 'none'}."
        raise UsageError(f"there is no [email {name}] in the configuration", hint)
    return emails[name]


def _smtp(config: Config) -> SmtpSettings:
    if config.smtp is None:
        advice = (
            "Add one with host, username, password and from; 'wcflow reference' lists the keys."
        )
        raise UsageError("there is no section [smtp] in the configuration", advice)
    return config.smtp


def check(
    selector: Annotated[
        str | None,
        typer.Option(
            "--selector",
            metavar="NAME",
            help="The DKIM selector that your mail provider uses, such as google or s1.",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check the DNS records of the domains that send your e-mails: SPF, DKIM, DMARC.

    Large mailbox providers reject or hide e-mails from domains without these records.
    """
    loaded = read_config(config, need_store=False)
    domains = list(dict.fromkeys(_sender_domains(loaded)))
    found = {domain: check_sender(domain, selector or "", resolve_text) for domain in domains}
    if as_json:
        output.print_json({name: [each._asdict() for each in some] for name, some in found.items()})
    else:
        for domain, findings in found.items():
            _print_findings(domain, findings)
    fine = all(each.ok for some in found.values() for each in some)
    raise typer.Exit(DONE if fine else SOME_FAILED)


def _sender_domains(config: Config) -> Iterator[str]:
    senders = [_smtp(config).sender, *(rule.sender for rule in _emails(config).values())]
    for sender in senders:
        if sender is not None:
            yield ascii_address(sender.address).rpartition("@")[2]


def _print_findings(domain: str, findings: list[Finding]) -> None:
    output.print_line(domain, "bold")
    for each in findings:
        output.print_line(
            f"{each.name:<6}{each.text}", "green" if each.ok else "yellow", indent=2, hang=6
        )
        if each.advice:
            output.print_line(each.advice, indent=8)
