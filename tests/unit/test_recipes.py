"""The recipes as files: each loads, says what it is for, and has a scenario."""

import ast
import re
from pathlib import Path

import pytest

from wcflow.config.files import default_ini, set_values
from wcflow.config.ini import parse_ini
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError, Findings
from wcflow.config.recipes import load_recipes, with_include

RECIPES = load_recipes()
NEEDED = {"consent_meta": "newsletter", "birthday_meta": "birthday"}
SCENARIOS = Path(__file__).parents[1] / "path"
SHIPPED = Path(__file__).parents[2] / "config" / "recipes"
REACHES_CUSTOMERS = re.compile(r"send_|_coupon |add_customer_note|call_webhook")
KEYS = {"consumer_key": f"ck_{'0' * 40}", "consumer_secret": f"cs_{'0' * 40}"}


def load(folder, *names, needed=True):
    """Load recipes beside the default configuration, with the keys of [store] that they need."""
    text = set_values(default_ini(), "store shop", KEYS | (NEEDED if needed else {}))
    for path, content in (item for name in names for item in RECIPES[name].contents.items()):
        file = folder / "recipes" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o600)
    ini = folder / "wcflow.ini"
    ini.write_text(with_include(text, "recipes/*.ini"))
    ini.chmod(0o600)
    return load_config(ini, {})


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_loads_beside_the_default_configuration(tmp_path, name):
    assert () == load(tmp_path, name).warnings


def test_all_recipes_load_together(tmp_path):
    assert () == load(tmp_path, *RECIPES).warnings


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_names_the_keys_of_the_store_that_it_needs(tmp_path, name):
    """Without them it loads as well, with a warning."""
    warned = {
        key
        for each in load(tmp_path, name, needed=False).warnings
        for key in NEEDED
        if key in each.text
    }
    assert warned == {key for key in NEEDED if key in RECIPES[name].needs}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_the_first_comment_says_what_whom_when_and_what_to_adapt(recipe):
    parts = (recipe.purpose, recipe.whom, recipe.starts, recipe.adapt)
    assert all(each.endswith((".", '"')) for each in parts), parts
    assert len(recipe.purpose) <= 100
    assert max(map(len, recipe.text.splitlines())) <= 100


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_what_reaches_customers_starts_as_a_dry_run(recipe):
    """Messages, coupons and notes that are e-mailed; the admin looks at them first."""
    reaching = False
    for section in parse_ini(recipe.text, recipe.name, Findings()):
        if section.kind in ("workflow", "campaign"):
            reaches = REACHES_CUSTOMERS.search(section.entries["do"].text)
            mode = section.entries["mode"].text if "mode" in section.entries else "live"
            assert ("dry_run" if reaches else "live") == mode
            reaching = reaching or bool(reaches)
    assert ("dry run" in recipe.starts) == reaching


@pytest.mark.parametrize("name", ["birthday", "vip-early-access"])
def test_an_e_mail_that_is_switched_on_needs_a_mail_server(tmp_path, name):
    load(tmp_path, name)
    copy = tmp_path / f"recipes/{name}.ini"
    copy.write_text(copy.read_text().replace("mode = dry_run\n", ""))
    with pytest.raises(ConfigError, match=rf"\[email {name}\]: expected a section \[smtp\]"):
        load_config(tmp_path / "wcflow.ini", {})


def test_each_text_of_an_e_mail_is_used():
    texts = {f"emails/{file.name}" for file in (SHIPPED / "emails").iterdir()}
    assert texts == {path for each in RECIPES.values() for path in each.files}


def recipes_with_scenarios():
    """Return the names that scenarios open shops with."""
    trees = [ast.parse(file.read_text()) for file in SCENARIOS.glob("test_recipes_*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        each.value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "open_shop"
        for each in call.args
        if isinstance(each, ast.Constant)
    }


def test_each_recipe_has_a_scenario():
    assert set(RECIPES) == recipes_with_scenarios()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[store a]\nurl = x\n", "[wcflow]\ninclude = R\n\n[store a]\nurl = x\n"),
        ("", "[wcflow]\ninclude = R\n\n"),
        ("# hi\n[wcflow]\n\n[tag a]\n", "# hi\n[wcflow]\ninclude = R\n\n[tag a]\n"),
        ("[wcflow]", "[wcflow]\ninclude = R\n"),
        (
            "[wcflow]\nlog_level = info\n  # include = x/*\n\n[tag a]\n# include = y\n",
            "[wcflow]\nlog_level = info\n  # include = x/*\ninclude = R\n\n[tag a]\n# include = y\n",
        ),
        (
            "[wcflow]\ninclude = a.ini\n\n[tag a]\n",
            "[wcflow]\ninclude = a.ini\n    R\n\n[tag a]\n",
        ),
        (
            "[wcflow]\ninclude =\n  a.ini\n  # more\n  b.ini",
            "[wcflow]\ninclude =\n  a.ini\n  # more\n  b.ini\n  R\n",
        ),
    ],
)
def test_an_include_is_added_and_every_other_byte_stays(before, after, mark, end):
    expected = mark + after.replace("\n", end)
    if "\n" not in before:
        expected = mark + after
    assert expected == with_include(mark + before.replace("\n", end), "R")
