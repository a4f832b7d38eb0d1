"""What the page of settings says about the rest: baselines, retention, what the environment set.

Nothing of it is changed here: each line names the variable or the command that does.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Baseline
from billing.retention import kept_since
from costcontrol import formats
from costcontrol.dashboard.components import Cell, Column, Table, Tone, badge, text, when
from routing.models import Deployment


def baselines_table(*, zone: str) -> Table:
    rows = tuple(
        (
            text(row.title, note=_("%(name)s, version %(version)d") % {
                "name": row.name, "version": row.version
            }),
            _baseline_state(row), when(row.frozen_at, zone=zone),
            when(row.superseded_at, zone=zone),
        )
        for row in Baseline.objects.order_by("name", "-version")
    )
    columns = (Column(_("Baseline")), Column(_("State")), Column(_("Frozen")), Column(_("Until")))
    return Table(
        _("Baselines that are frozen"), columns, rows, is_caption_hidden=True,
        empty_text=_("No baseline is frozen, so savings are not known. Freeze one: manage.py "
                     "baselines --freeze premium."),
    )


def _baseline_state(row: Baseline) -> Cell:
    if row.superseded_at:
        return badge(_("over"))
    if row.is_default:
        return badge(_("in force, the usual one"), Tone.OK)
    return badge(_("in force"), Tone.OK)


def environment_table(*, zone: str) -> Table:
    columns = (Column(_("What")), Column(_("Value")), Column(_("Set by")))
    return Table(
        _("What was set when the product started"), columns, tuple(_environment(zone)),
        is_caption_hidden=True,
    )


def _environment(zone: str) -> Iterator[tuple[Cell, ...]]:
    yield _row(
        _("Usage rows are kept"), _months(settings.USAGE_KEEP_MONTHS), "USAGE_KEEP_MONTHS",
        _since(kept_since(), zone),
    )
    yield _row(
        _("Alerts that are over are kept"), _months(settings.ALERTS_KEEP_MONTHS),
        "ALERTS_KEEP_MONTHS",
    )
    yield _row(_("Prompts and answers are kept"), _texts(), "KEEP_TEXT_DAYS")
    yield _row(_("Time zone of days and budgets"), settings.DEFAULT_ZONE, "DEFAULT_ZONE")
    yield _row(
        _("Debates held out to check savings"), f"{settings.HOLDOUT_PERCENT:g}%",
        "HOLDOUT_PERCENT",
    )
    yield _row(_("Cache of equal questions"), *_switch(settings.CACHE_TTL_S > 0), "CACHE_TTL_S")
    yield _row(
        _("Stored answers that others may be given"), *_switch(settings.CACHE_SHARED),
        "CACHE_SHARED",
    )
    yield _row(
        _("Answers made ahead, a month"),
        f"${settings.PRECOMPUTE_MONTHLY_USD:f}" if settings.PRECOMPUTE_MONTHLY_USD else _("off"),
        "PRECOMPUTE_MONTHLY_USD",
    )
    yield _row(_("Who tells what a topic means"), settings.TOPIC_EMBEDDER, "TOPIC_EMBEDDER")
    searching = Deployment.objects.filter(can_search=True, is_enabled=True).count()
    yield (
        text(_("Web searches in debates"), note=_(
            "When on, topics go to the web search of the model's vendor, also those that users "
            "type."
        )),
        *_switch(bool(searching)),
        text(_("“searches the web” of a model, in the admin")),
    )
    yield _row(_("Payments"), *_switch(bool(settings.STRIPE_SECRET_KEY)), "STRIPE_SECRET_KEY")


def _row(name: str, value: str | Cell, variable: str, note: str = "") -> tuple[Cell, ...]:
    shown = text(value, note=note) if isinstance(value, str) else value
    return (text(name), shown, text(variable))


def _switch(is_on: bool) -> tuple[Cell]:
    return (badge(_("on"), Tone.OK) if is_on else badge(_("off")),)


def _months(kept: int) -> str:
    if not kept:
        return _("for ever")
    return ngettext("%(n)d whole month", "%(n)d whole months", kept) % {"n": kept}


def _since(moment: datetime | None, zone: str) -> str:
    if moment is None:
        return _("All of them are there. Old ones go with: manage.py retain_usage.")
    return _("There are none of before %(when)s. More go with: manage.py retain_usage.") % {
        "when": formats.when(moment, zone=zone)
    }


def _texts() -> str:
    days = settings.KEEP_TEXT_DAYS
    if not days:
        return _("not at all")
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
