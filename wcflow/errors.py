"""The errors that an admin sees. Bugs are not wrapped."""

from __future__ import annotations

from datetime import datetime

DONE, SOME_FAILED, USAGE, TRY_LATER, BAD_CONFIG = 0, 1, 2, 75, 78
"""The exit codes of all commands (75 and 78 are those of sysexits.h)."""


class WcflowError(Exception):
    """An error that ends the command; ``advice`` is a sentence on how to fix it."""

    exit_code = SOME_FAILED

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class UsageError(WcflowError):
    """The command names something that does not exist."""

    exit_code = USAGE


class BusyError(WcflowError):
    """Something is in use or not ready; the same command can work later."""

    exit_code = TRY_LATER


class StoreInUseError(BusyError):
    """Another process has the lease of a store. ``until``: when it ends unless it is renewed.

    ``seconds_left`` is the time until then.
    """

    def __init__(self, message: str, advice: str, until: datetime, seconds_left: float) -> None:
        super().__init__(message, advice)
        self.until, self.seconds_left = until, seconds_left


class ClockError(WcflowError):
    """This machine's clock and the store's do not agree; the same command can work later."""

    exit_code = TRY_LATER


class SetupError(WcflowError):
    """The configuration, the database and the store do not fit together."""

    exit_code = BAD_CONFIG


class DeliveryError(WcflowError):
    """The store or another channel did not accept a change.

    ``permanent``: the same request can never succeed. ``retry_after``: the seconds to wait that
    the other side requested. ``channel_down``: no other change will get through either.
    """

    exit_code = TRY_LATER

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        channel_down: bool = False,
    ) -> None:
        super().__init__(message, advice)
        self.permanent, self.retry_after = permanent, retry_after
        self.channel_down = channel_down
        if permanent:
            self.exit_code = SOME_FAILED


class CancelledError(WcflowError):
    """A change is no longer possible, and that is no failure: its entry is cancelled."""


class StoreError(DeliveryError):
    """A request to the store failed.

    ``request`` is the method and path ("GET /orders"), ``status`` the HTTP status (0 without a
    response), ``code`` WooCommerce's error code ("woocommerce_rest_cannot_view").
    ``effect_unknown``: no response arrived, but the change may have been made.
    """

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        request: str = "",
        status: int = 0,
        code: str = "",
        permanent: bool = False,
        retry_after: float | None = None,
        effect_unknown: bool = False,
    ) -> None:
        super().__init__(message, advice, permanent=permanent, retry_after=retry_after)
        self.request, self.status, self.code = request, status, code
        self.effect_unknown = effect_unknown

    @property
    def is_write(self) -> bool:
        """Whether a change failed, and not a read."""
        return bool(self.request) and not self.request.startswith("GET ")

    @property
    def record_is_missing(self) -> bool:
        """Whether what the request is about no longer exists, not even in the trash."""
        return self.status in {400, 404} and self.code.endswith("_invalid_id")
