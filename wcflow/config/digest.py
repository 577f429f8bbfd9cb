"""The digest of a configuration: it changes if, and only if, its meaning may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from wcflow.actions.registry import SECTIONS
from wcflow.config.stores import StoreSettings
from wcflow.profile import LIFECYCLE
from wcflow.rules.attributes.registry import find_attribute
from wcflow.rules.conditions import Condition
from wcflow.rules.model import (
    CONSENT,
    MATCHING,
    POINTS,
    SEGMENT,
    TAGS,
    TIERS,
    Campaign,
    RuleName,
    Rules,
    Segment,
    TagRule,
    Workflow,
)
from wcflow.rules.step_blocks import pinned

_FORMAT_VERSION = 1
"""Increased when a later version gives the same words another meaning."""

_ONCE_WORDS = {"event": "occurrence"}
"""Earlier words of ``once``; with others, the digest in a database would change for no reason."""


def compute_digest(
    rules: Rules, paid_statuses: Iterable[str], stores: Iterable[StoreSettings]
) -> str:
    """Return the SHA-256 of everything that decides segments, tags and workflows."""
    meaning = {
        "reading": _FORMAT_VERSION,
        "paid_statuses": sorted(paid_statuses),
        "segments": _segment_data(rules.segments),
        "tags": sorted(_tag_data(rule) for rule in rules.tags),
        "workflows": sorted((_workflow_data(rule) for rule in rules.workflows), key=str),
        **{f"{kind}s": _action_rules(kind, known) for kind, known in rules.sections.items()},
        "stores": sorted((_store_data(store) for store in stores), key=str),
        # Nothing for the default, so that the digests in databases stay the same.
        **_programme_data(rules),
        **({} if rules.shown_group == LIFECYCLE else {"shown_group": rules.shown_group}),
        **({"shipped": sorted(rules.shipped_statuses)} if rules.shipped_statuses else {}),
    }
    return _hash(meaning)


def _hash(meaning: object) -> str:
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def rule_digests(
    rules: Rules, paid_statuses: Iterable[str], store: StoreSettings
) -> dict[RuleName, str]:
    """Return a digest of everything that decides each segment, the tags, and customer_matches.

    A segment depends on all of its group, a tag on all tags and segments, and both on the settings
    that say which orders count.
    """
    settings = _settings_data(rules, paid_statuses, store)
    segments = _segment_data(rules.segments)
    tags = [settings, segments, sorted((_tag_data(rule) for rule in rules.tags), key=str)]
    found = {
        (SEGMENT, each.name): _hash(
            [settings, segments[each.group] if each.group else each.when.canonical]
        )
        for each in rules.segments
    }
    for each in rules.matching:
        sees = tags if _sees_rules(each) else []
        depends = [settings, _condition_text(each.when), each.include_existing, sees]
        found[MATCHING, each.name] = _hash(depends)
    found[CONSENT, ""] = _hash([*store.consent_meta])
    if rules.points is not None:
        # The same for all rules of points: an edit must not change since when orders earn.
        found[POINTS] = _hash([_FORMAT_VERSION])
    if rules.tiers is not None:
        found[TIERS] = _hash(settings)
    return {**found, (TAGS, ""): _hash(tags)}


def trigger_digests(
    rules: Rules, paid_statuses: Iterable[str], store: StoreSettings
) -> dict[str, str]:
    """Return a digest, by workflow, of everything that decides which events start it."""
    settings = _settings_data(rules, paid_statuses, store)
    return {
        each.name: rules.digest
        if each.trigger.watches_state
        else _hash([settings, each.trigger.canonical, *_more_trigger_data(each, rules)])
        for each in rules.workflows
    }


def _more_trigger_data(workflow: Workflow, rules: Rules) -> list[str]:
    """Return what also decides which events start a workflow, besides its trigger."""
    if workflow.trigger.name == "order_shipped":
        return sorted(rules.shipped_statuses)
    if not workflow.trigger.kind.for_all_matching:
        return []
    return [rules.digest if _sees_rules(workflow) else _condition_text(workflow.when)]


def renamed_digests(
    rules: Rules, paid_statuses: Iterable[str], stores: Iterable[StoreSettings], name: str, old: str
) -> dict[str, str]:
    """Return the digests of a store's rules when it was called ``old``, and those of today.

    So renaming a store does not look like a change of its rules.
    """
    stores = list(stores)
    before = [replace(each, name=old) if each.name == name else each for each in stores]
    former = replace(rules, digest=compute_digest(rules, paid_statuses, before))
    found = {former.digest: rules.digest}
    for store, then in zip(stores, before, strict=True):
        if store.name == name:
            found |= _pairs(rule_digests, (former, then), (rules, store), paid_statuses)
            found |= _pairs(trigger_digests, (former, then), (rules, store), paid_statuses)
    return found


def _pairs(
    compute: Callable[[Rules, Iterable[str], StoreSettings], Mapping[Any, str]],
    before: tuple[Rules, StoreSettings],
    now: tuple[Rules, StoreSettings],
    paid_statuses: Iterable[str],
) -> dict[str, str]:
    old = compute(before[0], paid_statuses, before[1])
    new = compute(now[0], paid_statuses, now[1])
    return {digest: new[key] for key, digest in old.items()}


def _settings_data(rules: Rules, paid_statuses: Iterable[str], store: StoreSettings) -> list[Any]:
    programme = filter(None, [_programme_data(rules)])
    return [_FORMAT_VERSION, sorted(paid_statuses), _store_data(store), *programme]


def _programme_data(rules: Rules) -> dict[str, str]:
    """Return what points and tiers mean; nothing without them, so that digests stay the same."""
    sections = {"points": rules.points, "tiers": rules.tiers}
    return {name: each.canonical for name, each in sections.items() if each is not None}


def _sees_rules(workflow: Workflow) -> bool:
    """Return whether the condition of a workflow depends on segments or tags."""
    found = (find_attribute(name) for name in (workflow.when.names if workflow.when else ()))
    return any(each and (each[0].place == "segments" or each[0].name == "tags") for each in found)


def _segment_data(rules: Iterable[Segment]) -> dict[str, list[Any]]:
    """Return the segments by group; inside a group, the order of the file matters."""
    groups: dict[str, list[Any]] = {}
    for rule in rules:
        data = [rule.name, rule.when.canonical, rule.tag, rule.note]
        groups.setdefault(rule.group, []).append(data)
    return {group: data if group else sorted(data) for group, data in groups.items()}


def _tag_data(rule: TagRule) -> list[Any]:
    return [
        rule.name,
        _condition_text(rule.when),
        rule.tag.text,
        rule.for_each and rule.for_each.text,
        rule.keep_forever,
    ]


def _condition_text(condition: Condition | None) -> str:
    return condition.canonical if condition else ""


def _workflow_data(rule: Workflow) -> list[Any]:
    return [
        rule.name,
        rule.trigger.canonical,
        _condition_text(rule.when),
        _condition_text(rule.stop_when),
        pinned(rule.do),
        [_ONCE_WORDS.get(rule.once.per, rule.once.per), str(rule.once.every)],
        rule.mode,
        sorted(rule.only),
        rule.include_existing,
    ]


def campaign_digest(campaign: Campaign) -> str:
    """Return a digest of what a campaign sends, and to whom."""
    steps = [step.text for step in campaign.do]
    return _hash([campaign.segment, _condition_text(campaign.when), steps])


def _action_rules(kind: str, rules: Mapping[str, Any]) -> list[Any]:
    return [SECTIONS[kind].meaning(rule) for _, rule in sorted(rules.items())]


def _store_data(store: StoreSettings) -> list[Any]:
    return [
        store.name,
        store.order_tags,
        store.guests,
        sorted(store.shared_emails),
        [
            ", ".join(store.consent_meta),
            store.birthday_meta,
            *filter(None, [store.birthday_format]),
        ],
        sorted((code, str(rate.normalize())) for code, rate in store.currency_rates.items()),
        *_counting_data(store),
    ]


def _counting_data(store: StoreSettings) -> list[str]:
    """Return what decides which orders count; nothing for the defaults."""
    children = "children" if store.child_orders == "count" else ""
    counts_when = store.counts_when.canonical if store.counts_when else ""
    found = [children, counts_when, store.amount_meta, store.rate_meta]
    return found if any(found) else []
