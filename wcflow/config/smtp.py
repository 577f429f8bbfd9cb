"""Parse ``[smtp]``: the mail server, the sender, and what every e-mail contains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wcflow.channels.addresses import LOCAL_HOSTS, PORTS, MailServer
from wcflow.config.secrets import Secret, SecretSources
from wcflow.config.section import ParsedSection
from wcflow.config.stores import SecretReader, read_ca_file
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.mailboxes import Mailbox
from wcflow.rules.model import Rules

_CREDENTIAL = "smtp_password"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How e-mails to customers are sent; ``rate`` is per minute."""

    server: MailServer
    sender: Mailbox
    reply_to: str = ""
    bounces_to: str = ""
    rate: int | None = None
    unsubscribe_url: str = ""
    postal_address: str = ""
    track: frozenset[str] = frozenset()


def read_smtp(sections: list[ParsedSection], secrets: SecretReader) -> SmtpSettings | None:
    """Return the settings, or None without the section or with problems, which are reported."""
    if not sections:
        return None
    section = sections[0]
    _check_encryption(section)
    password = _read_password(section, secrets)
    ca_file = read_ca_file(section, secrets.sources)
    host, sender = section["host"], section["from"]
    if host is None or sender is None:
        return None
    encryption = section["encryption"]
    return SmtpSettings(
        MailServer(
            host,
            section["port"] or PORTS[encryption],
            encryption,
            section["username"],
            password,
            section["timeout"],
            ca_file,
        ),
        sender,
        section["reply_to"],
        section["bounces_to"] or sender.address,
        section["rate"],
        section["unsubscribe_url"],
        section["postal_address"],
        section["track"],
    )


def _check_encryption(section: ParsedSection) -> None:
    if section["encryption"] != "none" or section["host"] in (None, *LOCAL_HOSTS):
        return
    if not section["allow_unencrypted"]:
        hint = "or allow_unencrypted = yes, if no one else can read the connection"
        rule_error = RuleError("starttls or tls for another machine", "'none'", hint)
        section.report("encryption", rule_error)


def _read_password(section: ParsedSection, secrets: SecretReader) -> str:
    """Return the password from the one place where it is; empty without a username."""
    keys = [key for key in ("password", "password_file") if section.has(key)]
    if not section["username"]:
        if keys and not section.misspelled("username"):
            hint = "the user that the password is for"
            section.report("", RuleError("", "missing key 'username'", hint))
        return ""
    if len(keys) > 1:
        section.report("password_file", RuleError("either password or password_file", "both"))
    if any(not section[key] for key in keys):
        return ""  # that it is empty has been reported
    try:
        found = _find_password(section, secrets.sources)
    except RuleErrors as error:
        for rule_error in error.rule_errors:
            section.report(keys[0] if keys else "", rule_error)
        return ""
    return secrets.reveal(found)


def _find_password(section: ParsedSection, sources: SecretSources) -> Secret:
    if section["password"]:
        return sources.from_ini(section["password"], Path(section.file))
    if section["password_file"]:
        return sources.from_file(section["password_file"])
    found = sources.find_credential([_CREDENTIAL])
    if found is None:
        hint = f"or password_file, or a systemd credential {_CREDENTIAL}"
        raise RuleErrors(RuleError("", "missing key 'password'", hint))
    return found


def require_smtp(emails: Iterable[ParsedSection], smtp: list[ParsedSection], rules: Rules) -> None:
    """Report e-mails that are to be sent and that there is no mail server for.

    A dry run needs none.
    """
    if smtp:
        return
    sending = [rule.steps for rule in rules.workflows if rule.mode == "live"]
    sending += [campaign.do for campaign in rules.campaigns if campaign.mode == "live"]
    live = {step.section for steps in sending for step in steps}
    for section in emails:
        if ("email", section.name) in live:
            hint = "it names the mail server: host, username, password and from"
            section.report("", RuleError("a section [smtp]", "none", hint))
