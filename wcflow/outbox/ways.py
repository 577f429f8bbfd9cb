"""Open the ways out of a store that are not the store itself, from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from wcflow.actions.email_delivery import EmailChannel, Letterhead
from wcflow.channels.smtp import SmtpConnection
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import Database


def open_channels(
    config: Config, settings: StoreSettings, db: Database, clock: Callable[[], datetime]
) -> dict[str, Any]:
    """Return the object that sends, by channel; nothing is connected yet.

    Each can have ``is_ready``, which says whether it takes another message now, and ``close``.
    """
    channels: dict[str, Any] = {}
    if config.smtp is not None:
        channels["email"] = _open_email(config, settings, db, clock)
    return channels


def close_channels(channels: Mapping[str, Any]) -> None:
    """Close the connections of channels; they are opened again when they are needed."""
    for channel in channels.values():
        if hasattr(channel, "close"):
            channel.close()


def _open_email(
    config: Config, settings: StoreSettings, db: Database, clock: Callable[[], datetime]
) -> EmailChannel:
    smtp = config.smtp
    assert smtp is not None, "only called with [smtp]"

    def make_letterhead(secret: str) -> Letterhead:
        return Letterhead(
            settings.name,
            smtp.sender,
            secret,
            smtp.reply_to,
            smtp.bounces_to,
            smtp.unsubscribe_url,
            smtp.postal_address,
        )

    connection = SmtpConnection(smtp.server, smtp.rate)
    emails = config.rules.sections.get("email", {})
    return EmailChannel(db, settings.name, emails, connection, make_letterhead, clock)
