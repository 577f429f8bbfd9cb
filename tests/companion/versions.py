"""The versions of PHP that run the plugin's tests: the system's, and the oldest and newest that the plugin supports.

The others are PHP's own code built as WebAssembly, from the npm registry, and run by Node.js. To install
them: ``npm ci --prefix tests/companion/php``. What is not installed is skipped, or fails with
WCFLOW_REQUIRE_PHP=1.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("php")
SYSTEM = "system"
VERSIONS = (SYSTEM, "7.4", "8.4")
_STRICT = ("-d", "display_errors=stderr", "-d", "log_errors=0", "-d", "error_reporting=-1")


class Php:
    """A version of PHP."""

    def __init__(self, ask):
        self._ask = ask

    def run(self, *options, text=""):
        """Run PHP with options, and with ``text`` as its input; return the code, the output and the errors."""
        return self._ask([*_STRICT, *map(str, options)], text)

    def script(self, name, *arguments, text=""):
        """Run a script of this folder; return what it prints, and let no notice or deprecation pass."""
        code, output, errors = self.run(Path(__file__).with_name(name), *arguments, text=text)
        assert (code, errors) == (0, ""), output
        return output


@contextmanager
def open_php(version) -> Iterator[Php]:
    """Yield a version of PHP; skip the test if it is not installed."""
    if version == SYSTEM:
        program = shutil.which("php") or _missing("php is not installed")
        yield Php(lambda options, text: _ask_program(program, options, text))
        return
    node = shutil.which("node") or _missing("Node.js is not installed")
    if not (FOLDER / f"node_modules/@php-wasm/node-{version.replace('.', '-')}").is_dir():
        _missing(f"PHP {version} is not installed: npm ci --prefix tests/companion/php")
    command = [node, FOLDER / "php.mjs", version]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Php(lambda options, text: _ask_process(process, options, text))
        process.stdin.close()


def _missing(reason):
    if os.environ.get("WCFLOW_REQUIRE_PHP") == "1":
        pytest.fail(f"{reason} (WCFLOW_REQUIRE_PHP=1)")
    pytest.skip(reason)


def _ask_program(program, options, text):
    ran = subprocess.run(
        [program, *options], input=text, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


def _ask_process(process, options, text):
    process.stdin.write(json.dumps({"options": options, "input": text}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    return answer["code"], answer["stdout"], answer["stderr"]
