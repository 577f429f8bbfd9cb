"""The cost of all shipped recipes together, beside that of the default rules.

Run with ``pytest -s tests/bench/test_bench_recipes.py``. The store has a tenth of 300,000 people and
1,000,000 orders; with ``WCFLOW_BENCH_MILLION=1`` it has all of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.bench.large_database import build_large_database
from wcflow.config.recipes import load_recipes

SHARE = 1.0 if os.environ.get("WCFLOW_BENCH_MILLION") else 0.1
LIMIT = 2

EVALUATION = """
import json, logging, structlog, sys, time
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
from pathlib import Path
from tests.bench.large_database import NOW, evaluate_all
from wcflow.config.load import load_config
from wcflow.database.connection import open_database

config = load_config(Path(sys.argv[1]), {})
with open_database(config.database) as db:
    start = time.process_time()
    people = evaluate_all(db, config, NOW).people
print(json.dumps({"people": people, "seconds": time.process_time() - start}))
"""


GENERAL = "agent = sam@shop.example\ninclude = recipes/*.ini"
MORE = """
[smtp]
host = 127.0.0.1
encryption = none
from = My Shop <hello@shop.example>

[segment VIP]
when = total_spent >= 1000 or orders_count >= 10
"""
"""What recipes need besides: a mail server, and the segment VIP of the default rules."""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return build_large_database(tmp_path_factory.mktemp("large"), SHARE)


def write_ini(large, folder, general="", more=""):
    """Write an INI for a copy of the large database; return it."""
    folder.mkdir()
    path, ini = folder / "copy.sqlite3", folder / "wcflow.ini"
    shutil.copy(large.path, path)
    text = large.ini.read_text().replace(str(large.path), str(path))
    if general:
        # Without the default rules; the store stays.
        store = re.search(r"\[store shop\][^\[]*", text)[0]
        fields = "consent_meta = newsletter\nbirthday_meta = birthday\n"
        text = f"[wcflow]\ndatabase = sqlite:///{path}\n{general}\n{store}\n{fields}{more}"
    ini.write_text(text)
    ini.chmod(0o600)
    return ini


def add_recipes(folder):
    """Copy all recipes beside an INI."""
    for recipe in load_recipes().values():
        for path, text in recipe.contents.items():
            target = folder / "recipes" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)


def evaluate(ini):
    """Return the CPU seconds in which everybody is evaluated, in a new process."""
    argv = [sys.executable, "-c", EVALUATION, str(ini)]
    return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


def evaluate_again(ini):
    """Evaluate everybody twice more, each time after an edit of one rule; return the better time."""
    found = []
    for before, after in (("1000", "900"), ("900", "800")):
        for file in (ini, *ini.parent.glob("recipes/spending-tiers.ini")):
            edit = f"total_spent >= {before}", f"total_spent >= {after}"
            file.write_text(file.read_text().replace(*edit))
        found.append(evaluate(ini))
    return min(found, key=lambda each: each["seconds"])


def test_all_recipes_together_take_at_most_twice_as_long_as_the_default_rules(large, tmp_path):
    default = write_ini(large, tmp_path / "default")
    recipes = write_ini(large, tmp_path / "recipes", GENERAL, MORE)
    add_recipes(recipes.parent)
    first = evaluate(recipes)
    ours, reference = evaluate_again(recipes), evaluate_again(default)
    ratio = ours["seconds"] / reference["seconds"]

    print(
        f"\n{ours['people']:,} people, CPU s: all recipes {ours['seconds']:.1f},"
        f" default rules {reference['seconds']:.1f}, ratio {ratio:.2f} (limit {LIMIT});"
        f" all recipes for the first time {first['seconds']:.1f}"
    )
    assert min(ours["people"], reference["people"]) >= large.people * 0.9
    assert ratio <= LIMIT
