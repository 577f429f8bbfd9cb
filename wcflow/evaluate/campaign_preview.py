"""What a campaign would do now: how many get it, how many not and why, and one example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS
from wcflow.config.load import Config
from wcflow.database import campaigns, suppression
from wcflow.database.contacts import Contact, contact_of_profile
from wcflow.database.sql import chunks
from wcflow.evaluate.campaigns import BATCH, take_steps
from wcflow.evaluate.context import EvaluationContext
from wcflow.evaluate.load import load_inputs
from wcflow.rules.campaigns import SENDING, SavedCampaign, end_time, is_in_audience
from wcflow.rules.contact import ContactRules, Recipient, Refused, decide
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
    """How many people are in the audience, and why some of them would get no message.

    ``sends`` is whether it sends messages at all; only then consent and addresses matter.
    """

    campaign: str
    mode: str
    audience: int = 0
    reached: int = 0
    not_reached: dict[str, int] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    sends: bool = False
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
    persons = list(_audience(tx, evaluation_context, campaign))
    found.audience = found.reached = len(persons)
    shown = person if person is not None else next(iter(persons), None)
    if shown is not None:
        _add_example(tx, evaluation_context, campaign, found, shown)
    if found.sends:
        _count_reached(tx, evaluation_context, campaign, found, persons)
    starts = campaign.starts_at(zone)
    found.starts_at = starts if starts is not None and starts > now else None
    begin, quiet = found.starts_at or now, config.contact.quiet if found.sends else ()
    found.ends_at = end_time(found.reached, campaign.throttle, begin, quiet, zone)
    return found


def _audience(
    tx: Connection, evaluation_context: EvaluationContext, campaign: Campaign
) -> Iterator[int]:
    store, now = evaluation_context.settings.name, evaluation_context.now
    persons = list(tx.scalars(campaigns.audience(store, campaign, now)))
    if campaign.when is None:
        yield from persons
        return
    for part in chunks(persons, BATCH):
        for each in load_inputs(tx, evaluation_context, part):
            if is_in_audience(campaign, each, now):
                yield each.profile.person


def _count_reached(
    tx: Connection,
    evaluation_context: EvaluationContext,
    campaign: Campaign,
    found: CampaignPreview,
    persons: Sequence[int],
) -> None:
    """Count those whom a message would not reach, by reason, with what is known of them now."""
    store, now = evaluation_context.settings.name, evaluation_context.now
    transactional = _is_transactional(evaluation_context, campaign)
    for part in chunks(persons, BATCH):
        contacts = campaigns.load_recipients(tx, store, part)
        emails = [email for email, _ in contacts if email]
        suppressed = suppression.load(tx, store, suppression.EMAIL, emails)
        for email, consent in contacts:
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
            reason = verdict.reason if isinstance(verdict, Refused) else ""
            reason = reason if email else NO_ADDRESS
            if reason:
                found.not_reached[reason] = found.not_reached.get(reason, 0) + 1
                found.reached -= 1


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
    found.sends = any(ENTRY_KINDS[each.kind].message for each in sent)
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
