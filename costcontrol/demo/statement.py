"""A provider's account of the last days, made up like all of the demo: a file as the page about
reconciliation takes it. It says what we booked, but for a few requests that we know nothing of."""

import csv
import io
from datetime import date, timedelta

from billing.reports.slices import NONE, SliceFilters, SliceRow, day_costs
from billing.usage_imports.columns import COUNTS
from billing.usage_imports.importing import usage_import
from costcontrol.demo.scenario import Scenario
from costcontrol.lib.money import share_nanos, to_usd

PROVIDER = "anthropic"
FILE_NAME = "demo-made-up-anthropic.csv"
DAYS = 10
MORE = 3  # requests: more than a cent, from where on a day is said to differ


def furnish(scenario: Scenario) -> None:
    last = scenario.now.date() - timedelta(days=1)  # of UTC, as providers count
    booked = day_costs(
        zone="UTC", first=last - timedelta(days=DAYS - 1), last=last, now=scenario.now,
        group_by="deployment", filters=SliceFilters(cache_layer=NONE),
    )
    lines = {
        (day, deployment.removeprefix(f"{PROVIDER}/")): row
        for (day, deployment), row in sorted(booked.items())
        if deployment.startswith(f"{PROVIDER}/") and row.attempts
    }
    if not lines:
        return
    odd = max(lines, key=lambda key: (key[0], lines[key].cost_nanos))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("day", "model", *COUNTS, "cost_usd"))
    writer.writerows(_line(*key, row, more=MORE * (key == odd)) for key, row in lines.items())
    usage_import(
        PROVIDER, text.getvalue().encode(), file_name=FILE_NAME, actor="command demo",
        now=scenario.now,
    )


def _line(day: date, model: str, row: SliceRow, *, more: int) -> tuple[object, ...]:
    """`more`: requests of average size that only the provider has."""
    ours = (row.attempts, *(getattr(row, name) for name in COUNTS[1:]))
    theirs = [each * (row.attempts + more) // row.attempts for each in ours]
    nanos = row.cost_nanos + more * share_nanos(row.cost_nanos, row.attempts)
    return (day.isoformat(), model, *theirs, to_usd(nanos))
