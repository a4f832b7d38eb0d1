"""Slices -> the parts of an answer: the ten biggest, and the others together.

A part has its sum, its sum in the period before, and one value a bucket. Parts add up to the whole,
now and before, whatever is among the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from billing.reports.slices import OTHERS, SliceRow, Slices
from costcontrol.dashboard.explorer_measures import BY_KEY, TOKEN_BUCKETS, Measure

MOST = 10
OTHER, WHOLE = OTHERS, "…all"  # keys that no column holds
NAMES = SliceRow._fields[2:]  # without bucket and key
values_of = attrgetter(*NAMES)


@dataclass(frozen=True, slots=True)
class Part:
    """`before` None: there is nothing to compare with. `by_bucket`: None where not known.
    `keys`: how many are together in it."""

    key: str
    whole: SliceRow
    before: SliceRow | None
    by_bucket: tuple[SliceRow | None, ...]
    keys: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """`parts`: the biggest first, the others last. `all`: everything together."""

    all: Part
    parts: tuple[Part, ...]


def summed(rows: Iterable[SliceRow], key: str = "") -> SliceRow:
    columns = zip(*map(values_of, rows), strict=True)  # a column at a time: users are many
    return SliceRow(0, key, *(list(map(sum, columns)) or [0] * len(NAMES)))


def ranked_by(measure: Measure) -> Measure:
    """Ratios are ranked by what was spent: the dearest model may have had one call."""
    return BY_KEY["spend"] if measure.is_ratio else measure


def answer(now: Slices, before: Slices | None, measure: Measure) -> Answer:
    rank = ranked_by(measure).value
    found, old = _by_key(now.rows), _by_key(before.rows if before else ())
    sums = {key: summed(rows, key) for key, rows in found.items() if key != OTHER}
    keys = sorted(sums, key=lambda key: (-abs(rank(sums[key]) or 0), key))
    shown, rest = keys[:MOST], keys[MOST:]
    names = {*rest, *now.others, *_gone(now, before)}
    parts = [
        _part(key, found[key], old.get(key, []), now, has_before=before is not None)
        for key in shown
    ]
    if names:
        parts.append(_part(
            OTHER, [row for key in (*rest, OTHER) for row in found.get(key, [])],
            [row for key in old.keys() - set(shown) for row in old[key]], now,
            has_before=before is not None, keys=len(names),
        ))
    whole = _part(
        WHOLE, now.rows, before.rows if before else (), now, has_before=before is not None
    )
    return Answer(whole, tuple(parts))


def _gone(now: Slices, before: Slices | None) -> set[str]:
    """Keys that had calls in the period before only."""
    if before is None:
        return set()
    return _keys(before) - _keys(now)


def _keys(slices: Slices) -> set[str]:
    return {row.key for row in slices.rows if row.key != OTHER} | slices.others


def _by_key(rows: Sequence[SliceRow]) -> dict[str, list[SliceRow]]:
    found: dict[str, list[SliceRow]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return found


def _part(
    key: str, rows: Sequence[SliceRow], before: Sequence[SliceRow], now: Slices, *,
    has_before: bool, keys: int = 1,
) -> Part:
    return Part(
        key, summed(rows, key), summed(before, key) if has_before else None,
        by_bucket(rows, now), keys,
    )


def by_bucket(rows: Sequence[SliceRow], slices: Slices) -> tuple[SliceRow | None, ...]:
    """A bucket without a call is 0, one that is not known is None."""
    there: dict[int, list[SliceRow]] = {}
    for row in rows:
        there.setdefault(row.bucket, []).append(row)
    return tuple(
        summed(there.get(number, ())) if is_known else None
        for number, is_known in enumerate(slices.is_known)
    )


def buckets_of_tokens(whole: Part) -> tuple[tuple[Measure, Part], ...]:
    """Tokens that are not grouped are shown by what they cost: four measures of the same calls."""
    return tuple((BY_KEY[name], whole) for name in TOKEN_BUCKETS)
