"""Whether the product's books agree with each other, and with the upstream's own."""

from django.db.models import Q, Sum

from accounts.models import User
from billing import ledger
from billing.models import LedgerEntry, Metric, Reservation, UsageRecord, Window
from costcontrol.lib.money import format_usd
from costcontrol.proof.scene import Check
from costcontrol.proof.upstream import Books

OPEN = Q(state__in=[Reservation.State.HELD, Reservation.State.SENT])


def purse(payer: User) -> Window:
    """The window of the payer's own budget."""
    return Window.objects.get(scope_kind="user", scope_id=str(payer.pk), metric=Metric.USD)


def spent_check(payer: User, *, exactly: int | None = None) -> Check:
    window = purse(payer)
    is_right = window.spent == exactly if exactly is not None else window.spent <= window.cap
    return Check(
        f"spent {usd(window.spent)} of {usd(window.cap)}, held {usd(window.held)}",
        is_right and window.held == 0,
    )


def books_check() -> Check:
    """Every window of the whole database: counters, ledger rows and open holds."""
    wrong, still_open = ledger.differences(), Reservation.objects.filter(OPEN).count()
    held = Window.objects.aggregate(total=Sum("held"))["total"]
    text = (
        f"ledger, windows and holds agree: {LedgerEntry.objects.count()} entries, "
        f"{Window.objects.count()} windows, {len(wrong)} differences, {still_open} open holds"
    )
    return Check(text, not wrong and not still_open and not held)


def usage_check(payer: User) -> Check:
    rows = UsageRecord.objects.filter(user_id=payer.pk)
    recorded = rows.aggregate(total=Sum("cost_nanos"))["total"] or 0
    spent = purse(payer).spent
    return Check(f"usage rows add up to {usd(recorded)}, as spent", recorded == spent)


def completed_check(payer: User, books: Books) -> Check:
    """To the nano, call by call, by the upstream's own count and price."""
    rows = UsageRecord.objects.filter(user_id=payer.pk, outcome="complete")
    pairs = [(row.cost_nanos, books.of(row.debate_id)) for row in rows]
    right = sum(any(s.is_complete and s.full_bill == cost for s in sales) for cost, sales in pairs)
    text = f"{right} of {len(pairs)} completed calls cost what the upstream's own books say"
    return Check(text, right == len(pairs) > 0)


def bill_check(payer: User, books: Books, *, prefix: str) -> Check:
    """What was cut off counts for what the upstream had produced until then."""
    window = purse(payer)
    bill = sum(sale.bill for sale in books.starting_with(prefix))
    return Check(
        f"the upstream's bill {usd(bill)} <= charged {usd(window.spent)} <= cap {usd(window.cap)}",
        bill <= window.spent <= window.cap,
    )


def usd(nanos: int) -> str:
    return format_usd(nanos, places=6)
