"""The page that compares a provider's figures with ours: its state, cards and tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models_operator import UsageImport
from billing.reports.reconciled import Compared, Comparison
from billing.reports.reconciliation import compare, newest_day
from billing.usage_imports.importing import VENDORS, providers
from billing.usage_imports.served import served
from costcontrol.dashboard.components import KpiCard, Table, count, money, text
from costcontrol.dashboard.filter_bar import Choice
from costcontrol.dashboard.filters import shown
from costcontrol.dashboard.reconciliation_tables import (
    days_table,
    model_name,
    models_table,
    part_text,
)
from costcontrol.dashboard.reconciliation_words import reasons

NAMES = {"anthropic": "Anthropic", "openai": "OpenAI", "ollama": "Ollama"}


@dataclass(frozen=True, slots=True)
class ReconState:
    """`until`: the last day that is shown; None: nothing was imported. `day` None: the one that
    differs most."""

    provider: str
    until: date | None
    day: date | None
    notes: tuple[str, ...] = ()

    def query(self, **changes: str) -> str:
        said = {"provider": self.provider, "until": self.until.isoformat() if self.until else ""}
        return urlencode({name: value for name, value in (said | changes).items() if value})


@dataclass(frozen=True, slots=True)
class Explained:
    """One model of the day that is looked at."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReconPage:
    found: Comparison
    cards: tuple[KpiCard, ...]
    days: Table
    day: date
    models: Table
    explained: tuple[Explained, ...]
    stale: str
    older: str
    newest: str
    csv: str


def state_of(query: Mapping[str, str]) -> ReconState:
    """Never fails: what cannot be used is replaced, and a note says so."""
    notes: list[str] = []
    asked = query.get("provider", "").strip()
    known = providers()
    if asked and asked not in known:
        notes.append(_("There is no provider “%(name)s” here.") % {"name": shown(asked)})
        asked = ""
    provider = asked or _last_imported() or VENDORS[0]
    until = _date(query, "until", notes)
    newest = newest_day(provider)
    if newest is None:
        return ReconState(provider, None, None, tuple(notes))
    return ReconState(
        provider, min(until, newest) if until else newest, _date(query, "day", notes), tuple(notes)
    )


def _last_imported() -> str:
    return str(UsageImport.objects.values_list("provider", flat=True).first() or "")


def _date(query: Mapping[str, str], name: str, notes: list[str]) -> date | None:
    asked = query.get(name, "").strip()
    if not asked:
        return None
    try:
        found = date.fromisoformat(asked)
        if not 2000 <= found.year <= 2100:
            raise ValueError(asked)
    except ValueError:
        notes.append(_("“%(text)s” is no day. Write it like 2026-11-20.") % {"text": shown(asked)})
        return None
    return found


def comparison(state: ReconState, *, now: datetime) -> Comparison | None:
    if state.until is None:
        return None
    return compare(state.provider, until=state.until, served=served(), now=now)


def page_of(state: ReconState, *, now: datetime) -> ReconPage | None:
    """None: nothing of this provider was imported."""
    found = comparison(state, now=now)
    if found is None:
        return None
    days = found.days
    day = state.day or max(days, key=_gap, default=Compared(found.last, "")).day
    models = found.of_day(day)
    here = reverse("dashboard:reconciliation")
    before = (found.first - timedelta(days=1)).isoformat()
    newest = newest_day(state.provider)
    return ReconPage(
        found, _cards(found), days_table(days, state.query), day,
        models_table(models, state.provider, day),
        tuple(Explained(model_name(line), why) for line in models if (why := reasons(line))),
        _stale(found),
        older=f"{here}?{state.query(until=before)}" if found.has_older else "",
        newest=f"{here}?{state.query(until='')}" if found.last != newest else "",
        csv=f"{reverse('dashboard:reconciliation_csv')}?{state.query()}",
    )


def _gap(line: Compared) -> tuple[int, int]:
    return (abs(line.cost_gap or 0), abs(line.token_gap or 0))


def _cards(found: Comparison) -> tuple[KpiCard, ...]:
    total = found.total
    agreeing = sum(day.agrees for day in found.days)
    return (
        KpiCard(_("They count"), money(total.theirs.cost_nanos)),
        KpiCard(_("We count"), money(total.ours.cost_nanos if total.says_cost else None)),
        KpiCard(
            _("Difference, ours less theirs"), money(total.cost_gap),
            note=_("%(share)s of what they count") % {"share": part_text(total)}
            if total.cost_gap is not None and total.theirs.cost_nanos else "",
        ),
        KpiCard(
            _("Tokens, ours less theirs"), count(total.token_gap),
            note=_("The files of these days say nothing about tokens.")
            if total.token_gap is None else "",
        ),
        KpiCard(_("Days that agree"), text(f"{agreeing} / {len(found.days)}")),
    )


def _stale(found: Comparison) -> str:
    if not found.missing:
        return ""
    return _("The hourly sums are behind: ours is not known for %(days)s.") % {
        "days": ", ".join(day.isoformat() for day in sorted(found.missing))
    }


def choices(chosen: str) -> tuple[Choice, ...]:
    return tuple(
        Choice(name, NAMES.get(name, name), name == chosen) for name in providers()
    )
