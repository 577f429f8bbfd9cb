"""A sample message kind: the step ``text NAME TEXT`` and a phone that records what arrives."""

from contextlib import contextmanager

from wcflow.actions import registry
from wcflow.actions.base import ActionModule, EntryKind
from wcflow.errors import DeliveryError
from wcflow.rules.steps import Action, Send


def _parse(rest, scope):
    return scope.template(rest), None


def _plan(transactional):
    def plan(step, context):
        payload = {
            "to": context.profile.email,
            "transactional": transactional,
            "consented": True,
            "text": step.render(context),
        }
        return Send(kind, payload)

    kind = "text"
    return plan


def _action(name, *, transactional):
    return Action(f"{name} TEXT", "send a text", f"{name} hello", _parse, _plan(transactional))


def _kind(name, channel):
    return EntryKind(
        name,
        name,
        f"{name}s",
        content=lambda payload, _zone: f"to {payload['to']}: {payload['text']}",
        deliver=lambda entry, ways: ways.others[channel].send(entry.payload),
        channel=channel,
        message=True,
    )


def _fax(step, context):
    payload = {"to": context.profile.email, "transactional": False, "text": step.render(context)}
    return Send("fax", payload)


MODULE = ActionModule(
    (
        _action("text", transactional=False),
        _action("text_receipt", transactional=True),
        Action("fax TEXT", "send a fax", "fax hello", _parse, _fax),
    ),
    (_kind("text", "phone"), _kind("fax", "fax")),
)


class Phone:
    """A channel that records who got what, and can be made to fail."""

    def __init__(self, sim=None):
        self.sent, self.times, self.sim, self.failure = [], [], sim, None

    def send(self, payload):
        if self.failure is not None:
            raise self.failure
        self.sent.append((payload["to"].partition("@")[0], payload["text"]))
        if self.sim is not None:
            self.times.append(self.sim.now)
        return "delivered"

    def is_down(self):
        self.failure = DeliveryError("the phone company does not answer", channel_down=True)

    def rejects(self):
        self.failure = DeliveryError("no such number", permanent=True)

    def recovers(self):
        self.failure = None


@contextmanager
def registered():
    """Register the sample messages for a while, as a line in MODULES would."""
    tables = (registry.ACTIONS, registry.ENTRY_KINDS, registry.SECTIONS)
    before = [dict(each) for each in tables]
    registry.register(MODULE)
    try:
        yield
    finally:
        for table, saved in zip(tables, before, strict=True):
            table.clear()
            table.update(saved)
