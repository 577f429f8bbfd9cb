"""Messages in the outbox: before one is sent, its recipient is looked up again.

Consent, suppressed addresses, message_cap and quiet_hours decide whether it is sent now, later or
never (``rules.contact``). Only messages that are about to be sent are looked up, in batches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

import structlog
from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS
from wcflow.database import messages, outbox, outcomes, suppression
from wcflow.database.messages import HANDED_OVER, WaitingMessage, rank
from wcflow.database.outbox import OutboxEntry
from wcflow.database.stores import load_hold
from wcflow.database.suppression import normalize_address
from wcflow.outbox.delivery import Delivery
from wcflow.profile import Profile
from wcflow.rules.account_fields import consent_of_fields
from wcflow.rules.contact import ContactRules, Deferred, Recipient, Refused, Verdict, decide

log = structlog.get_logger()

BATCH = 100
FRESH = timedelta(seconds=30)
"""What is known of a recipient is not used for longer: the rest of a batch is looked up again."""
LoadProfiles = Callable[[Connection, Sequence[int]], Mapping[int, Profile]]


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides about the messages of one store. ``load_profiles`` reads people as they are now.

    ``channels`` are those that can send.
    """

    store: str
    zone: tzinfo
    rules: ContactRules
    load_profiles: LoadProfiles
    channels: frozenset[str]
    all_evaluated: bool = True

    def load_recipients(
        self, tx: Connection, entries: Sequence[OutboxEntry]
    ) -> Mapping[int, Profile]:
        """Return the people whose consent or address decides, as they are now."""
        persons = {e.person for e in entries if e.marketing or ENTRY_KINDS[e.kind].address}
        return self.load_profiles(tx, sorted(persons)) if persons else {}

    def look_up(
        self,
        tx: Connection,
        entries: Sequence[OutboxEntry],
        profiles: Mapping[int, Profile],
        now: datetime,
    ) -> Recipients:
        """Return what is known now of those who would get these messages."""
        counted = {entry.person for entry in entries if entry.marketing}
        since = self.rules.counted_from(now, self.zone)
        caps = counted if self.rules.caps else frozenset[int]()
        return Recipients(
            self,
            now,
            {each.id: _accepts(profiles.get(each.person), each) for each in entries},
            defaultdict(list, messages.load_sent(tx, self.store, caps, since)),
            {
                person: [each for each in waiting if self._can_be_sent(tx, each)]
                for person, waiting in messages.load_waiting(tx, self.store, caps, now).items()
            },
            self._suppressed(tx, entries),
        )

    def _suppressed(self, tx: Connection, entries: Sequence[OutboxEntry]) -> dict[int, str]:
        """Return why these messages must not be sent to their addresses, by entry."""
        by_list: dict[str, list[OutboxEntry]] = {}
        for entry in entries:
            # Each [channel NAME] has a list of its own.
            name = entry.payload.get("channel") or ENTRY_KINDS[entry.kind].channel
            by_list.setdefault(name, []).append(entry)
        reasons: dict[int, str] = {}
        for name, some in by_list.items():
            addresses = {each.id: normalize_address(name, each.payload["to"]) for each in some}
            found = suppression.load(tx, self.store, name, addresses.values())
            for entry in some:
                known = found.get(addresses[entry.id])
                if known is not None and known.stops(transactional=not entry.marketing):
                    reasons[entry.id] = f"the address gets no messages: {known.words}"
        return reasons

    def _can_be_sent(self, tx: Connection, message: WaitingMessage) -> bool:
        if message.channel not in self.channels:
            return False
        held = not self.all_evaluated or load_hold(tx, self.store, message.channel).reason
        return message.approved or not held


def _accepts(profile: Profile | None, entry: OutboxEntry) -> bool | None:
    if profile is None:
        return None
    return consent_of_fields(profile, entry.payload.get("consent_meta", ())).value


