"""The same questions by user, for charts: who matters most, and everybody else as one.

Of tens of thousands of users a chart shows ten. So all of them are added up once, without buckets;
only the first ten are read over time, and the others are what is left of the whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from billing.reports import slices
from billing.reports.slice_shapes import OTHERS, USER, SliceRow
from billing.reports.slices import Ask, Slices

FEW = 200  # users that are read as they are
BY_USER = frozenset({"tier", "language"})  # filters that sums of users know
NAMES: tuple[str, ...] = SliceRow._fields[2:]  # without bucket and key
Rank = Callable[[SliceRow], int | None]


def load(ask: Ask, *, rank: Rank, most: int, only: tuple[str, ...] = NAMES) -> Slices:
    """As `slices.load`. Of many users all but `most` are one. `only`: what `rank` is made of."""
    if ask.group_by != USER or not ask.filters.columns.keys() <= BY_USER:
        return slices.load(ask)
    sums = slices.load(replace(ask, at_once=True, only=only))
    if len(sums.rows) <= FEW or sums.shortened:
        return slices.load(ask)
    ranked = sorted(sums.rows, key=lambda row: (-abs(rank(row) or 0), row.key))
    return _merged(ask, sums, [row.key for row in ranked[:most]])


def load_previous(now: Slices) -> Slices | None:
    """As `slices.load_previous`, of the same users."""
    if not now.others:
        return slices.load_previous(now.answered)
    if not slices.has_previous(now.answered):
        return None
    before = slices.previous(now.answered)
    sums = slices.load(replace(before, at_once=True, only=("attempts",)))  # who they were
    keys = sorted({row.key for row in now.rows} - {OTHERS})
    return None if sums.shortened else _merged(before, sums, keys)


def _merged(ask: Ask, sums: Slices, keys: Sequence[str]) -> Slices:
    """`sums`: of everybody."""
    mine = slices.load(ask, is_whole=True, users=keys)
    whole = slices.load(replace(ask, group_by=""), is_whole=True)
    left = {row.bucket: [getattr(row, name) for name in NAMES] for row in whole.rows}
    for row in mine.rows:
        rest = left[row.bucket]
        for place, name in enumerate(NAMES):
            rest[place] -= getattr(row, name)
    others = tuple(SliceRow(bucket, OTHERS, *rest) for bucket, rest in left.items() if any(rest))
    names = frozenset(row.key for row in sums.rows) - frozenset(keys)
    return replace(mine, rows=(*mine.rows, *others), others=names)
