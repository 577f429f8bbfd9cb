"""Judge people: what they are, what they wear, what their workflows do. Pure.

This is the whole of evaluation but for reading and keeping: evaluate.py lends it its hands. The
same case judged twice gives the same answer, and so it does alone or with others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from wcflow.profile import Profile, Transition, as_of, transitions
from wcflow.rules.classify import Classification, classify_all, reason
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import Due, EvaluationInput, Policy, Target
from wcflow.rules.evaluation_state import (
    Before,
    EvaluationState,
    evaluation_state,
    matching,
    with_granted,
)
from wcflow.rules.events import TriggerContext
from wcflow.rules.memory import Memory
from wcflow.rules.model import Rules
from wcflow.rules.ternary import earliest
from wcflow.rules.workflow_run import Activation, Run
from wcflow.rules.workflows import (
    RunSteps,
    Watching,
    Work,
    next_due,
    run_workflows,
    watching,
    withdrawn_runs,
)


class Evaluation(msgspec.Struct, frozen=True):
    """What is to be kept and done for one person; ``known`` is what was remembered of them.

    ``moves`` come with their reasons, ``took`` are runs that are new or went on with the steps
    they took, ``withdrawn`` runs whose waiting effects are to be called off.
    """

    decision: Classification
    profile: Profile
    known: Memory
    memory: Memory
    moves: tuple[tuple[Transition, str], ...]
    took: tuple[RunSteps, ...]
    withdrawn: tuple[Run, ...]
    targets: tuple[Target, ...]
    due: Due


_sight, _work, _due, _all_of = TriggerContext, Work, Due, Evaluation


def evaluate(
    case: EvaluationInput,
    rules: Rules,
    watches: Mapping[str, Activation],
    policy: Policy,
    now: datetime,
) -> Evaluation:
    """Give all that follows for a person from what is known of them at ``now``."""
    return evaluate_all([case], rules, watches, policy, now)[0]


def evaluate_all(
    cases: Iterable[EvaluationInput],
    rules: Rules,
    watches: Mapping[str, Activation],
    policy: Policy,
    now: datetime,
) -> list[Evaluation]:
    """Evaluate many people at one instant."""
    on = watching(rules, watches)
    desks = [evaluation_state(case, rules, policy) for case in cases]
    seen = _last_seen(desks, rules)
    decisions = _decisions(seen, rules, now)
    return [
        _judged(desk, before, profile, decision, on, now)
        for desk, (before, profile), decision in zip(desks, seen, decisions, strict=True)
    ]


def _last_seen(desks: Sequence[EvaluationState], rules: Rules) -> list[tuple[Before, Profile]]:
    """Say what people were when they were last seen, and give them standing so."""
    presents = [desk.profile(desk.case.memory.segments) for desk in desks]
    thens = [desk.then for desk in desks]
    asked = [(as_of(p, then), then) for p, then in zip(presents, thens, strict=True) if then]
    decided = iter(classify_all(asked, rules))
    seen = []
    for desk, present, then in zip(desks, presents, thens, strict=True):
        before = desk.before(next(decided), present) if then else desk.remembered_before()
        same = before.segments == desk.case.memory.segments
        seen.append((before, present if same else desk.profile(before.segments)))
    return seen


def _decisions(
    seen: Sequence[tuple[Before, Profile]], rules: Rules, now: datetime
) -> Iterator[Classification]:
    """Give what rules decide of people now, be it what they decided of then."""
    lasting = [before.lasting(now) for before, _ in seen]
    asked = [(who, now) for (_, who), last in zip(seen, lasting, strict=True) if last is None]
    anew = iter(classify_all(asked, rules))
    return (last or next(anew) for last in lasting)


def _judged(
    desk: EvaluationState,
    before: Before,
    profile: Profile,
    decision: Classification,
    on: Watching,
    now: datetime,
) -> Evaluation:
    case, rules = desk.case, desk.rules
    worn = desk.merged(with_granted(decision.tags, case.memory.granted))
    scope = decision.scope if decision.scope.now == now else Context(profile, now)
    scope = scope.decided(worn.target, decision.segments)
    matched = matching(rules, scope)
    changes = transitions(before.segments, decision.segments.keys(), now)
    new, lost = worn.target - before.worn, before.worn - worn.target
    sight = _sight(profile, now, dict(decision.segments), changes, new, lost)
    since = dict.fromkeys(matched - before.matched, now)
    work = _work(case, rules, on, scope, sight, since, desk.policy)
    steps = run_workflows(work)
    memory = desk.remembered(decision, worn.target, matched, steps, now)
    at_once = memory.granted != case.memory.granted or memory.by_hand != worn.by_hand
    return _all_of(
        decision,
        profile,
        case.memory,
        memory,
        tuple([(move, reason(move.segment, decision, rules)) for move in changes]),
        steps,
        withdrawn_runs(work),
        desk.targets(decision, memory),
        _due(earliest((decision.changes_at, next_due(work, steps))), at_once),
    )
