"""What must not be told: keys, personal data, and signs that a terminal would obey.

The one place that knows how these look. It is the net below the rule that messages are made
without them; it cannot know a name when it sees one, so names are kept out where messages are made.
"""

from __future__ import annotations

import re
import traceback
import unicodedata

from wcflow.errors import WcflowError

_KEYS = re.compile(r"(?<![A-Za-z])(c[ks])_\w+")
_LOGIN = re.compile(r"://\S*@")
# In an address, a header or a form: the name stays, so that one sees what was there.
_NAMED_SECRET = re.compile(
    r"(?i)\b(oauth_\w+|consumer_key|consumer_secret|password|passwd|secret|token|pgpassword)"
    r"(=|%3D)[^\s&'\",;)\\…]+"
)
_AUTH_HEADER = re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=_.~-]{8,}")

_EMAIL = re.compile(r"[^\s@<>()\[\]\"',;:=/…]+(?:@|%40)[^\s@<>()\[\]\"',;:&/]+")
_PHONE = re.compile(r"(?<![\w.-])(?:\+|00)\d[\d ()/.-]{6,}\d")

_SAFE_ERRORS = (
    AttributeError,
    ImportError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
)
"""Bugs whose text speaks of the program alone; that of any other may quote what it stumbled over."""

_TEXT_WITHHELD = "(its text is kept back: it may tell of customers)"


def redact_keys(text: str) -> str:
    """Give a text with ``…`` in place of all that looks like a key, a password or a signature."""
    text = _AUTH_HEADER.sub(r"\1 …", _NAMED_SECRET.sub(r"\1\2…", text))
    return _LOGIN.sub("://…@", _KEYS.sub(r"\1_…", text))


def redact_personal_data(text: str) -> str:
    """Give a text with ``…`` in place of e-mail addresses and telephone numbers."""
    return _PHONE.sub("…", _EMAIL.sub("…", text))


def redact_text(text: str) -> str:
    """Give a text without keys and without what tells of people."""
    return redact_personal_data(redact_keys(text))


def printable_text(text: object, *, lines: bool = False) -> str:
    """Give a text that a terminal only shows: without control signs, escapes, turns of direction.

    A line stays one line unless ``lines``: a name must not add a line of its own.
    """
    return "".join(
        sign if sign.isprintable() or (lines and sign == "\n") else _printable_sign(sign)
        for sign in str(text)
    )


def _printable_sign(sign: str) -> str:
    # Other blanks than the common one (French has one before "!") count as unprintable, too.
    if sign in "\r\n\t" or unicodedata.category(sign) in ("Zs", "Zl", "Zp"):
        return " "
    return "\N{REPLACEMENT CHARACTER}"


def redacted_traceback(error: BaseException) -> str:
    """Give the traceback of a bug: where it was, of what kind, and nobody's data.

    The text of an error often quotes the value that it is about, and chained errors do as well.
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{error_text(current)}")
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return "\n\nwhich led to\n\n".join(printable_text(part, lines=True) for part in reversed(parts))


def error_text(error: BaseException) -> str:
    """Give the kind of an error, and its text where that can hold nothing of the shop's."""
    kind = type(error).__qualname__
    if not isinstance(error, (WcflowError, *_SAFE_ERRORS)):
        return f"{kind} {_TEXT_WITHHELD}" if str(error) else kind
    return f"{kind}: {redact_text(str(error))}"
