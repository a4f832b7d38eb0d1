"""What webhooks are sent: Slack's format, and our own, signed. docs/alerts.md describes both."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from billing.alerting import words
from billing.models_operator import AlertDelivery

HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json; charset=utf-8", "User-Agent": "costcontrol-alerts",
}
VERSION = "v1"


def slack(row: AlertDelivery) -> dict[str, Any]:
    """`text` alone is enough for whatever reads Slack's format; Slack itself shows the blocks."""
    said = _said(row)
    lines = [f"*{_escaped(said.headline)}*", *map(_escaped, said.sentences), f"<{said.url}>"]
    return {
        "text": _escaped(said.headline),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}}],
    }


def _escaped(text: str) -> str:
    """As Slack asks for, so that nobody's name becomes a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def webhook(row: AlertDelivery) -> dict[str, Any]:
    said, alert = _said(row), row.alert
    facts: dict[str, Any] = {
        "id": row.pk, "event": row.event, "demo": settings.DEMO,
        "headline": said.headline, "text": " ".join(said.sentences), "url": said.url,
        "alert": None,
    }
    if alert is not None:
        facts["alert"] = {
            "id": alert.pk, "rule": alert.rule_id, "kind": alert.rule.kind,
            "subject": alert.subject, "period": alert.period, "threshold": alert.threshold,
            "value": alert.value, "unit": words.UNITS[alert.rule.kind], "state": alert.state,
            "opened_at": alert.opened_at.isoformat(), "details": alert.details,
        }
    return facts


def _said(row: AlertDelivery) -> words.Said:
    """In the server's language and zone: who reads it is not known."""
    with translation.override(settings.LANGUAGE_CODE), timezone.override(settings.DEFAULT_ZONE):
        return words.said_of(row)


def signed(row: AlertDelivery, body: bytes, *, now: datetime) -> dict[str, str]:
    """Headers that prove who sent it, when, and that it was not changed."""
    stamp = str(int(now.timestamp()))
    return {
        **HEADERS,
        "X-Costcontrol-Delivery": str(row.pk),
        "X-Costcontrol-Timestamp": stamp,
        "X-Costcontrol-Signature": f"{VERSION}={signature(row.channel.secret, stamp, body)}",
    }


def signature(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
