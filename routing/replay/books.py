"""Do the ledger, the usage rows and the simulated providers say the same?"""

from collections.abc import Iterator

from django.db.models import Sum

from billing import ledger
from billing.models import Reservation, ScopeKind, UsageRecord, Window
from routing.replay.upstream import Books


def problems(books: Books, *, billed_nanos: int) -> Iterator[str]:
    """In sentences; nothing if all is well."""
    spent = _sum(Window.objects.filter(scope_kind=ScopeKind.PLATFORM), "spent")
    paid = UsageRecord.objects.exclude(reservation_id=None)
    charged = _sum(paid, "cost_nanos")
    if not spent == charged == billed_nanos:
        yield f"ledger {spent}, usage rows {charged}, providers' bills {billed_nanos} nano-USD"
    if paid.count() != books.models.total():
        yield f"{paid.count()} attempts are written down, {books.models.total()} were answered"
    if strange := UsageRecord.objects.exclude(outcome__in=("complete", "cached")).count():
        yield f"{strange} calls were neither answered nor found"
    if left := Reservation.objects.filter(state__in=(0, 1)).count():
        yield f"{left} reservations are still open"
    for difference in ledger.differences():
        yield f"the window {difference.window} differs from its entries"


def _sum(rows: object, name: str) -> int:
    return int(rows.aggregate(sum=Sum(name, default=0))["sum"])  # type: ignore[attr-defined]
