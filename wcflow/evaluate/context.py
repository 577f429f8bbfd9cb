"""What an evaluation needs besides the people: rules, store, active workflows and products."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import chain

import msgspec
from sqlalchemy import Connection

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import runs
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.products import load_all_products, load_products
from wcflow.database.sql import instant
from wcflow.database.stores import load_setting, load_store_row, save_setting, save_store
from wcflow.database.tables import StoreRow
from wcflow.evaluate.entries import EntryBuilder
from wcflow.profile import StoreProfile
from wcflow.records import Order, Product
from wcflow.rules.counting import order_filter
from wcflow.rules.evaluation_input import Policy
from wcflow.rules.model import Rules, Workflow
from wcflow.rules.workflow_run import Activation
from wcflow.units import parse_zone


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
    known = runs.load_activations(tx, settings.name)
    evaluation_context = _build_context(tx, config, settings, now, known)
    current = {
        name: (activation, evaluation_context.rules.digest)
        for name, activation in evaluation_context.activations.items()
    }
    changed = {name: each for name, each in current.items() if known.get(name) != each}
    runs.save_activations(tx, settings.name, changed)
    _start_full_evaluation_if_rules_changed(tx, settings.name, evaluation_context.rules.digest)
    if evaluation_context.policy.secret:
        return evaluation_context
    secret = _secret(tx)
    return replace(
        evaluation_context,
        policy=msgspec.structs.replace(evaluation_context.policy, secret=secret),
        entry_builder=replace(evaluation_context.entry_builder, secret=secret),
    )


def read_context(
    tx: Connection, config: Config, settings: StoreSettings, now: datetime
) -> EvaluationContext:
    """Return the context for a preview; nothing is saved."""
    return _build_context(tx, config, settings, now, runs.load_activations(tx, settings.name))


def _build_context(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    now: datetime,
    known: Mapping[str, tuple[Activation, str]],
) -> EvaluationContext:
    row = load_store_row(tx, settings.name)
    assert row is not None, "the store is known before it is evaluated"
    rules = rules_for_store(config.rules, settings)
    started = instant(row.initial_sync_started) if row.initial_sync_started is not None else now
    activations = _activations(known, rules, now, started)
    secret = load_setting(tx, "secret") or ""
    policy = Policy(
        started,
        settings.order_tags == "latest",
        config.manual_tags == "respect",
        settings.name,
        secret,
    )
    entry_builder = EntryBuilder(settings.name, rules, secret, now)
    store, product_cache = build_store_profile(row, config, settings), ProductCache(settings.name)
    return EvaluationContext(
        settings, store, rules, activations, policy, entry_builder, now, product_cache
    )


def rules_for_store(rules: Rules, settings: StoreSettings) -> Rules:
    """Return the rules for a store: with ``write = no`` all live workflows become dry runs."""
    if settings.write:
        return rules
    return replace(rules, workflows=tuple(_dry_run(each) for each in rules.workflows))


def _dry_run(workflow: Workflow) -> Workflow:
    return replace(workflow, mode="dry_run") if workflow.mode == "live" else workflow


def build_store_profile(row: StoreRow, config: Config, settings: StoreSettings) -> StoreProfile:
    """Return what rules can know about a store, from its own information and the INI."""
    return StoreProfile(
        name=row.title or settings.name,
        url=row.url,
        zone=parse_zone(row.time_zone),
        currency=row.currency,
        paid_statuses=config.paid_statuses,
        rates=settings.currency_rates,
        consent_meta=settings.consent_meta,
        birthday_meta=settings.birthday_meta,
        count_children=settings.child_orders == "count",
        counts_when=order_filter(settings.counts_when),
        amount_meta=settings.amount_meta,
        rate_meta=settings.rate_meta,
        order_gap=Decimal(row.median_order_gap) if row.median_order_gap else None,
    )


def _activations(
    known: Mapping[str, tuple[Activation, str]], rules: Rules, now: datetime, started: datetime
) -> dict[str, Activation]:
    """Return since when each workflow is active, including new ones and those switched on again.

    The first workflows are active since the initial sync started. A workflow with a trigger on
    segments or tags starts again when rules change, because an edited rule is not an event.
    """
    since = now if known else started
    found = {}
    for workflow in rules.workflows:
        activation, digest = known.get(workflow.name, (None, ""))
        restarted = activation is None or (activation.mode == "off" and workflow.mode != "off")
        edited = workflow.trigger.watches_state and digest != rules.digest
        at = since if activation is None else now if restarted or edited else activation.since
        found[workflow.name] = Activation(at, workflow.mode)
    return found


def _start_full_evaluation_if_rules_changed(tx: Connection, store: str, digest: str) -> None:
    row = load_store_row(tx, store)
    before = row.rules_digest if row else ""
    if before != digest:
        if before:  # at first, everyone waits for their first evaluation anyway
            start_full_evaluation(tx, store)
        save_store(tx, store, rules_digest=digest)


def _secret(tx: Connection) -> str:
    secret = load_setting(tx, "secret")
    if secret is None:
        secret = secrets.token_hex(16)
        save_setting(tx, "secret", secret)
    return secret


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
