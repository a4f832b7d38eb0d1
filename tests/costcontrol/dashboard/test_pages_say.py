"""What all pages of staff have in common: since when figures hold and in which zone, and beneath
each chart the same as a table and as a file."""

import html
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.rows import NOW

pytestmark = pytest.mark.django_db
FIGURE = re.compile(r'<section class="card figure".*?</section>', re.DOTALL)
DAYS = 20
PAGES = (
    "", "explorer/", "savings/", "forecast/", "routes/", "caches/", "precompute/", "experiments/",
    "budgets/", "users/", "users/2/", "calls/", "debates/", "audit/", "settings/", "roi/",
)  # fmt: skip
WITH_CHARTS = {"": 5, "explorer/": 1, "savings/": 2, "forecast/": 1, "caches/": 2, "users/2/": 1}


@pytest.fixture
def pages(client: Client, alice: User) -> dict[str, str]:
    call_command("load_defaults", stdout=StringIO())
    bob = rows.person(pk=2)
    for day in range(DAYS):
        at = NOW - timedelta(days=day)
        rows.call(at, user_id=bob.pk, call_kind="rebuttal")
        rows.hit(at, user_id=bob.pk)
    rows.rolled_up()
    client.force_login(alice)
    return {path: html.unescape(client.get(f"/dashboard/{path}").content.decode())
            for path in PAGES}


def test_every_page_says_since_when_and_each_chart_has_a_table_and_a_file(
    pages: dict[str, str],
) -> None:
    silent = [
        path for path, said in pages.items()
        if "as of" not in said.lower() or "Asia/Seoul" not in said
    ]
    assert not silent
    drawn = {
        path: [each for each in FIGURE.findall(said) if "data-chart" in each]
        for path, said in pages.items()
    }
    assert all(len(drawn[path]) >= least for path, least in WITH_CHARTS.items())
    bare = [
        path for path, figures in drawn.items() for each in figures
        if not ('class="twin"' in each and "<table" in each and ".csv" in each)
    ]
    assert not bare
