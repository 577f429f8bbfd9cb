"""Open the ways out of a store that are not the store itself, from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from wcflow.actions.email_delivery import EmailChannel, Letterhead
from wcflow.actions.message import MESSAGE
from wcflow.actions.message_delivery import MessageChannel
from wcflow.actions.webhook import WEBHOOK
from wcflow.channels.smtp import RateLimit, SmtpConnection
from wcflow.channels.webhook import WebhookChannel
from wcflow.config.load import Config
from wcflow.config.smtp import SmtpSettings
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import Database


def open_channels(
    config: Config,
    settings: StoreSettings,
    db: Database,
    clock: Callable[[], datetime],
    mail_limit: RateLimit | None = None,
) -> dict[str, Any]:
    """Return the object that sends, by channel; nothing is connected yet.

    ``mail_limit`` is that of the mail server, if several stores share it.

    Each can have ``pause``, for how many seconds it takes no message, and ``close``.
    """
    channels: dict[str, Any] = {}
    if config.smtp is not None:
        connection = SmtpConnection(config.smtp.server, mail_limit or RateLimit(config.smtp.rate))
        channels["email"] = _open_email(config.smtp, connection, config, settings, db, clock)
    if config.webhooks:
        channels[WEBHOOK] = WebhookChannel(config.webhooks, clock)
    if config.channel_urls:
        channels[MESSAGE] = MessageChannel(db, config.channel_urls)
    return channels


def close_channels(channels: Mapping[str, Any]) -> None:
    """Close the connections of channels; they are opened again when they are needed."""
    for channel in channels.values():
        if hasattr(channel, "close"):
            channel.close()


def make_letterhead(smtp: SmtpSettings, settings: StoreSettings, secret: str) -> Letterhead:
    """Return what all e-mails of a store share; ``secret`` signs the links to unsubscribe."""
    return Letterhead(
        settings.name,
        smtp.sender,
        secret,
        smtp.reply_to,
        smtp.bounces_to,
        smtp.unsubscribe_url,
        smtp.postal_address,
        smtp.track,
    )


def _open_email(
    smtp: SmtpSettings,
    connection: SmtpConnection,
    config: Config,
    settings: StoreSettings,
    db: Database,
    clock: Callable[[], datetime],
) -> EmailChannel:
    return EmailChannel(
        db,
        settings.name,
        config.rules.sections["email"],
        connection,
        partial(make_letterhead, smtp, settings),
        clock,
    )
