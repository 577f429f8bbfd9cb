"""A sample action as a developer would add it: one module with a section and a channel."""

from contextlib import contextmanager

from wcflow.actions import registry
from wcflow.actions.base import ActionModule, EntryKind
from wcflow.errors import DeliveryError
from wcflow.rules import values
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.keys import ActionSection, Key, kind_of
from wcflow.rules.steps import Action, Send


def _parse(rest, scope):
    name, _, text = rest.partition(" ")
    if name not in scope.names("pager"):
        raise RuleErrors(RuleError("the name of a [pager …]", repr(name)))
    return scope.template(text), name


def _plan(step, context):
    number = context.sections["pager"][step.argument]
    payload = {"number": number, "text": step.render(context), "key": context.key}
    return Send("page", payload, remember={"paged": number})


def _check(section):
    if section["number"] == "000":
        yield "number", RuleError("a real number", "'000'")


PAGE = Action(
    "page NAME TEXT",
    "send a page through [pager NAME]",
    "page desk {{ email }} bought something",
    _parse,
    _plan,
    variables=frozenset({"page.number"}),
    recall=lambda memory: {"page.number": memory["paged"]} if "paged" in memory else {},
    section="pager",
    warning="it beeps",
)
PAGER = ActionSection(
    kind_of(
        "pager",
        "a pager and its number",
        Key("number", "number", "the number to call", "555", values.as_written, required=True),
    ),
    read=lambda section: section["number"],
    check=_check,
    summary=lambda number: [f"pager with the number {number}"],
    meaning=lambda number: number,
    unused="no workflow uses this pager",
    example="page",
)
ENTRY = EntryKind(
    "page",
    "page",
    "pages",
    content=lambda payload, _zone: f"to {payload['number']}: {payload['text']}",
    deliver=lambda entry, ways: ways.others["pager"].send(entry.payload),
    channel="pager",
)
MODULE = ActionModule((PAGE,), (ENTRY,), (PAGER,))


class Pager:
    """A channel that records what it sent, and can be made to fail."""

    def __init__(self):
        self.sent, self.failure, self.word = [], None, None

    def send(self, payload):
        if self.failure is not None:
            raise self.failure
        if self.word and self.word in payload["text"]:
            raise KeyError(payload["text"])
        self.sent.append(payload["text"])
        return f"page to {payload['number']}"

    def is_down(self):
        self.failure = DeliveryError("the pager does not answer", channel_down=True)

    def rejects(self):
        self.failure = DeliveryError("the pager rejects this text", permanent=True)

    def has_a_bug(self, word):
        """Crash on texts that contain a word."""
        self.word = word

    def recovers(self):
        self.failure = None


@contextmanager
def registered():
    """Register the sample action for a while, as a line in MODULES would."""
    tables = (registry.ACTIONS, registry.ENTRY_KINDS, registry.SECTIONS)
    before = [dict(each) for each in tables]
    registry.register(MODULE)
    try:
        yield
    finally:
        for table, saved in zip(tables, before, strict=True):
            table.clear()
            table.update(saved)


def unregister():
    """Remove the sample action, as in a version of wcflow that does not have it."""
    del registry.ACTIONS[PAGE.name], registry.ENTRY_KINDS[ENTRY.name], registry.SECTIONS["pager"]
