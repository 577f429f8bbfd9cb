"""Read and write a store's orders, customers, products, notes and coupons.

The methods raise only StoreError. Lists of orders always load page 1: while orders change, a second
page would miss rows.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple, Unpack

from wcflow.errors import StoreError
from wcflow.records import Coupon, Customer, Note, Order, Product, Refund
from wcflow.store import erasing, errors, wire, writes
from wcflow.store.fields import Json, row_id
from wcflow.store.http import Answer, ClientOptions, Params
from wcflow.store.listing import (
    Listing,
    ListingClient,
    OrderFilters,
    UnreadableRow,
    build_listing,
    id_list,
    order_params,
    require_all_rows,
    require_readable,
    time_params,
)
from wcflow.store.retry import AdaptiveSize

_MAX_PAGE_SIZE = 100
_BY_ID: Params = {"orderby": "id", "order": "asc"}
_ALL_ROLES: Params = {"role": "all", **_BY_ID}


CurrentMeta = Mapping[str, str] | None
"""The meta of a customer or an order; None if its tags are unknown."""


class Refunds(NamedTuple):
    """Refunds by id, with their dates, and unreadable rows."""

    found: dict[int, Refund]
    unreadable: tuple[UnreadableRow, ...] = ()


class Store(ListingClient):
    """A WooCommerce store."""

    def __init__(
        self, name: str, url: str, key: str, secret: str, **options: Unpack[ClientOptions]
    ) -> None:
        super().__init__(name, url, key, secret, **options)
        self._batch = AdaptiveSize(writes.BATCH_SIZE, least=1)
        self._unbatched: set[str] = set()
        self._lists_refunds = True

    # Orders

    def orders(
        self,
        *,
        meta_keys: frozenset[str] = frozenset(),
        page_size: int | None = None,
        **filters: Unpack[OrderFilters],
    ) -> Listing[Order]:
        """Return the first page of the orders that match, or all orders in ``include``."""
        params = {**order_params(filters), "_fields": _order_fields(meta_keys)}
        read = partial(wire.parse_order, keep=meta_keys)
        if wanted := filters.get("include", ()):
            return self.get_by_ids("orders", wanted, params, read)
        return self.page("orders", params, read, page_size)

    def order_ids(
        self, *, page_size: int | None = None, **filters: Unpack[OrderFilters]
    ) -> Listing[tuple[int, datetime]]:
        """Return the ids and modification times of the orders that match."""
        params = {**order_params(filters), "_fields": f"id,{wire.DATE_FIELDS}"}
        if wanted := filters.get("include", ()):
            return self.get_by_ids("orders", wanted, params, wire.parse_modified)
        return self.page("orders", params, wire.parse_modified, page_size)

    def count_orders(self, **filters: Unpack[OrderFilters]) -> int:
        """Count the orders that match, in one small request."""
        params = {**order_params(filters), "include": id_list(filters.get("include", ()))}
        answer = self.request("GET", "orders", {**params, "per_page": 1, "_fields": "id"})
        return _read_total("GET /orders", answer)

    def order(self, order_id: int, meta_keys: frozenset[str] = frozenset()) -> Order | None:
        """Return an order, also from the trash, or None if it was deleted permanently."""
        path = f"orders/{order_id}"
        return self.get_one(
            path, _order_fields(meta_keys), partial(wire.parse_order, keep=meta_keys)
        )

    def orders_meta(self, order_ids: Collection[int]) -> dict[int, CurrentMeta]:
        """Return the current meta of orders; orders deleted or in the trash are missing."""
        params = {"status": "any", **_BY_ID, "_fields": "id,meta_data"}
        found = self.get_by_ids("orders", order_ids, params, wire.parse_meta)
        return dict(require_all_rows("GET /orders", found))

    def notes(self, order_id: int) -> tuple[Note, ...]:
        """Return all notes of an order, in WooCommerce's order."""
        path = f"orders/{order_id}/notes"
        answer = self.request("GET", path, {"_fields": "id,note,customer_note"})
        return require_all_rows(f"GET /{path}", build_listing(answer, wire.parse_note))

    # Refunds

    def refunds(self, orders: Iterable[Order], known: Container[int] = ()) -> Refunds:
        """Return the refunds of ``orders`` with their dates, which orders do not contain.

        Refunds that have a date, have no id of their own or are in ``known`` are omitted.
        """
        wanted = {
            refund.id: order
            for order in orders
            for refund in order.refunds
            if refund.date is None and refund.id > 0 and refund.id not in known
        }
        if wanted and self._lists_refunds:
            try:
                return self._refunds_by_id(wanted)
            except StoreError as error:
                if error.code != errors.NO_ROUTE:
                    raise
                self._lists_refunds = False  # WooCommerce before 9.0
        return self._refunds_by_order(wanted)

    def refund_dates(
        self, *, page_size: int | None = None, **filters: Unpack[OrderFilters]
    ) -> Listing[tuple[int, datetime]]:
        """Return the ids and creation times of the refunds that match."""
        params = {**order_params(filters), "status": "", "_fields": "id,date_created_gmt"}
        if wanted := filters.get("include", ()):
            return self.get_by_ids("refunds", wanted, params, wire.parse_created)
        return self.page("refunds", params, wire.parse_created, page_size)

    def count_refunds(self, **filters: Unpack[OrderFilters]) -> int | None:
        """Count the refunds created between the bounds; None if the store has no list of refunds."""
        try:
            answer = self.request(
                "GET", "refunds", {**time_params(filters), "per_page": 1, "_fields": "id"}
            )
        except StoreError as error:
            if error.code != errors.NO_ROUTE:
                raise
            return None  # WooCommerce before 9.0
        return _read_total("GET /refunds", answer)

    def _refunds_by_id(self, wanted: Mapping[int, Order]) -> Refunds:
        def read(row: Json) -> Refund:
            return wire.parse_refund(row, wanted[row_id(row)].currency)

        params = {**_BY_ID, "_fields": wire.REFUND_FIELDS}
        return _to_refunds(self.get_by_ids("refunds", wanted, params, read))

    def _refunds_by_order(self, wanted: Mapping[int, Order]) -> Refunds:
        currencies = {order.id: order.currency for order in wanted.values()}
        parts = [self._refunds_of(*each) for each in currencies.items()]
        return Refunds(
            {key: refund for each in parts for key, refund in each.found.items() if key in wanted},
            tuple(row for each in parts for row in each.unreadable),
        )

    def _refunds_of(self, order_id: int, currency: str) -> Refunds:
        path = f"orders/{order_id}/refunds"
        answer = self.request(
            "GET", path, {"per_page": _MAX_PAGE_SIZE, "_fields": wire.REFUND_FIELDS}
        )
        return _to_refunds(build_listing(answer, lambda row: wire.parse_refund(row, currency)))

    # Customers

    def customers(self, include: Collection[int], *, any_role: bool = False) -> Listing[Customer]:
        """Return these customers, of any role.

        A customer who is missing does not exist, unless the listing is ``full``. ``any_role``: raise
        StoreError if all are unreadable (the ids are a plain range, not chosen ones).
        """
        params = {**_ALL_ROLES, "_fields": wire.CUSTOMER_FIELDS}
        found = self.get_by_ids("customers", include, params, wire.parse_customer)
        return require_readable("GET /customers", found) if any_role else found

    def customers_with_email(self, email: str) -> Listing[Customer]:
        """Return the customers whose account has this address, of any role: at most one."""
        params = {**_ALL_ROLES, "email": email, "_fields": wire.CUSTOMER_FIELDS}
        return self.page("customers", params, wire.parse_customer)

    def newest_customer_ids(self, count: int) -> Listing[int]:
        """Return the ids of the newest customers, newest first; at most 100."""
        params = {**_ALL_ROLES, "order": "desc", "_fields": "id"}
        return self.page("customers", params, row_id, min(count, _MAX_PAGE_SIZE))

    def customer(self, customer_id: int) -> Customer | None:
        """Return a customer, or None if they do not exist."""
        return self.get_one(f"customers/{customer_id}", wire.CUSTOMER_FIELDS, wire.parse_customer)

    def customers_meta(self, customer_ids: Collection[int]) -> dict[int, CurrentMeta]:
        """Return the current meta of customers."""
        params = {**_ALL_ROLES, "_fields": "id,meta_data"}
        found = self.get_by_ids("customers", customer_ids, params, wire.parse_meta)
        return dict(require_all_rows("GET /customers", found))

    def can_read_meta(self, customer_id: int) -> bool:
        """Return whether the key can read customer meta: that of this customer, who must exist."""
        path = f"customers/{customer_id}"
        return (
            "meta_data" in self.request("GET", path, {"_fields": "id,meta_data"}, shape=dict).body
        )

    # Products

    def products(
        self,
        *,
        include: Collection[int] = (),
        exclude: Collection[int] = (),
        modified_after: datetime | None = None,
        modified_before: datetime | None = None,
        orderby: Literal["modified", "id", "date"] = "modified",
        order: Literal["asc", "desc"] = "asc",
        page: int = 1,
        offset: int = 0,
        page_size: int | None = None,
    ) -> Listing[Product]:
        """Return a page of products that are not in the trash, or all products in ``include``."""
        bounds = {"modified_after": modified_after, "modified_before": modified_before}
        params: Params = {
            **time_params(bounds),
            "orderby": orderby,
            "order": order,
            "exclude": id_list(exclude),
            "page": page if page > 1 else "",
            "offset": offset or "",
            "_fields": wire.PRODUCT_FIELDS,
        }
        if include:
            return self.get_by_ids("products", include, params, wire.parse_product)
        return self.page("products", params, wire.parse_product, page_size)

    # Coupons

    def coupon(self, code: str) -> Coupon | None:
        """Return the coupon with this code, ignoring case, or None."""
        if not code.strip():
            return None  # an empty code would list all coupons
        with writes.coupons_required(self):
            answer = self.request("GET", "coupons", {"code": code.lower()})
        found = require_all_rows("GET /coupons", build_listing(answer, wire.parse_coupon))
        return next((each for each in found if each.code.lower() == code.lower()), None)

    # Writes

    def write_meta(
        self,
        kind: Literal["customers", "orders"],
        values: Mapping[int, Mapping[str, str | None]],
    ) -> dict[int, StoreError | None]:
        """Set meta of customers or orders; None deletes a key. Return an error or None for each."""
        return writes.write_meta(self, kind, values, self._batch, self._unbatched)

    def update_customer(self, customer_id: int, fields: Json) -> Customer:
        """Change fields of a customer; return the customer as the store saved them."""
        return writes.update_customer(self, customer_id, fields)

    def assign_order(self, order_id: int, customer_id: int) -> Order:
        """Give an order to a customer (0: a guest); return the order as the store saved it."""
        return writes.assign_order(self, order_id, customer_id)

    def add_note(self, order_id: int, text: str, *, for_customer: bool = False) -> Note:
        """Add a note to an order. WooCommerce e-mails notes ``for_customer``."""
        return writes.add_note(self, order_id, text, for_customer=for_customer)

    def anonymize_order(self, order_id: int, kind: str = "order") -> str:
        """Take all personal data out of an order or a subscription; return what was done."""
        return erasing.anonymize_order(self, order_id, kind)

    def delete_order(self, order_id: int, kind: str = "order") -> str:
        """Delete an order or a subscription for good; return what was done, in words."""
        return erasing.delete_order(self, order_id, kind)

    def subscription_status(self, number: int) -> str | None:
        """Return the status of a subscription, "" if it does not exist, None without the plugin."""
        return erasing.subscription_status(self, number)

    def running_subscriptions(self, customer_id: int) -> list[int]:
        """Return the subscriptions of an account that can still renew; none without the plugin."""
        return erasing.running_subscriptions(self, customer_id)

    def anonymize_coupon(self, code: str) -> str:
        """Take the addresses out of a coupon; return what was done, in words."""
        return erasing.anonymize_coupon(self, code)

    def delete_customer(self, customer_id: int) -> bool:
        """Delete an account for good; return False if there is none."""
        return erasing.delete_customer(self, customer_id)

    def create_coupon(self, wanted: Coupon) -> Coupon:
        """Create a coupon; delete it again if the store created it differently."""
        return writes.create_coupon(self, wanted)


def _read_total(request: str, answer: Answer) -> int:
    if answer.total is None:
        why = "expected an X-WP-Total header (a proxy may have removed it)"
        raise errors.unexpected_error(request, 200, why, wrote=False)
    return answer.total


def _to_refunds(listing: Listing[Refund]) -> Refunds:
    return Refunds({refund.id: refund for refund in listing.rows}, listing.unreadable)


def _order_fields(meta_keys: frozenset[str]) -> str:
    return wire.ORDER_FIELDS + (",meta_data" if meta_keys else "")
