"""Is what we say we saved true? Debates that were held out against those that were not.

Held out debates are chosen by chance, so apart from chance they differ from the others in one
thing: nothing was saved on them. The difference of the mean costs is what was saved, measured.
Debates are compared with their like (`stratum`), and strata are weighted by how many others they
hold. The interval is Welch's for a weighted sum of differences: the 95% quantile of Student's t,
with degrees of freedom after Satterthwaite. Nothing in it is drawn by lot, so it is the same each
time it is asked. Beside it stands what the ledger estimates of the same debates.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from statistics import NormalDist, fmean, variance

from billing.reports import debate_reading
from billing.reports.facts import located
from billing.reports.reading import fetch
from billing.reports.shapes import Question

LEAST = 30  # debates held out, below which there is no verdict
LEAST_EACH = 2  # of each side in a stratum: one has no variance
LEAST_FREEDOM = 3.0
CERTAINTY = 0.95


@dataclass(frozen=True, slots=True)
class DebateCost:
    """All calls of one debate in the range. `saved_nanos`: as the ledger estimates it."""

    user_id: int
    debate_id: str
    cost_nanos: int
    answered: int
    held_out: int
    saved_nanos: int


@dataclass(frozen=True, slots=True)
class Interval:
    """Nanos a debate. The truth is between `low` and `high` with 95% certainty."""

    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Check:
    """`mixed`: debates of which only a part went the baseline's way; they are in neither group.
    `lonely`: debates without enough of their like on the other side."""

    held_out: int = 0
    others: int = 0
    mixed: int = 0
    lonely: int = 0
    measured: Interval | None = None
    estimated_nanos: int | None = None
    held_out_nanos: int | None = None  # mean cost
    others_nanos: int | None = None

    @property
    def is_enough(self) -> bool:
        return self.measured is not None

    @property
    def agrees(self) -> bool | None:
        """The estimate lies within the interval. None: there is none yet."""
        if self.measured is None or self.estimated_nanos is None:
            return None
        return self.measured.low <= self.estimated_nanos <= self.measured.high


def check(debates: Iterable[DebateCost], strata: Mapping[str, str]) -> Check:
    """`strata`: of the debates that count, by their id."""
    found: dict[str, tuple[list[DebateCost], list[DebateCost]]] = {}
    mixed = 0
    for debate in debates:
        stratum = strata.get(debate.debate_id)
        if stratum is None or not debate.answered:
            continue
        if 0 < debate.held_out < debate.answered:
            mixed += 1
            continue
        found.setdefault(stratum, ([], []))[debate.held_out == 0].append(debate)
    usable = [pair for pair in found.values() if min(map(len, pair)) >= LEAST_EACH]
    lonely = sum(len(side) for pair in found.values() if pair not in usable for side in pair)
    return _checked(usable, mixed, lonely)


def _checked(
    pairs: Sequence[tuple[list[DebateCost], list[DebateCost]]], mixed: int, lonely: int
) -> Check:
    held_out = sum(len(held) for held, _ in pairs)
    others = sum(len(usual) for _, usual in pairs)
    if not pairs:
        return Check(held_out, others, mixed, lonely)
    weights = [len(usual) / others for _, usual in pairs]
    measured = _measured(pairs, weights) if held_out >= LEAST else None
    costs = [
        round(sum(weight * fmean(row.cost_nanos for row in pair[side])
                  for weight, pair in zip(weights, pairs, strict=True)))
        for side in (0, 1)
    ]
    estimated = sum(row.saved_nanos for _, usual in pairs for row in usual) / others
    return Check(held_out, others, mixed, lonely, measured, round(estimated), *costs)


def _measured(
    pairs: Sequence[tuple[list[DebateCost], list[DebateCost]]], weights: Sequence[float]
) -> Interval | None:
    difference, spread, freedom = 0.0, 0.0, 0.0
    for weight, (held, usual) in zip(weights, pairs, strict=True):
        ours, theirs = ([float(row.cost_nanos) for row in side] for side in (held, usual))
        difference += weight * (fmean(ours) - fmean(theirs))
        for side in (ours, theirs):
            part = weight**2 * variance(side) / len(side)
            spread += part
            freedom += part**2 / (len(side) - 1)
    degrees = spread**2 / freedom if freedom else float("inf")
    if degrees < LEAST_FREEDOM:
        return None
    reach = student_t((1 + CERTAINTY) / 2, degrees) * sqrt(spread)
    return Interval(round(difference), round(difference - reach), round(difference + reach))


def student_t(share: float, degrees: float) -> float:
    """The quantile, by the expansion of Cornish and Fisher: within 1% from 3 degrees on."""
    z = NormalDist().inv_cdf(share)
    return z + sum(
        term / degrees ** (power + 1)
        for power, term in enumerate((
            (z**3 + z) / 4,
            (5 * z**5 + 16 * z**3 + 3 * z) / 96,
            (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        ))
    )


def debates_of(question: Question, tiers: Iterable[str]) -> tuple[DebateCost, ...]:
    """Every debate with a call in the range, of these plans. None of them where none was held out:
    there is nothing to compare them with; or about one deployment: no debate is had on one."""
    if question.filters.deployment:
        return ()
    until = question.now + timedelta.resolution
    spans = located(question.range.buckets, until=until, now=question.now).spans
    names = sorted(tiers)
    parts = debate_reading.parts_of(spans)
    rows = debate_reading.rows_of(parts, question.filters, "tier")
    if rows is None or not names:
        return ()
    of_plans = f"tier IN ({', '.join(['%s'] * len(names))})"
    params = [*rows[1], *names]
    if not debate_reading.has_held_out(parts, question.filters):
        return ()
    sums = ("cost_nanos", "answered", "held_out", "saved_nanos")
    return tuple(DebateCost(*row) for row in fetch(
        f"SELECT user_id, debate_id, {', '.join(f'CAST(SUM({s}) AS BIGINT)' for s in sums)}"
        f" FROM ({rows[0]}) AS parts WHERE {of_plans} GROUP BY user_id, debate_id", params,
    ))
