"""From an INI file to a :class:`Config`, or to every problem in it at once.

The order is: files, sections, stores, rules, and checks across rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.engine import URL

from wcflow.actions.registry import ACTIONS, SECTIONS
from wcflow.channels.addresses import WebhookSettings
from wcflow.config.addresses import parse_database_url
from wcflow.config.alerts import AlertSettings, read_alerts
from wcflow.config.bounces import BounceSettings, read_bounces
from wcflow.config.campaigns import (
    check_workflow_names,
    read_campaigns,
    steps_of,
)
from wcflow.config.digest import compute_digest
from wcflow.config.files import IniFiles, ReadFile, read_file, readable_by_others
from wcflow.config.ini import Section
from wcflow.config.problem import ConfigError, ConfigWarning, Findings
from wcflow.config.rule_warnings import (
    warn_of_counts_when,
    warn_of_missing_fields,
    warn_of_paid_statuses,
    warn_of_rules,
)
from wcflow.config.rules import (
    ParsedRule,
    action_rule,
    check_action_sections,
    check_references,
    check_section_names,
    conditions_and_templates,
    find_shown_group,
    read_segment,
    read_tag_rule,
    read_workflow,
)
from wcflow.config.schema import kinds
from wcflow.config.secrets import SecretSources
from wcflow.config.section import ParsedSection, parse_sections
from wcflow.config.smtp import SmtpSettings, read_smtp, require_smtp
from wcflow.config.stores import SecretReader, StoreSettings, read_stores
from wcflow.config.text_warnings import warn_of_texts
from wcflow.config.tiers import check_uses, given_names, read_points, read_tiers
from wcflow.config.webhooks import read_channel_urls, read_webhooks
from wcflow.rules.contact import ContactRules
from wcflow.rules.errors import RuleError
from wcflow.rules.model import Campaign, Rules
from wcflow.rules.steps import Sections, section_names
from wcflow.units import Duration

SYSTEM_DIR, STATE_DIR = Path("/etc/wcflow"), Path("/var/lib/wcflow")
"""Where the service's configuration is, and where systemd keeps its state."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, parsed. ``database`` is an absolute SQLAlchemy URL."""

    files: tuple[Path, ...]
    warnings: tuple[ConfigWarning, ...]
    database: str = field(repr=False)
    poll_every: Duration
    paid_statuses: tuple[str, ...]
    shipped_statuses: tuple[str, ...]
    max_writes: int | None
    attribution: Duration
    read_only: bool
    manual_tags: str
    agent: str
    contact: ContactRules
    log_level: str
    log_format: str
    stores: tuple[StoreSettings, ...]
    alerts: AlertSettings | None
    smtp: SmtpSettings | None
    bounces: BounceSettings | None
    webhooks: Mapping[str, WebhookSettings] = field(repr=False)
    channel_urls: Mapping[str, str] = field(repr=False)
    channel_places: Mapping[str, tuple[str, int]] = field(repr=False)
    rules: Rules
    meta_keys: frozenset[str]
    order_meta_keys: frozenset[str]

    def store(self, name: str) -> StoreSettings:
        """Return the settings of one store; raises KeyError if there is none with that name."""
        return {store.name: store for store in self.stores}[name]


