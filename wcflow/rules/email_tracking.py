"""Links of an e-mail that lead through the store's own address, to see what is opened and clicked. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape, unescape

from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.mail_links import click_address, open_address

OPENS, CLICKS = "opens", "clicks"
_HREF = re.compile(r"(<a\b[^>]*?\shref=)(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/?#\\@\"<>]+(?:[/?#][^\s\"<>\\]*)?", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_LONGEST = 2000
"""Longer links stay as they are: not every server takes them in another one."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """How an e-mail is tracked: ``base`` is the store's own address, ``entry`` its outbox entry."""

    base: str
    secret: str = field(repr=False)
    store: str = ""
    entry: int = 0
    opens: bool = False
    clicks: bool = False

    def page(self, html: str, untouched: Collection[str]) -> str:
        """Return the HTML part with the links and the picture; ``untouched`` links stay as they are."""
        if self.clicks:
            html = _HREF.sub(lambda found: self._link(found, untouched), html)
        return self._with_picture(html) if self.opens else html

    def _link(self, found: re.Match[str], untouched: Collection[str]) -> str:
        url = unescape(found[2][1:-1]).strip()
        if url in untouched or not _WEB.fullmatch(url) or len(url) > _LONGEST:
            return found[0]
        return f'{found[1]}"{escape(self.address(url))}"'

    def address(self, url: str) -> str:
        """Return the address that leads to a link."""
        return click_address(self.base, self.secret, self.store, self.entry, url)

    def _with_picture(self, html: str) -> str:
        source = escape(open_address(self.base, self.secret, self.store, self.entry))
        picture = f'<img src="{source}" width="1" height="1" alt="" style="border:0">'
        end = [*_BODY_END.finditer(html)][-1:]
        at = end[0].start() if end else len(html)
        return f"{html[:at]}{picture}{html[at:]}"


def parse_track(text: str) -> frozenset[str]:
    """Parse ``opens, clicks``; ``yes`` means both, and ``no`` neither."""
    words = frozenset(each.strip().lower() for each in text.split(",") if each.strip())
    if words == {"yes"}:
        return frozenset({OPENS, CLICKS})
    if words == {"no"}:
        return frozenset()
    if words and words <= {OPENS, CLICKS}:
        return words
    got = repr(text) if text else "nothing"
    raise RuleErrors(RuleError("no, yes, opens, clicks or opens, clicks", got))
