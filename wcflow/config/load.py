"""From an INI file to a :class:`Config`, or to every problem in it at once.

This is the whole way: files, sections, stores, rules, and what they say of one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.engine import URL

from wcflow.actions.registry import ACTIONS, SECTIONS
from wcflow.config.addresses import database_address
from wcflow.config.digest import digest_of
from wcflow.config.files import Files, Read, open_to_others, read_whole
from wcflow.config.ini import Section
from wcflow.config.problem import ConfigError, Findings, Remark
from wcflow.config.rules import (
    action_rule,
    look_at_action_sections,
    look_at_references,
    parts_of,
    segment_of,
    tag_of,
    workflow_of,
)
from wcflow.config.schema import kinds
from wcflow.config.secrets import Keyring
from wcflow.config.section import Sheet, sheets_of
from wcflow.config.stores import StoreSettings, Strongbox, stores_of
from wcflow.rules.errors import RuleError
from wcflow.rules.model import Rules
from wcflow.units import Duration

SYSTEM, STATE = Path("/etc/wcflow"), Path("/var/lib/wcflow")
"""Where the service's configuration lies, and where systemd keeps its state."""


@dataclass(frozen=True, slots=True)
class Config:
    """All that an admin has said, understood. ``database`` is an absolute SQLAlchemy URL."""

    files: tuple[Path, ...]
    warnings: tuple[Remark, ...]
    database: str = field(repr=False)
    poll_every: Duration
    paid_statuses: tuple[str, ...]
    max_writes: int | None
    manual_tags: str
    log_level: str
    log_format: str
    stores: tuple[StoreSettings, ...]
    rules: Rules
    meta_keys: frozenset[str]
    order_meta_keys: frozenset[str]

    def store(self, name: str) -> StoreSettings:
        """Give the settings of one store; KeyError where there is none of that name."""
        return {store.name: store for store in self.stores}[name]


def load(
    path: Path,
    env: Mapping[str, str],
    *,
    need_store: bool = True,
    read: Read = read_whole,
) -> Config:
    """Read ``path`` and all that it includes; raises ConfigError with every problem there is."""
    findings = Findings()
    files = Files(read, findings)
    sections = _sections(path, files)
    sheets = _by_kind(sheets_of(sections, findings))
    box = Strongbox(Keyring(path.parent, env, read))
    general = _general(path, sheets, findings)
    stores = stores_of(sheets["store"], box)
    database = _database(general, box)
    rules = _rules(sheets)
    if need_store and not any(section.kind == "store" for section in sections):
        hint = "wcflow init writes one"
        findings.problem(str(path), 0, "", RuleError("a section [store NAME]", "none", hint))
    _stop_at_problems(files)
    _look_at_rights(box, findings)
    return Config(
        files=tuple(files.paths),
        warnings=findings.remarks(str(each) for each in files.paths),
        database=database,
        poll_every=general["poll_every"],
        paid_statuses=general["paid_statuses"],
        max_writes=general["max_writes"],
        manual_tags=general["manual_tags"],
        log_level=general["log_level"],
        log_format=general["log_format"],
        stores=stores,
        rules=replace(rules, digest=digest_of(rules, general["paid_statuses"], stores)),
        meta_keys=_meta_keys(rules, stores),
        order_meta_keys=_order_meta_keys(rules, stores),
    )


def _sections(path: Path, files: Files) -> list[Section]:
    """Read the main file, then what its first ``[wcflow]`` includes."""
    sections = files.sections(path)
    _stop_at_problems(files, only_unread=True)
    for section in sections:
        if section.kind == "wcflow":
            general = Sheet(section, kinds()["wcflow"], files.findings)
            general.fill()
            return sections + files.included(general)
    return sections


def _stop_at_problems(files: Files, *, only_unread: bool = False) -> None:
    problems = files.findings.problems(str(each) for each in files.paths)
    if only_unread:
        problems = [problem for problem in problems if not problem.line]
    if problems:
        raise ConfigError(problems)


def _by_kind(sheets: list[Sheet]) -> dict[str, list[Sheet]]:
    return {kind: [sheet for sheet in sheets if sheet.kind.name == kind] for kind in kinds()}


def _general(path: Path, sheets: dict[str, list[Sheet]], findings: Findings) -> Sheet:
    """Give the ``[wcflow]`` section; where there is none, its defaults."""
    absent = Sheet(Section(str(path), 0, "wcflow", ""), kinds()["wcflow"], findings)
    return next(iter(sheets["wcflow"]), absent)


def _database(general: Sheet, box: Strongbox) -> str:
    base = box.keyring.base

    def read(text: str) -> str:
        secret = box.keyring.given(text, Path(general.file))
        url = database_address(secret.value, base)
        if url.password is not None:
            box.take(secret)
        return url.render_as_string(hide_password=False)

    if general.has("database"):
        return general.understand("database", read) or ""
    file = _home(base.absolute(), box.keyring.env) / "wcflow.sqlite3"
    return URL.create("sqlite", database=str(file)).render_as_string()


def _home(base: Path, env: Mapping[str, str]) -> Path:
    """Give the database's folder: the service's own, also for who asks beside it; else the INI's."""
    # systemd names several directories with colons between; the first is the service's own.
    state = env.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(state).absolute() if state else STATE if base == SYSTEM else base


def _rules(sheets: dict[str, list[Sheet]]) -> Rules:
    of_actions = {
        kind: {sheet.name: action_rule(sheet, section) for sheet in sheets[kind]}
        for kind, section in SECTIONS.items()
    }
    segments = [(sheet, segment_of(sheet)) for sheet in sheets["segment"]]
    tags = [(sheet, tag_of(sheet)) for sheet in sheets["tag"]]
    names = frozenset((kind, name) for kind, rules in of_actions.items() for name in rules)
    workflows = [(sheet, workflow_of(sheet, ACTIONS, names)) for sheet in sheets["workflow"]]
    told = [(sheet, rule) for sheet, rule in (*segments, *tags, *workflows) if rule is not None]
    look_at_references(told, [sheet.name for sheet in sheets["segment"]])
    for kind, section in SECTIONS.items():
        look_at_action_sections(told, section, sheets[kind])
    return Rules(
        segments=tuple(rule for _, rule in segments if rule is not None),
        tags=tuple(rule for _, rule in tags if rule is not None),
        workflows=tuple(rule for _, rule in workflows if rule is not None),
        sections=of_actions,
        actions=ACTIONS,
    )


def _meta_keys(rules: Rules, stores: tuple[StoreSettings, ...]) -> frozenset[str]:
    named = {key for part in parts_of(rules) for key in part.meta_keys}
    fields = {key for store in stores for key in (store.consent_meta, store.birthday_meta) if key}
    return frozenset(named | fields)


def _order_meta_keys(rules: Rules, stores: tuple[StoreSettings, ...]) -> frozenset[str]:
    named = {key for part in parts_of(rules) for key in part.order_meta_keys}
    # A guest's consent can only stand on their orders.
    return frozenset(named | {store.consent_meta for store in stores if store.consent_meta})


def _look_at_rights(box: Strongbox, findings: Findings) -> None:
    for path in box.holding:
        if open_to_others(path):
            text = "it holds a key or password and can be read by other users"
            findings.remark(str(path), 0, "", text, f"chmod 600 {path}")
