"""Alerts as pages show them: what happened, since when, whether it arrived, what can be done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Case, IntegerField, Prefetch, QuerySet, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Throttle
from billing.alerting import words
from billing.models import Budget
from billing.models_operator import Alert, AlertDelivery, AlertRule
from billing.reports.scope_names import scope_names
from costcontrol.dashboard.components import Badge, Tone
from costcontrol.dashboard.csvs import Row
from costcontrol.lib.retelling import recognised
from costcontrol.lib.sentences import said

State, Kind = Alert.State, AlertRule.Kind
Sent = AlertDelivery.State
MOST_OF_USER = 10
MOST_OPEN = 50
A_PAGE = 50
MOST_EXPORTED = 10_000
TONES = {
    State.OPEN: Tone.BAD, State.ACKNOWLEDGED: Tone.WARN, State.SNOOZED: Tone.OFF,
    State.RESOLVED: Tone.OK,
}
ORDER = (State.OPEN, State.ACKNOWLEDGED, State.SNOOZED)
SLOWED = 6  # calls a minute, by the one button


@dataclass(frozen=True, slots=True)
class AlertLine:
    """`user_id`: whom it is about, if it is about one. `undelivered`: channels it did not reach,
    and why."""

    alert: Alert
    headline: str
    sentences: tuple[str, ...]
    badge: Badge
    href: str
    undelivered: tuple[tuple[str, str], ...]
    waiting: int
    user_id: int | None

    @property
    def reason(self) -> str:
        """Of a throttle, for the audit log: it names nobody, as it outlives their account."""
        return _("%(cost)s in %(minutes)d minutes") % {
            "cost": words.money(self.alert.value),
            "minutes": self.alert.details.get("window_minutes", 0),
        }

    @property
    def is_over(self) -> bool:
        return self.alert.state == State.RESOLVED


@dataclass(frozen=True, slots=True)
class AlertsPage:
    lines: tuple[AlertLine, ...]
    more_url: str = ""


@dataclass(frozen=True, slots=True)
class ThrottleLine:
    throttle: Throttle
    name: str

    @property
    def is_suspended(self) -> bool:
        return self.throttle.requests_per_minute == 0


def unresolved(*, now: datetime) -> tuple[AlertLine, ...]:
    """Open ones first, then those that somebody has in hand, then what was put off."""
    places = [When(state=state, then=Value(place)) for place, state in enumerate(ORDER)]
    rows = _rows().exclude(state=State.RESOLVED).annotate(
        place=Case(*places, output_field=IntegerField())
    )
    return _lines(rows.order_by("place", "-opened_at", "-pk")[:MOST_OPEN])


def of_user(user_id: int) -> tuple[AlertLine, ...]:
    """The newest ones about one user, over or not."""
    subjects = [f"user:{user_id}{ending}" for ending in ("", *(f"/{p}" for p in Budget.Period))]
    about = _rows().filter(subject__in=subjects)
    return _lines(about.order_by("-pk")[:MOST_OF_USER])


def history(query: Mapping[str, str]) -> AlertsPage:
    """All of them, newest first, by key."""
    rows, after = _rows().order_by("-pk"), query.get("after", "")
    if after.isascii() and after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows[: A_PAGE + 1])
    more = ""
    if len(found) > A_PAGE:
        more = f"{reverse('dashboard:alerts')}?{urlencode({'after': found[A_PAGE - 1].pk})}"
    return AlertsPage(_lines(found[:A_PAGE]), more)


def _rows() -> QuerySet[Alert]:
    deliveries = AlertDelivery.objects.exclude(state=Sent.SENT).select_related("channel")
    return Alert.objects.select_related("rule").prefetch_related(
        Prefetch("deliveries", queryset=deliveries.order_by("pk"), to_attr="not_sent")
    )


def _lines(rows: Iterable[Alert]) -> tuple[AlertLine, ...]:
    found = list(rows)
    names = scope_names(words.scope_of(alert) for alert in found)
    budgets = _budget_urls(found)
    with timezone.override(settings.DEFAULT_ZONE):
        return tuple(_line(alert, names[words.scope_of(alert)], budgets) for alert in found)


def _line(alert: Alert, name: str, budgets: Mapping[str, str]) -> AlertLine:
    not_sent: Sequence[AlertDelivery] = getattr(alert, "not_sent", ())
    failed = [each for each in not_sent if each.state == Sent.FAILED]
    kind, id = words.scope_of(alert)
    is_ones = alert.rule.kind == Kind.USER_WINDOW and kind == "user" and id.isdecimal()
    return AlertLine(
        alert, words.headline_of(alert, name=name), words.sentences_of(alert),
        Badge(str(State(alert.state).label), TONES[State(alert.state)]),
        _href(alert, id, budgets),
        tuple((each.channel.name, said(recognised(each.last_error))) for each in failed),
        len(not_sent) - len(failed), int(id) if is_ones else None,
    )


def _budget_urls(rows: list[Alert]) -> Mapping[str, str]:
    """Of the budgets that alerts are about, by subject."""
    about = {alert.subject for alert in rows if alert.rule.kind in (Kind.BUDGET, Kind.FORECAST)}
    if not about:
        return {}
    scopes = {subject.rpartition("/")[0].partition(":")[2] for subject in about}
    return {
        f"{row.scope_kind}:{row.scope_id}/{row.period}":
            reverse("dashboard:budget", args=[row.pk])
        for row in Budget.objects.filter(scope_id__in=scopes)
    }


def _href(alert: Alert, id: str, budgets: Mapping[str, str]) -> str:
    """Where to look; empty where there is no such page."""
    match alert.rule.kind:
        case Kind.BUDGET | Kind.FORECAST:
            return budgets.get(alert.subject, "")
        case Kind.ERROR_RATE:
            return reverse("dashboard:health")
        case Kind.USER_WINDOW:
            return f"{reverse('dashboard:calls')}?{urlencode({'user': id})}"
        case Kind.ANOMALY:
            day = alert.details.get("day", "")
            return f"{reverse('dashboard:calls')}?{urlencode({'from': day, 'to': day})}"
        case Kind.UNPRICED:
            return reverse("admin:billing_modelprice_changelist")
    return ""


def throttles(rows: Iterable[Throttle]) -> tuple[ThrottleLine, ...]:
    found = list(rows)
    names = scope_names(("user", str(row.user_id)) for row in found)
    return tuple(ThrottleLine(row, names["user", str(row.user_id)]) for row in found)


def csv_rows() -> Iterator[Row]:
    yield [
        "id", "kind", "subject", "period", "threshold", "value", "unit", "state", "opened_at",
        "changed_at", "changed_by", "headline", "undelivered",
    ]
    for line in _lines(_rows().order_by("-pk")[:MOST_EXPORTED]):
        alert = line.alert
        yield [
            alert.pk, alert.rule.kind, alert.subject, alert.period, alert.threshold, alert.value,
            words.UNITS[alert.rule.kind], alert.state, alert.opened_at.isoformat(),
            alert.changed_at.isoformat(), alert.changed_by, line.headline,
            len(line.undelivered),
        ]


