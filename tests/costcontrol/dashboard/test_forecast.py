"""The forecast page: what is to come, when limits are reached, which days were odd and why."""

import csv
import io
import json
import random
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from billing.models import Budget, UsageRecord
from tests.costcontrol.dashboard.rows import NOW, call, rolled_up

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/forecast/"
DAY = timedelta(days=1)
DOLLAR = 1_000_000_000
OPUS = "anthropic/claude-opus-5-5"


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def text_of(client: Client, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return unescape(response.content.decode())


def rows_of(client: Client, name: str, **query: str) -> list[dict[str, str]]:
    response = client.get(f"{PAGE}{name}.csv", query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def history(days: int = 40, *, jump_ago: int = 0) -> None:
    """Two calls a day, of two tiers; premium users spend twice as much. `jump_ago` days ago they
    spent $33 more on opus."""
    chance = random.Random(7)
    for ago in range(days, 0, -1):
        at = NOW - ago * DAY
        noise = chance.uniform(0.95, 1.05)
        call(at, cost_nanos=round(5 * DOLLAR * noise), tier="free", call_kind="closing")
        call(at, cost_nanos=round(10 * DOLLAR * noise), tier="premium", user_id=2,
             call_kind="opening_statement")
        if ago == jump_ago:
            call(at, cost_nanos=33 * DOLLAR, tier="premium", user_id=2, deployment=OPUS,
                 provider="anthropic", model_class="premium", call_kind="opening_statement")
    rolled_up()


def test_it_is_for_staff(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_without_a_call_it_says_when_there_will_be_something(staff: Client) -> None:
    assert "No calls yet" in text_of(staff)


def test_under_two_weeks_it_says_how_many_days_are_lacking(staff: Client) -> None:
    history(10)
    said = text_of(staff)
    assert "A forecast needs two weeks with calls: 4 more whole days are needed." in said
    assert "after two weeks with calls: 5 more whole days are needed." in said


def test_the_month_is_what_was_spent_and_what_is_expected(staff: Client) -> None:
    history()
    rows = rows_of(staff, "days")
    spent = [int(row["spent_nanos"]) for row in rows if row["day"] >= "2026-11-01"
             and row["spent_nanos"]]
    ahead = [int(row["expected_nanos"]) for row in rows if row["expected_nanos"]
             and row["day"] <= "2026-11-30"]
    assert len(spent) == 24
    assert len(ahead) == 6
    assert sum(ahead) == pytest.approx(6 * 15 * DOLLAR, rel=0.05)
    response = staff.get(PAGE)
    card = response.context["page"].cards[0]
    assert card.cell.value == pytest.approx(sum(spent) + sum(ahead), abs=6)


@pytest.mark.postgresql
def test_a_day_out_of_the_ordinary_is_named_with_its_cause(staff: Client) -> None:
    history(jump_ago=2)
    said = text_of(staff)
    assert "2026-11-23 cost $32.99 more" in said
    assert "than expected: +$33.00 by claude-opus-5-5 for premium users." in said
    (odd, *_others) = [
        row for row in rows_of(staff, "anomalies")
        if row["dimension"] == "deployment"
    ]
    assert (odd["day"], odd["key"]) == ("2026-11-23", OPUS)
    assert int(odd["difference_nanos"]) == 33 * DOLLAR


def test_quiet_weeks_have_none(staff: Client) -> None:
    history()
    assert "No day of the last four weeks is out of the ordinary" in text_of(staff)


def test_a_budget_says_when_it_is_used_up(staff: Client) -> None:
    history()
    spent = sum(
        row.cost_nanos for row in UsageRecord.objects.all() if row.at >= NOW.replace(day=1)
    )
    Budget.objects.create(
        scope_kind="platform", scope_id="", period="month", cap_nanos=spent + 40 * DOLLAR
    )
    Budget.objects.create(
        scope_kind="tier", scope_id="free", period="day", cap_nanos=500 * DOLLAR
    )
    said = text_of(staff)
    assert "in 2 days" in said
    assert "not in the next month" in said


def test_a_tier_has_a_forecast_of_its_own(staff: Client) -> None:
    history()
    rows = [row for row in rows_of(staff, "days", tier="free") if row["expected_nanos"]]
    assert int(rows[1]["expected_nanos"]) == pytest.approx(5 * DOLLAR, rel=0.06)
    assert "When are budgets used up?" not in text_of(staff, tier="free")


def test_a_user_has_a_forecast_of_their_own(staff: Client) -> None:
    history()
    rows = [row for row in rows_of(staff, "days", user="2") if row["expected_nanos"]]
    assert int(rows[1]["expected_nanos"]) == pytest.approx(10 * DOLLAR, rel=0.06)


def test_today_so_far_is_held_against_the_same_hours(staff: Client) -> None:
    """By noon a usual day has cost $1 of its $15; today it has cost $9."""
    history()
    for ago in range(40, -1, -1):
        call(NOW - ago * DAY - timedelta(hours=3), cost_nanos=9 * DOLLAR if not ago else DOLLAR)
    rolled_up()
    said = text_of(staff)
    assert "Today so far cost $8.00 more than the same hours usually do." in said
    assert "Today so far" not in text_of(staff, kind="closing")


def test_the_picture_is_dashed_from_today_on_and_marks_odd_days(staff: Client) -> None:
    history(jump_ago=2)
    figure = json.loads(staff.get(PAGE).context["page"].figure.json)
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert set(traces) == {"At least", "At most", "Spent", "Expected", "Out of the ordinary"}
    assert traces["Spent"]["x"][-1] == traces["Expected"]["x"][0] == "2026-11-24"
    assert traces["Expected"]["line"]["dash"] == "dash"
    assert traces["At most"]["fill"] == "tonexty"
    assert traces["Out of the ordinary"]["x"] == ["2026-11-23"]


def test_an_unknown_table_is_not_found(staff: Client) -> None:
    assert staff.get(f"{PAGE}nothing.csv").status_code == 404


def test_what_the_page_reads_does_not_grow_with_the_days(
    staff: Client, django_assert_max_num_queries: object
) -> None:
    history(jump_ago=2)
    text_of(staff)
    with django_assert_max_num_queries(45):  # type: ignore[operator]
        text_of(staff)


def test_twice_the_users_cost_twice_the_month_and_use_up_what_is_too_small(staff: Client) -> None:
    history()
    Budget.objects.create(scope_kind="platform", period="day", cap_nanos=25 * DOLLAR,
                          zone="Asia/Seoul")
    Budget.objects.create(scope_kind="tier", scope_id="free", period="month",
                          cap_nanos=10_000 * DOLLAR, zone="Asia/Seoul")
    said = text_of(staff)
    lines = re.findall(r"<tr>(.*?)</tr>", said.partition('id="growth"')[2], re.DOTALL)
    cells = [re.findall(r"<(?:data|td|th)[^>]*>([^<]+)<", line) for line in lines[1:]]
    by_users = {each[0]: each for each in cells if each}
    once, twice = (
        float(by_users[name][1].strip("$").replace(",", "")) for name in ("1×", "2×")
    )
    assert twice == pytest.approx(2 * once, abs=0.02)
    assert by_users["1×"][-1] == "none"
    assert by_users["2×"][-1] == "The whole platform, on 31 of 31 days"


def test_with_filters_it_is_not_said_what_more_users_cost(staff: Client) -> None:
    history()
    assert 'id="growth"' in text_of(staff)
    assert 'id="growth"' not in text_of(staff, tier="free")
