"""A customer's names and addresses that an admin edited, on their way to WooCommerce.

There is no step for it. Before it is written, each field is read again: it must still have a value
that the admin knew, otherwise someone else changed it meanwhile. Errors name fields, never values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from wcflow.actions.base import ActionModule, EntryKind, Payload, WaysOut
from wcflow.errors import CancelledError, DeliveryError, StoreError
from wcflow.records import Customer
from wcflow.units import normalize_email

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

CUSTOMER_FIELDS = "customer_fields"
PARTS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "postcode",
    "city",
    "state",
    "country",
    "phone",
)
"""What a billing and a shipping address consist of."""
FIELDS = (
    "first_name",
    "last_name",
    "email",
    *(f"billing.{part}" for part in PARTS),
    "billing.email",
    *(f"shipping.{part}" for part in PARTS),
)
_WORDS = {"email": "e-mail address", "address_1": "address line 1", "address_2": "address line 2"}
_HIDDEN = 4
"""A value of at least so many characters is hidden in errors; a shorter one says nothing."""


def field_words(name: str) -> str:
    """Return a field as it is called: ``billing address line 1``."""
    group, _, part = name.rpartition(".")
    return f"{group} {_WORDS.get(part, part.replace('_', ' '))}".strip()


def list_fields(names: Iterable[str]) -> str:
    """Return fields in one line: ``first name, billing city and billing country``."""
    *others, last = map(field_words, names)
    return f"{', '.join(others)} and {last}" if others else last


def field_value(customer: Customer, name: str) -> str:
    """Return the value of a field."""
    group, _, part = name.rpartition(".")
    value: str = getattr(getattr(customer, group) if group else customer, part)
    return value


def is_same(name: str, one: str, other: str) -> bool:
    """Return whether two values of a field are the same; the case of an e-mail address is not."""
    if name.endswith("email"):
        return normalize_email(one) == normalize_email(other)
    return one.strip() == other.strip()


def nested(values: Mapping[str, str]) -> dict[str, Any]:
    """Return fields as WooCommerce takes them: ``{"billing": {"city": …}}``."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        group, _, part = name.rpartition(".")
        (found.setdefault(group, {}) if group else found)[part] = value
    return found


def _content(payload: Payload, _zone: tzinfo) -> str:
    changes: Mapping[str, Any] = payload["fields"]
    return "; ".join(
        f"{field_words(name)}: {each['from'][-1] or '(none)'} → {each['to'] or '(none)'}"
        for name, each in changes.items()
    )


def _deliver(entry: OutboxEntry, ways: WaysOut) -> str:
    changes: Mapping[str, Any] = entry.payload["fields"]
    customer = ways.store.customer(entry.target_id)
    if customer is None:
        raise CancelledError(f"customer {entry.target_id} was deleted")
    there = {name: field_value(customer, name) for name in changes}
    missing = {
        name: each["to"]
        for name, each in changes.items()
        if not is_same(name, there[name], each["to"])
    }
    _check_known(there, {name: changes[name]["from"] for name in missing})
    if not missing:
        return f"{list_fields(changes)}, written by an earlier attempt"
    try:
        saved = ways.store.update_customer(entry.target_id, nested(missing))
    except StoreError as error:
        raise _without_values(error, missing.values()) from None
    lost = [
        name
        for name, value in missing.items()
        if not is_same(name, field_value(saved, name), value)
    ]
    if lost:
        raise DeliveryError(
            f"the store did not save the {list_fields(lost)} as it was written",
            "Look for a plugin that changes what customers enter.",
            permanent=True,
        )
    return list_fields(changes)


def _check_known(there: Mapping[str, str], known: Mapping[str, Collection[str]]) -> None:
    """Raise DeliveryError if a field has another value than the admin knew."""
    changed = [
        name
        for name, values in known.items()
        if not any(is_same(name, there[name], value) for value in values)
    ]
    if changed:
        raise DeliveryError(
            f"someone changed the {list_fields(changed)} in the store meanwhile",
            "Look at the customer, and edit them again if it is still needed.",
            permanent=True,
        )


def _without_values(error: StoreError, values: Iterable[str]) -> StoreError:
    """Return the error without personal data, which the store's own words can contain."""
    text = str(error)
    for value in values:
        if len(value) >= _HIDDEN:
            text = text.replace(value, "…")
    return StoreError(
        text,
        error.advice,
        request=error.request,
        status=error.status,
        code=error.code,
        permanent=error.permanent,
        retry_after=error.retry_after,
        effect_unknown=error.effect_unknown,
    )


_ENTRY = EntryKind(
    CUSTOMER_FIELDS,
    "edit of a customer",
    "edits of customers",
    _content,
    resource="customer",
    phrase="names and addresses of",
    deliver=_deliver,
)
CUSTOMER_EDITS = ActionModule((), (_ENTRY,))
