"""Effects of steps and segments as rows of the outbox. Pure: a secret and an instant are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wcflow.database.outbox import STATE_OF_TAGS, TagEntry
from wcflow.database.sql import dumps, stamp
from wcflow.profile import Profile, Transition, latest_order
from wcflow.rules.codes import coupon_code, note_mark, work_key
from wcflow.rules.evaluate import Evaluation
from wcflow.rules.evaluation_input import Target
from wcflow.rules.model import CouponRule, Rules
from wcflow.rules.steps import AddTag, Effect, MakeCoupon, RemoveTag, SetMeta, WriteNote
from wcflow.rules.workflow_run import Run, StepRefused, Taken
from wcflow.units import after, local_day

NO_ORDER = "there is no order to put it on"


@dataclass(frozen=True, slots=True)
class EntryBuilder:
    """Makes rows for one store, by one set of rules, at one instant."""

    store: str
    rules: Rules
    secret: str
    now: datetime

    def remember(self, profile: Profile, run: Run, number: int, effect: Effect) -> dict[str, Any]:
        """Give a coupon's code and expiry, as later steps will say it; raises StepRefused."""
        if not isinstance(effect, MakeCoupon):
            return {}
        rule = self.rules.coupons.get(effect.name)
        if rule is None:
            raise StepRefused(f"[coupon {effect.name}] is no longer in the configuration")
        if rule.for_customer and not _plausible(profile.email):
            raise StepRefused("no e-mail address to restrict the coupon to")
        key = self._key(run, number)
        expires = after(self.now, rule.expires, profile.shop.zone) if rule.expires else None
        return {
            "code": coupon_code(rule.prefix, key),
            "expires": stamp(expires) if expires else None,
        }

    def _key(self, run: Run, number: int) -> str:
        return work_key(self.secret, self.store, run.workflow, run.subject, run.occurrence, number)

    def step_row(self, run: Run, run_id: int, taken: Taken, profile: Profile) -> dict[str, Any]:
        """Give the row of a step that was taken."""
        kind, target, payload = self._content(run, taken, profile)
        missing = kind in ("note", "meta_order") and not target
        state = "cancelled" if missing else "dry_run" if run.mode == "dry_run" else "due"
        return self._row(
            rule=f"workflow {run.workflow}",
            subject=run.subject,
            occurrence=run.occurrence,
            step=f"{taken.number + 1} {taken.kind}",
            kind=kind,
            target=target,
            payload=dumps(payload),
            run_id=run_id,
            state=state,
            outcome=NO_ORDER if missing else "",
        )

    def _content(self, run: Run, taken: Taken, profile: Profile) -> tuple[str, int, dict[str, Any]]:
        match taken.effect:
            case WriteNote(order_id, text, for_customer):
                mark = note_mark(self._key(run, taken.number))
                return "note", order_id, {"text": text, "for_customer": for_customer, "mark": mark}
            case MakeCoupon(name):
                return "coupon", 0, self._coupon(run, taken, self.rules.coupons[name], profile)
            case SetMeta(key, value, customer_id, order_id):
                kind = "meta_customer" if customer_id else "meta_order"
                return kind, customer_id or order_id, {"key": key, "value": value}
            case AddTag(tag):
                return "tag", 0, {"add": tag}
            case RemoveTag(tag):
                return "tag", 0, {"remove": tag}
        raise AssertionError(f"{taken.effect!r} puts nothing into the outbox")

    def _coupon(self, run: Run, taken: Taken, rule: CouponRule, profile: Profile) -> dict[str, Any]:
        made = self.remember(profile, run, taken.number, taken.effect)
        return made | {
            "type": rule.type,
            "amount": rule.amount,
            "usage_limit": rule.usage_limit,
            "usage_limit_per_user": rule.usage_limit_per_user,
            "individual_use": rule.individual_use,
            "minimum_amount": rule.minimum_amount,
            "maximum_amount": rule.maximum_amount,
            "exclude_sale_items": rule.exclude_sale_items,
            "free_shipping": rule.free_shipping,
            "product_ids": list(rule.products),
            "category_ids": list(rule.categories),
            "emails": [profile.email] if rule.for_customer else [],
            "description": f"wcflow: {run.workflow}, {run.occurrence}",
            "key": self._key(run, taken.number),
        }

    def move_row(self, judged: Evaluation, move: Transition, reason: str) -> dict[str, Any] | None:
        """Give the row of a note that tells of a move, where the segment asks for one."""
        rule = next((each for each in self.rules.segments if each.name == move.segment), None)
        order = latest_order(judged.profile)
        if rule is None or not rule.note or order is None:
            return None
        word = "entered" if move.entered else "left"
        day = local_day(move.at, judged.profile.shop.zone).isoformat()
        subject, occurrence = judged.memory.subject, f"{move.segment} {word} {day}"
        key = work_key(self.secret, self.store, "segment", subject, occurrence)
        return self._row(
            rule=f"segment {move.segment}",
            subject=subject,
            occurrence=occurrence,
            step="note",
            kind="note",
            target=order.id,
            payload=dumps(
                {
                    "text": f"Customer {word} the segment {move.segment}: {reason}",
                    "for_customer": False,
                    "mark": note_mark(key),
                }
            ),
        )

    def tags_row(self, subject: str, target: Target) -> dict[str, Any]:
        """Give the row of what one place should show."""
        return self._row(
            rule=STATE_OF_TAGS,
            subject=subject,
            occurrence="state",
            step=tag_step(target),
            kind=f"tags_{target.kind}",
            target=target.id,
            payload=dumps({"wanted": sorted(target.wanted), "segment": target.shows.segment}),
        )

    def _row(self, **columns: Any) -> dict[str, Any]:
        common = {
            "store": self.store,
            "run_id": None,
            "state": "due",
            "outcome": "",
            "due_at": stamp(self.now),
            "queued_at": stamp(self.now),
            "digest": self.rules.digest,
        }
        return common | columns


