"""Commands in this process retry without long waits; ``unit/test_client_retry`` checks the waits."""

from datetime import timedelta

import pytest

from wcflow.store import retry


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(retry, "_FIRST_BACKOFF", timedelta(milliseconds=2))
