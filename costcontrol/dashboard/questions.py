"""The questions that operators ask every week, and where each is answered.

A dashboard has many pages, and somebody new to it knows the question, not the page. The last days
stand on top by tier, since “what did they cost on Tuesday” is the question asked most.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.dateformat import format as day_format
from django.utils.translation import gettext as _

from billing.reports.ranges import Range, Step, last_days
from billing.reports.slices import Ask, Slices, load
from costcontrol.dashboard.components import Cell, Column, Kind, Table, text
from costcontrol.dashboard.filter_names import value_words

DAYS = 8  # last Tuesday is in it, also on a Tuesday
PLACES = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `page`: the name of the page that answers it."""

    words: str
    page: str
    url: str


@dataclass(frozen=True, slots=True)
class Topic:
    id: str
    title: str
    questions: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class QuestionsPage:
    days: Table | None
    topics: tuple[Topic, ...]
    missing_hours: int


def questions_page(*, zone: str, now: datetime) -> QuestionsPage:
    days = last_days(DAYS, zone=zone, now=now)
    slices = load(Ask(Range(days.first, days.last, zone, Step.DAY), now, group_by="tier"))
    return QuestionsPage(
        _days(slices) if slices.rows else None, tuple(_topics(days.last, zone)),
        slices.missing_hours,
    )


def _days(slices: Slices) -> Table:
    """A line for each tier, a column for each day, the newest first."""
    days, zone = slices.answered.range, slices.ask.range.zone
    shown = [days.last - timedelta(days=ago) for ago in range(days.days)]
    costs: dict[tuple[str, int], int] = {}
    for row in slices.rows:
        for key in (row.key, ""):
            costs[key, row.bucket] = costs.get((key, row.bucket), 0) + row.cost_nanos
    rows = [
        (_tier(name), *(
            _cost(costs.get((name, days.days - 1 - place), 0), name, day, zone)
            for place, day in enumerate(shown)
        ))
        for name in ("", *sorted({row.key for row in slices.rows}))
    ]
    columns = (Column(_("Tier")), *(Column(day_words(day), is_number=True) for day in shown))
    return Table(
        _("What each tier cost on the last days"), columns, tuple(rows), is_caption_hidden=True
    )


def day_words(day: date) -> str:
    """“Tue 11-24”"""
    return f"{day_format(day, 'D')} {day:%m-%d}"


def _tier(name: str) -> Cell:
    return text(value_words("tier", name)) if name else text(_("All together"))


def _cost(nanos: int, tier: str, day: date, zone: str) -> Cell:
    """Leads to what changed on this day, or to the users of this tier."""
    url = (
        address("explorer", day=day, zone=zone, tier=tier, group="user") if tier
        else address("movers", day=day, zone=zone)
    )
    return Cell(Kind.MONEY, nanos, href=url, places=PLACES)


def address(name: str, *, zone: str, day: date | None = None, **query: str) -> str:
    """Of a staff page with these filters."""
    days = {"from": day.isoformat(), "to": day.isoformat()} if day else {}
    own = {"zone": zone} if zone != settings.DEFAULT_ZONE else {}
    said = urlencode({**days, **query, **own})
    return reverse(f"dashboard:{name}") + (f"?{said}" if said else "")


def _topics(today: date, zone: str) -> Iterator[Topic]:
    yield Topic("spent", _("What it cost"), tuple(_spent(today, zone)))
    yield Topic("ahead", _("What is to come"), tuple(_ahead(zone)))
    yield Topic("worth", _("What is worth its money"), tuple(_worth(zone)))
    yield Topic("people", _("Who, and who is told"), tuple(_people(zone)))
    yield Topic("books", _("For the books"), tuple(_books(today, zone)))


def _spent(today: date, zone: str) -> Iterator[Asked]:
    yesterday, movers = today - timedelta(days=1), _("What changed most")
    yield Asked(_("Why did yesterday cost what it cost?"), movers,
                address("movers", day=yesterday, zone=zone))
    yield Asked(_("Why do the last 7 days cost more or less than those before?"), movers,
                address("movers", zone=zone, range="7d"))
    yield Asked(_("Which kind of call costs most?"), _("Explorer"),
                address("explorer", zone=zone, group="kind"))
    yield Asked(_("What did one debate cost, and which part of it?"), _("Debate costs"),
                address("debates", zone=zone, order="dearest"))


def _ahead(zone: str) -> Iterator[Asked]:
    forecast = address("forecast", zone=zone)
    yield Asked(_("Will this month hold its budget, and when is it used up?"), _("Forecast"),
                f"{forecast}#limits")
    yield Asked(_("Which days were out of the ordinary?"), _("Forecast"), f"{forecast}#odd")
    yield Asked(_("Can we afford twice as many users?"), _("Forecast"), f"{forecast}#growth")
    yield Asked(_("What if people paid another price?"), _("Price simulator"),
                reverse("dashboard:revenue_simulator"))
    yield Asked(_("Should we buy a machine of our own?"), _("Own hardware"),
                reverse("dashboard:roi"))


def _worth(zone: str) -> Iterator[Asked]:
    yield Asked(_("Which cache layer pays?"), _("Caches"), address("caches", zone=zone))
    yield Asked(_("Where do the savings come from?"), _("Savings"), address("savings", zone=zone))
    yield Asked(_("Which model is worth its price, and which fails most?"), _("Routes & models"),
                address("routes", zone=zone))
    yield Asked(_("What if premium calls went to a cheaper model?"), _("What if"),
                reverse("dashboard:whatif"))


def _people(zone: str) -> Iterator[Asked]:
    yield Asked(_("Who costs most, and can I slow them down?"), _("Users & tiers"),
                address("users", zone=zone))
    yield Asked(_("Which plan earns more than it costs?"), _("Revenue"),
                reverse("dashboard:revenue"))
    yield Asked(_("Who is told when a budget reaches 80%?"), _("Rules of alerts"),
                reverse("dashboard:alert_rules"))
    yield Asked(_("Does a message to them arrive?"), _("Channels of alerts"),
                reverse("dashboard:alert_channels"))


def _books(today: date, zone: str) -> Iterator[Asked]:
    month = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    yield Asked(_("What are last month’s figures?"), _("Monthly report"),
                address("report", zone=zone, month=month))
    yield Asked(_("Last month’s figures for the accountant, as a file"), _("Monthly report"),
                address("report_csv", zone=zone, month=month))
    yield Asked(_("Did the provider bill what we booked?"), _("Reconciliation"),
                reverse("dashboard:reconciliation"))
    yield Asked(_("Which prices, rules and budgets changed this week, and who did it?"),
                _("Audit log"), address("audit", zone=zone, range="7d"))
