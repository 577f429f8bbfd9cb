"""Which variables a template names: each is checked where it is written and gets a plain name.

``{{ order.total }}`` is not an attribute of an object, so that nothing of Python's can be reached
through it: the whole path is looked up beforehand and replaced by one variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from wcflow.rules.attributes.registry import ATTRIBUTES, Asked, known_by
from wcflow.rules.context import Place
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.naming import attribute_named, window_of

T = TypeVar("T")

OF_STORE = {"store.name": "name", "store.url": "url"}
_LATER = {"each": "it is known in a tag with for_each"}
_REFUSED = (
    nodes.AssignBlock,
    nodes.Block,
    nodes.CallBlock,
    nodes.Extends,
    nodes.FilterBlock,
    nodes.FromImport,
    nodes.Import,
    nodes.Include,
    nodes.Macro,
    nodes.Pow,
)


@dataclass(slots=True)
class Variables:
    """The variables of a template, by the plain names that stand in their place."""

    attributes: dict[str, Asked] = field(default_factory=dict)
    of_store: dict[str, str] = field(default_factory=dict)
    extras: dict[str, str] = field(default_factory=dict)


def named_in(
    tree: nodes.Template,
    text: str,
    place: Place,
    extra: frozenset[str],
    later: Mapping[str, str],
) -> Variables:
    """Replace each path of the tree by a plain variable; raises FlawError with all unknown ones."""
    assigned = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    loops = {"loop"} if tree.find(nodes.For) else set[str]()
    walk = _Walk(text, place, extra, frozenset(assigned | loops), later)
    walk.visit(tree)
    if walk.flaws:
        raise RuleErrors(*walk.flaws)
    return walk.variables


class _Walk(NodeTransformer):
    """Go over all nodes of a template."""

    def __init__(
        self,
        text: str,
        place: Place,
        extra: frozenset[str],
        own: frozenset[str],
        later: Mapping[str, str],
    ) -> None:
        self.rows = text.split("\n")
        self.place, self.extra, self.own = place, extra, own
        self.later = {**_LATER, **later}
        self.variables = Variables()
        self.plain_names: dict[str, str] = {}
        self.flaws: list[RuleError] = []

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        if isinstance(node, _REFUSED):
            kind = type(node).__name__.lower()
            self._tell(node, RuleError("plain variables, filters, if and for", repr(kind)), "")
            return node
        return super().generic_visit(node, *args, **kwargs)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  the name is Jinja's
        """Let one loop be; loops within loops may take longer than anyone waits."""
        if node.find(nodes.For):
            self._tell(node, RuleError("one for, and none within it", "'for' within 'for'"), "")
            return node
        return super().generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  as above
        """Let texts be put together by the filter that knows bounds."""
        texts = [self.visit(each) for each in node.nodes]
        line = node.lineno
        return nodes.Filter(nodes.List(texts, lineno=line), "join", [], [], None, None, lineno=line)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802  the name is Jinja's
        if node.ctx != "load" or node.name in self.own:
            return node
        return self._replaced(node, node.name)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802  as above
        return self._of_path(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802  as above
        return self._of_path(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  as above
        """Take ``orders_count('30d')`` for a window; nothing else is called."""
        name, window = _dotted(node.node), _only_text(node)
        attribute = ATTRIBUTES.get(name or "")
        if attribute is None or not attribute.windowed or window is None:
            hint = "windows are written: orders_count('30d')" if name else ""
            self._tell(
                node, RuleError("a variable, not a call", f"'{name or 'a call'}(…)'", hint), name
            )
            return node
        try:
            asked = Asked(attribute, window=window_of(window, attribute))
        except RuleErrors as error:
            self._tell(node, error.flaws[0], name)
            return node
        return self._plain(node, self.variables.attributes, asked.text, asked)

    def _of_path(self, node: nodes.Getattr | nodes.Getitem) -> nodes.Node:
        name = _dotted(node)
        if name is not None and name.partition(".")[0] not in self.own:
            return self._replaced(node, name)
        if isinstance(node, nodes.Getattr) and (name or "").partition(".")[0] != "loop":
            self._tell(node, RuleError("a variable or a filter", f"'.{node.attr}'"), node.attr)
            return node
        return self.generic_visit(node)

    def _replaced(self, node: nodes.Expr, name: str) -> nodes.Node:
        if name in self.extra:
            return self._plain(node, self.variables.extras, name, name)
        if name in OF_STORE:
            return self._plain(node, self.variables.of_store, name, OF_STORE[name])
        try:
            attribute, key = attribute_named(name, self.place, {*self.extra, *OF_STORE})
        except RuleErrors as error:
            self._tell(node, self._as_variable(error.flaws[0], name), name)
            return node
        asked = Asked(attribute, key)
        return self._plain(node, self.variables.attributes, asked.text, asked)

    def _plain(self, node: nodes.Expr, kept: dict[str, T], name: str, what: T) -> nodes.Name:
        plain = self.plain_names.setdefault(name, f"_{len(self.plain_names)}")
        kept[plain] = what
        return nodes.Name(plain, "load", lineno=node.lineno)

    def _as_variable(self, flaw: RuleError, name: str) -> RuleError:
        if known_by(name):
            return flaw
        return RuleError("a variable", repr(name), self.later.get(name) or flaw.hint)

    def _tell(self, node: nodes.Node, flaw: RuleError, name: str | None) -> None:
        row = min(node.lineno, len(self.rows)) - 1
        column = self.rows[row].find(name) + 1 if name else 0
        self.flaws.append(replace(flaw, row=row, column=column))


def _dotted(node: nodes.Node) -> str | None:
    """Give the path of ``order.meta.gift`` or ``meta['odd key']``; None where it is none."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            stem, last = _dotted(node.node), node.attr
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            stem, last = _dotted(node.node), key
        case _:
            return None
    return f"{stem}.{last}" if stem else None


def _only_text(call: nodes.Call) -> str | None:
    """Give the text with which something is called; None where that is not all."""
    if call.kwargs or call.dyn_args or call.dyn_kwargs:
        return None
    match call.args:
        case [nodes.Const(value=str() as text)]:
            return text
    return None
