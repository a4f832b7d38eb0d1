"""A provider's export as lines by day and model. All of it is understood, or none of it is read.

`line_add` reads one line of any format, of answers of an API too."""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from billing.reports.ranges import MAX_DAYS
from billing.usage_imports.columns import COUNTS, Format, format_of
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.money import Nanos, nearest_nanos, usd_of_cents
from costcontrol.lib.sentences import Sentence as _

MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 20_000
MAX_NAME = 120
MOST_USD = Decimal(9_000_000_000)  # of a model and day: more nano-dollars than databases count to
MOST_DIGITS = 14  # of a number: 1e999999 is one too, which takes minutes to write down
SHOWN = 20  # problems
FIRST_DAY = date(2020, 1, 1)
Key = tuple[date, str]


class NotUnderstood(BadRequest):
    """Nothing was imported. `problems`: sentences, at most `SHOWN`; `more`: how many are left."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems, self.more = tuple(problems[:SHOWN]), max(0, len(problems) - SHOWN)
        super().__init__(problems[0], param="file")


class Wrong(ValueError):
    """What is wrong with one line; its argument is a sentence."""


@dataclass
class Sums:
    """Of one model on one day. A count that no line has stays None."""

    counts: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(COUNTS))
    usd: Decimal | None = None

    def add(self, counts: Mapping[str, int | None], usd: Decimal | None) -> None:
        for name, value in counts.items():
            if value is not None:
                self.counts[name] = (self.counts[name] or 0) + value
        if usd is not None:
            self.usd = (self.usd or Decimal(0)) + usd

    @property
    def nanos(self) -> Nanos | None:
        """Rounded once: vendors' bills have parts of a nano-dollar."""
        return None if self.usd is None else nearest_nanos(self.usd)


@dataclass(frozen=True, slots=True)
class Reading:
    """`sums` by day and model as the vendor writes it. Days without a line count as nothing."""

    format: Format
    first: date
    last: date
    sums: Mapping[Key, Sums]


def read(data: bytes, *, now: datetime) -> Reading:
    """Raises NotUnderstood, with every line that is wrong."""
    rows = _rows(data)
    header = [name.strip().lower() for name in rows[0]]
    found = format_of(header)
    if found is None:
        raise NotUnderstood([_(
            "The columns of this file are not known, or none of them counts anything. Export usage "
            "or cost by day and model, or write the columns: day, model, output_tokens, cost_usd."
        )])
    return _read(found, header, rows[1:], now=now)


def _rows(data: bytes) -> list[list[str]]:
    if len(data) > MAX_BYTES:
        raise NotUnderstood([_("The file is larger than 5 MB. Export fewer days at a time.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotUnderstood([_("This is no text file in UTF-8. Export it as CSV.")]) from None
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error:
        raise NotUnderstood([_("This is no CSV file. Export it as CSV.")]) from None
    if not rows or not any(rows[0]):
        raise NotUnderstood([_("The file is empty, or its first line names no columns.")])
    if len(rows) - 1 > MAX_LINES:
        raise NotUnderstood(
            [_("The file has more than 20,000 lines. Export fewer days at a time.")]
        )
    return rows


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",\t;", key=first.count)


def _read(
    found: Format, header: list[str], rows: list[list[str]], *, now: datetime
) -> Reading:
    sums: dict[Key, Sums] = defaultdict(Sums)
    days, problems = set(), []
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            day = line_add(found, _named(header, cells), sums, now=now)
            days.add(day)
        except Wrong as wrong:
            problems.append(_("Line %(number)d: %(why)s") % {
                "number": number, "why": wrong.args[0]
            })
    if problems:
        raise NotUnderstood(problems)
    if not sums:
        raise NotUnderstood([_("There is no usage in this file. Export it by day and model.")])
    if max(days) - min(days) > timedelta(days=MAX_DAYS):
        raise NotUnderstood([_("The file is about more than 400 days. Export fewer at a time.")])
    return Reading(found, min(days), max(days), dict(sums))


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(header):
        raise Wrong(_("it has more values than there are columns."))
    return dict(zip(header, (cell.strip() for cell in cells), strict=False))


def line_add(
    found: Format, cells: Mapping[str, str], sums: dict[Key, Sums], *, now: datetime
) -> date:
    """Adds one line. Its day is known even where nothing was used. Raises Wrong."""
    name = next((each for each in found.days if cells.get(each)), found.days[0])
    day = _day(cells.get(name, ""), now=now)
    counts, usd = _counts(found, cells), _usd(found, cells)
    if usd is None and not any(counts.values()):
        return day  # nothing was used
    model = cells.get(found.model, "")
    if not model and not (found.any_model and not any(counts.values())):
        raise Wrong(_("it names no model. Group the export by model."))
    if len(model) > MAX_NAME or not model.isprintable():
        raise Wrong(_("this is no model's name."))
    of_both = sums[day, model]
    of_both.add(counts, usd)
    if of_both.usd is not None and abs(of_both.usd) > MOST_USD:
        raise _no_amount(found.cost, cells[found.cost])
    return day


def _day(text: str, *, now: datetime) -> date:
    """In UTC, as vendors cut their days."""
    try:
        if text.isascii() and text.isdecimal() and 9 <= len(text) <= 11:
            moment = datetime.fromtimestamp(int(text), UTC)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError, OSError):
        raise Wrong(_("“%(text)s” is no day. Write it like 2026-11-20.") % {
            "text": text[:40]
        }) from None
    if not FIRST_DAY <= moment.date() <= now.date():
        raise Wrong(_("%(day)s is in the future, or too long ago.") % {
            "day": moment.date().isoformat()
        })
    return moment.date()


def _counts(found: Format, cells: Mapping[str, str]) -> dict[str, int | None]:
    counts: dict[str, int | None] = {}
    for ours, theirs in found.counts.items():
        known = [_count(name, cells[name]) for name in theirs if cells.get(name)]
        counts[ours] = sum(known) if known else None
    whole = cells.get(found.whole_input, "") if found.whole_input else ""
    if whole and counts["fresh_input_tokens"] is None:
        kept = (counts["cache_read_tokens"] or 0) + (counts["cache_write_tokens"] or 0)
        fresh = _count(found.whole_input, whole) - kept
        if fresh < 0:
            raise Wrong(_("more input came from the cache than there was input."))
        counts["fresh_input_tokens"] = fresh
    return counts


def _count(name: str, text: str) -> int:
    number = text.removesuffix(".0")
    if not (number.isascii() and number.isdecimal() and len(number) <= MOST_DIGITS):
        raise Wrong(_("%(column)s is “%(text)s”, which is no whole number.") % {
            "column": name, "text": text[:40]
        })
    return int(number)


def _usd(found: Format, cells: Mapping[str, str]) -> Decimal | None:
    text = cells.get(found.cost, "") if found.cost else ""
    if not text:
        return None
    currency = cells.get(found.currency, "") if found.currency else ""
    if currency.lower() not in ("", "usd"):
        raise Wrong(_("the amount is in %(currency)s. Only US dollars can be compared.") % {
            "currency": currency[:10]
        })
    try:
        usd = Decimal(text.removeprefix("$"))
        if not usd.is_finite() or not -40 < usd.adjusted() < MOST_DIGITS:
            raise InvalidOperation
    except InvalidOperation:
        raise _no_amount(found.cost, text) from None
    return usd_of_cents(usd) if found.is_cents else usd


def _no_amount(column: str, text: str) -> Wrong:
    return Wrong(_("%(column)s is “%(text)s”, which is no amount in dollars.") % {
        "column": column, "text": text[:40]
    })
