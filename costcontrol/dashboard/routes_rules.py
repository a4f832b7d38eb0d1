"""The routing table in force, and how many calls went by each of its rules."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Tier
from billing.reports.kpis import share as share_of
from billing.reports.rules import RuleSum, RuleUse
from costcontrol.dashboard.components import Cell, Column, Table, count, money, share, text
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.whatif_form import COMPLEXITY_LABELS, MODE_LABELS, cell_text
from costcontrol.lib.money import to_usd
from routing.policy import ECONOMY
from routing.services import MODES
from routing.snapshot import Cells
from routing.types import Complexity


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as calls go by it: a tier's mode, or economy mode, and how hard they are. `classes`
    None: there is no such plan or row any more."""

    tier: str
    mode: str
    complexity: str
    classes: tuple[str, ...] | None
    use: RuleSum


def table_in_force(cells: Cells) -> Table:
    """Modes by complexity: classes, best first."""
    columns = (Column(_("Mode")), *(Column(str(COMPLEXITY_LABELS[each])) for each in Complexity))
    rows = tuple(
        (text(str(MODE_LABELS[mode])),
         *(text(cell_text(cells.get(mode, {}).get(each, [])) or None) for each in Complexity))
        for mode in MODES
    )
    return Table(_("Classes of models by mode, best first"), columns, rows, is_caption_hidden=True)


def rules_of(use: RuleUse, cells: Cells, *, tier: str = "") -> list[Rule]:
    """Every rule of every plan, used or not; economy mode where it was used. `tier`: only of it."""
    left = {(row.tier, row.complexity, row.is_economy): row for row in use.rows}
    found = []
    for plan in Tier.objects.order_by("rank", "name"):
        if tier and plan.pk != tier:
            continue
        for is_economy in (False, True):
            mode = ECONOMY if is_economy else plan.route_mode
            for complexity in Complexity:
                used = left.pop((plan.pk, str(complexity), is_economy), None)
                if used is None and is_economy:
                    continue
                allowed = cells.get(mode, {}).get(complexity, [])
                classes = tuple(each for each in allowed if each in plan.allowed_classes)
                nothing = RuleSum(plan.pk, str(complexity), is_economy, 0, 0)
                found.append(Rule(plan.pk, mode, str(complexity), classes, used or nothing))
    return [*found, *(
        Rule(row.tier, ECONOMY if row.is_economy else "", row.complexity, None, row)
        for row in left.values()
    )]


def rules_table(rules: list[Rule], whole: int) -> Table:
    names = (_("Calls"), _("Share of calls by the table"), _("Spent"))
    columns = (
        Column(_("Plan")), Column(_("Mode")), Column(_("Complexity")), Column(_("Classes")),
        *(Column(name, is_number=True) for name in names),
    )
    return Table(
        _("Rules and the calls that went by them"), columns,
        tuple(_row(rule, whole) for rule in rules),
        empty_text=_("There is no plan. Load the default rows with “manage.py load_defaults”."),
        is_caption_hidden=True,
    )


def _row(rule: Rule, whole: int) -> tuple[Cell, ...]:
    classes = None if rule.classes is None else cell_text(rule.classes)
    return (
        text(rule.tier or _("not said")),
        text(str(MODE_LABELS[rule.mode]) if rule.mode else None),
        text(str(COMPLEXITY_LABELS.get(rule.complexity, rule.complexity)) or _("not said")),
        text(_("nothing allowed") if classes == "" else classes),
        count(rule.use.calls), share(share_of(rule.use.calls, whole)),
        money(rule.use.cost_nanos, places=4),
    )


def csv_rows(rules: list[Rule]) -> Iterator[Row]:
    yield ["tier", "mode", "complexity", "classes", "calls", "cost_nanos", "cost_usd"]
    for rule in rules:
        yield [rule.tier, rule.mode, rule.complexity, " ".join(rule.classes or ()),
               rule.use.calls, rule.use.cost_nanos, to_usd(rule.use.cost_nanos)]

