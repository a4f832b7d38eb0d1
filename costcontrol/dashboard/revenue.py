"""What the page about revenue shows: one reading, and the cards and tables made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from billing.payments import mismatch
from billing.payments.mismatch import Differing
from billing.reports import (
    churn,
    collected,
    failed_payments,
    margin,
    packs,
    payer_names,
    revenue,
    subscriptions,
    webhooks,
)
from billing.reports.churn import Movement
from billing.reports.collected import Collected
from billing.reports.failed_payments import FailedPayments
from billing.reports.margin import Margins
from billing.reports.months import MONTHS, last_months
from billing.reports.packs import CreditMonth, CreditTotals
from billing.reports.ranges import Bucket, Range
from billing.reports.rates import Rates
from billing.reports.revenue import Recurring
from billing.reports.subscriptions import Sub
from billing.reports.webhooks import Corrections, Queue
from costcontrol.lib.sentences import said

MOST_DIFFERING = 20
FEWEST_MONTHS = 3  # a chart of one bar says nothing


@dataclass(frozen=True, slots=True)
class RevenueFacts:
    """All that the page and its exports are made of, read once."""

    now: datetime
    zone: str
    rates: Rates
    months: tuple[Bucket, ...]
    days: Range  # of the margins
    subs: tuple[Sub, ...]
    recurring: Recurring
    movements: tuple[Movement, ...]
    collected: tuple[Collected, ...]
    credit: tuple[CreditMonth, ...]
    credit_totals: CreditTotals
    margins: Margins

    @property
    def is_empty(self) -> bool:
        return not (self.subs or self.collected or self.credit_totals.granted)


@dataclass(frozen=True, slots=True)
class Lists:
    """What only the page shows, not its exports."""

    failed: FailedPayments
    queue: Queue
    corrections: Corrections
    names: Mapping[str, str]  # of those who cost more than they pay
    differing: tuple[tuple[Differing, str], ...]  # the first MOST of them, and why


def load(*, zone: str, now: datetime) -> RevenueFacts:
    rates, subs = Rates.of_settings(), subscriptions.read()
    asked = last_months(MONTHS, zone=zone, now=now)
    paid = collected.collected(asked)
    months = _months(asked, subs, paid)
    # Margins are about quota days, whatever zone looks.
    days, span = margin.days_of(now, zone=settings.DEFAULT_ZONE)
    return RevenueFacts(
        now, zone, rates, months, days, subs,
        recurring=revenue.recurring(subs, rates),
        movements=churn.movements(subs, churn.read_changes(months), months),
        collected=tuple(each for each in paid if each.month in months),
        credit=packs.credit_months(months),
        credit_totals=packs.totals(),
        margins=margin.margins(margin.read_uses(days, until=now), subs, span, rates),
    )


def lists(facts: RevenueFacts) -> Lists:
    losing = [each.payer for each in facts.margins.losing]
    return Lists(
        failed_payments.failed_payments(facts.rates), webhooks.queue(),
        webhooks.corrections(facts.now), payer_names.names_of(losing),
        _differing(facts.now),
    )


def _differing(now: datetime) -> tuple[tuple[Differing, str], ...]:
    """Of users, the page of users says it."""
    found = mismatch.organisations(now=now)[:MOST_DIFFERING]
    return tuple((each, " ".join(map(said, each.why))) for each in found)


def _months(
    asked: tuple[Bucket, ...], subs: tuple[Sub, ...], paid: tuple[Collected, ...]
) -> tuple[Bucket, ...]:
    """From the first one in which something happened: empty months before say nothing."""
    starts = [sub.started_at for sub in subs if sub.started_at]
    starts += [each.month.start for each in paid if each.paid_minor]
    first = min(starts, default=asked[-1].start)
    known = tuple(month for month in asked if month.end > first)
    return known if len(known) >= FEWEST_MONTHS else asked[-FEWEST_MONTHS:]
