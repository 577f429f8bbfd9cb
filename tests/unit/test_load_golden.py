"""The cases in tests/config: an INI file, a line ``---``, and the expected output.

The output is all problems or, without problems, the warnings and the summary.
"""

from pathlib import Path

import pytest

from wcflow.cli.check import summary_lines
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError

CASES = sorted(Path(__file__).parents[1].glob("config/*.initest"))
ENV = {"WC_KEY": f"ck_{'a' * 40}", "WC_SECRET": f"cs_{'b' * 40}"}


def output_of(ini, env=ENV):
    try:
        config = load_config(ini, env, need_store=False)
    except ConfigError as error:
        return str(error).split("\n")
    return [*map(str, config.warnings), *summary_lines(config)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_an_ini_file_has_exactly_this_output(case, tmp_path):
    """Paths are relative to the file's directory."""
    text, _, expected = case.read_bytes().decode().partition("---\n")
    ini = tmp_path / "wcflow.ini"
    ini.write_bytes(text.encode())
    ini.chmod(0o600)
    actual = [line.replace(f"{tmp_path}/", "") for line in output_of(ini)]
    assert expected.splitlines() == actual


def test_the_cases_are_found():
    """If the directory moved, the test above would have no cases and could not fail."""
    assert len(CASES) >= 40
