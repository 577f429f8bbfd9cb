"""Benches are timed: they run when they are named, and not with the plain tests."""


def pytest_ignore_collect(collection_path, config):
    named = any("bench" in str(arg) for arg in config.args)
    return None if named or collection_path.name == "conftest.py" else True
