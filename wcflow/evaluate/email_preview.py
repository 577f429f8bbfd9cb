"""An e-mail as one customer would get it now. Nothing is saved and nothing is sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from wcflow.actions.email import SEND_EMAIL, email_entry
from wcflow.actions.registry import ACTIONS
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.outbox import OutboxEntry
from wcflow.evaluate.context import read_context
from wcflow.evaluate.evaluation import evaluate_input
from wcflow.evaluate.load import load_inputs
from wcflow.profile import latest_order, paid_orders
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.emails import EmailRule
from wcflow.rules.steps import Step, StepContext, StepScope, section_names

EXAMPLE_DAYS = 30
_EVERYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)


def preview_entry(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    rule: EmailRule,
    person: int,
    now: datetime,
) -> OutboxEntry:
    """Return the outbox entry of an e-mail for a customer; raises TemplateError.

    It is about their latest paid order, else their latest. What earlier steps would make, such as a
    coupon's code, is an example.
    """
    evaluation_context = read_context(tx, config, settings, now)
    (found,) = load_inputs(tx, evaluation_context, [person])
    context = evaluate_input(found, evaluation_context).classification.context
    step = _step(config, rule)
    send = email_entry(
        rule, step, StepContext(_about_order(context), _examples(now), key="preview")
    )
    return OutboxEntry(
        id=0,
        rule="preview",
        person=person,
        event="preview",
        step=f"1 {SEND_EMAIL.name}",
        kind=send.kind,
        target_id=0,
        payload=send.payload,
        run_id=None,
        state="due",
        due_at=now,
        queued_at=now,
        attempts=0,
        approved=False,
        outcome=send.impossible,
    )


def _step(config: Config, rule: EmailRule) -> Step:
    action = SEND_EMAIL
    made = frozenset(name for each in ACTIONS.values() for name in each.variables)
    scope = StepScope(_EVERYWHERE, section_names(config.rules.sections), made)
    template, argument = action.parse(rule.name, scope)
    return Step(action, f"{action.name} {rule.name}", template, argument)


def _about_order(context: Context) -> Context:
    paid = paid_orders(context.profile)
    order = paid[-1] if paid else latest_order(context.profile)
    return context.about(order, next(iter(order.items), None) if order else None)


def _examples(now: datetime) -> dict[str, object]:
    later = now + timedelta(days=EXAMPLE_DAYS)
    names = (name for action in ACTIONS.values() for name in action.variables)
    return {name: later if name.endswith(".expires") else "EXAMPLE" for name in names}
