"""The page that purges: nothing happens unseen, everything needs a typed word, all is audited."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from costcontrol.lib import clock
from routing.models import Philosopher, StoredAnswer
from tests.costcontrol.dashboard.rows import NOW
from tests.costcontrol.dashboard.stored import answer, topic

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
PAGE, DAY = "/dashboard/caches/purge/", timedelta(days=1)
MOST_QUERIES = 12
HOSTILE = ("' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "-1", "%")


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    wanted = ("change_storedanswer", "change_topic")
    alice.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(alice)
    return client


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    topic("t001")
    topic("t002")
    Philosopher.objects.create(key="hegel", name_ko="헤겔", name_en="Hegel")


def read(client: Client, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def post(client: Client, path: str = "", **form: str) -> str:
    response = client.post(f"{PAGE}{path}", form, follow=True)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def key(number: int) -> str:
    return f"{number:064d}"


def live() -> set[int]:
    return set(StoredAnswer.objects.filter(ended_at=None).values_list("pk", flat=True))


def test_it_shows_first_what_it_would_end_and_what_that_brought(staff: Client) -> None:
    answer(cost_nanos=20_000_000, saved_nanos=90_000_000, served=3)
    answer(variant=1, cost_nanos=10_000_000)
    answer(key=key(2), topic_key="t002")
    said = read(staff, topic_key="t001")
    for part in ("Purge 2 entries", 'value="30000000"', 'value="90000000"'):
        assert part in said
    assert len(live()) == 3


@pytest.mark.parametrize(
    ("scope", "facts"),
    [
        ({"topic_key": "t002"}, {"topic_key": "t002"}),
        ({"philosopher": "hegel"}, {"philosopher": "hegel"}),
        ({"kind": "closing"}, {"kind": "closing"}),
        ({"language": "ko"}, {"language": "ko"}),
        ({"route": "mid x/y"}, {"route": "mid x/y"}),
        ({"topic_key": "t002", "language": "ko"}, {"topic_key": "t002", "language": "ko"}),
    ],
)
def test_each_scope_ends_what_it_names_and_nothing_else(
    staff: Client, scope: dict[str, str], facts: dict[str, Any]
) -> None:
    kept, gone = answer(), answer(key=key(2), **facts)
    assert "1 entry is not served any more" in post(staff, **scope)
    assert live() == {kept.pk}
    gone.refresh_from_db()
    assert gone.ended_why == "purged"
    event = AuditEvent.objects.get(action="answers_purge")
    assert event.actor == "alice@example.com"
    assert event.after["ended"] == 1
    assert all(f"{name}={value}" in event.target for name, value in scope.items())


@pytest.mark.parametrize("typed", ["", "Everything!", "yes"])
def test_everything_needs_the_word_on_the_page(staff: Client, typed: str) -> None:
    answer()
    assert "Type “everything” to confirm" in read(staff, everything="1")
    assert "Nothing was changed" in post(staff, everything="1", confirm=typed)
    assert len(live()) == 1
    assert not AuditEvent.objects.filter(action="answers_purge").exists()


def test_everything_is_purged_once_the_word_is_typed(staff: Client) -> None:
    answer()
    answer(key=key(2), owner_id=7)
    assert "2 entries are not served any more" in post(staff, everything="1", confirm="everything")
    assert live() == set()
    assert AuditEvent.objects.get(action="answers_purge").target == "everything"


@pytest.mark.parametrize("form", [{}, {"topic_key": "nothing"}, {"kind": "closing", "route": "x"}])
def test_what_cannot_be_chosen_purges_nothing(staff: Client, form: dict[str, str]) -> None:
    answer()
    assert "Choose what to purge first" in post(staff, **form, confirm="everything")
    assert len(live()) == 1


def test_a_purge_can_be_taken_back_unless_something_newer_is_there(staff: Client) -> None:
    first, second, other = answer(), answer(variant=1), answer(key=key(2), topic_key="t002")
    post(staff, topic_key="t001")
    with clock.at(NOW + DAY):
        post(staff, topic_key="t002")
        newer = answer(variant=1, text="Newer.")
        (purge,) = AuditEvent.objects.filter(target="topic_key=t001")
        url = f"{purge.pk}/bring-back/"
        assert f'action="{PAGE}{url}"' in read(staff)
        assert "1 entry is served again" in post(staff, url)
    assert live() == {first.pk, newer.pk}
    second.refresh_from_db()
    assert second.ended_why == "purged"
    assert other.pk not in live()
    event = AuditEvent.objects.get(action="answers_bring_back")
    assert event.after["brought_back"] == 1


def test_what_got_too_old_meanwhile_stays_ended(staff: Client) -> None:
    answer(hard_until=NOW + DAY)
    post(staff, topic_key="t001")
    event = AuditEvent.objects.get(action="answers_purge")
    with clock.at(NOW + 2 * DAY):
        assert "Nothing of this purge can be brought back" in post(
            staff, f"{event.pk}/bring-back/"
        )
    assert live() == set()


def test_only_purges_can_be_brought_back(staff: Client) -> None:
    row = answer(ended_at=NOW, ended_why="wrong")
    event = AuditEvent.objects.create(
        actor="x", action="answer_end", target="x", after={"at": NOW.isoformat()}
    )
    post(staff, f"{event.pk}/bring-back/")
    post(staff, f"{event.pk + 99}/bring-back/")
    row.refresh_from_db()
    assert row.ended_at == NOW


def test_a_topic_is_taken_down_with_a_new_epoch(staff: Client) -> None:
    kept = answer(key=key(2), topic_key="t002")
    answer()
    assert "Entries that ended: 1" in post(staff, "take-down/", topic="t001", reason="A complaint.")
    assert live() == {kept.pk}
    assert StoredAnswer.objects.get(topic_key="t001").ended_why == "purged"
    event = AuditEvent.objects.get(action="topic_take_down")
    assert event.before == {"epoch": 1}
    assert event.after == {"epoch": 2, "ended": 1, "reason": "A complaint."}
    assert not AuditEvent.objects.filter(action="answers_purge").exists()  # not to be brought back


@pytest.mark.parametrize(
    "form", [{"topic": "t001"}, {"reason": "x"}, {"topic": "t9", "reason": "x"},
             {"topic": "t\x001", "reason": "x"}, {"topic": "t001", "reason": "\x00"}],
)
def test_taking_down_needs_a_topic_and_a_reason(staff: Client, form: dict[str, str]) -> None:
    answer()
    assert "othing was changed" in post(staff, "take-down/", **form)
    assert len(live()) == 1


def test_without_the_permission_nothing_is_done(staff: Client, alice: User) -> None:
    answer()
    post(staff, topic_key="t001")
    event = AuditEvent.objects.get(action="answers_purge")
    answer(key=key(2))
    alice.user_permissions.clear()
    said = read(staff, topic_key="t001")
    assert "needs the permission to change stored answers" in said
    assert "needs the permission to change topics" in said
    assert "Purge 1" not in said
    for path in ("", f"{event.pk}/bring-back/", "take-down/"):
        form = {"topic_key": "t001", "topic": "t001", "reason": "x"}
        assert staff.post(f"{PAGE}{path}", form).status_code == 403
    assert len(live()) == 1


@pytest.mark.parametrize("words", HOSTILE)
def test_an_address_with_nonsense_is_a_page_all_the_same(staff: Client, words: str) -> None:
    names = ("topic_key", "philosopher", "kind", "language", "route", "everything")
    answer()
    said = read(staff, **dict.fromkeys(names, words))
    assert "What would end" not in said


def test_it_asks_the_database_a_few_times(staff: Client) -> None:
    for place in range(20):
        answer(key=key(place), route=f"mid x/{place}")
    post(staff, kind="opening_statement")
    answer()
    with CaptureQueriesContext(connection) as seen:
        staff.get(PAGE, {"topic_key": "t001"})
    assert len(seen) <= MOST_QUERIES
