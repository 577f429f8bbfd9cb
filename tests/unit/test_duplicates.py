"""Which two people may be one, by what is known of them."""

from itertools import count

import pytest

from wcflow.rules.duplicates import (
    blocks_of,
    compare,
    compare_block,
    plain_address,
    prepare,
)

ANNA = prepare(1, "anna berg", "anna.berg@example.com", "004915112345987", "10115", "Ring 1")


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Anna+Shop@Example.com", "anna@example.com"),
        ("a.n.na@googlemail.com", "anna@gmail.com"),
        ("a.n.na@example.com", "a.n.na@example.com"),
        ("+49@example.com", "+49@example.com"),
        ("", ""),
    ],
)
def test_an_address_without_its_additions_is_its_mailbox(address, mailbox):
    assert mailbox == plain_address(address)


@pytest.mark.parametrize(
    ("other", "reasons"),
    [
        (
            prepare(2, "anna berg", "a@other.example", "", "10115", "ring 1"),
            ("the same name", "the same postcode", "the same street and number"),
        ),
        (
            prepare(2, "berg, anna", "a@other.example", "015112345987"),
            ("the same name", "the same phone number"),
        ),
        (
            prepare(2, "anna berg", "ana.berg@example.com"),
            ("addresses that differ by a typo", "the same name"),
        ),
        (
            prepare(2, "", "anna.berg@exmaple.com"),
            ("addresses that differ by a typo after the @",),
        ),
        (prepare(2, "", "anna.berg+shop@example.com"), ("the same mailbox",)),
    ],
)
def test_likely_duplicates_come_with_reasons(other, reasons):
    found = compare(ANNA, other)
    assert (1, 2, reasons) == (found.one, found.other, found.reasons)
    assert found == compare(other, ANNA)
    assert blocks(ANNA) & blocks(other)


def blocks(candidate):
    return {*blocks_of(candidate.name, candidate.mailbox, candidate.phone)}


@pytest.mark.parametrize(
    "other",
    [
        prepare(2, "anna berg", "a@other.example", "", "80331"),
        prepare(2, "ben stone", "ben@other.example", "004915112345987", "10115"),
        prepare(2, "ben stone", "ben.stone@example.com", "", "10115", "Ring 1"),
        prepare(2, "", "anna.berg@other.example"),
    ],
)
def test_one_thing_in_common_is_not_enough(other):
    assert compare(ANNA, other) is None


def test_more_reasons_give_a_higher_score():
    plain = prepare(2, "anna berg", "a@other.example", "", "10115")
    assert compare(ANNA, plain).score < compare(ANNA, plain._replace(street=ANNA.street)).score
    assert compare(ANNA, ANNA._replace(person=2)).score == 99


@pytest.mark.parametrize("phone", ["", "12345", "00000000", "0123456789", "1111111111"])
def test_an_invented_phone_number_says_nothing(phone):
    assert not any(block.startswith("p") for block in blocks_of("", "", phone))


def test_a_phone_number_of_very_many_people_says_nothing():
    crowd = [ANNA._replace(person=number) for number in range(40)]
    assert [] == [*compare_block("p", crowd)]


def test_many_people_with_one_name_are_compared_with_their_neighbours_only(monkeypatch):
    compared = count()

    def counted(one, other):
        next(compared)
        return compare(one, other)

    monkeypatch.setattr("wcflow.rules.duplicates.compare", counted)
    crowd = [
        ANNA._replace(person=number, mailbox=f"{number:04}@example.com", postcode=f"{number:05}")
        for number in range(1000)
    ]
    crowd.append(crowd[500]._replace(person=1001, mailbox="x@example.com"))
    assert {(500, 1001)} <= {(each.one, each.other) for each in compare_block("n", crowd)}
    assert next(compared) < 20 * len(crowd)
