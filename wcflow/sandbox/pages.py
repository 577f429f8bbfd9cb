"""The home page: the store's customers and latest orders.

Its Link header leads clients to the API.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from html import escape

from wcflow.sandbox import notes
from wcflow.sandbox.companion_pages import answer_mail_address
from wcflow.sandbox.rest import HTML, Request, Response, text_response
from wcflow.sandbox.state import Coupon, Customer, Order, State

_MAX_ROWS = 50

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
       color: #222; background: #fafafa; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; background: #fff; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #e5e5e5; }
th { font-weight: 600; background: #f0f0f0; position: sticky; top: 0; }
td.sum { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tag { display: inline-block; background: #e8eefc; border-radius: .7rem; padding: 0 .55rem;
       margin: 0 .2rem .2rem 0; }
.segment { background: #e3f4e4; } .note { color: #555; margin: 0; } .soft { color: #777; }
"""


def answer_page(state: State, request: Request, now: datetime) -> Response:
    """Return the home page or an address of the companion plugin, or 404 for any other path."""
    api = "wp-json/" if state.settings.permalinks else "index.php?rest_route=/"
    link = f'<{request.base}/{api}>; rel="https://api.w.org/"'
    if not request.rest and request.path.rstrip("/") == "":
        if (answer := answer_mail_address(state, request, now)) is not None:
            return answer
        return text_response(render_home(state, now), now, kind=HTML, headers={"Link": link})
    body = _page("Page not found", "<h1>Page not found</h1>")
    return text_response(body, now, status=404, kind=HTML, headers={"Link": link})


def render_home(state: State, now: datetime) -> str:
    """Return the home page as HTML."""
    name = escape(state.settings.name)
    zone = escape(state.zone.name)
    counts = f"{len(state.orders)} orders, {len(state.customers)} accounts"
    parts = [
        f"<h1>{name}</h1>",
        f"<p class='soft'>{counts}; {state.zone.local(now)} in {zone}</p>",
        _segments(state),
        "<h2>Customers</h2>",
        _customers(state),
        "<h2>Latest orders</h2>",
        _orders(state),
        "<h2>Coupons</h2>",
        _coupons(state),
    ]
    return _page(name, "\n".join(parts))


def _segments(state: State) -> str:
    rows = (row for customer in state.customers.values() for row in customer.meta)
    counts = Counter(str(row.value) for row in rows if row.key == "wcflow_segment")
    return _tags((f"{name} {count}" for name, count in counts.most_common()), "tag segment")


def _customers(state: State) -> str:
    def row(customer: Customer) -> str:
        fields = {each.key: str(each.value) for each in customer.meta}
        name = f"{customer.first_name} {customer.last_name}".strip()
        cells = (
            str(customer.id),
            escape(name),
            escape(customer.email),
            _tags([fields.get("wcflow_segment", "")], "tag segment"),
            _tags(fields.get("wcflow_tags", "").split(",")),
        )
        return "".join(f"<td>{cell}</td>" for cell in cells)

    newest = sorted(state.customers.values(), key=_marked, reverse=True)
    return _table(("id", "name", "e-mail", "segment", "tags"), map(row, newest[:_MAX_ROWS]))


def _marked(customer: Customer) -> tuple[bool, int]:
    return any(each.key.startswith("wcflow") for each in customer.meta), customer.id


def _orders(state: State) -> str:
    def row(order: Order) -> str:
        cells = (
            escape(order.number),
            escape(order.status),
            escape(order.billing["email"]),
            _fields(order),
            "".join(
                f"<p class='note'>{escape(note.text)}</p>"
                for note in notes.newest_first(state, order.id)
            ),
        )
        total = f"<td class='sum'>{order.total} {escape(order.currency)}</td>"
        first = "".join(f"<td>{cell}</td>" for cell in cells[:3])
        return f"{first}{total}" + "".join(f"<td>{cell}</td>" for cell in cells[3:])

    latest = sorted(state.orders.values(), key=lambda order: order.modified, reverse=True)
    heads = ("order", "status", "e-mail", "total", "custom fields", "notes")
    return _table(heads, map(row, latest[:_MAX_ROWS]))


def _fields(order: Order) -> str:
    # WordPress shows custom fields whose key has no leading _ (FACTS: dashboard).
    shown = [
        f"{escape(each.key)} = {escape(each.value)}"
        for each in order.meta
        if isinstance(each.value, str) and not each.key.startswith("_")
    ]
    return "<br>".join(shown)


def _coupons(state: State) -> str:
    def row(coupon: Coupon) -> str:
        expires = state.zone.local(coupon.expires) or "never"
        cells = (
            coupon.code,
            f"{coupon.amount} {coupon.kind}",
            expires,
            ", ".join(coupon.emails.values()) or "anyone",
            f"{coupon.usage_count}",
            coupon.description,
        )
        return "".join(f"<td>{escape(cell)}</td>" for cell in cells)

    latest = sorted(state.coupons.values(), key=lambda coupon: coupon.id, reverse=True)
    heads = ("code", "worth", "expires", "for", "used", "description")
    return _table(heads, map(row, latest[:_MAX_ROWS]))


def _tags(names: Iterable[str], kind: str = "tag") -> str:
    stripped = (name.strip() for name in names)
    return "".join(f"<span class='{kind}'>{escape(name)}</span>" for name in stripped if name)


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _page(title: str, body: str) -> str:
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
