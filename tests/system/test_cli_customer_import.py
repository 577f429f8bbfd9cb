"""``wcflow customer import``: what a file says of customers, after a dry run."""

import json
from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine
from tests.persons import person
from wcflow.cli import customer_import
from wcflow.customers import bulk, imports
from wcflow.database.edits import load_edits

STORE = "consent_meta = newsletter, marketing\nbirthday_meta = birthday\n"


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, store=STORE)
    for name in ("anna", "ben", "cleo"):
        command_line.sim.register(f"{name}@example.com", first_name=name.title(), days_ago=30)
    command_line.sim.place_order(email="guest@example.com")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def import_text(cli, text, *options, encoding="utf-8", yes=True):
    file = cli.config.with_name("people.csv")
    file.write_bytes(text.encode(encoding))
    words = ("customer", "import", file, *options, *(["--yes"] if yes else []))
    return cli.run(*words, mounted_at=None)


def shown(cli, who):
    return json.loads(cli.run("customer", "show", who, "--json", mounted_at=None).out)


def edits(cli):
    with cli.sim.db.reading() as tx:
        persons = [person(tx, key) for key in ("c1", "c2", "c3", "g:guest@example.com")]
        return load_edits(tx, "shop", [*persons, 0])


def notes_of(cli, who):
    found = json.loads(cli.run("note", "list", who, "--json", mounted_at=None).out)
    return [each["text"] for each in found["notes"]]


def meta(cli, number, key):
    return cli.sim.meta("customer", number, key)


EVERYTHING = """E-Mail,Groups,Tags,Company,Note,Newsletter,Birthday
anna@example.com,"Trade, Fair",Gold,Acme,Likes tea,yes,1990-12-31
BEN@example.com,,gold;Silver,acme,,,31.12.1985
"""


def test_everything_that_a_file_says_is_imported_and_reaches_the_store(cli):
    result = import_text(cli, EVERYTHING)
    for line in ("E-Mail → email", "Groups → group", "Newsletter → consent"):
        assert line in result.out
    changes = "3 tags, 2 members of groups, 2 members of companies, 1 note, 1 consent, 2 birthdays"
    assert f"To import: {changes}." in result.out
    assert f"Imported for 2 customers: {changes}." in result.out
    assert ["Likes tea"] == notes_of(cli, "anna")
    assert ["Fair", "Trade"] == shown(cli, "anna")["groups"]
    cli.run("sync", "--approve")
    assert ("yes", "1990-12-31") == (meta(cli, 1, "newsletter"), meta(cli, 1, "birthday"))
    assert "1985-12-31" == meta(cli, 2, "birthday")
    assert {"Gold", "Silver"} <= set(cli.sim.customer_tags(2))
    (company,) = json.loads(cli.run("company", "list", "--json", mounted_at=None).out)["shop"]
    assert ("Acme", 2) == (company["name"], company["customers"])


def test_without_a_confirmation_nothing_is_imported(cli):
    result = import_text(cli, EVERYTHING, yes=False)
    assert (2, True) == (result.code, "To import: 3 tags" in result.out)
    assert [] == edits(cli)


def test_what_two_distant_lines_say_of_a_customer_is_counted_once(cli, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 2)
    line = "{}@example.com,Trade,Gold,Likes tea\n"
    lines = "".join(line.format(each) for each in ("anna", "ben", "cleo", "anna"))
    result = import_text(cli, f"email,group,tag,note\n{lines}")
    changes = "3 tags, 3 members of groups, 3 notes"
    assert f"To import: {changes}." in result.out
    assert f"Imported for 3 customers: {changes}." in result.out


@pytest.mark.parametrize("synced", [False, True])
def test_importing_a_file_again_changes_nothing(cli, synced):
    import_text(cli, EVERYTHING)
    if synced:
        cli.run("sync", "--approve")
    before = edits(cli)
    assert "Nothing to change." in import_text(cli, EVERYTHING).out
    assert before == edits(cli)


def test_a_whole_import_is_undone_by_its_id(cli, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 2)
    cli.run("tag", "add", "Gold", "ben", mounted_at=None)
    made = import_text(cli, EVERYTHING).out
    number = made.partition("--bulk ")[2].partition("'")[0]
    undone = cli.run("customer", "undo", "--bulk", number, "--yes", mounted_at=None)
    assert "Imported a file for 2 customers, by" in undone.out
    assert "Undone for 2 customers." in undone.out
    cli.run("sync", "--approve")
    assert ([], []) == (notes_of(cli, "anna"), shown(cli, "anna")["groups"])
    assert "Gold" in cli.sim.customer_tags(2)
    assert "Silver" not in cli.sim.customer_tags(2)
    assert (None, None) == (meta(cli, 1, "newsletter"), meta(cli, 1, "birthday"))


