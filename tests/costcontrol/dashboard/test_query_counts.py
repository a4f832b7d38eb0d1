"""How often each page asks the database over a long range: a number that no amount of calls, users
or debates makes bigger."""

from datetime import timedelta

import pytest

from tests.costcontrol.dashboard.conftest import Page, forget
from tests.costcontrol.dashboard.rows import NOW, call, hit, rolled_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
MOST = {
    "": 40, "audit/": 8, "budgets/": 12, "budgets/alerts/": 8, "budgets/rules/": 8, "caches/": 20,
    "calls/": 14, "debates/": 17, "experiments/": 14, "explorer/": 16, "forecast/": 44,
    "movers/": 30, "precompute/": 22, "questions/": 8, "reconciliation/": 14, "report/": 40,
    "revenue/": 29, "roi/": 14, "routes/": 33, "savings/": 33, "settings/": 15, "users/": 28,
    "views/": 6, "what-if/": 22,
}


def test_every_page_asks_a_few_times_over_a_long_range(page: Page) -> None:
    for days in range(0, 20, 2):
        call(NOW - timedelta(days=days), user_id=days, debate_id=f"debate-{days}")
        hit(NOW - timedelta(days=days))
    rolled_up()  # once for all pages: that takes longer than a page does
    for path, most in MOST.items():
        forget()
        queries = page.queries_of(f"/dashboard/{path}", {"range": "90d"})
        assert len(queries) <= most, "\n".join([path, *(query[:120] for query in queries)])
