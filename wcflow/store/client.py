"""The shop, asked in its own nouns: orders, customers, products, notes, coupons.

Reads give records, writes give what became of them, and only StoreError is raised. Lists of orders
are asked for as page 1 alone: a second page of a set that moves would miss rows. What to ask for
when, and what to do with it, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple, Unpack

from wcflow.errors import StoreError
from wcflow.records import Coupon, Customer, Note, Order, Product, Refund
from wcflow.store import errors, quick, wire, writes
from wcflow.store.fields import Json, identity, meta
from wcflow.store.http import Answer, How, Params
from wcflow.store.listing import (
    Filters,
    Listing,
    Reader,
    Unreadable,
    UnreadableRowError,
    all_of,
    ids,
    listing,
    order_params,
    range_params,
    sound,
)
from wcflow.store.retry import Portion

__all__ = ["Listing", "Store", "Unreadable", "UnreadableRowError"]

_MOST = 100
_BY_ID: Params = {"orderby": "id", "order": "asc"}
_ALL_ROLES: Params = {"role": "all", **_BY_ID}


class Refunds(NamedTuple):
    """Refunds by id, with their dates, and those that could not be understood."""

    found: dict[int, Refund]
    unreadable: tuple[Unreadable, ...] = ()


class Store(Reader):
    """One WooCommerce shop."""

    def __init__(self, name: str, url: str, key: str, secret: str, **how: Unpack[How]) -> None:
        super().__init__(name, url, key, secret, **how)
        self._batch = Portion(writes.BATCH, least=1)
        self._unbatched: set[str] = set()
        self._lists_refunds = True

    # Orders

    def orders(
        self,
        *,
        meta_keys: frozenset[str] = frozenset(),
        page_size: int | None = None,
        **filters: Unpack[Filters],
    ) -> Listing[Order]:
        """Give the first page of the orders that match, or with ``include`` all of those."""
        params = {**order_params(filters), "_fields": _order_fields(meta_keys)}
        read = partial(wire.order, keep=meta_keys)
        parse = partial(quick.orders_in, keep=meta_keys)
        if wanted := filters.get("include", ()):
            return self.included("orders", wanted, params, read, parse)
        return self.page("orders", params, read, page_size, parse)

    def order_ids(
        self, *, page_size: int | None = None, **filters: Unpack[Filters]
    ) -> Listing[tuple[int, datetime]]:
        """Give the orders that match, as ids and when they changed last."""
        params = {**order_params(filters), "_fields": "id,date_modified_gmt"}
        if wanted := filters.get("include", ()):
            return self.included("orders", wanted, params, wire.changed)
        return self.page("orders", params, wire.changed, page_size)

    def count_orders(self, **filters: Unpack[Filters]) -> int:
        """Count the orders that match: a small request, whatever their number."""
        given = {**order_params(filters), "include": ids(filters.get("include", ()))}
        answer = self.ask("GET", "orders", {**given, "per_page": 1, "_fields": "id"})
        return _total("GET /orders", answer)

    def order(self, order_id: int, meta_keys: frozenset[str] = frozenset()) -> Order | None:
        """Give one order, also from the trash; None where it was deleted for good."""
        path = f"orders/{order_id}"
        return self.one(path, _order_fields(meta_keys), partial(wire.order, keep=meta_keys))

    def orders_meta(self, order_ids: Collection[int]) -> dict[int, dict[str, str]]:
        """Give the meta of orders as it is now; deleted and trashed ones are absent."""
        params = {"status": "any", **_BY_ID, "_fields": "id,meta_data"}
        found = self.included("orders", order_ids, params, lambda row: (row["id"], meta(row)))
        return dict(all_of("GET /orders", found))

    def notes(self, order_id: int) -> tuple[Note, ...]:
        """Give all notes of an order, in the order in which WooCommerce tells them."""
        path = f"orders/{order_id}/notes"
        answer = self.ask("GET", path, {"_fields": "id,note,customer_note"})
        return all_of(f"GET /{path}", listing(answer, wire.note))

    # Refunds

    def refunds(self, orders: Iterable[Order], known: Container[int] = ()) -> Refunds:
        """Give the refunds of ``orders`` with their dates, which orders do not tell.

        Left out are those that have a date or are in ``known``.
        """
        wanted = {
            refund.id: order
            for order in orders
            for refund in order.refunds
            if refund.date is None and refund.id not in known
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
        self, *, page_size: int | None = None, **filters: Unpack[Filters]
    ) -> Listing[tuple[int, datetime]]:
        """Give the refunds that match, as ids and when they were made."""
        params = {**order_params(filters), "status": "", "_fields": "id,date_created_gmt"}
        if wanted := filters.get("include", ()):
            return self.included("refunds", wanted, params, wire.made)
        return self.page("refunds", params, wire.made, page_size)

    def count_refunds(self, **filters: Unpack[Filters]) -> int | None:
        """Count the refunds made in a time; None where the shop has no list of them."""
        try:
            answer = self.ask(
                "GET", "refunds", {**range_params(filters), "per_page": 1, "_fields": "id"}
            )
        except StoreError as error:
            if error.code != errors.NO_ROUTE:
                raise
            return None  # WooCommerce before 9.0
        return _total("GET /refunds", answer)

    def _refunds_by_id(self, wanted: Mapping[int, Order]) -> Refunds:
        def read(row: Json) -> Refund:
            return wire.refund(row, wanted[row["id"]].currency)

        params = {**_BY_ID, "_fields": wire.REFUND_FIELDS}
        return _refunds(self.included("refunds", wanted, params, read))

    def _refunds_by_order(self, wanted: Mapping[int, Order]) -> Refunds:
        of_orders = {order.id: order.currency for order in wanted.values()}
        told = [self._refunds_of(number, of_orders[number]) for number in of_orders]
        return Refunds(
            {key: refund for each in told for key, refund in each.found.items() if key in wanted},
            tuple(row for each in told for row in each.unreadable),
        )

    def _refunds_of(self, order_id: int, currency: str) -> Refunds:
        path = f"orders/{order_id}/refunds"
        answer = self.ask("GET", path, {"per_page": _MOST, "_fields": wire.REFUND_FIELDS})
        return _refunds(listing(answer, lambda row: wire.refund(row, currency)))

    # Customers

    def customers(self, include: Collection[int], *, whoever: bool = False) -> Listing[Customer]:
        """Give these customers, whatever their role.

        One that is neither among the rows nor unreadable does not exist, unless ``full`` says that
        the shop held rows back. ``whoever``: they were not chosen for what they are, so that where
        none can be understood it is the shop's fault, and a StoreError.
        """
        params = {**_ALL_ROLES, "_fields": wire.CUSTOMER_FIELDS}
        found = self.included("customers", include, params, wire.customer)
        return sound("GET /customers", found) if whoever else found

    def newest_customer_ids(self, count: int) -> Listing[int]:
        """Give the ids of the customers who registered last, the newest first; at most 100."""
        params = {**_ALL_ROLES, "order": "desc", "_fields": "id"}
        return self.page("customers", params, identity, min(count, _MOST))

    def customer(self, customer_id: int) -> Customer | None:
        """Give one customer; None where there is none."""
        return self.one(f"customers/{customer_id}", wire.CUSTOMER_FIELDS, wire.customer)

    def customers_meta(self, customer_ids: Collection[int]) -> dict[int, dict[str, str] | None]:
        """Give the meta of customers as it is now; None where this key may not read it."""

        def read(row: Json) -> tuple[int, dict[str, str] | None]:
            return row["id"], wire.readable_meta(row)

        params = {**_ALL_ROLES, "_fields": "id,meta_data"}
        return dict(
            all_of("GET /customers", self.included("customers", customer_ids, params, read))
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
        page_size: int | None = None,
    ) -> Listing[Product]:
        """Give a page of products that are not in the trash, or with ``include`` all of those."""
        bounds = {"modified_after": modified_after, "modified_before": modified_before}
        params: Params = {
            **range_params(bounds),
            "orderby": orderby,
            "order": order,
            "exclude": ids(exclude),
            "page": page if page > 1 else "",
            "_fields": wire.PRODUCT_FIELDS,
        }
        if include:
            return self.included("products", include, params, wire.product)
        return self.page("products", params, wire.product, page_size)

    # Coupons

    def coupon(self, code: str) -> Coupon | None:
        """Give the coupon of this code, in whatever case it is written."""
        if not code.strip():
            return None  # an empty code would list every coupon
        answer = self.ask("GET", "coupons", {"code": code.lower()})
        found = all_of("GET /coupons", listing(answer, wire.coupon))
        return next((each for each in found if each.code.lower() == code.lower()), None)

    # Writes

    def write_meta(
        self,
        kind: Literal["customers", "orders"],
        values: Mapping[int, Mapping[str, str | None]],
    ) -> dict[int, StoreError | None]:
        """Set meta of customers or orders; None deletes a key. Say for each what went wrong."""
        return writes.write_meta(self, kind, values, self._batch, self._unbatched)

    def add_note(self, order_id: int, text: str, *, for_customer: bool = False) -> Note:
        """Add a note to an order. WooCommerce e-mails those ``for_customer``."""
        return writes.add_note(self, order_id, text, for_customer=for_customer)

    def create_coupon(self, wanted: Coupon) -> Coupon:
        """Create a coupon and make sure that it is what was asked for; else take it back."""
        return writes.create_coupon(self, wanted)


def _total(asked: str, answer: Answer) -> int:
    if answer.total is None:
        why = "expected an X-WP-Total header, which a proxy may have taken away"
        raise errors.unexpected(asked, 200, why, wrote=False)
    return answer.total


def _refunds(told: Listing[Refund]) -> Refunds:
    return Refunds({refund.id: refund for refund in told.rows}, told.unreadable)


def _order_fields(meta_keys: frozenset[str]) -> str:
    return wire.ORDER_FIELDS + (",meta_data" if meta_keys else "")
