"""What an evaluation needs besides the people: rules, store, active workflows and products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from wcflow.config.digest import rule_digests, trigger_digests
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import rule_changes, runs
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.pauses import RESUMED
from wcflow.database.products import load_all_products, load_products
from wcflow.database.sql import instant
from wcflow.database.standings import delete_tiers
from wcflow.database.stores import load_secret, load_setting, load_store_row, save_store
from wcflow.database.tables import StoreRow
from wcflow.evaluate.entries import EntryBuilder
from wcflow.profile import StoreProfile
from wcflow.records import Order, Product
from wcflow.rules.counting import order_filter
from wcflow.rules.evaluation_input import Policy
from wcflow.rules.model import Campaign, RuleChanges, RuleName, Rules, Workflow
from wcflow.rules.workflow_run import Activation
from wcflow.units import parse_zone

RuleT = TypeVar("RuleT", Workflow, Campaign)


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """What the people of one store are evaluated with, as of ``now``."""

    settings: StoreSettings
    store: StoreProfile
    rules: Rules
    activations: Mapping[str, Activation]
    policy: Policy
    entry_builder: EntryBuilder
    now: datetime
    product_cache: ProductCache


def open_context(
    tx: Connection, config: Config, settings: StoreSettings, now: datetime
) -> EvaluationContext:
    """Return the context; save since when new workflows are active, and notice changed rules."""
    known = _load_known(tx, settings.name)
    evaluation_context, current = _build_context(config, settings, now, known)
    changed = {n: each for n, each in current.workflows.items() if known.workflows.get(n) != each}
    runs.save_activations(tx, settings.name, changed)
    rule_changes.forget_workflows(
        tx, settings.name, known.workflows.keys() - current.workflows.keys() - known.paused
    )
    if config.rules.tiers is None:
        delete_tiers(tx, settings.name)
    rule_changes.save_rules(tx, settings.name, known.rules, current.rules)
    _start_full_evaluation_if_rules_changed(tx, settings.name, evaluation_context.rules.digest)
    secret = evaluation_context.policy.secret or load_secret(tx)
    return _with_secret(evaluation_context, secret)


def read_context(
    tx: Connection, config: Config, settings: StoreSettings, now: datetime
) -> EvaluationContext:
    """Return the context for a preview; nothing is saved."""
    known = _load_known(tx, settings.name)
    evaluation_context, _ = _build_context(config, settings, now, known)
    return _with_secret(evaluation_context, load_setting(tx, "secret") or "")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is saved about a store's rules: since when workflows are active, and when rules changed."""

    row: StoreRow
    workflows: Mapping[str, tuple[Activation, str]]
    rules: rule_changes.SavedRules

    @property
    def paused(self) -> frozenset[str]:
        return frozenset(name for name, (each, _) in self.workflows.items() if each.paused)

    @property
    def started(self) -> datetime | None:
        started = self.row.initial_sync_started
        return None if started is None else instant(started)


def _load_known(tx: Connection, store: str) -> _Known:
    row = load_store_row(tx, store)
    assert row is not None, "the store is known before it is evaluated"
    return _Known(row, runs.load_activations(tx, store), rule_changes.load_rules(tx, store))


def _build_context(
    config: Config, settings: StoreSettings, now: datetime, known: _Known
) -> tuple[EvaluationContext, _Known]:
    """Return the context, and the workflows and rules to save."""
    rules = rules_for_store(config.rules, settings)
    started = known.started or now
    current = _Known(
        known.row,
        _activations(known, rules, trigger_digests(rules, config.paid_statuses, settings), now),
        _rule_changes(known, rules, rule_digests(rules, config.paid_statuses, settings), now),
    )
    policy = Policy(
        started,
        order_tags=settings.order_tags,
        customer_tags=known.row.can_read_meta,
        respect=config.manual_tags == "respect",
        store=settings.name,
        rule_changes=RuleChanges({name: at for name, (_, at) in current.rules.items()}),
    )
    evaluation_context = EvaluationContext(
        settings,
        build_store_profile(known.row, config, settings),
        rules,
        {name: activation for name, (activation, _) in current.workflows.items()},
        policy,
        EntryBuilder(settings.name, rules, "", now),
        now,
        ProductCache(settings.name),
    )
    return evaluation_context, current


def _with_secret(evaluation_context: EvaluationContext, secret: str) -> EvaluationContext:
    return replace(
        evaluation_context,
        policy=msgspec.structs.replace(evaluation_context.policy, secret=secret),
        entry_builder=replace(evaluation_context.entry_builder, secret=secret),
    )


def rules_for_store(rules: Rules, settings: StoreSettings) -> Rules:
    """Return the rules for a store: with ``write = no`` everything live becomes a dry run."""
    if settings.write:
        return rules
    return replace(
        rules,
        workflows=tuple(_dry_run(each) for each in rules.workflows),
        campaigns=tuple(_dry_run(each) for each in rules.campaigns),
    )


def _dry_run(rule: RuleT) -> RuleT:
    return replace(rule, mode="dry_run") if rule.mode == "live" else rule


