"""Modules import only what import-linter's contracts allow."""

from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_imports_follow_the_layers(capsys):
    config = Path(__file__).parents[2] / "pyproject.toml"
    status = lint_imports(config_filename=str(config), cache_dir=None)
    assert EXIT_STATUS_SUCCESS == status, capsys.readouterr().out
