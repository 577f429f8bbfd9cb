"""Parse ``[alerts]``: which alerts to send, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from wcflow.channels.addresses import MailServer, check_ping_url, parse_smtp_url
from wcflow.config.section import ParsedSection
from wcflow.config.smtp import SmtpSettings
from wcflow.config.stores import SecretReader
from wcflow.rules.alerts import KINDS
from wcflow.rules.errors import RuleError, RuleErrors

_SMTP_FORM = "an address such as smtps://user:password@mail.example:465"
_WAYS = ("ping_url", "email", "apprise")


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Which alerts to send, and where."""

    on: tuple[str, ...] = KINDS
    ping_url: str = field(default="", repr=False)
    email: tuple[str, ...] = ()
    email_from: str = ""
    mail_server: MailServer | None = None
    apprise: tuple[str, ...] = field(default=(), repr=False)

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways to send messages, without pings."""
        found = {"email": self.email, "apprise": self.apprise}
        return tuple(way for way, addresses in found.items() if addresses)


def read_alerts(
    sections: list[ParsedSection], secrets: SecretReader, smtp: SmtpSettings | None = None
) -> AlertSettings | None:
    """Return the settings, or None without the section; problems are reported through it.

    Without a server of its own, it uses that of ``[smtp]``.
    """
    if not sections:
        return None
    section = sections[0]
    if not any(section.has(key) for key in (*_WAYS, "ping_url_file", "apprise_file")):
        section.report("", RuleError(f"a key {', '.join(_WAYS[:2])} or {_WAYS[2]}", "none"))
    server = read_secret(section, "smtp_url", secrets)
    own = section.has("smtp_url") or section.has("smtp_url_file")
    mail_server = _parse(section, "smtp_url", server) if own or smtp is None else smtp.server
    email: tuple[str, ...] = section["email"]
    if email and mail_server is None and not own:
        hint = "or a section [smtp]: e-mail needs a mail server"
        section.report("", RuleError("", "missing key 'smtp_url'", hint))
    user = mail_server.user if mail_server and "@" in mail_server.user else ""
    if smtp is not None and not own:
        user = smtp.sender.address
    return AlertSettings(
        section["on"],
        _check_ping(section, read_secret(section, "ping_url", secrets)),
        email,
        section["email_from"] or user or next(iter(email), ""),
        mail_server,
        tuple(read_secret(section, "apprise", secrets).split()),
    )


def read_secret(section: ParsedSection, name: str, secrets: SecretReader) -> str:
    """Return a secret from the INI, an environment variable or its file; empty if there is none."""
    in_file = f"{name}_file"
    key = name if section.has(name) else in_file
    if section.has(name) and section.has(in_file):
        section.report(key, RuleError(f"either {name} or {in_file}", "both"))
    if not section[key]:
        return ""
    sources = secrets.sources
    try:
        if key == in_file:
            return secrets.reveal(sources.from_file(section[key]))
        return secrets.reveal(sources.from_ini(section[key], Path(section.file)))
    except RuleErrors as error:
        for rule_error in error.rule_errors:
            section.report(key, rule_error)
        return ""


def _parse(section: ParsedSection, name: str, url: str) -> MailServer | None:
    if not url:
        return None
    try:
        return parse_smtp_url(url)
    except ValueError as error:
        key = name if section.has(name) else f"{name}_file"
        section.report(key, RuleError(_SMTP_FORM, str(error)))
        return None


def _check_ping(section: ParsedSection, url: str) -> str:
    try:
        if url:
            check_ping_url(url)
    except ValueError as error:
        key = "ping_url" if section.has("ping_url") else "ping_url_file"
        section.report(key, RuleError("an address such as https://hc-ping.com/…", str(error)))
    return url
