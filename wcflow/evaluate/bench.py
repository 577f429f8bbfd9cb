"""A store's rules, words and clock, laid out for judging its people.

Notes which workflows are new, and touches everyone where the rules have changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.customer import Shop
from wcflow.evaluate.effects import Maker
from wcflow.evaluate.shelf import Shelf
from wcflow.mirror import runs
from wcflow.mirror.due import touch_all
from wcflow.mirror.stores import save_setting, setting, store_row
from wcflow.mirror.tables import StoreRow
from wcflow.mirror.upserts import instant
from wcflow.rules.case import Policy
from wcflow.rules.model import Rules, Workflow
from wcflow.rules.runs import Watch
from wcflow.units import parse_zone


@dataclass(frozen=True, slots=True)
class Bench:
    """A store's rules and words, laid out for judging its people at ``now``."""

    settings: StoreSettings
    shop: Shop
    rules: Rules
    watches: Mapping[str, Watch]
    policy: Policy
    maker: Maker
    now: datetime
    shelf: Shelf


def set_up(tx: Connection, config: Config, settings: StoreSettings, now: datetime) -> Bench:
    """Lay out a store's bench: note new workflows, and touch everyone if the rules changed."""
    known = runs.watches(tx, settings.name)
    bench = _laid_out(tx, config, settings, now, known)
    kept = {name: (watch, bench.rules.digest) for name, watch in bench.watches.items()}
    changed = {name: each for name, each in kept.items() if known.get(name) != each}
    runs.save_watches(tx, settings.name, changed)
    _touch_if_changed(tx, settings.name, bench.rules.digest)
    if bench.maker.secret:
        return bench
    return replace(bench, maker=replace(bench.maker, secret=_secret(tx)))


def look(tx: Connection, config: Config, settings: StoreSettings, now: datetime) -> Bench:
    """Lay out a store's bench for those who only look: nothing is noted and nobody touched."""
    return _laid_out(tx, config, settings, now, runs.watches(tx, settings.name))


def _laid_out(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    now: datetime,
    known: Mapping[str, tuple[Watch, str]],
) -> Bench:
    row = store_row(tx, settings.name)
    assert row is not None, "the store is known before it is evaluated"
    rules = for_store(config.rules, settings)
    began = instant(row.census_started) if row.census_started is not None else now
    watching = _watches(known, rules, now, began)
    policy = Policy(began, settings.order_tags == "latest", config.manual_tags == "respect")
    maker = Maker(settings.name, rules, setting(tx, "secret") or "", now)
    shop, shelf = shop_of(row, config, settings), Shelf(settings.name)
    return Bench(settings, shop, rules, watching, policy, maker, now, shelf)


def for_store(rules: Rules, settings: StoreSettings) -> Rules:
    """Give the rules as a store gets them: where nothing may be written, workflows only rehearse."""
    if settings.write:
        return rules
    return replace(rules, workflows=tuple(_rehearsed(each) for each in rules.workflows))


def _rehearsed(workflow: Workflow) -> Workflow:
    return replace(workflow, mode="dry_run") if workflow.mode == "live" else workflow


def shop_of(row: StoreRow, config: Config, settings: StoreSettings) -> Shop:
    """Give what the rules must know of a store, from what the shop said and the INI."""
    return Shop(
        name=row.title or settings.name,
        url=row.url,
        zone=parse_zone(row.zone),
        currency=row.currency,
        paid_statuses=config.paid_statuses,
        rates=settings.currency_rates,
        consent_meta=settings.consent_meta,
        birthday_meta=settings.birthday_meta,
        order_gap=Decimal(row.order_gap) if row.order_gap else None,
    )


def _watches(
    known: Mapping[str, tuple[Watch, str]], rules: Rules, now: datetime, began: datetime
) -> dict[str, Watch]:
    """Say since when each workflow watches, those that are new or on again among them.

    The first set watches since the census began, by the server's clock. A workflow that looks at
    what rules decide watches anew when rules change: an edited rule is no event.
    """
    since = now if known else began
    found = {}
    for workflow in rules.workflows:
        watch, digest = known.get(workflow.name, (None, ""))
        anew = watch is None or (watch.mode == "off" and workflow.mode != "off")
        edited = workflow.trigger.watches_state and digest != rules.digest
        at = since if watch is None else now if anew or edited else watch.since
        found[workflow.name] = Watch(at, workflow.mode)
    return found


def _touch_if_changed(tx: Connection, store: str, digest: str) -> None:
    name = f"digest {store}"
    if setting(tx, name) != digest:
        touch_all(tx, store)
        save_setting(tx, name, digest)


def _secret(tx: Connection) -> str:
    secret = setting(tx, "secret")
    if secret is None:
        secret = secrets.token_hex(16)
        save_setting(tx, "secret", secret)
    return secret
