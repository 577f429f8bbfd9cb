"""Made-up people: names, addresses and buying habits."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its names and places."""

    code: str
    weight: int
    first: str
    last: str
    cities: tuple[tuple[str, str, str], ...]
    currency: str = "USD"


COUNTRIES = (
    Country(
        "US",
        34,
        "Ava Liam Olivia Noah Grace Ethan Mia Carlos Zoë Jamal",
        "Smith Johnson O'Brien García Nguyễn Williams D'Angelo Brown Lee Carter",
        (
            ("Portland", "OR", "97201"),
            ("Austin", "TX", "78701"),
            ("Boston", "MA", "02108"),
            ("San José", "CA", "95110"),
        ),
    ),
    Country(
        "GB",
        14,
        "Siân Oliver Amelia Harry Niamh George Isla Rhys",
        "O'Connor Taylor Davies McDonald Patel Evans Walker",
        (("London", "", "SW1A 1AA"), ("Leeds", "", "LS1 4AP"), ("Cardiff", "", "CF10 1EP")),
    ),
    Country(
        "DE",
        16,
        "Jürgen Käthe Lukas Marie Björn Anneliese Jonas Sören",
        "Müller Schröder Weiß Groß Krüger Schmidt Böhm",
        (("Berlin", "", "10115"), ("München", "", "80331"), ("Köln", "", "50667")),
        "EUR",
    ),
    Country(
        "FR",
        9,
        "Renée François Chloé Hélène Théo Agnès Loïc",
        "Dupont Lefèvre Béranger Côté Moreau D'Aubigné",
        (("Paris", "", "75001"), ("Besançon", "", "25000")),
        "EUR",
    ),
    Country(
        "PL",
        7,
        "Łukasz Małgorzata Wójciech Agnieszka Żaneta Stanisław",
        "Kowalski Wiśniewska Dąbrowski Zieliński Wójcik",
        (("Kraków", "", "31-001"), ("Łódź", "", "90-001")),
    ),
    Country(
        "ES",
        6,
        "José Begoña Íñigo Lucía Ángel Nuria",
        "García Muñoz Ibáñez Núñez Rodríguez",
        (("Málaga", "", "29001"), ("A Coruña", "", "15001")),
        "EUR",
    ),
    Country(
        "SE",
        5,
        "Åsa Björn Märta Göran Elin",
        "Åkesson Sjöström Lindqvist Öberg",
        (("Göteborg", "", "411 03"), ("Malmö", "", "211 20")),
    ),
    Country(
        "JP",
        4,
        "Aya Kenji Mei Haruto",
        "Tanaka Satō Itō Yamamoto",
        (("Tōkyō", "", "100-0001"), ("Ōsaka", "", "530-0001")),
    ),
    Country(
        "CZ",
        3,
        "Jiří Tereza Ondřej Šárka",
        "Dvořák Černý Novák Růžičková",
        (("Plzeň", "", "301 00"),),
    ),
    Country(
        "TR",
        2,
        "İpek Çağla Özgür Şebnem",
        "Yılmaz Çelik Öztürk Şahin",
        (("İzmir", "", "35210"),),
    ),
)

COMPANIES = ("Initech", "Hooli GmbH", "Vandelay & Sons", "Żabka Sp. z o.o.", "Café Zürich")
STREETS = ("Main St", "Station Road", "Hauptstraße", "Rue de l'Église", "ul. Długa", "Calle Mayor")

_MAIL_DOMAINS = ("example.com", "example.org", "mail.example", "post.example")
_TO_ASCII = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "ı": "i", "đ": "d", "'": "", "’": ""})


@dataclass(frozen=True, slots=True)
class Habit:
    """A buying habit: number of orders, and between which days before now."""

    name: str
    share: float
    orders: tuple[int, int]
    earliest: int
    latest: int


HABITS = (
    Habit("loyal", 0.08, (12, 34), 730, 4),
    Habit("steady", 0.31, (3, 9), 700, 12),
    Habit("lapsed", 0.22, (2, 6), 730, 110),
    Habit("new", 0.12, (1, 2), 28, 0),
    Habit("once", 0.23, (1, 1), 720, 35),
    Habit("browser", 0.04, (0, 0), 600, 10),
)


@dataclass(frozen=True, slots=True)
class Persona:
    """Someone who buys, or only has an account."""

    first_name: str
    last_name: str
    email: str
    typed: str
    currency: str
    habit: Habit
    has_account: bool
    billing: dict[str, str]
    meta: dict[str, str] = field(default_factory=dict)


def make_persona(random: Random, number: int, now: datetime) -> Persona:
    """Make up one person; `number` makes the e-mail address unique."""
    country = random.choices(COUNTRIES, [each.weight for each in COUNTRIES])[0]
    first, last = random.choice(country.first.split()), random.choice(country.last.split())
    email = f"{_to_ascii(first)}.{_to_ascii(last)}{number}@{random.choice(_MAIL_DOMAINS)}"
    habit = random.choices(HABITS, [each.share for each in HABITS])[0]
    has_account = habit.name == "browser" or random.random() < 0.65
    return Persona(
        first_name=first,
        last_name=last,
        email=email,
        typed=_typed_email(random, email, has_account=has_account),
        currency=country.currency if random.random() < 0.5 else "USD",
        habit=habit,
        has_account=has_account,
        billing=_billing(random, country, first, last),
        meta=_meta(random, now) if has_account else {},
    )


def _typed_email(random: Random, email: str, *, has_account: bool) -> str:
    # Guests type their address in any case; an account keeps one spelling.
    if has_account or random.random() < 0.75:
        return email
    return email.title() if random.random() < 0.7 else email.upper()


def _billing(random: Random, country: Country, first: str, last: str) -> dict[str, str]:
    city, state, postcode = random.choice(country.cities)
    return {
        "first_name": first,
        "last_name": last,
        "company": random.choice(COMPANIES) if random.random() < 0.08 else "",
        "address_1": f"{random.randint(1, 180)} {random.choice(STREETS)}",
        "city": city,
        "state": state,
        "postcode": postcode,
        "country": country.code,
        "phone": f"+1555{random.randint(0, 9_999_999):07d}" if random.random() < 0.6 else "",
    }


def _meta(random: Random, now: datetime) -> dict[str, str]:
    found: dict[str, str] = {}
    if random.random() < 0.8:
        found["accepts_marketing"] = "yes" if random.random() < 0.6 else "no"
    if random.random() < 0.4:
        days = random.randint(18 * 365, 75 * 365)
        found["birthday"] = (now - timedelta(days=days)).date().isoformat()
    # A few were born on 29 February.
    if random.random() < 0.01:
        found["birthday"] = date(1988, 2, 29).isoformat()
    return found


def _to_ascii(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.lower().translate(_TO_ASCII))
    return "".join(sign for sign in folded if sign.isascii() and sign.isalnum())
