"""The order that set something off: what may be asked only where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from wcflow.profile import in_store_currency, order_date
from wcflow.records import LineItem, Order
from wcflow.rules.attributes.finding import categories_of, each_once, name_of, skus_of, told
from wcflow.rules.attributes.registry import Family, Found, Kind, Value
from wcflow.rules.context import Context

ORDER = Family("the order", place="order")


def _of(scope: Context, answer: Callable[[Order], Value]) -> Found:
    """Answer from the order; nothing is known of one that is gone."""
    order = scope.order
    return Found(answer(order), (order.id,)) if order else Found(None)


def _text(scope: Context, answer: Callable[[Order], str]) -> Found:
    return _of(scope, lambda order: answer(order) or None)


def _listed(scope: Context, words: Callable[[LineItem], Iterable[str]]) -> Found:
    return _of(scope, lambda order: each_once(word for item in order.items for word in words(item)))


@ORDER.plain("order.id", Kind.NUMBER, "The id of the order.", "order.id > 1000")
def _id(scope: Context) -> Found:
    return _of(scope, lambda order: Decimal(order.id))


@ORDER.plain(
    "order.number",
    Kind.TEXT,
    "The number of the order, as the shop shows it.",
    "order.number starts with 'B2B-'",
)
def _number(scope: Context) -> Found:
    return _text(scope, lambda order: order.number)


@ORDER.plain(
    "order.nth",
    Kind.NUMBER,
    "Which of their paid orders it is: 1 for the first. Not known while it is unpaid.",
    "order.nth multiple of 5",
)
def _nth(scope: Context) -> Found:
    return _of(scope, lambda order: _place_among_paid(order, scope))


def _place_among_paid(order: Order, scope: Context) -> Decimal | None:
    places = (place for place, paid in enumerate(scope.paid, 1) if paid.id == order.id)
    place = next(places, None)
    return None if place is None else Decimal(place)


@ORDER.plain(
    "order.total",
    Kind.MONEY,
    "The total of the order before refunds, in the store's currency.",
    "order.total >= 50",
)
def _total(scope: Context) -> Found:
    return _of(scope, lambda order: in_store_currency(order.total, order.currency, scope.shop))


@ORDER.plain(
    "order.date", Kind.DATE, "When the order was paid, else placed.", "order.date >= 2026-01-01"
)
def _date(scope: Context) -> Found:
    return _of(scope, order_date)


@ORDER.plain(
    "order.status",
    Kind.TEXT,
    "The status of the order, by WooCommerce's name for it.",
    "order.status in ('processing', 'completed')",
)
def _status(scope: Context) -> Found:
    return _text(scope, lambda order: order.status)


@ORDER.plain("order.currency", Kind.TEXT, "The currency of the order.", "order.currency <> 'EUR'")
def _currency(scope: Context) -> Found:
    return _text(scope, lambda order: order.currency)


@ORDER.plain("order.items", Kind.NUMBER, "How many pieces were ordered.", "order.items >= 3")
def _items(scope: Context) -> Found:
    return _of(scope, lambda order: Decimal(sum(item.quantity for item in order.items)))


@ORDER.plain(
    "order.skus", Kind.LIST, "The SKUs of what was ordered.", "order.skus contains 'MUG-1'"
)
def _skus(scope: Context) -> Found:
    return _listed(scope, lambda item: skus_of(item, scope))


@ORDER.plain(
    "order.categories",
    Kind.LIST,
    "The categories of what was ordered.",
    "order.categories contains 'Books'",
)
def _categories(scope: Context) -> Found:
    return _listed(scope, lambda item: categories_of(item, scope))


@ORDER.plain(
    "order.product_names",
    Kind.LIST,
    "The names of the products that were ordered.",
    "order.product_names mentions 'gift'",
)
def _product_names(scope: Context) -> Found:
    return _listed(scope, lambda item: (name_of(item, scope),))


@ORDER.plain(
    "order.coupons",
    Kind.LIST,
    "The codes of the coupons that were used.",
    "order.coupons is not empty",
)
def _coupons(scope: Context) -> Found:
    return _of(scope, lambda order: each_once(order.coupons))


@ORDER.plain(
    "order.payment_method",
    Kind.TEXT,
    "The payment method, by WooCommerce's name for it.",
    "order.payment_method = 'bacs'",
)
def _payment_method(scope: Context) -> Found:
    return _text(scope, lambda order: order.payment_method)


@ORDER.plain(
    "order.created_via",
    Kind.TEXT,
    "Where the order was made: checkout, admin, rest-api and so on.",
    "order.created_via = 'checkout'",
)
def _created_via(scope: Context) -> Found:
    return _text(scope, lambda order: order.created_via)


@ORDER.plain(
    "order.shipping_country",
    Kind.TEXT,
    "The country the order goes to, by its two letters.",
    "order.shipping_country not in ('DE', 'AT')",
)
def _shipping_country(scope: Context) -> Found:
    return _text(scope, lambda order: order.country)


@ORDER.plain(
    "order.is_first",
    Kind.YESNO,
    "No paid order of theirs came before it.",
    "order.is_first",
)
def _is_first(scope: Context) -> Found:
    def first(order: Order) -> bool:
        mine = (order_date(order), order.id)
        return all((order_date(paid), paid.id) >= mine for paid in scope.paid)

    return _of(scope, first)


@ORDER.plain(
    "order.refund_total",
    Kind.MONEY,
    "How much of the order was refunded, in the store's currency.",
    "order.refund_total > 0",
)
def _refund_total(scope: Context) -> Found:
    def refunded(order: Order) -> Decimal | None:
        total = sum(refund.total for refund in order.refunds)
        return in_store_currency(total, order.currency, scope.shop)

    return _of(scope, refunded)


# An order without a note is known to have none: "not order.customer_note mentions 'gift'" holds.
@ORDER.plain(
    "order.customer_note",
    Kind.TEXT,
    "What the customer wrote at the checkout.",
    "order.customer_note mentions any ('gift', 'present')",
)
def _customer_note(scope: Context) -> Found:
    return _of(scope, lambda order: order.customer_note)


@ORDER.keyed(
    "order.meta.KEY",
    Kind.TEXT,
    "What the order's meta says under this key, a text, number or date.",
    "order.meta.delivery_day = today",
)
def _meta(scope: Context, key: str) -> Found:
    return told(scope.order.meta.get(key, ""), (scope.order,)) if scope.order else Found(None)
