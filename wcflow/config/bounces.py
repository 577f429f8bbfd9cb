"""``[bounces]``: the mailbox that bounces and requests to unsubscribe come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wcflow.channels.addresses import ImapAddress, parse_imap_url
from wcflow.config.alerts import read_secret
from wcflow.config.section import ParsedSection
from wcflow.config.stores import SecretReader
from wcflow.rules.errors import RuleError
from wcflow.units import Duration

_FORM = "an address such as imaps://user:password@mail.example"


@dataclass(frozen=True, slots=True)
class BounceSettings:
    """Where the mailbox is: on an IMAP server, or a maildir."""

    imap: ImapAddress | None
    maildir: Path | None
    folder: str
    check_every: Duration


def read_bounces(sections: list[ParsedSection], secrets: SecretReader) -> BounceSettings | None:
    """Return the settings, or None without the section; problems are reported through it."""
    if not sections:
        return None
    section = sections[0]
    keys = [key for key in ("imap_url", "imap_url_file") if section.has(key)]
    if not keys and not section.has("maildir"):
        section.report("", RuleError("a key imap_url or maildir", "none"))
    if keys and section.has("maildir"):
        section.report("maildir", RuleError("either imap_url or maildir", "both"))
    imap = None
    if url := read_secret(section, "imap_url", secrets):
        try:
            imap = parse_imap_url(url, section["folder"])
        except ValueError as error:
            section.report(keys[0], RuleError(_FORM, str(error)))
    maildir = secrets.sources.base / section["maildir"] if section["maildir"] else None
    return BounceSettings(imap, maildir, section["folder"], section["check_every"])
