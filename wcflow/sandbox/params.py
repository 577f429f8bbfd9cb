"""The parameters of a list, read as WordPress reads them, or refused in its words.

What is not asked for here is ignored in silence, as WordPress does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from wcflow.sandbox.rest import ListPage, RestError
from wcflow.sandbox.zone import Zone


class InvalidParam(Exception):
    """One parameter that does not fit."""

    def __init__(self, code: str, message: str) -> None:
        """Carry WordPress's code and its sentence."""
        super().__init__(message)
        self.code = code
        self.message = message


Reader = Callable[[str, Any], Any]


def read_params(params: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Read the parameters that a route knows; refuse all bad ones at once."""
    found: dict[str, Any] = {}
    bad: dict[str, InvalidParam] = {}
    for name, reader in readers.items():
        if name not in params:
            continue
        try:
            found[name] = reader(name, params[name])
        except InvalidParam as problem:
            bad[name] = problem
    if bad:
        raise invalid_params(bad)
    return found


def invalid_params(bad: Mapping[str, InvalidParam]) -> RestError:
    """Say which parameters do not fit, and why."""
    return RestError(
        "rest_invalid_param",
        f"Invalid parameter(s): {', '.join(bad)}",
        400,
        params={name: problem.message for name, problem in bad.items()},
        details={
            name: {"code": problem.code, "message": problem.message, "data": None}
            for name, problem in bad.items()
        },
    )


def missing_params(*names: str) -> RestError:
    """Say which parameters are missing."""
    told = ", ".join(names)
    return RestError(
        "rest_missing_callback_param", f"Missing parameter(s): {told}", 400, params=list(names)
    )


def parse_list(value: Any) -> list[str]:
    """Read a list, or a string with commas or blanks between."""
    parts = value if isinstance(value, list | tuple) else str(value).replace(",", " ").split()
    return [str(part).strip() for part in parts]


def boolean(_name: str, value: Any) -> bool:
    """Read a yes or no."""
    return str(value).lower() in {"1", "true"}


def text(_name: str, value: Any) -> str:
    """Read a string."""
    return str(value)


def words(_name: str, value: Any) -> list[str]:
    """Read a list of words."""
    return parse_list(value)


def ids(name: str, value: Any) -> list[int]:
    """Read a list of ids."""
    return [_whole(f"{name}[{at}]", part) for at, part in enumerate(parse_list(value))]


def integer(low: int, high: int | None = None) -> Reader:
    """Read a whole number within bounds."""

    def reader(name: str, value: Any) -> int:
        found = _whole(name, value)
        if high is not None and not low <= found <= high:
            message = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
            raise InvalidParam("rest_out_of_bounds", message)
        if found < low:
            message = f"{name} must be greater than or equal to {low}"
            raise InvalidParam("rest_out_of_bounds", message)
        return found

    return reader


def one_of(*choices: str) -> Reader:
    """Read one of several words."""

    def reader(name: str, value: Any) -> str:
        return _member(name, str(value), choices)

    return reader


def some_of(*choices: str) -> Reader:
    """Read a list of words, each of them one of several."""

    def reader(name: str, value: Any) -> list[str]:
        return [
            _member(f"{name}[{at}]", part, choices) for at, part in enumerate(parse_list(value))
        ]

    return reader


def date(zone: Zone) -> Reader:
    """Read a date, still as text: what it means depends on `dates_are_gmt`."""

    def reader(_name: str, value: Any) -> str:
        if zone.instant(str(value)) is None:
            raise InvalidParam("rest_invalid_date", "Invalid date.")
        return str(value)

    return reader


def paging_readers() -> dict[str, Reader]:
    """Return the readers that every list has."""
    return {
        "page": integer(1),
        "per_page": integer(1, 100),
        "offset": integer(0),
        "order": one_of("asc", "desc"),
        "include": ids,
        "exclude": ids,
        "search": text,
        "_fields": words,
    }


def requested_fields(params: Mapping[str, Any]) -> list[str]:
    """Return the fields that are asked for; none means all."""
    return parse_list(params["_fields"]) if params.get("_fields") else []


def select_fields(body: Any, params: Mapping[str, Any]) -> Any:
    """Keep of a body, or of each row of a list, the fields that were asked for."""
    fields = requested_fields(params)
    if not fields:
        return body
    return (
        [pick_fields(row, fields) for row in body]
        if isinstance(body, list)
        else pick_fields(body, fields)
    )


def pick_fields(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Keep the fields that were asked for, in the row's own order.

    `billing.email` reaches into an object. Into a list it does not: WordPress looks for the key
    among the list's places, and leaves nothing of it.
    """
    deeper: dict[str, list[str]] = {}
    for name in fields:
        head, _, rest = name.partition(".")
        deeper.setdefault(head, []).extend([rest] if rest else [])
    whole = {name for name in fields if "." not in name}
    return {
        name: value if name in whole else _pick_nested(value, deeper[name])
        for name, value in row.items()
        if name in deeper
    }


def _pick_nested(value: Any, fields: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return pick_fields(value, fields)
    return [] if isinstance(value, list) else value


def _whole(name: str, value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise InvalidParam("rest_invalid_type", f"{name} is not of type integer.") from None


def _member(name: str, value: str, choices: Sequence[str]) -> str:
    if value in choices:
        return value
    *first, last = choices
    message = f"{name} is not one of {', '.join(first)}, and {last}."
    raise InvalidParam("rest_not_in_enum", message)


# Bounds in time that a list is asked for: exclusive, and read as WordPress reads dates.

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Dated(Protocol):
    """A row that knows when it was made and when it changed."""

    @property
    def created(self) -> datetime: ...

    @property
    def modified(self) -> datetime: ...


def date_readers(zone: Zone) -> dict[str, Reader]:
    """Return the readers of bounds."""
    when = date(zone)
    names = ("after", "before", "modified_after", "modified_before")
    return {**dict.fromkeys(names, when), "dates_are_gmt": boolean}


def within_dates(zone: Zone, requested: Mapping[str, Any]) -> Callable[[Dated], bool]:
    """Return a test of whether a row lies within the bounds."""
    against_gmt = requested.get("dates_are_gmt", False)

    def bound(name: str, default: datetime) -> datetime:
        return zone.read(requested.get(name, ""), against_gmt=against_gmt) or default

    after, before = bound("after", _FIRST), bound("before", _LAST)
    since, until = bound("modified_after", _FIRST), bound("modified_before", _LAST)
    return lambda row: after < row.created < before and since < row.modified < until


# Lists: a page cut out of rows that are already chosen and in order.

Row = TypeVar("Row")


def paginate(
    rows: Sequence[Row],
    requested: Mapping[str, Any],
    write: Callable[[Row], str],
    *,
    empty_past_end: bool = False,
) -> ListPage:
    """Cut the page that was asked for.

    A forgetful list says past its end that there is nothing at all: that of orders under HPOS.
    """
    size = requested.get("per_page", 10)
    start = requested.get("offset", (requested.get("page", 1) - 1) * size)
    window = rows[start : start + size]
    if empty_past_end and not window:
        return ListPage([], 0, 0)
    return ListPage([write(row) for row in window], len(rows), -(-len(rows) // size))


def filter_ids(ids: Sequence[int], requested: Mapping[str, Any]) -> list[int]:
    """Keep the ids that `include` and `exclude` let through."""
    kept = list(ids)
    if requested.get("include"):
        wanted = set(requested["include"])
        kept = [number for number in kept if number in wanted]
    if requested.get("exclude"):
        unwanted = set(requested["exclude"])
        kept = [number for number in kept if number not in unwanted]
    return kept
