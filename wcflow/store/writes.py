"""Write to the store, and check in its response that the change was made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from http import HTTPStatus
from itertools import islice
from typing import Any

from wcflow.errors import StoreError
from wcflow.records import Coupon, Customer, Note, Order
from wcflow.rules.mailboxes import wordpress_accepts
from wcflow.store import errors, json_body, wire
from wcflow.store.fields import Json, RowReader, WireError
from wcflow.store.http import HttpClient
from wcflow.store.retry import AdaptiveSize
from wcflow.store.store_info import fetch_coupons_enabled
from wcflow.units import normalize_email

BATCH_SIZE = 25
"""Larger batches exceed PHP's time limit on small hosts."""

META_NOT_SAVED, COUPON_DIFFERS, COUPON_INVALID = (
    "wcflow_not_kept",
    "wcflow_coupon_differs",
    "wcflow_coupon_flawed",
)
"""Values of ``StoreError.code`` for what WooCommerce changes without an error."""
COUPONS_DISABLED = "wcflow_coupons_disabled"
"""The value of ``StoreError.code`` where the store has coupons switched off."""

_MAX_BATCH_TRIES = 3
_NO_BATCH_STATUSES = frozenset({403, 404, 405})

MetaValues = Mapping[int, Mapping[str, str | None]]
WriteResults = dict[int, StoreError | None]


def write_meta(
    store: HttpClient, kind: str, values: MetaValues, batch: AdaptiveSize, unbatched: set[str]
) -> WriteResults:
    """Set meta of customers or orders. Return an error or None for each.

    ``unbatched`` collects the kinds for which this key is not allowed to use batches.
    """
    outcome: WriteResults = {}
    remaining: MetaValues = values
    while remaining:
        done = _write_batch(store, kind, remaining, batch, unbatched)
        outcome |= done
        remaining = {number: remaining[number] for number in remaining if number not in done}
        for error in done.values():
            if error and errors.is_store_wide(error):
                return outcome | dict.fromkeys(remaining, _not_sent_error(error))
    return outcome


def _write_batch(
    store: HttpClient, kind: str, values: MetaValues, batch: AdaptiveSize, unbatched: set[str]
) -> WriteResults:
    """Write one batch; a smaller one if it was too large, single requests if batches are not allowed.

    Setting meta is idempotent, so it is safe to repeat.
    """
    items: MetaValues = {}
    for attempt in range(1, _MAX_BATCH_TRIES + 1):
        if kind in unbatched:
            return _one_by_one(store, kind, _first_items(values, 1))
        size = batch.size
        items = _first_items(values, size)
        try:
            done = _send_batch(store, kind, items)
        except StoreError as error:
            if _rejects_batches(error):
                unbatched.add(kind)
            elif errors.is_overload(error) and len(items) > 1 and attempt < _MAX_BATCH_TRIES:
                batch.shrink(size)
            elif errors.is_store_wide(error):
                return dict.fromkeys(items, error)
            else:
                return _one_by_one(store, kind, items)
        else:
            batch.count_success(len(items))
            return done
    return _one_by_one(store, kind, items)


def _first_items(values: MetaValues, count: int) -> MetaValues:
    return dict(islice(values.items(), count))


def _rejects_batches(error: StoreError) -> bool:
    return error.status in _NO_BATCH_STATUSES and error.code != errors.HTML_PAGE


def _send_batch(store: HttpClient, kind: str, values: MetaValues) -> WriteResults:
    """Write one batch. WooCommerce saves its items one by one, so each can fail on its own."""
    wanted = [{"id": number, **_meta_json(values[number])} for number in values]
    answer = store.request("POST", f"{kind}/batch", json={"update": wanted}, shape=dict)
    entries = answer.body.get("update", [])
    results = {each.get("id"): each for each in entries if type(each) is dict}
    return {
        number: _check_result(kind, number, results.get(number), values[number])
        for number in values
    }


def _one_by_one(store: HttpClient, kind: str, values: MetaValues) -> WriteResults:
    outcome: WriteResults = {}
    for number, wanted in values.items():
        try:
            answer = store.request(
                "PUT",
                f"{kind}/{number}",
                {"_fields": "id,meta_data"},
                json=_meta_json(wanted),
                shape=dict,
            )
        except StoreError as error:
            outcome[number] = error
            if errors.is_store_wide(error):
                break
        else:
            outcome[number] = _check_result(kind, number, answer.body, wanted)
    return outcome


def _meta_json(wanted: Mapping[str, str | None]) -> Json:
    return {"meta_data": [{"key": key, "value": value} for key, value in wanted.items()]}


