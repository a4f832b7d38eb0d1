"""Tables of the forecast page that have no chart, as files."""

from datetime import date

import pytest
from django.test import Client

from billing.models import Budget
from tests.costcontrol.dashboard.rows import NOW, call, rolled_up
from tests.costcontrol.dashboard.test_forecast import DAY, DOLLAR, PAGE, history, rows_of, text_of
from tests.costcontrol.dashboard.test_forecast import staff as staff

pytestmark = pytest.mark.django_db


def test_budgets_are_a_file_with_the_days_on_which_they_are_used_up(staff: Client) -> None:
    history()
    Budget.objects.create(
        scope_kind="tier", scope_id="premium", period="month", cap_nanos=270 * DOLLAR,
        zone="Asia/Seoul",
    )
    Budget.objects.create(
        scope_kind="platform", scope_id="", period="day", cap_nanos=9_999 * DOLLAR,
        zone="Asia/Seoul",
    )
    rows = {row["scope"]: row for row in rows_of(staff, "limits")}
    mine = rows["tier"]
    assert (mine["scope_id"], mine["period"], mine["cap_usd"]) == ("premium", "month", "270")
    assert mine["cap_nanos"] == str(270 * DOLLAR)
    days = [date.fromisoformat(mine[f"used_up_{name}"]) for name in ("earliest", "likely")]
    assert NOW.date() <= days[0] <= days[1] <= date(2026, 11, 30)
    ends = [int(mine[f"{name}_nanos"]) for name in ("at_least", "at_end", "at_most")]
    assert ends == sorted(ends)
    assert rows["platform"]["used_up_likely"] == ""


def test_tiers_are_a_file_with_what_the_page_says(staff: Client) -> None:
    history()
    rows = {row["tier"]: row for row in rows_of(staff, "tiers")}
    assert set(rows) == {"free", "premium"}
    said = text_of(staff)
    for row in rows.values():
        assert f"${float(row['this_month_usd']):,.4f}" in said
        assert f"${float(row['at_end_usd']):,.4f}" in said
        assert int(row["at_least_nanos"]) <= int(row["at_end_nanos"]) <= int(row["at_most_nanos"])
    assert rows_of(staff, "tiers", tier="free") == []  # then the forecast itself is of it


def test_of_few_days_nothing_is_foretold(staff: Client) -> None:
    call(NOW - DAY, cost_nanos=DOLLAR)
    rolled_up()
    (row,) = rows_of(staff, "tiers")
    assert (row["this_month_usd"], row["at_end_nanos"], row["at_most_usd"]) == ("1", "", "")


def test_the_page_leads_to_both(staff: Client) -> None:
    history(20)
    said = text_of(staff)
    for name in ("limits", "tiers"):
        assert f'href="{PAGE}{name}.csv?' in said