def test_each_bad_line_is_told_with_its_number_and_the_others_are_imported(cli):
    text = """id,email,note,newsletter,birthday
1,,"Two
lines",,
,nobody@example.com,x,,

,,x,,
1,ben@example.com,x,,
x,,x,,
2,,x,maybe,
2,,x,,03/04/1990
2,,x,,2999-01-01
2,,x,,,,extra
3,,fine,,
"""
    result = import_text(cli, text)
    for line in (
        "line 4: there is no customer nobody@example.com",
        "line 6: it says no e-mail address and no id",
        "line 7: 1 and ben@example.com are two customers",
        "line 8: 'x' is not the id of a customer",
        "line 9: the consent 'maybe' is neither yes nor no",
        "line 10: the birthday '03/04/1990' is no date, or can be two",
        "line 11: the birthday '2999-01-01' is in the future",
        "line 12: it has 7 columns instead of 5",
        "10 lines; 8 cannot be imported.",
        "Imported for 2 customers: 2 notes.",
    ):
        assert line in result.out
    assert (["Two\nlines"], [], ["fine"]) == (
        notes_of(cli, "anna"),
        notes_of(cli, "ben"),
        notes_of(cli, "cleo"),
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("\ufeffE-Mail;Tags;Bemerkung\r\nanna@example.com;Früh, Spät;x\r\n", "utf-8"),
        ("E-Mail;Tags\r\nanna@example.com;Früh, Spät\r\n", "cp1252"),
        ("E-Mail\tTags\r\nanna@example.com\tFrüh; Spät\r\n", "utf-16"),
        ("sep=;\r\nE-Mail;Tags\r\n anna@example.com\xa0;Früh|Spät\r\n", "utf-8"),
        ('"E-Mail","Tags"\r\n"=""anna@example.com""","Früh, Spät"\r\n', "utf-8"),
        ("\r\nTags,E-Mail\r\n'=x,ben@example.com\r\nFrüh;Spät,anna@example.com", "utf-8"),
    ],
)
def test_what_spreadsheets_write_is_understood(cli, text, encoding):
    import_text(cli, text, encoding=encoding)
    assert {"Früh", "Spät"} <= set(shown_tags(cli))


def shown_tags(cli):
    cli.run("sync", "--approve")
    return cli.sim.customer_tags(1)


def test_a_column_is_mapped_or_left_out(cli):
    text = "Adresse,Kundenart,Tags\nanna@example.com,Trade,Gold\n"
    assert "neither email nor id" in import_text(cli, text).err
    mapped = ("--map", "adresse = email", "--map", "Kundenart=group", "--map", "Tags=nothing")
    result = import_text(cli, text, *mapped)
    assert "Not imported: Tags." in result.out
    assert "Imported for 1 customer: 1 member of a group." in result.out
    for wrong in ("Adress = email", "Adresse = emial", "Adresse"):
        error = import_text(cli, text, "--map", wrong)
        assert (2, True) == (error.code, "What to do" in error.err)
    assert 2 == import_text(cli, "").code
    assert 2 == import_text(cli, "email\nanna@example.com\n").code
    assert 2 == import_text(cli, text, "--map", "Adresse=email", "--map", "Tags=email").code
    assert 1 == cli.run("customer", "import", "/nowhere.csv", mounted_at=None).code


# Consent.


def agreed(cli, value):
    """Register dora, who has agreed, and return her number."""
    number = cli.sim.register("dora@example.com", meta={"newsletter": value}, days_ago=9)
    cli.run("sync", "--approve")
    return number


def test_a_consent_is_written_as_the_store_writes_it(cli):
    number = agreed(cli, "1")
    assert "Nothing to change." in import_text(cli, "email,newsletter\ndora@example.com,ja\n").out
    import_text(cli, "email,newsletter\ndora@example.com,nein\n")
    cli.run("sync", "--approve")
    assert "0" == meta(cli, number, "newsletter")


def test_the_undo_of_an_import_never_sets_a_consent_back_to_yes(cli):
    number = agreed(cli, "yes")
    made = import_text(cli, "email,newsletter\ndora@example.com,no\n").out
    cli.run("sync", "--approve")
    number_of = made.partition("--bulk ")[2].partition("'")[0]
    undone = cli.run("customer", "undo", "--bulk", number_of, "--yes", mounted_at=None)
    assert "not for 1: wcflow never sets a consent back to yes" in undone.out
    cli.run("sync", "--approve")
    assert "no" == meta(cli, number, "newsletter")


