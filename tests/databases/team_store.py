"""The life that the later dumps beside this file remember: a shop whose team works with its customers.

A dump is made once, by the wcflow of its revision, and never again, as with ``sample_store``:
``python -m tests.databases.team_store REVISION URL FOLDER``.
"""

import sys
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.command_line import run_wcflow
from tests.databases.sample_store import RULES
from tests.simulation import Simulation

TEAM_RULES = (
    RULES
    + """
[points]
per_amount = 1 per 10
per_order = 5

[tiers]
by = total_spent(365d)
Silver = 100
Gold = 500

[coupon_pool gifts]

[workflow gift]
trigger = order_paid
do =
    assign_coupon gifts
    add_note Your gift is {{ coupon.code }}
    create_task Call {{ email }}
    add_to_group Buyers
    wait 2d
    add_note Two days on

[campaign thanks]
segment = VIP
do = add_note Thanks to our best customers
"""
)


def build_team_store(folder, database=None, revision="9999"):
    """Live that life up to the moment at which changes and runs wait.

    With a ``revision``, the team does only what the wcflow of that revision can do.
    """
    sim = Simulation(folder, TEAM_RULES, database=database)
    anna = sim.register("anna@example.com", days_ago=400, first_name="Anna", last_name="Adler")
    sim.place_order(customer=anna, days_ago=300, total="450.00")
    sim.place_order(customer=anna, days_ago=30, total="150.00")
    sim.place_order(email="anna.adler@example.com", days_ago=20)
    for name in ("ben", "gil"):
        sim.place_order(email=f"{name}@example.com", days_ago=200)
    sim.settle()
    (folder / "codes.txt").write_text("\n".join(f"GIFT-{number}" for number in range(9)))
    sim.advance(hours=1)
    with _commands(sim) as run:
        run("pool", "import", "gifts", folder / "codes.txt")
        run("points", "add", "40", "anna@example.com", "--reason", "Fair")
        run("tier", "set", "Gold", "ben@example.com")
        run("task", "add", "Send the catalogue", "--customer", "ben@example.com", "--for", "Maria")
        run("suppression", "add", "gil@example.com")
        run("campaign", "send", "thanks", "--yes")
    sim.settle()
    dora = sim.register("dora@example.com", first_name="Dóra 🌻")
    sim.place_order(customer=dora, total="20.00")
    sim.place_order(email="ben@example.com", total="25.50")
    sim.settle()
    if revision >= "0006":
        _work_with_customers(sim)
        sim.settle()
    sim.advance(hours=1)
    sim.place_order(email="emil@example.com", total="700.00")
    sim.run_pass(write=False)
    sim.advance(minutes=3)
    sim.run_pass(write=False)
    return sim


def _work_with_customers(sim):
    with _commands(sim) as run:
        run("customer", "edit", "dora@example.com", "--company", "Acme Ltd", "--phone", "030 1234")
        run("customer", "deactivate", "ben@example.com", "--reason", "Moved away")
        run("group", "create", "Press")
        run("group", "add", "Press", "dora@example.com")
        run("note", "add", "Wants a catalogue", "dora@example.com", "--category", "Meeting")
        run("company", "create", "Acme", "--billing-company", "Acme Ltd", "--vat-id", "DE1")
        run("company", "add", "Acme", "anna@example.com")
        run("customer", "merge", "anna@example.com", "anna.adler@example.com", "--yes")
        run("customer", "delete", "gil@example.com", "--orders", "anonymize", "--yes")


@contextmanager
def _commands(sim):
    """Run commands of the team at the time of the simulation."""

    def run(*words):
        with sim.context(), patch("wcflow.cli.options.datetime") as clock:
            clock.now.return_value = sim.now
            result = run_wcflow(*words, "--config", sim.folder / "wcflow.ini")
        assert result.code == 0, (words, result)

    yield run


if __name__ == "__main__":
    revision, url, folder = sys.argv[1:]
    build_team_store(Path(folder), url, revision).db.close()
