"""Orders that a merge moves to an account in the store, and a split back: once, and nothing else."""

from __future__ import annotations

from collections import Counter


class MovedOrders:
    """Watches which orders get another customer in the store, and whether wcflow wrote that."""

    def __init__(self, sim):
        self.sim, self.written, self.by_others = sim, Counter(), set()
        self.known, answer = {}, sim.sandbox.answer

        def answer_and_look(request, now):
            self.look(self.by_others.add)
            found = answer(request, now)
            self.look(lambda number: self.written.update([(number, self.known[number])]))
            return found

        sim.sandbox.answer = answer_and_look

    def look(self, change):
        """Call ``change`` with each order whose customer has changed since."""
        for number, order in self.sim.sandbox.state.orders.items():
            before = self.known.get(number, order.customer_id)
            self.known[number] = order.customer_id
            if before != order.customer_id:
                change(number)


def check_moves(sim, moves):
    """Each move is written at most once, and what is undone is moved back."""
    entries = sim.outbox(kinds=["order_customer"], limit=None)
    assert not [each for each in entries if each.state in ("due", "claimed", "failed")], entries
    wanted = Counter((each.target_id, each.payload["to"]) for each in entries)
    for move, times in moves.written.items():
        assert times <= wanted[move], (move, entries)
    moves.look(moves.by_others.add)
    for number, entry in {each.target_id: each for each in entries}.items():
        order = sim.sandbox.state.orders.get(number)
        if order is not None and number not in moves.by_others:
            stays = entry.payload["to" if entry.state == "done" else "from"]
            assert stays == order.customer_id, (number, entry)
