"""The kinds of stored events: what they mean, and which data they carry.

Stored events are what orders do not show. Whoever saves one uses the functions here, so that its
kind and the names of its data exist once; triggers read them from ``profile.events``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wcflow.profile import StoredEvent


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of stored event; ``data`` maps the names of its data to what they are."""

    name: str
    meaning: str
    data: Mapping[str, str]
    needs_companion: bool = False

    def make(self, key: str, at: datetime, source: str = "", /, **data: object) -> StoredEvent:
        """Return such an event; raises ValueError for data that this kind does not have."""
        unknown = sorted(data.keys() - self.data.keys())
        if unknown:
            raise ValueError(f"{self.name} has no {', '.join(unknown)}")
        return StoredEvent(self.name, key, at, source, data)


EVENT_KINDS: dict[str, EventKind] = {}


def _kind(name: str, meaning: str, /, *, needs_companion: bool = False, **data: str) -> EventKind:
    EVENT_KINDS[name] = EventKind(name, meaning, data, needs_companion)
    return EVENT_KINDS[name]


ACCOUNT_ENABLED = _kind(
    "account_enabled",
    "Their account has a role in WordPress again, or the team set them to active.",
)
CONSENT_GIVEN = _kind("consent_given", "They agreed to marketing.")
CONSENT_WITHDRAWN = _kind("consent_withdrawn", "They no longer agree to marketing.")
COUPON_ASSIGNED = _kind(
    "coupon_assigned",
    "They got a coupon code from a workflow.",
    pool="the NAME of [coupon_pool NAME] or [coupon NAME]",
    code="the coupon code",
    workflow="the NAME of [workflow NAME]",
)
MESSAGE_SENT = _kind(
    "message_sent",
    "A message was sent to them.",
    channel="email, or the NAME of [channel NAME]",
    message="the NAME of [email NAME], or empty",
    rule="the workflow or campaign",
    entry="the outbox entry's id",
    transactional="whether it needed no consent",
)
EMAIL_OPENED = _kind(
    "email_opened",
    "They opened an e-mail.",
    message="the NAME of [email NAME]",
    rule="the workflow or campaign",
    entry="the outbox entry's id",
    needs_companion=True,
)
EMAIL_CLICKED = _kind(
    "email_clicked",
    "They clicked a link in an e-mail.",
    message="the NAME of [email NAME]",
    rule="the workflow or campaign",
    entry="the outbox entry's id",
    url="the link",
    needs_companion=True,
)
UNSUBSCRIBED = _kind(
    "unsubscribed", "They unsubscribed from messages.", channel="email, or the NAME of a channel"
)
BOUNCED = _kind(
    "bounced",
    "A message to them could not be delivered, or they complained of it.",
    channel="email, or the NAME of [channel NAME]",
    address="the address",
    reason="in words: 550 no such user",
)
PRODUCT_VIEWED = _kind(
    "product_viewed",
    "They looked at a product.",
    product_id="the product's id",
    name="the product's name",
    needs_companion=True,
)
CATEGORY_VIEWED = _kind(
    "category_viewed",
    "They looked at a category.",
    category="the category's name",
    needs_companion=True,
)
SEARCH = _kind(
    "search",
    "They searched in the store.",
    words="what for",
    results="how many products the store found",
    needs_companion=True,
)
LOGGED_IN = _kind("logged_in", "They logged in to their account.", needs_companion=True)
CART_UPDATED = _kind(
    "cart_updated",
    "They changed their cart; an empty list of items means that they emptied it.",
    cart="the cart's name; it stays the same until an order is placed",
    items="the products: [{product_id, name, quantity}]",
    total="the sum in the store's currency, as text",
    left="1 if it left them, because the visitor typed another e-mail address",
    needs_companion=True,
)
BEHAVIOUR = tuple(
    each.name for each in (PRODUCT_VIEWED, CATEGORY_VIEWED, SEARCH, LOGGED_IN, CART_UPDATED)
)
"""The kinds of what people do in the store, which the companion plugin reports."""