def test_an_imported_birthday_is_taken_back_after_it_was_written(cli):
    made = import_text(cli, "email,birthday\nanna@example.com,31.12.1990\n").out
    cli.run("sync", "--approve")
    number = made.partition("--bulk ")[2].partition("'")[0]
    cli.run("customer", "undo", "--bulk", number, "--yes", mounted_at=None)
    cli.run("sync", "--approve")
    assert "" == (meta(cli, 1, "birthday") or "")


def test_a_consent_that_was_withdrawn_is_never_set_back_to_yes(cli):
    text = "email,newsletter\nanna@example.com,yes\nben@example.com,yes\n"
    import_text(cli, "email,newsletter\nanna@example.com,no\n")
    for synced in (False, True):
        if synced:
            cli.run("sync", "--approve")
        result = import_text(cli, text)
        assert "line 2: consent: the consent stays as it is: they have withdrawn" in result.out
    cli.run("sync", "--approve")
    assert ("no", "yes") == (meta(cli, 1, "newsletter"), meta(cli, 2, "newsletter"))


def test_a_suppressed_address_is_never_set_to_yes(cli):
    cli.run("suppression", "add", "anna@example.com", mounted_at=None)
    result = import_text(cli, "email,newsletter\nanna@example.com,yes\n")
    assert "line 2: consent: the consent stays as it is: the address gets no" in result.out
    assert [] == edits(cli)


def test_who_says_no_before_it_is_written_keeps_their_no(cli):
    import_text(cli, "email,newsletter\nanna@example.com,yes\n")
    cli.sandbox.edit_customer_meta(1, "newsletter", "no", now=datetime.now(UTC))
    for _ in range(2):
        cli.run("sync", "--approve")
    assert "no" == meta(cli, 1, "newsletter")
    assert (
        "someone changed this field"
        in cli.run("outbox", "list", "--state", "cancelled", mounted_at=None).out
    )


def test_a_guest_has_no_account_for_consent_and_birthday_but_can_have_tags(cli):
    text = "email,newsletter,birthday,tags\nguest@example.com,yes,1990-12-31,Gold\n"
    result = import_text(cli, text)
    assert "line 2: consent: a guest has no account" in result.out
    assert "line 2: birthday: a guest has no account" in result.out
    assert "Imported for 1 customer: 1 tag." in result.out


def test_without_a_field_for_it_consent_is_left_out(cli):
    cli.edit_config(STORE, "")
    text = "email,newsletter,tags\nanna@example.com,yes,Gold\n"
    result = import_text(cli, text)
    assert "the column with the consent is left out" in result.err
    assert "Imported for 1 customer: 1 tag." in result.out
    assert 2 == import_text(cli, text, "--map", "newsletter = consent").code


# Interruptions.


def test_an_interrupted_import_keeps_whole_batches_and_only_the_rest_is_done(cli, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 1)
    text = "email,note,tags\n" + "".join(
        f"{name}@example.com,hello,Gold\n" for name in ("anna", "ben", "cleo")
    )

    def killed(self, tx, lines, by, result):
        whole(self, tx, lines, by, result)
        if by.bulk and lines[0].number == 4:
            raise KeyboardInterrupt

    whole = imports.Importer._import
    monkeypatch.setattr(imports.Importer, "_import", killed)
    assert 0 != import_text(cli, text).code
    assert (["hello"], []) == (notes_of(cli, "anna"), notes_of(cli, "cleo"))
    monkeypatch.setattr(imports.Importer, "_import", whole)
    result = import_text(cli, text)
    assert "Imported for 3 customers: 1 tag, 1 note." in result.out
    number = result.out.partition("--bulk ")[2].partition("'")[0]
    cli.run("customer", "undo", "--bulk", number, "--yes", mounted_at=None)
    assert ([], []) == (notes_of(cli, "anna"), notes_of(cli, "cleo"))


def test_who_was_deleted_while_the_import_asked_is_told_after_it(cli, monkeypatch):
    def delete_anna(*_, **__):
        monkeypatch.undo()
        assert 0 == cli.run("customer", "delete", "anna@example.com", "--yes", mounted_at=None).code
        return True

    monkeypatch.setattr(customer_import, "confirm", delete_anna)
    result = import_text(cli, "email,note\nanna@example.com,Likes tea\nben@example.com,Likes tea\n")
    assert "line 2: the store no longer has this customer" in result.out
    assert "Imported for 1 customer: 1 note." in result.out
