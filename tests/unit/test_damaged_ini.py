"""A configuration that was sound and is damaged becomes problems with lines, or is sound still.

Nothing else: no traceback, no key in what is told, no waiting. What is damaged are the files that
admins really have: the shipped one, and the one that ``wcflow init`` writes.
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
SIGNS = "[]=#;'\"(){}%$|,.:-<>*/\\ \t0x\u00e4\u202e\u2028\U0001f600"
EACH = 8
"""Files per kind of damage and per sound file."""
MOST_SECONDS = 5.0
"""Of the processor's time, for one file; a sound one takes a fraction of that."""


def written_by_init(folder):
    path = folder / "made.ini"
    words = ("--url", "https://shop.example", "--key", KEY, "--secret", SECRET)
    assert DONE == run_wcflow("init", *words, "--output", path).code
    database = f"database = postgresql://wcflow:{PASSWORD}@db.example/wcflow"
    return path.read_text().replace("[wcflow]\n", f"[wcflow]\n{database}\n")


@pytest.fixture(scope="module")
def sound_ini(tmp_path_factory):
    return default_ini(), written_by_init(tmp_path_factory.mktemp("init"))


def in_lines(damage):
    """Make damage to a list of lines damage to a text."""

    def to_text(text, chance):
        lines = text.split("\n")
        damage(lines, chance)
        return "\n".join(lines)

    to_text.__name__ = damage.__name__
    return to_text


# What happens to files. Each takes the text and a chance, and gives text or bytes.


@in_lines
def lines_lost(lines, chance):
    for _ in range(chance.randint(1, 12)):
        del lines[chance.randrange(len(lines))]


@in_lines
def lines_doubled(lines, chance):
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(lines))
        lines.insert(at, lines[at])


@in_lines
def lines_swapped(lines, chance):
    for _ in range(chance.randint(1, 12)):
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]


@in_lines
def indents_changed(lines, chance):
    for _ in range(20):
        at = chance.randrange(len(lines))
        lines[at] = " " * chance.randint(0, 9) + "\t" * chance.randint(0, 1) + lines[at].lstrip()


@in_lines
def comments_opened(lines, chance):
    for at, line in enumerate(lines):
        if chance.random() < 0.3:
            lines[at] = line.removeprefix("# ")


@in_lines
def values_gone(lines, chance):
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


def signs_flipped(text, chance):
    signs = list(text)
    for _ in range(chance.randint(1, 30)):
        signs[chance.randrange(len(signs))] = chance.choice(SIGNS)
    return "".join(signs)


def signs_lost(text, chance):
    signs = list(text)
    for _ in range(chance.randint(1, 60)):
        del signs[chance.randrange(len(signs))]
    return "".join(signs)


def end_cut(text, chance):
    return text[: chance.randrange(len(text))]


def sections_cut(text, chance):
    heads, *sections = text.split("\n[")
    kept = [each for each in sections if chance.random() < 0.7]
    chance.shuffle(kept)
    return "\n[".join([heads, *kept])


def two_halves(text, chance):
    return text[chance.randrange(len(text)) :] + text[: chance.randrange(len(text))]


def other_lines_ends(text, chance):
    return "".join(chance.choice(["\r\n", "\r", "\n", "\x0b"]) if s == "\n" else s for s in text)


def other_bytes(text, chance):
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        data[at:at] = chance.choice(
            [b"\xe4", b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"\xc3", b"\x1b[2J"]
        )
    return bytes(data)


def another_encoding(text, chance):
    name = chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp037"])
    return ("# \u00e4\n" + text).encode(name)


def value_without_end(text, chance):
    long = chance.choice(["x", "9", "' ", "(", "and ", "{{", "\n  orders_count > 1", "'a', "])
    at = chance.choice([at for at, sign in enumerate(text) if sign == "="])
    return f"{text[: at + 1]} {long * 20_000}{text[at + 1 :]}"


def brackets_without_end(text, chance):
    depth = chance.choice([50, 500, 20_000])
    inner = chance.choice(["orders_count > 1", "", "not " * depth, "in (" * depth])
    form = chance.choice(["when = {}{}{}", "tag = {{{{ {}{}{} }}}}", "do = wait {}{}{}"])
    return f"{text}\n[tag Deep]\n{form.format('(' * depth, inner, ')' * depth)}\n"


def many_rules(text, chance):
    rule = "[tag T{}]\nwhen = orders_count > {} and total_spent < {}\n"
    return text + "".join(rule.format(n, n, chance.randint(0, n)) for n in range(1500))


DAMAGE = (
    *(lines_lost, lines_doubled, lines_swapped, indents_changed, comments_opened, values_gone),
    *(values_exchanged, heads_broken, signs_flipped, signs_lost, end_cut, sections_cut),
    *(two_halves, other_lines_ends, other_bytes, another_encoding),
)
RARE = (value_without_end, brackets_without_end)


def read(data):
    """Load a file of this content; give its problems, and whether anything was understood."""
    main = Path("/nowhere/wcflow.ini")

    def read_file(path):
        if path == main:
            return data
        raise FileNotFoundError(2, "No such file or directory", str(path))

    began = time.process_time()
    try:
        return (), summary_lines(load_config(main, ENV, read=read_file))
    except ConfigError as error:
        return error.problems, str(error)
    finally:
        assert time.process_time() - began < MOST_SECONDS


