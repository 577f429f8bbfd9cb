"""A damaged configuration is rejected with problems and their lines, or is still valid.

There is never a traceback, a key in a message, or a long wait. The damaged files are those that
admins have: the default one, and the one that ``wcflow init`` writes.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import pytest

from tests.command_line import ENVIRONMENT, run_process, run_wcflow
from wcflow.cli.check import summary_lines
from wcflow.config.files import default_ini
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
from wcflow.errors import BAD_CONFIG, DONE

KEY, SECRET = f"ck_{'a1' * 20}", f"cs_{'b2' * 20}"
PASSWORD = "sesame-street-99"
ENV = {"WC_KEY": KEY, "WC_SECRET": SECRET}
CHARACTERS = "[]=#;'\"(){}%$|,.:-<>*/\\ \t0x\u00e4\u202e\u2028\U0001f600"
FILES_PER_DAMAGE = 8
"""For each kind of damage and each valid file."""
MAX_SECONDS = 5.0
"""Of processor time for one file; a valid one takes a fraction of that."""


def init_output(folder):
    path = folder / "init.ini"
    words = ("--url", "https://shop.example", "--key", KEY, "--secret", SECRET)
    assert DONE == run_wcflow("init", *words, "--output", path).code
    database = f"database = postgresql://wcflow:{PASSWORD}@db.example/wcflow"
    return path.read_text().replace("[wcflow]\n", f"[wcflow]\n{database}\n")


@pytest.fixture(scope="module")
def valid_inis(tmp_path_factory):
    return default_ini(), init_output(tmp_path_factory.mktemp("init"))


def in_lines(damage):
    """Turn a function that damages a list of lines into one that damages a text."""

    def to_text(text, chance):
        lines = text.split("\n")
        damage(lines, chance)
        return "\n".join(lines)

    to_text.__name__ = damage.__name__
    return to_text


# Kinds of damage. Each takes a text and a random generator, and returns text or bytes.


@in_lines
def lines_deleted(lines, chance):
    for _ in range(chance.randint(1, 12)):
        del lines[chance.randrange(len(lines))]


@in_lines
def lines_duplicated(lines, chance):
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(lines))
        lines.insert(at, lines[at])


@in_lines
def lines_swapped(lines, chance):
    for _ in range(chance.randint(1, 12)):
        first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]


@in_lines
def indents_changed(lines, chance):
    for _ in range(20):
        at = chance.randrange(len(lines))
        lines[at] = " " * chance.randint(0, 9) + "\t" * chance.randint(0, 1) + lines[at].lstrip()


@in_lines
def comments_activated(lines, chance):
    for at, line in enumerate(lines):
        if chance.random() < 0.3:
            lines[at] = line.removeprefix("# ")


@in_lines
def values_deleted(lines, chance):
    for at, line in enumerate(lines):
        if chance.random() < 0.2:
            lines[at] = line.partition("=")[0] + "="


@in_lines
def values_exchanged(lines, chance):
    keyed = [at for at, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    values = [lines[at].partition("=")[2] for at in keyed]
    chance.shuffle(values)
    for at, value in zip(keyed, values, strict=True):
        lines[at] = f"{lines[at].partition('=')[0]}={value}"


@in_lines
def heads_broken(lines, chance):
    for at, line in enumerate(lines):
        if line.startswith("[") and chance.random() < 0.4:
            lines[at] = chance.choice(["[", "]", "[]", "[[", line[1:], line[:-1], line * 2, "[ ]"])


def characters_replaced(text, chance):
    characters = list(text)
    for _ in range(chance.randint(1, 30)):
        characters[chance.randrange(len(characters))] = chance.choice(CHARACTERS)
    return "".join(characters)


def characters_deleted(text, chance):
    characters = list(text)
    for _ in range(chance.randint(1, 60)):
        del characters[chance.randrange(len(characters))]
    return "".join(characters)


def end_cut_off(text, chance):
    return text[: chance.randrange(len(text))]


def sections_shuffled(text, chance):
    first, *sections = text.split("\n[")
    kept = [each for each in sections if chance.random() < 0.7]
    chance.shuffle(kept)
    return "\n[".join([first, *kept])


def halves_overlapping(text, chance):
    return text[chance.randrange(len(text)) :] + text[: chance.randrange(len(text))]


def line_ends_changed(text, chance):
    return "".join(chance.choice(["\r\n", "\r", "\n", "\x0b"]) if s == "\n" else s for s in text)


def bytes_inserted(text, chance):
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        data[at:at] = chance.choice(
            [b"\xe4", b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"\xc3", b"\x1b[2J"]
        )
    return bytes(data)


def encoding_changed(text, chance):
    name = chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp037"])
    return ("# \u00e4\n" + text).encode(name)


def value_very_long(text, chance):
    long = chance.choice(["x", "9", "' ", "(", "and ", "{{", "\n  orders_count > 1", "'a', "])
    at = chance.choice([at for at, character in enumerate(text) if character == "="])
    return f"{text[: at + 1]} {long * 20_000}{text[at + 1 :]}"


def brackets_very_deep(text, chance):
    depth = chance.choice([50, 500, 20_000])
    inner = chance.choice(["orders_count > 1", "", "not " * depth, "in (" * depth])
    form = chance.choice(["when = {}{}{}", "tag = {{{{ {}{}{} }}}}", "do = wait {}{}{}"])
    return f"{text}\n[tag Deep]\n{form.format('(' * depth, inner, ')' * depth)}\n"


def many_rules(text, chance):
    rule = "[tag T{}]\nwhen = orders_count > {} and total_spent < {}\n"
    return text + "".join(rule.format(n, n, chance.randint(0, n)) for n in range(1500))


DAMAGE = (
    *(
        lines_deleted,
        lines_duplicated,
        lines_swapped,
        indents_changed,
        comments_activated,
        values_deleted,
    ),
    *(
        values_exchanged,
        heads_broken,
        characters_replaced,
        characters_deleted,
        end_cut_off,
        sections_shuffled,
    ),
    *(halves_overlapping, line_ends_changed, bytes_inserted, encoding_changed),
)
RARE = (value_very_long, brackets_very_deep)


def read(data):
    """Load a file with this content; return its problems, and the summary or the error message."""
    main = Path("/nowhere/wcflow.ini")

    def read_file(path):
        if path == main:
            return data
        raise FileNotFoundError(2, "No such file or directory", str(path))

    started = time.process_time()
    try:
        return (), summary_lines(load_config(main, ENV, read=read_file))
    except ConfigError as error:
        return error.problems, str(error)
    finally:
        assert time.process_time() - started < MAX_SECONDS


def damaged(text, damage, number):
    result = damage(text, Random(f"{damage.__name__} {number}"))
    return result if isinstance(result, bytes) else result.encode("utf-8", "surrogatepass")


def check_content(data):
    """Assert that every problem has a line of the file and no message has a key; return the problems."""
    problems, message = read(data)
    last = data.count(b"\n") + data.count(b"\r") + 1
    assert message
    # A missing [store NAME] is a problem of the whole file, without a line.
    misplaced = [
        each for each in problems if not 0 < each.line <= last and "store NAME" not in str(each)
    ]
    assert [] == misplaced
    assert [] == [each for each in (KEY, SECRET, PASSWORD) if each in str(message)]
    return problems


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_is_harmless_or_reported_with_its_line(valid_inis, damage):
    found = [
        check_content(damaged(text, damage, number))
        for text in valid_inis
        for number in range(FILES_PER_DAMAGE)
    ]

    # At least one file must have a problem, or this kind of damage tests nothing.
    assert any(found)


@pytest.mark.parametrize("damage", RARE, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("number", range(6))
def test_very_long_values_and_deep_brackets_are_handled_quickly(valid_inis, damage, number):
    """They exhaust neither the processor nor the stack."""
    check_content(damaged(valid_inis[1], damage, number))


def test_1500_rules_are_loaded_in_seconds(valid_inis):
    started = time.process_time()
    content = damaged(valid_inis[0], many_rules, 1)
    summary = summary_lines(load_config(Path("/nowhere/w.ini"), ENV, read=lambda _: content))

    assert any("T1499" in line for line in summary)
    assert time.process_time() - started < 2 * MAX_SECONDS


def test_the_files_are_valid_before_they_are_damaged(valid_inis):
    assert [(), ()] == [read(text.encode())[0] for text in valid_inis]


# The command check.


def check(path, **more):
    result = run_process("check", "--config", path, **more)
    assert "Traceback" not in result.stderr
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize(
    "damage", [lines_deleted, characters_replaced, bytes_inserted, encoding_changed]
)
def test_check_lists_the_problems_of_a_damaged_file_and_ends_with_78(valid_inis, tmp_path, damage):
    ini = tmp_path / "wcflow.ini"
    numbers = (n for n in range(50) if check_content(damaged(valid_inis[1], damage, n)))
    ini.write_bytes(damaged(valid_inis[1], damage, next(numbers)))

    code, out, err = check(ini)

    assert BAD_CONFIG == code
    assert "" == out
    assert f"{ini}:" in err
    assert [] == [each for each in (KEY, SECRET, PASSWORD) if each in err]


def test_a_directory_is_not_a_configuration(tmp_path):
    code, out, err = check(tmp_path)

    assert (BAD_CONFIG, "") == (code, out)
    assert "cannot be read: is a directory" in err


def test_an_empty_file_lacks_a_store(tmp_path):
    ini = tmp_path / "wcflow.ini"
    ini.touch()
    code, out, err = check(ini)

    assert (BAD_CONFIG, "") == (code, out)
    assert "expected a section [store NAME], got none" in err


def test_an_endless_file_is_rejected_with_little_memory(tmp_path):
    limit = 400_000_000

    def limit_memory():
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    code, out, err = check("/dev/zero", preexec_fn=limit_memory)

    assert (BAD_CONFIG, "") == (code, out)
    assert "cannot be read: file too large" in err


def test_an_endless_key_file_is_rejected(tmp_path):
    ini = tmp_path / "wcflow.ini"
    ini.write_text(
        "[store s]\nurl = https://shop.example\n"
        "consumer_key_file = /dev/zero\nconsumer_secret_file = /dev/zero\n"
    )
    code, _, err = check(ini)

    assert BAD_CONFIG == code
    assert 2 == err.count("/dev/zero cannot be read: file too large")


AS_NOBODY = """
import os, sys
from pathlib import Path
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    load_config(Path(sys.argv[1]), {})
except ConfigError as error:
    sys.exit(str(error))
