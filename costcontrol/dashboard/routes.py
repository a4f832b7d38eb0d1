"""Routes and models, put together: the table in force, its rules, every model, the drafts."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.prices import PriceTable
from billing.reports import deployments, rules
from billing.reports.deployments import Deployments
from billing.reports.facts import FilterChoices
from costcontrol import formats
from costcontrol.dashboard import routes_models, routes_rules
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Figure,
    Table,
    Tone,
    badge,
    link,
    when,
)
from costcontrol.dashboard.filter_bar import FilterBar, filter_bar
from costcontrol.dashboard.filters import State
from costcontrol.dashboard.health import Model
from costcontrol.dashboard.routes_models import ModelLine
from costcontrol.dashboard.routes_rules import Rule
from routing.models import Deployment, RoutePolicy
from routing.whatif import quality

MOST_VERSIONS = 10
MAY_DRAFT, MAY_PUBLISH = "routing.add_routepolicy", "routing.change_routepolicy"
MAY_SWITCH = "routing.change_deployment"
Status = RoutePolicy.Status
TONES = {Status.DRAFT: Tone.WARN, Status.PUBLISHED: Tone.OK, Status.RETIRED: Tone.OFF}


@dataclass(frozen=True, slots=True)
class Found:
    """What page and exports are made of."""

    published: RoutePolicy | None
    rules: list[Rule]
    by_table: int
    known_from: str
    models: list[ModelLine]
    did: Deployments


@dataclass(frozen=True, slots=True)
class RoutesPage:
    bar: FilterBar
    published: RoutePolicy | None
    in_force: Table
    rules: Table
    rules_note: str
    models: Table
    models_note: str
    figure: Figure
    versions: Table
    stale: str
    unpriced: str
    is_unused: bool
    rules_csv: str
    models_csv: str


def found_of(state: State, seen: Mapping[str, Model]) -> Found:
    now, filters = state.question.now, state.question.filters
    published = RoutePolicy.objects.filter(status=Status.PUBLISHED).first()
    use = rules.load(state.range, now=now, filters=filters)
    did = deployments.load(state.range, now=now, filters=state.slices)
    rows = Deployment.objects.order_by("model_class", "priority", "name")
    if filters.deployment:
        rows = rows.filter(name=filters.deployment)
    models = routes_models.lines(
        list(rows), seen=seen, prices=PriceTable.load(now), did=did.by_name,
        ratings=quality.ratings(), zone=state.zone,
    )
    return Found(
        published, routes_rules.rules_of(
            use, published.cells if published else {}, tier=filters.tier
        ),
        use.calls, formats.day(use.known_from, zone=state.zone) if use.known_from else "",
        models, did,
    )


def routes_page(
    state: State, found: Found, choices: FilterChoices, *, today: str
) -> RoutesPage:
    return RoutesPage(
        bar=filter_bar(state, choices, today=today),
        published=found.published,
        in_force=routes_rules.table_in_force(found.published.cells if found.published else {}),
        rules=routes_rules.rules_table(found.rules, found.by_table),
        rules_note=_rules_note(found),
        models=routes_models.models_table(found.models), models_note=_models_note(found),
        figure=routes_models.scatter(found.models), versions=versions_table(),
        stale=_stale(found.did), unpriced=", ".join(routes_models.unpriced(found.models)),
        is_unused=not any(line.did.attempts for line in found.models),
        rules_csv=csv_url("rules", state), models_csv=csv_url("models", state),
    )


def csv_url(name: str, state: State) -> str:
    return f"{reverse('dashboard:routes_csv', args=[name])}?{state.as_query()}"


def _rules_note(found: Found) -> str:
    answered = sum(line.did.answered for line in found.models)
    note = _(
        "%(table)s of %(all)s calls that models answered went by the table. The others named their "
        "model, or were held out to check savings."
    ) % {"table": formats.count(found.by_table), "all": formats.count(answered)}
    if not found.known_from:
        return note
    return note + " " + _(
        "Rules are known from %(day)s on. Older hours are being filled in; “manage.py rollup "
        "--rebuild” does it at once."
    ) % {"day": found.known_from}


def _models_note(found: Found) -> str:
    """Which days it is about, where that is not the whole range."""
    notes = [_("Calls that a cache answered are in none of these figures.")]
    if short := found.did.shortened:
        notes.append(_("So many days cannot be added up at once: the figures are from %(first)s "
                       "to %(last)s.") % {"first": short.first, "last": short.last})
    if found.did.timed.days >= deployments.LATENCY_DAYS:
        notes.append(_("Times are those from %(first)s on.") % {"first": found.did.timed.first})
    return " ".join(notes)


def _stale(did: Deployments) -> str:
    if not did.missing_hours:
        return ""
    return ngettext(
        "The hourly sums are %(time)s behind, and %(hours)d hour is not in the figures yet.",
        "The hourly sums are %(time)s behind, and %(hours)d hours are not in the figures yet.",
        did.missing_hours,
    ) % {"time": formats.duration(did.lag_s * 1000), "hours": did.missing_hours}


def versions_table() -> Table:
    """Drafts and what was in force, newest first."""
    columns = (Column(_("Version")), Column(_("Status")), Column(_("Made")), Column(_("Published")))
    rows = RoutePolicy.objects.order_by("-version")[:MOST_VERSIONS]
    return Table(
        _("Versions of the table, newest first"), columns, tuple(map(_version, rows)),
        empty_text=_("There is no routing table, so no call can be answered. Load the default rows "
                     "with “manage.py load_defaults”."),
        is_caption_hidden=True,
    )


def _version(row: RoutePolicy) -> tuple[Cell, ...]:
    status, zone = Status(row.status), settings.DEFAULT_ZONE
    there = reverse("dashboard:routes_draft", args=[row.version])
    return (
        link(_("Version %(version)d") % {"version": row.version}, there),
        badge(str(status.label), TONES[status]), when(row.created_at, zone=zone),
        when(row.published_at, zone=zone),
    )


