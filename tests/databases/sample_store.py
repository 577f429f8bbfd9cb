"""The life that the dumps beside this file remember: a shop, its people, and what wcflow did there.

A dump is made once, by the wcflow of its revision, and never again: it is what such a wcflow left
behind. A test that wants the shop of that time lives the same life anew with the wcflow of today.
How a dump is made: ``python -m tests.databases.sample_store URL FOLDER`` with the tests and the wcflow of
that revision, then ``sqlite3 FILE .dump`` or ``pg_dump --inserts --column-inserts --no-owner``.
"""

import sys
from dataclasses import replace
from pathlib import Path

from tests.simulation import Simulation
from wcflow.database import outbox
from wcflow.database.stores import save_setting

RULES = """
[segment VIP]
group = lifecycle
when = total_spent >= 500
note = yes

[segment Regular]
group = lifecycle
when = orders_count >= 1

[tag Came Back]
when = orders_count >= 2
keep = forever

[workflow welcome]
trigger = first_order
once = per customer
do =
    add_tag First-time Buyer
    add_note Welcome, {{ email }}
    create_coupon thanks
    add_note Your code is {{ coupon.code }}
    wait 3d
    add_note Three days on

[workflow rehearsal]
trigger = order_paid
mode = dry_run
do = add_note Only played

[coupon thanks]
type = percent
amount = 10
prefix = THANKS
expires = 30d
"""
SECRET = "5ec2e7" * 5


def build_sample_store(folder, database=None):
    """Live that life up to the moment at which some writes are decided and not yet sent."""
    sim = Simulation(folder, RULES, database=database)
    with sim.db.transaction() as tx:
        save_setting(tx, "secret", SECRET)
    _add_past_orders(sim)
    sim.settle()
    _add_new_orders(sim)
    sim.settle()
    sim.advance(hours=1)
    sim.place_order(email="emil@example.com", total="700.00")
    sim.run_pass(write=False)
    sim.advance(minutes=3)
    sim.run_pass(write=False)
    return sim


def build_interrupted_store(folder, database=None):
    """Go on, and stop in the middle: changes wait, are held or claimed, and runs wait.

    By then a guest has registered, an account was deleted, and a guest's only order is gone.
    """
    sim = build_sample_store(folder, database)
    sim.settle()
    finn = sim.register("finn@example.com")
    sim.place_order(customer=finn)
    gone = sim.place_order(email="gil@example.com")
    sim.settle()
    sim.register("emil@example.com")
    sim.sandbox.delete_customer(finn, now=sim.now)
    sim.sandbox.delete_order(gone)
    sim.advance(days=1)
    sim.nightly()
    for _ in range(4):
        sim.advance(hours=8)
        sim.settle()
    sim.advance(hours=1)
    for name in ("hugo", "ida", "jo"):
        sim.place_order(email=f"{name}@example.com", total="600.00")
    sim.run_pass(approve=False, write=False)
    sim.advance(minutes=3)
    sim.config = replace(sim.config, max_writes=2)
    sim.run_pass(approve=False)
    with sim.db.transaction() as tx:
        assert outbox.claim(tx, "shop", ["note"], sim.now, 1, "a process that died")
    return sim


def _add_past_orders(sim):
    anna = sim.register("anna@example.com", days_ago=400, first_name="Anna")
    sim.place_order(customer=anna, days_ago=300, total="450.00")
    sim.place_order(customer=anna, days_ago=30, total="150.00")
    sim.place_order(email="ben@example.com", days_ago=200)
    back = sim.place_order(email="cara@example.com", days_ago=100)
    sim.sandbox.refund(back, "30.00", now=sim.now)
    sim.place_order(email="", days_ago=50, status="failed")
    sim.sandbox.trash(sim.place_order(email="ben@example.com", days_ago=10), now=sim.now)


def _add_new_orders(sim):
    sim.advance(hours=1)
    dora = sim.register("dora@example.com", first_name="Dóra 🌻")
    order = sim.place_order(customer=dora, total="20.00")
    sim.place_order(email="ben@example.com", total="25.50")
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "By Hand, Regular", now=sim.now)


if __name__ == "__main__":
    build_interrupted_store(Path(sys.argv[2]), sys.argv[1]).db.close()
