"""Tags are merged from the rules, the store and the last write; changes by hand are kept."""

from hypothesis import given
from hypothesis import strategies as st

from wcflow.rules.tags import MergedTags, TagChange, TagCopy, join_tags, merge_tags, split_tags

tag = st.text(
    st.characters(exclude_characters=",[{", exclude_categories=["C", "Z"]), min_size=1, max_size=4
)
tags = st.frozensets(st.sampled_from("ABCDE"), max_size=5)


def tag_set(letters):
    return frozenset(letters)


def copy(stored, written):
    return TagCopy(
        None if stored is None else tag_set(stored),
        None if written is None else tag_set(written),
    )


@given(st.frozensets(tag))
def test_written_tags_are_read_back_unchanged(written):
    assert written == split_tags(join_tags(written))


def test_tags_are_written_in_alphabetical_order():
    """Otherwise the text would change and every pass would write it."""
    assert "apple, Birne, VIP" == join_tags({"VIP", "Birne", "apple"})


def test_tags_typed_by_hand_are_separated_by_commas():
    assert frozenset({"VIP", "Big spender"}) == split_tags(" VIP ,,Big spender,")


def test_tags_that_a_plugin_keeps_as_a_list_or_an_object_are_tags():
    assert frozenset({"VIP", "Big spender"}) == split_tags('["VIP","Big spender"]')
    assert frozenset({"VIP", "Big spender"}) == split_tags('{"0":"VIP","2":"Big spender"}')
    assert [frozenset()] * 3 == [split_tags(each) for each in ("[]", "{}", "[null,[]]")]


def test_a_tag_can_begin_with_a_bracket():
    assert frozenset({"[new]", "B"}) == split_tags("[new], B")


def test_tags_of_the_rules_are_added_and_their_former_tags_removed():
    assert tag_set("BC") == merge_tags([copy("AB", "AB")], tag_set("BC")).target


def test_a_tag_added_by_hand_stays():
    assert MergedTags(tag_set("AX"), tag_set("X"), frozenset()) == merge_tags(
        [copy("AX", "A")], tag_set("A")
    )


def test_a_tag_removed_by_hand_stays_removed():
    first = merge_tags([copy("A", "AB")], tag_set("AB"))
    assert MergedTags(tag_set("A"), frozenset(), tag_set("B")) == first
    again = merge_tags([copy("A", "A")], tag_set("AB"), first.added_by_hand, first.removed_by_hand)
    assert first == again


def test_a_removed_tag_returns_when_its_rule_ends_and_holds_again():
    removed = merge_tags([copy("A", "AB")], tag_set("AB"))
    ended = merge_tags(
        [copy("A", "A")], tag_set("A"), removed.added_by_hand, removed.removed_by_hand
    )
    holding = merge_tags(
        [copy("A", "A")], tag_set("AB"), ended.added_by_hand, ended.removed_by_hand
    )
    assert tag_set("AB") == holding.target


def test_a_removed_tag_returns_when_it_is_added_by_hand():
    assert MergedTags(tag_set("AB"), tag_set("B"), frozenset()) == merge_tags(
        [copy("AB", "A")], tag_set("AB"), removed_by_hand=tag_set("B")
    )


def test_a_removed_tag_returns_if_changes_by_hand_are_not_respected():
    assert tag_set("AB") == merge_tags([copy("A", "AB")], tag_set("AB"), respect=False).target


def test_changes_by_hand_count_on_orders_and_customers():
    """The dashboard shows the order's tags, and a plugin can show the customer's."""
    merged = merge_tags([copy("A", "A"), copy("X", "A")], tag_set("A"))
    assert MergedTags(tag_set("X"), tag_set("X"), tag_set("A")) == merged


def test_tags_that_cannot_be_read_count_as_unchanged():
    assert tag_set("A") == merge_tags([copy(None, "AB")], tag_set("A")).target


def test_without_saved_tags_the_tags_of_rules_do_not_count_as_added_by_hand():
    """A new database for an old store must not keep former VIPs forever."""
    merged = merge_tags([copy("VX", None)], tag_set("A"), ours=tag_set("AV"))
    assert MergedTags(tag_set("AX"), tag_set("X"), frozenset()) == merged


def test_changes_of_an_unconfirmed_write_do_not_count_as_changes_by_hand():
    """The write wanted to add B and remove A; X and C were changed by hand."""
    unconfirmed = TagCopy(tag_set("BX"), tag_set("AC"), TagChange(tag_set("B"), tag_set("A")))
    assert MergedTags(tag_set("AX"), tag_set("X"), tag_set("C")) == merge_tags(
        [unconfirmed], tag_set("AC")
    )


@given(tags, tags, tags, tags, tags)
def test_a_second_merge_changes_nothing(stored, written, wanted, added_by_hand, removed_by_hand):
    first = merge_tags([TagCopy(stored, written)], wanted, added_by_hand, removed_by_hand)
    second = merge_tags(
        [TagCopy(first.target, first.target)], wanted, first.added_by_hand, first.removed_by_hand
    )
    assert first == second


@given(tags, tags, tags)
def test_tags_added_by_hand_are_never_removed(stored, written, wanted):
    assert stored - written <= merge_tags([TagCopy(stored, written)], wanted).target


@given(tags, tags, tags)
def test_tags_removed_by_hand_are_never_added(stored, written, wanted):
    assert frozenset() == merge_tags([TagCopy(stored, written)], wanted).target & (written - stored)
