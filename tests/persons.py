"""Persons by the keys that tests read well: ``c12``, ``g:anna@example.com``."""

from wcflow.database.identity import find_persons, load_person_keys
from wcflow.database.people import load_person_ids


def person(tx, key, store="shop"):
    """Return the id of the person with this key, or nothing."""
    return find_persons(tx, store, [key]).get(key)


def keys(tx, store="shop"):
    """Return the key of everyone that the store has something of, by id."""
    return load_person_keys(tx, store, load_person_ids(tx, store))
