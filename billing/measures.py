"""What is added up of usage rows, once in SQL: rollups store these sums, live hours are read so.

A cube is one question: its dimensions, and measures that can be merged over any hours. Readers take
whole hours from the cube's table and everything else from the usage rows; both give the same rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from billing import savings
from billing.models_rollup import SavingGrain


@dataclass(frozen=True, slots=True)
class Measure:
    """`of_row` is SQL over one usage row; `merge` is how values of rows and hours come together."""

    name: str
    of_row: str
    merge: str = "SUM"

    @property
    def of_rows(self) -> str:
        return self._merged(self.of_row)

    @property
    def of_hours(self) -> str:
        return self._merged(self.name)

    def _merged(self, what: str) -> str:
        if self.merge == "SUM":
            return f"CAST(SUM({what}) AS BIGINT)"  # PostgreSQL's sum of bigints is a numeric
        return f"COALESCE({self.merge}(NULLIF({what}, '')), '')"


@dataclass(frozen=True, slots=True)
class DayGrain:
    """One of the grains of a daily table. `left_out`: dimensions that it does not tell apart;
    `coarse`: those that it tells apart less, and how, in SQL that may be asked of any table."""

    value: int
    left_out: tuple[str, ...] = ()
    coarse: tuple[tuple[str, str], ...] = ()
    has_months: bool = False

    def column(self, name: str) -> str:
        return "''" if name in self.left_out else dict(self.coarse).get(name, name)

    def knows(self, asked: Iterable[str]) -> bool:
        return not set(asked) & {*self.left_out, *dict(self.coarse)}


@dataclass(frozen=True, slots=True)
class Cube:
    """`rows`: which usage rows it is about, as SQL."""

    table: str
    dimensions: tuple[str, ...]
    measures: tuple[Measure, ...]
    rows: str = "1 = 1"
    only_fine: tuple[str, ...] = ()  # dimensions that the whole grain leaves out; none: no grains
    daily: str = ""  # the table of whole local days, where there is one
    day_grains: tuple[DayGrain, ...] = ()  # few rows first, the last knows all; none: as in hours
    monthly: str = ""  # the table of whole local months, made of the daily one

    def day_grain(self, asked: Iterable[str]) -> DayGrain | None:
        """With the fewest rows that know these dimensions. None: it has no such grains."""
        return next((each for each in self.day_grains if each.knows(asked)), None)

    def only(self, names: Iterable[str]) -> "Cube":
        """With some of its measures."""
        wanted = set(names)
        return replace(self, measures=tuple(m for m in self.measures if m.name in wanted))

    @property
    def has_grains(self) -> bool:
        return bool(self.only_fine)


def count_if(name: str, condition: str) -> Measure:
    return Measure(name, f"CASE WHEN {condition} THEN 1 ELSE 0 END")


def sum_if(name: str, condition: str, value: str) -> Measure:
    return Measure(name, f"CASE WHEN {condition} THEN {value} ELSE 0 END")


PROVIDER, CACHE = "provider", "cache"  # who answered: their latencies are told apart
IS_MEASURED = "outcome IN ('complete', 'cached')"
# Whoever reads along with a call in flight waits as long as that call: no stored answer is so slow.
LATENCY_SOURCE = (
    f"CASE WHEN outcome = 'cached' AND cache_layer <> 'shared' THEN '{CACHE}' ELSE '{PROVIDER}' END"
)
KNOWN_BASELINE = f"CASE WHEN {savings.IS_KNOWN} THEN baseline ELSE '' END"

USAGE = Cube(
    table="billing_hourlyusage",
    dimensions=("tier", "language", "deployment", "model_class", "cache_layer"),
    only_fine=("tier", "language"),
    daily="billing_dailyusage",
    measures=(
        count_if("attempts", savings.IS_ATTEMPT),
        count_if("calls", savings.IS_CALL),
        count_if("answered", savings.IS_ANSWERED),
        Measure("cost_nanos", "cost_nanos"),
        sum_if("estimated_nanos", "confidence = 'estimated'", "cost_nanos"),
        count_if("compared", savings.IS_COMPARED),
        sum_if("baseline_nanos", savings.IS_KNOWN, "baseline_nanos"),
        Measure("saved_cache_nanos", savings.SAVED_CACHE),
        Measure("saved_search_nanos", savings.SAVED_SEARCH),
        Measure("saved_prompt_cache_nanos", savings.SAVED_PROMPT_CACHE),
        Measure("saved_route_nanos", savings.SAVED_ROUTE),
        Measure("saved_local_nanos", savings.SAVED_LOCAL),
        Measure("saved_precompute_nanos", savings.SAVED_PRECOMPUTE),
        Measure("saved_helpers_nanos", savings.SAVED_HELPERS),
        Measure("saved_failed_nanos", savings.SAVED_FAILED),
        count_if("own", f"{savings.IS_ANSWERED} AND {savings.IS_OWN}"),
        Measure("fresh_input_tokens", "COALESCE(fresh_input_tokens, 0)"),
        Measure("cache_read_tokens", "COALESCE(cache_read_tokens, 0)"),
        Measure("cache_write_tokens", "COALESCE(cache_write_tokens, 0)"),
        Measure("output_tokens", "COALESCE(output_tokens, 0)"),
        Measure("first_baseline", KNOWN_BASELINE, "MIN"),
        Measure("last_baseline", KNOWN_BASELINE, "MAX"),
    ),
)
INPUT_TOKENS = (
    "COALESCE(fresh_input_tokens, 0) + COALESCE(cache_read_tokens, 0)"
    " + COALESCE(cache_write_tokens, 0)"
)
_CLASS = ("model_class", savings.CLASS_OF_CAUSES)
_KIND = ("call_kind", savings.KIND_OF_CAUSES)
_WHO, _WHERE = ("tier", "language"), ("deployment",)
SAVING = Cube(
    table="billing_hourlysaving",
    dimensions=("tier", "language", "deployment", "model_class", "call_kind", "cache_layer"),
    only_fine=("tier", "language", "deployment"),
    daily="billing_dailysaving",
    day_grains=(
        DayGrain(SavingGrain.CAUSES, (*_WHO, *_WHERE), (_CLASS, _KIND)),
        DayGrain(SavingGrain.CAUSES_FINE, _WHERE, (_CLASS, _KIND)),
        DayGrain(SavingGrain.WHOLE, (*_WHO, *_WHERE), (_CLASS,), has_months=True),
        DayGrain(SavingGrain.CAUSES_FULL, (), (_CLASS, _KIND)),
        DayGrain(SavingGrain.FINE, _WHERE, (_CLASS,), has_months=True),
        DayGrain(SavingGrain.FULL, (), (_CLASS,), has_months=True),
    ),
    monthly="billing_monthlysaving",
    measures=(
        count_if("answered", savings.IS_ANSWERED),
        count_if("own", f"{savings.IS_ANSWERED} AND {savings.IS_OWN}"),
        count_if("compared", savings.IS_COMPARED),
        Measure("cost_nanos", "cost_nanos"),
        sum_if("compared_nanos", savings.IS_KNOWN, "cost_nanos"),
        sum_if("baseline_nanos", savings.IS_KNOWN, "baseline_nanos"),
        sum_if("prompt_cache_nanos", savings.IS_FROM_PROVIDER, "prompt_cache_nanos"),
        Measure("precompute_nanos", savings.SAVED_PRECOMPUTE),
        Measure("helpers_nanos", savings.SAVED_HELPERS),
        Measure("failed_nanos", savings.SAVED_FAILED),
        sum_if("input_tokens", savings.IS_KNOWN, INPUT_TOKENS),
        sum_if("output_tokens", savings.IS_KNOWN, "COALESCE(output_tokens, 0)"),
        sum_if("compared_searches", savings.IS_KNOWN, "COALESCE(searches, 0)"),
        sum_if("searches", "outcome <> 'cached'", "COALESCE(searches, 0)"),
        Measure("search_nanos", "COALESCE(search_nanos, 0)"),
    ),
)
OUTCOME = Cube(
    table="billing_hourlyoutcome",
    dimensions=("tier", "language", "deployment", "outcome", "error_code"),
    daily="billing_dailyoutcome",
    measures=(count_if("attempts", "1 = 1"),),
    rows="(outcome IN ('failed', 'refused') OR error_code <> '')",  # few: the rest is in USAGE
)
DEBATE = Cube(
    table="billing_hourlydebate",
    dimensions=("tier", "language", "user_id", "debate_id"),
    daily="billing_dailydebate",
    measures=(
        count_if("calls", savings.IS_CALL),
        Measure("cost_nanos", "cost_nanos"),
        count_if("answered", savings.IS_ANSWERED),
        count_if("held_out", f"{savings.IS_ANSWERED} AND is_holdout"),
        sum_if("baseline_nanos", savings.IS_KNOWN, "baseline_nanos"),
        Measure("saved_nanos", f"COALESCE({savings.SAVED}, 0)"),
    ),
    rows="debate_id <> ''",
)
RULE = Cube(
    table="billing_hourlyrule",
    dimensions=("tier", "language", "deployment", "complexity", "is_economy"),
    daily="billing_dailyrule",
    measures=(count_if("calls", savings.IS_ATTEMPT), Measure("cost_nanos", "cost_nanos")),
    # by the table: not by name, out of a cache, or as a debate that is held out
    rows=(
        "(requested_model = 'auto' AND outcome NOT IN ('failed', 'refused', 'cached')"
        " AND COALESCE(corrects_outcome, '') <> 'failed' AND is_holdout IS NOT TRUE)"
    ),
)
DAILY = (USAGE, SAVING, OUTCOME, RULE, DEBATE)
