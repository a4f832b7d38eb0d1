"""The staff pages about what debates cost."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.models import User
from billing import ledger
from billing.models import CallUse
from routing.models import Debate, Turn
from tests.costcontrol.dashboard.files import said_in
from tests.costcontrol.dashboard.rows import NOW, call, hit, person

pytestmark = pytest.mark.django_db
LIST = "/dashboard/debates/"
HOUR = timedelta(hours=1)


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def text_of(client: Client, path: str, status: int = 200, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == status
    return said_in(response) if response.streaming else response.content.decode()


def debate_of(topic: str, *, key: str = "t1") -> Debate:
    return Debate.objects.create(
        user_id=1, topic=topic, topic_key=key, language="en", format="1v1", created_at=NOW
    )


def turn(debate: Debate, call_id: UUID, *, text: str = "I say.") -> None:
    Turn.objects.create(
        debate=debate, number=1, step=0, stage="opening", call_id=call_id, text=text,
        status="completed", created_at=NOW,
    )


def test_the_list_links_to_each_debate_with_its_cost(staff: Client) -> None:
    call(debate_id="ours/1", user_id=person().pk)
    said = text_of(staff, LIST)
    assert "/dashboard/debates/ours/1/?user=" in said
    assert "bob@example.com" in said
    assert "$0.25" in said


def test_questions_of_the_catalogue_are_shown_and_those_of_users_are_not(staff: Client) -> None:
    known, own = debate_of("Is virtue taught?"), debate_of("About my neighbour", key="")
    for debate in (known, own):
        call(debate_id=str(debate.id))
    said = text_of(staff, LIST)
    assert "Is virtue taught?" in said
    assert "About my neighbour" not in said
    assert str(own.id) in said


def test_the_dearest_can_come_first_in_one_language_on_one_day(staff: Client) -> None:
    call(debate_id="dear", cost_nanos=9 * 10**9, at=NOW - HOUR)
    call(debate_id="cheap")
    call(debate_id="english", language="en")
    said = text_of(staff, LIST, order="dearest", language="ko", range="today")
    assert said.index("debates/dear/") < said.index("debates/cheap/")
    assert "debates/english/" not in said


@pytest.mark.parametrize("page", ["2", "0", "-1", "99999999", "x"])
def test_pages_that_are_not_there_are_pages_all_the_same(staff: Client, page: str) -> None:
    text_of(staff, LIST, page=page, order="sideways", range="eternity")


def test_the_export_has_exact_amounts(staff: Client) -> None:
    call(debate_id="=d1", cost_nanos=123_456_789)
    rows = list(csv.DictReader(io.StringIO(text_of(staff, "/dashboard/debates.csv"))))
    assert [(row["cost_nanos"], row["cost_usd"]) for row in rows] == [("123456789", "0.123456789")]
    assert rows[0]["debate_id"] == "'=d1"  # no formula


def test_one_debate_says_what_nobody_read(staff: Client) -> None:
    debate = debate_of("Is virtue taught?")
    facts: dict[str, Any] = {"debate_id": str(debate.id), "stage": "opening"}
    shown = call(call_kind="moderator_intro", **facts)
    lost = call(call_kind="moderator_intro", cost_nanos=1_000_000, **facts)
    read = call(call_kind="stance_statements", cost_nanos=2_000_000, **facts)
    call(call_kind="tone_select", cost_nanos=3_000_000, **facts)
    turn(debate, shown.call_id)
    ledger.insert_uses([CallUse(call_id=read.call_id, used_by=shown.call_id)])
    said = text_of(staff, f"{LIST}{debate.id}/")
    assert "Is virtue taught?" in said
    assert "$0.0040" in said  # the turn that was never shown, and the call that nobody read
    assert f"/dashboard/calls/{lost.call_id}/" in said
    assert said.count("nobody read it") == 2  # in the table of uses, and at its call
    assert "256.000 credits" in said


def test_a_debate_of_another_backend_has_a_page_too(staff: Client) -> None:
    call(debate_id="theirs", stage="part one", speaker="Socrates")
    hit(debate_id="theirs")
    said = text_of(staff, f"{LIST}theirs/")
    assert "part one" in said
    assert "Socrates" in said
    assert "same question again" in said
    assert "Plotly" in said or 'type="application/json"' in said


def test_without_stages_the_chart_is_of_kinds_the_dearest_first(staff: Client) -> None:
    call(debate_id="theirs", call_kind="tone_select", cost_nanos=1_000_000)
    call(debate_id="theirs", call_kind="closing", cost_nanos=9_000_000, at=NOW - HOUR / 60)
    said = text_of(staff, f"{LIST}theirs/")
    assert "Cost, by kind of call" in said
    assert "Cost, by stage" not in said
    chart = said[said.index('type="application/json"'):]
    assert chart.index('"closing"') < chart.index('"tone_select"')


def test_a_debate_of_free_models_has_no_chart(staff: Client) -> None:
    call(debate_id="free", cost_nanos=0, model_class="local")
    assert "It cost nothing" in text_of(staff, f"{LIST}free/")


def test_debates_of_the_same_name_are_told_apart(staff: Client) -> None:
    bob = person()
    call(debate_id="d1", user_id=bob.pk, cost_nanos=10**9)
    call(debate_id="d1", user_id=bob.pk + 1, at=NOW - HOUR)
    assert "Debates of the same name" in text_of(staff, f"{LIST}d1/")
    assert "bob@example.com" in text_of(staff, f"{LIST}d1/", user=str(bob.pk))


@pytest.mark.parametrize("query", [{}, {"user": "7"}, {"user": "x", "zone": "Nowhere/Land"}])
def test_a_debate_that_is_not_there_is_said_to_be_missing(
    staff: Client, query: dict[str, str]
) -> None:
    assert "Debate not found" in text_of(staff, f"{LIST}{uuid4()}/", 404, **query)


def test_customers_do_not_get_here(client: Client) -> None:
    client.force_login(person())
    for path in (LIST, "/dashboard/debates.csv", f"{LIST}d1/"):
        assert client.get(path).status_code == 403


def test_the_page_of_a_call_leads_to_the_costs_of_its_debate(staff: Client) -> None:
    one = call(debate_id="d/1")
    assert f"{LIST}d/1/?user={one.user_id}" in text_of(staff, f"/dashboard/calls/{one.call_id}/")


def test_web_searches_are_a_line_of_their_own_where_there_were_any(staff: Client) -> None:
    call(debate_id="d1")
    assert "Web searches" not in text_of(staff, "/dashboard/debates/d1/")
    call(debate_id="d1", call_kind="rag_search", searches=2, search_nanos=20_000_000)
    hit(debate_id="d1", call_kind="rag_search", searches=3)
    said = text_of(staff, "/dashboard/debates/d1/")
    assert "2 searches, in the cost" in said
    assert "$0.0200" in said
