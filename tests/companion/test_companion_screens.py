"""What the companion's screens make of a form, of open requests and of odd dates, without a browser."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

SCREENS = Path(__file__).parents[2] / "wcflow/companion/wcflow-companion/includes/admin"


@pytest.fixture
def call(php):
    """Return a function that calls a function of the screens and returns what that returns."""

    def call(name, *arguments):
        return json.loads(php.script("screens.php", SCREENS, text=json.dumps([name, arguments])))

    return call


@pytest.fixture
def clean(call):
    """Return a function that cleans the fields of a form."""

    def clean(action, **fields):
        return call("clean", action, fields)

    return clean


def test_several_tags_in_one_field_become_one_request_each(call, clean):
    data = clean("tag.add", tag=" Gold,, <b>Press</b> ,Gold ")
    assert data == {"tag": ["Gold", "<b>Press</b>"]}
    assert call("each", data) == [{"tag": "Gold"}, {"tag": "<b>Press</b>"}]


def test_a_tag_with_a_comma_can_still_be_removed(clean):
    assert clean("tag.remove", tag="a, b") == {"tag": "a, b"}


def test_control_characters_and_line_breaks_do_not_stay_in_names(clean):
    assert clean("group.remove", group="A\u0000B\r\n C") == {"group": "A B C"}


def test_a_note_keeps_its_lines_and_its_brackets(clean):
    note = clean("note.add", category="General", text="I <3\r\nyou\u0007", order_id="12")
    assert note == {"category": "General", "text": "I <3\nyou", "order_id": 12}


@pytest.mark.parametrize(
    ("action", "fields", "sentence"),
    [
        ("tag.add", {"tag": " , "}, "Enter a tag first."),
        ("note.add", {"category": "General", "text": " "}, "Enter some text first."),
        ("reminder.add", {"text": "Call", "due": "2026-02-30"}, "Choose a date first."),
        (
            "status.set",
            {"status": "gone"},
            "Something is missing. Reload the page and try again.",
        ),
        ("tag.add", {"tag": ["Gold"]}, "Enter a tag first."),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(clean, action, fields, sentence):
    assert clean(action, **fields) == sentence


@pytest.mark.parametrize(
    ("day", "utc"), [("2026-11-28", "2026-11-28T08:00:00Z"), ("2026-07-01", "2026-07-01T07:00:00Z")]
)
def test_a_reminder_is_due_at_nine_in_the_shops_time_zone(clean, day, utc):
    assert clean("reminder.add", text="Call", due=day) == {"text": "Call", "due": utc}


def test_no_company_is_sent_as_an_empty_one(clean):
    assert clean("company.set", company=" ") == {"company": ""}


def test_the_last_open_request_decides_what_is_shown_of_a_tag(call):
    add, remove = (
        ("tag.add", "Gold", "pending"),
        ("tag.remove", "Gold", "pending"),
    )
    assert call("labels", [], [add]) == {"Gold": "adding"}
    assert call("labels", ["Gold"], [remove]) == {"Gold": "removing"}
    assert call("labels", ["Gold"], [remove, add]) == {"Gold": ""}
    assert call("labels", [], [add, remove]) == []
    assert call("labels", ["Gold"], [add]) == {"Gold": ""}


def test_a_refused_request_changes_no_tag(call):
    assert call("labels", ["Gold"], [("tag.remove", "Gold", "refused")]) == {"Gold": ""}


def test_a_broken_date_is_no_date(call):
    at = datetime(2026, 11, 28, 20, 15, tzinfo=UTC)
    assert call("stamp", "2026-11-28T20:15:00Z") == call("stamp", "2026-11-28 20:15:00")
    assert call("stamp", "2026-11-28T20:15:00Z") == int(at.timestamp())
    for broken in (
        "",
        "soon",
        "0000-00-00 00:00:00",
        "2026-13-45",
        "2026-11-28T20:15:00Z<b>",
        None,
    ):
        assert call("stamp", broken) == 0


def test_a_cut_text_keeps_whole_characters(call):
    assert call("short", "ä" * 5, 4) == "äää…"
