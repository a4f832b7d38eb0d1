"""Which table answers a question in the fewest rows.

Every column that is filtered or grouped by must be in it. One column, or none: a facet. Two: a
daily facet of both, where whole days of DEFAULT_ZONE are read; the hours that are left come from
the slices. Users: months, days and hours of users. One user: the slices of users, by an index. More
columns: the slices.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from billing.models_rollup import Grain
from billing.reports.slice_shapes import USER, SliceFilters
from billing.slice_measures import BY_USER, EVERY_CALL, MEASURES, SLICED_BY, facet_of

SAVED = (
    "saved_cache_nanos + saved_search_nanos + saved_prompt_cache_nanos + saved_route_nanos"
    " + saved_local_nanos + saved_precompute_nanos + saved_helpers_nanos + saved_failed_nanos"
)
WHOLE_COLUMNS = frozenset({"deployment", "model_class", "cache_layer"})
FINE_COLUMNS = WHOLE_COLUMNS | {"tier", "language"}


@dataclass(frozen=True, slots=True)
class Table:
    """`unit`: the column of its hour or day. `columns`: what is asked for -> what it is called
    here. `is_wide`: its rows of many days can be too many."""

    name: str
    unit: str
    columns: Mapping[str, str]
    where: str = ""
    is_wide: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)  # measures that are made here

    def sums(self, only: Collection[str]) -> str:
        """Of the measures that are wanted."""
        return ", ".join(
            f"CAST(SUM({self.renamed.get(name, name)}) AS BIGINT)"
            for name in (measure.name for measure in MEASURES) if name in only
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """`days` None: days are added up of hours too; `months` the same. `is_slices`: of tables that
    hold only hours which are in the slices."""

    hours: Table
    days: Table | None = None
    is_slices: bool = True
    months: Table | None = None


def plan_of(filters: SliceFilters, group_by: str, *, is_filled: bool) -> Plan:
    """`is_filled`: all hours in question are in the slices."""
    asked = frozenset(filters.columns) | (column_of(group_by) if group_by else frozenset())
    if not is_filled and asked <= FINE_COLUMNS:
        return Plan(_usage(asked), is_slices=False)
    if "user_id" in asked:
        return _of_users(asked, is_one=filters.user_id is not None)
    if len(asked) <= 1:
        return Plan(_facet("hour", asked), _facet("day", asked))
    hours = _usage(asked) if asked <= FINE_COLUMNS else _plain("hourlyslice", "hour", SLICED_BY)
    if len(asked) == 2:
        return Plan(hours, _facet("day", asked))
    if asked <= FINE_COLUMNS:
        return Plan(hours, _usage(asked, "day"))
    return Plan(hours, _plain("dailyslice", "day", SLICED_BY))


def column_of(group_by: str) -> frozenset[str]:
    return frozenset({"user_id" if group_by == USER else group_by})


def _of_users(asked: frozenset[str], *, is_one: bool) -> Plan:
    if is_one or not asked <= set(BY_USER):
        return Plan(_plain("hourlyuserslice", "hour", ("user_id", *SLICED_BY)))
    return Plan(
        _plain("hourlyuser", "hour", BY_USER), _plain("dailyuser", "day", BY_USER),
        months=_plain("monthlyuser", "month", BY_USER),
    )


def _plain(name: str, unit: str, columns: tuple[str, ...]) -> Table:
    return Table(f"billing_{name}", unit, {each: each for each in columns}, is_wide=True)


def _facet(unit: str, asked: frozenset[str]) -> Table:
    """Names of columns are ours, never what somebody typed."""
    names = tuple(sorted(asked))
    facet = facet_of(names) if names else EVERY_CALL
    return Table(
        "billing_dailyfacet" if unit == "day" else "billing_hourlyfacet", unit,
        dict(zip(names, ("value", "other"), strict=False)), f" AND facet = '{facet}'",
    )


def _usage(asked: frozenset[str], unit: str = "hour") -> Table:
    grain = Grain.WHOLE if asked <= WHOLE_COLUMNS else Grain.FINE
    name = "billing_dailyusage" if unit == "day" else "billing_hourlyusage"
    return Table(
        name, unit, {each: each for each in FINE_COLUMNS},
        f" AND grain = {grain.value}", is_wide=grain == Grain.FINE,
        renamed={"saved_nanos": SAVED},
    )
