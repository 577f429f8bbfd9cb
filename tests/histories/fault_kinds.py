"""Faults for histories: what hosts, proxies and plugins do to a request."""

from __future__ import annotations

FAULTS = {
    "429": lambda faults, **more: faults.throttle(retry_after=7, **more),
    "500": lambda faults, **more: faults.fail_with(status=500, **more),
    "502": lambda faults, **more: faults.fail_with(status=502, html=True, **more),
    "503": lambda faults, **more: faults.fail_with(status=503, html=True, **more),
    "timeout": lambda faults, **more: faults.time_out(**more),
    "a redirect": lambda faults, **more: faults.redirect(**more),
    "cut response": lambda faults, *, effect, **more: faults.cut_response(**more),
    "text before the JSON": lambda faults, *, effect, **more: faults.prepend_text(**more),
    "refused connection": lambda faults, *, effect, **more: faults.refuse_connections(**more),
}
"""Each takes `effect`, `only`, `after` and `times`; some have only one possible `effect`."""

REQUESTS = (
    "POST /wc/v3/orders/*/notes",
    "POST /wc/v3/coupons",
    "POST /wc/v3/orders/batch",
    "POST /wc/v3/customers/batch",
    "GET /wc/v3/orders*",
    "GET /wc/v3/customers*",
    "GET *",
    "*",
)
