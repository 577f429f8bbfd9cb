"""Orders as the mirror holds them: what stands in their detail is read when it is first asked for.

Who judges people asks most of their orders for no more than a date, a status and an amount.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from wcflow.database.mapping import addresses_of, bought_of, history_of
from wcflow.frozen import maker
from wcflow.records import Order, StatusChange

_ADDRESSES = ("billing", "shipping")
_BOUGHT = ("items", "refunds", "coupons", "meta")
_NO_REFUNDS = '"refunds":[]'
_whole = attrgetter(*(each.name for each in fields(Order)))


class _Held(Order):
    """An order that is read as far as it is asked."""

    __slots__ = ("country", "detail")

    def __getattr__(self, name: str) -> Any:
        """Read the detail: Python asks here for what is not there yet."""
        if name == "country":  # of a row that an earlier version wrote
            return Order.country.fget(self)  # type: ignore[attr-defined]  # a property
        # Apart, for rules seldom ask for addresses.
        if name in _BOUGHT:
            self._take(_BOUGHT, bought_of(self.detail))
        elif name in _ADDRESSES:
            self._take(_ADDRESSES, addresses_of(self.detail))
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def _take(self, names: Iterable[str], values: Iterable[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Order):
            return NotImplemented
        return self is other or bool(_whole(self) == _whole(other))

    __hash__ = None  # type: ignore[assignment]  # as of any order: its meta is a dict


class _Open(Order):
    """An order being made: as open as any object, and laid out as one that is held."""

    __slots__ = ("country", "detail")
    __setattr__ = object.__setattr__


_new, _at, _change = object.__new__, datetime.fromtimestamp, maker(StatusChange)


def held_order(columns: Iterable[Any]) -> Order:
    """Give the order of a row's columns, without the store, as they stand in the table.

    It equals what :func:`wcflow.database.mapping.order_from` gives. Raises msgspec.DecodeError where it
    is asked for what its detail should tell and does not.
    """
    order: Any = _new(_Open)
    # fmt: off
    (
        order.id, order.number, order.status, order.currency, order.total, order.discount_total,
        order.customer_id, order.email, created, modified, paid, completed,
        order.payment_method, order.created_via, order.customer_note, detail, history, country,
    ) = columns
    # fmt: on
    order.created, order.modified = _at(created, UTC), _at(modified, UTC)
    order.paid = None if paid is None else _at(paid, UTC)
    order.completed = None if completed is None else _at(completed, UTC)
    if (
        history == f'[["","{order.status}",{created}]]'
    ):  # of most: no change since they were first seen
        order.history = (_change("", order.status, order.created),)
    else:
        order.history = tuple(history_of(history))
    order.detail = detail
    if country is not None:
        order.country = country
    if _NO_REFUNDS in detail:  # never within a text, where quotes are escaped
        order.refunds = ()
    order.__class__ = _Held
    return order  # type: ignore[no-any-return]
