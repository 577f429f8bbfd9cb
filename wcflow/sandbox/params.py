"""List parameters, parsed and rejected as in WordPress.

Like WordPress, this ignores unknown parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from wcflow.sandbox.rest import ListPage, RestError
from wcflow.sandbox.zone import Zone


class InvalidParam(Exception):
    """One invalid parameter."""

    def __init__(self, code: str, message: str) -> None:
        """Take WordPress's error code and message."""
        super().__init__(message)
        self.code = code
        self.message = message


Reader = Callable[[str, Any], Any]


def read_params(params: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Parse the parameters of a route; the error lists all invalid ones."""
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
    """Return the error for invalid parameters."""
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
    """Return the error for missing parameters."""
    listed = ", ".join(names)
    return RestError(
        "rest_missing_callback_param", f"Missing parameter(s): {listed}", 400, params=list(names)
    )


def parse_list(value: Any) -> list[str]:
    """Parse a list, or a string separated by commas or spaces."""
    parts = value if isinstance(value, list | tuple) else str(value).replace(",", " ").split()
    return [str(part).strip() for part in parts]


def boolean(_name: str, value: Any) -> bool:
    """Parse a boolean."""
    return str(value).lower() in {"1", "true"}


def text(_name: str, value: Any) -> str:
    """Parse a string."""
    return str(value)


def words(_name: str, value: Any) -> list[str]:
    """Parse a list of strings."""
    return parse_list(value)


def ids(name: str, value: Any) -> list[int]:
    """Parse a list of ids."""
    return [_whole(f"{name}[{at}]", part) for at, part in enumerate(parse_list(value))]


def integer(low: int, high: int | None = None) -> Reader:
    """Return a reader of integers within bounds."""

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
    """Return a reader of one of several words."""

    def reader(name: str, value: Any) -> str:
        return _member(name, str(value), choices)

    return reader


def some_of(*choices: str) -> Reader:
    """Return a reader of a list of allowed words."""

    def reader(name: str, value: Any) -> list[str]:
        return [
            _member(f"{name}[{at}]", part, choices) for at, part in enumerate(parse_list(value))
        ]

    return reader


def date(zone: Zone) -> Reader:
    """Check a date but keep it as text: its meaning depends on `dates_are_gmt`."""

    def reader(_name: str, value: Any) -> str:
        if zone.instant(str(value)) is None:
            raise InvalidParam("rest_invalid_date", "Invalid date.")
        return str(value)

    return reader


def paging_readers() -> dict[str, Reader]:
    """Return the readers of parameters that every list has."""
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
    """Return the requested fields; none means all."""
    return parse_list(params["_fields"]) if params.get("_fields") else []


def select_fields(body: Any, params: Mapping[str, Any]) -> Any:
    """Keep only the requested fields of a body, or of each row of a list."""
    fields = requested_fields(params)
    if not fields:
        return body
    return (
        [pick_fields(row, fields) for row in body]
        if isinstance(body, list)
        else pick_fields(body, fields)
    )


def pick_fields(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Keep the requested fields, in the row's own order.

    `billing.email` reaches into an object. It does not reach into a list: WordPress looks the key
    up among the list's indexes and drops everything.
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


# Time bounds of a list: exclusive, parsed as WordPress parses dates.

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Dated(Protocol):
    """A row with a creation and a modification time."""

    @property
    def created(self) -> datetime: ...

    @property
    def modified(self) -> datetime: ...


def date_readers(zone: Zone) -> dict[str, Reader]:
    """Return the readers of time bounds."""
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


# Pages of rows that are already filtered and sorted.

Row = TypeVar("Row")


def paginate(
    rows: Sequence[Row],
    requested: Mapping[str, Any],
    write: Callable[[Row], str],
    *,
    empty_past_end: bool = False,
) -> ListPage:
    """Return the requested page.

    With `empty_past_end`, a page past the end reports a total of 0, as orders do with HPOS.
    """
    size = requested.get("per_page", 10)
    start = requested.get("offset", (requested.get("page", 1) - 1) * size)
    window = rows[start : start + size]
    if empty_past_end and not window:
        return ListPage([], 0, 0)
    return ListPage([write(row) for row in window], len(rows), -(-len(rows) // size))


def filter_ids(ids: Sequence[int], requested: Mapping[str, Any]) -> list[int]:
    """Keep the ids that `include` and `exclude` allow."""
    kept = list(ids)
    if requested.get("include"):
        wanted = set(requested["include"])
        kept = [number for number in kept if number in wanted]
    if requested.get("exclude"):
        unwanted = set(requested["exclude"])
        kept = [number for number in kept if number not in unwanted]
    return kept
