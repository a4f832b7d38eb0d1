"""Calendar months in UTC: what partitions of usage rows are, and what retention counts in."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    number: int  # 1 to 12

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    def plus(self, months: int) -> "Month":
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


def month_at(at: datetime) -> Month:
    in_utc = at.astimezone(UTC)
    return Month(in_utc.year, in_utc.month)
