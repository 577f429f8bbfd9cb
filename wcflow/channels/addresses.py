"""The addresses of a mail server and of a monitor; apart from what sends, which takes long to load."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server for outgoing mail. ``encrypted``: the connection is from its first byte (smtps)."""

    host: str
    port: int
    encrypted: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where nobody reads the connection."""
        return self.host in ("localhost", "127.0.0.1", "::1")


def parse_smtp_url(url: str) -> MailServer:
    """Parse ``smtps://user:password@host:465`` or ``smtp://…``; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("not the address of a mail server")
    encrypted = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("a user and a password belong together")
    port = parts.port or (465 if encrypted else 587)
    return MailServer(parts.hostname, port, encrypted, user, password)


def check_ping_url(url: str) -> None:
    """Raise ValueError if it is not the address of a monitor."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError("something else")
