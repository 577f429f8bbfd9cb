"""Records read from the database equal the records that were saved."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from wcflow.database.customers import load_customers, save_customers, set_customer_meta
from wcflow.database.identity import Owner
from wcflow.database.mapping import (
    customer_from_row,
    customer_to_row,
    order_from_row,
    order_to_row,
    prepare_orders,
    product_from_row,
    product_to_row,
)
from wcflow.database.orders import (
    OrderChange,
    delete_orders,
    load_orders,
    load_orders_of_people,
    save_orders,
    set_order_meta,
)
from wcflow.database.sql import dumps, loads
from wcflow.database.tables import CustomerRow, OrderRow, ProductRow
from wcflow.records import Address, Customer, LineItem, Order, Product, Refund, StatusChange

NOW = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)

# PostgreSQL stores no NUL and JSON no lone surrogate; a healthy store sends neither.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
numbers = st.integers(0, 2**63 - 1)
amounts = st.integers(-(2**63), 2**63 - 1)
instants = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda instant: instant.replace(microsecond=0)
)
metas = st.dictionaries(texts, texts, max_size=3)
addresses = st.builds(Address, **dict.fromkeys(Address.__slots__, texts))
items = st.builds(
    LineItem, numbers, numbers, numbers, texts, texts, st.integers(-5, 5), amounts, metas
)
refunds = st.builds(Refund, numbers, amounts, texts, st.none() | instants)
orders = st.builds(
    Order,
    id=numbers,
    number=texts,
    status=texts,
    currency=texts,
    total=amounts,
    discount_total=amounts,
    customer_id=numbers,
    email=texts,
    created=instants,
    modified=instants,
    paid=st.none() | instants,
    completed=st.none() | instants,
    billing=addresses,
    shipping=addresses,
    payment_method=texts,
    created_via=texts,
    customer_note=texts,
    items=st.lists(items, max_size=3).map(tuple),
    refunds=st.lists(refunds, max_size=3).map(tuple),
    coupons=st.lists(texts, max_size=3).map(tuple),
    meta=metas,
)
people = st.builds(
    Customer,
    id=numbers,
    email=texts,
    first_name=texts,
    last_name=texts,
    username=texts,
    role=texts,
    created=st.none() | instants,
    billing=addresses,
    shipping=addresses,
    meta=st.none() | metas,
)


@given(orders)
def test_an_order_is_loaded_as_it_was_saved(order):
    row = OrderRow(**order_to_row("shop", order), history="[]")

    assert order == order_from_row(row)


@given(orders, people)
def test_records_are_saved_as_canonical_json(order, customer):
    """Changes are found by comparing this text, so equal content must give equal text."""
    details = [order_to_row("shop", order)["detail"], customer_to_row("shop", customer)["detail"]]

    assert [dumps(loads(each)) for each in details] == details


@given(people)
def test_a_customer_is_loaded_with_their_account_address_else_their_billing_address(customer):
    row = CustomerRow(**customer_to_row("shop", customer))
    address = customer.email.strip().lower() or customer.billing.email.strip().lower()

    assert replace(customer, email=address) == customer_from_row(row)


@given(
    st.builds(
        Product,
        id=numbers,
        name=texts,
        sku=texts,
        categories=st.lists(texts).map(tuple),
        tags=st.lists(texts).map(tuple),
        modified=st.none() | instants,
    )
)
def test_a_product_is_loaded_as_it_was_saved(product):
    assert product == product_from_row(ProductRow(**product_to_row("shop", product)))


def order(id=1, **more):
    fields = {
        "number": str(id),
        "status": "processing",
        "currency": "USD",
        "total": 1000,
        "discount_total": 0,
        "customer_id": 0,
        "email": "anna@example.com",
        "created": NOW,
        "modified": NOW,
        "paid": None,
        "completed": None,
        "items": (LineItem(5, 7, 0, "Wallet", "w-1", 1, 1000, {"size": "L"}),),
        "meta": {"colour": "red"},
    }
    return Order(id, **{**fields, **more})


PREPARED_OR_NOT = pytest.mark.parametrize(
    "prepare", [list, partial(prepare_orders, "shop")], ids=["records", "prepared"]
)


class TestSaving:
    def test_texts_that_postgresql_cannot_hold_are_cleaned(self, database):
        with database.transaction() as tx:
            save_orders(tx, "shop", [order(customer_note="a\0b", meta={"colour": "r\0d"})])
            found = load_orders(tx, "shop", [1])[1]

        assert ("ab", {"colour": "r\0d"}) == (found.customer_note, found.meta)

    def test_an_order_counts_as_changed_only_if_its_content_changed(self, database):
        later = NOW + timedelta(hours=1)
        with database.transaction() as tx:
            first = save_orders(tx, "shop", [order()])
            same = save_orders(tx, "shop", [order(modified=later)])
            modified = load_orders(tx, "shop", [1])[1].modified
            moved = save_orders(tx, "shop", [order(customer_id=3)])

        guest = Owner(0, "anna@example.com")
        assert [OrderChange(1, None, guest)] == first
        assert ([], later) == (same, modified)
        assert [OrderChange(1, guest, Owner(3, "anna@example.com"))] == moved

    @PREPARED_OR_NOT
    def test_every_status_change_is_recorded(self, database, prepare):
        later = NOW + timedelta(hours=1)
        with database.transaction() as tx:
            save_orders(tx, "shop", prepare([order(modified=later)]))
            save_orders(tx, "shop", prepare([order(status="completed", modified=later)]))
            save_orders(tx, "shop", prepare([order(status="completed", total=5, modified=later)]))

            found = load_orders(tx, "shop", [1])[1].history
        first = StatusChange("", "processing", NOW)
        assert (first, StatusChange("processing", "completed", later)) == found

    @PREPARED_OR_NOT
    def test_a_refund_keeps_the_date_that_was_once_known(self, database, prepare):
        dated, plain = Refund(9, 100, "", NOW), Refund(9, 100)
        with database.transaction() as tx:
            save_orders(tx, "shop", prepare([order(refunds=(dated,))]))
            again = save_orders(tx, "shop", prepare([order(refunds=(plain,))]))

            assert ((dated,), []) == (load_orders(tx, "shop", [1])[1].refunds, again)

    def test_a_prepared_order_is_saved_like_any_other(self, database):
        saved = order(customer_id=3, refunds=(Refund(9, 100),), meta={"colour": "red"})
        with database.transaction() as tx:
            changes = save_orders(tx, "shop", prepare_orders("shop", [saved]))
            assert saved == replace(load_orders(tx, "shop", [1])[1], history=())
            assert (changes, []) == (
                [OrderChange(1, None, Owner(3, "anna@example.com"))],
                save_orders(tx, "shop", [saved]),
            )

    def test_orders_with_a_text_that_cannot_be_saved_stay_unprepared(self):
        """Saving them one by one then quarantines the one at fault."""
        unprepared = order(1), order(2, billing=Address(city="\ud800"))
        assert unprepared == prepare_orders("shop", unprepared)

    def test_meta_that_wcflow_wrote_is_no_change_when_it_is_read(self, database):
        with database.transaction() as tx:
            save_orders(tx, "shop", [order()])
            set_order_meta(tx, "shop", {1: {"wcflow_tags": "VIP", "colour": None}})
            changes = save_orders(tx, "shop", [order(meta={"wcflow_tags": "VIP"})])

        assert [] == changes

    def test_customer_meta_that_the_key_cannot_read_stays_unknown(self, database):
        unreadable, readable = Customer(1, "a@example.com"), Customer(2, "b@example.com", meta={})
        with database.transaction() as tx:
            save_customers(tx, "shop", [unreadable, readable])
            set_customer_meta(tx, "shop", {1: {"x": "y"}, 2: {"x": "y"}, 3: {"x": "y"}})
            found = load_customers(tx, "shop", [1, 2, 3])

        assert {1: unreadable, 2: replace(readable, meta={"x": "y"})} == found

    def test_orders_of_people_are_found_by_account_and_guest_address_oldest_first(self, database):
        with database.transaction() as tx:
            save_orders(
                tx,
                "shop",
                [
                    order(1, created=NOW, customer_id=5, email="x@example.com"),
                    order(2, created=NOW - timedelta(days=1)),
                    order(3, created=NOW, customer_id=6),
                    order(4, created=NOW, email="other@example.com"),
                ],
            )
            save_orders(tx, "other", [order(1, customer_id=5)])
            found = load_orders_of_people(tx, "shop", [5], ["anna@example.com"])

        assert [2, 1] == [each.id for each in found]

    def test_more_ids_than_fit_one_statement_are_found(self, database):
        ids = range(1, 1301)
        with database.transaction() as tx:
            save_orders(tx, "shop", [order(id) for id in ids])
            found = load_orders(tx, "shop", ids)
            deleted = delete_orders(tx, "shop", ids)

        assert (set(ids), 1300) == (set(found), len(deleted))
