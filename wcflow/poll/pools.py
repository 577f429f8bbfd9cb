"""Coupon pools before an evaluation: import the files that changed, and look codes up in the store.

A file is read again only if its time or size changed, and imported only if its content did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from wcflow.actions.pool import PoolRule
from wcflow.database import pools
from wcflow.database.connection import Database
from wcflow.database.pools import CodesFile
from wcflow.database.sql import chunks
from wcflow.errors import StoreError, WcflowError
from wcflow.poll.context import PollContext
from wcflow.records import Coupon
from wcflow.rules.codes import CodeList, CodeListError, decode_codes, read_codes

log = structlog.get_logger()

READY = 50
"""So many codes of a pool with verify = yes are looked up ahead."""


class Import(NamedTuple):
    """What became of a list of codes: how many are new, how many were in the pool already."""

    new: int
    known: int
    codes: CodeList


def import_codes(db: Database, store: str, pool: str, path: Path, now: datetime) -> Import:
    """Add the codes of a file to a pool; raises WcflowError if it cannot be used.

    If it is interrupted, the next import adds the rest.
    """
    try:
        codes = read_codes(decode_codes(path.read_bytes()))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise WcflowError(f"{path} cannot be read: {reason}", "Check its path.") from error
    except CodeListError as error:
        advice = "Use one code per line, or CSV with a column called 'code'."
        raise WcflowError(f"{path}: {error}", advice) from error
    new = 0
    for part in chunks(codes.codes, pools.IMPORT_BATCH):
        with db.transaction() as tx:
            new += pools.add_codes(tx, store, pool, part, now)
    return Import(new, len(codes.codes) - new, codes)


def prepare_pools(poll: PollContext, rules: Mapping[str, PoolRule], base: Path) -> None:
    """Import the files of all pools that changed, and look up codes of those with verify = yes.

    What fails is logged and saved; 'wcflow doctor' shows it. The pools keep the codes they have.
    """
    for rule in rules.values():
        if rule.codes_file:
            _import_if_changed(poll, rule.name, base / rule.codes_file)
        if rule.verify:
            _look_up(poll, rule.name)


def _import_if_changed(poll: PollContext, pool: str, path: Path) -> None:
    store, now = poll.settings.name, poll.now
    with poll.db.reading() as tx:
        known = pools.load_file(tx, store, pool)
    try:
        state = path.stat()
        mark = f"{path} {state.st_mtime_ns} {state.st_size}"
        if known and known.stamp == mark:
            return
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        same = known is not None and known.digest == digest
        found = None if same else import_codes(poll.db, store, pool, path, now)
    except OSError as error:
        _save_problem(poll, pool, known, f"{path} cannot be read: {error.strerror}")
        return
    except WcflowError as error:
        _save_problem(poll, pool, known, str(error))
        return
    with poll.db.transaction() as tx:
        pools.save_file(tx, store, pool, CodesFile(mark, digest, now))
    if found is not None:
        left_out = "; ".join(found.codes.left_out())
        more = {"left_out": left_out} if left_out else {}
        log.info("codes imported", store=store, pool=pool, new=found.new, known=found.known, **more)


def _save_problem(poll: PollContext, pool: str, known: CodesFile | None, why: str) -> None:
    if known is not None and known.problem == why:
        return
    log.warning("codes not imported", store=poll.settings.name, pool=pool, why=why)
    before = known or CodesFile("", "", poll.now)
    with poll.db.transaction() as tx:
        pools.save_file(tx, poll.settings.name, pool, before._replace(stamp="", problem=why))


# Looking codes up.


def _look_up(poll: PollContext, pool: str) -> None:
    """Look up codes until enough are known to be usable. If the store fails, runs wait."""
    store, now = poll.settings.name, poll.now
    with poll.db.reading() as tx:
        missing = READY - pools.count_checked(tx, store, pool, now)
        some = pools.load_unchecked(tx, store, pool, now, max(missing, 0))
    found: list[int] = []
    unusable: dict[int, str] = {}
    try:
        for number, code in some:
            poll.checkpoint()
            why = _why_unusable(poll.client.coupon(code), now)
            if why:
                unusable[number] = why
            else:
                found.append(number)
    except StoreError as error:
        log.warning("codes not looked up", store=store, pool=pool, why=str(error))
    finally:
        with poll.db.transaction() as tx:
            pools.save_checks(tx, found, unusable, now)
    if unusable:
        log.warning("codes set aside", store=store, pool=pool, codes=len(unusable))


def _why_unusable(coupon: Coupon | None, now: datetime) -> str:
    if coupon is None:
        return "the store has no such coupon"
    if coupon.expires is not None and coupon.expires <= now:
        return f"expired on {coupon.expires:%Y-%m-%d}"
    if coupon.usage_limit is not None and coupon.used >= coupon.usage_limit:
        return "used up in the store"
    if coupon.status not in ("", "publish"):
        return f"the coupon is not published ({coupon.status})"
    return ""
