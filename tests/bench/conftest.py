"""Benches are timed: they run when they are named, and not with the plain tests."""

import gc
import logging

import pytest
import structlog


def pytest_ignore_collect(collection_path, config):
    named = any("bench" in str(arg) for arg in config.args)
    return None if named or collection_path.name == "conftest.py" else True


@pytest.fixture(autouse=True, scope="session")
def _quiet():
    """Have nothing printed but the tables: a line for each write would bury them."""
    plain = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.configure(**plain)


@pytest.fixture(autouse=True)
def _swept():
    """Have no bench pay for sweeping up what others before it left in the process."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
