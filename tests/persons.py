"""Persons by readable keys: ``c12`` for an account, ``g:anna@example.com`` for a guest."""

from wcflow.database.identity import find_persons, load_person_keys
from wcflow.database.people import load_person_ids


def person(tx, key, store="shop"):
    """Return the id of the person with this key, or nothing."""
    return find_persons(tx, store, [key]).get(key)


def keys(tx, store="shop"):
    """Return the keys of all persons of a store, by id."""
    return load_person_keys(tx, store, load_person_ids(tx, store))
