"""Who and what changed most since the period before, and this month against its budget."""

import html
import re
from datetime import date, timedelta

import pytest

from billing.budget_changes import cap_raise
from billing.budgets import rule_of_budget, window_get
from billing.forecast import Forecast
from billing.models import Budget
from billing.reports import slices
from billing.reports.day_history import History
from billing.reports.facts import filters_known
from billing.reports.forecast_limits import ahead
from costcontrol.dashboard import filters
from costcontrol.dashboard.month import month_figure, month_of
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.conftest import Page

DAY, QUARTER = timedelta(days=1), 250_000_000
MOST_QUERIES = 58  # four sides, each of two periods
LUNA = "openai/gpt-6-luna"


def read(page: Page, **query: str) -> str:
    rows.rolled_up()
    response = page.get("/dashboard/movers/", query)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def lines_of(said: str) -> list[list[str]]:
    """Without the head of the table, and without all together."""
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split())
         for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", said, re.S)
    ][2:]


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
class TestMovers:
    def test_the_biggest_changes_come_first_from_several_sides(self, page: Page) -> None:
        bob = rows.person("bob@example.com", tier="free")
        usual = {"call_kind": "opening"}
        rows.call(rows.NOW - 14 * DAY, **usual)
        for back in (8, 1):
            rows.call(rows.NOW - back * DAY, **usual)
        rows.call(
            user_id=bob.pk, tier="free", deployment=LUNA, provider="openai",
            call_kind="rebuttal", cost_nanos=3 * QUARTER,
        )
        found = lines_of(read(page, range="7d"))
        assert {line[0] for line in found} == {
            f"{LUNA} Model", "rebuttal Kind", "free Tier", "bob@example.com User"
        }
        assert {tuple(line[1:]) for line in found} == {("$0.0000", "$0.7500", "$0.7500")}

    def test_a_day_that_is_over_is_held_against_the_whole_day_before(self, page: Page) -> None:
        rows.call(rows.NOW - 5 * DAY)
        rows.call(rows.NOW - 2 * DAY, cost_nanos=QUARTER)
        rows.call(rows.NOW - DAY, cost_nanos=2 * QUARTER)
        rows.call(rows.NOW - DAY, tier="free", cost_nanos=QUARTER)
        said = read(page, **{"from": "2026-11-24", "to": "2026-11-24"})
        assert "against the day before. The same" in said
        assert re.search(r"All together.*?\$0\.2500.*?\$0\.7500.*?\$0\.5000", said, re.S)
        assert "against the day before, up to the same time. The same" in read(page, range="today")

    def test_two_of_a_side_and_five_in_all(self, page: Page) -> None:
        rows.call(rows.NOW - 14 * DAY)
        for number in range(4):
            rows.call(call_kind=f"kind{number}", cost_nanos=(number + 1) * QUARTER)
        names = [line[0] for line in lines_of(read(page, range="7d"))]
        assert len(names) == 5
        assert [name for name in names if "Kind" in name] == ["kind3 Kind", "kind2 Kind"]

    def test_what_ended_is_a_change_too(self, page: Page) -> None:
        rows.call(rows.NOW - 14 * DAY)
        rows.call(rows.NOW - 9 * DAY, tier="free", cost_nanos=2 * QUARTER)
        rows.call()
        assert ["free Tier", "$0.5000", "$0.0000", "-$0.5000 -100.0%"] in lines_of(
            read(page, range="7d")
        )

    def test_a_line_leads_to_it_alone(self, page: Page) -> None:
        rows.call(rows.NOW - 14 * DAY)
        rows.call(rows.NOW - DAY, tier="free", deployment=LUNA)
        said = read(page, range="7d", tier="free")
        assert "Tier</span>" not in said
        assert (
            "/dashboard/explorer/?range=7d&tier=free&deployment=openai%2Fgpt-6-luna&group=kind"
        ) in said

    def test_a_side_that_is_too_long_to_read_is_left_out(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It would be of fewer days than the other lines."""
        for back in range(15):
            rows.call(rows.NOW - back * DAY, cost_nanos=(16 - back) * QUARTER)
        sides = [line[0].split()[-1] for line in lines_of(read(page, range="7d"))]
        assert "User" in sides
        monkeypatch.setattr(slices, "MAX_ROWS", 4)
        left = [line[0].split()[-1] for line in lines_of(read(page, range="7d"))]
        assert left == [side for side in sides if side != "User"]

    def test_without_a_period_before_it_says_so(self, page: Page) -> None:
        rows.call()
        assert "Nothing to compare with yet" in read(page)

    def test_nothing_changed_is_said(self, page: Page) -> None:
        for back in (14, 8, 1):
            rows.call(rows.NOW - back * DAY)
        assert "Nothing changed" in read(page, range="7d")

    def test_for_htmx_it_is_a_part(self, page: Page) -> None:
        response = page.get("/dashboard/movers/", headers={"HX-Request": "true"})
        assert "<html" not in response.content.decode()

    def test_queries_are_few(self, page: Page) -> None:
        for back in range(20):
            rows.call(rows.NOW - back * DAY, user_id=back + 1)
        rows.rolled_up()
        queries = page.queries_of("/dashboard/movers/", {"range": "7d"})
        assert len(queries) <= MOST_QUERIES, "\n".join(query[:120] for query in queries)


# --- the month -----------------------------------------------------------------------------------

PAST = History(date(2026, 10, 1), tuple([QUARTER] * 55), 100, "Asia/Seoul")  # up to 24 November


def test_days_of_the_month_add_up_and_go_on_with_the_forecast() -> None:
    found = ahead(PAST)
    days = month_of(PAST, found, {})
    assert (len(days), days[0].spent, days[23].spent) == (30, QUARTER, 24 * QUARTER)
    assert days[24].spent == 24 * QUARTER + 100
    assert [day.spent for day in days[25:]] == [None] * 5
    assert days[23].middle is None
    assert days[29].middle == 24 * QUARTER + found.totals[5].middle
    assert days[29].low <= days[29].middle <= days[29].high  # type: ignore[operator]


@pytest.mark.django_db
def test_a_cap_that_was_raised_is_the_months() -> None:
    month = Budget.objects.create(scope_kind="platform", period="month", cap_nanos=30 * 10**9)
    window_get(rule_of_budget(month), now=rows.NOW)
    cap_raise(month.pk, cap_nanos=99 * 10**9, reason="launch", actor="alice", now=rows.NOW)
    rows.call()
    state = filters.state_of({}, choices=filters_known(), now=rows.NOW)
    assert "$0.2500 of this month's $99.00" in month_figure(state).note


def test_without_a_forecast_there_is_only_what_was_spent() -> None:
    days = month_of(PAST, Forecast((), (), "unknown", 90), {})
    assert {day.middle for day in days} == {None}


@pytest.mark.parametrize(("caps", "first", "last"), [
    ({Budget.Period.MONTH: 900, Budget.Period.DAY: 50}, 900, 900),
    ({Budget.Period.DAY: 50}, 50, 1_500),
    ({}, None, None),
])
def test_a_daily_budget_grows_with_the_month(
    caps: dict[str, int], first: int | None, last: int | None
) -> None:
    days = month_of(PAST, ahead(PAST), caps)
    assert (days[0].cap, days[-1].cap) == (first, last)


def test_days_of_the_month_before_are_not_in_it() -> None:
    past = History(date(2026, 10, 1), tuple([QUARTER] * 31), 7, "Asia/Seoul")
    assert [day.spent for day in month_of(past, ahead(past), {})][:2] == [7, None]
