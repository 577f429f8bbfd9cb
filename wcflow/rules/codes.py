"""Coupon codes and note marks, derived from a key so that a retry finds what it wrote before.

The secret is kept in the database, so that no one can guess a code from customer data.
"""

from __future__ import annotations

import hashlib
import hmac

# No 0 O 1 I L U: people read codes aloud and type them.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH, MARK_LENGTH, KEY_LENGTH = 8, 6, 32


def work_key(secret: str, *parts: object) -> str:
    """Return a key as hexadecimal digits, from which the parts cannot be read."""
    text = "\x1f".join(str(part) for part in parts)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:KEY_LENGTH]


def letters(key: str, count: int) -> str:
    """Return a key as ``count`` letters that are not easily confused."""
    number, text = int(key, 16), ""
    for _ in range(count):
        number, rest = divmod(number, len(ALPHABET))
        text += ALPHABET[rest]
    return text


def coupon_code(prefix: str, key: str) -> str:
    """Return ``WELCOME-7Q4MXK2P``, or only the letters without a prefix."""
    code = letters(key, CODE_LENGTH)
    return f"{prefix}-{code}" if prefix else code


def note_mark(key: str) -> str:
    """Return the mark at the end of a note, by which a retry finds it: ``(ref 7Q4MXK)``."""
    return f"(ref {letters(key, MARK_LENGTH)})"
