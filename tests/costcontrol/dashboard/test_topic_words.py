"""The page about topics' other words: who-counts, decisions of staff, and what is calibrated."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.closing import account_close
from accounts.models import AuditEvent, User
from routing import embeddings, snapshot
from routing.models import AliasVote, Topic, TopicAlias, TopicCalibration
from tests.billing.conftest import nothing_remembered as nothing_remembered
from tests.costcontrol.dashboard.rows import NOW, person
from tests.costcontrol.dashboard.stored import topic
from tests.routing.embedding_rows import budget, price

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
PAGE = "/dashboard/caches/topics/"
MOST_QUERIES = 14


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    alice.user_permissions.set(Permission.objects.filter(codename="change_topicalias"))
    client.force_login(alice)
    return client


@pytest.fixture
def virtue(db: None) -> Topic:
    return topic(en="Is virtue taught?")


def words(virtue: Topic, text: str = "can virtue be learnt", **columns: Any) -> TopicAlias:
    usual: dict[str, Any] = {
        "norm": text, "text": text, "language": "en", "topic": virtue, "status": "proposed",
        "source": "chosen", "created_at": NOW,
    }
    return TopicAlias.objects.create(**usual | columns)


def read(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def decide(client: Client, row: TopicAlias, status: str) -> str:
    response = client.post(f"{PAGE}{row.pk}/decide/", {"status": status}, follow=True)
    assert response.status_code == 200
    row.refresh_from_db()
    return " ".join(html.unescape(response.content.decode()).split())


def calibration(**columns: Any) -> TopicCalibration:
    usual: dict[str, Any] = {
        "language": "en", "embedder": "h", "embedder_name": "use 0.2.1", "threshold": 0.85,
        "floor": 0.5, "judged": 312, "topics": 104, "errors": 1, "bound": 0.0152,
        "source": "topics.jsonl", "made_at": NOW,
    }
    return TopicCalibration.objects.create(**usual | columns)


def test_proposals_say_how_many_chose_them_and_not_who(staff: Client, virtue: Topic) -> None:
    row, bob = words(virtue, is_swapped=True), person("bob.secret@example.com")
    for user_id in (bob.pk, bob.pk + 1):
        AliasVote.objects.create(alias=row, user_id=user_id, at=NOW)
    said = read(staff)
    for part in ("can virtue be learnt", "Is virtue taught?", "with the sides swapped",
                 '<data class="count" value="2">', "chosen by users"):
        assert part in said
    assert "bob.secret" not in said


def test_staff_approve_and_quarantine_and_it_is_audited(staff: Client, virtue: Topic) -> None:
    row = words(virtue)
    assert "mean the topic for everybody now" in decide(staff, row, "active")
    assert (row.status, row.decided_at) == ("active", NOW)
    assert "Nobody is led to the topic" in decide(staff, row, "quarantined")
    assert row.status == "quarantined"
    events = AuditEvent.objects.filter(action="topic_words_decide").order_by("pk")
    assert [(each.before, each.after) for each in events] == [
        ({"status": "proposed"}, {"status": "active"}),
        ({"status": "active"}, {"status": "quarantined"}),
    ]
    assert events[0].target == f"t001: words {row.pk}"


def test_words_that_go_with_an_account_are_not_in_the_audit_log(
    staff: Client, virtue: Topic
) -> None:
    row, bob = words(virtue, "what bob typed"), person("bob@example.com")
    AliasVote.objects.create(alias=row, user_id=bob.pk, at=NOW)
    decide(staff, row, "quarantined")
    account_close(bob, at=NOW)
    assert not TopicAlias.objects.exists()
    for event in AuditEvent.objects.all():
        assert "what bob typed" not in f"{event.target} {event.before} {event.after}"


def test_words_in_use_for_another_topic_are_not_approved(staff: Client, virtue: Topic) -> None:
    words(topic("t002"), status="active")
    row = words(virtue)
    assert "in use for another topic" in decide(staff, row, "active")
    assert row.status == "proposed"
    assert not AuditEvent.objects.filter(action="topic_words_decide").exists()


@pytest.mark.parametrize("status", ["proposed", "", "x"])
def test_nothing_else_can_be_made_of_them(staff: Client, virtue: Topic, status: str) -> None:
    row = words(virtue)
    assert "nothing was changed" in decide(staff, row, status)
    assert row.status == "proposed"
    gone = staff.post(f"{PAGE}{row.pk + 1}/decide/", {"status": "active"}, follow=True)
    assert "nothing was changed" in gone.content.decode()


def test_without_the_permission_there_are_no_buttons(
    staff: Client, alice: User, virtue: Topic
) -> None:
    row = words(virtue)
    alice.user_permissions.clear()
    assert "Approve" not in read(staff)
    assert staff.post(f"{PAGE}{row.pk}/decide/", {"status": "active"}).status_code == 403
    row.refresh_from_db()
    assert row.status == "proposed"


def test_without_a_calibration_it_says_so_and_names_the_command(
    staff: Client, settings: LazySettings
) -> None:
    settings.TOPIC_EMBEDDER = "off"
    said = read(staff)
    assert "Not calibrated: only exact words are recognised." in said
    assert "manage.py calibrate_topics --data PATH" in said
    assert "No embedder is there" in said
    assert "No proposal waits." in said


def test_calibrations_of_the_embedder_in_use_are_in_force(
    staff: Client, settings: LazySettings
) -> None:
    settings.TOPIC_EMBEDDER = "ollama:bge-m3"
    current = embeddings.embedder()
    assert current is not None
    calibration(embedder=current.hash, made_at=NOW - timedelta(days=3), errors=77)
    calibration(embedder=current.hash)
    calibration(language="ko")  # of another embedder
    said = read(staff)
    for part in ("calibrated", "85.0%", "1.5%", "312", "104", "topics.jsonl",
                 "there is one of another embedder"):
        assert part in said
    assert ">77<" not in said


def test_an_embedder_that_is_not_paid_for_is_said_to_be_left_out(
    staff: Client, settings: LazySettings, nothing_remembered: None
) -> None:
    settings.TOPIC_EMBEDDER = "openai:small"
    snapshot.forget()
    assert "There is no standard price for openai/small" in read(staff)
    price("openai", "0.02")
    assert "no standard price" not in read(staff)
    budget("platform", "", 1)
    assert "The budget for finding out what typed topics mean is used up (platform)." in read(staff)
    snapshot.forget()


def test_only_some_are_shown_of_very_many_in_few_queries(staff: Client, virtue: Topic) -> None:
    TopicAlias.objects.bulk_create(
        TopicAlias(norm=f"words {place}", text=f"words {place}", language="en", topic=virtue,
                   status="proposed", source="chosen", created_at=NOW)
        for place in range(60)
    )
    with CaptureQueriesContext(connection) as seen:
        said = read(staff)
    assert "The first 50 of 60." in said
    assert len(seen) <= MOST_QUERIES
