"""The home page, and the purity of the sandbox."""

import ast
from importlib import import_module
from pathlib import Path

from tests.store.sandbox_requests import NOW
from wcflow.sandbox.rest import Request
from wcflow.sandbox.store import SandboxStore


def test_the_home_page_escapes_text_from_people():
    """Names, tags, notes and custom fields."""
    sandbox = SandboxStore()
    markup = "<script>alert(1)</script>"
    person = sandbox.register(
        "e@example.com", now=NOW, first_name=markup, meta={"wcflow_tags": markup}
    )
    order = sandbox.place_order(now=NOW, customer=person, meta={"wcflow_tags": markup})
    sandbox.add_note(order, markup, now=NOW)
    sandbox.add_coupon("EVIL", now=NOW, description=markup)

    body = sandbox.answer(Request("GET", "/", rest=False), NOW).body

    assert "<script" not in body
    assert body.count("&lt;script&gt;alert(1)") == 5


def test_the_home_page_counts_segments():
    sandbox = SandboxStore()
    for number, segment in enumerate(("VIP", "New", "VIP")):
        sandbox.register(f"c{number}@example.com", now=NOW, meta={"wcflow_segment": segment})

    body = sandbox.answer(Request("GET", "/", rest=False), NOW).body

    assert body.index(">VIP 2<") < body.index(">New 1<")


FORBIDDEN = {"os", "time", "random", "socket", "threading", "subprocess", "requests"}


def imports_of(module: str) -> set[str]:
    source = Path(import_module(module).__file__).read_text(encoding="utf-8")
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def test_the_store_and_all_its_modules_are_pure():
    """They import nothing for input, output, time or randomness."""
    modules = {
        path.stem for path in Path(import_module("wcflow.sandbox").__file__).parent.iterdir()
    }
    checked, waiting = set(), {"wcflow.sandbox.store"}
    while waiting:
        module = waiting.pop()
        checked.add(module)
        found = imports_of(module)
        assert not FORBIDDEN & {name.partition(".")[0] for name in found}, module
        local = {name for name in found if name.startswith("wcflow.sandbox.")}
        waiting |= {
            name for name in local if name.split(".")[2] in modules and name.count(".") == 2
        }
        waiting -= checked

    assert {"wcflow.sandbox.orders", "wcflow.sandbox.auth", "wcflow.sandbox.zone"} < checked


def test_an_unknown_page_is_a_404():
    answer = SandboxStore().answer(Request("GET", "/nowhere", rest=False), NOW)

    assert (404, "text/html; charset=UTF-8") == (answer.status, answer.headers["Content-Type"])