def tag_step(target: Target) -> str:
    """Name the place of tags: the customer, or one order."""
    return "customer" if target.kind == "customer" else f"order {target.id}"


@dataclass(frozen=True, slots=True)
class TagWork:
    """Rows of tags to queue, and (subject, step) of those to call off."""

    queue: tuple[dict[str, Any], ...]
    call_off: tuple[tuple[str, str], ...]


NO_TAG_WORK = TagWork((), ())


def tag_work(
    judged: Evaluation, known: Mapping[tuple[str, str], TagEntry], maker: EntryBuilder
) -> TagWork:
    """Say which places need writing, which no longer do; one that failed for good stays so."""
    if not known and not any(target.differs for target in judged.targets):
        return NO_TAG_WORK
    subject = judged.memory.subject
    wanted: dict[tuple[str, str], dict[str, Any]] = {
        (subject, tag_step(target)): maker.tags_row(subject, target)
        for target in judged.targets
        if target.differs or _was_begun(known.get((subject, tag_step(target))))
    }
    queue = tuple(row for key, row in wanted.items() if not _stands(known.get(key), row))
    mine = (key for key, entry in known.items() if key[0] == subject and entry.state != "failed")
    return TagWork(queue, tuple(key for key in mine if key not in wanted))


def _was_begun(entry: TagEntry | None) -> bool:
    # Who evaluates is alone: one that is claimed was left by a process that died over it, and
    # nobody knows what the shop shows. Nor may it be written later as it was wanted then.
    return entry is not None and entry.state == "claimed"


def _stands(entry: TagEntry | None, row: Mapping[str, Any]) -> bool:
    if entry is None:
        return False
    # Who opened another account under the address of a deleted one took its row along.
    same = (entry.payload, entry.target) == (row["payload"], row["target"])
    return same and entry.state in ("due", "failed")


def _plausible(email: str) -> bool:
    """Say whether an address may restrict a coupon.

    WooCommerce drops a malformed one in silence, and anyone may use the coupon (FACTS: Coupons).
    """
    name, at, domain = email.partition("@")
    return bool(name and at and "." in domain.strip(".")) and " " not in email