def _check_result(
    kind: str, number: int, entry: Json | None, wanted: Mapping[str, str | None]
) -> StoreError | None:
    request = f"PUT /{kind}/{number}"
    if entry is None:
        return errors.unexpected_error(request, 200, "it is missing from the response", wrote=True)
    if "error" in entry:
        return _item_error(request, entry["error"])
    return _check_saved(request, entry, wanted)


def _item_error(request: str, error: Any) -> StoreError:
    details = error if type(error) is dict else {}
    data = details.get("data")
    status = data.get("status") if type(data) is dict else None
    status = status if type(status) is int else 400
    code, message = (
        str(details.get("code", "")),
        json_body.plain_text(str(details.get("message", "")), 200),
    )
    return StoreError(
        f'the store rejected the change ({request}: HTTP {status} {code}: "{message}")',
        request=request,
        status=status,
        code=code,
        permanent=status < 500 and status not in errors.TRANSIENT_STATUSES,  # noqa: PLR2004 - server's fault
        effect_unknown=status >= 500,  # noqa: PLR2004 - server's fault
    )


def _check_saved(request: str, entry: Json, wanted: Mapping[str, str | None]) -> StoreError | None:
    """Compare the response with the request: WooCommerce drops some meta without an error."""
    if "meta_data" not in entry:
        return None  # WooCommerce hides customer meta from the key of a shop manager
    reader = RowReader(entry)
    saved = reader.meta(frozenset(wanted)) or {}
    lost = sorted(key for key, value in wanted.items() if saved.get(key) != value)
    if not lost or reader.odd:
        return None  # what a plugin makes unreadable can have been saved
    return StoreError(
        f"the store did not save the meta {', '.join(lost)} ({request})",
        "Look for a plugin that filters meta. WooCommerce never saves keys that begin with _.",
        request=request,
        status=200,
        code=META_NOT_SAVED,
        permanent=True,
    )


def _not_sent_error(error: StoreError) -> StoreError:
    """Return a copy of an error for a change that was not sent, so its effect is known."""
    return StoreError(
        str(error),
        error.advice,
        request=error.request,
        status=error.status,
        code=error.code,
        permanent=error.permanent,
        retry_after=error.retry_after,
    )


def update_customer(store: HttpClient, customer_id: int, fields: Json) -> Customer:
    """Change fields of a customer; return what the store saved. It is safe to repeat."""
    path = f"customers/{customer_id}"
    wanted = {"_fields": wire.CUSTOMER_FIELDS}
    answer = store.request("PUT", path, wanted, json=fields, shape=dict)
    try:
        return wire.parse_customer(answer.body)
    except WireError as error:
        raise errors.unexpected_error(f"PUT /{path}", 200, str(error), wrote=True) from None


def assign_order(store: HttpClient, order_id: int, customer_id: int) -> Order:
    """Give an order to a customer (0: a guest); return it as saved. It is safe to repeat."""
    path = f"orders/{order_id}"
    wanted = {"_fields": wire.ORDER_FIELDS}
    answer = store.request("PUT", path, wanted, json={"customer_id": customer_id}, shape=dict)
    try:
        return wire.parse_order(answer.body, keep=frozenset())
    except WireError as error:
        raise errors.unexpected_error(f"PUT /{path}", 200, str(error), wrote=True) from None


def add_note(store: HttpClient, order_id: int, text: str, *, for_customer: bool) -> Note:
    path = f"orders/{order_id}/notes"
    answer = store.request(
        "POST", path, json={"note": text, "customer_note": for_customer}, shape=dict
    )
    try:
        return wire.parse_note(answer.body)
    except WireError as error:
        raise errors.unexpected_error(f"POST /{path}", 201, str(error), wrote=True) from None


def create_coupon(store: HttpClient, wanted: Coupon) -> Coupon:
    """Create a coupon; delete it again if it differs from ``wanted``."""
    if problem := coupon_problem(wanted):
        raise StoreError(
            f"the coupon {wanted.code} was not created: {problem}",
            "Correct the address or the [coupon] section.",
            request="POST /coupons",
            code=COUPON_INVALID,
            permanent=True,
        )
    with coupons_required(store):
        answer = store.request("POST", "coupons", json=wire.build_coupon_json(wanted), shape=dict)
    try:
        created = wire.parse_coupon(answer.body)
        differences = coupon_differences(wanted, created)
    except WireError as error:
        differences = (str(error),)
    if differences:
        number = answer.body.get("id")
        removed = type(number) is int and _remove_coupon(store, number)
        raise _difference_error(wanted.code, differences, removed=removed)
    return created


