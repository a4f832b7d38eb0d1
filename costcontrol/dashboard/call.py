"""One call as its page shows it: why, when, with whom, for how much, out of which windows."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.models import Budget, LedgerEntry, Metric, ScopeKind, UsageRecord
from billing.reports import price_lines
from billing.reports.call import AttemptReport, Booking, CallReport, ReservationReport
from billing.reports.call_steps import CallStep, StepKind, steps_of, total_ms
from billing.reports.price_lines import Bill
from billing.reports.scope_names import WORDS
from costcontrol.dashboard import components as show
from costcontrol.dashboard.call_corrections import corrections_table
from costcontrol.dashboard.calls import badge_of
from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    KpiCard,
    Step,
    Table,
    Tone,
    Waterfall,
)
from costcontrol.dashboard.labels import label
from costcontrol.lib.money import to_usd
from routing.reasons import class_label, source_of, why

Outcome = UsageRecord.Outcome
STEPS = {
    StepKind.LIMITS: gettext_lazy("Limits"),
    StepKind.CACHE: gettext_lazy("Cache"),
    StepKind.POLICY: gettext_lazy("Choice of the model"),
    StepKind.WAIT: gettext_lazy("Waiting for a turn"),
    StepKind.HOLD: gettext_lazy("Money set aside"),
    StepKind.PROVIDER: gettext_lazy("Model"),
    StepKind.SETTLE: gettext_lazy("Settlement"),
}
BUCKETS = {
    "fresh_input": gettext_lazy("Input"),
    "cache_read": gettext_lazy("Input, from the provider's cache"),
    "cache_write": gettext_lazy("Input, into the provider's cache"),
    "output": gettext_lazy("Output"),
    "searches": gettext_lazy("Searches"),
}
ALWAYS = gettext_lazy("at any time")


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill, its amount exact."""

    label: str
    count: int | None
    has_count: bool
    price: str
    amount: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    report: AttemptReport
    title: str
    badge: Badge
    error: str
    bill: Bill | None
    bill_lines: tuple[BillLine, ...]
    total: str
    hold: ReservationReport | None
    bookings: Table | None


@dataclass(frozen=True, slots=True)
class CallView:
    """`source`: the call whose answer this one got. `is_under_way`: more is to come."""

    report: CallReport
    badge: Badge
    why: tuple[str, ...]
    source: UUID | None
    cards: tuple[KpiCard, ...]
    waterfall: Waterfall
    attempts: tuple[AttemptView, ...]
    quota: Table | None
    recorded: str
    is_under_way: bool
    corrections: Table | None = None


def call_view(call: CallReport, *, zone: str) -> CallView:
    last = call.attempts[-1]
    bills = price_lines.bills_of(call)
    tried = [one for one in call.attempts if one.attempt]
    return CallView(
        report=call,
        badge=badge_of(last.outcome, last.error_code, last.cache_layer),
        why=why(call),
        source=source_of(last),
        cards=tuple(_cards(call)),
        waterfall=Waterfall(_("What the call passed through"), tuple(map(_step, steps_of(call)))),
        attempts=tuple(_attempt(call, one, bills.get(one.attempt), zone) for one in tried),
        quota=_quota(call, zone),
        recorded=last.reason,
        is_under_way=call.is_under_way,
        corrections=corrections_table(call, zone=zone),
    )


def _cards(call: CallReport) -> Iterator[KpiCard]:
    last = call.attempts[-1]
    is_estimated = any(
        one.confidence == UsageRecord.Confidence.ESTIMATED for one in call.attempts
    )
    notes = [_("estimated")] if is_estimated else []
    notes += [_("with a corrected price")] if call.corrections else []
    yield KpiCard(_("Cost"), show.money(call.cost_nanos), note=", ".join(notes))
    yield KpiCard(_("Baseline"), show.money(call.baseline_nanos), note=last.baseline)
    is_known = call.baseline_nanos is not None
    yield KpiCard(
        _("Saved"), show.money(call.saved_nanos), note=_("estimated") if is_known else ""
    )
    yield KpiCard(_("Tokens in"), show.count(input_tokens(last)))
    yield KpiCard(_("Tokens out"), show.count(last.output_tokens), note=_limit(last))
    yield KpiCard(_("Time"), show.duration(total_ms(call)), note=_first_token(last))


def input_tokens(attempt: AttemptReport) -> int | None:
    counts = (attempt.fresh_input_tokens, attempt.cache_read_tokens, attempt.cache_write_tokens)
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _limit(attempt: AttemptReport) -> str:
    if attempt.max_output_tokens is None:
        return ""
    return _("at most %(count)d") % {"count": attempt.max_output_tokens}


