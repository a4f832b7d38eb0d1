"""What stands beside the list of users: who is unusual now, and each plan in these days."""

from collections.abc import Mapping

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Tier, User
from billing.reports.slices import Ask, Slices, load
from billing.reports.users import Recent, outliers
from costcontrol.dashboard.components import Cell, Column, Table, count, link, money, text
from costcontrol.dashboard.filters import State

PLACES = 4
TIER = "tier"


def unusual_table(shared: State) -> Table | None:
    """None: nobody is. Of the last 24 whole hours, whatever days are looked at."""
    found = outliers(now=shared.question.now)
    if not found:
        return None
    people = User.objects.in_bulk(list(found))
    columns = (
        Column(_("User")), Column(_("Last 24 hours"), is_number=True),
        Column(_("An average day before"), is_number=True), Column(_("Times"), is_number=True),
    )
    query = shared.as_query(**shared.without_filters())
    rows = tuple(_unusual(pk, recent, people, query) for pk, recent in found.items())
    return Table(_("Who spends unusually much now"), columns, rows, is_caption_hidden=True)


def _unusual(pk: int, recent: Recent, people: Mapping[int, User], query: str) -> tuple[Cell, ...]:
    name = str(people[pk]) if pk in people else _("user %(number)d") % {"number": pk}
    there = reverse("dashboard:user", args=[pk])
    who = link(name, f"{there}?{query}" if query else there) if pk in people else text(name)
    times = f"{recent.cost_nanos / recent.usual_nanos:.1f}" if recent.usual_nanos else None
    return (
        who, money(recent.cost_nanos, places=PLACES), money(recent.usual_nanos, places=PLACES),
        text(times, note="" if times else _("there was nothing before")),
    )


def plans_table(shared: State, slices: Slices | None = None) -> Table:
    """Each plan: who has it, what it allows, and what its calls cost in these days."""
    question = shared.question
    spent = (slices or load(Ask(
        question.range, question.now, shared.slices, group_by=TIER
    )))
    sums: dict[str, tuple[int, int]] = {}
    for row in spent.rows:
        calls, cost = sums.get(row.key, (0, 0))
        sums[row.key] = (calls + row.calls, cost + row.cost_nanos)
    people = dict(
        User.objects.filter(is_active=True).order_by().values_list("tier").annotate(Count("pk"))
    )
    columns = (
        Column(_("Plan")), Column(_("Users"), is_number=True),
        Column(_("Debates a day"), is_number=True), Column(_("Calls a day"), is_number=True),
        Column(_("Calls"), is_number=True), Column(_("Spent"), is_number=True),
    )
    rows = tuple(
        (
            link(tier.title, reverse("admin:accounts_tier_change", args=[tier.pk])),
            count(people.get(tier.pk, 0)), _limit(tier.debates_per_day),
            _limit(tier.requests_per_day), count(sums.get(tier.pk, (0, 0))[0]),
            money(sums.get(tier.pk, (0, 0))[1], places=PLACES),
        )
        for tier in Tier.objects.order_by("rank")
    )
    return Table(_("Plans"), columns, rows, is_caption_hidden=True)


def _limit(number: int | None) -> Cell:
    return text(_("no limit")) if number is None else count(number)
