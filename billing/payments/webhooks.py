"""`POST /webhooks/stripe/`: verify, write the id down, answer. Nothing is acted on here.

Only ids are taken from what arrives; the rest is asked for (`sync`). What cannot be trusted is
refused with 400; what is not for us, or not known, is written down and answered with 200, because
Stripe repeats everything else for three days.
"""

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.models import StripeEvent
from billing.payments import client, events, nudge
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, PayloadTooLarge, PaymentsOff
from costcontrol.lib.sentences import Sentence as _

LIMIT_BYTES = 256 * 1024
TOLERANCE_S = 300
DIGITS = 12  # of a time; Python reads no number of more than 4,300
log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> JsonResponse:
    now = clock.now()
    try:
        row = row_of(verified(request, now=now), now=now)
    except (BadRequest, PaymentsOff) as error:
        log.warning("stripe: a notice was refused: %s", error)
        return JsonResponse({"error": error.code, "message": error.message}, status=error.status)
    if row.note and row.state == StripeEvent.State.PENDING:
        log.warning("stripe: %s is %s: set ours on the endpoint", row.pk, row.note)
    record(row)
    return JsonResponse({"received": True, "state": row.state})


def verified(request: HttpRequest, *, now: datetime) -> Any:
    """The notice, if Stripe signed it with one of our secrets, now. Else raises BadRequest."""
    if not client.is_on() or not settings.STRIPE_WEBHOOK_SECRET:
        raise PaymentsOff(_("This server is not connected to Stripe."))
    if int(request.headers.get("Content-Length") or 0) > LIMIT_BYTES:
        raise PayloadTooLarge(_("A notice has at most 256 KiB."))
    body = request.body
    if len(body) > LIMIT_BYTES:
        raise PayloadTooLarge(_("A notice has at most 256 KiB."))
    header = request.headers.get("Stripe-Signature", "")
    if _is_from_the_future(header, now=now):
        raise BadRequest(_("This notice was signed in the future: look at the server’s clock."))
    for secret in settings.STRIPE_WEBHOOK_SECRET:
        if event := _constructed(body, header, secret):
            return event
    raise BadRequest(_("This notice is not signed by Stripe, or was signed too long ago."))


def _constructed(body: bytes, header: str, secret: str) -> Any:
    """None: not signed with this secret."""
    import stripe

    try:
        return stripe.Webhook.construct_event(body, header, secret, tolerance=TOLERANCE_S)
    except stripe.SignatureVerificationError:
        return None
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BadRequest(_("This notice cannot be read.")) from error


def _is_from_the_future(header: str, *, now: datetime) -> bool:
    """Which the SDK does not mind."""
    stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
    latest = now.timestamp() + TOLERANCE_S
    return any(it.isdecimal() and (len(it) > DIGITS or int(it) > latest) for it in stamps)


def row_of(event: Any, *, now: datetime) -> StripeEvent:
    """Raises BadRequest for what is signed and still no event."""
    try:
        return events.event_row(event, now=now)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadRequest(_("This notice cannot be read.")) from error


def record(row: StripeEvent) -> None:
    """Once for each id, whoever delivers it again at the same time; then somebody is woken."""
    with transaction.atomic():
        StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
        if row.state == StripeEvent.State.PENDING:
            transaction.on_commit(nudge.nudge)
