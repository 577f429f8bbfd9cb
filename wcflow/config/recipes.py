"""The recipes that ship with wcflow: rules for one purpose, each in a file of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from wcflow.config.ini import parse_ini
from wcflow.config.problem import Findings

FOLDER = "recipes"
"""Where an admin's copies are, beside their INI."""
INCLUDE = f"{FOLDER}/*.ini"

_FIELDS = ("Whom", "Starts", "Adapt", "Needs")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_COMMENTED = re.compile(r"\s*[#;]\s*include\s*=")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe and what its first comment says. ``needs`` is empty if it works as it stands.

    ``files`` are the texts that it names, by their path from the recipe.
    """

    name: str
    text: str
    purpose: str
    whom: str
    starts: str
    adapt: str
    needs: str
    files: dict[str, str]

    @property
    def contents(self) -> dict[str, str]:
        """The text of each file to copy, by its path from the folder of recipes."""
        return {f"{self.name}.ini": self.text, **self.files}


def load_recipes() -> dict[str, Recipe]:
    """Return all recipes by name."""
    folder = _shipped_folder()
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".ini"))
    return {name.removesuffix(".ini"): _read_recipe(folder, name) for name in names}


def _shipped_folder() -> Traversable:
    shipped = files("wcflow") / "recipes"
    # In a source tree they are not inside the package.
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "config" / "recipes"


def _read_recipe(folder: Traversable, file: str) -> Recipe:
    text = (folder / file).read_text(encoding="utf-8")
    named = dict.fromkeys(
        re.findall(r"^\s*[^#;\s].*?([\w-]+/[\w-]+\.(?:md|html|txt))", text, re.MULTILINE)
    )
    head = _head_fields(text)
    return Recipe(
        name=file.removesuffix(".ini"),
        text=text,
        purpose=head["Purpose"],
        whom=head["Whom"],
        starts=head["Starts"],
        adapt=head["Adapt"],
        needs=head.get("Needs", ""),
        files={path: folder.joinpath(path).read_text(encoding="utf-8") for path in named},
    )


def _head_fields(text: str) -> dict[str, str]:
    """Return the parts of the comment at the top: the purpose, then those that begin with a name."""
    found: dict[str, str] = {}
    field = "Purpose"
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        words = line.removeprefix("#").strip()
        name, colon, rest = words.partition(": ")
        if colon and name in _FIELDS:
            field, words = name, rest
        found[field] = f"{found.get(field, '')} {words}".strip()
    return found


def with_include(text: str, pattern: str) -> str:
    """Return INI text whose ``[wcflow]`` includes a pattern; everything else stays as it is."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = _LINES.findall(text.removeprefix(mark))
    sections = parse_ini("".join(lines), "", Findings())
    end = next((line[len(line.rstrip("\r\n")) :] for line in lines), "") or "\n"
    at = next((nth for nth, each in enumerate(sections) if each.kind == "wcflow"), None)
    if at is None:
        return f"{mark}[wcflow]{end}include = {pattern}{end}{end}{''.join(lines)}"
    general, last = sections[at], sections[at + 1].line - 1 if at + 1 < len(sections) else None
    if entry := general.entries.get("include"):
        place = max([entry.line, *(row.line for row in entry.rows)])
        before = lines[place - 1]
        indent = before[: len(before) - len(before.lstrip())] if place != entry.line else "    "
        new = f"{indent}{pattern}"
    else:
        shown = (n for n in range(general.line, last or len(lines)) if _COMMENTED.match(lines[n]))
        place, new = next(shown, general.line - 1) + 1, f"include = {pattern}"
    if not lines[place - 1].endswith(("\n", "\r")):
        lines[place - 1] += end
    lines.insert(place, new + end)
    return mark + "".join(lines)
