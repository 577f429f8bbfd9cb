"""What can be done for many customers at once, by the name of the action.

To add an action, write the function that plans its change, and name it in ACTIONS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.config.load import Config
from wcflow.customers import groups, notes, status, tags
from wcflow.customers.bulk import BulkChange, one_by_one
from wcflow.database.groups import find_group
from wcflow.database.sql import dumps
from wcflow.errors import UsageError


class BulkRequest(NamedTuple):
    """What an admin typed: the action's value, and the category of a note."""

    store: str
    config: Config
    value: str = ""
    category: str = ""


class BulkAction(NamedTuple):
    """An action of a bulk change.

    ``value`` says what it needs, or nothing. ``written`` is whether WooCommerce shows the change;
    ``follows`` is what the admin should know besides. ``plan`` raises UsageError.
    """

    value: str
    plan: Callable[[Connection, BulkRequest], BulkChange]
    written: bool = False
    follows: str = ""


def plan_change(
    tx: Connection, action: str, request: BulkRequest, selection: Sequence[str | None]
) -> BulkChange:
    """Return the change that a request means; raises UsageError if it is not possible.

    ``selection`` is how the customers were selected.
    """
    wanted = ACTIONS[action].value
    if wanted and not request.value.strip():
        raise UsageError(f"{action} needs a {wanted}", f"Write it after {action}.")
    if request.value and not wanted:
        raise UsageError(f"{action} has no value", f"Leave out {request.value!r}.")
    if request.category and action != "note":
        raise UsageError("only notes have a category", "Leave out --category.")
    of = dumps([action, request.value, request.category, *selection])
    return replace(ACTIONS[action].plan(tx, request), request=sha256(of.encode()).hexdigest())


def _add_tag(tx: Connection, request: BulkRequest) -> BulkChange:
    tag = tags.find_spelling(tx, request.store, request.value, request.config.rules)
    return BulkChange(
        partial("add the tag {} to {}".format, tag),
        partial("added the tag {} to {}".format, tag),
        lambda tx, store, persons, by: tags.add_tag_to_many(tx, store, persons, tag, by),
    )


def _remove_tag(tx: Connection, request: BulkRequest) -> BulkChange:
    tag = tags.find_spelling(tx, request.store, request.value, request.config.rules)
    remove = partial(tags.remove_tag_from_many, respect=request.config.manual_tags == "respect")
    return BulkChange(
        partial("remove the tag {} from {}".format, tag),
        partial("removed the tag {} from {}".format, tag),
        lambda tx, store, persons, by: remove(tx, store, persons, tag, by),
    )


def _add_to_group(tx: Connection, request: BulkRequest) -> BulkChange:
    group = find_group(tx, request.store, groups.clean_name(request.value))
    return BulkChange(
        partial("add {1} to the group {0}".format, group),
        partial("added {1} to the group {0}".format, group),
        lambda tx, store, persons, by: groups.add_many(tx, store, persons, group, by),
    )


def _remove_from_group(tx: Connection, request: BulkRequest) -> BulkChange:
    group = groups.find_existing(tx, request.store, request.value)
    return BulkChange(
        partial("remove {1} from the group {0}".format, group),
        partial("removed {1} from the group {0}".format, group),
        lambda tx, store, persons, by: groups.remove_many(tx, store, persons, group, by),
    )


def _set_status(word: str, _tx: Connection, _request: BulkRequest) -> BulkChange:
    return BulkChange(
        partial("set {1} to {0}".format, word),
        partial("set {1} to {0}".format, word),
        partial(status.set_many, inactive=word == "inactive"),
    )


def _note(_tx: Connection, request: BulkRequest) -> BulkChange:
    category, text = notes.find_category(request.category or "General"), request.value
    return BulkChange(
        partial("write a note ({}) about {}".format, category),
        partial("wrote a note ({}) about {}".format, category),
        one_by_one(
            lambda tx, store, person, by: notes.add_note(
                tx, store, person, text, by, category=category
            )
        ),
    )


_GROUPS = "wcflow keeps groups. Rules that use them are evaluated with the next sync."
ACTIONS = {
    "add-tag": BulkAction("TAG", _add_tag, written=True),
    "remove-tag": BulkAction("TAG", _remove_tag, written=True),
    "add-to-group": BulkAction("GROUP", _add_to_group, follows=_GROUPS),
    "remove-from-group": BulkAction("GROUP", _remove_from_group, follows=_GROUPS),
    "activate": BulkAction(
        "",
        partial(_set_status, "active"),
        written=True,
        follows="Workflows with the trigger customer_enabled start for those who were inactive.",
    ),
    "deactivate": BulkAction("", partial(_set_status, "inactive"), written=True),
    "note": BulkAction("TEXT", _note, follows="Only your team sees it."),
}
