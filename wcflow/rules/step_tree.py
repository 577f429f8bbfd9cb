"""The steps of a run as a tree, and the path that says where it goes on. Pure.

A tree is a list of nodes. A node is the text of a step or a branch: ``{"if": condition, "then":
[nodes], "else": [nodes]}``. A path is an index, or index, side, index for a node inside a branch:
``(2,)``, ``(3, "then", 0)``. No INI syntax makes branches yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Node = str | Mapping[str, Any]
Nodes = Sequence[Node]
Path = tuple[int | str, ...]


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


def texts(nodes: Nodes) -> list[str]:
    """Return the texts of all steps, those inside branches included."""
    return [text for _, text in labelled_steps(nodes)]


def labelled_steps(nodes: Nodes, outer: Path = ()) -> Iterator[tuple[str, str]]:
    """Return the label and the text of all steps, those inside branches included."""
    for number, node in enumerate(nodes):
        path = (*outer, number)
        if isinstance(node, str):
            yield label(path), node
        else:
            for side in ("then", "else"):
                yield from labelled_steps(node.get(side, ()), (*path, side))


def steps_before(nodes: Nodes, path: Path) -> Iterator[tuple[str, str]]:
    """Return the label and the text of the steps before a path; of its own branches only its side."""
    for length in range(1, len(path) + 1, 2):
        outer, number = path[: length - 1], path[length - 1]
        assert isinstance(number, int), "an index is in every second place"
        yield from labelled_steps(_nodes_at(nodes, outer)[:number], outer)
