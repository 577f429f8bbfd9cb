"""The store: a pure state machine that answers requests as WooCommerce does.

It has no clock and no randomness: `now` is an argument of every request and every action. The
methods are what customers and the store's staff do, without a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from wcflow.sandbox import (
    coupons,
    customers,
    dispatch,
    meta,
    notes,
    order_changes,
    orders,
    pages,
    products,
    values,
)
from wcflow.sandbox.auth import ADMIN, MANAGER, READER
from wcflow.sandbox.companion_shop import CompanionShop
from wcflow.sandbox.companion_tables import record_change
from wcflow.sandbox.money import parse_money
from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.rest import Request, Response, RestError
from wcflow.sandbox.state import STATUSES, Customer, Mail, Order, Product, SiteSettings, State
from wcflow.sandbox.zone import Zone

STORE_ID = "7b1c5f0e-2a64-4c39-9d6e-0f1a2b3c4d5e"
PLUGINS = frozenset({"companion", "subscriptions"})


class SandboxStore:
    """A simulated WooCommerce store."""

    def __init__(
        self,
        *,
        zone: str = "Europe/Berlin",
        currency: str = "USD",
        hpos: bool = True,
        name: str = "Shop",
        version: str = "10.2.4",
        coupons_enabled: bool = True,
        any_holds_drafts: bool = True,
        fold: int = 0,
        store_id: str = STORE_ID,
        permalinks: bool = True,
        more_statuses: Mapping[str, str] | None = None,
        plugins: Iterable[str] = (),
    ) -> None:
        """Make an empty store with three keys: ADMIN, READER and MANAGER.

        `more_statuses` are those of plugins, by slug and name; `fold` decides how timestamps in
        autumn's repeated hour are stored (see Zone). `plugins`: "companion", "subscriptions".
        """
        settings = SiteSettings(
            zone=Zone(zone, fold),
            currency=currency,
            hpos=hpos,
            name=name,
            version=version,
            coupons_enabled=coupons_enabled,
            any_holds_drafts=any_holds_drafts,
            store_id=store_id,
            permalinks=permalinks,
            statuses={**STATUSES, **(more_statuses or {})},
            plugins=frozenset(plugins),
        )
        keys = {key.consumer_key: key for key in (ADMIN, READER, MANAGER)}
        self.state = State(settings, keys)

    def answer(self, request: Request, now: datetime) -> Response:
        """Answer one request; without permalinks /wp-json is not found."""
        if not request.rest or not self.state.settings.permalinks:
            return pages.answer_page(self.state, request, now)
        return dispatch.answer_request(self.state, request, now)

    # What customers do.

    def register(
        self,
        email: str,
        *,
        now: datetime,
        first_name: str = "",
        last_name: str = "",
        username: str | None = None,
        role: str = "customer",
        billing: Mapping[str, str] | None = None,
        shipping: Mapping[str, str] | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> int:
        """Register an account; names and e-mail are copied to the billing address."""
        requested = {
            "email": email,
            "username": username,
            "password": "chosen",
            "first_name": first_name,
            "last_name": last_name,
            "billing": {
                "email": email,
                "first_name": first_name,
                "last_name": last_name,
                **(billing or {}),
            },
            "shipping": shipping,
            "meta_data": [{"key": key, "value": value} for key, value in (meta or {}).items()],
        }
        number: int = customers.create(self.state, ADMIN, requested, now).body["id"]
        if role != "customer":
            # WordPress creates these accounts itself, without WooCommerce's `date_modified`.
            self.state.customers[number].role = role
            self.state.customers[number].modified = None
        return number

    def place_order(
        self,
        *,
        now: datetime,
        customer: int = 0,
        email: str = "",
        items: Iterable[LineItem | tuple[int, int]] = (),
        status: str = "processing",
        currency: str | None = None,
        created_via: str = "checkout",
        coupon_codes: Iterable[str] = (),
        meta: Mapping[str, Any] | None = None,
        billing: Mapping[str, str] | None = None,
        shipping: Mapping[str, str] | None = None,
        payment_method: str = "stripe",
        customer_note: str = "",
        number: str | None = None,
        fees: Iterable[tuple[str, str]] = (),
        parent: int = 0,
    ) -> int:
        """Place an order, as a guest or with an account, and return its id."""
        stamp = self.state.order_stamp(now)
        order = Order(0, "pending", currency or self.state.settings.currency, stamp, stamp)
        order.created_via, order.payment_method = created_via, payment_method
        order.customer_id, order.customer_note = customer, customer_note
        order.parent_id = parent
        self._address(order, email, billing or {}, shipping or {})
        order.items = orders.build_items(self.state, items)
        order.fees = orders.build_fees(self.state, fees)
        orders.apply_coupons(self.state, order, coupon_codes, now)
        order.id = self.state.numbers.take("post")
        order.number = number or str(order.id)
        self.state.orders[order.id] = order
        order_changes.set_first_status(self.state, order, status, now)
        order_changes.edit_meta(self.state, order, _meta_rows(meta or {}), now)
        return order.id

    def lose_dates(self, order_id: int) -> None:
        """Remove all dates of an order but that of its last change, as a bad import does."""
        order = self._order(order_id)
        order.undated, order.paid, order.completed, order.cached_json = True, None, None, ""

    def pay(self, order_id: int, *, now: datetime) -> None:
        """Pay an order, which then is processing."""
        order_changes.pay(self.state, self._order(order_id), now)

    def change_email(self, customer_id: int, email: str, *, now: datetime) -> None:
        """Change the e-mail address of an account; orders keep the old one."""
        customers.update(self.state, ADMIN, customer_id, {"email": email}, now)

    # What staff do with orders.

    def set_status(self, order_id: int, status: str, *, now: datetime) -> None:
        """Change an order's status."""
        order_changes.set_status(self.state, self._order(order_id), status, now)

    def complete(self, order_id: int, *, now: datetime) -> None:
        self.set_status(order_id, "completed", now=now)

    def cancel(self, order_id: int, *, now: datetime) -> None:
        self.set_status(order_id, "cancelled", now=now)

    def fail(self, order_id: int, *, now: datetime) -> None:
        """Mark an order's payment as failed."""
        self.set_status(order_id, "failed", now=now)

    def hold(self, order_id: int, *, now: datetime) -> None:
        self.set_status(order_id, "on-hold", now=now)

    def refund(
        self,
        order_id: int,
        amount: str | Decimal | None = None,
        *,
        now: datetime,
        reason: str = "",
    ) -> int:
        """Refund an amount, or the rest, and return the refund's id."""
        order = self._order(order_id)
        back = order.remaining if amount is None else parse_money(amount)
        return order_changes.refund(self.state, order, back, reason, now).id

    def delete_refund(self, order_id: int, refund_id: int, *, now: datetime) -> None:
        """Delete a refund; `now` is unused, because `date_modified` stays."""
        del now
        order_changes.delete_refund(self.state, self._order(order_id), refund_id)

    def trash(self, order_id: int, *, now: datetime) -> None:
        """Move an order to the trash."""
        order_changes.trash(self.state, self._order(order_id), now)

    def untrash(self, order_id: int, *, now: datetime) -> None:
        """Restore an order from the trash."""
        order_changes.untrash(self.state, self._order(order_id), now)

    def delete_order(self, order_id: int) -> None:
        """Delete an order permanently."""
        order_changes.delete(self.state, self._order(order_id))

    def edit_items(
        self, order_id: int, items: Iterable[LineItem | tuple[int, int]], *, now: datetime
    ) -> None:
        """Replace the lines of an order."""
        lines = orders.build_items(self.state, items)
        order_changes.edit_items(self.state, self._order(order_id), lines, now)

    def save_items(self, order_id: int, items: Iterable[LineItem | tuple[int, int]]) -> None:
        """Save the lines of an order that is already visible; `date_modified` stays."""
        order = self._order(order_id)
        order.items, order.cached_json = orders.build_items(self.state, items), ""

    def edit_order_meta(self, order_id: int, key: str, value: Any, *, now: datetime) -> None:
        """Change a custom field of an order, as in WordPress's editor; None deletes it."""
        order_changes.edit_meta(self.state, self._order(order_id), _meta_rows({key: value}), now)

    def edit_billing(self, order_id: int, *, now: datetime, **fields: str) -> None:
        """Change an order's billing address; legacy storage keeps `date_modified`."""
        order = self._order(order_id)
        order.billing |= fields
        order_changes.save(self.state, order, now, everywhere=False)

    def assign_order(self, order_id: int, customer_id: int, *, now: datetime) -> None:
        """Assign an order to a customer; 0 makes it a guest order."""
        order = self._order(order_id)
        order.customer_id = customer_id
        order_changes.save(self.state, order, now, everywhere=False)

    def add_note(
        self,
        order_id: int,
        text: str,
        *,
        now: datetime,
        customer_note: bool = False,
        author: str = "admin",
    ) -> int:
        """Add a note to an order and return its id."""
        order = self._order(order_id)
        note = notes.add(self.state, order, text, now, customer_note=customer_note, author=author)
        return note.id

    # What staff do with accounts, coupons and products.

    def edit_customer(self, customer_id: int, *, now: datetime, **fields: Any) -> None:
        """Change an account's names, addresses or role."""
        customer = self._customer(customer_id)
        customer.role = fields.pop("role", customer.role)
        customers.update(self.state, ADMIN, customer_id, fields, now)

    def edit_customer_meta(self, customer_id: int, key: str, value: Any, *, now: datetime) -> None:
        """Change a user meta row as a plugin does; `date_modified` stays."""
        customer = self._customer(customer_id)
        meta.set_meta(customer.meta, key, value, self.state.numbers, "usermeta")
        customer.cached_json.clear()
        record_change(self.state, "customer", customer_id, "saved", now)

    def delete_customer(self, customer_id: int, *, now: datetime) -> None:
        """Delete an account; its orders become guest orders."""
        customers.delete(self.state, ADMIN, customer_id, now, force=True)

    def add_coupon(self, code: str, *, now: datetime, **fields: Any) -> int:
        """Create a coupon, with fields as in the REST API, and return its id."""
        number: int = coupons.create(self.state, {"code": code, **fields}, now).body["id"]
        return number

    def delete_coupon(self, code: str) -> None:
        """Move a coupon to the trash, as an admin does."""
        coupon = coupons.find_by_code(self.state, code)
        assert coupon is not None, f"there is no coupon {code}"
        coupons.delete(self.state, coupon.id, force=False)

    def enable_coupons(self, *, enabled: bool) -> None:
        """Enable or disable coupons in the store's settings."""
        self.state.settings = replace(self.state.settings, coupons_enabled=enabled)

    def add_product(
        self,
        name: str,
        *,
        now: datetime,
        price: str = "10.00",
        sku: str = "",
        categories: Iterable[str] = (),
        tags: Iterable[str] = (),
    ) -> int:
        """Create a product, with categories and tags by name, and return its id."""
        product = products.add(
            self.state,
            name,
            now,
            price=price,
            sku=sku,
            categories=tuple(categories),
            tags=tuple(tags),
        )
        return product.id

    def edit_product(self, product_id: int, *, now: datetime, **fields: Any) -> None:
        """Change a product's name, price, sku, status, categories or tags."""
        products.edit(self.state, self._product(product_id), now, fields)

    def delete_product(self, product_id: int) -> None:
        """Delete a product; order lines then have product id 0."""
        products.delete(self.state, self._product(product_id))

    # Look-ups without a request.

    def order(self, order_id: int) -> dict[str, Any]:
        """Return an order as an administrator's key sees it."""
        return values.order_row(self.state, self._order(order_id))

    def customer(self, customer_id: int) -> dict[str, Any]:
        """Return a customer as an administrator's key sees it."""
        return customers.customer_row(self.state, self._customer(customer_id), with_meta=True)

    def coupon(self, code: str) -> dict[str, Any] | None:
        """Return a coupon by its code, or None."""
        found = coupons.find_by_code(self.state, code)
        return coupons.coupon_row(self.state, found) if found else None

    def product(self, product_id: int) -> dict[str, Any]:
        """Return a product."""
        return products.product_row(self.state, Request("GET", "/"), self._product(product_id))

    def notes(self, order_id: int) -> list[dict[str, Any]]:
        """Return the notes of an order, newest first."""
        found = notes.newest_first(self.state, order_id)
        return [values.note_row(self.state, note) for note in found]

    def order_ids(self) -> list[int]:
        """Return the ids of all orders, including those in the trash."""
        return sorted(self.state.orders)

    def customer_ids(self) -> list[int]:
        """Return the ids of all users."""
        return sorted(self.state.customers)

    def coupon_codes(self) -> list[str]:
        """Return the codes of all coupons."""
        return sorted(coupon.code for coupon in self.state.coupons.values())

    @property
    def companion(self) -> CompanionShop:
        """The companion plugin, as people in the store use it."""
        return CompanionShop(self.state)

    @property
    def mails(self) -> list[Mail]:
        """The e-mails of customer notes."""
        return self.state.mails

    def _address(
        self, order: Order, email: str, billing: Mapping[str, str], shipping: Mapping[str, str]
    ) -> None:
        customer = self.state.customers.get(order.customer_id)
        if customer:
            order.billing |= {**customer.billing, "email": customer.email}
            order.shipping |= customer.shipping
        order.billing |= billing
        order.shipping |= shipping
        if email:
            order.billing["email"] = email

    def _order(self, order_id: int) -> Order:
        return self.state.orders[order_id]

    def _customer(self, customer_id: int) -> Customer:
        if customer_id not in self.state.customers:
            raise RestError("wc_user_invalid_id", "Invalid user ID.", 404)
        return self.state.customers[customer_id]

    def _product(self, product_id: int) -> Product:
        return self.state.products[product_id]


def _meta_rows(pairs: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]
