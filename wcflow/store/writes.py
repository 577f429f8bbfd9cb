"""Write to the shop, and make sure that it did what was asked. Whether to write is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import islice
from typing import Any

from wcflow.errors import StoreError
from wcflow.records import Coupon, Note
from wcflow.store import errors, json_body, wire
from wcflow.store.fields import Json, WireError, meta
from wcflow.store.http import HttpClient
from wcflow.store.retry import AdaptiveSize
from wcflow.units import normalize_email

BATCH_SIZE = 25
"""Polite: larger batches run into PHP's time limit on small hosts."""

META_NOT_SAVED, COUPON_DIFFERS, COUPON_INVALID = (
    "wcflow_not_kept",
    "wcflow_coupon_differs",
    "wcflow_coupon_flawed",
)
"""wcflow's own words for what WooCommerce does in silence: ``StoreError.code``."""

_MAX_BATCH_TRIES = 3
_NO_BATCH_STATUSES = frozenset({403, 404, 405})

MetaValues = Mapping[int, Mapping[str, str | None]]
WriteResults = dict[int, StoreError | None]


def write_meta(
    store: HttpClient, kind: str, values: MetaValues, batch: AdaptiveSize, unbatched: set[str]
) -> WriteResults:
    """Set meta of many customers or orders; say for each what went wrong, None where nothing did.

    ``unbatched`` remembers the kinds for which this key may not use batches.
    """
    outcome: WriteResults = {}
    left = dict(values)
    while left:
        done = _write_batch(store, kind, left, batch, unbatched)
        outcome |= done
        left = {number: left[number] for number in left if number not in done}
        for error in done.values():
            if error and errors.is_store_wide(error):
                return outcome | dict.fromkeys(left, _not_sent_error(error))
    return outcome


def _write_batch(
    store: HttpClient, kind: str, left: MetaValues, batch: AdaptiveSize, unbatched: set[str]
) -> WriteResults:
    """Write a batch, a smaller one where that was too much, or one where there may be no batches.

    Meta is set and not added to: what may have happened already can be asked for again.
    """
    some: MetaValues = {}
    for attempt in range(1, _MAX_BATCH_TRIES + 1):
        if kind in unbatched:
            return _one_by_one(store, kind, _first_items(left, 1))
        size = batch.size
        some = _first_items(left, size)
        try:
            done = _send_batch(store, kind, some)
        except StoreError as error:
            if _refuses_batches(error):
                unbatched.add(kind)
            elif errors.is_overload(error) and len(some) > 1 and attempt < _MAX_BATCH_TRIES:
                batch.shrink(size)
            elif errors.is_store_wide(error):
                return dict.fromkeys(some, error)
            else:
                return _one_by_one(store, kind, some)
        else:
            batch.count_success(len(some))
            return done
    return _one_by_one(store, kind, some)


def _first_items(left: MetaValues, count: int) -> MetaValues:
    return dict(islice(left.items(), count))


def _refuses_batches(error: StoreError) -> bool:
    return error.status in _NO_BATCH_STATUSES and error.code != errors.HTML_PAGE


def _send_batch(store: HttpClient, kind: str, values: MetaValues) -> WriteResults:
    """Write a batch, which the shop commits one by one: each may fail for itself."""
    wanted = [{"id": number, **_meta_json(values[number])} for number in values]
    answer = store.ask("POST", f"{kind}/batch", json={"update": wanted}, shape=dict)
    entries = answer.body.get("update", [])
    told = {each.get("id"): each for each in entries if type(each) is dict}
    return {
        number: _check_result(kind, number, told.get(number), values[number]) for number in values
    }


