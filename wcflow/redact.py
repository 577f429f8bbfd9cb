"""Remove keys, personal data and terminal control characters from text.

This is a safety net: it cannot recognize names, so messages must be written without them.
"""

from __future__ import annotations

import re
import traceback
import unicodedata

from wcflow.errors import WcflowError

_KEYS = re.compile(r"(?<![A-Za-z])(c[ks])_\w+")
_LOGIN = re.compile(r"://\S*@")
# In a URL, a header or a form: the name is kept to show what was there.
_NAMED_SECRET = re.compile(
    r"(?i)\b(oauth_\w+|consumer_key|consumer_secret|password|passwd|secret|token|pgpassword)"
    r"(=|%3D)[^\s&'\",;)\\…]+"
)
_AUTH_HEADER = re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=_.~-]{8,}")

_EMAIL = re.compile(r"[^\s@<>()\[\]\"',;:=/…]+(?:@|%40)[^\s@<>()\[\]\"',;:&/]+")
_PHONE = re.compile(r"(?<![\w.-])(?:\+|00)\d[\d ()/.-]{6,}\d")

_JOINED = re.compile(
    r"(?<=[^\x00-\x7f\s])[\u200c\u200d](?=[^\x00-\x7f\s])"
    r"|(?<=\N{WAVING BLACK FLAG})[\U000e0030-\U000e007a]{2,6}\U000e007f"
)
"""Joiners inside emoji and words such as Persian ones, and the letters of a region's flag.

They are not printable alone, but without them a family becomes four people.
"""

_SAFE_ERRORS = (
    AttributeError,
    ImportError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
)
"""Errors whose text is about the program only; the text of other errors can quote data."""

_TEXT_WITHHELD = "(text hidden: it could contain customer data)"


def redact_keys(text: str) -> str:
    """Replace keys, passwords and signatures by ``…``."""
    text = _AUTH_HEADER.sub(r"\1 …", _NAMED_SECRET.sub(r"\1\2…", text))
    return _LOGIN.sub("://…@", _KEYS.sub(r"\1_…", text))


def redact_personal_data(text: str) -> str:
    """Replace e-mail addresses and telephone numbers by ``…``."""
    return _PHONE.sub("…", _EMAIL.sub("…", text))


def redact_text(text: str) -> str:
    """Replace keys and personal data by ``…``."""
    return redact_personal_data(redact_keys(text))


def printable_text(text: object, *, lines: bool = False) -> str:
    """Replace control characters, escape sequences and text direction marks.

    Line breaks become spaces unless ``lines``, so that a name cannot add a line. Joined emoji stay
    whole.
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    kept = {at for found in _JOINED.finditer(shown) for at in range(*found.span())}
    return "".join(
        char
        if char.isprintable() or at in kept or (lines and char == "\n")
        else _printable_char(char)
        for at, char in enumerate(shown)
    )


def _printable_char(char: str) -> str:
    # isprintable() rejects all spaces but the common one (French has another before "!").
    if char in "\r\n\t" or unicodedata.category(char) in ("Zs", "Zl", "Zp"):
        return " "
    return "\N{REPLACEMENT CHARACTER}"


def redacted_traceback(error: BaseException) -> str:
    """Return the traceback of a bug and of the errors that led to it, without customer data."""
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
    """Return the type of an error, and its text if it cannot contain customer data."""
    kind = type(error).__qualname__
    if not isinstance(error, (WcflowError, *_SAFE_ERRORS)):
        return f"{kind} {_TEXT_WITHHELD}" if str(error) else kind
    return f"{kind}: {redact_text(str(error))}"
