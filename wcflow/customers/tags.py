"""Tags by hand: add and remove them for a customer; rename, merge and delete them everywhere.

A tag that is added here is what someone would have added in WooCommerce: it stays until someone
removes it. The next evaluation queues the write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.customers.edits import GONE, Outcome, undo_many, undoes, undoes_many
from wcflow.database import outbox, people, tags
from wcflow.database.customers import load_customers
from wcflow.database.edits import Edit, EditedBy, load_bulk, save_edit, save_edits
from wcflow.database.identity import load_person_keys, mark_persons_dirty
from wcflow.database.orders import load_orders
from wcflow.database.sql import chunks
from wcflow.errors import UsageError
from wcflow.profile import account_in
from wcflow.rules.errors import did_you_mean
from wcflow.rules.hand_tags import (
    ADDED,
    REMOVED,
    HandTag,
    hand_tag,
    is_made_by_rules,
    rules_that_make,
    tags_now,
    with_hand_tag,
)
from wcflow.rules.model import Rules
from wcflow.rules.steps import one_tag
from wcflow.rules.tags import (
    NO_CHANGE,
    TAGS_META,
    Memory,
    TagChange,
    TagPlace,
    known_meta,
    split_tags,
)

BATCH = 500
States = Mapping[int, Mapping[str, HandTag]]
"""By person and tag: how the tag is to be known."""


def check_tag(text: str) -> str:
    """Return a tag as it can be written; raises UsageError."""
    tag = one_tag(text)
    if "," in text or not tag:
        raise UsageError("a tag must not be empty or have a comma", "Commas separate tags.")
    return tag


def find_spelling(tx: Connection, store: str, text: str, rules: Rules) -> str:
    """Return a tag as it is written already, whatever its case, or as it is given."""
    tag = check_tag(text)
    known = rules.static_tags.union(tags.count_by_tag(tx, store))
    if tag in known:
        return tag
    return next((each for each in sorted(known) if each.casefold() == tag.casefold()), tag)


def add_tag(tx: Connection, store: str, person: int, tag: str, by: EditedBy) -> Outcome:
    """Give a customer a tag that stays until someone removes it."""
    memory = _memory(tx, store, person)
    if tag in tags_now(memory):
        return Outcome(f"has the tag {tag} already", changed=False)
    return _edit_tags(tx, store, person, {tag: ADDED}, f"added the tag {tag}", by)


def remove_tag(
    tx: Connection, store: str, person: int, tag: str, by: EditedBy, *, respect: bool = True
) -> Outcome:
    """Take a tag from a customer. One that a rule makes stays away while the rule matches.

    Without ``respect``, rules put their tags back: then those cannot be removed.
    """
    memory = _memory(tx, store, person)
    own = tags_now(memory)
    found = next((each for each in sorted(own) if each.casefold() == tag.casefold()), None)
    if found is None:
        theirs = ", ".join(sorted(own)) or "none"
        hint = did_you_mean(tag, sorted(own)) or f"Their tags: {theirs}."
        raise UsageError(f"they do not have the tag {tag!r}", hint)
    if is_made_by_rules(memory, found) and not respect:
        advice = "Change the rule, or use manual_tags = respect."
        raise UsageError(f"a rule makes the tag {found}, and manual_tags = restore", advice)
    return _edit_tags(tx, store, person, {found: REMOVED}, f"removed the tag {found}", by)


def add_tag_to_many(
    tx: Connection, store: str, persons: Sequence[int], tag: str, by: EditedBy
) -> dict[int, str]:
    """Give many customers a tag; return why some were not changed."""
    memories = people.load_memories(tx, store, persons)
    skipped = dict.fromkeys(set(persons) - memories.keys(), GONE)
    have_it = [who for who, memory in memories.items() if tag in tags_now(memory)]
    skipped |= dict.fromkeys(have_it, f"had the tag {tag} already")
    states = {who: {tag: ADDED} for who in memories if who not in skipped}
    save_edits(tx, store, "tags", f"added the tag {tag}", by, _change(tx, store, states))
    return skipped


def remove_tag_from_many(
    tx: Connection,
    store: str,
    persons: Sequence[int],
    tag: str,
    by: EditedBy,
    *,
    respect: bool = True,
) -> dict[int, str]:
    """Take a tag from many customers, as :func:`remove_tag`; return why some were not changed."""
    memories = people.load_memories(tx, store, persons)
    skipped = dict.fromkeys(set(persons) - memories.keys(), GONE)
    states: dict[int, dict[str, HandTag]] = {}
    for who, memory in memories.items():
        found = [each for each in tags_now(memory) if each.casefold() == tag.casefold()]
        if not found:
            skipped[who] = f"did not have the tag {tag}"
        elif not respect and any(is_made_by_rules(memory, each) for each in found):
            skipped[who] = f"a rule makes the tag {tag}, and manual_tags = restore"
        else:
            states[who] = dict.fromkeys(found, REMOVED)
    save_edits(tx, store, "tags", f"removed the tag {tag}", by, _change(tx, store, states))
    return skipped


class Everywhere(NamedTuple):
    """A change of tags for everyone who has one of ``old``: they get ``new``, if it is not empty."""

    old: tuple[str, ...]
    new: str
    persons: tuple[int, ...]
    words: str


def plan_rename(tx: Connection, store: str, old: str, new: str, rules: Rules) -> Everywhere:
    """Return what a rename changes; raises UsageError if it is not possible."""
    counts, wanted = tags.count_by_tag(tx, store), check_tag(new)
    if wanted in counts and wanted != old:
        advice = f"'wcflow tag merge {_quoted(old)} {_quoted(wanted)}' makes one of the two."
        raise UsageError(f"the tag {wanted} exists already", advice)
    return _plan(tx, store, [old], wanted, rules, "renamed")


def plan_merge(
    tx: Connection, store: str, old: Sequence[str], new: str, rules: Rules
) -> Everywhere:
    """Return what a merge of tags changes; raises UsageError if it is not possible."""
    return _plan(tx, store, old, check_tag(new), rules, "merged")


def plan_delete(tx: Connection, store: str, tag: str, rules: Rules) -> Everywhere:
    """Return what the deletion of a tag changes; raises UsageError if it is not possible."""
    return _plan(tx, store, [tag], "", rules, "deleted")


def _quoted(tag: str) -> str:
    return f'"{tag}"' if " " in tag else tag


def _plan(
    tx: Connection, store: str, old: Sequence[str], new: str, rules: Rules, verb: str
) -> Everywhere:
    counts = tags.count_by_tag(tx, store)
    found = tuple(dict.fromkeys(_known_tag(each, counts) for each in old))
    found = tuple(each for each in found if each != new)
    if not found:
        raise UsageError("there is nothing to change: both are the same tag", "")
    for each in found:
        _refuse_if_made(tx, store, each, rules, verb)
    persons = tuple(tags.load_people_with_tags(tx, store, found))
    plural = "tags" if len(found) > 1 else "tag"
    words = f"{verb} the {plural} {', '.join(found)}"
    if new:
        words += f" {'into' if verb == 'merged' else 'to'} {new}"
    return Everywhere(found, new, persons, words)


def _known_tag(text: str, counts: Collection[str]) -> str:
    tag = check_tag(text)
    same = [each for each in sorted(counts) if each.casefold() == tag.casefold()]
    if not same:
        hint = did_you_mean(tag, sorted(counts)) or "'wcflow tag list' shows the tags."
        raise UsageError(f"no customer has the tag {tag!r}", hint)
    return tag if tag in same else same[0]


def _refuse_if_made(tx: Connection, store: str, tag: str, rules: Rules, verb: str) -> None:
    """Raise UsageError if a rule makes a tag: it would make it again."""
    made_by = rules_that_make(rules, tag)
    if not made_by and not tags.is_from_rules(tx, store, tag):
        return
    where = " and ".join(made_by) or "a rule"
    raise UsageError(
        f"the tag {tag} cannot be {verb}, because {where} makes it",
        "Change it in the configuration: the next sync changes the customers.",
    )


def change_everywhere(tx: Connection, store: str, plan: Everywhere, by: EditedBy) -> Outcome:
    """Change tags for everyone whom the plan names; its edit undoes them all."""
    of_bulk = by._replace(bulk=by.bulk or f"{plan.words} {by.at.isoformat()}")
    for persons in _batches(plan.persons):
        memories = people.load_memories(tx, store, persons)
        before = _change(tx, store, {who: _planned(plan, each) for who, each in memories.items()})
        save_edits(tx, store, "tags", plan.words, of_bulk._replace(key=None), before)
    edit = save_edit(tx, store, 0, "tags_everywhere", plan.words, of_bulk)
    return Outcome(plan.words, edit, changed=bool(plan.persons))


def _planned(plan: Everywhere, memory: Memory) -> dict[str, HandTag]:
    """Return what the plan changes for one person."""
    own = tags_now(memory)
    states = {tag: REMOVED for tag in plan.old if tag in own}
    return states | {plan.new: ADDED} if plan.new and plan.new not in own else states


@undoes("tags_everywhere")
def _undo_everywhere(tx: Connection, edit: Edit, by: EditedBy) -> str:
    made = [each for each in load_bulk(tx, edit.store, edit.by.bulk) if each.kind == "tags"]
    for part in chunks(made, BATCH):
        undo_many(tx, edit.store, part, by)
    return f"undid: {edit.words}"


def _edit_tags(
    tx: Connection,
    store: str,
    person: int,
    states: Mapping[str, HandTag],
    words: str,
    by: EditedBy,
) -> Outcome:
    before = _change(tx, store, {person: states})[person]
    return Outcome(words, save_edit(tx, store, person, "tags", words, by, before))


@undoes("tags")
def _undo_tags(tx: Connection, edit: Edit, by: EditedBy) -> str:
    _memory(tx, edit.store, edit.person)
    return _undo_many(tx, edit.store, [edit], by)[edit.id]


@undoes_many("tags")
def _undo_many(
    tx: Connection,
    store: str,
    edits: Sequence[Edit],
    by: EditedBy,  # noqa: ARG001  all undos have it
) -> dict[int, str]:
    before = {
        each.id: {tag: HandTag(*map(bool, state)) for tag, state in each.data.items()}
        for each in edits
    }
    states: dict[int, dict[str, HandTag]] = {}
    for each in edits:
        # The last edit comes first: where two changed the same tag, the first one knows how it was.
        states[each.person] = states.get(each.person, {}) | before[each.id]
    present = _change(tx, store, states).keys()
    return {each.id: _undone_words(before[each.id]) for each in edits if each.person in present}


def _undone_words(states: Mapping[str, HandTag]) -> str:
    back = ", ".join(tag for tag, state in states.items() if state.added or state.by_workflow)
    away = ", ".join(tag for tag, state in states.items() if not (state.added or state.by_workflow))
    return "; ".join(filter(None, (back and f"put back {back}", away and f"took back {away}")))


def _memory(tx: Connection, store: str, person: int) -> Memory:
    found = people.load_memories(tx, store, [person]).get(person)
    if found is None:
        raise UsageError(GONE, "")
    return found


def _batches(persons: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(persons), BATCH):
        yield persons[first : first + BATCH]


def _change(tx: Connection, store: str, states: States) -> dict[int, dict[str, list[bool]]]:
    """Change tags of people and mark them for evaluation; return how the tags were known before."""
    memories = people.load_memories(tx, store, [*states])
    shown = _load_shown(tx, store, memories)
    before: dict[int, dict[str, list[bool]]] = {}
    after = []
    for person, memory in memories.items():
        was = {tag: hand_tag(memory, tag) for tag in states[person]}
        before[person] = {
            tag: [each.added, each.removed, each.by_workflow] for tag, each in was.items()
        }
        changed = memory
        for tag, state in states[person].items():
            changed = with_hand_tag(changed, tag, state, shown.get(person, {}))
        after.append(changed)
    people.save_memories(tx, store, after)
    _expect_lost_writes(tx, store, states)
    tags.end_failed_writes(tx, store, memories)
    mark_persons_dirty(tx, store, memories)
    return before


def _load_shown(
    tx: Connection, store: str, memories: Mapping[int, Memory]
) -> dict[int, dict[TagPlace, frozenset[str]]]:
    """Return the tags that the local copy shows, by person and place."""
    keys = load_person_keys(tx, store, memories)
    accounts = {account: person for person, key in keys.items() if (account := account_in(key))}
    orders = {each.written_order_id: person for person, each in memories.items()}
    found: dict[int, dict[TagPlace, frozenset[str]]] = {}
    places = (
        ("customer", accounts, load_customers(tx, store, accounts)),
        ("order", orders, load_orders(tx, store, orders.keys() - {0})),
    )
    for kind, persons, records in places:
        for number, record in records.items():
            meta = known_meta(record.meta, record.odd_fields)
            if meta is not None:
                shown = split_tags(meta.get(TAGS_META))
                found.setdefault(persons[number], {})[kind, number] = shown
    return found


def _expect_lost_writes(tx: Connection, store: str, states: States) -> None:
    """Note which removed tags wcflow may have written just before, in a write without a response.

    Otherwise they would later look as if someone had added them in the store.
    """
    removed = {
        person: frozenset(tag for tag, state in each.items() if not state.added)
        for person, each in states.items()
    }
    places: dict[TagPlace, frozenset[str]] = {}
    for (person, step), entry in outbox.load_tag_entries(tx, store, [*states]).items():
        if entry.is_uncertain and removed[person]:
            kind = "customer" if step == "customer" else "order"
            places[kind, entry.target_id] = removed[person]
    known = tags.load_written_tags(tx, store, places)
    lost = {place: TagChange(found) for place, found in places.items()}
    put = {place: known.get(place, NO_CHANGE) | change for place, change in lost.items()}
    tags.save_written_tags(tx, store, put)
