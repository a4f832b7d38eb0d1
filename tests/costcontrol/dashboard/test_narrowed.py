"""Every page, narrowed by each thing that calls differ in: of hours and days that are added up, and
of calls of this hour."""

from datetime import timedelta

import pytest

from costcontrol.dashboard.filter_names import EVERY
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.rows import NOW, call, failure, hit, rolled_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
PATHS = (
    "", "caches/", "calls/", "debates/", "experiments/", "explorer/", "forecast/", "movers/",
    "questions/", "roi/", "routes/", "savings/", "users/", "what-if/",
)
VALUES = {
    "tier": "premium", "language": "ko", "provider": "anthropic", "class": "economy",
    "deployment": "anthropic/claude-haiku-5-5", "kind": "closing", "layer": "exact",
    "status": "cached", "user": "1",
}


def test_all_that_calls_differ_in_is_asked_about() -> None:
    assert VALUES.keys() == EVERY


def test_every_page_is_shown_whatever_it_is_narrowed_to(page: Page) -> None:
    for days in (40, 9, 2, 0):
        at = NOW - timedelta(days=days)
        call(at, call_kind="closing")
        hit(at)
        failure(at)
    rolled_up()  # once for all pages: that takes longer than a page does
    questions = [{name: value} for name, value in VALUES.items()] + [VALUES]
    failed = [
        (path, asked) for path in PATHS for asked in questions
        if page.get(f"/dashboard/{path}", {"range": "90d"} | asked).status_code != 200
    ]
    assert failed == []
