"""``wcflow reference``: everything the INI can contain, from the registries that parse it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from wcflow.actions.registry import ACTIONS
from wcflow.cli import output
from wcflow.cli.options import AsJson
from wcflow.config.schema import kinds
from wcflow.errors import UsageError
from wcflow.rules.attributes.registry import ATTRIBUTES
from wcflow.rules.step_blocks import BRANCH_EXAMPLE, BRANCH_FORM, BRANCH_MEANING, IF
from wcflow.rules.triggers import TRIGGERS

Row = tuple[str, ...]


class Registry(StrEnum):
    ATTRIBUTES = "attributes"
    TRIGGERS = "triggers"
    STEPS = "steps"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """One table: heading, columns, rows."""

    heading: str
    columns: Row
    rows: tuple[Row, ...]


def register(app: typer.Typer) -> None:
    app.command("reference")(reference)


def reference(
    which: Annotated[
        Registry | None,
        typer.Argument(
            metavar="KIND", help="Only attributes, triggers, steps or keys.", show_default=False
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    as_json: AsJson = False,
) -> None:
    """List everything the INI file can contain.

    Attributes are used in conditions and templates, triggers start workflows, steps are what
    workflows do, and keys belong to the sections of the INI file.
    """
    if markdown and as_json:
        raise UsageError("--json and --markdown cannot be used together", "Choose one of them.")
    chosen = [which] if which else list(Registry)
    if as_json:
        output.print_json({each.value: _to_json(each) for each in chosen})
        return
    for each in chosen:
        for table in reference_tables(each):
            _print_table(table, markdown=markdown)


def reference_tables(which: Registry) -> list[ReferenceTable]:
    """Return a registry as tables."""
    return list(_TABLES[which]())


def markdown_table(table: ReferenceTable) -> list[str]:
    """Return a table as Markdown lines; the first column is code."""
    head = f"| {' | '.join(table.columns)} |"
    rule = f"|{'---|' * len(table.columns)}"
    return [head, rule, *(f"| {' | '.join(_markdown_row(table, row))} |" for row in table.rows)]


def _markdown_row(table: ReferenceTable, row: Row) -> Iterator[str]:
    for column, cell in zip(table.columns, row, strict=True):
        text = cell.replace("|", "\\|")
        yield f"`{text}`" if text and column in _CODE else text


_CODE = frozenset({"attribute", "trigger", "step", "key", "example"})


def _print_table(table: ReferenceTable, *, markdown: bool) -> None:
    if markdown:
        for line in (f"### {table.heading}", "", *markdown_table(table), ""):
            output.print_line(line)
        return
    output.print_heading(table.heading)
    output.print_table(table.columns, table.rows)


def _attribute_tables() -> Iterator[ReferenceTable]:
    families: dict[str, list[Row]] = {}
    for each in ATTRIBUTES.values():
        name = f"{each.name}(30d)" if each.windowed else each.name
        families.setdefault(each.family, []).append((name, each.type, each.meaning, each.example))
    for family, rows in families.items():
        yield ReferenceTable(
            f"Attributes: {family}", ("attribute", "type", "meaning", "example"), tuple(rows)
        )


def _trigger_tables() -> Iterator[ReferenceTable]:
    rows = tuple((each.form, each.meaning, each.example) for each in TRIGGERS.values())
    yield ReferenceTable("Triggers", ("trigger", "meaning", "example"), rows)


def _step_tables() -> Iterator[ReferenceTable]:
    rows = tuple((each.form, each.meaning, each.example) for each in ACTIONS.values())
    rows = (*rows, (BRANCH_FORM, BRANCH_MEANING, BRANCH_EXAMPLE))
    yield ReferenceTable("Steps", ("step", "meaning", "example"), rows)


def _key_tables() -> Iterator[ReferenceTable]:
    for kind in kinds().values():
        rows = tuple(
            (k.name, k.form, k.meaning, k.example)
            for k in [*kind.keys.values(), *filter(None, [kind.others])]
        )
        heading = f"{kind.head}: {kind.meaning}"
        yield ReferenceTable(heading, ("key", "value", "meaning", "example"), rows)


_TABLES: Mapping[Registry, Callable[[], Iterator[ReferenceTable]]] = {
    Registry.ATTRIBUTES: _attribute_tables,
    Registry.TRIGGERS: _trigger_tables,
    Registry.STEPS: _step_tables,
    Registry.KEYS: _key_tables,
}


def _to_json(which: Registry) -> Sequence[Mapping[str, object]]:
    return [_JSON_BUILDERS[which](name) for name in _NAMES[which]()]


def _attribute_json(name: str) -> Mapping[str, object]:
    each = ATTRIBUTES[name]
    return {
        "name": name,
        "family": each.family,
        "type": each.type,
        "windowed": each.windowed,
        "place": each.place,
        "meaning": each.meaning,
        "example": each.example,
    }


def _trigger_json(name: str) -> Mapping[str, object]:
    each = TRIGGERS[name]
    return {
        "name": name,
        "form": each.form,
        "has_order": each.has_order,
        "has_item": each.has_item,
        "meaning": each.meaning,
        "example": each.example,
    }


def _step_json(name: str) -> Mapping[str, object]:
    if name == IF:
        words = {"form": BRANCH_FORM, "meaning": BRANCH_MEANING, "example": BRANCH_EXAMPLE}
        return {"name": name, **words}
    each = ACTIONS[name]
    return {
        "name": name,
        "form": each.form,
        "meaning": each.meaning,
        "example": each.example,
    }


def _key_json(name: str) -> Mapping[str, object]:
    section, _, key = name.partition(" ")
    each = kinds()[section].keys[key]
    return {
        "section": section,
        "name": key,
        "form": each.form,
        "required": each.required,
        "meaning": each.meaning,
        "example": each.example,
    }


_JSON_BUILDERS: Mapping[Registry, Callable[[str], Mapping[str, object]]] = {
    Registry.ATTRIBUTES: _attribute_json,
    Registry.TRIGGERS: _trigger_json,
    Registry.STEPS: _step_json,
    Registry.KEYS: _key_json,
}
_NAMES: Mapping[Registry, Callable[[], Sequence[str]]] = {
    Registry.ATTRIBUTES: lambda: tuple(ATTRIBUTES),
    Registry.TRIGGERS: lambda: tuple(TRIGGERS),
    Registry.STEPS: lambda: (*ACTIONS, IF),
    Registry.KEYS: lambda: tuple(
        f"{kind.name} {key}" for kind in kinds().values() for key in kind.keys
    ),
}
