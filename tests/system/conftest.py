"""Commands in this process retry without long waits; ``unit/test_client_retry`` checks the waits."""

import pytest

from wcflow.store import retry


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(retry, "_FIRST", 0.002)
