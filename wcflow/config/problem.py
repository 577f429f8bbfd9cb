"""Problems in INI files, which stop wcflow, and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from wcflow.config.secrets import redact_credentials
from wcflow.errors import SetupError
from wcflow.rules.errors import RuleError, error_message


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem and its line (0: the whole file).

    ``section`` is a head without brackets, or empty. Anything that looks like a key or password is
    masked here.
    """

    file: str
    line: int
    section: str
    expected: str
    got: str
    hint: str = ""

    def __post_init__(self) -> None:
        for name in ("section", "expected", "got", "hint"):
            object.__setattr__(self, name, redact_credentials(getattr(self, name)))

    def __str__(self) -> str:
        message = error_message(self.expected, self.got)
        return _format_line(self.file, self.line, self.section, message, self.hint)


@dataclass(frozen=True, slots=True)
class ConfigWarning:
    """Something that works, but that the admin should know."""

    file: str
    line: int
    section: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        return _format_line(self.file, self.line, self.section, self.text, self.hint)


def _format_line(file: str, line: int, section: str, message: str, hint: str) -> str:
    head = f"[{section}]: " if section else ""
    tail = f" ({hint})" if hint else ""
    place = f"{file}:{line}" if line else file
    return f"{place}: {head}{message}{tail}"


class ConfigError(SetupError):
    """The configuration has problems; all of them are in ``problems``, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Findings:
    """Collects problems and warnings, so that all of them are reported together."""

    def __init__(self) -> None:
        # Dicts as ordered sets: the same problem is reported once.
        self._problems: dict[Problem, None] = {}
        self._remarks: dict[ConfigWarning, None] = {}
        self.unreadable: set[str] = set()
        """Files of which nothing could be read, so that what they lack is not reported too."""

    def problem(self, file: str, line: int, section: str, rule_error: RuleError) -> None:
        problem = Problem(file, line, section, rule_error.expected, rule_error.got, rule_error.hint)
        self._problems[problem] = None

    def warning(self, file: str, line: int, section: str, text: str, hint: str = "") -> None:
        self._remarks[
            ConfigWarning(file, line, section, redact_credentials(text), redact_credentials(hint))
        ] = None

    @property
    def has_problems(self) -> bool:
        return bool(self._problems)

    def problems(self, files: Iterable[str]) -> list[Problem]:
        """Return the problems by file, in the order of ``files``, and by line."""
        return _sort_by_file(self._problems, files)

    def warnings(self, files: Iterable[str]) -> tuple[ConfigWarning, ...]:
        """Return the warnings in the same order."""
        return tuple(_sort_by_file(self._remarks, files))


T = TypeVar("T", Problem, ConfigWarning)


def _sort_by_file(entries: Iterable[T], files: Iterable[str]) -> list[T]:
    place = {file: nth for nth, file in enumerate(files)}
    return sorted(entries, key=lambda one: (place.get(one.file, len(place)), one.file, one.line))
