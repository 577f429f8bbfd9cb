"""Keep the companion plugin of a store up to date, and do what people ask for in it.

The plugin is a view and a mailbox: what it does not answer stops neither the poll nor the delivery,
and is made up for by a later pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from wcflow.actions.message import CHANNEL
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.dashboard.push import PushResult, push_outdated
from wcflow.dashboard.request_data import Desk
from wcflow.dashboard.requests import handle_requests
from wcflow.dashboard.summary import load_figures, load_summary
from wcflow.database import companion
from wcflow.database.companion import NOT_ACTIVE
from wcflow.database.connection import Database
from wcflow.database.sql import dumps, instant, loads, stamp
from wcflow.database.stores import load_secret, load_store_row
from wcflow.database.tables import CompanionRow
from wcflow.errors import StoreError, WcflowError
from wcflow.evaluate.context import read_context
from wcflow.poll.companion_stream import follow_stream
from wcflow.redact import error_text
from wcflow.rules.mail_links import ChannelConsent, companion_settings
from wcflow.store.client import Store
from wcflow.store.companion import (
    PROTOCOL,
    CompanionStatus,
    push_answers,
    push_settings,
    push_summary,
    read_status,
)
from wcflow.store.errors import NO_ROUTE

log = structlog.get_logger()

PUSH_EVERY = timedelta(seconds=55)
"""A little less than a minute, so that a pass each minute is never too early."""
PUSH_LIMIT = timedelta(seconds=15)
"""How long one pass pushes people at most; the rest comes with later passes."""
TAKE_LIMIT = timedelta(seconds=15)
"""How long one pass does requests at most: a bulk action can make thousands."""
FIGURES_EVERY = timedelta(hours=1)
_LONGEST_PAUSE = timedelta(minutes=15)
_ANSWERS = 100
OTHER_PROTOCOL = "the companion plugin and this wcflow do not fit together: update both"


class Plugin(Protocol):
    """The plugin of one store, and what it is updated from."""

    @property
    def db(self) -> Database: ...
    @property
    def store(self) -> Store: ...
    @property
    def config(self) -> Config: ...
    @property
    def settings(self) -> StoreSettings: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def stopping(self) -> Callable[[], bool]: ...


# What people did in the dashboard.


def take_requests(plugin: Plugin) -> None:
    """Do what people asked for in the dashboard, and say what came of it."""
    if _rests(plugin):
        return
    desk = Desk(plugin.config, plugin.settings, plugin.clock())

    stopping = _until(plugin, TAKE_LIMIT)

    def handle(rows: Any) -> int:
        handled = handle_requests(plugin.db, desk, rows, stopping)
        _post_answers(plugin)
        return handled

    with _noting_problems(plugin):
        name = plugin.settings.name
        follow_stream(plugin.db, plugin.store, name, "requests", handle, stopping)
        _post_answers(plugin)


def _post_answers(plugin: Plugin) -> None:
    """Post the answers that the plugin does not have yet, until it has taken them."""
    store = plugin.settings.name
    while not plugin.stopping():
        with plugin.db.reading() as tx:
            found = companion.load_open_answers(tx, store, _ANSWERS)
        if not found:
            return
        answers: list[dict[str, Any]] = [
            {"id": each.id, "key": each.key, "state": each.state, "words": each.words}
            for each in found
        ]
        push_answers(plugin.store, answers)
        with plugin.db.transaction() as tx:
            companion.mark_answered(tx, store, [each.key for each in found])


# What the dashboard shows.


def update_plugin(plugin: Plugin) -> PushResult:
    """Push the summary and the people whose card is outdated, at most once a minute."""
    store, now, result = plugin.settings.name, plugin.clock(), PushResult()
    if _rests(plugin) or _is_early(plugin, now):
        return result
    with _noting_problems(plugin):
        status = read_status(plugin.store)
        if status.protocol != PROTOCOL:
            raise StoreError(OTHER_PROTOCOL, permanent=True)
        row = _meet(plugin, status, now)
        with _later() as later:
            later(lambda: _push_settings(plugin, status))
            later(lambda: _post_answers(plugin))
            later(lambda: _push_summary(plugin, row, now))
            result = _push_people(plugin, row.generation, now)
        with plugin.db.transaction() as tx:
            companion.save_companion(tx, store, problem="", problem_since=None)
        if row.problem:
            log.info("the companion plugin is up to date again", store=store)
    if result.pushed or result.gone:
        log.info("pushed", store=store, customers=result.pushed, gone=result.gone)
    if result.refused:
        why = next(iter(result.refused.values()))
        log.warning("customers refused", store=store, customers=len(result.refused), why=why)
    return result


def _meet(plugin: Plugin, status: CompanionStatus, now: datetime) -> CompanionRow:
    """Save what the plugin says of itself; if it does not have what was pushed, push everyone anew."""
    store = plugin.settings.name
    with plugin.db.transaction() as tx:
        row = companion.load_companion(tx, store)
        pushed = companion.count_pushed(tx, store)
        idle = row is not None and row.queued_up_to is None and not row.finish_due
        other = row is not None and companion.is_other_database(status.generation, row.generation)
        if (
            row is None
            or not row.generation
            or (pushed and status.generation != row.generation)
            or (idle and status.people < pushed and not companion.load_outdated(tx, store, 1))
            or _is_restored(status, row)
        ):
            companion.push_everyone(tx, store)
            companion.answer_all_again(tx, store, now - companion.PLUGIN_KEEPS)
            if other:
                log.warning("another wcflow updates the companion plugin too", store=store)
        companion.note_other_database(tx, store, now, seen=other)
        companion.save_companion(
            tx,
            store,
            version=status.version,
            mail_url=status.mail_url,
            dropped_emails=status.dropped_emails,
            pushed_at=stamp(now),
        )
        found = companion.load_companion(tx, store)
    assert found is not None, "it was just saved"
    return found


def _is_restored(status: CompanionStatus, row: CompanionRow) -> bool:
    """Return whether the plugin's summary is older than the last one: its tables are from a backup."""
    shown, pushed = status.summary, row.summary_at
    return shown is not None and pushed is not None and stamp(shown) < pushed


