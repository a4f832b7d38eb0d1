"""What a typed topic is taken for, with the real embedder: silently only what is beyond doubt."""

from collections.abc import Iterator
from typing import Any

import pytest

from routing.debates.topic_index import forget, index_of
from routing.debates.topic_vectors import topics_embed
from routing.debates.topics import resolve
from routing.models import Topic, TopicAlias, TopicCalibration, TopicVector
from tests.routing.debates.topic_rows import TITLES, calibrate, model, ready, topics_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
SAME_WORDS = "인간을 복제하는 것을 허락해도 되는가?"
PARAPHRASE = "사람을 복제하는 기술을 막지 말아야 할까?"


@pytest.fixture(autouse=True)
def with_embedder(settings: Any) -> Iterator[None]:
    settings.TOPIC_EMBEDDER = "builtin"
    settings.SNAPSHOT_SECONDS = 0.0
    forget()
    yield
    forget()


def keys(text: str, **options: Any) -> list[tuple[str, bool]]:
    return [(choice.topic.key, choice.is_swapped) for choice in resolve(text, **options).choices]


def test_the_same_words_in_another_form_are_the_topic_without_asking() -> None:
    ready(threshold=0.75)
    for text, key in ((SAME_WORDS, "clone"), ("Is God real?", "god")):
        found = resolve(text)
        assert found.topic is not None
        assert (found.topic.key, found.how, found.is_swapped, found.choices) == (
            key, "similar", False, ()
        )
        assert found.text in TITLES[key], "debated in the catalogue's words, whatever was typed"


def test_below_the_threshold_it_is_a_choice_and_below_the_floor_it_is_new() -> None:
    ready(threshold=0.99)
    asked = resolve(SAME_WORDS)
    assert (asked.topic, asked.how, asked.text) == (None, "new", SAME_WORDS)
    assert keys(SAME_WORDS)[0] == ("clone", False)
    assert len(asked.choices) <= 3
    calibrate(threshold=0.99, floor=0.98)
    assert keys(SAME_WORDS) == []


def test_a_second_topic_as_near_makes_it_a_choice() -> None:
    ready(threshold=0.8)
    assert resolve(SAME_WORDS).how == "similar"
    Topic.objects.create(
        key="people", ko="인간을 복제하는 것을 허락해야 하는가?", en="Is it right to clone people?",
        category="ethics",
    )
    topics_embed(model())
    assert resolve(SAME_WORDS).topic is None
    assert {key for key, _swapped in keys(SAME_WORDS)[:2]} == {"clone", "people"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("인간 복제를 허용해서는 안 되는가?", "clone"), ("신은 존재하지 않는가?", "god"),
        ("Should human cloning not be allowed?", "clone"), ("Does God not exist?", "god"),
        ("인생의 목표는 덕이어야 하는가, 행복이어야 하는가?", "aim"),
        ("Should the aim of life be virtue or happiness?", "aim"),
    ],
)  # fmt: skip
def test_a_denial_is_a_choice_with_the_sides_exchanged_and_never_more(
    text: str, key: str
) -> None:
    ready(threshold=0.5, floor=0.3)  # the nearest of all texts: similarity would take it
    assert resolve(text).topic is None
    assert keys(text)[0] == (key, True)


@pytest.mark.parametrize(
    "text",
    [
        "한 사람을 살리기 위해 다섯 사람을 희생시켜도 되는가?", "장기 복제를 허용해야 하는가?",
        "동물에게 자유의지가 존재하는가?", "인생의 목표는 행복이어야 하는가, 성공이어야 하는가?",
        "Should human cloning be allowed for children?", "Should the aim of the state be virtue?",
        "Is it permissible to sacrifice five persons in order to save one?",
    ],
)  # fmt: skip
def test_another_question_in_nearly_the_same_words_is_asked_about(text: str) -> None:
    ready(threshold=0.5, floor=0.3)
    assert resolve(text).topic is None


def test_a_text_is_compared_with_titles_of_its_own_language_only() -> None:
    ready(threshold=0.5, floor=-1.0)
    TopicVector.objects.filter(language="en").delete()
    assert keys("Is it right to clone people?") == []
    assert keys("사람을 복제해도 될까?")


def test_a_text_may_be_debated_in_the_other_language() -> None:
    ready()
    found = resolve(SAME_WORDS, language="en")
    assert (found.language, found.text) == ("en", TITLES["clone"][1])
    asked = resolve(PARAPHRASE, language="en")
    assert (asked.language, asked.text) == ("en", PARAPHRASE)
    assert asked.choices


