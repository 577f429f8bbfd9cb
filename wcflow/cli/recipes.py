"""``wcflow recipes``: rules for common purposes, to read and to add to the configuration."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.help import Typer
from wcflow.cli.options import LOCAL_INI, AsJson, ConfigFile, find_config
from wcflow.config.files import read_file
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError, ConfigWarning, Problem
from wcflow.config.recipes import FOLDER, INCLUDE, Recipe, load_recipes, with_include
from wcflow.errors import SetupError, UsageError, WcflowError
from wcflow.rules.errors import did_you_mean

ADD_EPILOG = """\b
Exit codes:
    0  added, or there already
    2  no such recipe
   78  a copy was edited, or the configuration would have problems
"""


def register(app: typer.Typer) -> None:
    family = Typer(
        invoke_without_command=True,
        help="List recipes: rules for common purposes; show or add them.",
    )
    family.callback()(list_recipes)
    family.command("show")(show_recipe)
    family.command("add", epilog=ADD_EPILOG)(add_recipes)
    app.add_typer(family, name="recipes")


def list_recipes(
    ctx: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    as_json: AsJson = False,
) -> None:
    """List recipes: rules for common purposes; show or add them."""
    if ctx.invoked_subcommand is not None:
        return
    if markdown and as_json:
        raise UsageError("--json and --markdown cannot be used together", "Choose one of them.")
    recipes = load_recipes().values()
    if as_json:
        output.print_json([_without_texts(each) for each in recipes])
    elif markdown:
        for line in markdown_lines(recipes):
            output.print_line(line)
    else:
        rows = [(each.name, each.purpose, each.needs) for each in recipes]
        output.print_table(("recipe", "what it does", "needs"), rows)
        output.print_line()
        output.print_line("Next:")
        output.print_command("wcflow recipes show NAME", "prints a recipe")
        output.print_command("wcflow recipes add NAME", "copies it beside your INI file")


def markdown_lines(recipes: Iterable[Recipe]) -> list[str]:
    """Return the recipes as a Markdown table."""
    rows = [f"| `{each.name}` | {each.purpose} | {each.needs} |" for each in recipes]
    return ["| recipe | what it does | needs |", "|---|---|---|", *rows]


def _without_texts(recipe: Recipe) -> Mapping[str, object]:
    fields = asdict(recipe) | {"files": list(recipe.contents)}
    return {name: value for name, value in fields.items() if name != "text"}


def show_recipe(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the recipe.")],
) -> None:
    """Print a recipe, with the texts of its e-mails."""
    (recipe,) = _find_recipes([name])
    for number, (path, text) in enumerate(recipe.contents.items()):
        if number:
            output.print_heading(path)
        for line in text.splitlines():
            output.print_line(line)


def add_recipes(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME…", help="The names of recipes.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Add all recipes.")] = False,
    config: ConfigFile = None,
) -> None:
    """Copy recipes beside the configuration, and include them.

    The copies, in the directory recipes beside the INI file, are yours to edit. The INI file gets
    the line 'include = recipes/*.ini' unless it includes them already. If the configuration would
    then have new problems, nothing is changed.
    """
    if every == bool(names):
        raise UsageError("name the recipes to add, or add --all", "'wcflow recipes' lists them.")
    recipes = list(load_recipes().values()) if every else _find_recipes(names or [])
    ini = find_config(config)
    before = _load(ini)
    text = _decode(ini, before)
    folder = ini.parent / FOLDER
    copies = _missing_copies(folder, recipes)
    with _new_files(copies, ini):
        found = _load(ini)
        if not all(folder / f"{each.name}.ini" in found.files for each in recipes):
            found = _load(ini, with_include(text, INCLUDE))
        _reject_new_problems(before, found)
        changed = found.files[ini] != before.files[ini]
        if changed:
            _replace(ini, found.files[ini])
    _print_added(ini, recipes, copies, changed=changed)
    _print_findings(before, found)
    _print_next_steps(ini, recipes)


def _find_recipes(names: Iterable[str]) -> list[Recipe]:
    """Return recipes by name; raises UsageError with a suggestion."""
    known = load_recipes()
    wanted = [name.removesuffix(".ini") for name in dict.fromkeys(names)]
    for name in wanted:
        if name not in known:
            advice = did_you_mean(name, known) or "'wcflow recipes' lists them."
            raise UsageError(f"there is no recipe {name!r}", advice)
    return [known[name] for name in wanted]


# Reading the configuration before and after.


@dataclass(slots=True)
class _Loaded:
    """What reading the configuration found, and the files that were read."""

    files: dict[Path, bytes] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[ConfigWarning, ...] = ()


def _load(ini: Path, text: str | None = None) -> _Loaded:
    """Read the configuration as it is, or with another text of its main file."""
    loaded = _Loaded()

    def read(path: Path) -> bytes:
        given = text.encode() if text is not None and path == ini else None
        loaded.files[path] = read_file(path) if given is None else given
        return loaded.files[path]

    try:
        loaded.warnings = load_config(ini, os.environ, read=read).warnings
    except ConfigError as error:
        loaded.problems = error.problems
    return loaded


def _decode(ini: Path, loaded: _Loaded) -> str:
    """Return the text of the INI with its line ends; raises ConfigError if it cannot be read."""
    try:
        return loaded.files[ini].decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        raise ConfigError(loaded.problems) from None


def _reject_new_problems(before: _Loaded, after: _Loaded) -> None:
    """Raise SetupError for problems that the recipes bring; lines may have moved."""

    def identify(problem: Problem) -> tuple[str, ...]:
        return problem.file, problem.section, problem.expected, problem.got

    known = {identify(each) for each in before.problems}
    new = [each for each in after.problems if identify(each) not in known]
    if new:
        lines = "\n".join(map(str, new))
        raise SetupError(
            f"nothing was added, because the configuration would have new problems\n{lines}",
            "Change your configuration so that the recipe fits, or leave that recipe out.",
        )


# Writing files.


def _missing_copies(folder: Path, recipes: Iterable[Recipe]) -> dict[Path, str]:
    """Return the files that are not there yet; raises SetupError if one was edited."""
    wanted = {folder / path: text for each in recipes for path, text in each.contents.items()}
    there = [path for path in wanted if path.exists()]
    edited = [path for path in there if path.read_bytes() != wanted[path].encode()]
    if edited:
        raise SetupError(
            f"edited copies are not replaced: {', '.join(map(str, edited))}",
            "Keep them, or move them away to get what ships with wcflow.",
        )
    return {path: text for path, text in wanted.items() if path not in there}


@contextmanager
def _new_files(texts: Mapping[Path, str], ini: Path) -> Iterator[None]:
    """Write files, and remove them again if what follows fails."""
    made: list[Path] = []
    try:
        for path, text in texts.items():
            for folder in (path.parent.parent, path.parent):
                if not folder.exists():
                    folder.mkdir()
                    made.append(folder)
                    _share(folder, ini, 0o755)
            with path.open("x", encoding="utf-8", newline="") as file:
                made.append(path)
                file.write(text)
            _share(path, ini, ini.stat().st_mode & 0o777)
        yield
    except BaseException:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()
        raise


def _share(path: Path, ini: Path, mode: int) -> None:
    """Let those who can read the INI read a copy too: the service's user, and nobody else."""
    path.chmod(mode)
    if os.geteuid() == 0:
        shutil.chown(path, ini.stat().st_uid, ini.stat().st_gid)