@dataclass(slots=True)
class Recipients:
    """What is known of the recipients of some messages, as of ``at``.

    ``sent`` grows with each message, so that the next one to the same person sees it.
    """

    gate: Gate
    at: datetime
    consents: Mapping[int, bool | None]
    sent: dict[int, list[datetime]]
    waiting: Mapping[int, Sequence[WaitingMessage]]
    suppressed: Mapping[int, str] = field(default_factory=dict)

    def verdict(self, entry: OutboxEntry, now: datetime) -> Verdict:
        """Return whether a message is sent now.

        One that may have been sent before a crash is not deferred: its channel ends it.
        """
        if entry.outcome.startswith(HANDED_OVER):
            return None
        ahead = sum(each.rank < rank(entry) for each in self.waiting.get(entry.person, ()))
        recipient = Recipient(
            self.consents[entry.id],
            self.suppressed.get(entry.id, ""),
            self.sent.get(entry.person, ()),
            ahead,
        )
        return decide(
            recipient,
            self.gate.rules,
            now,
            self.gate.zone,
            transactional=not entry.marketing,
            had_consent=bool(entry.payload.get("consented")),
        )

    def note_sent(self, entry: OutboxEntry, now: datetime) -> None:
        if entry.marketing:
            self.sent[entry.person].append(now)


def deliver_messages(
    delivery: Delivery,
    gate: Gate,
    send: Callable[[OutboxEntry], bool],
    stopping: Callable[[], bool],
) -> bool:
    """Send a batch of messages; ``send`` returns whether one was delivered. Return whether any was due.

    Each is decided about twice: all together when they are claimed, so that those which have to wait
    cost little, and again at its own turn.
    """
    if delivery.pause():
        return False
    with delivery.db.transaction() as tx:
        claimed, now = _claim(tx, delivery), delivery.now()
        profiles = gate.load_recipients(tx, claimed)
        entries = _readdress(tx, claimed, profiles, now)
        recipients = gate.look_up(tx, entries, profiles, now)
        verdicts = {entry.id: recipients.verdict(entry, now) for entry in entries}
        _apply(tx, delivery, [(entry, verdicts[entry.id]) for entry in entries])
    admitted = [entry for entry in entries if verdicts[entry.id] is None]
    for entry in admitted:
        now = delivery.now()
        outdated = entry is not admitted[0] and now - recipients.at > FRESH
        if outdated or stopping() or delivery.pause():
            break
        if verdict := recipients.verdict(entry, now):
            with delivery.db.transaction() as tx:
                _apply(tx, delivery, [(entry, verdict)])
        elif send(entry):
            recipients.note_sent(entry, delivery.now())
    with delivery.db.transaction() as tx:
        outbox.release_claims(tx, delivery.store_name, delivery.holder, delivery.tried)
    return bool(entries)


def _claim(tx: Connection, delivery: Delivery) -> list[OutboxEntry]:
    kinds = [k.name for k in ENTRY_KINDS.values() if k.channel == delivery.channel and k.message]
    return messages.claim_messages(
        tx,
        delivery.store_name,
        kinds,
        delivery.now(),
        BATCH,
        delivery.holder,
        approved_only=delivery.approved_only,
    )


def _readdress(
    tx: Connection,
    entries: Iterable[OutboxEntry],
    profiles: Mapping[int, Profile],
    now: datetime,
) -> list[OutboxEntry]:
    """Return the messages with the addresses that people have now: they can have changed meanwhile.

    The old address can be that of somebody else by now.
    """
    found: list[OutboxEntry] = []
    for entry in entries:
        address, profile = ENTRY_KINDS[entry.kind].address, profiles.get(entry.person)
        current = address(entry.payload, profile, now) if address and profile else ""
        if current and current != entry.payload["to"]:
            entry = replace(entry, payload={**entry.payload, "to": current})  # noqa: PLW2901
            messages.save_payload(tx, entry)
        found.append(entry)
    return found


def _apply(
    tx: Connection, delivery: Delivery, decided: Iterable[tuple[OutboxEntry, Verdict]]
) -> None:
    """Record what becomes of messages that are not sent now; one line in the log for each reason."""
    deferred: dict[Deferred, list[OutboxEntry]] = {}
    refused: dict[Refused, list[OutboxEntry]] = {}
    for entry, verdict in decided:
        if isinstance(verdict, Deferred):
            deferred.setdefault(verdict, []).append(entry)
        elif isinstance(verdict, Refused):
            refused.setdefault(verdict, []).append(entry)
    store, channel = delivery.store_name, delivery.channel
    for later, some in deferred.items():
        messages.defer(tx, [each.id for each in some], later.until, later.reason)
        delivery.result.deferred += len(some)
        log.info("deferred", store=store, channel=channel, count=len(some), why=later.reason)
    for never, some in refused.items():
        outcomes.end_entries(tx, some, "cancelled", never.reason, delivery.now())
        log.info("cancelled", store=store, channel=channel, count=len(some), why=never.reason)