def load_config(
    path: Path,
    env: Mapping[str, str],
    *,
    need_store: bool = True,
    read: ReadFile = read_file,
) -> Config:
    """Read ``path`` and the files it includes; raises ConfigError with every problem."""
    findings = Findings()
    files = IniFiles(read, findings)
    sections = _read_sections(path, files)
    parsed_sections = _group_by_kind(parse_sections(sections, findings))
    secret_reader = SecretReader(SecretSources(path.parent, env, read))
    general = _general_section(path, parsed_sections, findings)
    stores = read_stores(parsed_sections["store"], secret_reader)
    smtp = read_smtp(parsed_sections["smtp"], secret_reader)
    channel_urls = read_channel_urls(parsed_sections["channel"], secret_reader)
    webhooks = read_webhooks(parsed_sections["webhook"], secret_reader)
    alerts = read_alerts(parsed_sections["alerts"], secret_reader, smtp)
    bounces = read_bounces(parsed_sections["bounces"], secret_reader)
    database = _database_url(general, secret_reader)
    rules = _build_rules(parsed_sections, general, read)
    require_smtp(parsed_sections["email"], parsed_sections["smtp"], rules)
    warn_of_paid_statuses(general, general["paid_statuses"])
    for section in parsed_sections["store"]:
        warn_of_counts_when(section, general["paid_statuses"])
    warn_of_missing_fields(parsed_sections["store"], rules)
    warn_of_texts(parsed for some in parsed_sections.values() for parsed in some)
    if need_store and not any(section.kind == "store" for section in sections):
        hint = "'wcflow init' writes one"
        findings.problem(str(path), 0, "", RuleError("a section [store NAME]", "none", hint))
    _raise_problems(files)
    _check_permissions(secret_reader, findings)
    return Config(
        files=tuple(files.paths),
        warnings=findings.warnings(str(each) for each in files.paths),
        database=database,
        poll_every=general["poll_every"],
        paid_statuses=general["paid_statuses"],
        shipped_statuses=general["shipped_statuses"],
        max_writes=general["max_writes"],
        attribution=general["attribution"],
        read_only=general["read_only"],
        manual_tags=general["manual_tags"],
        agent=general["agent"],
        contact=ContactRules(general["message_cap"], general["quiet_hours"]),
        log_level=general["log_level"],
        log_format=general["log_format"],
        stores=stores,
        alerts=alerts,
        smtp=smtp,
        bounces=bounces,
        webhooks=webhooks,
        channel_urls=channel_urls,
        channel_places={each.name: each.place_of("url") for each in parsed_sections["channel"]},
        rules=replace(rules, digest=compute_digest(rules, general["paid_statuses"], stores)),
        meta_keys=_meta_keys(rules, stores),
        order_meta_keys=_order_meta_keys(rules, stores),
    )


def _read_sections(path: Path, files: IniFiles) -> list[Section]:
    """Read the main file, then the files that its first ``[wcflow]`` includes."""
    sections = files.sections(path)
    _raise_problems(files, only_unread=True)
    for section in sections:
        if section.kind == "wcflow":
            general = ParsedSection(section, kinds()["wcflow"], files.findings)
            general.parse_values()
            included = files.read_included(general)
            _raise_problems(files, only_unread=True)
            return sections + included
    return sections


def _raise_problems(files: IniFiles, *, only_unread: bool = False) -> None:
    problems = files.findings.problems(str(each) for each in files.paths)
    if problems and (files.findings.unreadable or not only_unread):
        raise ConfigError(problems)


def _group_by_kind(parsed_sections: list[ParsedSection]) -> dict[str, list[ParsedSection]]:
    return {
        kind: [parsed for parsed in parsed_sections if parsed.kind.name == kind] for kind in kinds()
    }


def _general_section(
    path: Path, parsed_sections: dict[str, list[ParsedSection]], findings: Findings
) -> ParsedSection:
    """Return the ``[wcflow]`` section, or its defaults."""
    absent = ParsedSection(Section(str(path), 0, "wcflow", ""), kinds()["wcflow"], findings)
    return next(iter(parsed_sections["wcflow"]), absent)


def _database_url(general: ParsedSection, secret_reader: SecretReader) -> str:
    base = secret_reader.sources.base

    def read(text: str) -> str:
        secret = secret_reader.sources.from_ini(text, Path(general.file))
        url = parse_database_url(secret.value, base)
        if url.password is not None:
            secret_reader.reveal(secret)
        return url.render_as_string(hide_password=False)

    if general.has("database"):
        return general.parse_value("database", read) or ""
    file = _database_dir(base.absolute(), secret_reader.sources.env) / "wcflow.sqlite3"
    return URL.create("sqlite", database=str(file)).render_as_string()


def _database_dir(base: Path, env: Mapping[str, str]) -> Path:
    """Return the directory of the database: the service's state directory, else that of the INI."""
    # systemd can list several directories with colons between; the first is the service's own.
    state = env.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(state).absolute() if state else STATE_DIR if base == SYSTEM_DIR else base


