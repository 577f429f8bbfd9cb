"""Tags merge three ways; what people did by hand is respected."""

from hypothesis import given
from hypothesis import strategies as st

from wcflow.rules.tags import MergedTags, TagChange, TagCopy, join_tags, merge_tags, split_tags

tag = st.text(
    st.characters(exclude_characters=",[{", exclude_categories=["C", "Z"]), min_size=1, max_size=4
)
tags = st.frozensets(st.sampled_from("ABCDE"), max_size=5)


def of(text):
    return frozenset(text)


def copy(shop, base):
    return TagCopy(None if shop is None else of(shop), None if base is None else of(base))


@given(st.frozensets(tag))
def test_tags_are_read_back_as_they_were_written(some):
    assert some == split_tags(join_tags(some))


def test_tags_are_written_in_the_order_of_the_alphabet():
    """The same set is always the same text, or every walk would write."""
    assert "apple, Birne, VIP" == join_tags({"VIP", "Birne", "apple"})


def test_what_a_person_typed_between_commas_is_a_tag():
    assert frozenset({"VIP", "Big spender"}) == split_tags(" VIP ,,Big spender,")


def test_tags_that_a_plugin_keeps_as_a_list_or_an_object_are_tags():
    assert frozenset({"VIP", "Big spender"}) == split_tags('["VIP","Big spender"]')
    assert frozenset({"VIP", "Big spender"}) == split_tags('{"0":"VIP","2":"Big spender"}')
    assert [frozenset()] * 3 == [split_tags(each) for each in ("[]", "{}", "[null,[]]")]


def test_a_tag_can_begin_with_a_bracket():
    assert frozenset({"[new]", "B"}) == split_tags("[new], B")


def test_what_rules_want_is_worn_and_what_they_want_no_more_is_not():
    assert of("BC") == merge_tags([copy("AB", "AB")], of("BC")).target


def test_a_tag_that_a_person_added_stays():
    assert MergedTags(of("AX"), of("X"), of("")) == merge_tags([copy("AX", "A")], of("A"))


def test_a_tag_that_a_person_took_away_stays_away():
    first = merge_tags([copy("A", "AB")], of("AB"))
    assert MergedTags(of("A"), of(""), of("B")) == first
    again = merge_tags([copy("A", "A")], of("AB"), first.added_by_hand, first.removed_by_hand)
    assert first == again


def test_a_refused_tag_comes_back_when_its_rule_has_ceased_and_holds_again():
    removed_by_hand = merge_tags([copy("A", "AB")], of("AB"))
    ceased = merge_tags(
        [copy("A", "A")], of("A"), removed_by_hand.added_by_hand, removed_by_hand.removed_by_hand
    )
    holds = merge_tags([copy("A", "A")], of("AB"), ceased.added_by_hand, ceased.removed_by_hand)
    assert of("AB") == holds.target


def test_a_refused_tag_comes_back_when_a_person_adds_it():
    assert MergedTags(of("AB"), of("B"), of("")) == merge_tags(
        [copy("AB", "A")], of("AB"), removed_by_hand=of("B")
    )


def test_with_restore_a_tag_that_was_taken_away_comes_back():
    assert of("AB") == merge_tags([copy("A", "AB")], of("AB"), respect=False).target


def test_an_edit_in_either_place_counts():
    """The dashboard shows the tags on the order, and another plugin may show the customer's."""
    merged = merge_tags([copy("A", "A"), copy("X", "A")], of("A"))
    assert MergedTags(of("X"), of("X"), of("A")) == merged


def test_a_place_that_cannot_be_read_says_nothing():
    assert of("A") == merge_tags([copy(None, "AB")], of("A")).target


def test_without_a_memory_the_tags_that_rules_make_are_not_a_persons():
    """A new database for a shop that was served before must not keep yesterday's VIPs for ever."""
    merged = merge_tags([copy("VX", None)], of("A"), ours=of("AV"))
    assert MergedTags(of("AX"), of("X"), of("")) == merged


def test_what_an_unsure_write_may_have_changed_was_no_hand():
    """Neither what it may have added nor what it may have dropped; what else changed was a hand."""
    unsure = TagCopy(of("BX"), of("AC"), TagChange(of("B"), of("A")))
    assert MergedTags(of("AX"), of("X"), of("C")) == merge_tags([unsure], of("AC"))


@given(tags, tags, tags, tags, tags)
def test_a_second_merge_changes_nothing(shop, base, wanted, added_by_hand, removed_by_hand):
    first = merge_tags([TagCopy(shop, base)], wanted, added_by_hand, removed_by_hand)
    second = merge_tags(
        [TagCopy(first.target, first.target)], wanted, first.added_by_hand, first.removed_by_hand
    )
    assert first == second


@given(tags, tags, tags)
def test_nothing_that_a_person_added_is_ever_taken(shop, base, wanted):
    assert shop - base <= merge_tags([TagCopy(shop, base)], wanted).target


@given(tags, tags, tags)
def test_nothing_that_a_person_took_away_is_put_back(shop, base, wanted):
    assert frozenset() == merge_tags([TagCopy(shop, base)], wanted).target & (base - shop)
