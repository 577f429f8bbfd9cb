"""Where API keys and passwords can be, and how they are kept out of messages.

A key is in the INI, in an environment variable (``$NAME``), in its own file, or a systemd credential
in ``$CREDENTIALS_DIRECTORY``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wcflow.redact import redact_keys
from wcflow.rules.errors import RuleError, RuleErrors

# In an admin's file, any long word of letters and digits may be a misplaced key.
_LONG_WORD = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{24,}")


def redact_credentials(text: str) -> str:
    """Return ``text`` with everything that looks like a key or password replaced by ``…``."""
    return _LONG_WORD.sub("…", redact_keys(text))


@dataclass(frozen=True, slots=True)
class Secret:
    """A key or password, and the admin's file that contains it, if any."""

    value: str
    source_file: Path | None = None

    def __repr__(self) -> str:
        return f"Secret(…, source_file={self.source_file})"


@dataclass(frozen=True, slots=True)
class SecretSources:
    """The places outside the INI where secrets can be. ``base`` is the INI's directory."""

    base: Path
    env: Mapping[str, str]
    read: Callable[[Path], bytes]

    def from_ini(self, text: str, ini: Path) -> Secret:
        """Return a value of the INI; ``$NAME`` stands for an environment variable."""
        if text.startswith("$"):
            return Secret(self._read_variable(text[1:]))
        return Secret(text, ini)

    def from_file(self, name: str) -> Secret:
        """Read a file that contains one secret and nothing else.

        Inside the service, systemd hands it over as a credential of the same name, because only root
        can read the file itself.
        """
        directory, path = self.env.get("CREDENTIALS_DIRECTORY", ""), self.base / name
        handed = Path(directory) / path.name
        if directory and handed.is_file():
            return Secret(self._read_one_word(handed))
        return Secret(self._read_one_word(path), path)

    def find_credential(self, names: Iterable[str]) -> Secret | None:
        """Find the first of ``names`` among the systemd credentials, else beside the INI.

        systemd loads them from there, so commands outside the service find the same files.
        """
        directory = self.env.get("CREDENTIALS_DIRECTORY", "")
        handed = [Path(directory) / name for name in names] if directory else []
        beside = [self.base / name for name in names]
        found = next((path for path in (*handed, *beside) if path.is_file()), None)
        if found is None:
            return None
        return Secret(self._read_one_word(found), None if found in handed else found)

    def _read_variable(self, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise RuleErrors(
                RuleError("an environment variable such as $WC_KEY", "'$' and other characters")
            )
        if not self.env.get(name):
            raise RuleErrors(RuleError("", f"the environment variable {name} is not set"))
        return self.env[name]

    def _read_one_word(self, path: Path) -> str:
        try:
            lines = self.read(path).decode("utf-8-sig").split()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RuleErrors(
                RuleError("", f"the file {path} cannot be read: {reason.lower()}")
            ) from None
        except UnicodeDecodeError:
            raise RuleErrors(RuleError("a file with one key", f"{path}: no UTF-8 text")) from None
        if len(lines) != 1:
            got = "several words" if lines else "an empty file"
            raise RuleErrors(RuleError("a file with one key and nothing else", f"{path}: {got}"))
        return lines[0]