def _check_programme(
    parsed_sections: dict[str, list[ParsedSection]],
    rules: Sequence[ParsedRule],
    campaigns: Sequence[Campaign],
    of_actions: Sections,
) -> None:
    """Report what needs ``[points]`` or ``[tiers]`` where there is none."""
    by_name = {each.name: each for each in parsed_sections["campaign"]}
    users = [*rules, *((by_name[each.name], each) for each in campaigns)]
    texts = [
        (parsed, section.templates(rule))
        for kind, section in SECTIONS.items()
        for parsed in parsed_sections[kind]
        if (rule := of_actions[kind].get(parsed.name)) is not None
    ]
    check_uses(users, texts, {kind for kind in ("points", "tiers") if parsed_sections[kind]})


def _build_rules(
    parsed_sections: dict[str, list[ParsedSection]], general: ParsedSection, read: ReadFile
) -> Rules:
    of_actions = {
        kind: {parsed.name: action_rule(parsed, section, read) for parsed in parsed_sections[kind]}
        for kind, section in SECTIONS.items()
    }
    segments = [(parsed, read_segment(parsed)) for parsed in parsed_sections["segment"]]
    tags = [(parsed, read_tag_rule(parsed)) for parsed in parsed_sections["tag"]]
    names = section_names(of_actions)
    points, tiers = read_points(parsed_sections["points"]), read_tiers(parsed_sections["tiers"])
    names |= {("workflow", parsed.name) for parsed in parsed_sections["workflow"]}
    names |= given_names(parsed_sections["points"], parsed_sections["tiers"])
    workflows = [
        (parsed, read_workflow(parsed, ACTIONS, names)) for parsed in parsed_sections["workflow"]
    ]
    parsed_rules = [
        (parsed, rule) for parsed, rule in (*segments, *tags, *workflows) if rule is not None
    ]
    segment_names = [parsed.name for parsed in parsed_sections["segment"]]
    campaigns = read_campaigns(
        parsed_sections["campaign"], ACTIONS, of_actions, names, segment_names
    )
    check_references(parsed_rules, segment_names)
    check_workflow_names(parsed_sections["workflow"])
    _check_programme(parsed_sections, parsed_rules, campaigns, of_actions)
    warn_of_rules(parsed_rules, general["paid_statuses"])
    steps = [step for _, rule in workflows if rule is not None for step in rule.steps]
    steps += steps_of(campaigns)
    for kind, section in SECTIONS.items():
        for parsed in parsed_sections[kind]:
            check_section_names(parsed, section, names)
    of_kinds = [(section, parsed_sections[kind]) for kind, section in SECTIONS.items()]
    check_action_sections(steps, of_kinds)
    return Rules(
        segments=tuple(rule for _, rule in segments if rule is not None),
        tags=tuple(rule for _, rule in tags if rule is not None),
        workflows=tuple(rule for _, rule in workflows if rule is not None),
        campaigns=tuple(campaigns),
        sections=of_actions,
        actions=ACTIONS,
        shipped_statuses=general["shipped_statuses"],
        points=points,
        tiers=tiers,
        shown_group=find_shown_group(general, [rule for _, rule in segments]),
    )


def _meta_keys(rules: Rules, stores: tuple[StoreSettings, ...]) -> frozenset[str]:
    named = {key for part in conditions_and_templates(rules) for key in part.meta_keys}
    fields = {key for store in stores for key in (*store.consent_meta, store.birthday_meta) if key}
    return frozenset(named | fields | _channel_fields(rules))


def _channel_fields(rules: Rules) -> frozenset[str]:
    """Return the custom fields with the consent to a channel."""
    return frozenset(
        field
        for kind, known in rules.sections.items()
        for each in known.values()
        if each is not None
        for field in SECTIONS[kind].consent_fields(each)
    )


def _order_meta_keys(rules: Rules, stores: tuple[StoreSettings, ...]) -> frozenset[str]:
    named = {key for part in conditions_and_templates(rules) for key in part.order_meta_keys}
    named |= {key for each in rules.workflows for key in each.trigger.kind.order_meta}
    for store in stores:
        # A guest's consent can only be on their orders.
        named |= _channel_fields(rules)
        named |= {*store.consent_meta, store.amount_meta, store.rate_meta} - {""}
        named |= store.counts_when.order_meta_keys if store.counts_when else frozenset()
    return frozenset(named)


def _check_permissions(secret_reader: SecretReader, findings: Findings) -> None:
    for path in secret_reader.secret_files:
        if readable_by_others(path):
            text = "it holds a key or password and can be read by other users"
            findings.warning(str(path), 0, "", text, f"run: chmod 600 {path}")
