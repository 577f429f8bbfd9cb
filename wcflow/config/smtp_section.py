"""The keys of ``[smtp]``."""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna

from wcflow.rules import values
from wcflow.rules.email_tracking import parse_track
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.keys import Key, kind_of
from wcflow.rules.mailboxes import parse_address, parse_mailbox

_MAX_PORT = 65_535


def parse_link(text: str) -> str:
    """Parse an address that begins with https://; return it in ASCII, as a header needs it."""
    try:
        parts = urlsplit(text)
        if " " not in text and parts.scheme == "https" and not parts.fragment:
            return text if text.isascii() and parts.hostname else _ascii_link(parts)
    except ValueError:  # no such host or port
        pass
    got = repr(text) if text else "nothing"
    raise RuleErrors(RuleError("an address such as https://shop.example/unsubscribe", got))


def _ascii_link(parts: SplitResult) -> str:
    """Return a link in ASCII; raises ValueError for a host that cannot be."""
    host = idna.encode(parts.hostname or "", uts46=True).decode()
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    path, query = (quote(each, safe="/%&=+?:@,;~") for each in (parts.path, parts.query))
    return urlunsplit(("https", netloc, path, query, ""))


def parse_host(text: str) -> str:
    """Parse the name of a server, without a port or a scheme."""
    if not text or any(each in text for each in "/@ ") or text.count(":") == 1:
        got = repr(text) if text else "nothing"
        hint = "the port has a key of its own" if ":" in text else ""
        raise RuleErrors(RuleError("the name of a server such as mail.example", got, hint))
    return text


SMTP = kind_of(
    "smtp",
    "The mail server that sends e-mails to customers.",
    Key(
        "host", "server", "The name of the mail server.", "mail.example", parse_host, required=True
    ),
    Key(
        "port",
        "whole number",
        "Its port. Default: 587 with starttls, 465 with tls, 25 without encryption.",
        "587",
        values.whole(1, _MAX_PORT),
    ),
    Key(
        "encryption",
        "starttls, tls or none",
        "How the connection is encrypted. none is only for a server on this machine.",
        "starttls",
        values.choice("starttls", "tls", "none"),
        "starttls",
    ),
    Key(
        "allow_unencrypted",
        "yes or no",
        "With yes, encryption = none is allowed for other machines, for example in a private network.",
        "no",
        values.yes_or_no,
        False,
    ),
    Key("username", "name", "The user to log in as.", "hello@shop.example", values.as_written, ""),
    Key(
        "password",
        "password",
        "The password itself, or $NAME for an environment variable. Without it, wcflow looks for a"
        " file or systemd credential smtp_password.",
        "$SMTP_PASSWORD",
        values.as_written,
        secret=True,
    ),
    Key(
        "password_file",
        "file",
        "A file that contains the password and nothing else.",
        "/etc/wcflow/smtp_password",
        values.as_written,
    ),
    Key(
        "ca_file",
        "file",
        "Certificates to trust, for a mail server with a self-signed certificate.",
        "/etc/wcflow/ca.pem",
        values.as_written,
    ),
    Key(
        "from",
        "name and e-mail address",
        "The sender. Default for the name: that of the store.",
        "My Shop <hello@shop.example>",
        parse_mailbox,
        required=True,
    ),
    Key(
        "reply_to",
        "e-mail address",
        "Where answers go. Default: the sender.",
        "help@shop.example",
        parse_address,
        "",
    ),
    Key(
        "bounces_to",
        "e-mail address",
        "Where mail servers return e-mails that they cannot deliver; [bounces] reads that mailbox."
        " Default: the sender.",
        "bounces@shop.example",
        parse_address,
        "",
    ),
    Key(
        "rate",
        "whole number",
        "The most e-mails that are sent in a minute. Default: as many as the server takes.",
        "60",
        values.whole(1, 100_000),
    ),
    Key(
        "timeout",
        "duration",
        "How long to wait for an answer of the server.",
        "30s",
        values.seconds,
        30.0,
    ),
    Key(
        "unsubscribe_url",
        "address",
        "The page that unsubscribes a customer; wcflow adds a signed code to it. Without it, the link"
        " leads to the companion plugin in the store, or else writes an e-mail to bounces_to.",
        "https://shop.example/unsubscribe",
        parse_link,
        "",
    ),
    Key(
        "postal_address",
        "text",
        "Your postal address, which many countries require at the end of marketing e-mails.",
        "My Shop, 1 High Street, London",
        values.as_written,
        "",
    ),
    Key(
        "track",
        "no, yes, opens or clicks",
        "Whether wcflow sees that a customer opens a marketing e-mail or clicks its links; yes means"
        " both. Needs the companion plugin, and in many countries the customer's consent.",
        "clicks",
        parse_track,
        frozenset(),
    ),
    named=False,
)
