"""The commented default configuration, and how values are put into it without losing a comment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources import files
from pathlib import Path

from wcflow.config.ini import Section, read_ini
from wcflow.config.problem import Findings


def default_ini() -> str:
    """Give the text of the default configuration, ``config/wcflow.ini`` of the source."""
    shipped = files("wcflow") / "default.ini"
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    # In a source tree it has not been copied into the package.
    source = Path(__file__).parents[2] / "config" / "wcflow.ini"
    return source.read_text(encoding="utf-8")


def with_values(text: str, head: str, values: Mapping[str, str]) -> str:
    """Give INI text with keys of the section ``[head]`` set; everything else stays as it is.

    A key that is there is replaced where it stands, any other goes right below the head. Raises
    KeyError where there is no such section.
    """
    sections = {section.head: section for section in read_ini(text, "", Findings())}
    lines = text.split("\n")
    for key, value in values.items():
        _check(key, value)
        _set(lines, sections[head], key, value)
    new = [f"{key} = {value}" for key, value in values.items() if key not in sections[head].entries]
    at = sections[head].line
    return "\n".join([*lines[:at], *new, *lines[at:]])


def with_key_files(text: str, head: str, keys: Collection[str]) -> str:
    """Give INI text with keys of ``[head]`` left out: they are found in files of their names.

    Raises KeyError where there is no such section or key.
    """
    sections = {section.head: section for section in read_ini(text, "", Findings())}
    lines = text.split("\n")
    for key in keys:
        at = sections[head].entries[key].line - 1
        lines[at] = f"# {key} stands in the file of that name beside this one."
    return "\n".join(lines)


def _check(key: str, value: str) -> None:
    if not key.isidentifier() or not value.strip() or not value.isprintable():
        raise ValueError(f"expected a key and a value of one line, got {key!r}")


def _set(lines: list[str], section: Section, key: str, value: str) -> None:
    entry = section.entries.get(key)
    if entry is None:
        return
    if any(row.line != entry.line for row in entry.rows):
        raise ValueError(f"expected a value of one line to replace, got several of {key!r}")
    lines[entry.line - 1] = f"{key} = {value}"
