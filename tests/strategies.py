"""Strategies for persons with many kinds of histories, and for conditions."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from wcflow.profile import Profile, SavedState, StoreProfile
from wcflow.records import Address, Customer, LineItem, Order, Product, Refund

# Includes zones that change at midnight, by half an hour, or that skipped a day.
ZONES = (
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
)
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
CLOCK_CHANGES = (  # of some of these zones, or near them
    datetime(2011, 12, 29, 20, tzinfo=UTC),
    datetime(2018, 11, 4, 2, 30, tzinfo=UTC),
    datetime(2024, 3, 10, 4, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 23, tzinfo=UTC),
)
instants = st.sampled_from(CLOCK_CHANGES) | st.integers(0, 18 * 365 * 86400).map(
    lambda seconds: EARLIEST + timedelta(seconds=seconds)
)


def instants_near(now, days=800):
    """Return times around ``now``, many of them near."""
    seconds = st.integers(-days * 86400, 3600) | st.integers(-40 * 86400, 0)
    return seconds.map(lambda count: now + timedelta(seconds=count))


amounts = st.integers(0, 300_000)
statuses = st.sampled_from(["completed", "processing", "cancelled", "refunded", "failed"])


@st.composite
def orders(draw, now, number):
    created = draw(instants_near(now))
    paid = created + timedelta(seconds=draw(st.integers(0, 5000))) if draw(st.booleans()) else None
    refunds = draw(st.lists(st.tuples(st.integers(0, 9000), instants_near(now)), max_size=2))
    product = draw(st.integers(0, 3))
    return Order(
        id=number,
        number=f"N{number}",
        status=draw(statuses),
        currency=draw(st.sampled_from(["EUR", "USD", "JPY"])),
        total=draw(amounts),
        discount_total=draw(st.integers(0, 5000)),
        customer_id=0,
        email="a@example.com",
        created=created,
        modified=created,
        paid=paid,
        completed=None,
        billing=Address(first_name="Ann", country=draw(st.sampled_from(["DE", "US", ""]))),
        payment_method=draw(st.sampled_from(["", "bacs", "stripe"])),
        coupons=tuple(draw(st.lists(st.sampled_from(["ten", "TEN", "vip"]), max_size=2))),
        items=(LineItem(1, product, 0, "Leather bag", "B-1", draw(st.integers(1, 4)), 1000),),
        refunds=tuple(
            Refund(place, total, "", when) for place, (total, when) in enumerate(refunds)
        ),
        meta={"due": draw(st.sampled_from(["", "2020-02-29", "7", "soon"]))},
    )


PRODUCTS = {
    1: Product(1, "Leather bag", "B-1", ("Bags",), ("new",)),
    2: Product(2, "Gift for her", "G-1", ("Gifts", "Bags"), ()),
}
birthdays = st.sampled_from(
    ["", "1992-02-29", "02-28", "2000-12-31", "31.01.1970", "25/12/1990", "03/04/1990", "nonsense"]
)


@st.composite
def profiles(draw, now, zone):
    """Persons with up to six orders, with and without an account."""
    account = None
    if draw(st.booleans()):
        meta = {"born": draw(birthdays), "points": draw(st.sampled_from(["", "12", "x"]))}
        account = Customer(5, "a@example.com", "Ann", created=draw(instants_near(now)), meta=meta)
    store = StoreProfile(
        "Shop",
        "https://shop.example",
        zone,
        "EUR",
        rates={"USD": Decimal("0.9")},
        birthday_meta="born",
        order_gap=draw(st.none() | st.sampled_from([Decimal(30), Decimal("7.35")])),
    )
    count = draw(st.integers(0, 6))
    return Profile(
        5,
        "a@example.com",
        store,
        account,
        tuple(draw(orders(now, number)) for number in range(1, count + 1)),
        PRODUCTS,
        SavedState(own_tags=frozenset({"wholesale"})),
        key="c5" if account else "g:a@example.com",
    )


comparison_operators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
durations = st.builds(
    "{}{}".format, st.integers(0, 40), st.sampled_from(["s", "min", "h", "d", "w", "mo", "y"])
)
day_durations = st.builds("{}{}".format, st.integers(0, 40), st.sampled_from(["d", "w", "mo", "y"]))
date_attributes = st.sampled_from(
    ["registered_date", "last_order_date", "first_order_date", "birthday"]
)
count_attributes = st.sampled_from(
    ["orders_count", "items_count", "refunds_count", "cancelled_count"]
)
money_attributes = st.sampled_from(
    ["total_spent", "average_order_value", "largest_order", "refunded_total"]
)
list_attributes = st.sampled_from(["product_names", "categories", "coupons_used", "tags"])
figures = st.decimals(0, 500, places=2).map(str) | st.integers(0, 4).map(str)
day_values = (
    st.builds("{}{}".format, st.sampled_from("+-"), day_durations)
    | st.just("today")
    | st.dates(date(2010, 1, 1), date(2026, 12, 31)).map(str)
)
instant_values = st.builds("{}{}".format, st.sampled_from("+-"), durations) | day_values
quoted_words = st.sampled_from(
    ["'her'", "'bag'", '"VIP"', "'wholesale'", "'ten'", "'Gift for HER'"]
)


def format_strategy(template, *parts):
    return st.builds(template.format, *parts)


comparisons = st.one_of(
    format_strategy(
        "{} {} {}", date_attributes, st.sampled_from(["<", "<=", ">", ">="]), instant_values
    ),
    format_strategy("{} {} {}", date_attributes, comparison_operators, day_values),
    format_strategy("{} in ({}, {})", date_attributes, day_values, day_values),
    format_strategy(
        "{} between 2001-01-01 and {}",
        date_attributes,
        day_values.filter(lambda day: day[0] not in "21"),
    ),
    format_strategy(
        "{}({}) {} {}",
        count_attributes | money_attributes,
        durations,
        comparison_operators,
        figures,
    ),
    format_strategy("{} {} {}", count_attributes | money_attributes, comparison_operators, figures),
    format_strategy("overdue {} {}", comparison_operators, figures),
    format_strategy("overdue not between {} and 600", figures),
    format_strategy("age {} {}", comparison_operators, figures),
    format_strategy("orders_count({}) multiple of {}", durations, st.integers(1, 3)),
    format_strategy("order_gap {} {}", comparison_operators, figures),
    format_strategy("{} contains {}", list_attributes, quoted_words),
    format_strategy("product_names({}) not mentions {}", durations, quoted_words),
    format_strategy("{} is empty", date_attributes | list_attributes),
    format_strategy("average_order_value({}) is not empty", durations),
    format_strategy("refund_rate({}) {} {}", durations, comparison_operators, figures),
    format_strategy("meta.points {} {}", comparison_operators, figures),
    st.sampled_from(["is_guest", "not is_registered", "billing_country <> 'DE'"]),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        format_strategy("({} and {})", inner, inner),
        format_strategy("({} or {})", inner, inner),
        format_strategy("not {}", inner),
    ),
    max_leaves=5,
)
