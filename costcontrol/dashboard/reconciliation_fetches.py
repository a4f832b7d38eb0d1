"""Asking providers from the page of reconciliation: who can be asked, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models_fetches import UsageFetch
from billing.usage_imports import fetches
from billing.usage_imports.asking import Vendor
from billing.usage_imports.vendors import VENDORS, is_on
from costcontrol import formats
from costcontrol.dashboard.components import Cell, Column, Table, Tone, badge, text, when
from costcontrol.dashboard.filter_bar import Choice
from costcontrol.lib.sentences import said

SHOWN = 10
USUAL_DAYS = 7
TONES = {
    UsageFetch.State.DONE: Tone.OK, UsageFetch.State.FAILED: Tone.BAD,
    UsageFetch.State.RUNNING: Tone.WARN,
}


@dataclass(frozen=True, slots=True)
class FetchForm:
    """`choices`: providers that a key is set for. `off`: the others. Days as `<input>` has them."""

    choices: tuple[Choice, ...]
    off: tuple[Vendor, ...]
    first: str
    last: str
    oldest: str
    newest: str
    is_demo: bool


def form_of(said_days: Mapping[str, str], *, provider: str, now: datetime) -> FetchForm:
    newest = fetches.yesterday(now=now)
    usual = newest - timedelta(days=USUAL_DAYS - 1)
    return FetchForm(
        tuple(
            Choice(name, vendor.title, name == provider)
            for name, vendor in VENDORS.items() if is_on(vendor)
        ),
        tuple(vendor for vendor in VENDORS.values() if not is_on(vendor)),
        said_days.get("first", "") or usual.isoformat(),
        said_days.get("last", "") or newest.isoformat(),
        (newest - timedelta(days=fetches.MOST_DAYS_AGO - 1)).isoformat(), newest.isoformat(),
        settings.DEMO,
    )


def is_going() -> bool:
    return UsageFetch.objects.filter(state__in=fetches.OPEN).exists()


def fetches_table(*, zone: str) -> Table:
    """The newest, of every provider."""
    rows = tuple(_row(fetch, zone) for fetch in UsageFetch.objects.all()[:SHOWN])
    columns = tuple(Column(name) for name in (
        _("Asked"), _("Provider"), _("Days"), _("State"), _("What came of it"), _("By"),
    ))
    return Table(
        _("Providers that were asked"), columns, rows, is_caption_hidden=True,
        empty_text=_("No provider was asked yet."),
    )


def _row(fetch: UsageFetch, zone: str) -> tuple[Cell, ...]:
    vendor = VENDORS.get(fetch.provider)
    by = _("every night") if fetch.made_by == fetches.NIGHTLY else fetch.made_by
    return (
        when(fetch.made_at, zone=zone), text(vendor.title if vendor else fetch.provider),
        text(f"{fetch.first_day} – {fetch.last_day}", note=_("UTC")),
        badge(fetch.get_state_display(), TONES.get(UsageFetch.State(fetch.state), Tone.OFF)),
        text(outcome(fetch)), text(by),
    )


def outcome(fetch: UsageFetch) -> str:
    match fetch.state:
        case UsageFetch.State.WAITING:
            return _("It begins as soon as a worker is free.")
        case UsageFetch.State.RUNNING:
            return ngettext(
                "%(n)s page is read.", "%(n)s pages are read.", fetch.pages
            ) % {"n": formats.count(fetch.pages)}
        case UsageFetch.State.FAILED:
            return said(fetches.sentence_of(fetch.failure))
    if not fetch.days_changed:
        return _("Nothing new: these figures were here already.")
    return ngettext(
        "%(n)s day has new figures.", "%(n)s days have new figures.", fetch.days_changed
    ) % {"n": formats.count(fetch.days_changed)}
