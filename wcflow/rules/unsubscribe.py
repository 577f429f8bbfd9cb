"""Signed links to unsubscribe: whoever has the link can unsubscribe that address, and nobody else's."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from urllib.parse import quote, urlsplit

from wcflow.rules.signed_tokens import UNSUBSCRIBE, derive_key, make_token, read_token

MAIL_SUBJECT = "unsubscribe"
"""The subject of an e-mail that asks for it; the token follows."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who unsubscribes, and from which e-mail the link was."""

    store: str
    person: int
    address: str
    email: str


def unsubscribe_token(secret: str, subscriber: Subscriber) -> str:
    """Return a token for links."""
    return make_token(derive_key(secret, UNSUBSCRIBE), astuple(subscriber))


def check_token(secret: str, token: str) -> Subscriber | None:
    """Return whom a token belongs to, or None if it is not ours."""
    match read_token(derive_key(secret, UNSUBSCRIBE), token):
        case [str(store), int(person), str(address), str(email)]:
            return Subscriber(store, person, address, email)
    return None


def unsubscribe_link(base: str, token: str) -> str:
    """Return the address with the token in it: ``https://shop.example/u?wcflow=TOKEN``."""
    return f"{base}{'&' if urlsplit(base).query else '?'}wcflow={token}"


def unsubscribe_mail(address: str, token: str) -> str:
    """Return a ``mailto:`` link; the mailbox of [bounces] understands the e-mail that it makes."""
    return f"mailto:{quote(address, safe='@')}?subject={MAIL_SUBJECT}%20{token}"