def build_store_profile(row: StoreRow, config: Config, settings: StoreSettings) -> StoreProfile:
    """Return what rules can know about a store, from its own information and the INI."""
    return StoreProfile(
        name=row.title or settings.name,
        url=row.url,
        zone=parse_zone(row.time_zone),
        currency=row.currency,
        paid_statuses=config.paid_statuses,
        shipped_statuses=config.shipped_statuses,
        has_subscriptions=row.has_subscriptions,
        has_companion=row.has_companion,
        rates=settings.currency_rates,
        consent_meta=settings.consent_meta,
        birthday_meta=settings.birthday_meta,
        birthday_format=settings.birthday_format,
        count_children=settings.child_orders == "count",
        counts_when=order_filter(settings.counts_when),
        amount_meta=settings.amount_meta,
        rate_meta=settings.rate_meta,
        points=config.rules.points,
        tiers=config.rules.tiers,
        order_gap=Decimal(row.median_order_gap) if row.median_order_gap else None,
    )


def _activations(
    known: _Known, rules: Rules, digests: Mapping[str, str], now: datetime
) -> dict[str, tuple[Activation, str]]:
    """Return since when each workflow is active, and the digest of what starts it."""
    return {
        workflow.name: (
            Activation(
                _active_since(workflow, known, digests[workflow.name], now),
                workflow.mode,
                workflow.name in known.paused,
            ),
            digests[workflow.name],
        )
        for workflow in rules.workflows
    }


def _active_since(workflow: Workflow, known: _Known, digest: str, now: datetime) -> datetime:
    """Return when a workflow begins: earlier events are history.

    Workflows that are there at the first evaluation of a store begin with its initial sync. All
    others begin when they are added or enabled again. An edit of the trigger or of the settings is
    not an event: from then on only what is new since the last evaluation counts.
    """
    watches_state = workflow.trigger.watches_state
    activation, before = known.workflows.get(workflow.name, (None, ""))
    if activation is None and not known.row.rules_digest:
        return known.started or now
    if activation is not None and activation.mode == RESUMED:
        return now + SECOND if watches_state else activation.since
    if activation is None or (activation.mode == "off" and workflow.mode != "off"):
        # What is found out in this very pass has happened before.
        return now + SECOND if watches_state else now
    if digest == before or not (before or watches_state):
        return activation.since  # without a digest: after a wrong clock
    if watches_state or workflow.trigger.kind.next_at:
        return now
    evaluated = known.row.evaluated_at
    return activation.since if evaluated is None else max(activation.since, instant(evaluated))


def _rule_changes(
    known: _Known, rules: Rules, digests: Mapping[RuleName, str], now: datetime
) -> rule_changes.SavedRules:
    """Return the digest of each rule, and when it was added or changed."""
    row = known.row
    # A database of an earlier version has no rules yet; those of the first evaluation are not new.
    same = not row.rules_digest or (not known.rules and row.rules_digest == rules.digest)
    new = (known.started or now) if same else _after_evaluation(row, now)
    return {
        name: known.rules[name] if known.rules.get(name, ("",))[0] == digest else (digest, new)
        for name, digest in digests.items()
    }


def _after_evaluation(row: StoreRow, now: datetime) -> datetime:
    """Return ``now``, or the second after the last evaluation if it was in the same second."""
    evaluated = None if row.evaluated_at is None else instant(row.evaluated_at)
    return evaluated + SECOND if evaluated and evaluated + SECOND > now else now


def _start_full_evaluation_if_rules_changed(tx: Connection, store: str, digest: str) -> None:
    row = load_store_row(tx, store)
    before = row.rules_digest if row else ""
    if before != digest:
        if before:  # at first, everyone waits for their first evaluation anyway
            start_full_evaluation(tx, store)
        save_store(tx, store, rules_digest=digest)


SECOND = timedelta(seconds=1)
READ_ALL_FROM = 100
"""For this many people all products are loaded: that is faster than searching their orders."""
MAX_CACHED = 20_000
"""A few tens of megabytes."""


@dataclass(slots=True)
class ProductCache:
    """The products in people's orders, by id.

    ``is_complete`` says whether all products are loaded; None before the first attempt.
    """

    store: str
    products: dict[int, Product] = field(default_factory=dict)
    is_complete: bool | None = None

    def fetch(
        self, tx: Connection, orders_by_person: Iterable[Iterable[Order]], people: int
    ) -> None:
        """Load the missing products of these orders, or all products if there are many people."""
        if self.is_complete is None and people >= READ_ALL_FROM:
            self._fetch_all(tx)
        if not self.is_complete:
            self._fetch_named(tx, chain.from_iterable(orders_by_person))

    def _fetch_all(self, tx: Connection) -> None:
        found = load_all_products(tx, self.store, MAX_CACHED + 1)
        self.is_complete = len(found) <= MAX_CACHED
        if self.is_complete:
            self.products.update(found)

    def _fetch_named(self, tx: Connection, orders: Iterable[Order]) -> None:
        wanted = {item.product_id for order in orders for item in order.items} - {0}
        missing = sorted(wanted - self.products.keys())
        if missing:
            self.products.update(load_products(tx, self.store, missing))
