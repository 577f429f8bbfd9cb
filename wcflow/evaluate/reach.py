"""Whom the messages of a campaign can reach: nobody else gets its coupons, codes or tags.

A message needs consent, unless it is transactional, and a usable address that is not suppressed.
All this is looked up again when it is sent (``outbox.gate``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS, is_marketing
from wcflow.database import suppression
from wcflow.database.suppression import Suppression, normalize_address
from wcflow.profile import Profile
from wcflow.rules.account_fields import consent_of_fields
from wcflow.rules.contact import ContactRules, Recipient, Refused, decide
from wcflow.rules.steps import Send
from wcflow.rules.workflows import RunSteps

Suppressed = dict[tuple[str, str], Suppression]
"""Suppressed addresses, by channel and normalized address."""


def why_unreachable(
    tx: Connection,
    store: str,
    taken: Sequence[tuple[Profile, RunSteps]],
    now: datetime,
    zone: tzinfo,
) -> list[str]:
    """Return for each person why none of the messages of these steps can reach them, or nothing.

    Whoever gets steps without a message can be reached.
    """
    messages = [[*_messages(steps)] for _, steps in taken]
    suppressed = _load_suppressed(tx, store, [each for some in messages for each in some])
    found: list[str] = []
    for (profile, _), sent in zip(taken, messages, strict=True):
        reasons = [_why_refused(each, profile, suppressed, now, zone) for each in sent]
        found.append(reasons[0] if reasons and all(reasons) else "")
    return found


def _messages(steps_taken: RunSteps) -> Iterator[Send]:
    for each in steps_taken[1]:
        if isinstance(each.result, Send) and ENTRY_KINDS[each.result.kind].message:
            yield each.result


def _list_name(sent: Send) -> str:
    """Return the list of suppressed addresses that counts; each [channel NAME] has its own."""
    return str(sent.payload.get("channel") or ENTRY_KINDS[sent.kind].channel)


def _load_suppressed(tx: Connection, store: str, messages: Sequence[Send]) -> Suppressed:
    addresses: dict[str, list[str]] = {}
    for each in messages:
        addresses.setdefault(_list_name(each), []).append(each.payload["to"])
    return {
        (name, address): known
        for name, some in addresses.items()
        for address, known in suppression.load(tx, store, name, some).items()
    }


def _why_refused(
    sent: Send, profile: Profile, suppressed: Suppressed, now: datetime, zone: tzinfo
) -> str:
    if sent.impossible:
        return sent.impossible
    transactional = not is_marketing(sent.kind, sent.payload)
    name = _list_name(sent)
    known = suppressed.get((name, normalize_address(name, sent.payload["to"])))
    stopped = known is not None and known.stops(transactional=transactional)
    recipient = Recipient(
        consent_of_fields(profile, sent.payload.get("consent_meta", ())).value,
        f"the address gets no messages: {known.words}" if known and stopped else "",
    )
    verdict = decide(recipient, ContactRules(), now, zone, transactional=transactional)
    return verdict.reason if isinstance(verdict, Refused) else ""
