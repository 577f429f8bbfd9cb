"""The sandbox's companion plugin fulfils the contract of every one, with both order storages."""

from datetime import timedelta
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.store.contract", "tests.store.companion_contract")

from tests.store.companion_contract import CompanionContract  # noqa: E402  rewritten first
from tests.store.contract import StoreApi  # noqa: E402
from tests.store.test_contract import InProcessApi  # noqa: E402
from wcflow.sandbox.store import SandboxStore  # noqa: E402


class TestInProcess(CompanionContract):
    @pytest.fixture(params=[True, False], ids=["hpos", "legacy"])
    def api(self, request: pytest.FixtureRequest) -> StoreApi:
        return InProcessApi(SandboxStore(hpos=request.param, plugins=("companion",)))

    @pytest.fixture
    def wait(self, api: Any) -> Any:
        def move_clock() -> None:
            api.now += timedelta(seconds=3)

        return move_clock
