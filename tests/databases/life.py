"""The life that the dumps beside this file remember: a shop, its people, and what wcflow did there.

A dump is made once, by the wcflow of its revision, and never again: it is what such a wcflow left
behind. A test that wants the shop of that time lives the same life anew with the wcflow of today.
How a dump is made: ``python -m tests.databases.life URL FOLDER`` with the tests and the wcflow of
that revision, then ``sqlite3 FILE .dump`` or ``pg_dump --inserts --column-inserts --no-owner``.
"""

import sys
from pathlib import Path

from tests.world import World
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


def lived(folder, database=None):
    """Live that life up to the moment at which some writes are decided and not yet sent."""
    world = World(folder, RULES, database=database)
    with world.db.transaction() as tx:
        save_setting(tx, "secret", SECRET)
    _history(world)
    world.settle()
    _news(world)
    world.settle()
    world.pass_(hours=1)
    world.buys(email="emil@example.com", total="700.00")
    world.walk(write=False)
    world.pass_(minutes=3)
    world.walk(write=False)
    return world


def _history(world):
    anna = world.registers("anna@example.com", days_ago=400, first_name="Anna")
    world.buys(customer=anna, days_ago=300, total="450.00")
    world.buys(customer=anna, days_ago=30, total="150.00")
    world.buys(email="ben@example.com", days_ago=200)
    back = world.buys(email="cara@example.com", days_ago=100)
    world.shop.refund(back, "30.00", now=world.now)
    world.buys(email="", days_ago=50, status="failed")
    world.shop.trash(world.buys(email="ben@example.com", days_ago=10), now=world.now)


def _news(world):
    world.pass_(hours=1)
    dora = world.registers("dora@example.com", first_name="Dóra 🌻")
    order = world.buys(customer=dora, total="20.00")
    world.buys(email="ben@example.com", total="25.50")
    world.settle()
    world.shop.edit_order_meta(order, "wcflow_tags", "By Hand, Regular", now=world.now)


if __name__ == "__main__":
    lived(Path(sys.argv[2]), sys.argv[1]).db.close()
