"""Channels as staff make them and switch them off. What is secret is shown once, to who made it.

The address of a Slack webhook is a secret too, and any other may hold one: pages and the audit log
see `shown_address` only.
"""

import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.services import audit
from billing.alerting import outbound
from billing.alerting.outbound import NotSent
from billing.models_operator import AlertChannel
from costcontrol.lib.errors import BadRequest, NotFound
from costcontrol.lib.sentences import Sentence as _

Kind = AlertChannel.Kind
PREFIX = "alert_"
MAX_NAME, MAX_ADDRESS = 80, 500


def channel_make(
    *, kind: str, name: str, address: str, actor: str, now: datetime, request_id: str = ""
) -> tuple[AlertChannel, str]:
    """The channel, and of a signed webhook its secret, which is not shown again. Raises
    BadRequest, with `param` the field that is wrong."""
    if kind not in Kind.values:
        raise BadRequest(_("Choose a kind of channel."), param="kind")
    if not name or len(name) > MAX_NAME:
        raise BadRequest(_("Give it a name of up to 80 characters."), param="name")
    check_address(kind, address)
    secret = f"{PREFIX}{secrets.token_urlsafe(32)}" if kind == Kind.WEBHOOK else ""
    with transaction.atomic():
        channel = AlertChannel.objects.create(
            kind=kind, name=name, address=address, secret=secret, made_at=now
        )
        audit(actor, "alert_channel_create", name, None, _facts(channel), request_id=request_id)
    return channel, secret


def check_address(kind: str, address: str) -> None:
    """What can be known without asking anybody. Raises BadRequest."""
    try:
        if len(address) > MAX_ADDRESS:
            raise BadRequest(_("This address is too long."), param="address")
        if kind == Kind.EMAIL:
            validate_email(address)
            return
        outbound.check(address)
    except ValidationError:
        raise BadRequest(_("This is no email address."), param="address") from None
    except NotSent as error:
        raise BadRequest(error.sentence, param="address") from None


@transaction.atomic
def channel_switch(
    channel_id: int, *, is_on: bool, actor: str, request_id: str = ""
) -> AlertChannel:
    """Raises NotFound."""
    channel = channel_get(channel_id)
    if AlertChannel.objects.filter(pk=channel_id, is_on=not is_on).update(is_on=is_on):
        action = "alert_channel_on" if is_on else "alert_channel_off"
        audit(actor, action, channel.name, None, None, request_id=request_id)
    channel.is_on = is_on
    return channel


def channel_get(channel_id: int) -> AlertChannel:
    channel = AlertChannel.objects.filter(pk=channel_id).first()
    if channel is None:
        raise NotFound(_("There is no such channel."))
    return channel


def shown_address(channel: AlertChannel) -> str:
    """Enough to know it again."""
    if channel.kind == Kind.EMAIL:
        return channel.address
    scheme, _sep, rest = channel.address.partition("://")
    host = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    return f"{scheme}://{host}/…"


def _facts(channel: AlertChannel) -> dict[str, Any]:
    return {"kind": channel.kind, "name": channel.name, "address": shown_address(channel)}
