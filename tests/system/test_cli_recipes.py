"""``wcflow recipes``, ``recipes show`` and ``recipes add``."""

import json
import stat

import pytest

from tests.command_line import run_wcflow
from wcflow.config.recipes import load_recipes

INI = """# My shop
[wcflow]
poll_every = 5min
# include = recipes/*.ini

[store shop]
url = https://shop.example
consumer_key = $WC_KEY
consumer_secret = $WC_SECRET
"""


@pytest.fixture
def ini(tmp_path, monkeypatch):
    monkeypatch.setenv("WC_KEY", f"ck_{'0' * 40}")
    monkeypatch.setenv("WC_SECRET", f"cs_{'0' * 40}")
    file = tmp_path / "wcflow.ini"
    file.write_text(INI)
    file.chmod(0o600)
    return file


def tree(folder):
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_list_has_each_recipe_with_its_purpose():
    ran = run_wcflow("recipes")
    shown = {line.split()[0]: line for line in ran.lines if line.strip()}
    assert all(each.purpose in shown[name] for name, each in load_recipes().items())


def test_the_json_has_what_the_comment_of_each_says():
    found = json.loads(run_wcflow("recipes", "--json").out)
    assert list(load_recipes()) == [each["name"] for each in found]
    assert {"name", "purpose", "whom", "starts", "adapt", "needs", "files"} == set(found[0])


def test_show_prints_the_recipe():
    assert load_recipes()["country"].text == run_wcflow("recipes", "show", "country").out


@pytest.mark.parametrize("verb", ["show", "add"])
def test_an_unknown_name_gets_a_suggestion(ini, verb):
    more = () if verb == "show" else ("--config", ini)
    ran = run_wcflow("recipes", verb, "contry", *more)
    assert (2, "") == (ran.code, ran.out)
    assert "there is no recipe 'contry'" in ran.err
    assert "Did you mean 'country'?" in ran.err


def test_add_copies_the_recipe_and_includes_it(ini):
    ran = run_wcflow("recipes", "add", "country", "--config", ini)
    assert (0, "") == (ran.code, ran.err)
    after = INI.replace("/*.ini\n", "/*.ini\ninclude = recipes/*.ini\n")
    copies = {"recipes/country.ini": load_recipes()["country"].text}
    assert {"wcflow.ini": after, **copies} == tree(ini.parent)
    assert "The configuration has no problems." in ran.lines
    assert "tag shipping-country" in run_wcflow("check", "--config", ini).out


def test_add_says_how_to_look_before_anything_is_sent(ini):
    fields = "consent_meta = newsletter\n"
    ini.write_text(f"{INI}{fields}")
    ran = run_wcflow("recipes", "add", "win-back", "--config", ini)
    assert (0, "") == (ran.code, ran.err)
    for command in ("workflow preview NAME --for CUSTOMER", "email preview NAME --for CUSTOMER"):
        assert f"  wcflow {command} --config {ini}" in ran.lines
    campaign = run_wcflow("recipes", "add", "category-news", "--config", ini)
    assert f"  wcflow campaign preview NAME --config {ini}" in campaign.lines
    quiet = run_wcflow("recipes", "add", "country", "--config", ini)
    assert "preview" not in quiet.out


def test_add_warns_of_what_the_recipe_still_needs(ini):
    ran = run_wcflow("recipes", "add", "win-back", "--config", ini)
    assert 0 == ran.code
    assert "[store shop]: rules depend on consent to marketing" in ran.err
    again = run_wcflow("recipes", "add", "birthday", "--config", ini)
    assert "consent" not in again.err
    assert "rules depend on birthdays" in again.err


def test_add_keeps_who_can_read_the_configuration(ini):
    """A link to it stays a link, and who can read it can read the copies."""
    ini.chmod(0o640)
    link = ini.with_name("link.ini")
    link.symlink_to(ini)
    assert 0 == run_wcflow("recipes", "add", "country", "--config", link).code
    assert link.is_symlink()
    assert 0o640 == stat.S_IMODE(ini.stat().st_mode)
    assert 0o640 == stat.S_IMODE((ini.parent / "recipes/country.ini").stat().st_mode)


def test_adding_twice_changes_nothing(ini):
    run_wcflow("recipes", "add", "country", "--config", ini)
    before = tree(ini.parent)
    ran = run_wcflow("recipes", "add", "country", "--config", ini)
    assert (0, before) == (ran.code, tree(ini.parent))
    assert "Already there" in ran.out


def test_an_include_that_already_matches_is_enough(ini):
    ini.write_text(INI.replace("# include = recipes", "include = rec*"))
    before = ini.read_text()
    assert 0 == run_wcflow("recipes", "add", "country", "--config", ini).code
    assert before == ini.read_text()


def test_an_edited_copy_is_not_replaced(ini):
    run_wcflow("recipes", "add", "country", "--config", ini)
    copy = ini.parent / "recipes/country.ini"
    copy.write_text(copy.read_text().replace("Country: ", "Land: "))
    before = tree(ini.parent)
    ran = run_wcflow("recipes", "add", "employee", "country", "--config", ini)
    assert (78, before) == (ran.code, tree(ini.parent))
    assert f"edited copies are not replaced: {copy}" in ran.err


def test_nothing_changes_if_a_name_is_taken(ini):
    ini.write_text(f"{INI}\n[tag shipping-country]\nwhen = is_guest\n")
    before = tree(ini.parent)
    ran = run_wcflow("recipes", "add", "country", "employee", "--config", ini)
    assert (78, before) == (ran.code, tree(ini.parent))
    assert not (ini.parent / "recipes").exists()
    assert "nothing was added" in ran.err
    assert "[tag shipping-country]" in ran.err


def test_nothing_changes_if_what_a_recipe_needs_is_not_there(ini):
    ran = run_wcflow("recipes", "add", "vip-upgrade", "--config", ini)
    assert (78, INI) == (ran.code, ini.read_text())
    assert "[workflow vip-upgrade]: expected" in ran.err
    assert "'VIP'" in ran.err


def test_problems_from_before_are_mentioned(ini):
    ini.write_text(f"{INI}\n[tag guest]\nwhen = is_gest\n")
    ran = run_wcflow("recipes", "add", "country", "--config", ini)
    assert 0 == ran.code
    assert "the configuration had 1 problem before" in ran.err


def test_all_recipes_can_be_added_together(ini):
    fields = "consent_meta = newsletter\nbirthday_meta = birthday\n"
    ini.write_text(f"{INI}{fields}\n[segment VIP]\nwhen = total_spent >= 1000\n")
    ran = run_wcflow("recipes", "add", "--all", "--config", ini)
    assert (0, "") == (ran.code, ran.err)
    assert set(load_recipes()) == {file.stem for file in (ini.parent / "recipes").glob("*.ini")}


@pytest.mark.parametrize("words", [[], ["country", "--all"]])
def test_add_needs_names_or_all(ini, words):
    ran = run_wcflow("recipes", "add", *words, "--config", ini)
    assert (2, INI) == (ran.code, ini.read_text())


def test_without_a_configuration_init_is_suggested(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = run_wcflow("recipes", "add", "country")
    assert 78 == ran.code
    assert "wcflow init" in ran.err