def _push_settings(plugin: Plugin, status: CompanionStatus) -> None:
    """Give the plugin the keys of links in e-mails, and note that it has them."""
    store = plugin.settings.name
    with plugin.db.transaction() as tx:
        secret = load_secret(tx)
    rules = plugin.config.rules.sections.get(CHANNEL, {}).values()
    channels = [ChannelConsent(each.name, each.kind, each.consent_meta) for each in rules if each]
    found = companion_settings(secret, plugin.settings.consent_meta, channels)
    if status.settings != found["digest"]:
        push_settings(plugin.store, found)
    with plugin.db.transaction() as tx:
        companion.save_companion(tx, store, settings=found["digest"])


def _push_summary(plugin: Plugin, row: CompanionRow, now: datetime) -> None:
    name = plugin.settings.name
    figures = _figures(plugin, row, now)
    with plugin.db.reading() as tx:
        store = load_store_row(tx, name)
        assert store is not None, "the store is known before its dashboard is updated"
        summary = load_summary(tx, plugin.config, plugin.settings, store, figures, now)
    push_summary(plugin.store, {**summary, "generation": row.generation})
    with plugin.db.transaction() as tx:
        companion.save_companion(tx, name, summary_at=stamp(now))


def _figures(plugin: Plugin, row: CompanionRow, now: datetime) -> dict[str, Any]:
    """Return what takes long to compute in a large store, as it was within the last hour."""
    config, names = plugin.config, [each.name for each in plugin.config.rules.workflows]
    known: dict[str, Any] = loads(row.figures)
    age = None if row.figures_at is None else now - instant(row.figures_at)
    same = [each["name"] for each in known.get("workflows", ())] == names
    if same and age is not None and timedelta() <= age < FIGURES_EVERY:
        return known
    with plugin.db.reading() as tx:
        found = load_figures(tx, config, plugin.settings)
    with plugin.db.transaction() as tx:
        saved = {"figures": dumps(found), "figures_at": stamp(now)}
        companion.save_companion(tx, plugin.settings.name, **saved)
    return found


def _push_people(plugin: Plugin, generation: str, now: datetime) -> PushResult:
    stopping = _until(plugin, PUSH_LIMIT)
    with plugin.db.reading() as tx:
        context = read_context(tx, plugin.config, plugin.settings, now)
    return push_outdated(plugin.db, plugin.store, context, generation, stopping)


@contextmanager
def _later() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Do parts of an update: what the plugin refuses is raised once all of them were tried."""
    refused: list[StoreError] = []

    def run(part: Callable[[], None]) -> None:
        try:
            part()
        except StoreError as error:
            if not error.permanent:
                raise
            refused.append(error)

    yield run
    if refused:
        raise refused[0]


# When, and what if not.


def _until(plugin: Plugin, limit: timedelta) -> Callable[[], bool]:
    until = plugin.clock() + limit
    return lambda: plugin.stopping() or plugin.clock() >= until


def _is_early(plugin: Plugin, now: datetime) -> bool:
    """Return whether the last update was less than a minute ago; a clock that was put back is ignored."""
    with plugin.db.reading() as tx:
        row = companion.load_companion(tx, plugin.settings.name)
    if row is None or row.pushed_at is None:
        return False
    return timedelta() <= now - instant(row.pushed_at) < PUSH_EVERY


def _rests(plugin: Plugin) -> bool:
    """Return whether there is no plugin to talk to, or it failed a short time ago.

    With ``write = no`` nothing is written to a store, and so nothing to its plugin.
    """
    with plugin.db.reading() as tx:
        store = load_store_row(tx, plugin.settings.name)
        row = companion.load_companion(tx, plugin.settings.name)
    unwanted = plugin.stopping() or not plugin.settings.write
    if unwanted or store is None or not store.has_companion:
        return True
    if row is None or row.problem_since is None or row.pushed_at is None:
        return False
    failing = instant(row.pushed_at) - instant(row.problem_since)
    pause = min(max(failing, PUSH_EVERY), _LONGEST_PAUSE)
    return timedelta() <= plugin.clock() - instant(row.pushed_at) < pause


@contextmanager
def _noting_problems(plugin: Plugin) -> Iterator[None]:
    """Save why the plugin cannot be read or updated, so that 'wcflow status' shows it."""
    try:
        yield
    except StoreError as error:
        why = NOT_ACTIVE if error.code == NO_ROUTE else str(error)
        if _save_problem(plugin, why):
            log.warning("the companion plugin fails", store=plugin.settings.name, why=why)
    except WcflowError:
        raise
    except Exception as error:
        why = f"an internal error in wcflow: {error_text(error)}"
        if _save_problem(plugin, why):
            log.exception("the companion plugin fails", store=plugin.settings.name)


def _save_problem(plugin: Plugin, why: str) -> bool:
    """Save why the plugin fails; return whether it is another reason than before."""
    store, now = plugin.settings.name, stamp(plugin.clock())
    with plugin.db.transaction() as tx:
        row = companion.load_companion(tx, store)
        since = (row.problem_since if row else None) or now
        companion.save_companion(tx, store, problem=why, problem_since=since, pushed_at=now)
    return row is None or row.problem != why
