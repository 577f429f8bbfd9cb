"""Modules have a sensible size."""

from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "wcflow"
MAX_LINES, MIN_LINES = 400, 40
SHORT = {
    "database/tables/base.py",
    "sandbox/money.py",
}
"""Modules that hold one complete concept in a few lines."""


def module_lines():
    """Return the number of lines of each module, without packages and database migrations."""
    return {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py") and "migrations" not in path.parts
    }


def test_no_module_is_too_long():
    assert set() == {name for name, count in module_lines().items() if count > MAX_LINES}


def test_no_other_module_is_very_short():
    assert {name for name, count in module_lines().items() if count < MIN_LINES} <= SHORT
