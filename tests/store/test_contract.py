"""The sandbox fulfils the contract of every store, in process and over HTTP, with any settings."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from woocommerce import API

pytest.register_assert_rewrite("tests.store.contract")

from tests.store.contract import Answer, StoreApi, StoreContract  # noqa: E402  rewritten first
from wcflow.sandbox.auth import ADMIN  # noqa: E402
from wcflow.sandbox.rest import Basic, Request  # noqa: E402
from wcflow.sandbox.server import serve  # noqa: E402
from wcflow.sandbox.store import SandboxStore  # noqa: E402

NOW = datetime(2026, 11, 22, 19, 20, 8, tzinfo=UTC)


class InProcessApi:
    """Access without a network; each call moves the clock."""

    def __init__(self, api: SandboxStore) -> None:
        self.api = api
        self.now = NOW

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._send("GET", path, params)

    def post(self, path: str, json: Any, params: Mapping[str, Any] | None = None) -> Answer:
        return self._send("POST", path, params, json)

    def put(self, path: str, json: Any, params: Mapping[str, Any] | None = None) -> Answer:
        return self._send("PUT", path, params, json)

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._send("DELETE", path, params)

    def _send(
        self, method: str, path: str, params: Mapping[str, Any] | None, json: Any = None
    ) -> Answer:
        self.now += timedelta(seconds=0.4)
        key = Basic(ADMIN.consumer_key, ADMIN.consumer_secret)
        request = Request(method, path, params or {}, json, key)
        response = self.api.answer(request, self.now)
        return Answer(response.status, response.headers, response.json)


class HttpApi:
    """Access over HTTP by the woocommerce library, which signs with OAuth."""

    def __init__(self, url: str) -> None:
        self.api = API(url, ADMIN.consumer_key, ADMIN.consumer_secret)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._answer(self.api.get(_endpoint(path), params=params))

    def post(self, path: str, json: Any, params: Mapping[str, Any] | None = None) -> Answer:
        return self._answer(self.api.post(_endpoint(path), json, params=params))

    def put(self, path: str, json: Any, params: Mapping[str, Any] | None = None) -> Answer:
        return self._answer(self.api.put(_endpoint(path), json, params=params))

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._answer(self.api.delete(_endpoint(path), params=params))

    def _answer(self, response: requests.Response) -> Answer:
        return Answer(response.status_code, response.headers, response.json())


def _endpoint(path: str) -> str:
    return path.removeprefix("/wc/v3/")


class TestInProcess(StoreContract):
    """The store in process, with each zone and storage."""

    @pytest.fixture(
        params=[
            ("Europe/Berlin", True),
            ("Europe/Berlin", False),
            ("America/New_York", True),
            ("UTC", False),
        ],
        ids=lambda each: f"{each[0]}-{'hpos' if each[1] else 'legacy'}",
    )
    def api(self, request: pytest.FixtureRequest) -> StoreApi:
        zone, hpos = request.param
        return InProcessApi(SandboxStore(zone=zone, hpos=hpos))


class TestOverHttp(StoreContract):
    """The same store behind a socket."""

    @pytest.fixture
    def api(self) -> Iterator[StoreApi]:
        with serve(SandboxStore()) as server:
            yield HttpApi(server.url)