# --- closed when anything is missing ----------------------------------------------------------


def test_without_an_embedder_only_titles_and_aliases_are_known(settings: Any) -> None:
    ready()
    settings.TOPIC_EMBEDDER = "off"
    assert (resolve(SAME_WORDS).topic, keys(SAME_WORDS)) == (None, [])
    assert resolve(TITLES["clone"][0]).how == "title"


@pytest.mark.parametrize("name", ["ollama:none", "openai:none", "nonsense"])
def test_an_embedder_that_does_not_answer_is_like_none(name: str, settings: Any) -> None:
    ready()
    settings.TOPIC_EMBEDDER = name
    assert (resolve(SAME_WORDS).topic, keys(SAME_WORDS)) == (None, [])


def test_without_a_calibration_nothing_is_taken_for_alike() -> None:
    topics_make()
    topics_embed(model())
    assert (resolve(SAME_WORDS).topic, keys(SAME_WORDS)) == (None, [])
    calibrate(is_active=False)
    assert keys(SAME_WORDS) == []


def test_a_calibration_of_another_embedder_counts_for_nothing() -> None:
    ready()
    assert resolve(SAME_WORDS).how == "similar"
    TopicCalibration.objects.update(embedder="0" * 64)
    assert (resolve(SAME_WORDS).topic, keys(SAME_WORDS)) == (None, [])


def test_vectors_of_another_embedder_count_for_nothing() -> None:
    ready()
    TopicVector.objects.update(embedder="0" * 64)
    assert (resolve(SAME_WORDS).topic, keys(SAME_WORDS)) == (None, [])


# --- the index follows the rows ---------------------------------------------------------------


def test_embedding_again_changes_nothing_and_a_new_title_is_embedded_anew() -> None:
    ready()
    assert topics_embed(model()).made == 0
    Topic.objects.filter(key="god").update(ko="영혼은 불멸하는가?")
    before = resolve("신은 과연 존재할까?")
    assert before.topic is None, "its old vector stands for a title that is gone"
    assert "god" not in {choice.topic.key for choice in before.choices}
    made = topics_embed(model())
    assert (made.made, made.kept) == (1, 2 * len(TITLES) - 1)
    assert keys("영혼은 죽지 않는가?")[0][0] == "god"


def test_a_topic_off_offer_is_no_choice() -> None:
    ready()
    Topic.objects.filter(key="clone").update(is_active=False)
    assert resolve(SAME_WORDS).topic is None
    assert "clone" not in {key for key, _swapped in keys(SAME_WORDS)}


def test_rows_are_looked_at_every_few_seconds_only(
    settings: Any, django_assert_num_queries: Any
) -> None:
    ready()
    settings.SNAPSHOT_SECONDS = 60.0
    resolve(SAME_WORDS)
    with django_assert_num_queries(0):
        assert index_of("ko", model()) is not None
    TopicCalibration.objects.update(is_active=False)
    assert index_of("ko", model()) is not None
    forget()
    assert index_of("ko", model()) is None


def test_the_newest_active_calibration_counts() -> None:
    ready(threshold=0.99)
    calibrate(threshold=0.7)
    found = index_of("ko", model())
    assert found is not None
    assert found.threshold == 0.7


# --- aliases before likeness ------------------------------------------------------------------


def test_an_alias_in_use_comes_before_likeness_and_keeps_its_side() -> None:
    ready()
    alias = {"norm": "인간을복제하는것을허락해도되는가", "text": SAME_WORDS, "language": "ko",
             "status": "active", "source": "staff", "created_at": "2026-11-01T00:00:00Z"}
    TopicAlias.objects.create(topic_id="god", is_swapped=True, **alias)
    found = resolve(SAME_WORDS)
    assert found.topic is not None
    assert (found.topic.key, found.is_swapped, found.how) == ("god", True, "alias")
    assert found.text == TITLES["god"][0]


def test_what_was_reported_is_not_taken_nor_offered() -> None:
    ready()
    TopicAlias.objects.create(
        norm="인간을복제하는것을허락해도되는가", text=SAME_WORDS, language="ko", topic_id="clone",
        status="quarantined", source="reported", created_at="2026-11-01T00:00:00Z",
    )
    assert resolve(SAME_WORDS).topic is None
    assert ("clone", False) not in keys(SAME_WORDS)
