"""The rules of the histories as an INI; ``oracle`` evaluates the same rules."""

from __future__ import annotations

_SEGMENTS = """
[segment Big]
group = lifecycle
when = total_spent >= {big}
{lapsed}
[segment Buyer]
group = lifecycle
when = orders_count > 0

[segment Member]
when = is_registered

[tag bought]
when = orders_count > 0
for_each = product_names
tag = Has {{{{ each }}}}

[tag Eager]
when = orders_count(7d) >= 2
{dormant}
"""
_LAPSED = """
[segment Lapsed]
group = lifecycle
when = last_order_date < -30d
"""
_DORMANT = """
[tag sleeping]
when = total_spent > 100 and orders_count(30d) = 0
tag = {name}
"""
_WORKFLOWS = """
[workflow welcome]
trigger = first_order
once = per customer
do =
    add_tag Welcomed
    create_coupon thanks
    add_note code {{ coupon.code }}

[workflow later]
trigger = order_paid
once = per order
stop_when = refunds_count > 0
do =
    wait 5d
    add_note later {{ order.id }}

[workflow paid]
trigger = order_paid
do = add_note paid {{ order.id }}

[workflow missed]
trigger = inactive 40d
do = add_note missed

[coupon thanks]
type = percent
amount = 10
"""
_REFUNDED = """
[workflow back]
trigger = order_refunded either
do = add_note back {{ order.id }}
"""
_EXTRA = """
[workflow {name}]
trigger = order_paid
do = add_note {name} {{{{ order.id }}}}
"""


def rules_ini(rule_set):
    """Return a set of rules as an INI."""
    text = _SEGMENTS.format(
        big=rule_set.big,
        lapsed=_LAPSED if rule_set.lapsed else "",
        dormant=_DORMANT.format(name=rule_set.dormant) if rule_set.dormant else "",
    )
    text += _WORKFLOWS + (_REFUNDED if rule_set.refunded else "")
    return text + (_EXTRA.format(name=rule_set.extra) if rule_set.extra else "")
