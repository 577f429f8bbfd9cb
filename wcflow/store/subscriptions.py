"""Read subscriptions of the plugin WooCommerce Subscriptions.

Source: its public documentation of ``wc/v3/subscriptions``
(https://woocommerce.github.io/subscriptions-rest-api-docs/). Subscriptions are orders with further
dates. Versions of the plugin differ in how they name and leave out dates, so all but the id and the
status can be missing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Literal

from wcflow.records import Subscription
from wcflow.store.fields import Json, RowReader
from wcflow.store.http import Params
from wcflow.store.listing import Listing, ListingClient, id_list, time_params
from wcflow.units import order_email

_DATES = ("start", "next_payment", "cancelled", "end")
SUBSCRIPTION_FIELDS = ",".join(
    [
        "id,status,number,currency,total,customer_id,parent_id,billing,line_items",
        "date_created_gmt,date_modified_gmt",
        *(f"{name}_date_gmt" for name in _DATES),
        *(f"{name}_date" for name in _DATES),
    ]
)
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


def list_subscriptions(
    client: ListingClient,
    *,
    exclude: Collection[int] = (),
    modified_after: datetime | None = None,
    modified_before: datetime | None = None,
    orderby: Literal["modified", "id", "date"] = "modified",
    order: Literal["asc", "desc"] = "asc",
    page: int = 1,
    offset: int = 0,
    page_size: int | None = None,
) -> Listing[Subscription]:
    """Return a page of subscriptions that are not in the trash."""
    bounds = {"modified_after": modified_after, "modified_before": modified_before}
    params: Params = {
        **time_params(bounds),
        "status": "any",
        "orderby": orderby,
        "order": order,
        "exclude": id_list(exclude),
        "page": page if page > 1 else "",
        "offset": offset or "",
        "_fields": SUBSCRIPTION_FIELDS,
    }
    return client.page("subscriptions", params, parse_subscription, page_size)


def parse_subscription(row: Json) -> Subscription:
    """Return a subscription; raises WireError without an id or a status."""
    reader = RowReader(row)
    number = reader.own_id()
    currency = reader.text("currency").strip().upper()
    billing = reader.sub_object("billing")
    address = billing.address() if billing else None
    created = reader.timestamp("date_created_gmt")
    started = _date(reader, "start")
    modified = reader.timestamp("date_modified_gmt")
    return Subscription(
        id=number,
        status=reader.required_word("status").removeprefix("wc-"),
        number=reader.text("number") or str(number),
        customer_id=reader.optional_id("customer_id") or 0,
        email=order_email(address.email, address.first_name, address.last_name) if address else "",
        parent_id=reader.reference_id("parent_id") if "parent_id" in row else 0,
        created=created or started or modified or _UNDATED,
        modified=modified or created or started or _UNDATED,
        started=started,
        next_payment=_date(reader, "next_payment"),
        cancelled=_date(reader, "cancelled"),
        ended=_date(reader, "end"),
        currency=currency,
        total=reader.money("total", currency),
        products=tuple(
            name for line in reader.objects("line_items") if (name := line.html_text("name"))
        ),
    )


def _date(reader: RowReader, name: str) -> datetime | None:
    """Return a date; the plugin writes one that is not there as "", "0", 0 or false."""
    for key in (f"{name}_date_gmt", f"{name}_date"):
        value = reader.row.get(key)
        if isinstance(value, str) and value.strip() not in ("", "0"):
            # Version 1 has a blank between date and time; all are in GMT.
            return RowReader({key: value.strip().replace(" ", "T")}).timestamp(key)
    return None
