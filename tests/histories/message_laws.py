"""Laws of e-mails, as assertions: each once, none lost, none against the customer's will."""

from __future__ import annotations

from collections import Counter

from tests.histories.workflow_laws import paid_orders
from wcflow.database.outbox import load_entries

UNCERTAIN = "may have been sent"


def check_all(sim, activity, server):
    """Check all laws of this module."""
    assert not server.violations, server.violations
    check_each_once(sim, server)
    check_none_lost(sim, activity)
    check_one_way_through_each_branch(server)


def emails(sim):
    """Return the entries of all e-mails in the outbox."""
    with sim.db.reading() as tx:
        return load_entries(tx, "shop", kinds=["email"], limit=None)


def check_each_once(sim, server):
    """The server accepts each e-mail once, and exactly those that the outbox says."""
    keys = Counter(sent.key for sent in server.sent)
    assert not [key for key, times in keys.items() if times > 1], keys
    texts = Counter((sent.subject, sent.to) for sent in server.sent)
    assert not [text for text, times in texts.items() if times > 1], texts
    for entry in emails(sim):
        times = keys.get(f"<{entry.payload['key']}@example.com>", 0)
        if entry.state == "done":
            assert times == 1, entry
        elif not (entry.state == "failed" and UNCERTAIN in entry.outcome):
            assert times == 0, entry


def check_none_lost(sim, activity):
    """Each payment leads to a receipt and to one of two welcomes, unless they are refused."""
    found = {}
    for entry in emails(sim):
        found.setdefault(entry.event, []).append(entry.payload["email"])
    for order, owner in paid_orders(sim, activity):
        names = Counter(found.get(f"order {order['id']} paid", []))
        welcomes = names["first"] + names["again"]
        assert (names["receipt"], welcomes) == (1, 1), (order["id"], names)
        if owner is not None:
            assert names["later"] == 1, (order["id"], names)


def check_one_way_through_each_branch(server):
    """Nobody gets both letters of a branch."""
    subjects = {sent.subject for sent in server.sent}
    firsts = {each.split()[1] for each in subjects if each.startswith("first ")}
    agains = {each.split()[1] for each in subjects if each.startswith("again ")}
    assert not firsts & agains, firsts & agains
