"""The kinds of stored events."""

from datetime import UTC, datetime

import pytest

from wcflow.rules.event_kinds import COUPON_ASSIGNED, EVENT_KINDS

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_an_event_carries_its_kind_and_its_data():
    event = COUPON_ASSIGNED.make("coupon spring-1", NOW, "wcflow", pool="spring", code="S1")
    assert (event.kind, event.key, event.data) == (
        "coupon_assigned",
        "coupon spring-1",
        {"pool": "spring", "code": "S1"},
    )


def test_data_that_a_kind_does_not_have_is_refused():
    with pytest.raises(ValueError, match="coupon_assigned has no colour"):
        COUPON_ASSIGNED.make("coupon spring-1", NOW, colour="red")


def test_each_kind_says_in_a_sentence_what_it_means():
    assert all(kind.meaning.endswith(".") for kind in EVENT_KINDS.values())
    assert all(name == kind.name for name, kind in EVENT_KINDS.items())
