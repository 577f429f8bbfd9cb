"""What links in e-mails to the store's own address say: that an e-mail was opened, or a link clicked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from wcflow.rules.signed_tokens import LINK, UNSUBSCRIBE, derive_key, make_token, read_token

OPEN, CLICK = "open", "click"
_LABELS = {"sms": "SMS", "whatsapp": "WhatsApp", "rcs": "RCS", "push": "Push", "chat": "Chat"}


@dataclass(frozen=True, slots=True)
class MailLink:
    """An e-mail that was opened, or in which a link was clicked; ``entry`` is its outbox entry."""

    kind: str
    store: str
    entry: int
    url: str = ""


def open_address(base: str, secret: str, store: str, entry: int) -> str:
    """Return the address of the picture that is loaded when an e-mail is opened."""
    return f"{_with_query(base)}wcflow_open={_token(secret, [OPEN, store, entry])}"


def click_address(base: str, secret: str, store: str, entry: int, url: str) -> str:
    """Return the address that leads to a link and says that it was clicked."""
    return f"{_with_query(base)}wcflow_click={_token(secret, [CLICK, store, entry, url])}"


def check_mail_link(secret: str, token: str) -> MailLink | None:
    """Return what a token says, or None if it is not ours."""
    match read_token(derive_key(secret, LINK), token):
        case ["open", str(store), int(entry)]:
            return MailLink(OPEN, store, entry)
        case ["click", str(store), int(entry), str(url)]:
            return MailLink(CLICK, store, entry, url)
    return None


def _token(secret: str, parts: list[object]) -> str:
    return make_token(derive_key(secret, LINK), parts)


def _with_query(base: str) -> str:
    return f"{base}{'&' if urlsplit(base).query else '?'}"


# What the companion plugin has to know for these links.


class ChannelConsent(NamedTuple):
    """A channel that customers agree to on their own: its kind, and the fields of its consent."""

    name: str
    kind: str
    consent_meta: Sequence[str]


def companion_settings(
    secret: str, consent_meta: Sequence[str], channels: Iterable[ChannelConsent] = ()
) -> dict[str, Any]:
    """Return the keys and topics for the companion plugin, and a digest that tells them apart."""
    settings: dict[str, Any] = {
        "unsubscribe_key": derive_key(secret, UNSUBSCRIBE).hex(),
        "link_key": derive_key(secret, LINK).hex(),
        "topics": [*_topics(consent_meta, channels)],
    }
    known = json.dumps(settings, sort_keys=True).encode()
    return {"digest": hashlib.sha256(known).hexdigest()[:16], **settings}


def _topics(
    consent_meta: Sequence[str], channels: Iterable[ChannelConsent]
) -> Iterator[Mapping[str, str]]:
    """Return what customers can unsubscribe from: e-mail, and channels with a consent of their own.

    Of several fields the first that says yes or no decides, so that is the one to set to no. The
    plugin takes none that WordPress hides.
    """
    if _first_shown(consent_meta):
        yield {"name": "email", "label": "E-mail", "meta": _first_shown(consent_meta)}
    for each in channels:
        if _first_shown(each.consent_meta) and each.name != "email":
            label = _LABELS.get(each.kind, "E-mail")
            named = label if label.lower() == each.name.lower() else f"{label} ({each.name})"
            yield {"name": each.name, "label": named, "meta": _first_shown(each.consent_meta)}


def _first_shown(fields: Sequence[str]) -> str:
    return next((each for each in fields[:1] if not each.startswith("_")), "")
