"""How stored answers end, and when they go."""

from datetime import timedelta

import pytest

from routing.cache import patterns
from routing.cache.endings import KEPT, Scope, end, expire, purge
from routing.models import AnswerSeen, StoredAnswer
from tests.routing.cache.answers import FIELDS, NOW, ROUTE, looked_up, reuse_of, stored, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
OPENING = reuse_of()
SCOPES = [
    {"topic_key": "free-will"}, {"philosopher": "socrates"}, {"kind": "opening_statement"},
    {"language": "ko"}, {"route": ROUTE}, {"topic_key": "free-will", "language": "ko"},
]


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: "+".join(scope))
def test_purge_ends_what_it_names_and_nothing_else(scope: dict[str, str]) -> None:
    kant = ["kant", 1, None]
    other = reuse_of(kind="conclusion", topic="fate", philosopher=kant, lang="en")
    stored(OPENING, "to be purged")
    assert stored(other, "to stay") is not None
    if "route" in scope:
        StoredAnswer.objects.filter(text="to stay").update(route="mid m")
    assert purge(Scope(**scope), now=NOW) == 1
    [row] = StoredAnswer.objects.filter(text="to be purged")
    assert (row.ended_why, row.ended_at) == ("purged", NOW)
    assert looked_up(OPENING) is None
    assert StoredAnswer.objects.get(text="to stay").ended_at is None


def test_purge_of_everything_must_be_meant() -> None:
    stored(OPENING, "first")
    with pytest.raises(ValueError, match="everything"):
        purge(Scope(), now=NOW)
    assert purge(Scope(everything=True), now=NOW) == 1
    assert purge(Scope(everything=True), now=NOW) == 0


def test_purged_answer_is_made_anew_under_its_number() -> None:
    stored(OPENING, "first")
    purge(Scope(kind="opening_statement"), now=NOW)
    row = stored(OPENING, "second")
    assert row is not None
    assert row.variant == 0
    assert text_of(looked_up(OPENING)) == "second"


def test_raising_the_epoch_of_a_topic_takes_its_answers_down() -> None:
    stored(OPENING, "first")
    assert looked_up(reuse_of(topic_epoch=FIELDS["topic_epoch"] + 1)) is None


def test_answers_are_ended_by_their_ids_too_and_only_once() -> None:
    row = stored(OPENING, "first")
    assert row is not None
    assert end([row.pk], why=StoredAnswer.End.WRONG, now=NOW) == 1
    assert end([row.pk], why=StoredAnswer.End.PURGED, now=NOW) == 0
    row.refresh_from_db()
    assert row.ended_why == "wrong"


def test_what_is_too_old_ends_and_is_deleted_when_its_history_is() -> None:
    for days, topic in ((10, "short"), (100, "long")):
        stored(reuse_of(ttl_days=days, topic=topic), "text", user_id=1)
    assert expire(now=NOW) == 0
    assert expire(now=NOW + timedelta(days=20)) == 1
    assert StoredAnswer.objects.get(topic_key="short").ended_why == "expired"
    assert expire(now=NOW + timedelta(days=21) + KEPT) == 2  # one ends, one goes
    assert list(StoredAnswer.objects.values_list("topic_key", flat=True)) == ["long"]
    assert AnswerSeen.objects.count() == 1


def test_answers_that_were_made_together_do_not_end_together() -> None:
    rows = [stored(reuse_of(topic=f"topic-{n}"), "text") for n in range(50)]
    days = [(row.hard_until - row.made_at) / timedelta(days=1) for row in rows if row]
    assert 27 <= min(days) < 28.5
    assert 31.5 < max(days) <= 33
    shares = [(row.soft_until - NOW) / (row.hard_until - NOW) for row in rows if row]
    assert {round(share, 3) for share in shares} == {0.8}


def test_same_key_lasts_as_long_each_time() -> None:
    only_one = reuse_of(variants=1)
    first = stored(only_one, "first")
    purge(Scope(everything=True), now=NOW)
    second = stored(only_one, "second")
    assert first is not None
    assert second is not None
    assert first.hard_until == second.hard_until
    assert patterns.count(only_one, route=ROUTE) == 1
