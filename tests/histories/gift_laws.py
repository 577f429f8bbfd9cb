"""Laws of coupon pools and campaigns, as assertions: no code and no news twice, and none lost."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from tests.histories.invariants import notes_of
from tests.histories.workflow_laws import paid_orders
from wcflow.database.campaigns import load_campaigns
from wcflow.database.outbox import load_entries
from wcflow.database.pools import FREE, STATES, load_codes
from wcflow.database.sql import table_of
from wcflow.database.tables import RunRow


def check_all(sim, activity, server):
    """Check all laws of this module."""
    with sim.db.reading() as tx:
        codes = load_codes(tx, "shop", "gifts", STATES, None)
        given = load_entries(tx, "shop", kinds=["pool_code"], limit=None)
        news = load_entries(tx, "shop", kinds=["email"], limit=None)
        campaign = load_campaigns(tx, "shop").get("news")
        owners = _owners(tx, codes)
    check_codes(sim, server, codes, given, owners)
    check_every_payment_has_a_gift(sim, activity, given)
    if campaign is not None:
        sent = [each for each in news if each.rule == "campaign news"]
        # Of two people who are merged after they were queued, one entry is kept.
        merged = campaign.queued - len(sent)
        assert merged == 0 or (merged > 0 and activity.with_changed_identity), (campaign, len(sent))
        assert campaign.finished_at is not None


def _owners(tx, codes):
    """Return the person of each run that has a code."""
    runs = table_of(RunRow)
    ids = sorted({each.run_id for each in codes if each.run_id})
    return dict(tx.execute(select(runs.c.id, runs.c.person).where(runs.c.id.in_(ids))).all())


def check_codes(sim, server, codes, given, owners):
    """A code belongs to one order, and no other customer sees it."""
    uses = {}
    for _, text, _, _ in notes_of(sim):
        if text.startswith("gift "):
            _, number, code = text.split()
            uses.setdefault(code, set()).add(number)
    for mail in server.sent:
        if mail.subject.startswith("gift "):
            _, number, code = mail.subject.split()
            uses.setdefault(code, set()).add(number)
    assert not {code: orders for code, orders in uses.items() if len(orders) > 1}, uses
    rows = {each.code: each for each in codes}
    assert len(rows) == len(codes)
    assert dict.fromkeys(uses, "assigned") == {code: rows[code].state for code in uses}
    times = Counter(entry.payload["code"] for entry in given if entry.state == "done")
    assert not [code for code, count in times.items() if count > 1], times
    for each in codes:
        if each.state != FREE:
            assert owners.get(each.run_id) == each.person, each


def check_every_payment_has_a_gift(sim, activity, given):
    """Each payment leads to a code, or to the step for an empty pool."""
    texts = Counter(text for _, text, _, _ in notes_of(sim))
    orders = Counter(entry.event for entry in given if entry.payload["code"])
    for order, _ in paid_orders(sim, activity):
        number = order["id"]
        found = (orders[f"order {number} paid"], texts[f"pool is empty {number}"])
        assert found in ((1, 0), (0, 1)), (number, found)
