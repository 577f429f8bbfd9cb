"""The keys of ``[alerts]``."""

from __future__ import annotations

import re

from wcflow.rules import values
from wcflow.rules.alerts import KINDS
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import Key, kind_of


def parse_kinds(text: str) -> tuple[str, ...]:
    """Parse the value of ``on``: kinds with commas between."""
    found = tuple(word for word in re.split(r"[\s,]+", text.lower()) if word)
    for word in found:
        if word not in KINDS:
            hint = did_you_mean(word, KINDS)
            raise RuleErrors(RuleError(f"some of {', '.join(KINDS)}", repr(word), hint))
    if not found:
        raise RuleErrors(RuleError(f"some of {', '.join(KINDS)}", "nothing"))
    return found


def parse_recipients(text: str) -> tuple[str, ...]:
    """Parse e-mail addresses with commas between."""
    found = tuple(word for word in re.split(r"[\s,;]+", text) if word)
    for word in found:
        if not re.fullmatch(r"[^@<>\"'\s]+@[^@<>\"'\s]+", word):
            raise RuleErrors(RuleError("an e-mail address such as me@shop.example", repr(word)))
    if not found:
        raise RuleErrors(RuleError("an e-mail address such as me@shop.example", "nothing"))
    return found


def parse_sender(text: str) -> str:
    """Parse one e-mail address."""
    found = parse_recipients(text)
    if len(found) > 1:
        raise RuleErrors(RuleError("one e-mail address", "several"))
    return found[0]


ALERTS = kind_of(
    "alerts",
    "Where to send alerts.",
    Key(
        "ping_url",
        "address",
        "The address of a check at healthchecks.io or a similar service. wcflow calls it after polls,"
        " when it starts (/start) and when something is wrong (/fail).",
        "$PING_URL",
        values.as_written,
        secret=True,
    ),
    Key(
        "ping_url_file",
        "file",
        "A file that contains the ping_url and nothing else.",
        "/etc/wcflow/ping_url",
        values.as_written,
    ),
    Key(
        "email",
        "e-mail addresses",
        "Who gets the e-mails.",
        "me@shop.example",
        parse_recipients,
        (),
        rows=True,
    ),
    Key(
        "email_from",
        "e-mail address",
        "The sender. Default: the user of smtp_url, the sender in [smtp], or the first address in"
        " email.",
        "wcflow@shop.example",
        parse_sender,
        "",
    ),
    Key(
        "smtp_url",
        "address",
        "The server that sends the e-mail: smtps://, or smtp:// with STARTTLS. Special characters in"
        " the password are written as %40 and so on. Default: the server of [smtp].",
        "smtps://user:password@mail.example:465",
        values.as_written,
        secret=True,
    ),
    Key(
        "smtp_url_file",
        "file",
        "A file that contains the smtp_url and nothing else.",
        "/etc/wcflow/smtp_url",
        values.as_written,
    ),
    Key(
        "apprise",
        "addresses",
        "Addresses of apprise, for chats and phones (needs the apprise package).",
        "$APPRISE_URLS",
        values.as_written,
        rows=True,
        secret=True,
    ),
    Key(
        "apprise_file",
        "file",
        "A file that contains one address of apprise and nothing else.",
        "/etc/wcflow/apprise",
        values.as_written,
    ),
    Key(
        "on",
        "kinds",
        f"Which alerts to send. Default: all of {', '.join(KINDS)}.",
        "stalled, failed",
        parse_kinds,
        KINDS,
        rows=True,
    ),
    named=False,
)
