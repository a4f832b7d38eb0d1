"""What guards hear: denials, exchanged sides, numbers, other subjects; and when they are silent."""

from itertools import permutations

import pytest

from routing.debates.shipped import topics_read
from routing.debates.topic_guards import denies, doubts, options_of
from routing.debates.topic_words import stems_of

KO, EN = "ko", "en"


@pytest.mark.parametrize(
    ("title", "text", "language"),
    [
        ("안락사는 허용되어야 하는가?", "안락사는 허용되어서는 안 되는가?", KO),
        ("안락사는 허용되어야 하는가?", "안락사는 금지되어야 하는가?", KO),
        ("신은 존재하는가?", "신은 존재하지 않는가?", KO),
        ("사형 제도는 폐지되어야 하는가?", "사형 제도는 유지되어야 하는가?", KO),
        ("능력주의는 공정한가?", "능력주의는 불공정한가?", KO),
        ("Should euthanasia be permitted?", "Should euthanasia not be permitted?", EN),
        ("Should euthanasia be permitted?", "Should euthanasia be banned?", EN),
        ("Does God exist?", "Doesn't God exist?", EN),
        ("Is meritocracy fair?", "Is meritocracy unfair?", EN),
        ("덕과 행복 중 행복인가, 덕인가?", "덕과 행복 중 덕인가, 행복인가?", KO),
        ("Should we seek happiness or virtue?", "Should we seek virtue or happiness?", EN),
    ],
)
def test_what_is_turned_around_is_the_opposite(title: str, text: str, language: str) -> None:
    assert doubts(text, title, language=language).is_opposite
    assert doubts(title, text, language=language).is_opposite, "whichever of the two is the title"
    assert not doubts(title, title, language=language).is_opposite


@pytest.mark.parametrize(
    ("text", "language", "is_denied"),
    [
        ("고문은 예외 없이 금지해야 하는가?", KO, True),  # one word turns it, the idiom does not
        ("고문은 허용되어서는 안 되는가?", KO, True),
        ("고문을 금지해서는 안 되는가?", KO, False),  # twice is not at all
        ("우리는 끊임없이 배워야 하는가?", KO, False),
        ("Must torture be banned without exception?", EN, True),
        ("Is it not wrong to lie?", EN, False),
        ("Whether or not we vote, does it matter?", EN, False),
    ],
)
def test_a_denial_of_a_denial_is_none(text: str, language: str, is_denied: bool) -> None:
    assert denies(text, language) == is_denied


@pytest.mark.parametrize(
    ("title", "text", "language", "guard"),
    [
        ("다섯을 위해 한 사람을 희생시켜도 되는가?", "한 사람을 위해 다섯을 희생시켜도 되는가?", KO,
         "other_numbers"),
        ("Should one die for five?", "Should five die for one?", EN, "other_numbers"),
        ("Should people vote at 18?", "Should people vote at 16?", EN, "other_numbers"),
        ("기본소득을 도입해야 하는가?", "청년에게만 기본소득을 도입해야 하는가?", KO,
         "other_numbers"),
        ("육식은 비도덕적인가?", "과식은 비도덕적인가?", KO, "other_words"),
        ("전쟁은 정의로울 수 있는가?", "예방 전쟁은 정의로울 수 있는가?", KO, "other_words"),
        ("Should rich nations pay?", "Should poor nations pay?", EN, "other_words"),
        ("Should euthanasia be permitted?", "Should euthanasia be permitted for children?", EN,
         "other_words"),
        ("Can machines think?", "Can machines believe?", EN, "other_words"),
        ("기계는 생각할 수 있는가?", "기계는 일할 수 있는가?", KO, "other_words"),
        ("Can machines think?", "Should machines think?", EN, "other_form"),
        ("인공지능은 의식을 가질 수 있는가?", "인공지능은 의식을 가져야 하는가?", KO, "other_form"),
        ("Is life happiness or virtue?", "Is life happiness, virtue?", EN, "other_form"),
        ("이성은 감정보다 우월한가?", "감정은 이성보다 우월한가?", KO, "other_roles"),
        ("인간이 기계를 지배해야 하는가?", "기계가 인간을 지배해야 하는가?", KO, "other_roles"),
        ("Should humans serve machines?", "Should machines serve humans?", EN, "other_roles"),
    ],
)  # fmt: skip
def test_each_guard_hears_what_it_is_for(
    title: str, text: str, language: str, guard: str
) -> None:
    heard = doubts(text, title, language=language)
    assert getattr(heard, guard)
    assert heard.any


@pytest.mark.parametrize(
    ("title", "text", "language"),
    [
        ("인간 복제를 허용해야 하는가?", "인간을 복제하는 것을 허락해도 되는가?", KO),
        ("인간 복제를 허용해야 하는가?", "인간 복제는 허용되어야 할까?", KO),
        ("신은 존재하는가?", "과연 신은 존재할까요?", KO),
        ("Does free will exist?", "Is free will real?", EN),
        ("Should euthanasia be permitted?", "Should euthanasia be legal?", EN),
        ("Should human cloning be allowed?", "should human cloning be allowed", EN),
    ],
)
def test_the_same_in_other_forms_of_its_words_is_not_doubted(
    title: str, text: str, language: str
) -> None:
    assert not doubts(text, title, language=language).any


@pytest.mark.parametrize("language", [KO, EN])
def test_no_two_questions_of_the_catalogue_are_the_same_to_the_guards(language: str) -> None:
    titles = [getattr(topic, language) for topic in topics_read()]
    by_words: dict[frozenset[str], list[str]] = {}
    for title in titles:
        by_words.setdefault(stems_of(title, language), []).append(title)
    assert len(by_words) > 200
    for alike in by_words.values():
        for title, other in permutations(alike, 2):
            assert doubts(title, other, language=language).any


def test_a_question_offers_two_answers_or_none() -> None:
    assert options_of("Is it happiness or virtue?", EN) == ("Is it happiness", "virtue?")
    assert options_of("행복인가, 덕인가?", KO) == ("행복인가", "덕인가")
    assert options_of("신은 존재하는가?", KO) is None
    assert options_of("Red, green or blue or white?", EN) is None
