"""The rules of the histories as an INI; ``oracle`` evaluates the same rules."""

from __future__ import annotations

CONSENT_META, BIRTHDAY_META = "newsletter", "birthday"
CAP, CAP_DAYS = 2, 3
"""How many messages a customer gets within how many days."""
QUIET_FROM, QUIET_TO = 22, 8
"""The hours when quiet hours begin and end."""

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
_STANDING = """
[points]
per_amount = 1 per 10
per_order = 5

[tiers]
by = total_spent
grace = 3d
Silver = 100
Gold = 400

[workflow thanks for buying]
trigger = order_paid
once = per order
do = add_points 3

[workflow risen]
trigger = tier_upgraded
do = add_note risen to {{ tier }}

[workflow fallen]
trigger = tier_downgraded
do = add_note fallen to {{ tier }}
"""
_GIFTS = """
[coupon_pool gifts]

[workflow gift]
trigger = order_paid
once = per order
do =
    assign_coupon gifts else add_note pool is empty {{ order.id }}
    add_note gift {{ order.id }} {{ coupon.code }}
    send_email gift

[email gift]
subject = gift {{ order.id }} {{ coupon.code }}
text = For you.

[campaign news]
segment = Buyer
do =
    send_email news
    add_to_group Informed

[email news]
subject = news
text = Look!
"""
_SUBSCRIPTIONS = """
[workflow subscribed]
trigger = subscription_started
do = add_to_group Subscribers

[workflow cancelled]
trigger = subscription_cancelled
do = add_to_group Former subscribers
"""
_FULL = """
[workflow branch]
trigger = order_paid
once = per order
do =
    if orders_count >= 2
        add_note again {{ order.id }}
        wait 2d
        if orders_count >= 3
            add_note again, many {{ order.id }}
        else
            add_note again, few {{ order.id }}
        end
    else
        add_note first {{ order.id }}
        wait 2d
        add_note first, later {{ order.id }}
    end
    add_note joined {{ order.id }}

[workflow patient]
trigger = order_paid
once = per order
do =
    wait until orders_count >= 3 for at most 4d
    add_note patient {{ order.id }}

[workflow team]
trigger = order_paid
once = per order
do =
    create_task Call about {{ order.id }} assign to sam@shop.example due 2d
    notify_agent Paid {{ order.id }}
    add_to_group Fresh
    wait 3d
    remove_from_group Fresh
    add_to_group Known

[workflow invited]
trigger = tag_added Never
once = per customer
do =
    add_to_group Invited
    wait 1d
    remove_from_group Invited
    add_to_group Came

[workflow letters]
trigger = order_paid
once = per order
do =
    send_email receipt
    if orders_count >= 2
        send_email again
    else
        send_email first
    end
    wait 1d
    send_email later

[smtp]
host = mail.example
from = Shop <shop@example.com>

[email receipt]
subject = receipt {{ order.id }}
text = Thank you, {{ first_name }}.
transactional = yes

[email first]
subject = first {{ order.id }}
markdown = Welcome!

[email again]
subject = again {{ order.id }}
markdown = Welcome **back**!

[email later]
subject = later {{ order.id }}
html = <p>How was it, {{ first_name }}?</p>
"""


def rules_ini(rule_set):
    """Return a set of rules as an INI."""
    text = _SEGMENTS.format(
        big=rule_set.big,
        lapsed=_LAPSED if rule_set.lapsed else "",
        dormant=_DORMANT.format(name=rule_set.dormant) if rule_set.dormant else "",
    )
    text += _WORKFLOWS + (_REFUNDED if rule_set.refunded else "")
    text += _FULL + _STANDING + _GIFTS + _SUBSCRIPTIONS if rule_set.full else ""
    return text + (_EXTRA.format(name=rule_set.extra) if rule_set.extra else "")


def head_lines(rule_set, page_size):
    """Return the lines of [wcflow] and of [store shop] for a set of rules."""
    store = f"page_size = {page_size}\nparallel = 1"
    if not rule_set.full:
        return {"wcflow": "", "store": store}
    cap, quiet = f"{CAP} per {CAP_DAYS}d", f"{QUIET_FROM:02}:00-{QUIET_TO:02}:00"
    return {
        "wcflow": f"message_cap = {cap}\nquiet_hours = {quiet}",
        "store": f"{store}\nconsent_meta = {CONSENT_META}\nbirthday_meta = {BIRTHDAY_META}",
    }
