"""The addresses of a mail server and of a monitor; apart from what sends, which takes long to load."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

_UNESCAPED = "another one; in a password, write @ as %40, # as %23, / as %2F and ? as %3F"


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
        """Whether it is on this machine, where the connection needs no encryption."""
        return self.host in ("localhost", "127.0.0.1", "::1")


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
    return MailServer(
        parts.hostname, port or (465 if encrypted else 587), encrypted, user, password
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