def _one_by_one(store: HttpClient, kind: str, values: MetaValues) -> WriteResults:
    outcome: WriteResults = {}
    for number, wanted in values.items():
        try:
            answer = store.ask(
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
    """Read what the shop said of one customer or order."""
    asked = f"PUT /{kind}/{number}"
    if entry is None:
        return errors.unexpected_error(asked, 200, "the answer leaves it out", wrote=True)
    if "error" in entry:
        return _item_error(asked, entry["error"])
    try:
        return _check_saved(asked, entry, wanted)
    except WireError as error:
        return errors.unexpected_error(asked, 200, str(error), wrote=True)


def _item_error(asked: str, error: Any) -> StoreError:
    said = error if type(error) is dict else {}
    data = said.get("data")
    status = data.get("status") if type(data) is dict else None
    status = status if type(status) is int else 400
    code, message = (
        str(said.get("code", "")),
        json_body.plain_text(str(said.get("message", "")), 200),
    )
    return StoreError(
        f'the store refused the change: {asked}: HTTP {status} {code} ("{message}")',
        asked=asked,
        status=status,
        code=code,
        permanent=status < 500 and status not in errors.TRANSIENT_STATUSES,  # noqa: PLR2004 - server's fault
        effect_unknown=status >= 500,  # noqa: PLR2004 - server's fault
    )


def _check_saved(asked: str, entry: Json, wanted: Mapping[str, str | None]) -> StoreError | None:
    """Compare the answer with what was asked: WooCommerce drops some meta in silence."""
    if "meta_data" not in entry:
        return None  # a shop manager's key is shown no customer meta
    kept = meta(entry, frozenset(wanted))
    lost = sorted(key for key, value in wanted.items() if kept.get(key) != value)
    if not lost:
        return None
    return StoreError(
        f"the store did not keep what was written: {asked}: meta {', '.join(lost)}",
        "look for a plugin that filters meta; keys with a leading underscore are never kept",
        asked=asked,
        status=200,
        code=META_NOT_SAVED,
        permanent=True,
    )


def _not_sent_error(error: StoreError) -> StoreError:
    """Give the error for those whose turn did not come."""
    return StoreError(
        str(error),
        error.advice,
        asked=error.asked,
        status=error.status,
        code=error.code,
        permanent=error.permanent,
        retry_after=error.retry_after,
    )


def add_note(store: HttpClient, order_id: int, text: str, *, for_customer: bool) -> Note:
    path = f"orders/{order_id}/notes"
    answer = store.ask("POST", path, json={"note": text, "customer_note": for_customer}, shape=dict)
    try:
        return wire.parse_note(answer.body)
    except WireError as error:
        raise errors.unexpected_error(f"POST /{path}", 201, str(error), wrote=True) from None


def create_coupon(store: HttpClient, wanted: Coupon) -> Coupon:
    """Create a coupon; one that is not as asked is taken out of the shop again."""
    asked = "POST /coupons"
    if problem := coupon_problem(wanted):
        raise StoreError(
            f"the coupon {wanted.code} was not created: {problem}",
            "correct the address or the [coupon] section",
            asked=asked,
            code=COUPON_INVALID,
            permanent=True,
        )
    answer = store.ask("POST", "coupons", json=wire.build_coupon_json(wanted), shape=dict)
    try:
        made = wire.parse_coupon(answer.body)
        wrong = coupon_differences(wanted, made)
    except WireError as error:
        wrong = (str(error),)
    if wrong:
        raise _undo_coupon(store, wanted.code, answer.body.get("id"), wrong)
    return made


def _undo_coupon(
    store: HttpClient, code: str, number: object, wrong: Collection[str]
) -> StoreError:
    gone = type(number) is int and _withdraw_coupon(store, number)
    left = "it was taken back" if gone else "AND IT IS STILL IN THE SHOP"
    advice = "look for a plugin that changes coupons, and at the [coupon] section"
    return StoreError(
        f"the store made another coupon than was asked for: {code}: {'; '.join(wrong)}; {left}",
        advice if gone else f"delete the coupon {code} in the shop; {advice}",
        asked="POST /coupons",
        status=201,
        code=COUPON_DIFFERS,
        permanent=True,
        effect_unknown=not gone,
    )


def _withdraw_coupon(store: HttpClient, number: int) -> bool:
    """Delete a coupon, or hide it as a draft; say whether nobody can use it any more."""
    path = f"coupons/{number}"
    try:
        store.ask("DELETE", path, {"force": "true", "_fields": "id"}, shape=dict)
    except StoreError:
        try:
            store.ask("PUT", path, {"_fields": "id"}, json={"status": "draft"}, shape=dict)
        except StoreError:
            return False
    return True


# What a coupon must be before and after WooCommerce made it, as WooCommerce corrects in silence. Pure: nothing is asked here.

# What WordPress' is_email lets pass; other addresses are dropped, and anyone may use the coupon.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
)
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
    """Say why WooCommerce would not keep to this coupon; "" where it would."""
    for address in wanted.emails:
        if not _EMAIL.fullmatch(address.strip()):
            return "WordPress takes the e-mail address of the restriction for malformed"
    for name in _AMOUNT_FIELDS:
        value = getattr(wanted, name)
        if value and _parse_amount(value) is None:
            return f"{name}: expected a number, got {value!r}"
    if wanted.expires and wanted.expires.tzinfo is None:
        return "expires: expected an aware instant"
    return ""


def coupon_differences(wanted: Coupon, made: Coupon) -> tuple[str, ...]:
    """Say in what the coupon that the shop made is not the one that was asked for."""
    return tuple(_find_differences(wanted, made))


def _find_differences(wanted: Coupon, made: Coupon) -> Iterator[str]:
    if wanted.code.strip().lower() != made.code.lower():
        yield f"code is {made.code!r}"
    if _whole_second(wanted.expires) != _whole_second(made.expires):
        yield f"expires is {made.expires or 'never'}"
    if _restricted_emails(wanted) != _restricted_emails(made):
        yield f"it is restricted to {len(made.emails)} e-mail addresses instead of {len(wanted.emails)}"
    for name in _AMOUNT_FIELDS:
        if not _same_amount(getattr(wanted, name), getattr(made, name)):
            yield f"{name} is {getattr(made, name) or 'nothing'}"
    for name in _PLAIN_FIELDS:
        if getattr(wanted, name) != getattr(made, name):
            yield f"{name} is {getattr(made, name)}"
    for name in ("product_ids", "category_ids"):
        if set(getattr(wanted, name)) != set(getattr(made, name)):
            yield f"{name} is {getattr(made, name)}"
    if wanted.key != made.key:
        yield "its meta was not kept"


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


def _same_amount(wanted: str, made: str) -> bool:
    asked, kept = _parse_amount(wanted), _parse_amount(made)
    if asked is None or kept is None:
        return False
    # The shop answers with its own number of decimals, and with none where it means zero.
    return asked == kept or (bool(made) and asked.quantize(kept, ROUND_HALF_UP) == kept)
