"""Pages of calls whose usage rows were let go say so, and where they begin."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from billing import retention, rollups
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.rows import NOW, call

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]
OLD = datetime(2026, 10, 31, 3, tzinfo=UTC)
ID = UUID(int=77)


def let_go() -> None:
    call(OLD, call_id=ID, debate_id="old-one")
    call(NOW)
    rollups.catch_up(now=NOW)
    plan = retention.Plan(retention.plan(1, now=NOW).month.plus(1), 1)  # the running month stays
    assert retention.retire(plan, now=NOW) == 1


def text_of(page: Page, path: str, status: int) -> str:
    response = page.get(path)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_a_call_and_a_debate_that_are_gone_say_since_when(page: Page) -> None:
    let_go()
    for path in (f"/dashboard/calls/{ID}/", "/dashboard/debates/old-one/"):
        text = text_of(page, path, 404)
        assert "are no longer kept one by one" in text
        assert "2026-11-01T00:00:00" in text


def test_the_list_says_where_it_begins(page: Page) -> None:
    let_go()
    said = "this list begins there"
    assert said in text_of(page, "/dashboard/calls/?range=90d", 200)
    assert said not in text_of(page, "/dashboard/calls/?range=7d", 200)


def test_where_every_row_is_kept_nothing_is_said(page: Page) -> None:
    call(NOW)
    assert "one by one" not in text_of(page, f"/dashboard/calls/{ID}/", 404)
    assert "one by one" not in text_of(page, "/dashboard/calls/?range=90d", 200)
