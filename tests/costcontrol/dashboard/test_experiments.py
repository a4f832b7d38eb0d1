"""Experiments: off is off, few are too few, and both sides with what became of them."""

import csv
import html
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from accounts.models import User
from billing.reports.arms import Share, arms_of, mean_of, share_of
from billing.reports.savings_check import DebateCost
from routing.models import Debate, Turn
from tests.costcontrol.dashboard.rows import NOW
from tests.costcontrol.dashboard.test_savings import debates

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
PAGE, CSV = "/dashboard/experiments/", "/dashboard/experiments.csv"
SCRIPT = "<script>alert(1)</script>"
DOLLAR = 1_000_000_000
MOST_QUERIES = 22


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def read(client: Client, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def two_sides(held: int, others: int) -> None:
    debates(held, is_holdout=True, cost=DOLLAR, seed=1)
    debates(others, is_holdout=False, cost=DOLLAR // 10, seed=2)


def turns(*, failed: int = 0, good: int = 0, bad: int = 0) -> None:
    """One turn for each debate, in the order in which they were made."""
    endings = [("failed", None)] * failed + [("completed", 1)] * good + [("completed", -1)] * bad
    rows = zip(Debate.objects.order_by("pk"), endings, strict=False)
    Turn.objects.bulk_create([
        Turn(debate=debate, number=1, step=1, stage="opening", status=status, source="live",
             rating=rating, created_at=NOW)
        for debate, (status, rating) in rows
    ])


def test_off_is_shown_as_off(staff: Client, settings: Settings) -> None:
    settings.HOLDOUT_PERCENT = 0
    debates(10, is_holdout=False, cost=DOLLAR, seed=1)
    said = read(staff)
    assert ">off<" in said
    assert "Set HOLDOUT_PERCENT" in said
    assert "Cost a debate" not in said


def test_few_debates_have_no_verdict(staff: Client, settings: Settings) -> None:
    settings.HOLDOUT_PERCENT = 5
    two_sides(12, 40)
    said = read(staff)
    assert "12 of 30" in said
    assert "on: 5.0% of debates" in said
    assert "The estimate holds" not in said
    assert "0 of 100 ratings" in said


def test_enough_debates_have_means_intervals_and_a_verdict(
    staff: Client, settings: Settings
) -> None:
    settings.HOLDOUT_PERCENT = 5
    two_sides(40, 60)
    said = read(staff)
    assert "The estimate holds" in said
    assert said.count('class="cell-note"') >= 2


def test_ratings_and_errors_are_of_both_sides(staff: Client, settings: Settings) -> None:
    settings.HOLDOUT_PERCENT = 5
    two_sides(40, 60)
    turns(failed=3, good=10, bad=5)
    sums = [0, 0, 0, 0]
    for line in rows_of(staff):
        for place, name in enumerate(("turns", "failed_turns", "ratings", "good_ratings")):
            sums[place] += int(line[name])
    assert sums == [18, 3, 15, 10]


def rows_of(staff: Client) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(staff.get(CSV).content.decode())))


def test_the_file_names_both_sides(staff: Client, settings: Settings) -> None:
    settings.HOLDOUT_PERCENT = 5
    two_sides(12, 40)
    assert [(line["arm"], line["debates"]) for line in rows_of(staff)] == [
        ("held_out", "12"), ("usual", "40"),
    ]


def test_what_was_held_out_stays_when_it_is_switched_off(
    staff: Client, settings: Settings
) -> None:
    settings.HOLDOUT_PERCENT = 0
    two_sides(12, 40)
    said = read(staff)
    assert ">off<" in said
    assert "12 of 30" in said


def test_a_page_takes_few_queries(staff: Client, settings: Settings) -> None:
    settings.HOLDOUT_PERCENT = 5
    two_sides(12, 40)
    with CaptureQueriesContext(connection) as seen:
        read(staff)
    assert len(seen) <= MOST_QUERIES


@pytest.mark.parametrize("name", ["tier", "language", "range", "zone", "user"])
def test_nothing_in_the_address_breaks_it(staff: Client, name: str) -> None:
    for text in (SCRIPT, "\x00", "x" * 3_000, "9" * 30):
        assert SCRIPT not in staff.get(PAGE, {name: text}).content.decode()
        read(staff, **{name: text})


# --- what the sides are made of -------------------------------------------------------------------


def test_partly_held_out_debates_are_on_neither_side() -> None:
    rows = [
        DebateCost(1, name, DOLLAR, 4, held, 0)
        for name, held in (("all", 4), ("none", 0), ("some", 2), ("unknown", 4))
    ]
    held, others = arms_of(rows, {"all": "s", "none": "s", "some": "s"})
    assert (held.ids, others.ids) == (("all",), ("none",))
    assert held.cost is None


def test_the_interval_of_a_mean_is_students() -> None:
    found = mean_of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found is not None
    assert (found.value, found.low, found.high) == (3, 1, 5)  # 3 ± 2.776 · 0.707
    assert mean_of([1.0] * 4) is None


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert share_of(0, 0) is None
    assert share_of(8, 10) == Share(8000, 4902, 9433, 10)
    none = share_of(0, 10)
    assert none is not None
    assert (none.low, none.high) == (0, 2775)
