"""Recurring arguments: what is said again in nearly the same words of one language, and no more."""

import json

import pytest

from routing.reports.arguments import Claim, claims_of, recurring, terms, words_of


def claim(text: str, topic: str = "t001", answer: int = 1) -> Claim:
    return Claim(text, topic, "pro", answer)


def stored(*claims: str) -> str:
    return json.dumps({"arguments": [{"claim": each, "reason": "so"} for each in claims]})


def test_claims_are_read_out_of_what_a_model_wrote() -> None:
    assert claims_of(stored("Duty comes  first.", "Persons are ends.")) == (
        "Duty comes first.", "Persons are ends.",
    )
    assert claims_of("Here it is:\n```json\n" + stored("Duty.") + "\n```") == ("Duty.",)


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "{", '{"arguments": 3}', "[1]", '{"arguments": [3, {"claim": 7}, {}]}', "}{",
     '{"arguments": {"claim": "x"}}'],
)
def test_what_cannot_be_read_has_no_claims(text: str) -> None:
    assert claims_of(text) == ()


def test_the_same_in_nearly_the_same_words_is_one_argument() -> None:
    found = recurring(
        [
            claim("Persons must never be treated merely as means.", "t001", 1),
            claim("Pleasure is the only measure of what is good.", "t001", 1),
            claim("A person must never be treated as mere means.", "t002", 2),
            claim("Persons must never be treated merely as means!", "t003", 3),
        ],
        language="en",
    )
    (argument,) = found
    assert (argument.topics, argument.answers) == (3, (1, 2, 3))
    assert argument.text == "Persons must never be treated merely as means."


def test_the_same_in_other_words_is_not_taken_for_the_same() -> None:
    claims = [
        claim("Persons must never be treated merely as means.", answer=1),
        claim("Using somebody only for your own purposes denies their dignity.", answer=2),
    ]
    assert recurring(claims, language="en") == ()


def test_twice_in_one_answer_is_no_recurrence() -> None:
    claims = [claim("Duty comes first."), claim("Duty comes first.")]
    assert recurring(claims, language="en") == ()


def test_korean_is_compared_by_pairs_of_letters() -> None:
    claims = [
        claim("인간은 결코 수단으로만 대우받아서는 안 된다", "t001", 1),
        claim("인간을 결코 수단으로만 대우해서는 안 된다.", "t002", 2),
        claim("쾌락만이 선의 유일한 척도이다", "t003", 3),
    ]
    (argument,) = recurring(claims, language="ko")
    assert argument.topics == 2


def test_words_count_topics_and_leave_out_everyday_ones() -> None:
    found = terms(
        [claim("Because dignity binds", "t001"), claim("Dignity because of duty", "t002"),
         claim("Dignity again", "t002"), claim("Freedom binds nobody", "t003")],
        language="en",
    )
    assert [(each.word, each.topics, each.claims) for each in found] == [
        ("dignity", 2, 3), ("binds", 2, 2),
    ]


def test_korean_words_lose_their_particles() -> None:
    assert words_of("존엄성은 자유를 전제한다", language="ko")[:2] == ["존엄성", "자유"]


def test_many_claims_are_compared_quickly_enough_to_wait_for() -> None:
    """Only groups with letters in common are looked at; nothing is compared beyond a bound."""
    claims = [claim(f"Argument {place} about matter {place * 7919}", answer=place)
              for place in range(5_000)]
    assert len(recurring(claims, language="en")) <= 600
