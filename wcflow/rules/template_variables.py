"""Bind the variables of a template: check each path and replace it by a plain name.

``{{ order.total }}`` is looked up as a whole and never as an attribute of an object, so that a
template cannot reach Python objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from wcflow.rules.attributes.registry import (
    ATTRIBUTES,
    AttributeQuery,
    find_attribute,
    parse_window,
    resolve_attribute,
)
from wcflow.rules.context import RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, unknown

T = TypeVar("T")

STORE_VARIABLES = {"store.name": "name", "store.url": "url", "store.currency": "currency"}
_AVAILABLE_LATER = {"each": "available only in a tag with for_each"}
_FORBIDDEN_NODES = (
    nodes.AssignBlock,
    nodes.Block,
    nodes.CallBlock,
    nodes.EvalContextModifier,
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
    """The variables of a template, by the plain names that replace them."""

    attributes: dict[str, AttributeQuery] = field(default_factory=dict)
    of_store: dict[str, str] = field(default_factory=dict)
    extras: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """The variables as admins write them, by the plain names that replace them."""
        attributes = {plain: asked.text for plain, asked in self.attributes.items()}
        stores = {name: variable for variable, name in STORE_VARIABLES.items()}
        of_store = {plain: stores[name] for plain, name in self.of_store.items()}
        return attributes | of_store | self.extras

    @property
    def expressions(self) -> dict[str, str]:
        """The same names, each with the expression that a template would contain."""
        attributes = {asked.text: _expression(asked) for asked in self.attributes.values()}
        others = (name for name in self.names.values() if name not in attributes)
        return attributes | {name: name for name in others}


def _expression(asked: AttributeQuery) -> str:
    if asked.window is not None:
        return f"{asked.attribute.name}('{asked.window}')"
    if asked.attribute.keyed:
        return f"{asked.attribute.stem[:-1]}[{asked.key!r}]"
    return asked.attribute.name


def bind_variables(
    tree: nodes.Template,
    text: str,
    place: RulePlace,
    extra: frozenset[str],
    later: Mapping[str, str],
) -> Variables:
    """Replace each path of the tree by a plain variable; raises RuleErrors with all mistakes."""
    assigned = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    loops = {"loop"} if tree.find(nodes.For) else set[str]()
    binder = _VariableBinder(text, place, extra, frozenset(assigned | loops), later)
    binder.visit(tree)
    if binder.rule_errors:
        raise RuleErrors(*binder.rule_errors)
    return binder.variables


class _VariableBinder(NodeTransformer):
    """Visits all nodes of a template, and collects variables and mistakes."""

    def __init__(
        self,
        text: str,
        place: RulePlace,
        extra: frozenset[str],
        local_names: frozenset[str],
        later: Mapping[str, str],
    ) -> None:
        self.rows = text.split("\n")
        self.place, self.extra, self.local_names = place, extra, local_names
        self.later = {**_AVAILABLE_LATER, **later}
        self.variables = Variables()
        self.plain_names: dict[str, str] = {}
        self.rule_errors: list[RuleError] = []

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        if isinstance(node, _FORBIDDEN_NODES):
            kind = type(node).__name__.lower()
            self._add_error(node, RuleError("plain variables, filters, if and for", repr(kind)), "")
            return node
        return super().generic_visit(node, *args, **kwargs)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  the name is Jinja's
        """Allow a single loop; nested loops could take too long."""
        if node.find(nodes.For):
            self._add_error(
                node, RuleError("a single for, without another inside it", "'for' inside 'for'"), ""
            )
            return node
        return super().generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  as above
        """Replace ``~`` by the filter ``join``, which has a limit."""
        texts = [self.visit(each) for each in node.nodes]
        line = node.lineno
        return nodes.Filter(nodes.List(texts, lineno=line), "join", [], [], None, None, lineno=line)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802  the name is Jinja's
        if node.ctx != "load" or node.name in self.local_names:
            return node
        return self._bind_name(node, node.name)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802  as above
        return self._bind_path(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802  as above
        return self._bind_path(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  as above
        """Treat ``orders_count('30d')`` as a window; no other calls are allowed."""
        name, window = _dotted_path(node.node), _single_text_argument(node)
        attribute = ATTRIBUTES.get(name or "")
        if attribute is None or not attribute.windowed or window is None:
            hint = "write a window as orders_count('30d')" if name else ""
            self._add_error(
                node, RuleError("a variable, not a call", f"'{name or 'a call'}(…)'", hint), name
            )
            return node
        try:
            asked = AttributeQuery(attribute, window=parse_window(window, attribute))
        except RuleErrors as error:
            self._add_error(node, error.rule_errors[0], name)
            return node
        return self._bind(node, self.variables.attributes, asked.text, asked)

    def _bind_path(self, node: nodes.Getattr | nodes.Getitem) -> nodes.Node:
        name = _dotted_path(node)
        if name is not None and name.partition(".")[0] not in self.local_names:
            return self._bind_name(node, name)
        if isinstance(node, nodes.Getattr) and (name or "").partition(".")[0] != "loop":
            self._add_error(node, RuleError("a variable or a filter", f"'.{node.attr}'"), node.attr)
            return node
        return self.generic_visit(node)

    def _bind_name(self, node: nodes.Expr, name: str) -> nodes.Node:
        if name in self.extra:
            return self._bind(node, self.variables.extras, name, name)
        if name in STORE_VARIABLES:
            return self._bind(node, self.variables.of_store, name, STORE_VARIABLES[name])
        try:
            attribute, key = resolve_attribute(name, self.place, {*self.extra, *STORE_VARIABLES})
        except RuleErrors as error:
            self._add_error(node, self._as_variable(error.rule_errors[0], name), name)
            return node
        asked = AttributeQuery(attribute, key)
        return self._bind(node, self.variables.attributes, asked.text, asked)

    def _bind(self, node: nodes.Expr, kept: dict[str, T], name: str, what: T) -> nodes.Name:
        plain = self.plain_names.setdefault(name, f"_{len(self.plain_names)}")
        kept[plain] = what
        return nodes.Name(plain, "load", lineno=node.lineno)

    def _as_variable(self, rule_error: RuleError, name: str) -> RuleError:
        if find_attribute(name):
            return rule_error
        return unknown("variable", name, self.later.get(name) or rule_error.hint)

    def _add_error(self, node: nodes.Node, rule_error: RuleError, name: str | None) -> None:
        row = min(node.lineno, len(self.rows)) - 1
        column = self.rows[row].find(name) + 1 if name else 0
        self.rule_errors.append(replace(rule_error, row=row, column=column))


def _dotted_path(node: nodes.Node) -> str | None:
    """Return the path of ``order.meta.gift`` or ``meta['odd key']``; otherwise None."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            stem, last = _dotted_path(node.node), node.attr
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            stem, last = _dotted_path(node.node), key
        case _:
            return None
    return f"{stem}.{last}" if stem else None


def _single_text_argument(call: nodes.Call) -> str | None:
    """Return the argument of a call if it is a single text; otherwise None."""
    if call.kwargs or call.dyn_args or call.dyn_kwargs:
        return None
    match call.args:
        case [nodes.Const(value=str() as text)]:
            return text
    return None
