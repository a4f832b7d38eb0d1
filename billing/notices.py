"""Emails to customers about their money: each once, in the language and zone of who reads it.

`templates/emails/<kind>.txt` and `.html`; the first line of the text is the subject. Call it
outside of transactions: it talks to a mail server, which raises OSError while it is away, and then
nothing is written down, so that the next look sends it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import Member, User
from billing.models import Customer, SentNotice
from costcontrol.lib.currencies import format_minor
from costcontrol.lib.money import format_usd
from costcontrol.lib.sentences import said

KINDS = (
    "receipt", "payment_failed", "payment_action", "trial_ending", "subscription_ended", "quota",
    "credit_low", "overage", "topup_failed",
)
PAGES = {
    "usage_url": "/account/", "plans_url": "/account/plans/", "invoices_url": "/account/invoices/",
    "alerts_url": "/account/alerts/",
}
WHO_PAYS = (Member.Role.OWNER, Member.Role.BILLING)


def notice_send(
    *, customer: Customer, kind: str, about: str, context: Mapping[str, Any], now: datetime
) -> bool:
    """Once for this customer, kind and `about`. False: it went before, or nobody can be written to.

    Raises OSError: the mail server is away, nothing was sent.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind} is no kind of notice; there are {KINDS}.")
    people = readers(customer)
    if not people:
        return False
    row, is_new = SentNotice.objects.get_or_create(
        customer=customer, kind=kind, about=about[:160], defaults={"sent_at": now}
    )
    if not is_new:
        return False
    try:
        get_connection().send_messages([message(kind, person, context) for person in people])
    except Exception:
        row.delete()
        raise
    return True


def readers(customer: Customer) -> list[User]:
    """The user; of an organisation those who see its bills. At addresses that they confirmed."""
    people = User.objects.filter(
        is_active=True, emailaddress__verified=True, emailaddress__email=F("email")
    )
    if customer.organisation_id is not None:
        own = people.filter(
            member__organisation=customer.organisation_id, member__role__in=WHO_PAYS
        )
    else:
        own = people.filter(pk=customer.user_id or 0)
    return list(own.order_by("pk"))


def message(kind: str, person: User, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    language = person.language or settings.LANGUAGE_CODE
    zone = ZoneInfo(person.zone or settings.DEFAULT_ZONE)
    with translation.override(language), timezone.override(zone):
        values = texts(context) | {
            name: settings.SITE_URL + path for name, path in PAGES.items()
        }
        values |= {"language": language, "zone": zone.key, "is_demo": settings.DEMO}
        subject, _newline, body = render_to_string(f"emails/{kind}.txt", values).partition("\n")
        values["headline"] = subject.strip()
        html = render_to_string(f"emails/{kind}.html", values)
    mail = EmailMultiAlternatives(
        subject.strip(), body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [str(person.email)]
    )
    mail.attach_alternative(html, "text/html")
    return mail


def texts(context: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts as people read them: `amount` of `amount_minor`, `left` of `left_nanos`. Sentences in
    the active language."""
    values = {name: said(value) if isinstance(value, str) else value
              for name, value in context.items()}
    for name, value in context.items():
        if name.endswith("_nanos") and value is not None:
            values[name.removesuffix("_nanos")] = format_usd(value, places=2)
        if name.endswith("_minor") and value is not None:
            values[name.removesuffix("_minor")] = format_minor(value, context["currency"])
    return values
