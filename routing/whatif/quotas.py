"""Debates a day of each payer, where a plan's number of them is changed.

A debate counts once, on the day of its first call. One that was opened on an earlier day goes on.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from billing.models import UsageRecord
from routing.whatif.limits import PLAN
from routing.whatif.rows import Outcome, Row

IDS_AT_ONCE = 500


class Debates:
    """Of plans whose number is changed. `refused`: debates that would not have been opened, with
    the day. `opened` and `nanos`: debates that were opened then, and what calls in debates cost."""

    def __init__(
        self, refused: dict[str, str] | None = None, *, opened: int = 0, nanos: int = 0
    ) -> None:
        self.refused = dict(refused or {})
        self.opened, self.nanos = opened, nanos
        self._open: set[str] = set()
        self._anew: set[str] = set()
        self._then: dict[tuple[str, date], int] = {}
        self._now: dict[tuple[str, date], int] = {}

    def begin(self, earlier: Collection[str]) -> None:
        """A new day: debates of it that had calls before it."""
        self._open = set(earlier)
        self._then.clear()
        self._now.clear()

    def may(self, row: Row, *, then: int | None, now: int | None) -> bool:
        """Whether the debate of this call is open under the new number of debates a day."""
        debate = row.debate_id
        self.nanos += row.cost_nanos
        if debate in self._open:
            return True
        if debate in self.refused:
            return False
        key = (row.payer or f"user:{row.user_id}", _day(row.at))
        was_refused = row.outcome == Outcome.REFUSED
        self.opened += not was_refused
        is_counted = row.paid_from == PLAN
        opened = self._now.get(key, 0)
        if not was_refused and is_counted:
            self._then[key] = self._then.get(key, 0) + 1
        elif was_refused and not self._was_full(key, then):
            return True  # for another reason, which stands
        if is_counted and now is not None and opened >= now:
            self.refused[debate] = row.at.date().isoformat()
            return False
        self._open.add(debate)
        self._now[key] = opened + is_counted
        if was_refused:
            self._anew.add(debate)
        return True

    @property
    def average(self) -> int | None:
        """What a debate cost. None: there was none."""
        return self.nanos // self.opened if self.opened else None

    def is_opened_anew(self, row: Row) -> bool:
        """It was refused then, and is not now: asked once for each debate."""
        if row.debate_id not in self._anew:
            return False
        self._anew.discard(row.debate_id)
        return True

    def _was_full(self, key: tuple[str, date], then: int | None) -> bool:
        return then is not None and self._then.get(key, 0) >= then

    def forget_before(self, day: date) -> None:
        """Few debates are still talked in after days."""
        last = (day - timedelta(days=1)).isoformat()
        self.refused = {name: at for name, at in self.refused.items() if at >= last}


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.DEFAULT_ZONE)).date()


def opened_before(start: datetime, end: datetime) -> set[str]:
    """Debates with a call in [start, end) that had one before."""
    rows = UsageRecord.objects.filter(at__gte=start, at__lt=end).exclude(debate_id="")
    names = list(rows.order_by().values_list("debate_id", flat=True).distinct())
    found: set[str] = set()
    for part in _parts(names):
        earlier = UsageRecord.objects.filter(debate_id__in=part, at__lt=start)
        found |= set(earlier.order_by().values_list("debate_id", flat=True).distinct())
    return found


def _parts(names: list[str]) -> Iterable[list[str]]:
    return (names[at : at + IDS_AT_ONCE] for at in range(0, len(names), IDS_AT_ONCE))
