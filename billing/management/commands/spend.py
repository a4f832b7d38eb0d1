"""What was spent and saved, and where the calls went, on one screen."""

import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from billing.reports.savings_report import chosen
from billing.reports.spend import DEBATE_PARTS, Group, Saved, Spend, spend_of_days
from billing.scopes import UnknownScope, zone_check
from costcontrol.lib.cells import guarded
from costcontrol.lib.clock import now
from costcontrol.lib.money import format_usd

SEARCH = "search"
EMPTY = (
    "Nothing yet. Issue a key with `manage.py issue_api_key you@example.org` and send a call to "
    "/v1/chat/completions; it shows up here."
)


class Command(BaseCommand):
    help = "Prints spend, savings, calls by route and by cache layer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=1, help="so many days, today included")
        parser.add_argument("--zone", default=settings.DEFAULT_ZONE, help="where days begin")
        parser.add_argument(
            "--csv", action="store_true", dest="is_csv", help="the same figures as CSV"
        )
        parser.add_argument(
            "--by", action="append", choices=sorted([*DEBATE_PARTS, SEARCH]), default=[],
            help="also what debates cost by this, or web searches; may be given several times",
        )
        parser.add_argument(
            "--baseline", default="", help="what savings are compared with: premium or original"
        )

    def handle(
        self, *, days: int, zone: str, is_csv: bool, by: list[str], baseline: str = "",
        **options: Any,
    ) -> None:
        if not 1 <= days <= 3660:
            raise CommandError(f"--days is a number from 1 to 3660, not {days}.")
        try:
            zone_check(zone)
        except UnknownScope as error:
            raise CommandError(str(error)) from None
        against, _every = chosen(baseline)
        if baseline and (against is None or against.name != baseline):
            raise CommandError(
                f"There is no baseline “{baseline}”. `manage.py baselines` lists them."
            )
        parts = [part for part in by if part != SEARCH]
        spend = spend_of_days(days, zone=zone, now=now(), parts=parts, against=against)
        if SEARCH not in by:
            spend = replace(spend, searches=())
        if is_csv:
            write_csv(spend, self.stdout)
            return
        for line in lines_of(spend, zone):
            self.stdout.write(line)


def lines_of(spend: Spend, zone: str) -> Iterator[str]:
    start, end = (at.astimezone(ZoneInfo(zone)) for at in (spend.start, spend.end))
    yield f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {zone}"
    if not spend.calls:
        yield EMPTY
        return
    yield f"calls    {spend.calls:,}"
    yield f"spent    {money(spend.cost_nanos)}{estimated_part(spend.estimated_nanos)}"
    yield f"saved    {saved_text(spend.saved)}"
    if spend.by_step:
        yield from table("from the baseline to the spend", spend.by_step)
    yield from table("route", spend.by_route)
    yield from table("cache layer", spend.by_cache)
    yield from table("outcome", spend.by_outcome)
    for part, groups in spend.by_debate_part:
        yield from table(f"debates by {part}", groups)
    if spend.searches:
        yield from table("searches by kind of call", spend.searches)


def write_csv(spend: Spend, out: OutputWrapper) -> None:
    """Money in whole nano-USD. Of demo data, every row says so."""
    mark = {"data": "demo"} if settings.DEMO else {}
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["part", "name", "calls", "nanos", *mark])
    for part, name, calls, nanos in csv_rows(spend):
        writer.writerow([part, guarded(name), calls, nanos, *mark.values()])


def csv_rows(spend: Spend) -> Iterator[tuple[str, str, int | str, int]]:
    yield "spent", "", spend.calls, spend.cost_nanos
    yield "estimated", "", "", spend.estimated_nanos
    if spend.saved:
        names = " ".join(spend.saved.baselines)
        yield "baseline", names, spend.saved.calls, spend.saved.baseline_nanos
        yield "saved", names, spend.saved.calls, spend.saved.nanos
    for part, groups in (
        ("step", spend.by_step), ("route", spend.by_route), ("cache layer", spend.by_cache),
        ("outcome", spend.by_outcome),
        *((f"debates by {part}", groups) for part, groups in spend.by_debate_part),
        ("search", spend.searches),
    ):
        for group in groups:
            yield part, group.name, group.calls, group.cost_nanos


def money(nanos: int) -> str:
    return format_usd(nanos, places=6)


def estimated_part(nanos: int) -> str:
    return f", of it {money(nanos)} on estimated usage" if nanos else ""


def saved_text(saved: Saved | None) -> str:
    if saved is None:
        return "not known: no call has a baseline to compare with"
    if not saved.calls:
        return f"{money(saved.nanos)} (failed attempts and our own work; no call has a baseline)"
    names = ", ".join(name or "unnamed" for name in saved.baselines)
    return (
        f"{money(saved.nanos)} (estimated: {saved.calls:,} calls would have cost "
        f"{money(saved.baseline_nanos)} on {names})"
    )


def table(title: str, groups: tuple[Group, ...]) -> Iterator[str]:
    yield ""
    yield f"{title:<48} {'calls':>8} {'cost':>14}"
    for group in groups:
        yield f"{group.name or '-':<48} {group.calls:>8,} {money(group.cost_nanos):>14}"
    if not groups:
        yield "none"
