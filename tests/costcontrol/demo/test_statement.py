"""The made-up provider's account of a demo: it agrees with our books, but for a few requests."""

from datetime import UTC, datetime, timedelta

import pytest

from billing import rollups
from billing.models_operator import UsageImport
from billing.reports.reconciliation import compare
from costcontrol.demo import statement
from costcontrol.demo.scenario import Scenario
from tests.costcontrol.dashboard import rows

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
SCENARIO = Scenario(now=NOW, days=14, debates_a_day=3)


def test_all_days_agree_but_for_three_requests_of_the_last_one() -> None:
    for days in range(1, 5):
        for _ in range(days):
            rows.call(NOW - timedelta(days=days))
    rows.call(NOW - timedelta(days=1), deployment="openai/gpt-6-luna")
    rows.hit(NOW - timedelta(days=1))
    rollups.catch_up(now=NOW)
    statement.furnish(SCENARIO)
    found = compare("anthropic", until=(NOW - timedelta(days=1)).date(), served={}, now=NOW)
    gaps = {line.day.day: line.cost_gap for line in found.lines}
    assert gaps == {24: -750_000_000, 23: 0, 22: 0, 21: 0}
    assert "made-up" in UsageImport.objects.get().file_name


def test_without_calls_there_is_none() -> None:
    statement.furnish(SCENARIO)
    assert not UsageImport.objects.exists()
