"""The companion plugin's languages/: the template lists the texts of the code, the German translation has them all.

To bring them up to date after a change of texts, in the plugin's folder (and take out by hand what is
no longer in the code)::

    xgettext --language=PHP --from-code=UTF-8 --no-location --no-wrap --sort-output --add-comments=translators \\
        -k --keyword=__ --keyword=_e --keyword=_n:1,2 --keyword=_x:1,2c --keyword=esc_html__ \\
        --keyword=esc_html_e --keyword=esc_attr__ --keyword=esc_attr_e --join-existing \\
        -o languages/wcflow-companion.pot $(find . -name '*.php')
    msgmerge --update --no-wrap languages/wcflow-companion-de_DE.po languages/wcflow-companion.pot
    msgfmt -o languages/wcflow-companion-de_DE.mo languages/wcflow-companion-de_DE.po
    cp languages/wcflow-companion-de_DE.mo languages/wcflow-companion-de_DE_formal.mo
"""

import ast
import gettext
import re

import pytest

from tests.companion.test_companion_tokens import PLUGIN

LANGUAGES = PLUGIN / "languages"
GERMAN = LANGUAGES / "wcflow-companion-de_DE.po"
_TEXT = r"'((?:[^'\\]|\\.)*)'"
_CALL = re.compile(
    r"(?<![\w>:$])(?:esc_html|esc_attr)?(?:__|_e|_x|_n)\(\s*" + _TEXT + r"(?:\s*,\s*" + _TEXT + ")?"
)
_ANY_CALL = re.compile(r"(?<![\w>:$])(?:esc_html|esc_attr)?(?:__|_e|_x|_n)\(")
_PLACE = re.compile(r"%(?:\d+\$)?[sd]")


def texts_of_code():
    """Return the texts that the plugin translates."""
    found = set()
    for file in PLUGIN.rglob("*.php"):
        code = file.read_text()
        calls = list(_CALL.finditer(code))
        assert len(calls) == len(_ANY_CALL.findall(code)), f"a text in {file.name} is no literal"
        for call in calls:
            found.add(unquoted(call[1]))
            if "_n(" in call[0]:
                found.add(unquoted(call[2]))
    head = (PLUGIN / "wcflow-companion.php").read_text()
    return found | set(re.findall(r"^ \* (?:Plugin Name|Description):\s+(.+)$", head, re.MULTILINE))


def unquoted(text):
    return text.replace("\\'", "'").replace("\\\\", "\\")


def entries(file):
    """Return the entries of a .pot or .po file: texts and translations, each a list of forms."""
    found = []
    for block in file.read_text().split("\n\n")[1:]:
        forms = {"msgid": [], "msgstr": []}
        assert "fuzzy" not in block
        kind = ""
        for line in block.splitlines():
            if match := re.match(r'(msgid|msgstr)(?:_plural|\[\d\])? (".*")$', line):
                kind = match[1]
                forms[kind].append(ast.literal_eval(match[2]))
            elif line.startswith('"'):
                forms[kind][-1] += ast.literal_eval(line)
        if forms["msgid"]:
            found.append((forms["msgid"], forms["msgstr"]))
    return found


def texts(file):
    return {form for forms, _ in entries(file) for form in forms}


def test_the_template_has_the_texts_of_the_code():
    assert texts(LANGUAGES / "wcflow-companion.pot") == texts_of_code()


def test_german_is_complete():
    assert texts(GERMAN) == texts_of_code()
    for forms, translated in entries(GERMAN):
        assert len(forms) == len(translated)
        for form, german in zip(forms, translated, strict=True):
            assert german.strip(), form
            assert sorted(_PLACE.findall(form)) == sorted(_PLACE.findall(german)), form
            assert (form[-1] in ".?!:") == (german[-1] in ".?!:"), form


@pytest.mark.parametrize("name", ["de_DE", "de_DE_formal"])
def test_the_compiled_german_is_that_of_its_source(name):
    with (LANGUAGES / f"wcflow-companion-{name}.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for forms, translated in entries(GERMAN):
        if len(forms) == 1:
            assert compiled.gettext(forms[0]) == translated[0]
        else:
            assert [compiled.ngettext(*forms, n) for n in (1, 2)] == translated
