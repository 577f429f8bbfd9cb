"""The keys of ``[bounces]``."""

from __future__ import annotations

from wcflow.rules import values
from wcflow.rules.keys import Key, kind_of
from wcflow.units import Duration

BOUNCES = kind_of(
    "bounces",
    "The mailbox of bounces_to in [smtp], where undeliverable e-mails come back.",
    Key(
        "imap_url",
        "address",
        "The mailbox on an IMAP server: imaps://, or imap:// with STARTTLS. Special characters in the"
        " password are written as %40 and so on.",
        "imaps://bounces:password@mail.example",
        values.as_written,
        secret=True,
    ),
    Key(
        "imap_url_file",
        "file",
        "A file that contains the imap_url and nothing else.",
        "/etc/wcflow/imap_url",
        values.as_written,
    ),
    Key(
        "maildir",
        "folder",
        "A maildir on this machine, instead of imap_url.",
        "/var/mail/bounces",
        values.as_written,
        "",
    ),
    Key(
        "folder",
        "name",
        "The folder of the mailbox.",
        "INBOX",
        values.as_written,
        "INBOX",
    ),
    Key(
        "check_every",
        "duration",
        "How often the mailbox is read.",
        "5min",
        values.duration,
        Duration(5, "min"),
    ),
    named=False,
)
