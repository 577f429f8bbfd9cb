"""Persons by the keys that tests read well: ``c12``, ``g:anna@example.com``."""

from wcflow.database.identity import person_keys, persons_of
from wcflow.database.people import persons


def person(tx, key, store="shop"):
    """Return the id of the person with this key, or nothing."""
    return persons_of(tx, store, [key]).get(key)


def keys(tx, store="shop"):
    """Return the key of everyone that the store has something of, by id."""
    return person_keys(tx, store, persons(tx, store))
