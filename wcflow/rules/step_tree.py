"""The steps of a run as a tree, and the path that says where it goes on. Pure.

A tree is a list of nodes. A node is the text of a step or a branch: ``{"if": condition, "then":
[nodes], "else": [nodes]}``. A path is an index, or index, side, index for a node inside a branch:
``(2,)``, ``(3, "then", 0)``. ``step_blocks`` makes the tree from the rows of ``do``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

Node = str | Mapping[str, Any]
Nodes = Sequence[Node]
Path = tuple[int | str, ...]
Sides = Mapping[str, str]
"""The sides that branches took, by label."""
BOTH: Sides = MappingProxyType({})


def node_at(nodes: Nodes, path: Path) -> Node | None:
    """Return the node at a path; None if the list ends before it."""
    *outer, last = path
    inner = _nodes_at(nodes, tuple(outer))
    assert isinstance(last, int), "a path ends with an index"
    return inner[last] if last < len(inner) else None


def _nodes_at(nodes: Nodes, outer: Path) -> Nodes:
    for number, side in zip(outer[::2], outer[1::2], strict=True):
        assert isinstance(number, int)
        branch = nodes[number]
        assert isinstance(branch, Mapping), "only a branch has nodes inside"
        nodes = branch.get(str(side), ())
    return nodes


def next_path(path: Path) -> Path:
    """Return the path of the node after this one in the same list."""
    *outer, last = path
    assert isinstance(last, int), "a path ends with an index"
    return (*outer, last + 1)


def inside(path: Path, side: str) -> Path:
    """Return the path of the first node of one side of a branch."""
    return (*path, side, 0)


def settled(nodes: Nodes, path: Path) -> Path | None:
    """Return the path of the next node, which is after the branch where a side ends; None at the end."""
    while node_at(nodes, path) is None:
        if len(path) == 1:
            return None
        path = next_path(path[:-2])
    return path


def label(path: Path) -> str:
    """Return a path as people count: ``3``, or ``4.then.1`` inside a branch."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def texts(nodes: Nodes, sides: Sides = BOTH) -> list[str]:
    """Return the texts of all steps, of both sides of a branch unless one was taken."""
    return [text for _, text in labelled_steps(nodes, sides=sides)]


def labelled_steps(
    nodes: Nodes, outer: Path = (), sides: Sides = BOTH
) -> Iterator[tuple[str, str]]:
    """Return the label and the text of all steps, of both sides of a branch unless one was taken."""
    for number, node in enumerate(nodes):
        path = (*outer, number)
        if isinstance(node, str):
            yield label(path), node
            continue
        taken = sides.get(label(path))
        for side in (taken,) if taken else ("then", "else"):
            yield from labelled_steps(node.get(side, ()), (*path, side), sides)


def outline(nodes: Nodes, outer: Path = ()) -> Iterator[tuple[str, str]]:
    """Return all rows with their labels, indented by four blanks; ``else`` and ``end`` have none."""
    margin = " " * 4 * (len(outer) // 2)
    for number, node in enumerate(nodes):
        path = (*outer, number)
        if isinstance(node, str):
            yield label(path), f"{margin}{node}"
            continue
        yield label(path), f"{margin}if {node['if']}"
        yield from outline(node["then"], (*path, "then"))
        if node.get("else"):
            yield "", f"{margin}else"
            yield from outline(node["else"], (*path, "else"))
        yield "", f"{margin}end"


def steps_before(nodes: Nodes, path: Path, sides: Sides = BOTH) -> Iterator[tuple[str, str]]:
    """Return the label and the text of the steps before a path; of its own branches only its side.

    Of earlier branches only the side that was taken, where that is known.
    """
    for length in range(1, len(path) + 1, 2):
        outer, number = path[: length - 1], path[length - 1]
        assert isinstance(number, int), "an index is in every second place"
        yield from labelled_steps(_nodes_at(nodes, outer)[:number], outer, sides)