"""


def test_a_file_that_this_user_cannot_read_is_a_problem():
    with tempfile.TemporaryDirectory() as folder:
        ini = Path(folder) / "wcflow.ini"
        ini.write_text(f"[store s]\nconsumer_key = {KEY}\n")
        ini.chmod(0o000)
        Path(folder).chmod(0o755)
        words = [sys.executable, "-c", AS_NOBODY, str(ini)]
        result = subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)

    hint = "the user that runs wcflow must be able to read it, including the service's user"
    assert f"{ini}: cannot be read: permission denied ({hint})\n" == result.stderr


@pytest.mark.parametrize(
    "line",
    [
        f"consumer_kye = {SECRET}",
        f"{SECRET}",
        f"{SECRET} = x",
        f"[{SECRET}]",
        f"url = https://{KEY}:{SECRET}@shop.example",
        f"url = https://shop.example/?consumer_secret={SECRET}",
        f"timeout = {SECRET}",
        f"ca_file = {SECRET}",
        f"consumer_key = {SECRET}",
        f"consumer_secret = {SECRET} {SECRET}",
        f"consumer_secret_file = {SECRET}",
        f"database = postgresql://wcflow:{PASSWORD}@",
        f"database = mysql://wcflow:{PASSWORD}@db.example/wcflow",
        f"databse = postgresql://wcflow:{PASSWORD}@db.example/wcflow",
        f"[segment {SECRET}]\nwhen = {SECRET} > 1",
        f"[tag x]\nwhen = meta.{SECRET} = '{SECRET}'\ntag = {{{{ {SECRET} }}}}",
        f"[wcflow]\ndatabase = postgresql://wcflow:{PASSWORD}@db.example\ninclude = {SECRET}.ini",
    ],
)
def test_a_key_in_the_wrong_place_is_not_shown(tmp_path, line):
    """Its problem has the line and not the key."""
    ini = tmp_path / "wcflow.ini"
    ini.write_text(f"[store s]\n{line}\n")
    result = run_wcflow("check", "--config", ini)

    assert BAD_CONFIG == result.code
    assert [] == [each for each in (KEY, SECRET, PASSWORD) if each in result.out + result.err]


def test_files_that_include_each_other_are_read_once(tmp_path):
    text = "[wcflow]\ninclude = *.ini\n  /**/*.ini.none\n  **/*.ini\n  ../*/*.ini\n"
    for name in ("a.ini", "b.ini", "wcflow.ini"):
        (tmp_path / name).write_text(text)
    started = time.process_time()
    result = run_wcflow("check", "--config", tmp_path / "wcflow.ini")

    assert BAD_CONFIG == result.code
    assert "'/**/*.ini.none', which matches none" in result.err
    assert time.process_time() - started < MAX_SECONDS
