"""What the companion plugin shows of the store as a whole: its health, what waits, figures, tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from wcflow import __version__
from wcflow.actions.pool import pool_rules
from wcflow.actions.registry import content_words, entry_kind, entry_words
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.customers.notes import CATEGORIES
from wcflow.customers.timeline import has_moved_on
from wcflow.dashboard.card import amount, capital, short, task_card, time_text
from wcflow.dashboard.held import Held, load_held
from wcflow.database import groups, outbox, people, tags
from wcflow.database.companies import load_companies
from wcflow.database.companion import OTHER_DATABASE, load_companion
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.outbox import OutboxEntry
from wcflow.database.outbox_batches import load_latest_done
from wcflow.database.pools import pool_problems
from wcflow.database.sql import dumps, instant
from wcflow.database.stores import load_channel_errors
from wcflow.database.tables import StoreRow
from wcflow.database.tasks import load_tasks
from wcflow.evaluate.reports import RuleReport, build_report
from wcflow.outbox.limits import waiting_sentences
from wcflow.rules.clocks import ClockGap
from wcflow.units import parse_zone

Json = dict[str, Any]
_MOST_BYTES = 900_000
"""Of a summary; the plugin takes at most a megabyte."""
_FAILED, _ACTIONS, _TASKS, _NAMES, _SENTENCE = 20, 30, 500, 500, 300


def load_summary(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    row: StoreRow,
    figures: Json,
    now: datetime,
) -> Json:
    """Return the summary; ``figures`` are those of load_figures, which take long to compute."""
    store, zone = settings.name, parse_zone(row.time_zone)
    counts = outbox.count_by_state(tx, store)
    failed = outbox.load_entries(tx, store, ["failed"], limit=_FAILED, newest_first=True)
    latest = load_latest_done(tx, store, 4 * _ACTIONS)
    done = [each for each in latest if not has_moved_on(each)][:_ACTIONS]
    tasks = load_tasks(tx, store, limit=_TASKS)
    segments = people.count_by_segment(tx, store)
    persons = {each.person for each in (*failed, *done)} | {each.person for each in tasks}
    contacts = load_contacts(tx, store, persons - {0})
    summary: Json = {
        "daemon": __version__,
        "store": store,
        "sent_at": time_text(now),
        "polled_at": time_text(None if row.polled_at is None else instant(row.polled_at)),
        "poll_error": short(row.poll_error, _SENTENCE),
        "zone": row.time_zone,
        "currency": row.currency,
        "queue": {"waiting": counts.get("due", 0), "failed": counts.get("failed", 0)},
        "held": _held(load_held(tx, row, config.max_writes, now)),
        "failed": [_failed(each) for each in failed],
        "warnings": [_sentence(each) for each in _warnings(tx, config, row)],
        "segments": [
            {"name": each.name, "people": segments.get(each.name, 0)}
            for each in config.rules.segments
        ],
        "workflows": figures["workflows"],
        "actions": [
            {
                "at": time_text(each.finished_at),
                "words": short(capital(f"{entry_words(each)}: {content_words(each, zone)}")),
                "person": each.person,
                "name": _name(contacts, each.person),
                "order_id": _order_id(each),
            }
            for each in done
        ],
        "tasks": [
            {
                **task_card(each),
                "person": each.person,
                "name": _name(contacts, each.person),
            }
            for each in tasks
        ],
        "vocabulary": _vocabulary(tx, config, store, figures["tags"]),
    }
    return fitted(summary)


def fitted(summary: Json, most: int = _MOST_BYTES) -> Json:
    """Return a summary that the plugin takes: with very long texts, only the first tasks are in it."""
    while len(dumps(summary).encode()) > most and summary["tasks"]:
        summary = {**summary, "tasks": summary["tasks"][: len(summary["tasks"]) // 2]}
    return summary


def _held(held: Held | None) -> Json | None:
    if held is None:
        return None
    kinds = [{"words": each.words, "count": each.count} for each in held.kinds]
    return {
        "count": held.count,
        "reason": _sentence(held.reason),
        "kinds": kinds,
        "token": held.token,
    }


def _failed(entry: OutboxEntry) -> Json:
    return {
        "words": entry_words(entry),
        "why": short(entry.outcome, _SENTENCE),
        "at": time_text(entry.finished_at),
        "person": entry.person,
    }


def _name(contacts: Mapping[int, Contact], person: int) -> str:
    contact = contacts.get(person)
    return "" if contact is None else short(contact.name or contact.short)


def _order_id(entry: OutboxEntry) -> int:
    return entry.target_id if entry_kind(entry.kind).resource == "order" else 0


def _warnings(tx: Connection, config: Config, row: StoreRow) -> Iterator[str]:
    """Yield what needs attention, as 'wcflow status' says it."""
    if row.write_error:
        yield f"changes cannot be written to the store: {row.write_error}"
    if row.clock_here is not None and row.clock_store is not None:
        yield str(ClockGap(instant(row.clock_here), instant(row.clock_store)))
    for channel, (why, _) in load_channel_errors(tx, row.name).items():
        yield f"{channel}: nothing can be sent: {why}"
    plugin = load_companion(tx, row.name)
    if plugin is not None and plugin.other_seen_at is not None:
        yield OTHER_DATABASE
    yield from waiting_sentences(tx, row.name)
    yield from pool_problems(tx, row.name, pool_rules(config.rules).values())


def _sentence(words: str) -> str:
    return short(f"{capital(words.rstrip('.'))}.", _SENTENCE)


def _vocabulary(tx: Connection, config: Config, store: str, known_tags: Sequence[str]) -> Json:
    """Return the names that the dashboard suggests, those of tags that most customers have first."""
    of_rules = sorted(config.rules.static_tags, key=str.casefold)
    return {
        "tags": list(dict.fromkeys([*known_tags, *of_rules]))[:_NAMES],
        "groups": _sorted(groups.load_group_names(tx, store)),
        "companies": _sorted(each.name for each in load_companies(tx, store)),
        "segments": [each.name for each in config.rules.segments],
        "tiers": list(config.rules.tiers.names) if config.rules.tiers else [],
        "note_categories": list(CATEGORIES),
    }


def _sorted(names: Collection[str] | Iterator[str]) -> list[str]:
    return sorted(names, key=str.casefold)[:_NAMES]


# What takes long to compute in a large store.


def load_figures(tx: Connection, config: Config, settings: StoreSettings) -> Json:
    """Return what came of each workflow since the start, and the tags that most customers have."""
    report = build_report(tx, config, settings, None)
    counts = tags.count_by_tag(tx, settings.name)
    most_used = sorted(counts, key=lambda tag: (-counts[tag], tag.casefold()))
    return {
        "workflows": [
            _figures(each.name, each.mode, report.rules[f"workflow {each.name}"], report.currency)
            for each in config.rules.workflows
        ],
        "tags": most_used[:_NAMES],
    }


def _figures(name: str, mode: str, report: RuleReport, currency: str) -> Json:
    return {
        "name": name,
        "mode": mode,
        "started": report.runs.started,
        "finished": report.runs.finished,
        "waiting": report.runs.waiting,
        "messages": report.messages("done"),
        "orders": report.revenue.orders,
        "revenue": amount(report.revenue.revenue, currency),
        "currency": currency,
    }