def _replace(ini: Path, data: bytes) -> None:
    """Replace the INI completely or not at all, with the same owner and permissions."""
    target = ini.resolve()
    new = target.with_name(f".{target.name}.new")
    old = target.stat()
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        if (new.stat().st_uid, new.stat().st_gid) != (old.st_uid, old.st_gid):
            os.chown(new, old.st_uid, old.st_gid)
        new.chmod(old.st_mode & 0o7777)
        new.replace(target)
    except PermissionError:
        new.unlink(missing_ok=True)
        raise WcflowError(
            f"{ini} cannot be replaced with the same owner",
            f"Run the command as its owner, or add 'include = {INCLUDE}' to [wcflow] by hand.",
        ) from None


# What the admin sees.


def _print_added(
    ini: Path, recipes: Iterable[Recipe], copies: Mapping[Path, str], *, changed: bool
) -> None:
    for recipe in recipes:
        path = ini.parent / FOLDER / f"{recipe.name}.ini"
        word = "Wrote" if path in copies else "Already there:"
        output.print_line(f"{word} {path}", "green" if path in copies else "")
        for text in recipe.files:
            if (other := ini.parent / FOLDER / text) in copies:
                output.print_line(f"and {other}", indent=4)
    if changed:
        output.print_line(f"{ini} now includes {INCLUDE}.")


def _print_findings(before: _Loaded, found: _Loaded) -> None:
    """Print the warnings that are new, and whether there were problems before."""
    known = {(each.file, each.section, each.text) for each in before.warnings}
    for warning in found.warnings:
        if (warning.file, warning.section, warning.text) not in known:
            output.print_warning(str(warning))
    if found.problems:
        count = output.format_count(len(found.problems), "problem")
        text = f"the configuration had {count} before"
        output.print_warning(text, "'wcflow check' lists them.")
    else:
        output.print_line("The configuration has no problems.", "green")


def _print_next_steps(ini: Path, recipes: list[Recipe]) -> None:
    for recipe in recipes if len(recipes) <= _MOST_SHOWN else ():
        output.print_heading(recipe.name)
        rows = {"Whom": recipe.whom, "Starts": recipe.starts, "Adapt": recipe.adapt}
        for name, text in (rows | {"Needs": recipe.needs}).items():
            if text:
                output.print_line(f"{name}: {text}", indent=4, hang=4)
    named = " --config " + shlex.quote(str(ini)) if ini != LOCAL_INI else ""
    output.print_line()
    output.print_line("Next: adapt the copies, then")
    for command, does in _next_commands(recipes).items():
        output.print_command(f"wcflow {command}{named}", does)
    output.print_line("A running service reads them with 'systemctl reload wcflow'.")


_MOST_SHOWN = 5
"""With more recipes than that, the admin reads the files."""


def _next_commands(recipes: list[Recipe]) -> Mapping[str, str]:
    """Return commands, each with what it does."""
    found = {"check": "explains the rules"}
    if any(re.search(r"^\[workflow .*^mode = dry_run", each.text, _LINES) for each in recipes):
        found["workflow preview NAME --for CUSTOMER"] = "shows what a workflow would do for someone"
    if any(re.search(r"^\[campaign ", each.text, _LINES) for each in recipes):
        found["campaign preview NAME"] = "shows which customers a campaign would reach"
    if any(each.files for each in recipes):
        found["email preview NAME --for CUSTOMER"] = "shows an e-mail as someone would get it"
    return found | {"plan": "shows what would be written, without writing it"}


_LINES = re.MULTILINE | re.DOTALL
