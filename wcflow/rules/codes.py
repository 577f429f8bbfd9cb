"""Coupon codes and note marks: derived from the key of the work, so that a repeat finds its own.

Pure. The secret is the database's own; without it a code cannot be guessed from a customer's data.
"""

from __future__ import annotations

import hashlib
import hmac

# No 0 O 1 I L U: people read codes aloud and type them.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH, MARK_LENGTH, KEY_LENGTH = 8, 6, 32


def work_key(secret: str, *parts: object) -> str:
    """Give the key of a piece of work as hexadecimal digits; the parts cannot be read from it."""
    text = "\x1f".join(str(part) for part in parts)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:KEY_LENGTH]


def letters(key: str, count: int) -> str:
    """Spell a key with ``count`` letters that cannot be mistaken for others."""
    number, text = int(key, 16), ""
    for _ in range(count):
        number, rest = divmod(number, len(ALPHABET))
        text += ALPHABET[rest]
    return text


def coupon_code(prefix: str, key: str) -> str:
    """Give ``WELCOME-7Q4MXK2P``; without a prefix only the letters."""
    code = letters(key, CODE_LENGTH)
    return f"{prefix}-{code}" if prefix else code


def note_mark(key: str) -> str:
    """Give the mark that ends a note, by which it is found again: ``(ref 7Q4MXK)``."""
    return f"(ref {letters(key, MARK_LENGTH)})"
