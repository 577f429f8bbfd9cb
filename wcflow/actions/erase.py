"""The store's part of deleting a customer: their subscriptions, orders and coupons, then the account.

There is no step for it. Each entry looks first, so that it can be repeated. Errors and outcomes
name orders and accounts by their numbers only.
"""

from __future__ import annotations

from datetime import tzinfo
from http import HTTPStatus
from typing import TYPE_CHECKING

from wcflow.actions.base import ActionModule, EntryKind, Payload, WaysOut
from wcflow.errors import DeliveryError, StoreError
from wcflow.records import ENDED_SUBSCRIPTION

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

ANONYMIZE_ORDER, DELETE_ORDER = "anonymize_order", "delete_order"
ANONYMIZE_SUBSCRIPTION, DELETE_SUBSCRIPTION = "anonymize_subscription", "delete_subscription"
ANONYMIZE_COUPON, DELETE_ACCOUNT = "anonymize_coupon", "delete_account"
ROLES = frozenset({"", "customer", "subscriber"})
"""Accounts with another role are those of the team: wcflow deletes none of them."""


def _content(payload: Payload, _zone: tzinfo) -> str:
    return f"for erasure {payload['erasure']}"


def _anonymize(entry: OutboxEntry, ways: WaysOut) -> str:
    return ways.store.anonymize_order(entry.target_id)


def _delete_order(entry: OutboxEntry, ways: WaysOut) -> str:
    return ways.store.delete_order(entry.target_id)


def _anonymize_subscription(entry: OutboxEntry, ways: WaysOut) -> str:
    _require_ended(entry, ways)
    return ways.store.anonymize_order(entry.target_id, "subscription")


def _delete_subscription(entry: OutboxEntry, ways: WaysOut) -> str:
    _require_ended(entry, ways)
    return ways.store.delete_order(entry.target_id, "subscription")


def _require_ended(entry: OutboxEntry, ways: WaysOut) -> None:
    """Raise an error if a subscription could renew, or cannot be reached."""
    again = f"then run 'wcflow outbox retry {entry.id}'"
    status = ways.store.subscription_status(entry.target_id)
    if status is None:
        reason = "WooCommerce Subscriptions is switched off: switch it on"
        raise DeliveryError(f"{reason}, {again}", permanent=True)
    if status and status not in ENDED_SUBSCRIPTION:
        reason = f"subscription {entry.target_id} is {status}: cancel it in WooCommerce"
        raise DeliveryError(f"{reason}, {again}", permanent=True)


def _anonymize_coupon(entry: OutboxEntry, ways: WaysOut) -> str:
    return ways.store.anonymize_coupon(entry.payload["code"])


def _delete_account(entry: OutboxEntry, ways: WaysOut) -> str:
    number = entry.target_id
    customer = ways.store.customer(number)
    if customer is None:
        return f"customer {number} no longer exists"
    if customer.role not in ROLES:
        raise DeliveryError(
            f"customer {number} has the role {customer.role}: wcflow deletes only customers",
            permanent=True,
        )
    if "subscriptions" in entry.payload:
        _require_no_subscription(entry, ways)
    try:
        ways.store.delete_customer(number)
    except StoreError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        raise DeliveryError(
            f"the API key is not allowed to delete accounts: delete customer {number} under Users in"
            f" WordPress, then run 'wcflow outbox retry {entry.id}'",
            permanent=True,
        ) from None
    return f"customer {number} deleted"


def _require_no_subscription(entry: OutboxEntry, ways: WaysOut) -> None:
    """Raise an error if a subscription began since: the plugin deletes it with the account."""
    if running := ways.store.running_subscriptions(entry.target_id):
        raise DeliveryError(
            f"customer {entry.target_id} has a subscription that is not cancelled (number"
            f" {running[0]}): cancel it in WooCommerce, then run 'wcflow outbox retry {entry.id}'",
            permanent=True,
        )


_ANONYMIZE = EntryKind(
    ANONYMIZE_ORDER,
    "anonymized order",
    "anonymized orders",
    _content,
    counted=("{} order to anonymize", "{} orders to anonymize"),
    resource="order",
    phrase="anonymize",
    deliver=_anonymize,
)
_DELETE_ORDER = EntryKind(
    DELETE_ORDER,
    "deleted order",
    "deleted orders",
    _content,
    counted=("{} order to delete", "{} orders to delete"),
    resource="order",
    phrase="delete",
    deliver=_delete_order,
)
_ANONYMIZE_SUBSCRIPTION = EntryKind(
    ANONYMIZE_SUBSCRIPTION,
    "anonymized subscription",
    "anonymized subscriptions",
    _content,
    counted=("{} subscription to anonymize", "{} subscriptions to anonymize"),
    resource="subscription",
    phrase="anonymize",
    deliver=_anonymize_subscription,
)
_DELETE_SUBSCRIPTION = EntryKind(
    DELETE_SUBSCRIPTION,
    "deleted subscription",
    "deleted subscriptions",
    _content,
    counted=("{} subscription to delete", "{} subscriptions to delete"),
    resource="subscription",
    phrase="delete",
    deliver=_delete_subscription,
)
_COUPON = EntryKind(
    ANONYMIZE_COUPON,
    "anonymized coupon",
    "anonymized coupons",
    _content,
    ("{} coupon to anonymize", "{} coupons to anonymize"),
    deliver=_anonymize_coupon,
)
_DELETE_ACCOUNT = EntryKind(
    DELETE_ACCOUNT,
    "deleted account",
    "deleted accounts",
    _content,
    counted=("{} account to delete", "{} accounts to delete"),
    resource="customer",
    phrase="delete the account of",
    deliver=_delete_account,
)
ERASING = ActionModule(
    (),
    (
        _ANONYMIZE,
        _DELETE_ORDER,
        _ANONYMIZE_SUBSCRIPTION,
        _DELETE_SUBSCRIPTION,
        _COUPON,
        _DELETE_ACCOUNT,
    ),
)
