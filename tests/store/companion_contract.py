"""The contract of every companion plugin, the sandbox's and real ones.

Each test looks only at what it made itself, so it can run against a store that is in use.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.store.contract import OwnRecords, StoreApi

BASE = "/wc-wcflow/v1"
PERSON = 900_000_001
STREAMS = ("changes", "requests", "events")


class Reader:
    """Reads what a stream tells from now on."""

    def __init__(self, api: StoreApi, wait: Any, stream: str) -> None:
        self.api, self.wait, self.stream = api, wait, stream
        self.last = (0, "")
        self.wait()
        self.rows()

    def page(self, after: int, key: str, **more: Any) -> dict[str, Any]:
        params = {"after": after, "key": key, **more}
        answer = self.api.get(f"{BASE}/{self.stream}", params)
        assert answer.status == 200, answer
        return dict(answer.json)

    def rows(self) -> list[dict[str, Any]]:
        found = []
        while True:
            page = self.page(*self.last, limit=500)
            assert not page["reset"]
            found += page["rows"]
            if page["rows"]:
                self.last = (page["rows"][-1]["id"], page["rows"][-1]["key"])
            if not page["more"]:
                return found

    def of(self, kind: str, number: int) -> list[str]:
        """Wait until rows are served; return what happened to an object."""
        self.wait()
        rows = [row for row in self.rows() if (row["kind"], row["object_id"]) == (kind, number)]
        return [row["what"] for row in rows]


class CompanionContract:
    """Override ``api`` and ``wait``, which waits until rows are old enough to be served."""

    @pytest.fixture
    def api(self) -> StoreApi:
        raise NotImplementedError

    @pytest.fixture
    def wait(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def records(self, api: StoreApi, token: str) -> Iterator[OwnRecords]:
        records = OwnRecords(api, token)
        yield records
        records.clear()

    @pytest.fixture
    def token(self) -> str:
        return "companion"

    @pytest.fixture
    def changes(self, api: StoreApi, wait: Any) -> Reader:
        return Reader(api, wait, "changes")

    # What the plugin says of itself

    def test_the_status_has_what_the_daemon_needs(self, api: StoreApi):
        found = api.get(f"{BASE}/status").json

        assert ("wcflow-companion", 1) == (found["plugin"], found["protocol"])
        assert set(STREAMS) == found["streams"].keys()
        assert all({"first", "last"} == span.keys() for span in found["streams"].values())
        assert found["mail_url"].startswith("http")
        assert {"product_viewed", "category_viewed", "search", "cart_updated", "logged_in"} <= set(
            found["events"]
        )

    # Changes

    def test_an_account_is_named_when_it_is_made_saved_and_deleted(
        self, api: StoreApi, records: OwnRecords, changes: Reader
    ):
        number = records.customer()["id"]
        assert {"saved"} == {*changes.of("customer", number)}
        api.put(f"/wc/v3/customers/{number}", {"first_name": "Ada"})
        assert {"saved"} == {*changes.of("customer", number)}
        api.put(f"/wc/v3/customers/{number}", {"meta_data": [{"key": "colour", "value": "red"}]})
        assert {"saved"} == {*changes.of("customer", number)}
        api.delete(f"/wc/v3/customers/{number}", {"force": "true"})
        assert "deleted" == changes.of("customer", number)[-1]

    def test_an_order_is_named_when_it_is_saved_trashed_and_deleted(
        self, api: StoreApi, records: OwnRecords, changes: Reader
    ):
        number = records.order(status="pending")["id"]
        assert "saved" in changes.of("order", number)
        api.put(f"/wc/v3/orders/{number}", {"meta_data": [{"key": "colour", "value": "red"}]})
        assert "saved" in changes.of("order", number)
        api.put(f"/wc/v3/orders/{number}", {"billing": {"email": "new@example.com"}})
        assert "saved" in changes.of("order", number)
        api.delete(f"/wc/v3/orders/{number}")
        assert "trashed" in changes.of("order", number)
        api.delete(f"/wc/v3/orders/{number}", {"force": "true"})
        assert "deleted" == changes.of("order", number)[-1]

    def test_a_note_has_a_row_of_its_own(self, api: StoreApi, records: OwnRecords, changes: Reader):
        number = records.order(status="pending")["id"]
        changes.of("order", number)
        note = api.post(f"/wc/v3/orders/{number}/notes", {"note": "Hello"}).json["id"]
        assert "note" in changes.of("order", number)
        api.delete(f"/wc/v3/orders/{number}/notes/{note}", {"force": "true"})
        assert "note" in changes.of("order", number)

    def test_a_deleted_refund_is_named(self, api: StoreApi, records: OwnRecords, changes: Reader):
        number = records.paid_order("10.00")["id"]
        path = f"/wc/v3/orders/{number}/refunds"
        refund = api.post(path, {"amount": "1.00", "api_refund": False}).json["id"]
        changes.of("order", number)
        api.delete(f"{path}/{refund}", {"force": "true"})
        assert "saved" in changes.of("order", number)

    # Streams

    @pytest.mark.parametrize("stream", STREAMS)
    def test_a_row_that_was_never_given_is_a_reset(self, api: StoreApi, stream: str):
        params = {"after": 2_000_000_000, "key": "x", "limit": 1}

        assert api.get(f"{BASE}/{stream}", params).json["reset"]

    def test_a_row_with_another_key_is_a_reset_and_rows_begin_with_the_first(
        self, records: OwnRecords, changes: Reader
    ):
        number = records.customer()["id"]
        assert changes.of("customer", number)
        page = changes.page(changes.last[0], "another key", limit=1)

        assert page["reset"]
        assert 1 == len(page["rows"])
        assert page["rows"][0]["id"] <= changes.last[0]

    @pytest.mark.parametrize("limit", [0, 501])
    def test_limits_are_from_1_to_500(self, api: StoreApi, limit: int):
        answer = api.get(f"{BASE}/events", {"limit": limit})

        assert (400, "rest_invalid_param") == (answer.status, answer.json["code"])

    # People and answers

    def test_a_card_is_saved_and_removed(self, api: StoreApi):
        generation = api.get(f"{BASE}/status").json["generation"] or "contract:1"
        body = {"generation": generation, "people": [{"person": PERSON}], "gone": []}
        gone = {"generation": generation, "people": [], "gone": [PERSON, PERSON + 1]}

        saved = api.post(f"{BASE}/people", body).json
        assert {"saved": 1, "gone": 0, "refused": []} == saved
        assert {"saved": 0, "gone": 1, "refused": []} == api.post(f"{BASE}/people", gone).json

    def test_too_many_cards_and_a_missing_generation_are_refused(self, api: StoreApi):
        cards = [{"person": PERSON + each} for each in range(101)]
        many = api.post(f"{BASE}/people", {"generation": "g:1", "people": cards})
        none = api.post(f"{BASE}/people", {"people": []})

        assert (413, "wcflow_too_many") == (many.status, many.json["code"])
        assert (400, "wcflow_bad_generation") == (none.status, none.json["code"])

    def test_answers_to_unknown_requests_are_ignored(self, api: StoreApi):
        answers = [{"id": 2_000_000_000, "key": "unknown", "state": "done", "words": "Done."}]

        assert {"saved": 0} == api.post(f"{BASE}/requests/answers", {"answers": answers}).json