def _first_token(attempt: AttemptReport) -> str:
    if attempt.first_token_ms is None:
        return ""
    return _("first word after %(ms)d ms") % {"ms": attempt.first_token_ms}


def _step(step: CallStep) -> Step:
    title = str(STEPS[step.kind])
    tone, note, color = Tone.OFF, "", ""
    if step.kind == StepKind.PROVIDER and step.attempt:
        title = step.attempt.deployment
        is_failed = step.attempt.outcome == Outcome.FAILED
        tone, color = (Tone.BAD, "") if is_failed else (Tone.OK, step.attempt.model_class)
        note = label(step.attempt.error_code) if step.attempt.error_code else ""
    if step.length_ms is None:
        note = _("not recorded")
    return Step(title, step.begin_ms, step.length_ms, note=note, tone=tone, color=color)


def _attempt(call: CallReport, one: AttemptReport, bill: Bill | None, zone: str) -> AttemptView:
    hold = call.reservation(one.reservation_id)
    return AttemptView(
        report=one,
        title=f"{one.deployment} ({class_label(one.model_class)})",
        badge=badge_of(one.outcome, one.error_code, one.cache_layer),
        error=label(one.error_code) if one.error_code else "",
        bill=bill if bill and bill.is_worth_showing else None,
        bill_lines=tuple(_bill_lines(bill)) if bill else (),
        total=usd(Decimal(one.cost_nanos)),
        hold=hold,
        bookings=_bookings(hold, zone) if hold and hold.bookings else None,
    )


def _bill_lines(bill: Bill) -> Iterator[BillLine]:
    for line in bill.lines:
        price = f"${line.usd_per_million.normalize():f}"
        yield BillLine(str(BUCKETS[line.bucket]), line.count, True, price, usd(line.nanos))
    yield BillLine(_("Rounded up, once a call"), None, False, "", usd(bill.rounding))
    if bill.difference:
        words = _("An estimate is never more than was set aside")
        yield BillLine(words, None, False, "", usd(Decimal(bill.difference)))


def usd(nanos: Decimal) -> str:
    """Exact: nine decimals, and more where a bucket has parts of a nano."""
    whole = to_usd(int(nanos)) if nanos == int(nanos) else nanos / 1_000_000_000
    text = f"{abs(whole):.9f}" if nanos == int(nanos) else f"{abs(whole).normalize():f}"
    return f"-${text}" if nanos < 0 else f"${text}"


def _bookings(hold: ReservationReport, zone: str) -> Table:
    columns = (
        Column(_("Window")), Column(_("Period")), Column(_("Entry")),
        Column(_("Amount"), is_number=True),
    )
    rows = tuple(_booking(one, zone) for one in hold.bookings)
    return Table(_("What was booked, and where"), columns, rows)


def _booking(one: Booking, zone: str) -> tuple[Cell, ...]:
    return (
        show.text(_scope(one.scope)),
        show.text(_period(one, zone)),
        show.text(str(dict(LedgerEntry.Kind.choices).get(one.kind, one.kind))),
        _moved(one),
    )


def _moved(one: Booking) -> Cell:
    if one.metric == Metric.USD:
        return show.money(one.delta, places=9)
    if one.metric == Metric.DEBATES:
        words = ngettext("%(count)d debate", "%(count)d debates", one.delta)
    else:
        words = ngettext("%(count)d call", "%(count)d calls", one.delta)
    return show.text(words % {"count": one.delta})


def _scope(scope: str) -> str:
    kind, _colon, name = scope.partition(":")
    if kind not in ScopeKind.values:
        return scope
    return str(WORDS[kind]) % {"name": name}


def _period(one: Booking, zone: str) -> str:
    if one.period == Budget.Period.TOTAL or one.period not in Budget.Period.values:
        return str(ALWAYS)
    start = one.window_start.astimezone(ZoneInfo(zone)).date().isoformat()
    return f"{Budget.Period(one.period).label} {start}"


def _quota(call: CallReport, zone: str) -> Table | None:
    """The debate that this call opened, taken from the user's quota."""
    booked = [one for taken in call.quota for one in taken.bookings]
    if not booked:
        return None
    columns = (
        Column(_("Window")), Column(_("Period")), Column(_("Entry")),
        Column(_("Amount"), is_number=True),
    )
    rows = tuple(_booking(one, zone) for one in booked)
    return Table(_("This call opened a debate, which counts once"), columns, rows)
