"""The part of the page about topics' other words where people judge what was taken as alike."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from routing.models import Topic, TopicAlias, TopicMatch
from tests.costcontrol.dashboard.rows import NOW
from tests.costcontrol.dashboard.test_topic_words import PAGE, read
from tests.costcontrol.dashboard.test_topic_words import staff as staff
from tests.costcontrol.dashboard.test_topic_words import virtue as virtue

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
TYPED = "Is virtue something taught?"
MOST_QUERIES = 20


def match(topic: Topic, place: int = 0, **columns: Any) -> TopicMatch:
    usual: dict[str, Any] = {
        "draw": f"{place}", "topic": topic, "language": "en", "embedder": "h",
        "embedder_name": "use 0.2.1", "text": TYPED, "user_id": 7, "similarity": 0.912,
        "at": NOW,
    }
    return TopicMatch.objects.create(**usual | columns)


def judge(client: Client, row: TopicMatch, verdict: str) -> str:
    response = client.post(f"{PAGE}matches/{row.pk}/judge/", {"verdict": verdict}, follow=True)
    assert response.status_code == 200
    row.refresh_from_db()
    return " ".join(response.content.decode().split())


def test_what_waits_is_shown_with_what_it_was_taken_for(staff: Client, virtue: Topic) -> None:
    match(virtue, times=4)
    said = read(staff)
    for part in (TYPED, "Is virtue taught?", "91.2%", '<data class="count" value="4">',
                 "5 % are drawn by lot", "Nothing was judged yet", 'value="wrong"'):
        assert part in said, part


def test_a_verdict_is_counted_and_audited_without_the_text(staff: Client, virtue: Topic) -> None:
    right, wrong = match(virtue), match(virtue, 1, text="what bob typed")
    assert "Counted as right" in judge(staff, right, "right")
    assert "in quarantine" in judge(staff, wrong, "wrong")
    assert (right.verdict, wrong.verdict) == ("right", "wrong")
    assert TopicAlias.objects.get().status == "quarantined"
    events = AuditEvent.objects.filter(action="topic_match_judge").order_by("pk")
    assert [(each.target, each.after) for each in events] == [
        (f"t001: match {right.pk}", {"verdict": "right"}),
        (f"t001: match {wrong.pk}", {"verdict": "wrong"}),
    ]
    said = read(staff)
    for part in ("use 0.2.1", "50.0%", "97.5%", "No text waits"):
        assert part in said, part


@pytest.mark.parametrize("verdict", ["", "maybe"])
def test_nothing_else_can_be_said_of_it(staff: Client, virtue: Topic, verdict: str) -> None:
    row = match(virtue)
    assert "nothing was changed" in judge(staff, row, verdict)
    assert row.verdict == ""


def test_a_text_is_judged_once(staff: Client, virtue: Topic) -> None:
    row = match(virtue)
    judge(staff, row, "right")
    assert "nothing was changed" in judge(staff, row, "wrong")
    assert row.verdict == "right"
    assert not TopicAlias.objects.exists()
    gone = staff.post(f"{PAGE}matches/{row.pk + 1}/judge/", {"verdict": "right"}, follow=True)
    assert "nothing was changed" in gone.content.decode()


def test_without_the_permission_nobody_judges(staff: Client, alice: User, virtue: Topic) -> None:
    row = match(virtue)
    alice.user_permissions.clear()
    said = read(staff)
    assert TYPED in said
    assert 'value="wrong"' not in said
    url = f"{PAGE}matches/{row.pk}/judge/"
    assert staff.post(url, {"verdict": "right"}).status_code == 403
    row.refresh_from_db()
    assert row.verdict == ""


def test_off_is_shown_as_off_and_what_waits_can_still_be_judged(
    staff: Client, virtue: Topic, settings: LazySettings
) -> None:
    settings.TOPIC_AUDIT_PERCENT = 0.0
    match(virtue)
    said = read(staff)
    assert "Off: nothing is drawn" in said
    assert "TOPIC_AUDIT_PERCENT" in said
    assert TYPED in said


def test_only_some_are_shown_of_very_many_in_few_queries(staff: Client, virtue: Topic) -> None:
    TopicMatch.objects.bulk_create(
        TopicMatch(draw=f"{place}", topic=virtue, language="en", embedder="h",
                   embedder_name="use", text=f"text {place}", similarity=0.9, at=NOW)
        for place in range(60)
    )
    match(virtue, 99, verdict="right", judged_at=NOW)
    with CaptureQueriesContext(connection) as seen:
        assert "The first 50 of 60." in read(staff)
    assert len(seen) <= MOST_QUERIES
