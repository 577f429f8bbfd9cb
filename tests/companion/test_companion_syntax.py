"""Each version of PHP reads every file of the companion plugin."""

import re

from tests.companion.test_companion_tokens import PLUGIN
from tests.companion.versions import SYSTEM, VERSIONS


def test_php_reads_every_file(php):
    read = {path: php.run("-l", path) for path in PLUGIN.rglob("*.php")}
    assert {path: ran for path, ran in read.items() if ran[0] or ran[2]} == {}
    assert len(read) > 30


def test_what_php_7_4_cannot_read_is_found(php, request):
    """Without this, a version that is not what it says would pass for another."""
    code, output, _ = php.run("-r", "echo PHP_VERSION;")
    version = ".".join(output.split(".")[:2])
    assert code == 0
    assert version in request.node.name or SYSTEM in request.node.name
    if version == "7.4":
        assert php.run("-r", "fn( ?int $a ) => $a?->b;")[0] != 0


def test_the_plugin_names_the_oldest_version_that_is_tested():
    header = (PLUGIN / "wcflow-companion.php").read_text()
    oldest = re.search(r"^ \* Requires PHP: +(\S+)$", header, re.MULTILINE)
    assert oldest[1] == VERSIONS[1]
