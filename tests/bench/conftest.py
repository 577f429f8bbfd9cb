"""Benchmarks run only when they are named on the command line, not with the other tests."""

import gc
import logging

import pytest
import structlog


def pytest_ignore_collect(collection_path, config):
    named = any("bench" in str(arg) for arg in config.args)
    return None if named or collection_path.name == "conftest.py" else True


@pytest.fixture(autouse=True, scope="session")
def _quiet():
    """Print no log lines between the tables."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _reset_log():
    """Keep the log quiet during all benchmarks; other tests reset it each time."""


@pytest.fixture(autouse=True)
def _clean_memory():
    """Keep the garbage of earlier benchmarks out of the measurement."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
