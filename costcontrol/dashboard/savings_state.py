"""What the savings page shows: filters as on other pages, and the baseline that is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing.baselines import Named
from billing.reports import savings_report
from billing.reports.facts import FilterChoices, filters_known
from costcontrol.dashboard import filters
from costcontrol.dashboard.filter_bar import Choice, FilterBar, Select, filter_bar


@dataclass(frozen=True)
class SavingsState:
    """`against` None: nothing is frozen yet."""

    shared: filters.State
    choices: FilterChoices
    against: Named | None
    baselines: tuple[Named, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        return self.shared.is_filtered

    def as_query(self, **changes: str) -> str:
        name = "" if self.against is None or self.against.is_default else self.against.name
        return self.shared.query_with({"baseline": name}, changes)


def state_of(query: Mapping[str, str], *, now: datetime) -> SavingsState:
    """Never fails."""
    choices = filters_known()
    shared = filters.state_of(query, choices=choices, now=now)
    asked = query.get("baseline", "")
    against, every = savings_report.chosen(asked)
    notes = list(shared.notes)
    if asked and (against is None or against.name != asked):
        notes.append(
            _("There is no baseline “%(name)s”, so the usual one is shown.")
            % {"name": filters.shown(asked)}
        )
    return SavingsState(shared, choices, against, every, tuple(notes))


def bar_of(state: SavingsState, *, today: str) -> FilterBar:
    return filter_bar(
        state.shared, state.choices, today=today, query=state.as_query, first=(_baselines(state),)
    )


def _baselines(state: SavingsState) -> Select:
    return Select("baseline", _("Compared with"), tuple(
        Choice(each.name, baseline_title(each), each == state.against) for each in state.baselines
    ))


def baseline_title(named: Named) -> str:
    """In a few words."""
    titles = {"premium": _("All on the premium model"), "original": _("The original app’s mix")}
    return titles.get(named.name, named.title)
