"""One message to one channel, in the format and language of whoever reads it."""

import json
import smtplib
from datetime import datetime

from django.core.mail import get_connection

from billing.alerting import payloads
from billing.alerting.emails import email_of
from billing.alerting.outbound import NotSent, post
from billing.models_operator import AlertChannel, AlertDelivery
from costcontrol.lib.sentences import Sentence as _

Kind = AlertChannel.Kind


def send(row: AlertDelivery, *, now: datetime) -> None:
    """Raises NotSent."""
    match row.channel.kind:
        case Kind.EMAIL:
            _send_email(row)
        case Kind.SLACK:
            post(row.channel.address, _json(payloads.slack(row)), payloads.HEADERS)
        case Kind.WEBHOOK:
            body = _json(payloads.webhook(row))
            post(row.channel.address, body, payloads.signed(row, body, now=now))
        case _:
            raise NotSent(_("There is no way to send to a channel of this kind."))


def _send_email(row: AlertDelivery) -> None:
    try:
        get_connection().send_messages([email_of(row)])
    except smtplib.SMTPException:
        raise NotSent(_("The mail server did not take the message.")) from None
    except OSError:
        raise NotSent(_("The mail server could not be reached.")) from None


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
