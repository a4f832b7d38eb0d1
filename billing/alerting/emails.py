"""An alert as an email, in the language and zone of who reads it, as far as we know them."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import User
from billing.alerting import words
from billing.models_operator import AlertDelivery


def email_of(row: AlertDelivery) -> EmailMultiAlternatives:
    reader = User.objects.filter(email__iexact=row.channel.address, is_active=True).first()
    language = (reader and reader.language) or settings.LANGUAGE_CODE
    zone = ZoneInfo((reader and reader.zone) or settings.DEFAULT_ZONE)
    with translation.override(language), timezone.override(zone):
        said = words.said_of(row)
        values = {
            "said": said, "headline": said.headline, "language": language, "zone": zone.key,
            "is_demo": settings.DEMO,
        }
        text = render_to_string("emails/alert.txt", values)
        html = render_to_string("emails/alert.html", values)
    subject = " ".join(said.headline.split())
    mail = EmailMultiAlternatives(
        subject, text.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [row.channel.address]
    )
    mail.attach_alternative(html, "text/html")
    return mail
