"""The attributes of customers, orders and line items.

Importing a family registers its attributes; the order of imports is the order in the reference.
"""

from __future__ import annotations

from wcflow.rules.attributes.customer import PERSON  # isort: skip
from wcflow.rules.attributes.purchases import PURCHASES  # isort: skip
from wcflow.rules.attributes.products import PRODUCTS  # isort: skip
from wcflow.rules.attributes.membership import RANK, MEMBERSHIP  # isort: skip
from wcflow.rules.attributes.subscriptions import SUBSCRIPTIONS  # isort: skip
from wcflow.rules.attributes.standing import STANDING  # isort: skip
from wcflow.rules.attributes.order import ORDER  # isort: skip
from wcflow.rules.attributes.order import ITEM  # isort: skip
from wcflow.rules.attributes.registry import (
    ATTRIBUTES,
    Attribute,
    AttributeQuery,
    AttributeValue,
    Kind,
    find_attribute,
)

__all__ = [
    "ATTRIBUTES",
    "FAMILIES",
    "Attribute",
    "AttributeQuery",
    "AttributeValue",
    "Kind",
    "find_attribute",
]

FAMILIES = tuple(
    family.title
    for family in (
        PERSON,
        PURCHASES,
        PRODUCTS,
        MEMBERSHIP,
        RANK,
        STANDING,
        SUBSCRIPTIONS,
        ORDER,
        ITEM,
    )
)
"""The headings of the attribute tables, in order."""
