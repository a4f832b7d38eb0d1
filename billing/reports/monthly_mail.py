"""The monthly report by email: to staff who want it, on the first of the month, once.

Each in the language and zone of who reads it. Call it outside of transactions: it talks to a mail
server, which raises OSError while it is away; then nothing is written down, and the next look
sends it.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import User
from accounts.services import audit
from billing.models import ReportSubscription
from billing.reports.monthly import Monthly, last_month, monthly
from costcontrol.lib.money import format_usd

PAGE = "/dashboard/report/"
FROM_HOUR = 7  # local: not in the night, and the last hour of the month is added up
LAST_DAY = 7  # of the month: later it would be no news


def is_subscribed(person: User) -> bool:
    return ReportSubscription.objects.filter(user_id=person.pk).exists()


def subscribe(person: User, *, now: datetime) -> None:
    """From the next first of the month on."""
    month = f"{last_month(zone=zone_of(person), now=now):%Y-%m}"
    with transaction.atomic():
        _row, is_new = ReportSubscription.objects.get_or_create(
            user_id=person.pk, defaults={"made_at": now, "last_month": month}
        )
        if is_new:
            audit(str(person.email), "report_subscribe", f"user:{person.pk}")


def unsubscribe(person: User) -> None:
    with transaction.atomic():
        number, _rows = ReportSubscription.objects.filter(user_id=person.pk).delete()
        if number:
            audit(str(person.email), "report_unsubscribe", f"user:{person.pk}")


def zone_of(person: User) -> str:
    return person.zone or str(settings.DEFAULT_ZONE)


def reports_send(*, now: datetime) -> int:
    """How many went out."""
    rows = list(ReportSubscription.objects.order_by("pk"))
    people = User.objects.filter(
        pk__in=[row.user_id for row in rows], is_staff=True, is_active=True
    ).exclude(email="").exclude(email=None).in_bulk()
    made: dict[tuple[date, str], Monthly] = {}
    sent, failure = 0, None
    for row in rows:
        try:
            sent += row.user_id in people and _sent(row, people[row.user_id], made, now)
        except OSError as error:  # of one address, maybe: the others are tried all the same
            failure = error
    if failure:
        raise failure
    return sent


def _sent(
    row: ReportSubscription, person: User, made: dict[tuple[date, str], Monthly], now: datetime
) -> bool:
    zone = zone_of(person)
    month = last_month(zone=zone, now=now)
    name = f"{month:%Y-%m}"
    if row.last_month >= name or not is_time(now.astimezone(ZoneInfo(zone))):
        return False
    if (month, zone) not in made:
        made[month, zone] = monthly(month, zone=zone, now=now)
    found = made[month, zone]
    mine = ReportSubscription.objects.filter(pk=row.pk, last_month=row.last_month)
    if found.missing_hours or not mine.update(last_month=name):
        return False  # not added up yet; or another worker was quicker
    try:
        message(person, found).send()
    except Exception:
        ReportSubscription.objects.filter(pk=row.pk).update(last_month=row.last_month)
        raise
    return True


def is_time(local: datetime) -> bool:
    """From the morning of the first on; a worker that was away is late by a week at most."""
    return local.day <= LAST_DAY and (local.day > 1 or local.hour >= FROM_HOUR)


def message(person: User, found: Monthly) -> EmailMultiAlternatives:
    language = person.language or settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(ZoneInfo(found.range.zone)):
        values = texts(found) | {
            "language": language, "zone": found.range.zone, "is_demo": settings.DEMO,
            "report_url": f"{settings.SITE_URL}{PAGE}?month={found.month}",
            "unsubscribe_url": f"{settings.SITE_URL}{PAGE}#email",
        }
        subject, _newline, body = render_to_string(
            "emails/monthly_report.txt", values
        ).partition("\n")
        values["headline"] = subject.strip()
        html = render_to_string("emails/monthly_report.html", values)
    mail = EmailMultiAlternatives(
        subject.strip(), body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [str(person.email)]
    )
    mail.attach_alternative(html, "text/html")
    return mail


def texts(found: Monthly) -> dict[str, object]:
    """What the templates say, as people read it."""
    def dollars(nanos: int | None) -> str:
        return "" if nanos is None else format_usd(nanos, places=2)

    each = found.expected
    return {
        "found": found, "month": found.month, "is_empty": found.is_empty,
        "spent": dollars(found.cost_nanos), "before": dollars(found.before_nanos),
        "saved": dollars(found.saved.nanos) if found.saved else "",
        "debates": found.debates, "debate": dollars(found.debate_nanos),
        "expected": dollars(each.middle) if each else "",
        "low": dollars(each.low) if each else "", "high": dollars(each.high) if each else "",
        "margin": "" if found.income.is_empty else dollars(found.income.margin_nanos),
        "odd_days": len(found.odd.days), "limits": len(found.limits),
    }
