"""Whatever the companion plugin's streams contain, each pass goes on, and the next row is read."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.search_settings import LONG
from tests.simulation import Simulation
from wcflow.dashboard.requests import ACTIONS
from wcflow.database.events import load_events
from wcflow.database.people import find_person
from wcflow.rules.event_kinds import EVENT_KINDS

RULES = """
[workflow look]
trigger = product_viewed 2 times within 7d
do = add_note Still looking?
[workflow search]
trigger = search_without_purchase
do = add_tag Searches
[workflow recover]
trigger = cart_abandoned after 1h
do = create_task Call {{ email }}
"""
ANNA = "anna@example.com"

odd_numbers = st.sampled_from([-1, 0, 1, 2, 2**31, 2**63, 10**400, 1.5, 1e300, "7", "²", "٣"])
odd_values = st.recursive(
    st.none() | st.booleans() | odd_numbers | st.text(max_size=8) | st.just("\ud800\x00"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
times = st.sampled_from(
    ["", "now", "2026-01-01", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-14:00"]
)
DATA = sorted({name for kind in EVENT_KINDS.values() for name in kind.data} | {"token", "topics"})
events = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(EVENT_KINDS)) | odd_values,
        "data": st.dictionaries(st.sampled_from(DATA), odd_values, max_size=4) | odd_values,
    },
    optional={"customer_id": odd_numbers, "email": odd_values | st.just(ANNA), "at": times},
)
changes = st.fixed_dictionaries(
    {"kind": st.sampled_from(["order", "customer", "comet"]) | odd_values},
    optional={"object_id": odd_numbers, "what": odd_values, "at": odd_values | times},
)
ASKED = [
    *("tag", "group", "text", "category", "order_id", "note", "status", "due"),
    *("assignee", "task", "until", "company", "edit", "token"),
]
requests = st.fixed_dictionaries(
    {
        "action": st.sampled_from(sorted(ACTIONS)) | odd_values,
        "data": st.dictionaries(st.sampled_from(ASKED), odd_values, max_size=4) | odd_values,
    },
    optional={
        "person": odd_numbers,
        "customer_id": odd_numbers,
        "email": odd_values | st.just(ANNA),
        "at": odd_values | times,
        "by": odd_values,
        "reason": odd_values,
        "bulk": odd_values,
    },
)


@settings(max_examples=500 if LONG else 25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(events, max_size=4), st.lists(changes, max_size=4), st.lists(requests, max_size=4))
def test_odd_rows_stop_no_pass_and_cost_no_other_row(
    tmp_path_factory, odd_events, odd_changes, odd_requests
):
    sim = Simulation(tmp_path_factory.mktemp("odd"), RULES, plugins=("companion",))
    anna = sim.register(ANNA, days_ago=30)
    sim.place_order(customer=anna, days_ago=20)
    sim.settle()
    sim.advance(hours=1)
    plugin = sim.sandbox.companion
    odd = {"events": odd_events, "changes": odd_changes, "requests": odd_requests}
    for stream, fields in ((stream, each) for stream, rows in odd.items() for each in rows):
        plugin.tables.append(stream, sim.now, fields)
    asked = plugin.request("tag.add", now=sim.now, person=1, customer_id=anna, tag="Kind")
    plugin.log_in(anna, now=sim.now)
    for _ in range(2):
        sim.advance(hours=2)
        sim.run_pass()

    with sim.db.reading() as tx:
        found = find_person(tx, "shop", ANNA)
        assert "logged_in" in {each.kind for each in load_events(tx, "shop", [found])[found]}
    assert "done" == plugin.answer_to(asked)["state"]
    assert "Kind" in sim.customer_tags(anna)
    assert len(odd_requests) + 1 == len(plugin.tables.answers)
    assert "" == sim.row().poll_error
