"""Topics whose usual debate begins at once: for this caller, in this language, with this cast."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from billing.usage import Usage
from costcontrol.lib import clock
from routing import policy, snapshot
from routing.cache import patterns
from routing.call_kinds import CALL_KINDS
from routing.debates.philosophers import character_of
from routing.debates.reuse import About, reuse_of
from routing.debates.topics import title_in
from routing.debates.topics_ready import topics_ready
from routing.debates.types import Cast
from routing.models import Deployment, Philosopher, StoredAnswer, Topic
from routing.types import Completion, ModelClass, StopReason
from tests.routing.debates.playing import caller_of, person_make, rows_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def user() -> User:
    return rows_make()


def topic() -> Topic:
    return Topic.objects.order_by("popularity_rank")[0]


def ready(user: User, language: str = "en") -> set[str]:
    return topics_ready(
        Topic.objects.all(), language=language, caller=caller_of(user),
        snapshot=snapshot.latest(), now=clock.now(),
    )


def stored(user: User, language: str = "en", *, leave_out: int = 0) -> list[StoredAnswer]:
    """All openings of the usual cast but the last so many, as somebody else's debate left them."""
    row, known = topic(), snapshot.latest()
    sides = [
        tuple(character_of({"key": key, "version": 1}, language) for key in row.default_cast[side])
        for side in ("pro", "con")
    ]
    about = About(row.key, row.epoch, title_in(row, language), language, Cast(*sides))
    route = policy.usual_route(
        "opening_statement", tier=caller_of(user).tier, language=language, snapshot=known
    )
    speakers = about.cast.speakers[: len(about.cast.speakers) - leave_out]
    found = [_stored(about, speaker, route) for speaker in speakers]
    return [row for row in found if row]


def _stored(about: About, speaker: str, route: str) -> StoredAnswer | None:
    reuse = reuse_of("opening_statement", about, kinds=CALL_KINDS, speaker=speaker)
    assert reuse
    model_class, _, deployment = route.partition(" ")
    answer = Completion(
        f"What {speaker} says.", StopReason.STOP,
        Usage(fresh_input_tokens=1, output_tokens=1), deployment, ModelClass(model_class),
    )
    return patterns.store(
        reuse, answer, route=route, origin="batch", call_id=uuid4(), cost_nanos=0,
        now=clock.now(), user_id=None,
    )


def test_a_topic_is_ready_when_every_opening_of_its_usual_cast_is_stored(user: User) -> None:
    assert ready(user) == set()
    stored(user, leave_out=1)
    assert ready(user) == set()
    stored(user)
    assert ready(user) == {topic().key}


def test_an_opening_without_a_search_is_not_what_a_searching_debate_asks_for(user: User) -> None:
    stored(user)
    Deployment.objects.filter(name="fake/economy").update(can_search=True)
    snapshot.forget()
    assert ready(user) == set()


def test_in_one_language_only(user: User) -> None:
    stored(user)
    assert ready(user, "ko") == set()


def test_not_for_whoever_has_seen_one_of_the_texts(user: User) -> None:
    answer = stored(user)[0]
    patterns.seen(answer.pk, user.pk, clock.now())
    assert ready(user) == set()
    assert ready(person_make()) == {topic().key}


@pytest.mark.parametrize("change", ["epoch", "title", "philosopher", "ended"])
def test_not_after_what_it_was_made_of_has_changed(user: User, change: str) -> None:
    stored(user)
    first = topic().default_cast["pro"][0]
    changes: dict[str, Any] = {
        "epoch": lambda: Topic.objects.update(epoch=2),
        "title": lambda: Topic.objects.update(en="Is it something else?"),
        "philosopher": lambda: Philosopher.objects.filter(key=first).update(version=2),
        "ended": lambda: StoredAnswer.objects.update(ended_at=clock.now()),
    }
    changes[change]()
    assert ready(user) == set()


def test_however_many_topics_there_are_it_takes_two_questions(user: User) -> None:
    stored(user)
    topics = list(Topic.objects.all())
    with CaptureQueriesContext(connection) as asked:
        topics_ready(
            topics, language="en", caller=caller_of(user), snapshot=snapshot.latest(),
            now=clock.now(),
        )
    own = [each for each in asked if "storedanswer" in each["sql"] or "philosopher" in each["sql"]]
    assert len(own) == 2
