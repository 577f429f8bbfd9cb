"""What a receipt of a deletion says: what was erased, what is kept and why, and how far it is.

It names orders and accounts by their numbers only, so that it can be sent and filed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.customers.erasure import (
    ORDER_KINDS,
    SUBSCRIPTION_KINDS,
    Held,
    Orders,
    receipt_counts,
)
from wcflow.database.erasures import Erasure, Place, load_places

_CONTACT = "names, addresses, phone numbers, e-mail addresses"
_SUBSCRIPTIONS = ("{} subscription", "{} subscriptions")
_HELD: Mapping[str, tuple[str, str]] = {
    "notes": ("{} note of the team", "{} notes of the team"),
    "tasks": ("{} task", "{} tasks"),
    "events": ("{} event", "{} events"),
    "points": ("{} change of points", "{} changes of points"),
    "tiers": ("the tier", "the tiers"),
    "groups": ("{} group", "{} groups"),
    "companies": ("{} company", "{} companies"),
    "segments": ("{} segment", "{} segments"),
    "transitions": ("{} segment change", "{} segment changes"),
    "edits": ("the content of {} edit", "the content of {} edits"),
    "runs": ("the content of {} workflow run", "the content of {} workflow runs"),
    "changes": ("the content of {} change or message", "the content of {} changes or messages"),
}


class Receipt(NamedTuple):
    """A receipt with the changes in the store that belong to it."""

    erasure: Erasure
    places: tuple[Place, ...]

    @property
    def orders(self) -> tuple[Place, ...]:
        return tuple(each for each in self.places if each.kind in ORDER_KINDS.values())

    @property
    def subscriptions(self) -> tuple[Place, ...]:
        return tuple(each for each in self.places if each.kind in SUBSCRIPTION_KINDS.values())

    @property
    def failed(self) -> tuple[Place, ...]:
        """The changes that cannot go on by themselves."""
        return tuple(each for each in self.places if each.state in ("failed", "cancelled"))

    @property
    def state(self) -> str:
        """How far it is, in words."""
        if self.erasure.finished_at is not None:
            return "finished"
        far = _progress(self.orders, ("{} order", "{} orders"))
        if self.subscriptions:
            far += f" and {_progress(self.subscriptions, _SUBSCRIPTIONS)}"
        far += " done"
        if self.failed:
            return f"stopped: {_count(len(self.failed), ('{} change', '{} changes'))} failed; {far}"
        waiting = any(each.state != "done" for each in (*self.orders, *self.subscriptions))
        if waiting or not self.erasure.account:
            return f"waits for the store: {far}"
        return "waits for the store: the account"


def load_receipt(tx: Connection, erasure: Erasure) -> Receipt:
    """Return a receipt with the state of its changes in the store."""
    return Receipt(erasure, tuple(load_places(tx, erasure)))


def _count(number: int, words: tuple[str, str]) -> str:
    return words[number != 1].format(f"{number:,}")


def _progress(places: tuple[Place, ...], words: tuple[str, str]) -> str:
    done = sum(each.state == "done" for each in places)
    return f"{done:,} of {_count(len(places), words)}"


def held_words(counts: Mapping[str, int]) -> str:
    """Return what wcflow itself keeps, or has deleted, in one line."""
    found = [_count(counts[name], words) for name, words in _HELD.items() if counts.get(name)]
    return ", ".join(found) or "nothing"


def planned_words(held: Held, orders: Orders) -> tuple[list[str], list[str]]:
    """Return what would be erased, and what would be kept and why."""
    counts = receipt_counts(held)
    return [*erased_words(counts, orders)], [*kept_words(counts, orders)]


def erased_words(counts: Mapping[str, int], mode: str) -> Iterator[str]:
    """Yield what a deletion erases, in words."""
    if number := counts["orders"]:
        orders = _count(number, ("{} order", "{} orders"))
        deleted = mode == Orders.DELETE
        all_of_it = f"{orders}, with all that is in them"
        yield all_of_it if deleted else f"{_CONTACT} and order notes in {orders}"
    if number := counts.get("subscriptions", 0):
        ended = _count(number, _SUBSCRIPTIONS)
        deleted = mode == Orders.DELETE
        yield f"{ended} that ended" if deleted else f"{_CONTACT} and notes in {ended} that ended"
    if number := counts.get("coupons", 0):
        coupons = _count(number, ("{} coupon", "{} coupons"))
        yield f"the address in {coupons} of wcflow, so that no one can use what is left of them"
    if counts["accounts"]:
        yield "the customer account"
    if (ours := held_words(counts)) != "nothing":
        yield f"in wcflow: {ours}"


def kept_words(counts: Mapping[str, int], mode: str) -> Iterator[str]:
    """Yield what stays, and why."""
    if counts["orders"] and mode == Orders.ANONYMIZE:
        yield "the orders without these data, because sales have to be documented"
        yield (
            "the IP address and the browser in each order, and fields of other plugins:"
            " WooCommerce lets no other program delete them"
        )
        if number := counts.get("guest_orders", 0):
            orders = _count(number, ("{} guest order", "{} guest orders"))
            yield (
                f"what WooCommerce's analytics list of customers shows of {orders}: name, e-mail"
                " address and town, which only the eraser in WordPress deletes"
            )
    if counts.get("subscriptions") and mode == Orders.ANONYMIZE:
        yield (
            "the subscriptions without these data; the IP address, the browser and fields of other"
            " plugins stay in them as well"
        )
    if number := counts.get("subscriptions_out_of_reach", 0):
        hidden = _count(number, _SUBSCRIPTIONS)
        yield (
            f"the address in {hidden} in the store, which shows none to wcflow while WooCommerce"
            " Subscriptions is switched off"
        )
    if counts["runs"] or counts["changes"]:
        yield "which workflows have run, without content, so that nothing is done twice"
    if number := counts["codes"]:
        codes = _count(number, ("{} coupon code", "{} coupon codes"))
        yield f"{codes} without a name, so that no one else gets the same code"
    if counts["suppressed"]:
        yield "the e-mail address on the list of those that get no messages, so that none is sent"
    yield "hashes from which no address can be read, to recognize one that comes back"
