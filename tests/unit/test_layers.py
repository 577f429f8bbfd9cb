"""Who may import whom, and whose hands are clean: import-linter's contracts hold."""

from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_the_layers_of_the_house_hold(capsys):
    config = Path(__file__).parents[2] / "pyproject.toml"
    status = lint_imports(config_filename=str(config), cache_dir=None)
    assert EXIT_STATUS_SUCCESS == status, capsys.readouterr().out
