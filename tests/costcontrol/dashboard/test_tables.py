"""Tables beside charts: the same numbers, with their sums."""

from datetime import date

from billing.reports.ranges import Range
from billing.reports.shapes import Line, Series, Unit
from costcontrol.dashboard import tables

DAYS = Range(date(2026, 11, 19), date(2026, 11, 21), "Asia/Seoul")


def sums(*lines: tuple[int | None, ...]) -> list[list[object]]:
    """The values of each row without its name: first the total, then the newest day."""
    series = Series(DAYS.buckets, tuple(Line(str(n), each) for n, each in enumerate(lines)),
                    Unit.CALLS)
    table = tables.summed_table(series, caption="Calls", days=DAYS)
    return [[cell.value for cell in row[1:]] for row in table.rows]


def test_each_day_and_each_line_is_summed() -> None:
    assert sums((1, 2, 3), (10, 0, 30)) == [
        [6, 40, 46], [3, 30, 33], [2, 0, 2], [1, 10, 11]
    ]


def test_sum_of_a_day_that_is_not_known_is_not_known() -> None:
    assert sums((1, 2, None), (None, 0, None))[1] == [None, None]
    assert sums((1, 2, None), (10, 0, None)) == [
        [3, 10, 13], [None, None, None], [2, 0, 2], [1, 10, 11]
    ]
