"""Compose e-mails to customers: addresses, the headers that large mailbox providers expect, parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime
from typing import Any

from wcflow.rules.mailboxes import Mailbox, ascii_address


class _PlainHeader(UnstructuredHeader, BaseHeader):
    """A header that programs read: however long, it is never encoded (RFC 2047, section 5)."""

    def fold(self, *, policy: Policy[Any]) -> str:
        """Return the header with one word a line."""
        end = policy.linesep
        return f"{self.name}: {self.replace(' ', f'{end} ')}{end}"


class _Headers(HeaderRegistry):
    """The classes of headers, each made once instead of for each header of each e-mail."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}
        for name in ("List-Unsubscribe", "Feedback-ID"):
            self.map_to_type(name, _PlainHeader)

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


_POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=_Headers())
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail to one customer. ``unsubscribe`` are links, the first one by HTTPS if there is one.

    ``key`` is the same whenever this e-mail is composed again; ``origin`` names its workflow.
    """

    sender: Mailbox
    to: Mailbox
    subject: str
    text: str
    html: str
    key: str
    at: datetime
    name: str
    origin: str
    transactional: bool
    reply_to: str = ""
    unsubscribe: tuple[str, ...] = ()


def compose(mail: Mail) -> bytes:
    """Return the message as bytes, always the same; raises ValueError for an address that cannot be."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(mail.sender)
    message["To"] = _address(mail.to)
    if mail.reply_to:
        message["Reply-To"] = ascii_address(mail.reply_to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    domain = ascii_address(mail.sender.address).rpartition("@")[2]
    message["Message-ID"] = f"<{mail.key}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    sort = "transactional" if mail.transactional else "marketing"
    message["Feedback-ID"] = ":".join(_word(e) for e in (mail.name, mail.origin, sort, domain))
    if not mail.transactional:
        message["Precedence"] = "bulk"
        _add_unsubscribe(message, mail.unsubscribe)
    message.set_content(mail.text)
    if mail.html:
        # The key derives from a secret, so no text contains it. Choosing another takes longer.
        message.make_alternative(boundary=f"{mail.key}.")
        message.add_alternative(mail.html, subtype="html")
    return message.as_bytes()


def _add_unsubscribe(message: EmailMessage, links: tuple[str, ...]) -> None:
    """Add the links; one click works only by HTTPS (RFC 8058)."""
    if not links:
        return
    message["List-Unsubscribe"] = ", ".join(f"<{link}>" for link in links)
    if links[0].startswith("https:"):
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _word(text: str) -> str:
    return _ODD.sub("-", text).strip("-")[:40] or "none"


def _address(mailbox: Mailbox) -> Address:
    name = re.sub(r"\s+", " ", mailbox.name).strip()[:_MAX_NAME]
    return Address(name, addr_spec=ascii_address(mailbox.address))