@contextmanager
def coupons_required(store: HttpClient) -> Iterator[None]:
    """Say so if coupons are disabled, which WooCommerce answers as a missing permission."""
    try:
        yield
    except StoreError as error:
        if error.status != HTTPStatus.FORBIDDEN or fetch_coupons_enabled(store) is not False:
            raise
        raise StoreError(
            "coupons are disabled in the store",
            "Enable them under WooCommerce, Settings, General.",
            request=error.request,
            status=error.status,
            code=COUPONS_DISABLED,
        ) from None


def _difference_error(code: str, differences: Collection[str], *, removed: bool) -> StoreError:
    result = "it was removed" if removed else "IT IS STILL IN THE STORE"
    advice = "Look for a plugin that changes coupons, and check the [coupon] section."
    return StoreError(
        f"the store created the coupon {code} differently: {'; '.join(differences)}; {result}",
        advice if removed else f"Delete the coupon {code} in the store. {advice}",
        request="POST /coupons",
        status=201,
        code=COUPON_DIFFERS,
        permanent=True,
        effect_unknown=not removed,
    )


def _remove_coupon(store: HttpClient, number: int) -> bool:
    """Delete a coupon, or else make it a draft. Return whether it can no longer be used."""
    path = f"coupons/{number}"
    try:
        store.request("DELETE", path, {"force": "true", "_fields": "id"}, shape=dict)
    except StoreError:
        try:
            store.request("PUT", path, {"_fields": "id"}, json={"status": "draft"}, shape=dict)
        except StoreError:
            return False
    return True


# Checks before and after creating a coupon: WooCommerce changes some fields without an error.

_AMOUNT_FIELDS = ("amount", "minimum_amount", "maximum_amount")
_PLAIN_FIELDS = (
    "type",
    "usage_limit",
    "usage_limit_per_user",
    "individual_use",
    "exclude_sale_items",
    "free_shipping",
)


def coupon_problem(wanted: Coupon) -> str:
    """Return why WooCommerce would not create this coupon as it is, or ""."""
    for address in wanted.emails:
        if not wordpress_accepts(address):  # it would drop it, and anyone could use the coupon
            return "WordPress does not accept the e-mail address that it is restricted to"
    for name in _AMOUNT_FIELDS:
        value = getattr(wanted, name)
        if value and _parse_amount(value) is None:
            return f"{name}: expected a number, got {value!r}"
    if wanted.expires and wanted.expires.tzinfo is None:
        return "expires: expected a time with a time zone"
    return ""


def coupon_differences(wanted: Coupon, created: Coupon) -> tuple[str, ...]:
    """Return how the coupon that the store created differs from ``wanted``."""
    return tuple(_find_differences(wanted, created))


def _find_differences(wanted: Coupon, created: Coupon) -> Iterator[str]:
    if wanted.code.strip().lower() != created.code.lower():
        yield f"code is {created.code!r}"
    if _whole_second(wanted.expires) != _whole_second(created.expires):
        yield f"expires is {created.expires or 'never'}"
    if _restricted_emails(wanted) != _restricted_emails(created):
        yield f"it is restricted to {len(created.emails)} e-mail addresses instead of {len(wanted.emails)}"
    for name in _AMOUNT_FIELDS:
        if not _same_amount(getattr(wanted, name), getattr(created, name)):
            yield f"{name} is {getattr(created, name) or 'nothing'}"
    for name in _PLAIN_FIELDS:
        if getattr(wanted, name) != getattr(created, name):
            yield f"{name} is {getattr(created, name)}"
    for name in ("product_ids", "category_ids"):
        if set(getattr(wanted, name)) != set(getattr(created, name)):
            yield f"{name} is {getattr(created, name)}"
    if wanted.key != created.key:
        yield "its meta was not saved"


def _whole_second(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC).replace(microsecond=0) if instant else None


def _restricted_emails(coupon: Coupon) -> frozenset[str]:
    return frozenset(normalize_email(each) for each in coupon.emails)


def _parse_amount(value: str) -> Decimal | None:
    try:
        found = Decimal(value or "0")
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _same_amount(wanted: str, created: str) -> bool:
    expected, kept = _parse_amount(wanted), _parse_amount(created)
    if expected is None or kept is None:
        return False
    # The store returns its own number of decimals, and an empty text for zero.
    return expected == kept or (bool(created) and expected.quantize(kept, ROUND_HALF_UP) == kept)
