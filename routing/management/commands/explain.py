"""Why one call went where it went, what was tried, and what it cost."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing.models import Metric
from billing.reports.call import (
    AttemptReport,
    Booking,
    CallReport,
    ReservationReport,
    call_id_of,
    call_report,
)
from billing.reports.call_steps import steps_of
from billing.reports.price_lines import Bill, bills_of
from costcontrol.lib.money import format_usd
from routing.reasons import why


class Command(BaseCommand):
    help = "Explains one call: route, reason, attempts, tokens, prices, money, time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("call_id", help="the X-Request-Id of the reply")

    def handle(self, *, call_id: str, **options: Any) -> None:
        report = call_report(parse_id(call_id))
        if report is None:
            raise CommandError(
                f"There is no call {call_id}; its id is the X-Request-Id of the reply."
            )
        for line in lines_of(report):
            self.stdout.write(line)


def parse_id(text: str) -> UUID:
    if call_id := call_id_of(text):
        return call_id
    raise CommandError(f"{text!r} is not a call id; it is the X-Request-Id of the reply.")


def lines_of(call: CallReport) -> Iterator[str]:
    at = call.at.astimezone(ZoneInfo(settings.DEFAULT_ZONE))
    yield f"call {call.call_id}, {at:%Y-%m-%d %H:%M:%S} {settings.DEFAULT_ZONE}"
    yield f"  who       {call.user}, key {call.key_prefix or '-'}, tier {call.tier}"
    yield (
        f"  asked     model {call.requested_model}, kind {call.call_kind or '-'}, "
        f"complexity {call.complexity or '-'}, language {call.language or '-'}, "
        f"debate {call.debate_id or '-'}"
    )
    for sentence in why(call):
        yield f"  so        {sentence}"
    yield f"  steps     {steps_text(call)}"
    bills = bills_of(call)
    for attempt in call.attempts:
        reservation = call.reservation(attempt.reservation_id)
        yield from attempt_lines(attempt, reservation, bills.get(attempt.attempt))
    for taken in call.quota:
        yield "quota"
        yield from reservation_lines(taken)
    for reservation in call.unrecorded:
        yield f"not recorded yet  {reservation.provider}/{reservation.model}"
        yield from reservation_lines(reservation)
    for each in call.corrections:
        yield (
            f"price corrected  by {money(each.row.cost_nanos)} of attempt {each.row.attempt}: "
            f"correction {each.number}, posted by {each.posted_by}: {each.reason}"
        )
    yield f"in all  cost {money(call.cost_nanos)}, {saved_text(call)}"


def steps_text(call: CallReport) -> str:
    return ", ".join(f"{step.kind} {or_dash(step.length_ms)} ms" for step in steps_of(call))


def attempt_lines(
    attempt: AttemptReport, reservation: ReservationReport | None, bill: Bill | None
) -> Iterator[str]:
    yield attempt_title(attempt)
    yield f"  why       {attempt.reason or '-'}{' (economy mode)' if attempt.is_economy else ''}"
    if attempt.attempt:
        yield f"  tokens    {tokens_text(attempt)}"
        yield f"  prices    {prices_text(attempt)}"
    if bill:
        yield f"  cost is   {bill_text(bill)}"
    yield (
        f"  money     held {money(attempt.held_nanos)}, cost {money(attempt.cost_nanos)}, "
        f"baseline {baseline_text(attempt)}"
    )
    yield (
        f"  time      waited {attempt.waited_ms} ms, first token {or_dash(attempt.first_token_ms)}"
        f" ms, all {attempt.latency_ms} ms"
    )
    if reservation:
        yield from reservation_lines(reservation)


def attempt_title(attempt: AttemptReport) -> str:
    if not attempt.attempt:
        what = f"cache {attempt.cache_layer}" if attempt.cache_layer else "no provider asked"
    else:
        what = f"attempt {attempt.attempt}"
    where = f" {attempt.deployment} ({attempt.model_class})" if attempt.deployment else ""
    ended = attempt.error_code or attempt.stop_reason
    return f"{what}{where}: {attempt.outcome}{f' ({ended})' if ended else ''}"


def tokens_text(attempt: AttemptReport) -> str:
    counts = (
        f"fresh input {or_dash(attempt.fresh_input_tokens)}, "
        f"cache read {or_dash(attempt.cache_read_tokens)}, "
        f"cache write {or_dash(attempt.cache_write_tokens)}, "
        f"output {or_dash(attempt.output_tokens)} of at most {or_dash(attempt.max_output_tokens)}"
    )
    searches = f", {attempt.searches} searches" if attempt.searches else ""
    return f"{counts}{searches} ({attempt.confidence})"


def prices_text(attempt: AttemptReport) -> str:
    if attempt.price_output is None:
        return "none recorded"
    return (
        f"{attempt.price_fresh_input} fresh input, {attempt.price_cache_read} cache read, "
        f"{attempt.price_cache_write} cache write, {attempt.price_output} output; "
        "USD per million tokens"
    )


def bill_text(bill: Bill) -> str:
    """The parts of the cost, in nanos, which add up to it."""
    parts = [f"{line.bucket} {line.nanos.normalize():f}" for line in bill.lines if line.nanos]
    parts += [f"rounded up by {bill.rounding.normalize():f}"] if bill.rounding else []
    parts += [f"difference {bill.difference}"] if bill.difference else []
    return f"{' + '.join(parts) or '0'} = {bill.cost_nanos} nanos"


def baseline_text(attempt: AttemptReport) -> str:
    if attempt.baseline_nanos is None:
        return "not known"
    return f"{money(attempt.baseline_nanos)} on {attempt.baseline}"


def reservation_lines(reservation: ReservationReport) -> Iterator[str]:
    charged = "-" if reservation.charged is None else money(reservation.charged)
    yield (
        f"  hold      {reservation.id} {reservation.state}: worst case "
        f"{money(reservation.amount)}, charged {charged}"
    )
    for booking in reservation.bookings:
        yield f"  ledger    {booking_text(booking)}"


def booking_text(booking: Booking) -> str:
    is_money = booking.metric == Metric.USD
    moved = money(booking.delta) if is_money else f"{booking.delta} {booking.metric}"
    day = booking.window_start.astimezone(ZoneInfo(settings.DEFAULT_ZONE))
    return f"{booking.kind} {moved} in {booking.scope}, {booking.period} from {day:%Y-%m-%d}"


def saved_text(call: CallReport) -> str:
    if call.saved_nanos is None:
        return "savings not known"
    return f"saved {money(call.saved_nanos)} (estimated)"


def money(nanos: int) -> str:
    return format_usd(nanos, places=9)


def or_dash(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
