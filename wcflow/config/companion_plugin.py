"""The companion plugin that ships with wcflow: its files as a zip, and its version."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from wcflow import __version__

FOLDER = "wcflow-companion"
ZIP_NAME = f"{FOLDER}.zip"
_ALWAYS = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can have: the same files are always the same bytes."""
_READABLE = 0o100644 << 16
EXPORT_ADVICE = (
    "Run 'wcflow companion export', and upload the file in WordPress: Plugins, Add Plugin (or Add New),"
    " Upload Plugin."
)


def plugin_files() -> dict[str, bytes]:
    """Return the files of the plugin by their path in the zip, sorted; empty if they are missing."""
    folder = files("wcflow") / "companion" / FOLDER
    found = dict(_walk(folder, FOLDER)) if folder.is_dir() else {}
    return dict(sorted(found.items()))


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        if each.name.startswith((".", "__")):
            continue
        if each.is_dir():
            yield from _walk(each, f"{path}/{each.name}")
        else:
            yield f"{path}/{each.name}", each.read_bytes()


def plugin_zip() -> bytes:
    """Return the plugin as WordPress takes it; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in plugin_files().items():
            info = zipfile.ZipInfo(path, _ALWAYS)
            info.external_attr, info.compress_type = _READABLE, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return target.getvalue()


def version_words(version: str) -> tuple[str, str]:
    """Return how the plugin in a store compares with this wcflow, and what to do; "" if equal."""
    theirs, ours = _numbers(version), _numbers(__version__)
    if not version or theirs == ours:
        return "", ""
    if theirs < ours:
        return f"the companion plugin {version} is older than wcflow {__version__}", EXPORT_ADVICE
    words = f"the companion plugin {version} is newer than wcflow {__version__}"
    return words, "Update wcflow on this machine."


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(each) for each in re.findall(r"\d+", version)]
    while found and not found[-1]:
        found.pop()
    return tuple(found)
