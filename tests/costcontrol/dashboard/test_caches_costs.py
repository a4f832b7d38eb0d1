"""What cache layers cost and got wrong, and the tables of their page as files."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from routing.models import PrecomputeRun, Topic
from tests.costcontrol.dashboard.rows import NOW, call, rolled_up
from tests.costcontrol.dashboard.stored import answer
from tests.costcontrol.dashboard.test_caches import CENT, DAY, PAGE, export, read, row_of, served
from tests.costcontrol.dashboard.test_caches import kinds as kinds
from tests.costcontrol.dashboard.test_caches import staff as staff
from tests.costcontrol.dashboard.test_topic_matches import match
from tests.costcontrol.dashboard.test_topic_words import virtue as virtue

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def cost_row(said: str, name: str) -> list[str]:
    return row_of(said.split("What each layer costs, and how often it was wrong", 1)[1], name)


def our_work(**columns: object) -> None:
    call(**{"baseline": "", "baseline_nanos": None} | columns)  # type: ignore[arg-type]


def test_a_layer_has_the_cost_of_our_own_work_for_it(staff: Client) -> None:
    served("pattern")  # saves $1
    served("exact")
    our_work(call_kind="embedding", tier="embedding", cost_nanos=3 * CENT)
    our_work(call_kind="judge", cost_nanos=2 * CENT)
    our_work(call_kind="opening_statement", tier="precompute", cost_nanos=40 * CENT)
    our_work(call_kind="embedding", tier="embedding", cost_nanos=CENT, at=NOW - 2 * DAY)
    rolled_up()
    said = read(staff, range="today")
    assert cost_row(said, "L2")[1:3] == [
        "$0.0500 vectors and judges, also for L3", "$0.9500"]
    assert cost_row(said, "L3")[1:3] == [
        "$0.4000 answers and searches made ahead", "-$0.4000"]
    assert cost_row(said, "L1")[1:3] == ["$0.0000 it asks no model", "$1.0000"]
    assert cost_row(read(staff, range="7d"), "L2")[1].startswith("$0.0600")


def test_our_own_work_has_no_tier(staff: Client) -> None:
    our_work(call_kind="embedding", tier="embedding", cost_nanos=3 * CENT)
    rolled_up()
    said = read(staff, tier="premium")
    assert cost_row(said, "L2")[1].startswith("– not known")


def test_what_staff_ended_as_wrong_stands_with_the_layer_that_served_it(staff: Client) -> None:
    gone: dict[str, Any] = {"ended_at": NOW, "ended_why": "wrong"}
    answer(key="1", served=3, **gone)
    answer(key="2", served=4, language="ko", **gone)
    answer(key="3", served=5, origin="batch", **gone)
    answer(key="4", served=9, ended_at=NOW, ended_why="purged")
    answer(key="5", served=9, ended_at=NOW - 40 * DAY, ended_why="wrong")
    answer(key="6", served=9)
    said = read(staff, range="7d")
    assert cost_row(said, "L2")[3] == "7 2 answers were ended as wrong"
    assert cost_row(said, "L3")[3] == "5 1 answer was ended as wrong"
    assert cost_row(said, "L1")[3] == "0 only the very same request"
    assert cost_row(said, "L4")[3].endswith("nobody looks for it")
    assert cost_row(read(staff, language="ko"), "L2")[3].startswith("4 1 answer ")


def test_how_many_texts_meant_another_topic_is_said_with_how_many_are_judged(
    staff: Client, virtue: Topic
) -> None:
    assert "none is judged yet" in read(staff)
    match(virtue, 1, verdict="right", language="ko")
    match(virtue, 2, verdict="wrong", language="ko")
    match(virtue, 3, verdict="wrong", language="en")
    match(virtue, 4)
    match(virtue, 5, verdict="wrong", at=NOW - 40 * DAY)
    assert "3 are judged, and 2 of them meant another one" in read(staff, range="7d")
    assert "2 are judged, and 1 of them" in read(staff, range="7d", language="ko")


def test_the_layers_as_a_file_are_what_the_page_says(staff: Client) -> None:
    served("pattern")
    call(call_kind="opening_statement")
    our_work(call_kind="embedding", tier="embedding", cost_nanos=3 * CENT)
    answer(served=6, ended_at=NOW, ended_why="wrong")
    rolled_up()
    rows = {row["layer"]: row for row in export(staff, "layers", range="7d")}
    mine = rows["pattern"]
    assert (mine["answered"], mine["asked"], mine["hit_rate_bp"]) == ("1", "2", "5000")
    assert (mine["saved_nanos"], mine["saved_usd"]) == (str(100 * CENT), "1")
    assert (mine["own_cost_nanos"], mine["own_cost_usd"]) == (str(3 * CENT), "0.03")
    assert (mine["ended_as_wrong"], mine["served_wrongly"]) == ("1", "6")
    assert rows["precomputed"]["is_on"] == str(int(PrecomputeRun.objects.exists()))
    assert (rows["template"]["asked"], rows["template"]["hit_rate_bp"]) == ("", "")


def test_kinds_and_reasons_are_files_too(staff: Client, settings: LazySettings) -> None:
    served("pattern")
    call(call_kind="opening_statement")
    call(call_kind="user_turn_analysis")
    rolled_up()
    kinds = {row["kind"]: row for row in export(staff, "kinds", range="7d")}
    opening = kinds["opening_statement"]
    assert (opening["calls"], opening["pattern"]) == ("2", "1")
    assert kinds["user_turn_analysis"]["by_models"] == "1"
    assert set(export(staff, "kinds", range="7d", kind="closing")) == set()
    reasons = export(staff, "reasons", range="7d")
    assert [row["reason"] for row in reasons] == ["nothing_stored", "another_wanted", "not_kept"]
    assert sum(int(row["calls"]) for row in reasons) == 1
    assert export(staff, "reasons", tier="premium") == []  # not known for one tier
    settings.CACHE_SHARED = False
    assert [row["reason"] for row in export(staff, "reasons", range="7d")] == ["layer_off"]


def test_each_table_leads_to_its_file_with_the_filters(staff: Client) -> None:
    said = read(staff, range="7d", kind="closing")
    for name in ("layers", "kinds", "reasons"):
        found = re.search(rf'href="({PAGE}charts/{name}\.csv\?[^"]*)" download', said)
        assert found
        assert "kind=closing" in found[1]
        assert staff.get(found[1].replace("&amp;", "&")).status_code == 200
