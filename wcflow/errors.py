"""What can go wrong outside of wcflow, in the words an admin reads. Bugs are not wrapped here."""

from __future__ import annotations

DONE, SOME_FAILED, USAGE, TRY_LATER, BAD_CONFIG = 0, 1, 2, 75, 78
"""Exit codes of every command (75 and 78 are those of sysexits.h)."""


class WcflowError(Exception):
    """wcflow cannot go on.

    The message says what was hit and why; ``advice`` says what to do; ``exit_code`` is for scripts.
    """

    exit_code = SOME_FAILED

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class UsageError(WcflowError):
    """the command was asked for something that does not exist."""

    exit_code = USAGE


class BusyError(WcflowError):
    """something is in use or not ready; the same command may work later."""

    exit_code = TRY_LATER


class SetupError(WcflowError):
    """the configuration, the database or the shop behind them do not fit together."""

    exit_code = BAD_CONFIG


class DeliveryError(WcflowError):
    """something was not accepted by the store or another channel.

    ``permanent`` means that the same request can never succeed, ``retry_after`` is the number of
    seconds to wait that the other side asked for, ``channel_down`` means that nothing else will
    get through either.
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


class StoreError(DeliveryError):
    """the store did not do what was asked.

    ``asked`` is the method and path ("GET /orders"), ``status`` the HTTP status (0 where none came
    back), ``code`` WooCommerce's own word ("woocommerce_rest_cannot_view"), ``effect_unknown``
    whether a write may have happened although no answer arrived.
    """

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        asked: str = "",
        status: int = 0,
        code: str = "",
        permanent: bool = False,
        retry_after: float | None = None,
        effect_unknown: bool = False,
    ) -> None:
        super().__init__(message, advice, permanent=permanent, retry_after=retry_after)
        self.asked, self.status, self.code = asked, status, code
        self.effect_unknown = effect_unknown
