"""From the address of the explorer to its question, and back. Never fails.

The filters of all pages apply; the explorer's own are what is measured and how time is cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports.facts import FilterChoices
from billing.reports.ranges import Range, Step
from billing.reports.slices import Ask, Group
from costcontrol.dashboard import filters
from costcontrol.dashboard.explorer_measures import BY_KEY, MEASURES, Measure
from costcontrol.dashboard.filter_bar import Choice, FilterBar, Select, filter_bar, groups_select
from costcontrol.dashboard.filter_names import BY_NAME, EVERY
from costcontrol.dashboard.filter_values import choices_now

USUAL_GROUP, USUAL_MEASURE = "deployment", "spend"
STEP_TITLES = {
    Step.HOUR: gettext_lazy("hour"), Step.DAY: gettext_lazy("day"),
    Step.WEEK: gettext_lazy("week"), Step.MONTH: gettext_lazy("month"),
}
STEP_DAYS = {Step.HOUR: (1, 14), Step.DAY: (2, 400), Step.WEEK: (14, 400), Step.MONTH: (45, 400)}
NARROWER = ("deployment", "kind", "tier", "layer", "status", "user")  # what to look at next


@dataclass(frozen=True)
class ExplorerState:
    """`step` None: the one that suits the range."""

    shared: filters.State
    choices: FilterChoices
    measure: Measure
    step: Step | None = None
    notes: tuple[str, ...] = ()

    @property
    def range(self) -> Range:
        return replace(self.shared.range, by=self.step)

    @property
    def group(self) -> str:
        """A dimension's name; empty: all together."""
        chosen = self.shared.group or USUAL_GROUP
        return "" if chosen == filters.UNGROUPED else chosen

    @property
    def ask(self) -> Ask:
        column: Group = BY_NAME[self.group].column if self.group else ""  # type: ignore[assignment]
        return Ask(self.range, self.shared.question.now, self.shared.slices, column)

    def as_query(self, **changes: str) -> str:
        measure = "" if self.measure.key == USUAL_MEASURE else self.measure.key
        return self.shared.query_with({"measure": measure, "step": self.step or ""}, changes)

    def narrowed(self, key: str) -> str:
        """The query of the same page with one group alone, by what is still open."""
        chosen = {*self.shared.chosen, self.group}
        after = next((name for name in NARROWER if name not in chosen), filters.UNGROUPED)
        return self.as_query(**{self.group: key, "group": after})


def state_of(query: Mapping[str, str], *, now: datetime) -> ExplorerState:
    choices = choices_now()
    shared = filters.state_of(query, choices=choices, now=now, applies=EVERY)
    notes = list(shared.notes)
    measure = _measure(query.get("measure", "").strip(), notes)
    step = _step(query.get("step", "").strip(), shared.range.days, notes)
    return ExplorerState(shared, choices, measure, step, tuple(notes))


def _measure(asked: str, notes: list[str]) -> Measure:
    if asked and asked not in BY_KEY:
        notes.append(
            _("There is no figure “%(name)s”, so what was spent is shown.")
            % {"name": filters.shown(asked)}
        )
    return BY_KEY.get(asked, BY_KEY[USUAL_MEASURE])


def _step(asked: str, days: int, notes: list[str]) -> Step | None:
    if not asked:
        return None
    if asked not in list(Step):
        notes.append(
            _("Time is cut into hours, days, weeks or months, not “%(name)s”.")
            % {"name": filters.shown(asked)}
        )
        return None
    if Step(asked) not in steps_of(days):
        notes.append(
            _("So many days cannot be shown by the %(step)s, so the step that suits them is used.")
            % {"step": STEP_TITLES[Step(asked)]}
        )
        return None
    return Step(asked)


def steps_of(days: int) -> tuple[Step, ...]:
    """The steps that make sense for so many days."""
    return tuple(step for step, (least, most) in STEP_DAYS.items() if least <= days <= most)


def bar_of(state: ExplorerState, *, today: str) -> FilterBar:
    return filter_bar(
        state.shared, state.choices, today=today, query=state.as_query, compares=True,
        first=(_measures(state), groups_select(state.shared, USUAL_GROUP), _steps(state)),
    )


def _measures(state: ExplorerState) -> Select:
    known = (Choice(each.key, str(each.title), each == state.measure) for each in MEASURES)
    return Select("measure", _("Figure"), tuple(known))


def _steps(state: ExplorerState) -> Select:
    suits = Choice("", _("as it suits"), state.step is None)
    known = (
        Choice(step, str(STEP_TITLES[step]), step == state.step)
        for step in steps_of(state.shared.range.days)
    )
    return Select("step", _("By"), (suits, *known))
