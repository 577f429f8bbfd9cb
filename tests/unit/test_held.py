"""An order as the mirror holds it is the order that the shop told, however little of it is asked."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_rows import orders
from wcflow.database.held import held_order
from wcflow.database.mapping import order_row
from wcflow.database.sql import dumps, stamp, table_of
from wcflow.database.tables import OrderRow
from wcflow.records import Order, StatusChange

MADE = datetime(2026, 5, 4, tzinfo=UTC)
ORDER = Order(
    id=7,
    number="7",
    status="completed",
    currency="EUR",
    total=1000,
    discount_total=0,
    customer_id=3,
    email="anna@example.com",
    created=MADE,
    modified=MADE,
    paid=MADE,
    completed=None,
)
NAMES = [column.name for column in table_of(OrderRow).columns if column.name != "store"]


def held(order, **changes):
    """Give an order as the mirror gives it, with these columns changed."""
    history = [[each.before, each.after, stamp(each.at)] for each in order.history]
    row = {**order_row("shop", order), "history": dumps(history), **changes}
    return held_order([row[name] for name in NAMES])


@st.composite
def with_history(draw):
    """An order with changes of status: none, its first sight, or more."""
    order = draw(orders)
    seen = (StatusChange("", order.status, order.created),)
    more = (*seen, StatusChange(order.status, "trash", order.modified))
    other = (StatusChange("", "another", order.created),)
    return replace(order, history=draw(st.sampled_from([(), seen, more, other])))


@given(with_history())
def test_it_equals_what_was_kept(order):
    assert order == held(order)
    assert held(order) == order
    assert held(order) == held(order)


@given(with_history(), st.sampled_from([each.name for each in fields(Order)]))
def test_each_part_is_the_same_whichever_is_asked_first(order, name):
    assert getattr(order, name) == getattr(held(order), name)


@given(with_history())
def test_it_is_another_where_one_part_is(order):
    assert held(order) != replace(order, meta={**order.meta, "another": "1"})
    assert held(order) != replace(order, total=order.total + 1)
    assert held(order) != order.id


@given(with_history())
def test_a_copy_with_a_change_has_all_the_rest(order):
    assert replace(order, status="trash") == replace(held(order), status="trash")


@given(with_history())
def test_a_row_of_an_earlier_version_tells_the_country_by_its_detail(order):
    assert order.country == held(order).country == held(order, country=None).country


def test_what_is_no_part_of_an_order_is_not_there():
    with pytest.raises(AttributeError):
        _ = held(ORDER).another


def test_a_damaged_detail_is_noticed_where_it_is_asked_for_and_not_before():
    order = held(ORDER, detail="{torn")
    assert "completed" == order.status
    with pytest.raises(msgspec.DecodeError):
        _ = order.items
