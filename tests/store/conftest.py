"""A shop in each kind of storage; files whose laws need another make their own."""

import pytest

from wcflow.sandbox.store import SandboxStore


@pytest.fixture(params=[True, False], ids=["hpos", "legacy"])
def hpos(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def sandbox(hpos: bool) -> SandboxStore:
    return SandboxStore(hpos=hpos)