def damaged(text, damage, number):
    made = damage(text, Random(f"{damage.__name__} {number}"))
    return made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")


def look_at(data):
    """The law itself."""
    problems, told = read(data)
    last = data.count(b"\n") + data.count(b"\r") + 1
    assert told
    # That there is no store at all is told of the file and not of a line.
    lost = [
        each for each in problems if not 0 < each.line <= last and "store NAME" not in str(each)
    ]
    assert [] == lost
    assert [] == [each for each in (KEY, SECRET, PASSWORD) if each in str(told)]
    return problems


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_is_told_by_line_or_does_no_harm(sound_ini, damage):
    """Whatever happened to a sound file, all that is wrong is told where it stands."""
    found = [look_at(damaged(text, damage, number)) for text in sound_ini for number in range(EACH)]

    # Damage that never does any would prove nothing.
    assert any(found)


@pytest.mark.parametrize("damage", RARE, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("number", range(6))
def test_what_is_too_much_is_told_soon(sound_ini, damage, number):
    """Values and brackets without end are refused before they take the processor or the stack."""
    look_at(damaged(sound_ini[1], damage, number))


def test_many_rules_are_many_and_nothing_else(sound_ini):
    """1,500 rules are read in a few seconds."""
    began = time.process_time()
    problems, told = (
        (),
        summary_lines(
            load_config(
                Path("/nowhere/w.ini"), ENV, read=lambda _: damaged(sound_ini[0], many_rules, 1)
            )
        ),
    )

    assert () == problems
    assert any("T1499" in line for line in told)
    assert time.process_time() - began < 2 * MOST_SECONDS


def test_the_files_that_are_damaged_here_are_sound(sound_ini):
    """Else every damage would be told, whatever it is."""
    assert [(), ()] == [read(text.encode())[0] for text in sound_ini]


# The command itself


def check(path, **more):
    ran = run_process("check", "--config", path, **more)
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("damage", [lines_lost, signs_flipped, other_bytes, another_encoding])
def test_check_ends_with_78_and_lines(sound_ini, tmp_path, damage):
    """The command tells the problems of a damaged file and ends with the code for that."""
    ini = tmp_path / "wcflow.ini"
    numbers = (n for n in range(50) if look_at(damaged(sound_ini[1], damage, n)))
    ini.write_bytes(damaged(sound_ini[1], damage, next(numbers)))

    code, out, err = check(ini)

    assert BAD_CONFIG == code
    assert "" == out
    assert f"{ini}:" in err
    assert [] == [each for each in (KEY, SECRET, PASSWORD) if each in err]


def test_a_directory_is_no_configuration(tmp_path):
    code, out, err = check(tmp_path)

    assert (BAD_CONFIG, "") == (code, out)
    assert "cannot be read: is a directory" in err


def test_an_empty_file_is_told_what_it_lacks(tmp_path):
    ini = tmp_path / "wcflow.ini"
    ini.touch()
    code, out, err = check(ini)

    assert (BAD_CONFIG, "") == (code, out)
    assert "expected a section [store NAME], got none" in err


def test_a_file_without_an_end_is_refused(tmp_path):
    """A device that never ends is read up to a bound, with little memory."""
    most = 400_000_000

    def little():
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    code, out, err = check("/dev/zero", preexec_fn=little)

    assert (BAD_CONFIG, "") == (code, out)
    assert "cannot be read: file too large" in err


def test_a_key_file_without_an_end_is_refused(tmp_path):
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


def test_a_file_of_somebody_else_is_told():
    """Who may not read the configuration is told so, and not what stands in it."""
    with tempfile.TemporaryDirectory() as folder:
        ini = Path(folder) / "wcflow.ini"
        ini.write_text(f"[store s]\nconsumer_key = {KEY}\n")
        ini.chmod(0o000)
        Path(folder).chmod(0o755)
        words = [sys.executable, "-c", AS_NOBODY, str(ini)]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)

    assert f"{ini}: cannot be read: permission denied\n" == ran.stderr


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
def test_a_key_in_the_wrong_place_is_not_repeated(tmp_path, line):
    """Where a key stands in the way of understanding, the problem tells its line and not the key."""
    ini = tmp_path / "wcflow.ini"
    ini.write_text(f"[store s]\n{line}\n")
    ran = run_wcflow("check", "--config", ini)

    assert BAD_CONFIG == ran.code
    assert [] == [each for each in (KEY, SECRET, PASSWORD) if each in ran.out + ran.err]


def test_files_do_not_include_one_another_without_end(tmp_path):
    """Includes that name each other, themselves and everything are read once each."""
    text = "[wcflow]\ninclude = *.ini\n  /**/*.ini.none\n  **/*.ini\n  ../*/*.ini\n"
    for name in ("a.ini", "b.ini", "wcflow.ini"):
        (tmp_path / name).write_text(text)
    began = time.process_time()
    ran = run_wcflow("check", "--config", tmp_path / "wcflow.ini")

    assert BAD_CONFIG == ran.code
    assert "'/**/*.ini.none', which matches none" in ran.err
    assert time.process_time() - began < MOST_SECONDS
