"""A sandbox store with each kind of order storage."""

import pytest

from wcflow.sandbox.store import SandboxStore


@pytest.fixture(params=[True, False], ids=["hpos", "legacy"])
def hpos(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def sandbox(hpos: bool) -> SandboxStore:
    return SandboxStore(hpos=hpos)
