"""What was taken by likeness alone is drawn by lot, judged by people, and then let go."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.closing import account_close
from accounts.models import User
from costcontrol.lib.clock import now as clock_now
from routing.debates.topic_audits import (
    KEPT,
    is_drawn,
    match_judge,
    match_note,
    of_user,
    purge,
)
from routing.debates.topic_index import forget
from routing.debates.topics import Resolved, resolve
from routing.models import TopicAlias, TopicMatch
from routing.reports.topic_matches import measured, waiting
from routing.tasks import purge as hourly_purge
from tests.routing.debates.topic_rows import a_tier, model, ready

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
ALIKE, TITLE = "Is God real?", "Does God exist?"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
Verdict = TopicMatch.Verdict


@pytest.fixture(autouse=True)
def all_are_drawn(settings: Any) -> Iterator[None]:
    settings.TOPIC_EMBEDDER, settings.SNAPSHOT_SECONDS = "builtin", 0.0
    settings.TOPIC_AUDIT_PERCENT = 100.0
    forget()
    ready(threshold=0.75)
    yield
    forget()


def taken(text: str = ALIKE, *, user_id: int = 1, at: datetime = NOW) -> Resolved:
    found = resolve(text)
    match_note(found, text, user_id=user_id, now=at)
    return found


def kept(text: str = ALIKE, **options: Any) -> TopicMatch:
    assert taken(text, **options).how == "similar"
    return TopicMatch.objects.get()


def test_a_text_that_is_alike_waits_to_be_judged() -> None:
    row = kept("  Is God   real? ", user_id=7)
    assert (row.text, row.topic_id, row.language, row.user_id) == (ALIKE, "god", "en", 7)
    assert (row.embedder, row.verdict, row.at) == (model().hash, "", NOW)
    assert 0.75 <= row.similarity <= 1
    found = waiting()
    assert (found.number, found.lines[0].text, found.lines[0].title) == (1, ALIKE, TITLE)


def test_titles_aliases_and_what_is_new_are_not_guessed_and_not_kept() -> None:
    TopicAlias.objects.create(
        norm="whoknows", text="Who knows?", language="en", topic_id="god", status="active",
        source="staff", created_at=NOW,
    )
    assert [taken(text).how for text in (TITLE, "Who knows?", "Do we need more trees?")] == [
        "title", "alias", "new",
    ]
    assert not TopicMatch.objects.exists()


def test_the_share_that_is_drawn_is_the_one_that_was_set(settings: Any) -> None:
    settings.TOPIC_AUDIT_PERCENT = 5.0
    drawn = [is_drawn(f"text {place}", user_id=1, day="2026-11-26") for place in range(20_000)]
    assert 0.045 < sum(drawn) / len(drawn) < 0.055
    again = [is_drawn(f"text {place}", user_id=1, day="2026-11-26") for place in range(20_000)]
    assert drawn == again, "asking twice is one draw"
    others = [is_drawn("text", user_id=place, day="2026-11-26") for place in range(20_000)]
    assert 0.045 < sum(others) / len(others) < 0.055, "what many type is drawn as often"


def test_0_is_off(settings: Any) -> None:
    settings.TOPIC_AUDIT_PERCENT = 0.0
    assert taken().how == "similar"
    assert not TopicMatch.objects.exists()


def test_the_same_text_is_kept_once_and_counted() -> None:
    for user_id in (1, 2, 3):
        taken(user_id=user_id)
    row = TopicMatch.objects.get()
    assert (row.times, row.user_id) == (3, 1)


def test_a_right_one_is_counted_and_its_text_is_gone() -> None:
    row = kept()
    match_judge(row, is_right=True, now=NOW)
    row.refresh_from_db()
    assert (row.verdict, row.text, row.user_id, row.judged_at) == ("right", "", None, NOW)
    assert resolve(ALIKE).how == "similar"
    taken(user_id=2)
    assert waiting().number == 0, "it is not asked again"


def test_a_wrong_one_is_led_nowhere_from_then_on() -> None:
    row = kept()
    match_judge(row, is_right=False, now=NOW)
    found = resolve(ALIKE)
    assert found.topic is None
    assert "god" not in [choice.topic.key for choice in found.choices]
    alias = TopicAlias.objects.get()
    assert (alias.status, alias.norm, alias.source) == ("quarantined", "isgodreal", "reported")
    row.refresh_from_db()
    assert (row.verdict, row.text, row.alias) == ("wrong", "", alias)


def test_what_others_proposed_is_quarantined_too_whichever_way_round() -> None:
    row = kept()
    for is_swapped in (True, False):
        TopicAlias.objects.create(
            norm="isgodreal", text=ALIKE, language="en", topic_id="god", status="proposed",
            source="chosen", is_swapped=is_swapped, created_at=NOW,
        )
    match_judge(row, is_right=False, now=NOW)
    assert set(TopicAlias.objects.values_list("status", flat=True)) == {"quarantined"}
    assert row.alias is not None
    assert not row.alias.is_swapped


def judged(place: int, topic: str, verdict: str) -> TopicMatch:
    return TopicMatch.objects.create(
        draw=f"{place}", topic_id=topic, language="en", embedder="h", embedder_name="use",
        similarity=0.9, at=NOW, verdict=verdict, judged_at=NOW + timedelta(minutes=place),
    )


def test_the_rate_of_errors_has_its_bound_by_text_and_by_topic() -> None:
    for place in range(58):
        judged(place, "clone" if place % 2 else "god", Verdict.RIGHT)
    judged(58, "god", Verdict.WRONG)
    judged(59, "god", Verdict.WAITING)
    (found,) = measured()
    assert (found.judged, found.wrong, found.topics, found.topics_wrong) == (59, 1, 2, 1)
    assert found.rate == pytest.approx(1 / 59)
    assert found.bound == pytest.approx(0.0779, abs=0.0005), "Clopper-Pearson, one-sided"
    assert found.bound_by_topic == pytest.approx(0.9747, abs=0.0005)
    assert found.last == NOW + timedelta(minutes=58)


def test_texts_go_after_their_days_and_what_was_found_stays() -> None:
    old, first = kept(), NOW - KEPT
    TopicMatch.objects.filter(pk=old.pk).update(at=first)
    assert purge(now=NOW) == 0, "on its last day it is still there"
    right = judged(1, "god", Verdict.RIGHT)
    TopicMatch.objects.filter(pk=right.pk).update(at=first)
    assert purge(now=NOW + timedelta(seconds=1)) == 2
    (left,) = TopicMatch.objects.all()
    assert (left.pk, left.draw, left.verdict) == (right.pk, None, "right")
    assert purge(now=NOW + timedelta(seconds=1)) == 0


def test_the_hourly_task_deletes_them(settings: Any) -> None:
    row = kept()
    TopicMatch.objects.filter(pk=row.pk).update(at=clock_now() - KEPT - timedelta(hours=1))
    hourly_purge()
    assert not TopicMatch.objects.exists()


@pytest.mark.parametrize("verdict", ["", "right", "wrong"])
def test_nothing_of_a_text_survives_the_account_but_the_verdict(verdict: str) -> None:
    user = User.objects.create_user("alice@example.org", tier=a_tier())
    row = kept(user_id=user.pk)
    assert [each["text"] for each in of_user(user.pk)] == [ALIKE]
    if verdict:
        match_judge(row, is_right=verdict == "right", now=NOW)
    assert len(list(of_user(user.pk))) == (0 if verdict == "right" else 1)
    account_close(user, at=NOW)
    assert not TopicAlias.objects.exists()
    left = list(TopicMatch.objects.values_list("verdict", "text", "user_id", "alias"))
    assert left == ([(verdict, "", None, None)] if verdict else [])
    assert list(of_user(user.pk)) == []
