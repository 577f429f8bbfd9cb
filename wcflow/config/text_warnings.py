"""Warnings about free texts that are taken as they are, but were probably meant otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wcflow.actions.registry import ACTIONS
from wcflow.config.section import ParsedSection
from wcflow.rules.attributes.registry import ATTRIBUTES
from wcflow.rules.errors import RuleError
from wcflow.rules.likely_values import without_quotes
from wcflow.rules.template_variables import STORE_VARIABLES

_CONDITIONS = frozenset({"when", "stop_when", "counts_when"})
_QUOTED_KEYS = frozenset({"tag", "group", "consent_meta", "birthday_meta"})
_REMARK = re.compile(r"\s[#;](\s.*)?$")
_REMARK_IN_NAME = re.compile(r"\s[#;].*$")
_OTHER_FORMS = re.compile(r"%(\w+)%|\[(\w+)\]|\$\{?(\w+)\}?|<(\w+)>")
_SINGLE_BRACES = re.compile(r"(?<![{$])\{\s*([a-z_][\w.]*)\s*\}(?!\})")


def warn_of_texts(sections: Iterable[ParsedSection]) -> None:
    """Warn of remarks, quotes and misspelled variables that would be written to the store."""
    for section in sections:
        _warn_of_name(section)
        for key, row, text in _free_texts(section):
            _warn_of_remark(section, key, row, text)
            _warn_of_quotes(section, key, row, text)
            if section.kind.name in ("workflow", "tag"):
                _check_variables(section, key, row, text)


def _free_texts(section: ParsedSection) -> Iterator[tuple[str, int, str]]:
    """Return the rows of keys whose values are texts, without those of conditions."""
    for key, entry in section.section.entries.items():
        known = section.kind.keys.get(key)
        if known is None or known.secret or key in _CONDITIONS:
            continue
        for row, line in enumerate(entry.rows):
            yield key, row, line.text


def _warn_of_name(section: ParsedSection) -> None:
    if bare := without_quotes(section.name):
        text = "the quotes are part of the name"
        section.warning("", text, f"write [{section.kind.name} {bare}]")


def _warn_of_remark(section: ParsedSection, key: str, row: int, text: str) -> None:
    found = (_REMARK if _is_sentence(key, text) else _REMARK_IN_NAME).search(text)
    if found:
        said = f"{found[0].strip()!r} is part of the text"
        section.warning(key, said, "comments go on their own line", row=row)


def _is_sentence(key: str, text: str) -> bool:
    """Return whether a text can contain something like 'order #12'; a tag does not."""
    action = ACTIONS.get(text.split(maxsplit=1)[0].lower())
    return key == "do" and not (action and action.adds_tag)


def _warn_of_quotes(section: ParsedSection, key: str, row: int, text: str) -> None:
    step, _, rest = text.partition(" ")
    if key == "do" and rest.startswith("="):
        hint = f"write: {step} {rest.removeprefix('=').strip()}"
        section.warning(key, "the '=' is part of the text", hint, row=row)
    if key in ("do", "trigger") and (bare := without_quotes(rest)):
        section.warning(key, "the quotes are part of the text", f"write: {step} {bare}", row=row)
    elif key in _QUOTED_KEYS and (bare := without_quotes(text)):
        section.warning(key, "the quotes are part of the text", f"write: {key} = {bare}", row=row)


def _check_variables(section: ParsedSection, key: str, row: int, text: str) -> None:
    if key not in ("do", "tag"):
        return
    for name in _SINGLE_BRACES.findall(text):
        if name in _variables():
            got = f"{{{name}}}"
            section.report(key, RuleError(f"{{{{ {name} }}}}", f"'{got}'", "two braces", row))
    for found in _OTHER_FORMS.finditer(text):
        name = next(filter(None, found.groups()))
        if name in _variables() and "_" in name:
            said = f"{found[0]!r} is written to the store as it is"
            section.warning(key, said, f"write {{{{ {name} }}}}", row=row)


def _variables() -> set[str]:
    of_steps = {name for action in ACTIONS.values() for name in action.variables}
    return {*ATTRIBUTES, *STORE_VARIABLES, *of_steps, "each"}
