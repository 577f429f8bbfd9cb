"""What a campaign would do now: how many get it, how many not and why, and one example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS, is_marketing
from wcflow.config.load import Config
from wcflow.database import campaigns, messages, suppression
from wcflow.database.contacts import Contact, contact_of_profile
from wcflow.evaluate.campaigns import BATCH, take_steps
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_full_memories, load_inputs, load_profiles
from wcflow.evaluate.reach import why_unreachable
from wcflow.rules.campaigns import SENDING, SavedCampaign, end_time, is_in_audience
from wcflow.rules.contact import ContactRules, Deferred, Recipient, Refused, decide, deferral
from wcflow.rules.model import Campaign
from wcflow.rules.steps import AddTag, RemoveTag, Send
from wcflow.rules.workflows import RunSteps

NO_ADDRESS = "no e-mail address"


@dataclass(frozen=True, slots=True)
class ExampleStep:
    """A step of the example, and what it would do in one line; an e-mail with its text."""

    step: str
    what: str
    subject: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """What one customer would get; ``ended`` is why the run would end early."""

    customer: Contact
    steps: Sequence[ExampleStep]
    ended: str = ""


@dataclass(slots=True)
class CampaignPreview:
    """How many people are in the audience, and why some of them would get no message, or later.

    ``sends`` is whether it sends messages at all; only then consent and addresses matter.
    """

    campaign: str
    mode: str
    audience: int = 0
    reached: int = 0
    not_reached: Counter[str] = field(default_factory=Counter)
    deferred: Counter[str] = field(default_factory=Counter)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    sends: bool = False
    marketing: bool = False
    only_emails: bool = False
    example: Example | None = None


def preview_campaign(
    tx: Connection,
    evaluation_context: EvaluationContext,
    config: Config,
    campaign: Campaign,
    person: int | None = None,
) -> CampaignPreview:
    """Count who would get a campaign if it started now; ``person`` is who the example is for."""
    now, zone = evaluation_context.now, evaluation_context.store.zone
    found = CampaignPreview(campaign.name, campaign.send_mode)
    starts = campaign.starts_at(zone)
    found.starts_at = starts if starts is not None and starts > now else None
    begin = found.starts_at or now
    if person is not None:
        _add_example(tx, evaluation_context, campaign, found, person)
    for persons in _audience(tx, evaluation_context, campaign):
        if found.example is None:
            _add_example(tx, evaluation_context, campaign, found, persons[0])
        found.audience += len(persons)
        reached = persons
        if found.sends:
            reached = _count_reached(tx, evaluation_context, campaign, found, persons)
            _count_deferred(tx, evaluation_context, config.contact, found, reached, begin)
        found.reached += len(reached)
    quiet = config.contact.quiet if found.sends else ()
    found.ends_at = end_time(found.reached, campaign.throttle, begin, quiet, zone)
    return found


def _audience(
    tx: Connection, evaluation_context: EvaluationContext, campaign: Campaign
) -> Iterator[list[int]]:
    """Yield who is in the audience now, page by page."""
    store, now = evaluation_context.settings.name, evaluation_context.now
    for persons in campaigns.audience_pages(tx, store, campaign, now, BATCH):
        if campaign.when is None:
            yield persons
            continue
        memories = load_full_memories(tx, store, persons)
        profiles = load_profiles(tx, evaluation_context, persons, memories)
        some = [p for p in persons if is_in_audience(campaign, profiles[p], memories[p], now)]
        if some:
            yield some


def _count_reached(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    found: CampaignPreview,
    persons: Sequence[int],
) -> list[int]:
    """Return whom a message would reach, with what is known now; count the others by reason."""
    why_not = _email_problems if found.only_emails else _message_problems
    reasons = why_not(tx, evaluation_context, campaign, persons)
    found.not_reached.update(reasons.values())
    return [each for each in persons if each not in reasons]


def _email_problems(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    persons: Sequence[int],
) -> dict[int, str]:
    """Return why people would get no e-mail, without loading all that is known of them."""
    store, now = evaluation_context.settings.name, evaluation_context.now
    transactional = _is_transactional(evaluation_context, campaign)
    contacts = campaigns.load_recipients(tx, store, persons)
    emails = [email for email, _ in contacts.values() if email]
    suppressed = suppression.load(tx, store, suppression.EMAIL, emails)
    reasons: dict[int, str] = {}
    for person, (email, consent) in contacts.items():
        known = suppressed.get(email)
        stops = known is not None and known.stops(transactional=transactional)
        recipient = Recipient(consent, known.kind if stops and known else "")
        verdict = decide(
            recipient,
            ContactRules(),
            now,
            evaluation_context.store.zone,
            transactional=transactional,
        )
        if not email:
            reasons[person] = NO_ADDRESS
        elif isinstance(verdict, Refused):
            reasons[person] = verdict.reason
    return reasons


def _message_problems(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    persons: Sequence[int],
) -> dict[int, str]:
    """Return why people would get no message, by what the campaign would make for each of them."""
    now, zone = evaluation_context.now, evaluation_context.store.zone
    saved = SavedCampaign(campaign.name, SENDING, now, now, campaign.send_mode)
    taken = [
        (each.profile, take_steps(evaluation_context, campaign, saved, each))
        for each in load_inputs(tx, evaluation_context, persons)
    ]
    found = why_unreachable(tx, evaluation_context.settings.name, taken, now, zone)
    return {
        profile.person: reason for (profile, _), reason in zip(taken, found, strict=True) if reason
    }


def _count_deferred(
    tx: Connection,
    evaluation_context: EvaluationContext,
    rules: ContactRules,
    found: CampaignPreview,
    persons: Sequence[int],
    at: datetime,
) -> None:
    """Count for how many people the message would wait at first, by reason."""
    if not (found.marketing and (rules.caps or rules.quiet)):
        return
    store, zone = evaluation_context.settings.name, evaluation_context.store.zone
    counted = persons if rules.caps else ()
    sent = messages.load_sent(tx, store, counted, rules.counted_from(at, zone))
    for person in persons:
        verdict = decide(Recipient(True, "", sent.get(person, ())), rules, at, zone)
        if isinstance(verdict, Deferred):
            found.deferred[deferral(verdict.reason)] += 1


def _is_transactional(evaluation_context: EvaluationContext, campaign: Campaign) -> bool:
    """Return whether no message of a campaign needs consent."""
    sections = evaluation_context.rules.sections
    named = [step.section for step in campaign.do if step.section]
    rules = [sections[kind].get(name) for kind, name in named if kind in sections]
    marks = [getattr(each, "transactional", None) for each in rules]
    return True in marks and False not in marks


def _add_example(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    found: CampaignPreview,
    person: int,
) -> None:
    now = evaluation_context.now
    saved = SavedCampaign(campaign.name, SENDING, now, now, campaign.send_mode)
    (evaluation_input,) = load_inputs(tx, evaluation_context, [person])
    run, taken = take_steps(evaluation_context, campaign, saved, evaluation_input)
    results = (each.result for each in taken)
    sent = [each for each in results if isinstance(each, Send)]
    kinds = {ENTRY_KINDS[e.kind].channel for e in sent if ENTRY_KINDS[e.kind].message}
    found.sends, found.only_emails = bool(kinds), kinds == {suppression.EMAIL}
    found.marketing = any(is_marketing(each.kind, each.payload) for each in sent)
    ended = run.reason if run.state == "ended" else ""
    steps = list(_example_steps(evaluation_context, (run, taken)))
    found.example = Example(contact_of_profile(evaluation_input.profile), steps, ended)


def _example_steps(
    evaluation_context: EvaluationContext, steps_taken: RunSteps
) -> Iterator[ExampleStep]:
    run, taken = steps_taken
    texts = [str(each) for each in run.steps]
    for each in taken:
        text = texts[int(each.label) - 1]
        if isinstance(each.result, (AddTag, RemoveTag)):
            yield ExampleStep(text, each.result.tag)
        if not isinstance(each.result, Send):
            continue
        kind = ENTRY_KINDS[each.result.kind]
        what = kind.content(each.result.payload, evaluation_context.store.zone)
        problem = f" (not sent: {each.result.impossible})" if each.result.impossible else ""
        subject, body = _email_text(evaluation_context, each.result)
        yield ExampleStep(text, f"{kind.one}: {what}{problem}", subject, body)


def _email_text(evaluation_context: EvaluationContext, sent: Send) -> tuple[str, str]:
    """Return the subject and the plain text of an e-mail; nothing for other steps."""
    rule = evaluation_context.rules.sections.get("email", {}).get(sent.payload.get("email", ""))
    if rule is None:
        return "", ""
    # Loaded here: it needs libraries for HTML that other commands do not.
    from wcflow.rules.emails import render_email  # noqa: PLC0415

    rendered = render_email(rule, sent.payload["values"], "https://…")
    return rendered.subject, rendered.text
