"""From Markdown and HTML to the two parts of an e-mail: HTML with inlined styles, and plain text.

The libraries are imported where they are used, because most commands need none of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_STATEMENT_LINE = re.compile(r"^[ \t]*((?:\{%[^\n]*?%\}|\{#[^\n]*?#\})[ \t]*)+$", re.MULTILINE)
_TOKEN, _TOKEN_FORM = "wcflowX{}X", re.compile(r"wcflowX(\d+)X")
_LONE_STATEMENT = re.compile(r"<p>((?:\s*(?:\{%.*?%\}|\{#.*?#\})\s*)+)</p>", re.DOTALL)
_LOOP_OF_LISTS = re.compile(
    r"(\{%-?\s*for\b[^%]*%\})\s*<(ul|ol)>((?:(?!</?(?:ul|ol)>).)*)</\2>\s*(\{%-?\s*endfor\s*-?%\})",
    re.DOTALL,
)
_BLANK_LINES = re.compile(r"\n{3,}")


def markdown_to_html(source: str) -> str:
    """Return a template in Markdown as a template in HTML; its variables stay as they are.

    So the values are escaped like any other: what a customer typed is neither HTML nor Markdown. A
    list inside a loop becomes a single list.
    """
    tags: list[str] = []

    def hide(found: re.Match[str]) -> str:
        tags.append(found[0])
        return _TOKEN.format(len(tags) - 1)

    # A row of its own, or the lines around it would become one paragraph with it.
    spaced = _STATEMENT_LINE.sub(lambda found: f"\n{found[0].strip()}\n", source)
    html = _markdown().render(_TAG.sub(hide, spaced))
    shown = _TOKEN_FORM.sub(lambda found: tags[int(found[1])], html)
    return _LOOP_OF_LISTS.sub(r"<\2>\1\3\4</\2>", _LONE_STATEMENT.sub(r"\1", shown))


@lru_cache(maxsize=1)
def _markdown() -> Any:
    return (
        import_module("markdown_it")
        .MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
    )


def inline_styles(html: str) -> str:
    """Return a page whose styles are on its elements, as mail programs want it.

    Rules for dark mode and small screens stay in the head. Nothing is fetched from elsewhere.
    """
    return str(_inliner().inline(html))


@lru_cache(maxsize=1)
def _inliner() -> Any:
    return import_module("css_inline").CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def html_to_text(html: str) -> str:
    """Return the plain text of an HTML part, with the addresses of its links."""
    if not html.strip():
        return ""
    get_text, config = _text_maker()
    lines = [line.strip() for line in get_text(html, config).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


@lru_cache(maxsize=1)
def _text_maker() -> tuple[Any, Any]:
    config = import_module("inscriptis.model.config").ParserConfig(
        display_links=True, css=import_module("inscriptis.css_profiles").CSS_PROFILES["strict"]
    )
    return import_module("inscriptis").get_text, config


def is_page(html: str) -> bool:
    """Return whether HTML is a whole page, which needs no layout."""
    return re.search(r"<(html|body)\b", html, re.IGNORECASE) is not None


DEFAULT_LAYOUT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{ subject }}</title>
<style>
body { margin: 0; padding: 0; background-color: #f3f4f6; }
.page { width: 100%; table-layout: fixed; background-color: #f3f4f6; }
.outside { padding: 24px 12px; }
.card { width: 100%; max-width: 600px; margin: 0 auto; table-layout: fixed; background-color: #ffffff;
  border-radius: 8px; }
.head { padding: 24px 32px 0; }
.content { padding: 16px 32px 32px; }
.foot { max-width: 600px; margin: 0 auto; padding: 20px 32px; text-align: center; }
.head, .content, .foot { font-family: -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  color: #1f2937; font-size: 16px; line-height: 1.6; overflow-wrap: break-word; text-align: left; }
.foot { font-size: 13px; line-height: 1.5; color: #4b5563; text-align: center; }
.foot p { margin: 0 0 6px; font-size: 13px; color: #4b5563; }
.foot a { color: #4b5563; }
.shop { font-size: 18px; font-weight: bold; color: #1f2937; text-decoration: none; }
.preheader { display: none; max-height: 0; overflow: hidden; font-size: 1px; color: #f3f4f6; }
.content p { margin: 0 0 16px; }
.content h1 { margin: 0 0 16px; font-size: 24px; line-height: 1.3; }
.content h2 { margin: 24px 0 12px; font-size: 20px; line-height: 1.3; }
.content h3 { margin: 20px 0 8px; font-size: 17px; line-height: 1.3; }
.content ul, .content ol { margin: 0 0 16px; padding-left: 24px; }
.content li { margin: 0 0 6px; }
.content a { color: #1d4ed8; }
.content img { max-width: 100%; height: auto; }
.content hr { border: 0; border-top: 1px solid #e5e7eb; margin: 24px 0; }
.content blockquote { margin: 0 0 16px; padding-left: 16px; border-left: 3px solid #d1d5db; }
.content code { background-color: #f3f4f6; padding: 2px 6px; border-radius: 4px; font-size: 15px; }
.content table { border-collapse: collapse; margin: 0 0 16px; }
.content th, .content td { padding: 6px 12px 6px 0; text-align: left; vertical-align: top; }
@media (max-width: 480px) {
  .outside { padding: 0 !important; }
  .card { border-radius: 0 !important; }
  .head { padding: 20px 20px 0 !important; }
  .content { padding: 12px 20px 24px !important; }
}
@media (prefers-color-scheme: dark) {
  body, .page { background-color: #111827 !important; }
  .card { background-color: #1f2937 !important; }
  .head, .content, .shop, .content h1, .content h2, .content h3 { color: #f3f4f6 !important; }
  .content a { color: #93c5fd !important; }
  .content code { background-color: #374151 !important; }
  .content hr { border-top-color: #374151 !important; }
  .content blockquote { border-left-color: #4b5563 !important; }
  .foot, .foot p, .foot a { color: #9ca3af !important; }
  .preheader { color: #111827 !important; }
}
</style>
</head>
<body>
<div class="preheader">{{ preheader }}</div>
<table class="page" role="presentation" border="0" cellpadding="0" cellspacing="0"><tr>
<td class="outside" align="center">
<table class="card" role="presentation" border="0" cellpadding="0" cellspacing="0">
<tr><td class="head"><a class="shop" href="{{ store.url }}">{{ store.name }}</a></td></tr>
<tr><td class="content">{{ content }}</td></tr>
</table>
<div class="foot">
{% if postal_address %}<p>{{ postal_address }}</p>{% endif %}
{% if unsubscribe_url %}<p>You get this e-mail because you agreed to news from {{ store.name }}.
<a href="{{ unsubscribe_url }}">Unsubscribe</a></p>{% endif %}
</div>
</td></tr></table>
</body>
</html>
"""
"""Works in narrow and wide windows, in light and dark; built of tables, because Outlook supports nothing else."""
