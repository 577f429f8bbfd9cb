"""``wcflow reference``: what may be written in the INI, out of the registries that read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import AsJson
from wcflow.config.schema import KINDS
from wcflow.errors import UsageError
from wcflow.rules.attributes.registry import ATTRIBUTES
from wcflow.rules.steps import STEPS
from wcflow.rules.triggers import TRIGGERS

Row = tuple[str, ...]


class Registry(StrEnum):
    ATTRIBUTES = "attributes"
    TRIGGERS = "triggers"
    STEPS = "steps"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a registry: its heading, its columns, its entries."""

    heading: str
    columns: Row
    rows: tuple[Row, ...]


def register(app: typer.Typer) -> None:
    app.command("reference")(reference)


def reference(
    which: Annotated[
        Registry | None, typer.Argument(help="Only these.", show_default=False)
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what may be written in the INI.

    Attributes are what a condition may ask and a text may say, triggers what sets a workflow off,
    steps what a workflow does, keys what stands in which section.
    """
    if markdown and as_json:
        raise UsageError("--json and --markdown exclude one another")
    chosen = [which] if which else list(Registry)
    if as_json:
        output.as_json({each.value: _as_data(each) for each in chosen})
        return
    for each in chosen:
        for part in parts(each):
            _print(part, markdown=markdown)


def parts(which: Registry) -> list[Part]:
    """Give a registry as tables."""
    return list(_PARTS[which]())


def markdown_of(part: Part) -> list[str]:
    """Give a part as the lines of a Markdown table; the first column is code."""
    head = f"| {' | '.join(part.columns)} |"
    rule = f"|{'---|' * len(part.columns)}"
    return [head, rule, *(f"| {' | '.join(_in_markdown(part, row))} |" for row in part.rows)]


def _in_markdown(part: Part, row: Row) -> Iterator[str]:
    for column, cell in zip(part.columns, row, strict=True):
        text = cell.replace("|", "\\|")
        yield f"`{text}`" if text and column in _CODE else text


_CODE = frozenset({"attribute", "trigger", "step", "key", "example"})


def _print(part: Part, *, markdown: bool) -> None:
    if markdown:
        for line in (f"### {part.heading}", "", *markdown_of(part), ""):
            output.say(line)
        return
    output.heading(part.heading)
    output.table(part.columns, part.rows)


def _attributes() -> Iterator[Part]:
    families: dict[str, list[Row]] = {}
    for each in ATTRIBUTES.values():
        name = f"{each.name}(30d)" if each.windowed else each.name
        families.setdefault(each.family, []).append((name, each.type, each.meaning, each.example))
    for family, rows in families.items():
        yield Part(
            f"Attributes: {family}", ("attribute", "type", "meaning", "example"), tuple(rows)
        )


def _triggers() -> Iterator[Part]:
    rows = tuple((each.form, each.meaning, each.example) for each in TRIGGERS.values())
    yield Part("Triggers", ("trigger", "meaning", "example"), rows)


def _steps() -> Iterator[Part]:
    rows = tuple((each.form, each.meaning, each.example) for each in STEPS.values())
    yield Part("Steps", ("step", "meaning", "example"), rows)


def _keys() -> Iterator[Part]:
    for kind in KINDS.values():
        rows = tuple((k.name, k.form, k.meaning, k.example) for k in kind.keys.values())
        heading = f"{kind.head}: {kind.meaning}"
        yield Part(heading, ("key", "value", "meaning", "example"), rows)


_PARTS: Mapping[Registry, Callable[[], Iterator[Part]]] = {
    Registry.ATTRIBUTES: _attributes,
    Registry.TRIGGERS: _triggers,
    Registry.STEPS: _steps,
    Registry.KEYS: _keys,
}


def _as_data(which: Registry) -> Sequence[Mapping[str, object]]:
    return [_DATA[which](name) for name in _NAMES[which]]


def _attribute(name: str) -> Mapping[str, object]:
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


def _trigger(name: str) -> Mapping[str, object]:
    each = TRIGGERS[name]
    return {
        "name": name,
        "form": each.form,
        "has_order": each.has_order,
        "has_item": each.has_item,
        "meaning": each.meaning,
        "example": each.example,
    }


def _step(name: str) -> Mapping[str, object]:
    each = STEPS[name]
    return {
        "name": name,
        "form": each.form,
        "meaning": each.meaning,
        "example": each.example,
    }


def _key(name: str) -> Mapping[str, object]:
    section, _, key = name.partition(" ")
    each = KINDS[section].keys[key]
    return {
        "section": section,
        "name": key,
        "form": each.form,
        "required": each.required,
        "meaning": each.meaning,
        "example": each.example,
    }


_DATA: Mapping[Registry, Callable[[str], Mapping[str, object]]] = {
    Registry.ATTRIBUTES: _attribute,
    Registry.TRIGGERS: _trigger,
    Registry.STEPS: _step,
    Registry.KEYS: _key,
}
_NAMES: Mapping[Registry, Sequence[str]] = {
    Registry.ATTRIBUTES: tuple(ATTRIBUTES),
    Registry.TRIGGERS: tuple(TRIGGERS),
    Registry.STEPS: tuple(STEPS),
    Registry.KEYS: tuple(f"{kind.name} {key}" for kind in KINDS.values() for key in kind.keys),
}
