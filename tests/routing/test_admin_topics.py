"""Staff pages of the topic resolver: words are decided, calibrations switched, nothing else."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Tier, User
from costcontrol.lib import clock
from routing.debates.topics import resolve
from routing.models import TopicAlias, TopicCalibration, TopicVector
from tests.routing.debates.topic_rows import TITLES, topics_make

pytestmark = pytest.mark.django_db
TEXT = "Is there a god at all?"


@pytest.fixture(autouse=True)
def topics(db: None) -> None:
    Tier.objects.create(name="free", title="Free")
    topics_make()


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice@example.org"))
    return client


def url(page: str, *args: Any) -> str:
    return reverse(f"admin:routing_{page}", args=args)


def proposed(topic: str = "god", **columns: Any) -> TopicAlias:
    return TopicAlias.objects.create(**{
        "norm": "isthereagodatall", "text": TEXT, "language": "en", "topic_id": topic,
        "status": "proposed", "source": "chosen", "created_at": clock.now(), **columns,
    })  # fmt: skip


def act(staff: Client, page: str, action: str, *rows: Any) -> str:
    reply = staff.post(
        url(f"{page}_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True,
    )
    return reply.content.decode()


def test_words_are_approved_and_quarantined(staff: Client) -> None:
    row = proposed()
    assert resolve(TEXT).topic is None
    act(staff, "topicalias", "approve", row)
    found = resolve(TEXT)
    assert found.topic is not None
    assert (found.topic.key, found.how) == ("god", "alias")
    act(staff, "topicalias", "quarantine", row)
    assert resolve(TEXT).topic is None
    assert AuditEvent.objects.filter(action="topic_words_decide").count() == 2


def test_words_in_use_for_another_topic_are_not_approved(staff: Client) -> None:
    proposed(status="active")
    other = proposed("will")
    assert "in use for another topic" in act(staff, "topicalias", "approve", other)
    other.refresh_from_db()
    assert other.status == "proposed"


def test_words_that_staff_enter_are_in_use_at_once(staff: Client) -> None:
    staff.post(url("topicalias_add"), {"text": TEXT, "topic": "god", "note": "asked often"})
    row = TopicAlias.objects.get()
    assert (row.status, row.source, row.norm, row.language) == (
        "active", "staff", "isthereagodatall", "en"
    )
    assert resolve("is there a GOD at all").topic == row.topic


@pytest.mark.parametrize("status", ["proposed", "quarantined"])
def test_words_that_somebody_used_already_are_decided_and_not_entered(
    staff: Client, status: str
) -> None:
    proposed(status=status)
    reply: Any = staff.post(url("topicalias_add"), {"text": TEXT, "topic": "god"})
    assert reply.status_code == 200
    assert "already exists" in str(reply.context_data["adminform"].form.errors)
    assert TopicAlias.objects.get().status == status


@pytest.mark.parametrize("text", [TITLES["will"][0], "?!", "Is it \x00 so?"])
def test_words_that_mean_nothing_or_something_else_are_refused(staff: Client, text: str) -> None:
    reply: Any = staff.post(url("topicalias_add"), {"text": text, "topic": "god"})
    assert reply.status_code == 200
    assert "text" in reply.context_data["adminform"].form.errors
    assert not TopicAlias.objects.exists()


def test_what_users_wrote_cannot_be_edited_or_deleted(staff: Client) -> None:
    row = proposed()
    page = staff.get(url("topicalias_change", row.pk))
    assert page.status_code == 200
    assert b'name="text"' not in page.content
    assert staff.post(url("topicalias_delete", row.pk), {"post": "yes"}).status_code == 403


def test_a_calibration_is_switched_off_and_on_and_its_figures_are_fixed(staff: Client) -> None:
    row = TopicCalibration.objects.create(
        language="ko", embedder="0" * 64, embedder_name="use", threshold=0.9, floor=0.4,
        judged=300, topics=300, errors=1, bound=0.016, source="a set", made_at=clock.now(),
    )
    act(staff, "topiccalibration", "deactivate", row)
    row.refresh_from_db()
    assert not row.is_active
    staff.post(url("topiccalibration_change", row.pk), {"is_active": "on", "threshold": "0.1"})
    row.refresh_from_db()
    assert (row.is_active, row.threshold) == (True, 0.9)
    assert AuditEvent.objects.filter(action="topiccalibration_change").count() == 2
    assert staff.get(url("topiccalibration_add")).status_code == 403


def test_vectors_have_no_page() -> None:
    assert TopicVector not in admin.site._registry
