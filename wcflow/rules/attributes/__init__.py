"""All that may be asked of a customer, an order or a line: one entry each.

Importing a family enters its attributes; the order here is that in which they are shown.
"""

from __future__ import annotations

from wcflow.rules.attributes.customer import WHO  # isort: skip
from wcflow.rules.attributes.purchases import BUYING  # isort: skip
from wcflow.rules.attributes.products import WHAT  # isort: skip
from wcflow.rules.attributes.membership import RANK, STANDING  # isort: skip
from wcflow.rules.attributes.order import ORDER  # isort: skip
from wcflow.rules.attributes.item import ITEM  # isort: skip
from wcflow.rules.attributes.registry import ATTRIBUTES, Asked, Attribute, Found, Kind, known_by

__all__ = ["ATTRIBUTES", "FAMILIES", "Asked", "Attribute", "Found", "Kind", "known_by"]

FAMILIES = tuple(family.title for family in (WHO, BUYING, WHAT, STANDING, RANK, ORDER, ITEM))
"""The headings under which attributes are shown."""
