"""One user: spend by day and kind of call, quota, keys, alerts, and where to change what."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from billing.models import Customer, Metric
from billing.payments.mismatch import mismatches
from billing.reports.purse import purse
from billing.reports.shapes import Line, Series, Unit
from billing.reports.slices import NONE, Ask, SliceFilters, SliceRow, Slices, load
from billing.reports.users import UserFacts, facts_of
from costcontrol import formats
from costcontrol.dashboard import alerts, figures
from costcontrol.dashboard.alerts import AlertLine
from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    Figure,
    Table,
    Tone,
    badge,
    money,
    text,
    when,
)
from costcontrol.dashboard.csvs import Row, series_rows
from costcontrol.dashboard.filter_names import value_words
from costcontrol.dashboard.filters import State
from costcontrol.dashboard.labels import bucket_label
from costcontrol.dashboard.tables import summed_table
from costcontrol.dashboard.users import badge_of, used_cell
from costcontrol.lib.sentences import said

MOST_KINDS = 9
MOST_KEYS = 50
PLACES = 4


@dataclass(frozen=True, slots=True)
class UserPage:
    name: str
    facts: UserFacts
    state: Badge | None
    plan_lines: tuple[tuple[str, Cell], ...]
    unusual: str
    wrong: tuple[str, ...]  # what does not fit with Stripe
    figure: Figure
    keys: Table
    alerts: tuple[AlertLine, ...]
    links: tuple[tuple[str, str], ...]


def asked(user: User, state: State) -> Slices:
    return load(Ask(
        state.range, state.question.now, SliceFilters(user_id=user.pk), group_by="call_kind"
    ))


def user_page(user: User, state: State) -> UserPage:
    now = state.question.now
    slices = asked(user, state)
    facts = facts_of([user.pk], days=state.range, now=now)[user.pk]
    wrong = tuple(map(said, mismatches([user], now=now).get(user.pk, ())))
    return UserPage(
        name=str(user), facts=facts, state=badge_of(facts, is_wrong=bool(wrong)), wrong=wrong,
        plan_lines=(*_plan_lines(facts, slices.total), *_credit_lines(user, now)),
        unusual=_unusual(facts),
        figure=_figure(user, slices, state), keys=_keys(user, state.zone, now),
        alerts=alerts.of_user(user.pk), links=_links(user, state),
    )


def _plan_lines(facts: UserFacts, total: SliceRow) -> tuple[tuple[str, Cell], ...]:
    margin = None if facts.earned_nanos is None else facts.earned_nanos - total.cost_nanos
    earned = money(facts.earned_nanos, places=2)
    if facts.earned_nanos is None:
        earned = text(_("no subscription of their own"))
    return (
        (_("Plan"), text(facts.plan)),
        (_("Debates today"), used_cell(facts.limit(Metric.DEBATES))),
        (_("Calls today, outside debates"), used_cell(facts.limit(Metric.REQUESTS))),
        (_("Spent in these days"), money(total.cost_nanos, places=PLACES)),
        (_("Brings in, in these days"), earned),
        (_("Margin"), money(margin, places=2)),
    )


def _credit_lines(user: User, now: datetime) -> Iterator[tuple[str, Cell]]:
    """Of whoever ever bought or was given something beside the plan."""
    found = purse(Customer.objects.filter(user_id=user.pk).first(), now=now)
    if found.credit is not None:
        yield _("Credit left"), money(found.credit.left_nanos, places=2)
    if found.has_overage:
        yield _("Left beyond the plan, this month"), money(found.overage_left, places=2)


def _unusual(facts: UserFacts) -> str:
    if not facts.recent.is_outlier:
        return ""
    return _(
        "The last 24 hours cost %(cost)s. An average day of the week before cost %(usual)s."
    ) % {
        "cost": formats.money(facts.recent.cost_nanos),
        "usual": formats.money(facts.recent.usual_nanos),
    }


def series_of(slices: Slices) -> Series:
    """Cost by bucket and kind of call, the dearest kinds first; the rest together."""
    by_kind: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in slices.rows:
        by_kind[row.key][row.bucket] += row.cost_nanos
    kinds = sorted(by_kind, key=lambda kind: (-sum(by_kind[kind].values()), kind))
    shown, rest = kinds[:MOST_KINDS], kinds[MOST_KINDS:]
    for kind in rest:
        for bucket, cost in by_kind[kind].items():
            by_kind["other"][bucket] += cost
    names = [*shown, *(["other"] if rest else [])]
    lines = tuple(
        Line(_kind_words(kind), tuple(
            by_kind[kind].get(number, 0) if known else None
            for number, known in enumerate(slices.is_known)
        ))
        for kind in names
    )
    return Series(slices.buckets, lines, Unit.NANOS)


def _kind_words(kind: str) -> str:
    if kind == "other":
        return _("Other kinds")
    return str(value_words("kind", kind)) if kind == NONE else kind


def _figure(user: User, slices: Slices, state: State) -> Figure:
    series = series_of(slices)
    days = slices.answered.range
    title = _("What was spent, by kind of call")
    table = summed_table(series, caption=title, days=days)
    url = reverse("dashboard:user_csv", args=[user.pk])
    query = state.as_query(**state.without_filters())
    if not any(any(line.values) for line in series.lines):
        return Figure(
            "user-spend", title, table, is_empty=True,
            empty_text=_("Nothing was spent in these days. Choose more days above."),
        )
    drawn = figures.over_time(_traces(series, slices), series, days)
    return Figure(
        "user-spend", title, table, json=drawn.to_json(),
        csv_url=f"{url}?{query}" if query else url, note=_shortened(slices),
    )


def _traces(series: Series, slices: Slices) -> list[dict[str, Any]]:
    days = slices.answered.range
    labels = [bucket_label(each, step=days.step, zone=days.zone) for each in series.buckets]
    return [
        {
            "type": "bar", "name": line.key, "x": labels,
            "y": figures.drawn(line.values, series.unit), "meta": {"color": f"c{number}"},
            "hovertemplate": figures.HOVER[series.unit],
        }
        for number, line in enumerate(series.lines, 1)
    ]


def _shortened(slices: Slices) -> str:
    if slices.shortened is None:
        return ""
    return _("That would be too much to read at once, so these are the days from %(first)s on.") % {
        "first": slices.shortened.first.isoformat()
    }


def csv_rows(user: User, state: State) -> list[Row]:
    return list(series_rows(series_of(asked(user, state)), zone=state.zone))


def _keys(user: User, zone: str, now: datetime) -> Table:
    columns = (Column(_("Prefix")), Column(_("Name")), Column(_("State")), Column(_("Last used")))
    rows = ApiKey.objects.filter(user=user).order_by("-pk")[:MOST_KEYS]
    return Table(_("Keys"), columns, tuple(
        (text(row.prefix), text(row.name), _key_state(row, now), when(row.last_used_at, zone=zone))
        for row in rows
    ), empty_text=_("This user has no key."), is_caption_hidden=True)


def _key_state(row: ApiKey, now: datetime) -> Cell:
    if row.revoked_at:
        return badge(_("revoked"), Tone.OFF)
    if row.expires_at and row.expires_at <= now:
        return badge(_("expired"), Tone.OFF)
    return badge(_("in use"), Tone.OK)


def _links(user: User, state: State) -> tuple[tuple[str, str], ...]:
    query = state.as_query(**state.without_filters() | {"user": str(user.pk)})
    changes = urlencode({"range": "90d", "target": str(user)})
    return (
        (_("Calls of this user"), f"{reverse('dashboard:calls')}?{query}"),
        (_("Explore this user's spend"), f"{reverse('dashboard:explorer')}?{query}"),
        (_("Changes to this user"), f"{reverse('dashboard:audit')}?{changes}"),
        (_("Change plan, credit or access"), reverse("admin:accounts_user_change", args=[user.pk])),
    )

