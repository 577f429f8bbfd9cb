"""The addresses of mail servers, mailboxes, monitors and webhooks; apart from slower modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

_UNESCAPED = "another one; in a password, write @ as %40, # as %23, / as %2F and ? as %3F"


LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""Names of this machine, where a connection needs no encryption."""
PORTS = {"tls": 465, "starttls": 587, "none": 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server for outgoing mail; ``timeout`` is in seconds, for each answer.

    ``encryption`` is tls (from the first byte on), starttls or none.
    """

    host: str
    port: int
    encryption: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 10.0
    ca_file: Path | None = None


def parse_smtp_url(url: str) -> MailServer:
    """Parse ``smtps://user:password@host:465`` or ``smtp://…``; raises ValueError."""
    parts, port = _split(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("not the address of a mail server")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(_UNESCAPED)
    encrypted = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("a user and a password belong together")
    plain = "none" if parts.hostname in LOCAL_HOSTS else "starttls"
    return MailServer(
        parts.hostname,
        port or PORTS["tls" if encrypted else "starttls"],
        "tls" if encrypted else plain,
        user,
        password,
    )


@dataclass(frozen=True, slots=True)
class ImapAddress:
    """A mailbox on an IMAP server; ``encryption`` is tls, starttls or none."""

    host: str
    port: int
    encryption: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"


def parse_imap_url(url: str, folder: str) -> ImapAddress:
    """Parse ``imaps://user:password@host``; raises ValueError without quoting the password."""
    parts, port = _split(url)
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("not the address of a mailbox")
    if not parts.username or not parts.password:
        raise ValueError("one without user and password")
    plain = "none" if parts.hostname in LOCAL_HOSTS else "starttls"
    return ImapAddress(
        parts.hostname,
        port or (993 if parts.scheme == "imaps" else 143),
        "tls" if parts.scheme == "imaps" else plain,
        unquote(parts.username),
        unquote(parts.password),
        folder,
    )


def check_ping_url(url: str) -> None:
    """Raise ValueError if it is not the address of a monitor."""
    parts, _ = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError("something else")


def _split(url: str) -> tuple[SplitResult, int | None]:
    """Split an address; return it with its port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # The text of the error can contain the password.
        raise ValueError(_UNESCAPED) from None
    return parts, port


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where a webhook goes; ``key`` signs it."""

    name: str
    url: str = field(repr=False)
    key: bytes = field(repr=False)
    allow_private: bool = False
    timeout: float = 10.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """The address without what can be secret: a login, parameters, and what follows the host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/…"


PLACEHOLDERS = ("phone", "email", "to")
"""What stands for the recipient in the address of a channel."""


def placeholders_in(url: str) -> list[str]:
    """Return which placeholders an address of apprise has."""
    return [each for each in PLACEHOLDERS if f"{{{each}}}" in url]


def fill_placeholders(url: str, recipient: str) -> str:
    """Return the address of apprise for a recipient."""
    for each in PLACEHOLDERS:
        url = url.replace(f"{{{each}}}", quote(recipient, safe=""))
    return url
