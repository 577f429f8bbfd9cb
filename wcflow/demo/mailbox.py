"""A mailbox in a directory: it stands in for the mail server, so that the demo sends nothing.

Each e-mail is kept as an ``.eml`` file and as a page; ``index.html`` lists them all.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

ANSWER = "250 kept in the demo's mailbox"

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>E-mails of the demo</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid #8888; padding: .4rem .6rem; text-align: left }}
</style></head><body>
<h1>E-mails of the demo</h1>
<p>{count} would have been sent. Nothing left this machine.</p>
<table><thead><tr><th>date</th><th>to</th><th>subject</th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


@dataclass(frozen=True, slots=True)
class KeptMail:
    """An e-mail that would have been sent; ``page`` shows it."""

    at: datetime
    to: str
    subject: str
    page: Path


@dataclass(slots=True)
class MailboxFolder:
    """Takes the place of an SMTP connection; ``clock`` says when an e-mail arrives."""

    folder: Path
    clock: Callable[[], datetime]
    mails: list[KeptMail] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        for old in (*self.folder.glob("*.eml"), *self.folder.glob("*.html")):
            old.unlink()

    @property
    def index(self) -> Path:
        return self.folder / "index.html"

    def pause(self) -> float:
        return 0.0

    def send(
        self, _sender: str, recipient: str, message: bytes, before_data: Callable[[], None]
    ) -> str:
        """Keep one message; return what a mail server would answer."""
        before_data()
        parsed = message_from_bytes(message, policy=policy.default)
        name = f"{len(self.mails) + 1:04}"
        (self.folder / f"{name}.eml").write_bytes(message)
        page = self.folder / f"{name}.html"
        page.write_text(_body(parsed), encoding="utf-8")
        self.mails.append(KeptMail(self.clock(), recipient, str(parsed["Subject"]), page))
        return ANSWER

    def write_index(self) -> None:
        """Write the page that lists all e-mails."""
        text = _PAGE.format(count=len(self.mails), rows="\n".join(map(_row, self.mails)))
        self.index.write_text(text, encoding="utf-8")

    def close(self) -> None:
        """Do nothing: no connection is open."""


def _body(message: EmailMessage) -> str:
    part = message.get_body(("html", "plain"))
    text = "" if part is None else str(part.get_content())
    if part is not None and part.get_content_type() == "text/html":
        return text
    return f"<!DOCTYPE html><meta charset=utf-8><pre>{html.escape(text)}</pre>"


def _row(mail: KeptMail) -> str:
    link = f'<a href="{mail.page.name}">{html.escape(mail.subject)}</a>'
    return f"<tr><td>{mail.at:%Y-%m-%d}</td><td>{html.escape(mail.to)}</td><td>{link}</td></tr>"
