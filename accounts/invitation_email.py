"""The email with an invitation. Whoever gets it may not know us: it says who asks, and why."""

from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Invitation, User

TEXT, HTML = "emails/invitation.txt", "emails/invitation.html"


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


def invitation_send(invitation: Invitation, *, url: str, language: str) -> None:
    """In the language of who is invited if we know them, else in `language`, the inviter's."""
    with translation.override(language_for(invitation.email, otherwise=language)):
        letter = letter_of(invitation, url)
    mail = EmailMultiAlternatives(letter.subject, letter.text, to=[invitation.email])
    mail.attach_alternative(letter.html, "text/html")
    mail.send()


def letter_of(invitation: Invitation, url: str) -> Letter:
    """The first line of the text is the subject."""
    context = {
        "invitation": invitation, "organisation": invitation.organisation, "url": url,
        "inviter": invitation.invited_by, "language": translation.get_language(),
        "is_demo": settings.DEMO,
    }
    subject, _line, text = render_to_string(TEXT, context).partition("\n")
    return Letter(subject.strip(), text.lstrip("\n"), render_to_string(HTML, context))


def language_for(email: str, *, otherwise: str) -> str:
    chosen = User.objects.filter(email=email).values_list("language", flat=True).first()
    return chosen or otherwise
