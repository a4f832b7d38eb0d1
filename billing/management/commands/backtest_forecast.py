"""Was the forecast right so far? It is made again for every past day, from the days before it."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing.reports.backtest import FIRST_ORIGIN, Score, backtest
from billing.reports.day_history import MAX_DAYS, History, history
from billing.reports.slices import SliceFilters
from billing.scopes import UnknownScope, zone_check
from costcontrol.lib.clock import now
from costcontrol.lib.money import format_usd


class Command(BaseCommand):
    help = "Prints how often the forecast's interval held what days then cost, by distance."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--zone", default=settings.DEFAULT_ZONE, help="where days begin")
        parser.add_argument("--tier", default="", help="of one tier only")
        parser.add_argument("--provider", default="", help="of one provider only")

    def handle(self, *, zone: str, tier: str, provider: str, **options: Any) -> None:
        try:
            zone_check(zone)
        except UnknownScope as error:
            raise CommandError(str(error)) from None
        filters = SliceFilters(tier=tier, provider=provider)
        found = history(zone=zone, now=now(), filters=filters, days=2 * MAX_DAYS)
        for line in lines_of(found):
            self.stdout.write(line)


def lines_of(found: History) -> Iterator[str]:
    days = len(found.costs)
    if days <= FIRST_ORIGIN:
        yield (
            f"Spend is known for {days} whole days. There is nothing to try before there are "
            f"{FIRST_ORIGIN + 1}: come back later."
        )
        return
    yield f"{found.first_day} to {found.days[-1]} ({days} days, {found.zone}), today {found.today}"
    yield (
        f"{'days ahead':>10} {'n':>5} {'day held':>9} {'sum held':>9}"
        f" {'mean miss':>12} {'7-day guess':>12}"
    )
    for score in backtest(found.costs, first_day=found.first_day):
        yield _line(score)


def _line(score: Score) -> str:
    if not score.tried:
        return f"{score.horizon:>10} {0:>5}"
    misses = (score.error_nanos // score.tried, score.naive_error_nanos // score.tried)
    return (
        f"{score.horizon:>10} {score.tried:>5} {_percent(score.coverage):>9}"
        f" {_percent(score.total_coverage):>9}"
        + "".join(f" {format_usd(miss):>12}" for miss in misses)
    )


def _percent(basis_points: int | None) -> str:
    return "-" if basis_points is None else f"{basis_points / 100:.1f}%"
