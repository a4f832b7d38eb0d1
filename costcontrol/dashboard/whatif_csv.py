"""A what-if run as a file: one row a figure, the three sides beside each other, exact."""

from collections.abc import Iterator

from billing.savings import CAUSES, OWN_COSTS
from costcontrol.dashboard.csvs import Row
from costcontrol.lib.money import to_usd
from routing.whatif.outcome import Outcome

CALLS, MONEY = "calls", "nanos"
SIDES = ("then", "same_rules", "changed")


def rows_of(found: Outcome) -> Iterator[Row]:
    yield ["section", "key", *(f"{side}_{unit}" for unit in (CALLS, MONEY) for side in SIDES),
           *(f"{side}_usd" for side in SIDES)]
    figures = found.figures
    sides = (figures.then, figures.same, figures.now)
    yield _row("total", "", [each.calls for each in sides], [each.cost_nanos for each in sides])
    yield _row("total", "with_estimates", None, [None, None, found.now_nanos])
    yield _row("baseline", "", None, [each.baseline_nanos for each in sides])
    for key in dict.fromkeys((*CAUSES, *OWN_COSTS, *sorted(set(figures.now.causes)))):
        yield _row("saved", key, None, [each.causes[key] for each in sides])
    yield _row("uncompared", "", None, [each.uncompared_nanos for each in sides])
    for section, calls, nanos in (
        ("class", "classes", "class_nanos"), ("model", "deployments", "deployment_nanos"),
    ):
        for key in sorted({key for each in sides for key in getattr(each, calls)}):
            yield _row(section, key, [getattr(each, calls)[key] for each in sides],
                       [getattr(each, nanos)[key] for each in sides])
    for section, name in (("layer", "layers"), ("refusal", "refusals")):
        for key in sorted({key for each in sides for key in getattr(each, name)}):
            yield _row(section, key, [getattr(each, name)[key] for each in sides], None)
    yield from _apart(found)


def _apart(found: Outcome) -> Iterator[Row]:
    """What only the changed side has."""
    figures = found.figures
    for key, number in sorted(figures.moves.items()):
        yield _row("move", key, [None, None, number], None)
    for key, number in sorted(figures.gaps.items()):
        yield _row("not_replayed", key, [number] * 3, None)
    for each in found.added:
        yield _row("layer_added", each["layer"], [None, None, each["calls"]],
                   [None, None, -each["saved_nanos"]] if each["is_measured"] else None)
    now = figures.now
    yield _row("let_in", "", [None, None, now.admitted], [None, None, now.admitted_nanos])
    yield _row("let_in", "debates", [None, None, now.admitted_debates],
               [None, None, found.opened_nanos])


def _row(
    section: str, key: str, calls: list[int] | list[int | None] | None,
    nanos: list[int] | list[int | None] | None,
) -> Row:
    empty: list[int | None] = [None] * 3
    money = nanos or empty
    return [section, key, *(calls or empty), *money,
            *(None if each is None else to_usd(each) for each in money)]
